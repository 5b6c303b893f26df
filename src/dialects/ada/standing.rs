//! The `X-RateLimit-*` headers of every successful authenticated answer (ada.md §1.3).

use std::sync::{Arc, OnceLock};

use poem::{Endpoint, Middleware, Request, Response, http::HeaderValue};

use crate::domain::shared::limits::Standing;

/// Where the extractor leaves the standing of the call for the answer.
#[derive(Clone, Default)]
struct Noted(Arc<OnceLock<Standing>>);

/// Notes how the caller stands, for the headers of the answer.
pub fn note(request: &Request, standing: Option<Standing>) {
    if let (Some(noted), Some(standing)) = (request.data::<Noted>(), standing) {
        // A request is admitted once.
        let _ = noted.0.set(standing);
    }
}

/// Adds the headers.
#[derive(Clone, Copy)]
pub struct StandingHeaders;

impl<E: Endpoint<Output = Response>> Middleware<E> for StandingHeaders {
    type Output = StandingEndpoint<E>;

    fn transform(&self, inner: E) -> Self::Output {
        StandingEndpoint(inner)
    }
}

/// The endpoint of [`StandingHeaders`].
pub struct StandingEndpoint<E>(E);

impl<E: Endpoint<Output = Response>> Endpoint for StandingEndpoint<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let noted = Noted::default();
        request.set_data(noted.clone());
        let mut response = self.0.call(request).await?;
        // wire: which of several windows is not said; the one with the least left helps most
        if let Some(standing) = noted.0.get() {
            let headers = response.headers_mut();
            let reset = u64::try_from(standing.reset.as_seconds()).unwrap_or(0);
            headers.insert("x-ratelimit-limit", HeaderValue::from(standing.limit));
            headers.insert(
                "x-ratelimit-remaining",
                HeaderValue::from(standing.remaining),
            );
            headers.insert("x-ratelimit-reset", HeaderValue::from(reset));
        }
        Ok(response)
    }
}
