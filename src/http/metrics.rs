//! The metrics endpoint `/metrics` for Prometheus.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use poem::{Endpoint, EndpointExt, IntoResponse, Request, Response, endpoint::make};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::{bearer_token, errors::Failure};
use crate::domain::App;

/// The first bucket of request durations, in seconds.
const FIRST_BUCKET: f64 = 0.000_25;
/// Number of buckets. Each is twice as wide as the one before, so the last one ends at about 8 s.
const BUCKETS: u16 = 16;

/// The counters of requests. Clones share them.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<OperationLabels, Histogram>,
    wrong_keys: Family<WrongKeyLabels, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    dialect: &'static str,
    operation: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabels {
    dialect: &'static str,
    operation: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WrongKeyLabels {
    dialect: &'static str,
    outcome: &'static str,
}

/// Settings of the metrics endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The address and port of a separate listener that needs no key. Without it, metrics are only at `/metrics`,
    /// which requires an operator key in profile `production`.
    pub listen: Option<SocketAddr>,
}

impl Metrics {
    /// Creates the counters and a registry, to which `others` adds more metrics.
    #[must_use]
    pub fn new(others: impl FnOnce(&mut Registry)) -> Self {
        let mut registry = Registry::with_prefix("parlance");
        let requests = Family::default();
        let durations = Family::new_with_constructor(
            (|| Histogram::new(exponential_buckets(FIRST_BUCKET, 2.0, BUCKETS)))
                as fn() -> Histogram,
        );
        registry.register(
            "http_requests",
            "Requests by dialect, operation and status",
            requests.clone(),
        );
        registry.register(
            "http_request_duration_seconds",
            "Time from the request's head to its answer, by dialect and operation",
            durations.clone(),
        );
        let wrong_keys = Family::default();
        registry.register(
            "http_wrong_keys",
            "Wrong keys by dialect and outcome",
            wrong_keys.clone(),
        );
        others(&mut registry);
        Self(Arc::new(Inner {
            registry,
            requests,
            durations,
            wrong_keys,
        }))
    }

    /// Counts a wrong API key.
    pub(super) fn count_wrong_key(&self, dialect: &'static str, outcome: &'static str) {
        let labels = WrongKeyLabels { dialect, outcome };
        self.0.wrong_keys.get_or_create(&labels).inc();
    }

    /// Counts an answered request.
    pub fn count_request(
        &self,
        dialect: &'static str,
        operation: &'static str,
        status: u16,
        took: Duration,
    ) {
        self.0
            .requests
            .get_or_create(&RequestLabels {
                dialect,
                operation,
                status,
            })
            .inc();
        self.0
            .durations
            .get_or_create(&OperationLabels { dialect, operation })
            .observe(took.as_secs_f64());
    }

    /// Serves the metrics. Requires an operator key unless `open` is true.
    #[must_use]
    pub fn endpoint(&self, app: &App, open: bool) -> impl Endpoint<Output = Response> + use<> {
        let (metrics, app) = (self.clone(), app.clone());
        make(move |request: Request| {
            let (metrics, app) = (metrics.clone(), app.clone());
            async move {
                if !open {
                    let key = bearer_token(&request).map_err(Failure)?;
                    app.admit_operator(key).map_err(Failure)?;
                }
                let webhooks = app.webhook_doorbell().metrics();
                if let Err(error) = webhooks.update_gauges(&app).await {
                    warn!(%error, "the metrics of webhooks could not be updated");
                }
                if let Err(error) = app.call_metrics().update_gauges(&app).await {
                    warn!(%error, "the metrics of deliveries could not be updated");
                }
                Ok::<_, poem::Error>(metrics.encode_page())
            }
        })
        .map_to_response()
    }

    fn encode_page(&self) -> Response {
        let mut text = String::new();
        match encode(&mut text, &self.0.registry) {
            Ok(()) => text
                .with_content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
                .into_response(),
            Err(_) => poem::http::StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}
