//! Middleware for the `X-RateLimit-*` headers of every successful authenticated response (ada.md §1.3).

use std::sync::{Arc, OnceLock};

use poem::{Endpoint, Middleware, Request, Response, http::HeaderValue};

use crate::domain::shared::rate_limits::RateLimitStatus;

/// Slot in which the extractor stores the rate limit status for the response.
#[derive(Clone, Default)]
struct RateLimitSlot(Arc<OnceLock<RateLimitStatus>>);

/// Stores the caller's rate limit status for the headers of the response.
pub fn record_rate_limit(request: &Request, standing: Option<RateLimitStatus>) {
    if let (Some(noted), Some(standing)) = (request.data::<RateLimitSlot>(), standing) {
        // A request is admitted only once.
        let _ = noted.0.set(standing);
    }
}

/// Middleware that adds the `X-RateLimit-*` headers.
#[derive(Clone, Copy)]
pub struct RateLimitHeaders;

impl<E: Endpoint<Output = Response>> Middleware<E> for RateLimitHeaders {
    type Output = RateLimitHeadersEndpoint<E>;

    fn transform(&self, inner: E) -> Self::Output {
        RateLimitHeadersEndpoint(inner)
    }
}

/// Endpoint of [`RateLimitHeaders`].
pub struct RateLimitHeadersEndpoint<E>(E);

impl<E: Endpoint<Output = Response>> Endpoint for RateLimitHeadersEndpoint<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let noted = RateLimitSlot::default();
        request.set_data(noted.clone());
        let mut response = self.0.call(request).await?;
        // wire: the vendor does not say which of several windows; the one with the least remaining helps most
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
