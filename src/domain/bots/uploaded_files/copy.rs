//! Copies files. Both files share the stored bytes, which never change.

use rusqlite::named_params;

use super::{
    File, Status,
    access::Viewer,
    receive::status_with_content,
    rows,
    upsert::{BOUND, check_key, replace},
};
use crate::{
    domain::{
        bots::author::require_write,
        tenancy::{
            quotas::{self, UsageType},
            request_auth::{ActingInstallation, RequestContext},
        },
    },
    kernel::{Error, Kind, Result, ids::FileId},
};

/// A copy to make.
#[derive(Debug, Clone)]
pub struct Copy {
    /// Id or key of the file to copy.
    pub source: String,
    /// Key of the copy.
    pub key: String,
    /// True if a file of the caller with this key is replaced.
    pub overwrite: bool,
}

const INSERT: &str = "
    INSERT INTO files
        (id, agent_seq, integration, key, owner_id, owner_name, owner_alias, content_type, promised_size,
         size, blob_seq, tags, metadata, public, shared, indexed, chunk_length, needs_public_tag, status,
         expires_at, created_at, updated_at)
    SELECT :id, :agent_seq, :integration, :key, :owner_id, :owner_name,
           (SELECT alias FROM bot_integrations WHERE seq = :installation), content_type, promised_size, size, blob_seq, tags, metadata, public, shared, indexed, chunk_length, 0, :status,
           expires_at, :created_at, :now
    FROM files WHERE seq = :source";
const COPY_TAGS: &str = "
    INSERT INTO file_tags (agent_seq, name, value, file_seq)
    SELECT :agent_seq, name, value, :seq FROM file_tags WHERE file_seq = :source";
const EXISTS: &str = "SELECT 1 FROM files WHERE agent_seq = :agent_seq AND key = :key AND integration = :integration";

/// Copies a file with bytes, tags and metadata to the bot of `destination`, which may be that of `call`.
///
/// # Errors
/// `NotFound` without such a file; `Invalid` for a file without bytes; `Conflict` if the caller has a file with the key
/// already; `LimitExceeded`, `QuotaExceeded`, `Forbidden` for a role below developer, and errors of the store.
pub async fn copy(call: &RequestContext, destination: &RequestContext, new: Copy) -> Result<File> {
    require_write(destination)?;
    check_key("destinationKey", &new.key)?;
    let (source, target) = (Viewer::from_call(call)?, Viewer::from_call(destination)?);
    let owner = destination.principal().installation.clone();
    destination
        .app()
        .run_write_tx(destination, move |tx, workspace| {
            let file = rows::load_visible(tx.conn, &source, &new.source, tx.now)?;
            let Some(size) = file.size else {
                return Err(Error::invalid("The file has no content yet"));
            };
            let is_itself = file.key == new.key
                && (source.bot.seq, &*file.integration)
                    == (target.bot.seq, target.integration_column());
            let existing = named_params! {
                ":agent_seq": target.bot.seq,
                ":key": new.key,
                ":integration": target.integration_column(),
            };
            let exists = tx.conn.prepare_cached(EXISTS)?.exists(existing)?;
            if exists && (!new.overwrite || is_itself) {
                let text = format!("A file with the key \"{}\" exists already", new.key);
                return Err(Error::new(Kind::Conflict, text));
            }
            quotas::require(tx, workspace, UsageType::StorageCount, size)?;
            let replaced = replace(tx, &target, &new.key)?;
            let (id, created_at) = match replaced {
                Some(old) => (old.id, old.created_at),
                None => {
                    BOUND.require(tx, target.bot.seq)?;
                    (FileId::new_ordered_uuid(tx.now), tx.now)
                }
            };
            let status: Status = status_with_content(file.index);
            let owner_id = owner.as_ref().map_or_else(
                || target.bot.id.to_string(),
                |own: &ActingInstallation| own.integration_id.to_string(),
            );
            tx.conn.prepare_cached(INSERT)?.execute(named_params! {
                ":id": id,
                ":agent_seq": target.bot.seq,
                ":integration": target.integration_column(),
                ":key": new.key,
                ":owner_id": owner_id,
                ":owner_name": owner.as_ref().map(|own| own.name.as_str()),
                ":installation": owner.as_ref().map(|own| own.seq),
                ":status": status,
                ":created_at": created_at,
                ":now": tx.now,
                ":source": file.seq,
            })?;
            let seq = tx.conn.last_insert_rowid();
            tx.conn.prepare_cached(COPY_TAGS)?.execute(named_params! {
                ":agent_seq": target.bot.seq, ":seq": seq, ":source": file.seq,
            })?;
            tx.wake_file_worker();
            let copied = rows::load_row(tx.conn, &target.bot, seq)?;
            copied.ok_or_else(|| rows::not_found(&new.key))
        })
        .await
}
