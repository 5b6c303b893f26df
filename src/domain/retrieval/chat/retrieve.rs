//! Searches the connectors of a chat.

use std::collections::HashMap;

use futures_util::future::join_all;

use super::{ConnectorUse, SearchResult};
use crate::{
    domain::{
        retrieval::{
            answers::Source,
            connectors::{self, Connector, SearchFailure, SearchOptions},
        },
        tenancy::request_auth::RequestContext,
    },
    kernel::{Error, Kind, Result, Rule, Violation, ids::ConnectorId},
};

/// Maximum number of connectors in a chat.
const CONNECTORS_MAX: usize = 50;

/// Id of the vendor's own connector.
const WEB_SEARCH: &str = "web-search";

/// A connector of a chat, with the caller's options.
pub(super) struct ResolvedConnector {
    /// Id that the caller gave.
    pub(super) id: String,
    connector: Connector,
    options: SearchOptions,
    continue_on_failure: bool,
}

/// Finds the connectors that a chat names.
pub(super) fn resolve_connectors(
    call: &RequestContext,
    uses: &[ConnectorUse],
) -> Result<Vec<ResolvedConnector>> {
    if uses.len() > CONNECTORS_MAX {
        let rule = Rule::Other(format!("must be at most {CONNECTORS_MAX}"));
        return Err(Violation::body(["connectors"], rule).into());
    }
    let alias = call.app().connector_settings().web_search.as_deref();
    let resolved = uses.iter().map(|connector_use| {
        let alias_target = alias.filter(|_| connector_use.id == WEB_SEARCH);
        let id = ConnectorId::from(alias_target.unwrap_or(&connector_use.id));
        let connector = connectors::find(call, &id).map_err(|error| match error.kind() {
            // The message names the id that the caller gave, not the connector behind the alias.
            Kind::NotFound => {
                Error::not_found(format!("connector '{}' not found.", connector_use.id))
            }
            _ => error,
        })?;
        Ok(ResolvedConnector {
            id: connector_use.id.clone(),
            continue_on_failure: connector_use
                .continue_on_failure
                .unwrap_or(connector.continue_on_failure),
            connector,
            options: SearchOptions {
                user_access_token: connector_use.user_access_token.clone(),
                options: connector_use.options.clone(),
                request_id: None,
            },
        })
    });
    resolved.collect()
}

/// Search results of all connectors of a chat.
#[derive(Debug, Default)]
pub(super) struct SearchResults {
    pub(super) results: Vec<SearchResult>,
    pub(super) sources: Vec<Source>,
}

/// Searches every connector for every query, concurrently.
pub(super) async fn search_connectors(
    call: &RequestContext,
    resolved: &[ResolvedConnector],
    queries: &[String],
) -> Result<SearchResults> {
    let searches = queries.iter().flat_map(|query| {
        resolved.iter().map(move |resolved| async move {
            if !resolved.connector.is_active {
                // wire: the vendor's message for an inactive connector is not published
                // (cohere.md §3.7)
                return Ok(Err("connector is not active".to_owned()));
            }
            match connectors::search(call, &resolved.connector, query, &resolved.options).await {
                Ok(documents) => Ok(Ok(documents)),
                Err(SearchFailure::Connector { message, .. }) => Ok(Err(message)),
                Err(SearchFailure::Server(error)) => Err(error),
            }
        })
    });
    let answers = join_all(searches).await;
    let mut retrieved = SearchResults::default();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for (index, answer) in answers.into_iter().enumerate() {
        let searched = &resolved[index % resolved.len()];
        let mut found = SearchResult {
            query_index: index / resolved.len(),
            connector_id: searched.id.clone(),
            document_ids: Vec::new(),
            error: None,
            continue_on_failure: searched.continue_on_failure,
        };
        match answer? {
            Ok(documents) => {
                for document in documents {
                    let count = counts.entry(&searched.id).or_default();
                    let id = add_source(&mut retrieved.sources, searched, document.0, count);
                    found.document_ids.push(id);
                }
            }
            Err(message) => found.error = Some(message),
        }
        retrieved.results.push(found);
    }
    Ok(retrieved)
}

/// Adds a document, unless another query already found it. Returns its id.
fn add_source(
    sources: &mut Vec<Source>,
    resolved: &ResolvedConnector,
    mut fields: Vec<(String, String)>,
    count: &mut usize,
) -> String {
    // wire: this id replaces the connector's own id (cohere.md §4.2)
    fields.retain(|(name, _)| name != "id");
    let prefix = format!("{}_", resolved.id);
    let known = sources.iter().find(|source| {
        source.fields == fields
            && source
                .id
                .strip_prefix(&prefix)
                .is_some_and(|rest| rest.parse::<usize>().is_ok())
    });
    if let Some(known) = known {
        return known.id.clone();
    }
    let id = format!("{prefix}{count}");
    *count += 1;
    sources.push(Source {
        id: id.clone(),
        fields,
        excludes: resolved.connector.excludes.clone(),
    });
    id
}

/// Returns the error for failed connectors without `continue_on_failure`; none without such a
/// failure.
pub(super) fn fatal_error(found: &[SearchResult]) -> Option<Error> {
    let failed: Vec<String> = found
        .iter()
        .filter(|found| !found.continue_on_failure)
        .filter_map(|found| {
            let message = found.error.as_ref()?;
            let id = &found.connector_id;
            Some(format!("connector {id} failed with message '{message}'"))
        })
        .collect();
    // wire: the message of the vendor's page of errors (cohere.md §4.4)
    (!failed.is_empty()).then(|| {
        let text = failed.join("; ");
        let text = format!("connectors failed with continue on failure disabled: {text}");
        Error::new(Kind::Upstream, text)
    })
}
