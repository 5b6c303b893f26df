//! What every endpoint of a server is mounted with. A request carries it as one value: each value
//! more is an allocation and a look-up in every request.

use std::{net::IpAddr, sync::Arc, time::Duration};

use poem::Request;

use super::{Metrics, WrongKeys, body_memory::BodyMemory, origin::Origins, wrong_keys::Outcome};
use crate::{
    domain::App,
    kernel::{Error, Result},
};

/// What the layers around every request need to know.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The largest body, in bytes.
    pub body: usize,
    /// The longest that a request may take.
    pub time: Duration,
    /// How much the bodies of all requests may take together, in bytes.
    pub body_memory: usize,
}

/// The largest body of this request, where it is another one than [`Limits::body`].
#[derive(Debug, Clone, Copy)]
pub struct BodyLimit(pub usize);

/// What the endpoints of a server share.
#[derive(Clone)]
pub struct Mounted(Arc<Shared>);

#[derive(Clone)]
struct Shared {
    app: Option<App>,
    origins: Origins,
    limits: Limits,
    body_memory: BodyMemory,
    metrics: Metrics,
    /// None for a layer on trial.
    wrong_keys: Option<WrongKeys>,
}

impl Mounted {
    /// What is mounted with this domain, or, for a layer on trial, without one.
    #[must_use]
    pub fn new(app: Option<App>, origins: Origins, limits: Limits, metrics: Metrics) -> Self {
        Self(Arc::new(Shared {
            app,
            origins,
            limits,
            body_memory: BodyMemory::new(limits.body_memory),
            metrics,
            wrong_keys: None,
        }))
    }

    /// The same with bounds for wrong keys.
    #[must_use]
    pub fn with_wrong_keys(&self, wrong_keys: WrongKeys) -> Self {
        let mut shared = Shared::clone(&self.0);
        shared.wrong_keys = Some(wrong_keys);
        Self(Arc::new(shared))
    }

    /// The same for requests that may take this long.
    #[must_use]
    pub fn for_at_most(&self, time: Duration) -> Self {
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

    pub(super) fn origins(&self) -> &Origins {
        &self.0.origins
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Notes a wrong key that came from an address, and waits if it is one too many.
    ///
    /// # Errors
    /// `RateLimited` if it is and there is no place to wait in.
    pub(super) async fn wrong_key(
        &self,
        dialect: &'static str,
        from: Option<IpAddr>,
    ) -> Result<()> {
        let Some(wrong_keys) = &self.0.wrong_keys else {
            return Ok(());
        };
        let outcome = wrong_keys.note(dialect, from).await;
        self.metrics().count_wrong_key(dialect, outcome.as_str());
        match outcome {
            Outcome::TurnedAway => Err(wrong_keys.turned_away()),
            Outcome::Answered | Outcome::Delayed => Ok(()),
        }
    }
}

/// The domain that an endpoint is mounted with.
///
/// # Errors
/// `Internal` for an endpoint that is mounted without one.
pub fn app(request: &Request) -> Result<&App> {
    request
        .data::<Mounted>()
        .and_then(|mounted| mounted.0.app.as_ref())
        .ok_or_else(|| Error::internal("an endpoint was mounted without a domain", "no data"))
}

/// The largest body of a request, in bytes; none for an endpoint that is not mounted.
#[must_use]
pub fn body_limit(request: &Request) -> Option<usize> {
    let own = request.data::<BodyLimit>().map(|limit| limit.0);
    own.or_else(|| Some(request.data::<Mounted>()?.limits().body))
}

pub(super) fn origins(request: &Request) -> Option<&Origins> {
    Some(&request.data::<Mounted>()?.0.origins)
}
