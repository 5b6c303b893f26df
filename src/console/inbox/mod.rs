//! The test inbox at `/inbox/{name}`: records requests and shows them as pages and JSON.

mod page;

use poem::{
    Endpoint, EndpointExt, IntoResponse, Request, Response, Route, RouteMethod,
    endpoint::{BoxEndpoint, make},
    http::{StatusCode, header},
    web::{Json, Redirect},
};
use serde_json::{Value, json};
use url::form_urlencoded;

use self::page::{InboxPage, ListPage};
use crate::{
    domain::{
        App,
        inbox::{self, Inbox, InboxRequest, StoredRequest},
    },
    http::{
        allowed_methods, body_limit, errors::Failure, page::html_response, read_bytes, same_origin,
    },
    kernel::{Error, Result, Rule, Violation},
};

/// The methods of the inbox's paths.
pub const METHODS: &[allowed_methods::PathMethods] = &[
    ("/", "GET, HEAD"),
    ("/{name}", "GET, HEAD, POST, PUT"),
    ("/{name}/settings", "POST"),
    ("/{name}/clear", "POST"),
];

/// Serves the inbox, relative to `/inbox`.
#[must_use]
pub fn routes(app: &App) -> BoxEndpoint<'static, Response> {
    let named = RouteMethod::new()
        .get(handler(app, show))
        .post(handler(app, receive))
        .put(handler(app, receive));
    Route::new()
        .at("/", RouteMethod::new().get(handler(app, list)))
        .at("/:name", named)
        .at(
            "/:name/settings",
            RouteMethod::new().post(handler(app, update_settings)),
        )
        .at("/:name/clear", RouteMethod::new().post(handler(app, clear)))
        .boxed()
}

fn handler<F>(
    app: &App,
    answer: impl Fn(App, Request) -> F + Send + Sync + 'static,
) -> impl Endpoint<Output = Response> + 'static
where
    F: Future<Output = Result<Response>> + Send + 'static,
{
    let app = app.clone();
    make(move |request| {
        let answered = answer(app.clone(), request);
        async move {
            answered
                .await
                .map_err(|error| poem::Error::from(Failure(error)))
        }
    })
}

async fn list(app: App, _: Request) -> Result<Response> {
    let inboxes = inbox::list(&app).await?;
    Ok(html_response(
        StatusCode::OK,
        &ListPage { inboxes: &inboxes },
    ))
}

async fn show(app: App, request: Request) -> Result<Response> {
    let name: String = inbox_name(&request)?;
    let plain = name.strip_suffix(".json");
    let accept = request.header(header::ACCEPT).unwrap_or_default();
    let wants_json =
        plain.is_some() || (accept.contains("application/json") && !accept.contains("text/html"));
    let inbox = inbox::get(&app, plain.unwrap_or(&name)).await?;
    Ok(if wants_json {
        Json(inbox_json(&inbox)).into_response()
    } else {
        html_response(StatusCode::OK, &InboxPage { inbox: &inbox })
    })
}

async fn receive(app: App, mut request: Request) -> Result<Response> {
    let name = inbox_name(&request)?;
    inbox::check_name(&name)?;
    let body = read_body(&mut request).await?;
    let headers = request.headers().iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    let incoming = InboxRequest {
        method: request.method().to_string(),
        path: request.original_uri().to_string(),
        headers: headers.collect(),
        body,
    };
    let received = inbox::store_request(&app, &name, incoming).await?;
    let status = StatusCode::from_u16(received.status).unwrap_or(StatusCode::OK);
    let answer = json!({
        "inbox": name,
        "verified": received.verdict.verified,
        "reason": received.verdict.reason,
    });
    Ok((status, Json(answer)).into_response())
}

/// Reads `{"status": 500}`, or the form of the page.
async fn update_settings(app: App, mut request: Request) -> Result<Response> {
    same_origin::check(&request)?;
    let name = inbox_name(&request)?;
    inbox::check_name(&name)?;
    let read_body = read_body(&mut request).await?;
    let form = is_form(&request);
    let status = if form {
        let mut fields = form_urlencoded::parse(&read_body);
        let status = fields.find(|(name, _)| name == "status");
        status.and_then(|(_, value)| value.trim().parse().ok())
    } else {
        let body: Option<Value> = serde_json::from_slice(&read_body).ok();
        let status = body.as_ref().and_then(|body| body["status"].as_u64());
        status.and_then(|status| u16::try_from(status).ok())
    };
    let status = status.ok_or_else(|| {
        let rule = Rule::Other("must be a status from 200 to 599".to_owned());
        Error::from(Violation::body(["status"], rule))
    })?;
    inbox::set_status(&app, &name, status).await?;
    Ok(redirect_or_json(
        form,
        &name,
        json!({"name": name, "status": status}),
    ))
}

async fn clear(app: App, request: Request) -> Result<Response> {
    same_origin::check(&request)?;
    let name = inbox_name(&request)?;
    inbox::clear(&app, &name).await?;
    Ok(redirect_or_json(
        is_form(&request),
        &name,
        json!({"name": name}),
    ))
}

/// Redirects to the page after a form; answers a program with JSON.
fn redirect_or_json(form: bool, name: &str, answer: Value) -> Response {
    if form {
        Redirect::see_other(format!("/inbox/{name}")).into_response()
    } else {
        Json(answer).into_response()
    }
}

fn is_form(request: &Request) -> bool {
    request
        .content_type()
        .is_some_and(|content_type| content_type.starts_with("application/x-www-form-urlencoded"))
}

fn inbox_name(request: &Request) -> Result<String> {
    request
        .path_params::<String>()
        .map_err(|error| Error::invalid(error.to_string()))
}

async fn read_body(request: &mut Request) -> Result<Vec<u8>> {
    let limit = body_limit(request).unwrap_or(usize::MAX);
    let bytes = read_bytes(request.take_body(), limit).await?;
    Ok(bytes.into())
}

fn inbox_json(inbox: &Inbox) -> Value {
    let requests: Vec<Value> = inbox.requests.iter().map(request_json).collect();
    json!({"name": inbox.name, "status": inbox.status, "requests": requests})
}

fn request_json(request: &StoredRequest) -> Value {
    let headers: Vec<Value> = request
        .headers
        .iter()
        .map(|(name, value)| json!([name, value]))
        .collect();
    json!({
        "received_at": request.received_at.to_rfc3339_millis(),
        "method": request.method,
        "path": request.path,
        "headers": headers,
        "body": String::from_utf8_lossy(&request.body),
        "truncated": request.truncated,
        "verified": request.verdict.verified,
        "reason": request.verdict.reason,
        "status": request.status,
    })
}
