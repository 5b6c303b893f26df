//! Verifies the signature of a request to the inbox.

use rusqlite::Connection;
use url::Url;

use super::{InboxRequest, Verdict};
use crate::{
    domain::webhooks::{
        self,
        signature::{SignedContent, verify},
    },
    kernel::{Result, Timestamp, clock::system_now},
    store::Sealer,
};

/// Prefixes of the signature headers (webhooks.md §7.1).
const HEADER_PREFIXES: [&str; 2] = ["webhook", "svix"];

/// Verifies a request to the inbox `name` with the keys of the endpoints that have this inbox as their address.
pub(super) fn verify_request(
    conn: &Connection,
    sealer: &Sealer,
    name: &str,
    incoming: &InboxRequest,
    now: Timestamp,
) -> Result<Verdict> {
    let path = format!("/inbox/{name}");
    let fits =
        |url: &str| Url::parse(url).is_ok_and(|url| url.path().trim_end_matches('/') == path);
    let keys = webhooks::load_keys_by_url(conn, sealer, &path, now, fits)?;
    if keys.is_empty() {
        return Ok(new_verdict(
            None,
            "no webhook endpoint has this inbox as its address",
        ));
    }
    let Some((id, timestamp, signature)) = HEADER_PREFIXES
        .iter()
        .find_map(|prefix| find_headers(incoming, prefix))
    else {
        return Ok(new_verdict(
            Some(false),
            "the signature headers are missing",
        ));
    };
    let Ok(timestamp) = timestamp.parse() else {
        return Ok(new_verdict(
            Some(false),
            "the timestamp is not a whole number",
        ));
    };
    let body = &incoming.body;
    Ok(
        match verify(
            &keys,
            &SignedContent {
                id,
                timestamp,
                body,
            },
            signature,
            // Signatures use the system's clock, not the product's.
            system_now(),
        ) {
            Ok(()) => new_verdict(Some(true), "signed with the endpoint's secret"),
            Err(mismatch) => new_verdict(Some(false), &mismatch.to_string()),
        },
    )
}

fn find_headers<'a>(
    incoming: &'a InboxRequest,
    prefix: &str,
) -> Option<(&'a str, &'a str, &'a str)> {
    let header = |name: &str| {
        let name = format!("{prefix}-{name}");
        let mut headers = incoming.headers.iter();
        headers
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.as_str())
    };
    Some((header("id")?, header("timestamp")?, header("signature")?))
}

fn new_verdict(verified: Option<bool>, reason: &str) -> Verdict {
    Verdict {
        verified,
        reason: reason.to_owned(),
    }
}
