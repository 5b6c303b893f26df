//! The state that the middleware attaches to every request. It is one value because each value costs an allocation
//! and a look-up per request.

use std::{net::IpAddr, sync::Arc, time::Duration};

use poem::Request;

use super::{
    Metrics, WrongKeyLimiter, body_memory::BodyMemory, origin::OriginResolver,
    wrong_key_limiter::Outcome,
};
use crate::{
    domain::App,
    kernel::{Error, Result},
};

/// Limits for every request.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Maximum size of a body, in bytes.
    pub body: usize,
    /// Maximum size of a body that has the code of a program, in bytes.
    pub code_body: usize,
    /// Maximum time of a request.
    pub time: Duration,
    /// Maximum memory for the bodies of all requests together, in bytes.
    pub body_memory: usize,
}

/// Maximum size of this request's body, in bytes, which overrides [`Limits::body`].
#[derive(Debug, Clone, Copy)]
pub struct BodyLimit(pub usize);

/// The state that the endpoints of a server share.
#[derive(Clone)]
pub struct RequestState(Arc<Shared>);

#[derive(Clone)]
struct Shared {
    app: Option<App>,
    origins: OriginResolver,
    limits: Limits,
    body_memory: BodyMemory,
    metrics: Metrics,
    /// `None` in tests of the middleware.
    wrong_keys: Option<WrongKeyLimiter>,
}

impl RequestState {
    /// Creates the state. Tests of the middleware pass no domain.
    #[must_use]
    pub fn new(
        app: Option<App>,
        origins: OriginResolver,
        limits: Limits,
        metrics: Metrics,
    ) -> Self {
        Self(Arc::new(Shared {
            app,
            origins,
            limits,
            body_memory: BodyMemory::new(limits.body_memory),
            metrics,
            wrong_keys: None,
        }))
    }

    /// Returns a copy with a limiter of wrong keys.
    #[must_use]
    pub fn with_wrong_keys(&self, wrong_keys: WrongKeyLimiter) -> Self {
        let mut shared = Shared::clone(&self.0);
        shared.wrong_keys = Some(wrong_keys);
        Self(Arc::new(shared))
    }

    /// Returns a copy with another request timeout.
    #[must_use]
    pub fn with_timeout(&self, time: Duration) -> Self {
        let mut shared = Shared::clone(&self.0);
        shared.limits.time = time;
        Self(Arc::new(shared))
    }

    pub(super) fn limits(&self) -> Limits {
        self.0.limits
    }

    pub(super) fn body_memory(&self) -> &BodyMemory {
        &self.0.body_memory
    }

    pub(super) fn origins(&self) -> &OriginResolver {
        &self.0.origins
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Records a wrong key from an address. Waits if the address has sent too many.
    ///
    /// # Errors
    /// `RateLimited` if too many answers already wait.
    pub(super) async fn record_wrong_key(
        &self,
        dialect: &'static str,
        from: Option<IpAddr>,
    ) -> Result<()> {
        let Some(wrong_keys) = &self.0.wrong_keys else {
            return Ok(());
        };
        let outcome = wrong_keys.record(dialect, from).await;
        self.metrics().count_wrong_key(dialect, outcome.as_str());
        match outcome {
            Outcome::Rejected => Err(wrong_keys.rejection()),
            Outcome::Answered | Outcome::Delayed => Ok(()),
        }
    }
}

/// Returns the domain of a request's endpoint.
///
/// # Errors
/// `Internal` if the endpoint has no domain.
pub fn app(request: &Request) -> Result<&App> {
    request
        .data::<RequestState>()
        .and_then(|state| state.0.app.as_ref())
        .ok_or_else(|| Error::internal("an endpoint was mounted without its App", "no data"))
}

/// Returns the maximum size of a request's body, in bytes. `None` without the middleware.
#[must_use]
pub fn body_limit(request: &Request) -> Option<usize> {
    let endpoint_limit = request.data::<BodyLimit>().map(|limit| limit.0);
    endpoint_limit.or_else(|| Some(request.data::<RequestState>()?.limits().body))
}

pub(super) fn body_memory(request: &Request) -> Option<&BodyMemory> {
    Some(&request.data::<RequestState>()?.0.body_memory)
}

pub(super) fn origins(request: &Request) -> Option<&OriginResolver> {
    Some(&request.data::<RequestState>()?.0.origins)
}
