//! Creates a file, or replaces the one with its key.

use std::{collections::BTreeMap, time::Duration};

use rusqlite::{OptionalExtension, named_params};
use serde_json::{Map, Value};

use super::{
    AccessPolicies, File, MAX_KEY_CHARS, MAX_TAG_VALUE_CHARS, Status, access::Viewer, rows,
};
use crate::{
    domain::{
        bots::{
            author::{Author, require_write},
            users,
        },
        tenancy::{
            bounds::Bound,
            quotas::{self, UsageType},
            request_auth::RequestContext,
            write_tx::WriteTx,
        },
    },
    kernel::{
        Error, Kind, Result, Rule, Timestamp, Violation,
        ids::{EndUserId, FileId},
    },
};

/// Maximum number of tags.
const MAX_TAGS: usize = 100;
/// Maximum length of the name of a tag, in characters.
const MAX_TAG_NAME_CHARS: usize = 200;
/// Maximum size of the metadata, in bytes of JSON.
const MAX_METADATA_BYTES: usize = 64 * 1024;
/// Maximum length of a media type, in bytes.
const MAX_CONTENT_TYPE_BYTES: usize = 200;
/// Maximum time until the deletion of a file that has one.
const MAX_EXPIRY: Duration = Duration::from_secs(90 * 24 * 3600);

/// The fields of a new file.
#[derive(Debug, Clone)]
pub struct NewFile {
    /// Key.
    pub key: String,
    /// Media type.
    pub content_type: String,
    /// Maximum number of bytes that will be sent.
    pub size: u64,
    /// Tags by name.
    pub tags: BTreeMap<String, String>,
    /// Metadata.
    pub metadata: Map<String, Value>,
    /// Permissions of others.
    pub access_policies: AccessPolicies,
    /// True if the file is to be indexed.
    pub index: bool,
    /// Maximum length of a passage, in characters.
    pub chunk_length: usize,
    /// True if the upload must say that the bytes are public.
    pub needs_public_tag: bool,
    /// Time of the deletion.
    pub expires_at: Option<Timestamp>,
    /// User that owns the file.
    pub user: Option<EndUserId>,
}

pub(super) const BOUND: Bound = Bound {
    owner_label: "A bot",
    items_label: "files",
    setting: "files",
    limit: |bounds| bounds.files,
    max_number_sql: Some("SELECT max(seq) FROM files"),
    rows_sql: "SELECT 1 FROM files WHERE agent_seq = ?1",
};

/// Creates a file in the call's bot that waits for its bytes. A file of the caller with this key is replaced: it keeps its
/// id, and its bytes are gone.
///
/// # Errors
/// `Invalid`; `NotFound` for an unknown user; `Forbidden` for a role below developer; `LimitExceeded` for too many files or
/// too many bytes; `QuotaExceeded` for more bytes than the plan allows; errors of the store.
pub async fn upsert(call: &RequestContext, new: NewFile) -> Result<File> {
    require_write(call)?;
    let (viewer, author) = (Viewer::from_call(call)?, Author::from_call(call)?);
    check(&new, call.app().clock().now())?;
    let max_bytes = call.app().file_settings().max_file_bytes;
    if new.size > max_bytes {
        return Err(too_large(max_bytes));
    }
    call.app()
        .run_write_tx(call, move |tx, workspace| {
            quotas::require(tx, workspace, UsageType::StorageCount, new.size)?;
            let owner = find_owner(tx, &author, &viewer, new.user.as_ref())?;
            let replaced = replace(tx, &viewer, &new.key)?;
            if replaced.is_none() {
                BOUND.require(tx, viewer.bot.seq)?;
            }
            let seq = insert(tx, &viewer, &new, (owner, replaced))?;
            tx.wake_file_worker();
            let inserted = rows::load_row(tx.conn, &viewer.bot, seq)?;
            inserted.ok_or_else(|| rows::not_found(&new.key))
        })
        .await
}

/// Returns the error for a file with more bytes than the server stores.
pub(super) fn too_large(max_bytes: u64) -> Error {
    let text = format!("A file can have {max_bytes} bytes (files.max_file_bytes)");
    Error::new(Kind::LimitExceeded, text)
}

