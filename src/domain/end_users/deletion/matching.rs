//! Finds the end users that an identifier of a bulk deletion matches.

use rusqlite::{Connection, named_params};

use super::{Identifier, IdentifierKind};
use crate::kernel::{
    Result,
    ids::{AgentId, EndUserId},
};

/// An identifier normalized for comparison: trimmed, and in lower case for e-mail addresses and external ids. A
/// `chatter_id` becomes an `end_user_id`, which it is an older name for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct MatchKey {
    pub(super) kind: IdentifierKind,
    pub(super) text: String,
    pub(super) variable: Option<String>,
}

/// Normalizes an identifier, or returns the reason for which it cannot match.
pub(super) fn normalize_identifier(identifier: &Identifier) -> Result<MatchKey, &'static str> {
    let value = identifier.value.trim();
    if value.is_empty() {
        return Err("The value is empty");
    }
    let named = identifier.variable.as_deref().map(str::trim);
    let variable = named.filter(|name| !name.is_empty());
    let (kind, text) = match identifier.kind {
        IdentifierKind::Email if !value.contains('@') => {
            return Err("The value is not an e-mail address");
        }
        kind @ (IdentifierKind::Email | IdentifierKind::ExternalId) => (kind, value.to_lowercase()),
        IdentifierKind::ChatterId | IdentifierKind::EndUserId => {
            (IdentifierKind::EndUserId, value.to_owned())
        }
        IdentifierKind::VariableMatch if variable.is_none() => {
            return Err("The variable is missing");
        }
        kind @ IdentifierKind::VariableMatch => (kind, value.to_owned()),
    };
    Ok(MatchKey {
        kind,
        text,
        variable: variable
            .filter(|_| kind == IdentifierKind::VariableMatch)
            .map(str::to_owned),
    })
}

const FIND_BY_EMAIL: &str = "
    SELECT id FROM end_users WHERE agent_id = :agent_id AND email = :text AND :variable IS NULL
    ORDER BY seq LIMIT :limit";

const FIND_BY_EXTERNAL_ID: &str = "
    SELECT id FROM end_users
    WHERE agent_id = :agent_id AND external_id = :text AND :variable IS NULL LIMIT :limit";

const FIND_BY_ID: &str = "
    SELECT id FROM end_users
    WHERE agent_id = :agent_id AND id = :text AND :variable IS NULL LIMIT :limit";

// The members of the profile count as variables, beside the metadata.
const FIND_BY_VARIABLE: &str = "
    SELECT id FROM end_users WHERE agent_id = :agent_id AND (
        EXISTS (SELECT 1 FROM json_each(metadata) m WHERE m.key = :variable AND :text =
            CASE m.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false'
                        ELSE CAST(m.value AS TEXT) END)
        OR :text = CASE :variable
            WHEN 'first_name' THEN first_name WHEN 'last_name' THEN last_name
            WHEN 'display_name' THEN display_name WHEN 'avatar' THEN avatar
            WHEN 'email' THEN email WHEN 'language' THEN language END)
    ORDER BY seq LIMIT :limit";

/// Returns the ids of the matching end users of an agent, at most `limit`.
pub(super) fn find_matches(
    conn: &Connection,
    agent: &AgentId,
    sought: &MatchKey,
    limit: usize,
) -> Result<Vec<EndUserId>> {
    let sql = match sought.kind {
        IdentifierKind::Email => FIND_BY_EMAIL,
        IdentifierKind::ExternalId => FIND_BY_EXTERNAL_ID,
        IdentifierKind::ChatterId | IdentifierKind::EndUserId => FIND_BY_ID,
        IdentifierKind::VariableMatch => FIND_BY_VARIABLE,
    };
    let mut statement = conn.prepare_cached(sql)?;
    let parameters = named_params! {
        ":agent_id": agent,
        ":text": sought.text,
        ":variable": sought.variable,
        ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
    };
    let ids = statement.query_map(parameters, |row| row.get(0))?;
    Ok(ids.collect::<rusqlite::Result<_>>()?)
}
