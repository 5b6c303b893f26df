//! Reads rows of files.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde_json::{Map, Value};

use super::{
    AccessPolicies, File, Owner, OwnerKind,
    access::{IS_VISIBLE, Viewer},
};
use crate::{
    domain::tenancy::request_auth::{PrincipalAgent, RequestContext},
    kernel::{Error, Result, Timestamp, ids::AgentId},
};

/// Columns of [`from_row`], and the tables that have them.
pub(super) const SELECT: &str = "
    SELECT files.*, blobs.etag FROM files LEFT JOIN blobs ON blobs.seq = files.blob_seq";

/// Reads a file from a row of [`SELECT`].
pub(super) fn from_row(row: &Row<'_>, bot: &AgentId) -> rusqlite::Result<File> {
    let integration: String = row.get("integration")?;
    let user: Option<i64> = row.get("user_seq")?;
    let kind = match user {
        Some(_) => OwnerKind::User,
        None if integration.is_empty() => OwnerKind::Bot,
        None => OwnerKind::Integration,
    };
    let unsigned = |number: i64| number.unsigned_abs();
    Ok(File {
        seq: row.get("seq")?,
        id: row.get("id")?,
        bot: bot.clone(),
        key: row.get("key")?,
        owner: Owner {
            kind,
            id: row.get("owner_id")?,
            name: row.get("owner_name")?,
            alias: row.get("owner_alias")?,
        },
        content_type: row.get("content_type")?,
        size: row.get::<_, Option<i64>>("size")?.map(unsigned),
        tags: read_tags(row)?,
        metadata: read_members(row, "metadata")?,
        access_policies: AccessPolicies {
            public_content: row.get("public")?,
            integrations: row.get("shared")?,
        },
        index: row.get("indexed")?,
        status: row.get("status")?,
        failure: row.get("failure")?,
        expires_at: row.get("expires_at")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        integration,
        blob: row.get("blob_seq")?,
        etag: row.get("etag")?,
        passages: row.get("passages_seq")?,
        chunk_length: usize::try_from(row.get::<_, i64>("chunk_length")?).unwrap_or_default(),
        promised_size: unsigned(row.get("promised_size")?),
        needs_public_tag: row.get("needs_public_tag")?,
    })
}

fn read_members(row: &Row<'_>, column: &str) -> rusqlite::Result<Map<String, Value>> {
    match row.get(column)? {
        Value::Object(members) => Ok(members),
        _ => Err(rusqlite::Error::InvalidQuery),
    }
}

/// Reads the column `tags`.
pub(super) fn read_tags(row: &Row<'_>) -> rusqlite::Result<BTreeMap<String, String>> {
    let tags = read_members(row, "tags")?.into_iter();
    let tag = |(name, value): (String, Value)| match value {
        Value::String(value) => Some((name, value)),
        _ => None,
    };
    Ok(tags.filter_map(tag).collect())
}

/// Returns a file of the call's bot, by id or by key.
///
/// # Errors
/// `NotFound` if the caller sees no such file; errors of the store.
pub fn find(call: &RequestContext, id_or_key: &str) -> Result<File> {
    let viewer = Viewer::from_call(call)?;
    let now = call.app().clock().now();
    call.app()
        .store()
        .read(|conn| load_visible(conn, &viewer, id_or_key, now))
}

/// Loads a file that the caller sees, by id or by key. Of several files with the key, the caller's own comes first, then
/// the oldest.
pub(super) fn load_visible(
    conn: &Connection,
    viewer: &Viewer,
    id_or_key: &str,
    now: Timestamp,
) -> Result<File> {
    let sql = format!(
        "{SELECT} WHERE {IS_VISIBLE} AND files.seq IN (
             SELECT seq FROM files WHERE id = :name
             UNION ALL SELECT seq FROM files WHERE agent_seq = :agent_seq AND key = :name)
         ORDER BY files.id = :name DESC, files.integration = :own DESC, files.seq LIMIT 1"
    );
    let found = conn.prepare_cached(&sql)?.query_row(
        named_params! {
            ":agent_seq": viewer.bot.seq,
            ":integration": viewer.integration,
            ":own": viewer.integration_column(),
            ":name": id_or_key,
            ":now": now,
        },
        |row| from_row(row, &viewer.bot.id),
    );
    found.optional()?.ok_or_else(|| not_found(id_or_key))
}

/// Loads a file that the caller may change. A file that it only reads is `Forbidden`.
pub(super) fn load_changeable(
    conn: &Connection,
    viewer: &Viewer,
    id_or_key: &str,
    now: Timestamp,
) -> Result<File> {
    let file = load_visible(conn, viewer, id_or_key, now)?;
    match viewer.may_change(&file.integration) {
        true => Ok(file),
        false => Err(Error::new(
            crate::kernel::Kind::Forbidden,
            "An integration can change only the files that it has made",
        )),
    }
}

/// Loads the file in this row, if it still exists.
pub(super) fn load_row(conn: &Connection, bot: &PrincipalAgent, seq: i64) -> Result<Option<File>> {
    let sql = format!("{SELECT} WHERE files.seq = :seq AND files.agent_seq = :agent_seq");
    let parameters = named_params! {":seq": seq, ":agent_seq": bot.seq};
    let mut statement = conn.prepare_cached(&sql)?;
    let found = statement.query_row(parameters, |row| from_row(row, &bot.id));
    Ok(found.optional()?)
}

pub(super) fn not_found(id_or_key: &str) -> Error {
    Error::not_found(format!("File \"{id_or_key}\" not found"))
}
