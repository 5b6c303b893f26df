//! Changes what is known of a file beside its bytes, and deletes files.

use std::collections::BTreeMap;

use rusqlite::named_params;
use serde_json::{Map, Value};

use super::{
    AccessPolicies, File,
    access::Viewer,
    rows,
    upsert::{check_expiry, check_metadata, check_tags, insert_tags},
};
use crate::{
    domain::{bots::author::require_write, tenancy::request_auth::RequestContext},
    kernel::{Result, Timestamp},
};

/// A change of a file. Absent fields stay.
#[derive(Debug, Clone, Default)]
pub struct MetadataPatch {
    /// New metadata.
    pub metadata: Option<Map<String, Value>>,
    /// Tags to set by name; `None` removes a tag.
    pub tags: BTreeMap<String, Option<String>>,
    /// New permissions of others.
    pub access_policies: Option<AccessPolicies>,
    /// New time of the deletion; `Some(None)` for a file that stays.
    pub expires_at: Option<Option<Timestamp>>,
}

const UPDATE: &str = "
    UPDATE files SET tags = :tags, metadata = :metadata, public = :public, shared = :shared,
        expires_at = :expires_at, updated_at = :now
    WHERE seq = :seq";
const DELETE_TAGS: &str = "DELETE FROM file_tags WHERE file_seq = :seq";

/// Changes a file, given by id or key.
///
/// # Errors
/// `NotFound`; `Forbidden` for a file of another owner and for a role below developer; `Invalid`; errors of the store.
pub async fn update(
    call: &RequestContext,
    id_or_key: String,
    patch: MetadataPatch,
) -> Result<File> {
    require_write(call)?;
    let viewer = Viewer::from_call(call)?;
    check_expiry(patch.expires_at.flatten(), call.app().clock().now())?;
    call.app()
        .run_write_tx(call, move |tx, _| {
            let mut file = rows::load_changeable(tx.conn, &viewer, &id_or_key, tx.now)?;
            let has_tags = !patch.tags.is_empty();
            for (name, value) in patch.tags {
                match value {
                    Some(value) => file.tags.insert(name, value),
                    None => file.tags.remove(&name),
                };
            }
            file.metadata = patch.metadata.unwrap_or(file.metadata);
            file.access_policies = patch.access_policies.unwrap_or(file.access_policies);
            file.expires_at = patch.expires_at.unwrap_or(file.expires_at);
            file.updated_at = tx.now;
            check_tags(&file.tags)?;
            check_metadata(&file.metadata)?;
            tx.conn.prepare_cached(UPDATE)?.execute(named_params! {
                ":seq": file.seq,
                ":tags": serde_json::to_value(&file.tags).unwrap_or_default(),
                ":metadata": Value::Object(file.metadata.clone()),
                ":public": file.access_policies.public_content,
                ":shared": file.access_policies.integrations,
                ":expires_at": file.expires_at,
                ":now": tx.now,
            })?;
            if has_tags {
                tx.conn
                    .prepare_cached(DELETE_TAGS)?
                    .execute(named_params! {":seq": file.seq})?;
                insert_tags(tx, (viewer.bot.seq, file.seq), &file.tags)?;
            }
            Ok(file)
        })
        .await
}

pub(super) const DELETE: &str = "DELETE FROM files WHERE seq = :seq";

/// Deletes a file, given by id or key.
///
/// # Errors
/// `NotFound`; `Forbidden` for a file of another owner and for a role below developer; errors of the store.
pub async fn delete(call: &RequestContext, id_or_key: String) -> Result<()> {
    require_write(call)?;
    let viewer = Viewer::from_call(call)?;
    call.app()
        .run_write_tx(call, move |tx, _| {
            let file = rows::load_changeable(tx.conn, &viewer, &id_or_key, tx.now)?;
            tx.conn
                .prepare_cached(DELETE)?
                .execute(named_params! {":seq": file.seq})?;
            tx.wake_file_worker();
            Ok(())
        })
        .await
}
