//! Middleware for trailing slashes: the vendor's documents have them on some paths, its clients omit them.
//! Both forms work without a redirect.

use poem::{Request, http::uri::PathAndQuery};

/// Removes the slash at the end of a request's path. Operations are routed without one.
pub async fn strip(mut request: Request) -> poem::Result<Request> {
    let uri = request.uri();
    let path = uri.path().trim_end_matches('/');
    if path.len() == uri.path().len() || path.is_empty() {
        return Ok(request);
    }
    let stripped = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = PathAndQuery::try_from(stripped).ok();
    if let Ok(uri) = parts.try_into() {
        *request.uri_mut() = uri;
    }
    Ok(request)
}