fn check(new: &NewFile, now: Timestamp) -> Result<()> {
    check_key("key", &new.key)?;
    check_tags(&new.tags)?;
    check_metadata(&new.metadata)?;
    check_expiry(new.expires_at, now)?;
    let content_type = &new.content_type;
    let is_header = content_type
        .bytes()
        .all(|byte| (b' '..=b'~').contains(&byte));
    if !is_header || content_type.is_empty() || content_type.len() > MAX_CONTENT_TYPE_BYTES {
        let rule = Rule::Other("must be a media type".to_owned());
        return Err(Violation::body(["contentType"], rule).into());
    }
    Ok(())
}

/// Checks a key.
///
/// # Errors
/// `Invalid` for an empty and for a long one.
pub(super) fn check_key(field: &str, key: &str) -> Result<()> {
    let rule = match key.chars().count() {
        0 => Rule::MinLength(1),
        count if count > MAX_KEY_CHARS => Rule::MaxLength(MAX_KEY_CHARS as u64),
        _ => return Ok(()),
    };
    Err(Violation::body([field], rule).into())
}

/// Checks the tags of a file.
///
/// # Errors
/// `Invalid` for too many, and for names and values that are too long.
pub(super) fn check_tags(tags: &BTreeMap<String, String>) -> Result<()> {
    if tags.len() > MAX_TAGS {
        return Err(Violation::body(["tags"], Rule::MaxLength(MAX_TAGS as u64)).into());
    }
    for (name, value) in tags {
        let rule = if name.is_empty() {
            Rule::Other("must have a name".to_owned())
        } else if name.chars().count() > MAX_TAG_NAME_CHARS {
            Rule::Other(format!(
                "must have a name of {MAX_TAG_NAME_CHARS} characters at most"
            ))
        } else if value.chars().count() > MAX_TAG_VALUE_CHARS {
            Rule::MaxLength(MAX_TAG_VALUE_CHARS as u64)
        } else {
            continue;
        };
        return Err(Violation::body(["tags", name], rule).into());
    }
    Ok(())
}

/// Checks the size of metadata.
///
/// # Errors
/// `Invalid`.
pub(super) fn check_metadata(metadata: &Map<String, Value>) -> Result<()> {
    let bytes = serde_json::to_string(metadata).map_or(usize::MAX, |text| text.len());
    if bytes <= MAX_METADATA_BYTES {
        return Ok(());
    }
    let rule = Rule::Other(format!(
        "must have {MAX_METADATA_BYTES} bytes of JSON at most"
    ));
    Err(Violation::body(["metadata"], rule).into())
}

/// Checks the time of a deletion.
///
/// # Errors
/// `Invalid` for a time in the past, and for one that is too far away.
pub(super) fn check_expiry(expires_at: Option<Timestamp>, now: Timestamp) -> Result<()> {
    let Some(at) = expires_at else {
        return Ok(());
    };
    if at > now && at <= now.plus(MAX_EXPIRY) {
        return Ok(());
    }
    let days = MAX_EXPIRY.as_secs() / (24 * 3600);
    let rule = Rule::Other(format!("must be in the future, and within {days} days"));
    Err(Violation::body(["expiresAt"], rule).into())
}

/// Owner of a new file, as its columns have it.
struct OwnerColumns {
    user: Option<i64>,
    id: Option<String>,
    name: Option<String>,
    alias: Option<String>,
}

const FIND_ALIAS: &str = "SELECT alias FROM bot_integrations WHERE seq = :seq";

fn find_owner(
    tx: &WriteTx<'_>,
    author: &Author,
    viewer: &Viewer,
    user: Option<&EndUserId>,
) -> Result<OwnerColumns> {
    // wire: a bot stores a file for a user with the header `x-user-id` (botpress-today.md §0.2)
    if let Some(id) = user {
        let user = users::load_visible(tx.conn, author, id)?;
        return Ok(OwnerColumns {
            user: user.seq,
            id: Some(id.to_string()),
            name: None,
            alias: None,
        });
    }
    let Some(own) = author.integration() else {
        return Ok(OwnerColumns {
            user: None,
            id: Some(viewer.bot.id.to_string()),
            name: None,
            alias: None,
        });
    };
    let alias = tx
        .conn
        .prepare_cached(FIND_ALIAS)?
        .query_row(named_params! {":seq": own.seq}, |row| row.get(0));
    Ok(OwnerColumns {
        user: None,
        id: Some(own.integration_id.to_string()),
        name: Some(own.name.clone()),
        alias: alias.optional()?.flatten(),
    })
}

