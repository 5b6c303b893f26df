//! `/connectors/{id}/oauth/authorize` and the redirect URI `/connectors/oauth/token`: OAuth authorization of
//! connectors (cohere.md §3.6).

use std::collections::HashMap;

use askama::Template;
use poem::{
    IntoResponse, Request, Response, handler,
    http::{HeaderValue, StatusCode, header},
};
use poem_openapi::{
    Object, OpenApi,
    param::{Path, Query},
    payload::Json,
    types::Example,
};
use url::Url;

use crate::{
    dialects::cohere::{Tag, auth::OrganizationAuth, error::Failed},
    domain::retrieval::connectors::authorization::{self, AuthorizationResult, ProviderRedirect},
    http::{app, errors::Failure, origin, page::html_response},
    kernel::{Error, Kind, Result, Secret},
};

/// Path of the redirect URI, below the base path. No connector has the ID `oauth`.
pub const CALLBACK_PATH: &str = "/connectors/oauth/token";

/// The authorization URL of a connector.
#[derive(Object)]
#[oai(example)]
struct OAuthAuthorizeResponse {
    /// URL at the provider. Open it in the browser of the user who authorizes the connector.
    redirect_url: String,
}

impl Example for OAuthAuthorizeResponse {
    fn example() -> Self {
        Self {
            redirect_url: "https://example.com/oauth/authorize?response_type=code&client_id=…"
                .to_owned(),
        }
    }
}

/// OpenAPI operations on OAuth authorization.
pub struct OAuth;

impl OAuth {
    async fn begin(
        user: &OrganizationAuth,
        request: &Request,
        id: String,
        after: Option<String>,
    ) -> Result<Json<OAuthAuthorizeResponse>, Failed> {
        let redirect_uri = format!(
            "{}{}{CALLBACK_PATH}",
            origin(request),
            crate::dialects::cohere::BASE_PATH
        );
        // Tools that import the OpenAPI document send parameters without a value.
        let after = after.filter(|after| !after.is_empty());
        let redirect_url =
            authorization::begin_authorization(&user.0, &id.into(), redirect_uri, after).await?;
        Ok(Json(OAuthAuthorizeResponse { redirect_url }))
    }
}

#[OpenApi(tag = "Tag::Connectors")]
impl OAuth {
    /// Authorize with oAuth
    ///
    /// Starts the authorization of the connector for the calling user, who opens the returned URL in a
    /// browser. The provider must allow `/v1/connectors/oauth/token` of this server as a redirect URI.
    #[oai(
        path = "/connectors/:id/oauth/authorize",
        method = "post",
        operation_id = "oauthAuthorizeConnector"
    )]
    async fn authorize(
        &self,
        user: OrganizationAuth,
        request: &Request,
        /// The ID of the connector to authorize.
        id: Path<String>,
        /// The URL to redirect to after the connector has been authorized. If the authorization fails,
        /// `error` and `error_description` are added to it.
        after_token_redirect: Query<Option<String>>,
    ) -> Result<Json<OAuthAuthorizeResponse>, Failed> {
        Self::begin(&user, request, id.0, after_token_redirect.0).await
    }

    /// Authorize with oAuth, for clients before version 5
    ///
    /// Does the same as the POST operation.
    #[oai(
        path = "/connectors/:id/oauth/authorize",
        method = "get",
        operation_id = "oauthAuthorizeConnectorByGet"
    )]
    async fn authorize_by_get(
        &self,
        user: OrganizationAuth,
        request: &Request,
        /// The ID of the connector to authorize.
        id: Path<String>,
        /// The URL to redirect to after the connector has been authorized.
        after_token_redirect: Query<Option<String>>,
    ) -> Result<Json<OAuthAuthorizeResponse>, Failed> {
        Self::begin(&user, request, id.0, after_token_redirect.0).await
    }
}

/// Handles the provider's redirect of the user's browser. It returns a page, so it is not an OpenAPI
/// operation.
#[handler]
pub async fn callback(request: &Request) -> poem::Result<Response> {
    let app = app(request).map_err(Failure)?;
    let query = request.uri().query().unwrap_or_default();
    let mut query: HashMap<String, String> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let state = Secret::new(query.remove("state").unwrap_or_default());
    let answer = match (query.remove("error"), query.remove("code")) {
        (Some(code), _) => ProviderRedirect::Error {
            code,
            description: query.remove("error_description"),
        },
        (None, Some(code)) => ProviderRedirect::Code(Secret::new(code)),
        (None, None) => ProviderRedirect::Error {
            code: "invalid_request".to_owned(),
            description: Some("the provider sent neither a code nor an error".to_owned()),
        },
    };
    match authorization::finish_authorization(app, &state, answer).await {
        Ok(finished) => Ok(render_finished(finished)),
        Err(error) => render_error(error),
    }
}

fn render_finished(finished: AuthorizationResult) -> Response {
    if let Some(after) = &finished.return_url
        && let Ok(mut url) = Url::parse(after)
    {
        if let Some((code, text)) = &finished.failure {
            url.query_pairs_mut()
                .append_pair("error", code)
                .append_pair("error_description", text);
        }
        let mut response = StatusCode::FOUND.into_response();
        if let Ok(location) = HeaderValue::from_str(url.as_str()) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        return prevent_url_leaks(response);
    }
    let AuthorizationResult {
        connector,
        failure: refused,
        ..
    } = finished;
    match refused {
        None => render_page(
            StatusCode::OK,
            "Connected",
            &format!("{connector} may now search on your behalf. You can close this page."),
        ),
        Some((_, text)) => render_page(
            StatusCode::BAD_REQUEST,
            "Not connected",
            &format!("{connector} was not authorized: {text}."),
        ),
    }
}

fn render_error(error: Error) -> poem::Result<Response> {
    match error.kind() {
        Kind::Invalid | Kind::NotFound => {
            let text = format!("{}.", error.message());
            Ok(render_page(StatusCode::BAD_REQUEST, "Not connected", &text))
        }
        _ => Err(Failure(error).into()),
    }
}

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage<'a> {
    title: &'a str,
    message: &'a str,
}

fn render_page(status: StatusCode, title: &str, message: &str) -> Response {
    prevent_url_leaks(html_response(status, &MessagePage { title, message }))
}

/// Prevents caching of the response and the `Referer` header, because the URL of the page contains a code.
fn prevent_url_leaks(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
