//! Knowledge bases: names with tags. The files of one have its id as their tag `kbId`.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::{access::Viewer, rows::read_tags, tag_filter::TagFilter, upsert::check_tags};
use crate::{
    domain::{
        bots::author::require_write,
        shared::paging::{PAGE_SIZE, Page, PageToken},
        tenancy::{bounds::Bound, request_auth::RequestContext, write_tx::WriteTx},
    },
    kernel::{Error, Result, Rule, Timestamp, Violation, ids::KnowledgeBaseId},
};

/// Tag of a file with the id of its knowledge base.
// wire: nothing but this tag says which files a knowledge base has (botpress-today.md §6)
pub const FILE_TAG: &str = "kbId";
/// Maximum length of a name, in characters.
const MAX_NAME_CHARS: usize = 200;
/// Number of files that one transaction deletes.
const FILES_PER_TRANSACTION: i64 = 200;

/// A knowledge base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnowledgeBase {
    /// Id.
    pub id: KnowledgeBaseId,
    /// Name.
    pub name: String,
    /// Tags by name.
    pub tags: BTreeMap<String, String>,
    /// Creation time.
    pub created_at: Timestamp,
    seq: i64,
}

const BOUND: Bound = Bound {
    owner_label: "A bot",
    items_label: "knowledge bases",
    setting: "knowledge_bases",
    limit: |bounds| bounds.knowledge_bases,
    max_number_sql: None,
    rows_sql: "SELECT 1 FROM knowledge_bases WHERE agent_seq = ?1",
};

const IS_VISIBLE: &str =
    "agent_seq = :agent_seq AND (:integration IS NULL OR integration = :integration)";

fn from_row(row: &Row<'_>) -> rusqlite::Result<KnowledgeBase> {
    Ok(KnowledgeBase {
        id: row.get("id")?,
        name: row.get("name")?,
        tags: read_tags(row)?,
        created_at: row.get("created_at")?,
        seq: row.get("seq")?,
    })
}

fn load(conn: &Connection, viewer: &Viewer, id: &KnowledgeBaseId) -> Result<KnowledgeBase> {
    let sql = format!("SELECT * FROM knowledge_bases WHERE id = :id AND {IS_VISIBLE}");
    let parameters = named_params! {
        ":id": id, ":agent_seq": viewer.bot.seq, ":integration": viewer.integration,
    };
    let mut statement = conn.prepare_cached(&sql)?;
    let found = statement.query_row(parameters, from_row).optional()?;
    found.ok_or_else(|| Error::not_found(format!("Knowledge base \"{id}\" not found")))
}

fn check_name(name: &str) -> Result<()> {
    let rule = match name.chars().count() {
        0 => Rule::MinLength(1),
        count if count > MAX_NAME_CHARS => Rule::MaxLength(MAX_NAME_CHARS as u64),
        _ => return Ok(()),
    };
    Err(Violation::body(["name"], rule).into())
}

const INSERT: &str = "
    INSERT INTO knowledge_bases (id, agent_seq, integration, name, tags, created_at)
    VALUES (:id, :agent_seq, :integration, :name, :tags, :now)";

/// Creates a knowledge base in the call's bot.
///
/// # Errors
/// `Invalid`; `Forbidden` for a role below developer; `LimitExceeded`; errors of the store.
pub async fn create(
    call: &RequestContext,
    name: String,
    tags: BTreeMap<String, String>,
) -> Result<KnowledgeBase> {
    require_write(call)?;
    check_name(&name)?;
    check_tags(&tags)?;
    let viewer = Viewer::from_call(call)?;
    call.app()
        .run_write_tx(call, move |tx, _| {
            BOUND.require(tx, viewer.bot.seq)?;
            let id = KnowledgeBaseId::new_knowledge_base();
            tx.conn.prepare_cached(INSERT)?.execute(named_params! {
                ":id": id,
                ":agent_seq": viewer.bot.seq,
                ":integration": viewer.integration_column(),
                ":name": name,
                ":tags": serde_json::to_value(&tags).unwrap_or_default(),
                ":now": tx.now,
            })?;
            load(tx.conn, &viewer, &id)
        })
        .await
}