/// Values that a new row keeps of the one that it replaces.
pub(super) struct ReplacedFile {
    pub(super) id: FileId,
    pub(super) created_at: Timestamp,
}

const DELETE_BY_KEY: &str = "
    DELETE FROM files WHERE agent_seq = :agent_seq AND key = :key AND integration = :integration
    RETURNING id, created_at";

/// Deletes the caller's file with this key.
pub(super) fn replace(
    tx: &WriteTx<'_>,
    viewer: &Viewer,
    key: &str,
) -> Result<Option<ReplacedFile>> {
    let mut statement = tx.conn.prepare_cached(DELETE_BY_KEY)?;
    let parameters = named_params! {
        ":agent_seq": viewer.bot.seq,
        ":key": key,
        ":integration": viewer.integration_column(),
    };
    let deleted = statement.query_row(parameters, |row| {
        Ok(ReplacedFile {
            id: row.get("id")?,
            created_at: row.get("created_at")?,
        })
    });
    Ok(deleted.optional()?)
}

const INSERT: &str = "
    INSERT INTO files
        (id, agent_seq, integration, key, user_seq, owner_id, owner_name, owner_alias, content_type,
         promised_size, tags, metadata, public, shared, indexed, chunk_length, needs_public_tag, status,
         expires_at, created_at, updated_at)
    VALUES
        (:id, :agent_seq, :integration, :key, :user_seq, :owner_id, :owner_name, :owner_alias,
         :content_type, :promised_size, :tags, :metadata, :public, :shared, :indexed, :chunk_length,
         :needs_public_tag, :status, :expires_at, :created_at, :now)";

fn insert(
    tx: &WriteTx<'_>,
    viewer: &Viewer,
    new: &NewFile,
    (owner, replaced): (OwnerColumns, Option<ReplacedFile>),
) -> Result<i64> {
    let (id, created_at) = match replaced {
        Some(old) => (old.id, old.created_at),
        None => (FileId::new_ordered_uuid(tx.now), tx.now),
    };
    tx.conn.prepare_cached(INSERT)?.execute(named_params! {
        ":id": id,
        ":agent_seq": viewer.bot.seq,
        ":integration": viewer.integration_column(),
        ":key": new.key,
        ":user_seq": owner.user,
        ":owner_id": owner.id,
        ":owner_name": owner.name,
        ":owner_alias": owner.alias,
        ":content_type": new.content_type,
        ":promised_size": i64::try_from(new.size).unwrap_or(i64::MAX),
        ":tags": serde_json::to_value(&new.tags).unwrap_or_default(),
        ":metadata": Value::Object(new.metadata.clone()),
        ":public": new.access_policies.public_content,
        ":shared": new.access_policies.integrations,
        ":indexed": new.index,
        ":chunk_length": i64::try_from(new.chunk_length).unwrap_or_default(),
        ":needs_public_tag": new.needs_public_tag,
        ":status": Status::UploadPending,
        ":expires_at": new.expires_at,
        ":created_at": created_at,
        ":now": tx.now,
    })?;
    let seq = tx.conn.last_insert_rowid();
    insert_tags(tx, (viewer.bot.seq, seq), &new.tags)?;
    Ok(seq)
}

const INSERT_TAG: &str = "
    INSERT INTO file_tags (agent_seq, name, value, file_seq)
    VALUES (:agent_seq, :name, :value, :file)";

/// Inserts the tags of a file, given as the row numbers of its bot and itself.
pub(super) fn insert_tags(
    tx: &WriteTx<'_>,
    (agent_seq, file): (i64, i64),
    tags: &BTreeMap<String, String>,
) -> Result<()> {
    let mut statement = tx.conn.prepare_cached(INSERT_TAG)?;
    for (name, value) in tags {
        statement.execute(named_params! {
            ":agent_seq": agent_seq, ":name": name, ":value": value, ":file": file,
        })?;
    }
    Ok(())
}
