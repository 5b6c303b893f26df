//! Stored form of an endpoint's address. The query, the fragment and the user info of a URL may hold secrets: if
//! one of them is present, the row holds the whole address sealed, beside a redacted one for display.

use rusqlite::named_params;
use url::Url;

use crate::{
    domain::tenancy::{app::App, audit::Actor, sealed_columns::SealedColumn},
    kernel::{Error, Result, ids::WebhookEndpointId},
    store::Sealer,
};

/// Replaces the query of an address for display.
const REDACTED_QUERY: &str = "[hidden]";

/// The column values of an address.
pub(super) struct StoredAddress {
    /// The redacted address.
    pub(super) redacted: String,
    /// The sealed full address, if it differs from the redacted one.
    pub(super) sealed: Option<Vec<u8>>,
}

impl StoredAddress {
    pub(super) fn seal(sealer: &Sealer, id: &WebhookEndpointId, url: &str) -> Self {
        let column = SealedColumn::WebhookUrl;
        match redact_url(url) {
            None => Self {
                redacted: url.to_owned(),
                sealed: None,
            },
            Some(shown) => Self {
                redacted: shown,
                sealed: Some(column.seal(sealer, id.as_str(), url.as_bytes())),
            },
        }
    }
}

/// Opens a sealed address.
pub(super) fn open_address(
    sealer: &Sealer,
    id: &WebhookEndpointId,
    sealed: &[u8],
) -> Result<String> {
    let opened = SealedColumn::WebhookUrl.open(sealer, id.as_str(), sealed)?;
    String::from_utf8(opened)
        .map_err(|error| Error::internal("a sealed address is not UTF-8", error))
}

/// Returns the address with its query, fragment and user info removed; none if it has none of these.
fn redact_url(text: &str) -> Option<String> {
    let Ok(mut url) = Url::parse(text) else {
        let (shown, _) = text.split_once(['?', '#'])?;
        return Some(shown.to_owned());
    };
    let has_credentials = !url.username().is_empty() || url.password().is_some();
    if !has_credentials && url.query().is_none() && url.fragment().is_none() {
        return None;
    }
    if has_credentials {
        // These setters fail only for URLs that cannot have user info, and this one has some.
        let _ = (url.set_username(""), url.set_password(None));
    }
    if url.query().is_some() {
        url.set_query(Some(REDACTED_QUERY));
    }
    url.set_fragment(None);
    Some(url.into())
}

const FIND_UNSEALED: &str = "
    SELECT id, url FROM webhook_endpoints
    WHERE sealed_url IS NULL AND (instr(url, '?') OR instr(url, '#') OR instr(url, '@'))";

const SEAL: &str = "
    UPDATE webhook_endpoints SET url = :shown, sealed_url = :sealed
    WHERE id = :id AND url = :url AND sealed_url IS NULL";

/// Seals the addresses that an earlier version stored in plain text.
///
/// # Errors
/// Errors of the store.
pub async fn seal_addresses(app: &App) -> Result<()> {
    let unsealed: Vec<(WebhookEndpointId, String)> = app.store().read(|conn| {
        let mut statement = conn.prepare(FIND_UNSEALED)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    })?;
    let addresses: Vec<_> = unsealed
        .into_iter()
        .map(|(id, url)| (StoredAddress::seal(app.sealer(), &id, &url), id, url))
        .filter(|(address, ..)| address.sealed.is_some())
        .collect();
    if addresses.is_empty() {
        return Ok(());
    }
    let sealed = app.run_write_tx_as(Actor::System, move |tx| {
        let mut statement = tx.conn.prepare_cached(SEAL)?;
        for (address, id, url) in &addresses {
            statement.execute(named_params! {
                ":id": id, ":url": url, ":shown": address.redacted, ":sealed": address.sealed,
            })?;
        }
        Ok(())
    });
    sealed.await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_secret_is_not_shown() {
        for (url, shown) in [
            (
                "https://a.example/x?key=s",
                Some("https://a.example/x?[hidden]"),
            ),
            ("https://a.example/x?", Some("https://a.example/x?[hidden]")),
            ("https://a.example/x#s", Some("https://a.example/x")),
            (
                "https://u:s@a.example:8443/x?a#b",
                Some("https://a.example:8443/x?[hidden]"),
            ),
            ("https://s@a.example/@x", Some("https://a.example/@x")),
            ("https://a.example/@x", None),
            ("https://a.example", None),
            ("no url?s", Some("no url")),
            ("", None),
        ] {
            assert_eq!(redact_url(url).as_deref(), shown, "{url}");
        }
    }
}
