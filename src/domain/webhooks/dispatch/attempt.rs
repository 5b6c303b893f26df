//! Makes one attempt: signs a message, sends it and returns the outcome.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;

use super::{
    super::{
        checks::check_still_allowed,
        endpoints::StoredEndpoint,
        signature::{SignedContent, SigningKey, sign},
    },
    lease::{DeliveryKey, LeasedDelivery},
};
use crate::{
    domain::tenancy::app::App,
    kernel::{
        Result, Timestamp,
        clock::{Stopwatch, system_now},
        ids::{WebhookEndpointId, WebhookMessageId},
    },
    net::outbound::{OutboundRequest, OutboundResponse},
    store::Sealer,
};

/// Value of the `User-Agent` header.
const USER_AGENT: &str = concat!("Parlance-Webhooks/", env!("CARGO_PKG_VERSION"));

/// The endpoint data that attempts need.
pub(super) struct Target {
    pub(super) seq: i64,
    id: WebhookEndpointId,
    url: String,
    /// The redacted address.
    redacted_url: String,
    key: SigningKey,
    /// The previous key, and the time until which it also signs.
    old_key: Option<(SigningKey, Timestamp)>,
}

impl Target {
    pub(super) fn from_endpoint(
        stored: &StoredEndpoint,
        sealer: &Sealer,
        now: Timestamp,
    ) -> Result<Self> {
        Ok(Self {
            seq: stored.seq,
            id: stored.endpoint.id.clone(),
            url: stored.open_url(sealer)?,
            redacted_url: stored.endpoint.url.clone(),
            key: stored.open_signing_key(sealer)?,
            old_key: stored
                .open_old_signing_key(sealer, now)?
                .zip(stored.old_secret_until),
        })
    }

    fn active_keys(&self, now: Timestamp) -> Vec<&SigningKey> {
        let old = self.old_key.iter().filter(|(_, until)| now < *until);
        std::iter::once(&self.key)
            .chain(old.map(|(key, _)| key))
            .collect()
    }
}

/// The outcome of an attempt.
pub(super) struct Outcome {
    pub(super) key: DeliveryKey,
    pub(super) message_id: WebhookMessageId,
    /// The redacted address.
    pub(super) url: String,
    pub(super) manual: bool,
    pub(super) started_at: Timestamp,
    pub(super) ended_at: Timestamp,
    pub(super) duration: Duration,
    pub(super) result: std::result::Result<EndpointResponse, String>,
}

/// The parts of a response that matter.
pub(super) struct EndpointResponse {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    /// The wait requested by `Retry-After`.
    pub(super) retry_after: Option<Duration>,
}

impl Outcome {
    /// True for 2xx only (ada.md §4).
    pub(super) fn succeeded(&self) -> bool {
        matches!(&self.result, Ok(answer) if (200..300).contains(&answer.status))
    }

    /// True if the endpoint answered 410 Gone.
    pub(super) fn is_gone(&self) -> bool {
        matches!(&self.result, Ok(answer) if answer.status == 410)
    }

    /// Returns the name of the outcome in metrics.
    pub(super) fn metric_label(&self) -> &'static str {
        match &self.result {
            Ok(_) if self.succeeded() => "delivered",
            Ok(_) => "refused",
            Err(_) => "no_answer",
        }
    }

    pub(super) fn retry_after(&self) -> Option<Duration> {
        self.result.as_ref().ok()?.retry_after
    }
}

/// Attempts a delivery.
pub(super) async fn attempt_delivery(
    app: &App,
    target: &Target,
    delivery: LeasedDelivery,
) -> Outcome {
    let clock = app.clock();
    let (started_at, watch) = (clock.now(), Stopwatch::start());
    let sent = send(app, target, &delivery, started_at);
    // Catches panics, so that the attempt does not occupy its slot forever.
    let result = match AssertUnwindSafe(sent).catch_unwind().await {
        Ok(result) => result,
        Err(_) => Err("the attempt failed because of an error of this server".to_owned()),
    };
    let ended_at = clock.now();
    if let Err(error) = &result {
        tracing::debug!(endpoint = %target.id, message = %delivery.message_id, error, "no answer");
    }
    Outcome {
        key: delivery.key,
        message_id: delivery.message_id,
        url: target.redacted_url.clone(),
        manual: delivery.manual,
        started_at,
        ended_at,
        duration: watch.elapsed(),
        result: result.map(|answer| EndpointResponse {
            status: answer.status,
            retry_after: answer
                .header("retry-after")
                .and_then(|value| parse_retry_after(value, system_now())),
            body: answer.body,
        }),
    }
}

async fn send(
    app: &App,
    target: &Target,
    delivery: &LeasedDelivery,
    now: Timestamp,
) -> std::result::Result<OutboundResponse, String> {
    check_still_allowed(app, &target.url)?;
    let settings = app.webhook_settings();
    let request = OutboundRequest {
        method: "POST",
        url: target.url.clone(),
        headers: build_headers(target, delivery, now),
        body: delivery.payload.clone().into_bytes(),
        timeout: settings.timeout(),
        max_response: settings.response_bytes,
    };
    let sent = app.outbound().send(request).await;
    sent.map_err(|error| error.to_string())
}

/// Sends each header under both prefixes: every library reads `webhook-*`, only Svix's also read `svix-*`, the
/// prefix in Ada's documentation (webhooks.md §7.1).
fn build_headers(
    target: &Target,
    delivery: &LeasedDelivery,
    now: Timestamp,
) -> Vec<(String, String)> {
    let signed = SignedContent {
        id: delivery.message_id.as_str(),
        timestamp: system_now().as_seconds(),
        body: delivery.payload.as_bytes(),
    };
    let parts = [
        ("id", signed.id.to_owned()),
        ("timestamp", signed.timestamp.to_string()),
        ("signature", sign(&target.active_keys(now), &signed)),
    ];
    let mut headers = vec![
        ("content-type".to_owned(), "application/json".to_owned()),
        ("user-agent".to_owned(), USER_AGENT.to_owned()),
    ];
    for prefix in ["webhook", "svix"] {
        for (name, value) in &parts {
            headers.push((format!("{prefix}-{name}"), value.clone()));
        }
    }
    headers
}

/// Parses the wait of a `Retry-After`: seconds, or a date.
fn parse_retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    match value.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Timestamp::parse_http_date(value).map(|at| at.since(now)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = Timestamp::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").expect("a date");
        let seconds = |value| parse_retry_after(value, now).map(|wait| wait.as_secs());
        assert_eq!(seconds("120"), Some(120));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0));
        assert_eq!(seconds("soon"), None);
        assert_eq!(seconds("-1"), None);
    }
}