/// Lists the knowledge bases that meet the conditions on tags, newest first.
///
/// # Errors
/// Errors of the store.
pub async fn list(
    call: &RequestContext,
    tags: TagFilter,
    after: Option<PageToken>,
) -> Result<Page<KnowledgeBase>> {
    let viewer = Viewer::from_call(call)?;
    call.app()
        .store()
        .scan(move |conn| {
            // A bot has few, so that the conditions need no index.
            let sql = format!(
                "SELECT * FROM knowledge_bases WHERE {IS_VISIBLE} AND seq < :after ORDER BY seq DESC"
            );
            let mut statement = conn.prepare_cached(&sql)?;
            let parameters = named_params! {
                ":agent_seq": viewer.bot.seq,
                ":integration": viewer.integration,
                ":after": after.map_or(i64::MAX, |after| after.seq),
            };
            let mut found = Vec::new();
            for row in statement.query_map(parameters, from_row)? {
                let row = row?;
                if tags.matches(&row.tags) {
                    found.push(row);
                }
                if found.len() > PAGE_SIZE {
                    break;
                }
            }
            Ok(Page::from_rows(found, |last| {
                PageToken::for_row(last.created_at, last.seq)
            }))
        })
        .await
}

const UPDATE: &str = "UPDATE knowledge_bases SET name = :name, tags = :tags WHERE seq = :seq";

/// Renames a knowledge base, and sets its tags by name; `None` removes a tag.
///
/// # Errors
/// `NotFound`; `Invalid`; `Forbidden` for a role below developer; errors of the store.
pub async fn update(
    call: &RequestContext,
    id: KnowledgeBaseId,
    name: String,
    tags: BTreeMap<String, Option<String>>,
) -> Result<KnowledgeBase> {
    require_write(call)?;
    check_name(&name)?;
    let viewer = Viewer::from_call(call)?;
    call.app()
        .run_write_tx(call, move |tx, _| {
            let mut base = load(tx.conn, &viewer, &id)?;
            base.name = name;
            for (name, value) in tags {
                match value {
                    Some(value) => base.tags.insert(name, value),
                    None => base.tags.remove(&name),
                };
            }
            check_tags(&base.tags)?;
            tx.conn.prepare_cached(UPDATE)?.execute(named_params! {
                ":seq": base.seq,
                ":name": base.name,
                ":tags": serde_json::to_value(&base.tags).unwrap_or_default(),
            })?;
            Ok(base)
        })
        .await
}

const DELETE_FILES: &str = "
    DELETE FROM files WHERE seq IN (
        SELECT file_tags.file_seq FROM file_tags JOIN files ON files.seq = file_tags.file_seq
        WHERE file_tags.agent_seq = :agent_seq AND file_tags.name = :tag AND file_tags.value = :id
          AND (:integration IS NULL OR files.integration = :integration)
        LIMIT :limit)";
const DELETE: &str = "DELETE FROM knowledge_bases WHERE seq = :seq";

/// Deletes a knowledge base with those of its files that the caller may change.
///
/// # Errors
/// `NotFound`; `Forbidden` for a role below developer; errors of the store.
// wire: nothing says what becomes of the files of a deleted knowledge base (botpress-today.md §6)
pub async fn delete(call: &RequestContext, id: KnowledgeBaseId) -> Result<()> {
    require_write(call)?;
    let viewer = Viewer::from_call(call)?;
    loop {
        let (viewer, id) = (viewer.clone(), id.clone());
        let step = call
            .app()
            .run_write_tx(call, move |tx, _| delete_some(tx, &viewer, &id));
        if !step.await? {
            return Ok(());
        }
    }
}

/// Deletes some files, or the knowledge base once it has none. True if there are more.
fn delete_some(tx: &WriteTx<'_>, viewer: &Viewer, id: &KnowledgeBaseId) -> Result<bool> {
    let base = load(tx.conn, viewer, id)?;
    let deleted = tx
        .conn
        .prepare_cached(DELETE_FILES)?
        .execute(named_params! {
            ":agent_seq": viewer.bot.seq,
            ":tag": FILE_TAG,
            ":id": id,
            ":integration": viewer.integration,
            ":limit": FILES_PER_TRANSACTION,
        })?;
    tx.wake_file_worker();
    if deleted > 0 {
        return Ok(true);
    }
    tx.conn
        .prepare_cached(DELETE)?
        .execute(named_params! {":seq": base.seq})?;
    Ok(false)
}
