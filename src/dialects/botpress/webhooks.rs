//! `/webhook`: requests from outside to installations of integrations, with any method and any path.
//! What the integration answers goes back as it is.

use std::{collections::BTreeMap, io};

use futures_util::StreamExt;
use percent_encoding::percent_decode_str;
use poem::{
    Body, EndpointExt, Request, Response,
    endpoint::{BoxEndpoint, make},
    http::{HeaderName, HeaderValue, StatusCode, header},
};

use crate::{
    domain::{
        Domain,
        inbound::{self, Answer, Incoming},
    },
    http::{
        body_limit,
        errors::Failure,
        read_bytes,
        sandbox::{contain, without_own_cookies},
    },
    kernel::{Error, Kind, Result},
};

/// What the path of the webhook begins with that all installations of an integration share; its name
/// follows, which may have a slash. It belongs to the workspace that the name belongs to.
const SHARED: &str = "integration/global/";

/// The same of the integration of one workspace, whose id and a slash come before the name.
const SHARED_OF_WORKSPACE: &str = "integration/workspace/";

/// The path of those who come back from elsewhere.
const OAUTH: &str = "oauth";

/// The webhooks, to be mounted under [`super::WEBHOOKS_PATH`].
#[must_use]
pub fn webhooks(domain: &Domain) -> BoxEndpoint<'static, Response> {
    let domain = domain.clone();
    let receive = make(move |request| {
        let domain = domain.clone();
        async move {
            let answered = receive(&domain, request).await;
            answered.map_err(|error| poem::Error::from(Failure(error)))
        }
    });
    receive.boxed()
}

async fn receive(domain: &Domain, request: Request) -> Result<Response> {
    let whole = request.original_uri().path().to_owned();
    let below = whole
        .strip_prefix(super::WEBHOOKS_PATH)
        .and_then(|path| path.strip_prefix('/'))
        .ok_or_else(|| Error::new(Kind::NoOperation, "Not Found"))?;
    let decoded = percent_decode_str(below).decode_utf8_lossy();
    // The receiver is found before the body is read: strangers who know none keep no memory here.
    // `own` is the path that the answer's cookies are for.
    let query = request
        .original_uri()
        .query()
        .unwrap_or_default()
        .to_owned();
    let find = || {
        Ok::<_, Error>(if let Some(name) = decoded.strip_prefix(SHARED) {
            let receiver = inbound::find_shared(domain, None, name)?;
            (receiver, "/", whole.as_str())
        } else if let Some((workspace, name)) = decoded
            .strip_prefix(SHARED_OF_WORKSPACE)
            .and_then(|rest| rest.split_once('/'))
        {
            let receiver = inbound::find_shared(domain, Some(workspace.into()), name)?;
            (receiver, "/", whole.as_str())
        } else if below == OAUTH {
            let receiver = inbound::find_by_state(domain, &query)?;
            (receiver, inbound::OAUTH_PATH, whole.as_str())
        } else {
            let (webhook_id, path) = below.split_at(below.find('/').unwrap_or(below.len()));
            let receiver = inbound::find_by_webhook(domain, webhook_id)?;
            (receiver, path, &whole[..whole.len() - path.len()])
        })
    };
    let (mut receiver, path, own) = find()?;
    let incoming = read(request, path).await?;
    if !incoming.body.is_empty() {
        // It may have been taken away while the body arrived.
        (receiver, ..) = find()?;
    }
    let answer = inbound::receive(domain, receiver, &incoming).await?;
    Ok(response(answer, own))
}

pub(super) async fn read(mut request: Request, path: &str) -> Result<Incoming> {
    let limit = body_limit(&request).unwrap_or(usize::MAX);
    let body = read_bytes(request.take_body(), limit).await?;
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in request.headers() {
        let mut value = String::from_utf8_lossy(value.as_bytes());
        if name == header::COOKIE {
            let Some(others) = without_own_cookies(&value) else {
                continue;
            };
            value = others.into();
        }
        let known = headers.entry(name.as_str().to_owned()).or_default();
        if !known.is_empty() {
            known.push_str(", ");
        }
        known.push_str(&value);
    }
    let uri = request.original_uri();
    Ok(Incoming {
        method: request.method().to_string(),
        path: if path.is_empty() { "/" } else { path }.to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        headers,
        body: utf8(body.to_vec())?,
    })
}

/// The protocol carries text.
fn utf8(body: Vec<u8>) -> Result<String> {
    String::from_utf8(body).map_err(|_| {
        Error::new(
            Kind::UnsupportedMedia,
            "The body must be UTF-8: integrations are given text",
        )
    })
}

/// The answer of a tenant's code, as it is sent: without the headers that are not its own to set. Its
/// address begins with `own`.
pub(super) fn response(answer: Answer, own: &str) -> Response {
    // 1xx are the connection's to say: what follows one is another answer, or another protocol.
    let status = StatusCode::from_u16(answer.status).ok();
    let status = status.filter(|status| !status.is_informational());
    let status = status.unwrap_or(StatusCode::BAD_GATEWAY);
    let body = match answer.live {
        None => Body::from_string(answer.body),
        Some(live) => Body::from_bytes_stream(live.0.map(Ok::<_, io::Error>)),
    };
    let mut response = Response::builder().status(status).body(body);
    for (name, value) in answer.headers {
        let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value))
        else {
            continue;
        };
        response.headers_mut().append(name, value);
    }
    contain(&mut response, own);
    response
}
