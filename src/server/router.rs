//! Routes a request to the endpoint with the longest matching path prefix.
//!
//! poem's router decodes the path first and, if that fails, answers by itself: with its own error body and without a
//! request id. This router compares raw paths, so that every request reaches the middleware of its dialect.

use poem::{
    Endpoint, Request, Response,
    endpoint::BoxEndpoint,
    http::{Uri, uri::PathAndQuery},
};

/// The paths that an endpoint answers, relative to its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PathMatch {
    /// The prefix itself.
    Exact,
    /// Paths below the prefix.
    Below,
    /// The prefix and the paths below it.
    Both,
    /// The prefix and the paths below it. The endpoint receives the path without the prefix.
    Stripped,
}

impl PathMatch {
    fn matches(self, rest: &str) -> bool {
        match self {
            Self::Exact => rest.is_empty(),
            Self::Below => rest.starts_with('/'),
            Self::Both | Self::Stripped => rest.is_empty() || rest.starts_with('/'),
        }
    }
}

struct RouteEntry {
    path: String,
    path_match: PathMatch,
    endpoint: BoxEndpoint<'static, Response>,
}

/// Endpoints by path prefix.
pub(super) struct Router {
    /// Sorted by length of the path, longest first.
    routes: Vec<RouteEntry>,
    fallback: BoxEndpoint<'static, Response>,
}

impl Router {
    /// Creates a router that sends every request to `others`.
    pub(super) fn new(others: BoxEndpoint<'static, Response>) -> Self {
        Self {
            routes: Vec::new(),
            fallback: others,
        }
    }

    /// Adds an endpoint.
    pub(super) fn at(
        mut self,
        path: impl Into<String>,
        path_match: PathMatch,
        endpoint: BoxEndpoint<'static, Response>,
    ) -> Self {
        let path = path.into();
        let shorter = |route: &RouteEntry| route.path.len() < path.len();
        let position = self.routes.iter().position(shorter);
        let route = RouteEntry {
            path: path.clone(),
            path_match,
            endpoint,
        };
        self.routes
            .insert(position.unwrap_or(self.routes.len()), route);
        self
    }

    fn find(&self, path: &str) -> Option<&RouteEntry> {
        self.routes.iter().find(|route| {
            let rest = path.strip_prefix(route.path.as_str());
            rest.is_some_and(|rest| route.path_match.matches(rest))
        })
    }
}

impl Endpoint for Router {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        if let Some(uri) = fold_slashes(request.uri()) {
            *request.uri_mut() = uri;
        }
        if let Some(uri) = fold_version(request.uri()) {
            *request.uri_mut() = uri;
        }
        let Some(route) = self.find(request.uri().path()) else {
            return self.fallback.call(request).await;
        };
        if route.path_match == PathMatch::Stripped
            && let Some(uri) = strip_prefix_bytes(request.uri(), route.path.len())
        {
            *request.uri_mut() = uri;
        }
        route.endpoint.call(request).await
    }
}

/// Returns the URI with its leading slashes reduced to one, or `None` if there is only one: some clients append a
/// path to a base address that ends with a slash. For Ada's pages, whose own demo creates such links, reduces
/// repeated slashes in the whole path.
fn fold_slashes(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    let extra = path.len() - path.trim_start_matches('/').len();
    let extra = extra.saturating_sub(1);
    let is_page = path[extra..].starts_with(ADA_PAGES_PREFIX);
    if !is_page || !path[extra..].contains("//") {
        return (extra > 0)
            .then(|| strip_prefix_bytes(uri, extra))
            .flatten();
    }
    let mut folded = String::with_capacity(path.len());
    for step in path.split('/').filter(|step| !step.is_empty()) {
        folded.push('/');
        folded.push_str(step);
    }
    if path.ends_with('/') {
        folded.push('/');
    }
    if let Some(query) = uri.query() {
        folded.push('?');
        folded.push_str(query);
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(folded).ok()?);
    Uri::from_parts(parts).ok()
}

/// The path prefix of Ada's pages.
const ADA_PAGES_PREFIX: &str = "/platform/";

/// The prefix that clients add to their paths, and that some users also include in the base address.
const VERSION_PREFIX: &str = "/v1";

/// Returns the URI with a repeated version prefix reduced to one, or `None` if it is not repeated.
fn fold_version(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    let mut length = 0;
    while let Some(rest) = path[length..].strip_prefix(VERSION_PREFIX)
        && (rest == VERSION_PREFIX || rest.starts_with("/v1/"))
    {
        length += VERSION_PREFIX.len();
    }
    (length > 0)
        .then(|| strip_prefix_bytes(uri, length))
        .flatten()
}

/// Returns the URI without the first `length` bytes of its path.
fn strip_prefix_bytes(uri: &Uri, length: usize) -> Option<Uri> {
    let rest = uri.path_and_query()?.as_str().get(length..)?;
    let rest = match rest.starts_with('/') {
        true => PathAndQuery::try_from(rest),
        false => PathAndQuery::try_from(format!("/{rest}")),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(rest.ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use poem::{EndpointExt, endpoint::make_sync};

    use super::*;

    fn named(name: &'static str) -> BoxEndpoint<'static, Response> {
        let answer = move |request: Request| format!("{name} {}", request.uri());
        make_sync(answer).map_to_response().boxed()
    }

    #[tokio::test]
    async fn the_longest_path_answers() {
        let router = Router::new(named("others"))
            .at("/v1", PathMatch::Stripped, named("v1"))
            .at("/v1/chat", PathMatch::Below, named("chats"))
            .at("/webhook", PathMatch::Both, named("webhook"))
            .at("/chat", PathMatch::Exact, named("chat"));
        for (path, expected) in [
            ("/v1/chat", "v1 /chat"),
            ("/v1/chat?a=b", "v1 /chat?a=b"),
            ("/v1/chat/x%ff", "chats /v1/chat/x%ff"),
            ("/v1", "v1 /"),
            ("/v1?a", "v1 /?a"),
            ("/v1x", "others /v1x"),
            ("/v1/v1/chat", "v1 /chat"),
            ("/v1/v1/v1/chat/x?a=/v1/v1", "chats /v1/chat/x?a=/v1/v1"),
            ("/v1/v1", "v1 /"),
            ("//v1/chat?a=//b", "v1 /chat?a=//b"),
            ("///chat", "chat /chat"),
            ("//x//y", "others /x//y"),
            ("/platform//a//b/?c=//d", "others /platform/a/b/?c=//d"),
            ("//platform//a", "others /platform/a"),
            ("//", "others /"),
            ("/v1/v1x", "v1 /v1x"),
            ("/webhook/%ff?b", "webhook /webhook/%ff?b"),
            ("/webhook", "webhook /webhook"),
            ("/chat", "chat /chat"),
            ("/chat/", "others /chat/"),
            ("/", "others /"),
        ] {
            let request = Request::builder()
                .uri(path.parse().expect("a path"))
                .finish();
            let answer = router.call(request).await.expect("an answer");
            let text = answer.into_body().into_string().await.expect("a text");
            assert_eq!(text, expected);
        }
    }
}
