//! Passages of a file: lists them, and replaces them by passages that the caller has made.

use rusqlite::{OptionalExtension, named_params};

use super::{
    Status,
    access::Viewer,
    index::{self, PassageOwner},
    rows,
};
use crate::{
    domain::{
        bots::author::require_write,
        shared::{
            paging::{Page, PageToken},
            sql::text_enum,
        },
        tenancy::request_auth::RequestContext,
    },
    kernel::{
        Error, Kind, Result, Rule, Violation,
        ids::PassageId,
        violation::{Location, PathSegment},
    },
};

/// Default and maximum number of passages on a page.
pub const PAGE_LIMITS: (u32, u32) = (20, 200);
/// Maximum length of a passage that a caller sets, in characters.
pub const MAX_CHARS: usize = 20_000;

text_enum! {
    /// Kind of the text of a passage.
    pub enum Subtype {
        /// Title.
        Title = "title",
        /// Subtitle.
        Subtitle = "subtitle",
        /// Paragraph.
        Paragraph = "paragraph",
        /// Quotation.
        Blockquote = "blockquote",
        /// List.
        List = "list",
        /// Table, or one of its rows.
        Table = "table",
        /// Code.
        Code = "code",
        /// Description of an image.
        Image = "image",
        /// Page.
        Page = "page",
    }
}

/// A passage of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// Id of the passage.
    pub id: PassageId,
    /// Text.
    pub text: String,
    /// Kind of the text.
    pub subtype: Subtype,
    /// Page of the document.
    pub page: Option<u32>,
    /// Position in the file, from 0.
    pub position: i64,
}

const LIST: &str = "
    SELECT id, text, subtype, page, position FROM file_passages
    WHERE set_seq = :set AND position > :after ORDER BY position LIMIT :limit";

/// Lists the passages of a file, given by id or key, in their order. A file that is not indexed has none.
///
/// # Errors
/// `NotFound`, and errors of the store.
pub async fn list(
    call: &RequestContext,
    id_or_key: String,
    limit: u32,
    after: Option<PageToken>,
) -> Result<Page<Passage>> {
    let viewer = Viewer::from_call(call)?;
    let now = call.app().clock().now();
    call.app()
        .store()
        .scan(move |conn| {
            let file = rows::load_visible(conn, &viewer, &id_or_key, now)?;
            let mut statement = conn.prepare_cached(LIST)?;
            let parameters = named_params! {
                ":set": file.passages,
                ":after": after.map_or(-1, |after| after.seq),
                ":limit": i64::from(limit) + 1,
            };
            let found = statement.query_map(parameters, |row| {
                Ok(Passage {
                    id: row.get("id")?,
                    text: row.get("text")?,
                    subtype: row.get("subtype")?,
                    page: row.get("page")?,
                    position: row.get("position")?,
                })
            })?;
            let mut items: Vec<Passage> = found.collect::<rusqlite::Result<_>>()?;
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            let has_more = items.len() > limit;
            items.truncate(limit);
            let last = items.last().filter(|_| has_more);
            let next = last.map(|last| PageToken::for_row(now, last.position));
            Ok(Page { items, next })
        })
        .await
}

/// A passage that a caller sets.
#[derive(Debug, Clone)]
pub struct GivenPassage {
    /// Text.
    pub text: String,
    /// Kind of the text.
    pub subtype: Subtype,
    /// Page of the document.
    pub page: Option<u32>,
}

const SET: &str = "
    UPDATE files SET status = :status, failure = NULL, indexed = 1, passages_seq = :set, updated_at = :now
    WHERE seq = :seq AND blob_seq IS :blob";

/// Replaces the passages of a file, given by id or key.
///
/// # Errors
/// `NotFound`; `Invalid` for an empty and for a long text, and for a file without bytes; `Forbidden` for a file of another
/// owner and for a role below developer; `LimitExceeded`; errors of the store.
// wire: the new passages can be searched when the call returns, so that no `indexing_pending` is seen
// (botpress-today.md §6)
pub async fn set(
    call: &RequestContext,
    id_or_key: String,
    passages: Vec<GivenPassage>,
) -> Result<()> {
    require_write(call)?;
    let (app, viewer) = (call.app(), Viewer::from_call(call)?);
    let max = app.file_settings().max_passages;
    if passages.len() as u64 > max {
        let text = format!("A file can have {max} passages (files.max_passages)");
        return Err(Error::new(Kind::LimitExceeded, text));
    }
    check(&passages)?;
    let now = app.clock().now();
    let file = app
        .store()
        .read(|conn| rows::load_changeable(conn, &viewer, &id_or_key, now))?;
    let Some(blob) = file.blob else {
        return Err(Error::invalid("The file has no content yet"));
    };
    let owner = PassageOwner {
        bot: viewer.bot.clone(),
        replaced: file.passages,
    };
    let passages = tokio::task::spawn_blocking(move || index::from_given(passages));
    let passages = passages
        .await
        .map_err(|error| Error::internal("reading passages panicked", error))?;
    // The task goes on without the client, so that no set is left behind.
    let (task_app, seq) = (app.clone(), file.seq);
    let inserted =
        tokio::spawn(async move { index::insert_all(&task_app, &owner, passages).await });
    let set = inserted
        .await
        .map_err(|error| Error::internal("storing passages panicked", error))??;
    let changed = app.run_write_tx(call, move |tx, _| {
        let changed = tx.conn.prepare_cached(SET)?.execute(named_params! {
            ":status": Status::IndexingCompleted,
            ":set": set,
            ":seq": seq,
            ":blob": blob,
            ":now": tx.now,
        })?;
        if changed == 0 {
            return Err(rows::not_found(&id_or_key));
        }
        index::mark_complete(tx.conn, set)?;
        tx.wake_file_worker();
        Ok(())
    });
    let result = changed.await;
    if result.is_err() {
        index::discard(app, set).await?;
    }
    result
}

fn check(passages: &[GivenPassage]) -> Result<()> {
    for (index, passage) in passages.iter().enumerate() {
        let rule = match passage.text.chars().take(MAX_CHARS + 1).count() {
            0 => Rule::MinLength(1),
            count if count > MAX_CHARS => Rule::MaxLength(MAX_CHARS as u64),
            _ => continue,
        };
        let key = |name: &str| PathSegment::Key(name.to_owned());
        return Err(Violation {
            location: Location::Body,
            path: vec![key("passages"), PathSegment::Index(index), key("content")],
            rule,
        }
        .into());
    }
    Ok(())
}

const FIND_DOOMED: &str = "SELECT seq FROM file_passage_sets WHERE doomed = 1 LIMIT 1";
const DELETE_SOME: &str = "
    DELETE FROM file_passages WHERE seq IN (
        SELECT seq FROM file_passages WHERE set_seq = :set LIMIT :limit)";
const DELETE_SET: &str = "DELETE FROM file_passage_sets WHERE seq = :set";
const DOOM_INCOMPLETE: &str = "UPDATE file_passage_sets SET doomed = 1 WHERE complete = 0";
/// Number of passages that one transaction deletes.
const PASSAGES_PER_DELETION: i64 = 25;

/// True if a set of passages is doomed.
pub(super) fn has_doomed(conn: &rusqlite::Connection) -> Result<bool> {
    Ok(conn.prepare_cached(FIND_DOOMED)?.exists([])?)
}

/// Dooms the sets that were being written when the server ended. Call it before any is written.
pub(super) fn doom_incomplete(conn: &rusqlite::Connection) -> Result<()> {
    conn.prepare_cached(DOOM_INCOMPLETE)?.execute([])?;
    Ok(())
}

/// Deletes a part of a doomed set.
pub(super) fn purge_step(conn: &rusqlite::Connection) -> Result<()> {
    let mut statement = conn.prepare_cached(FIND_DOOMED)?;
    let found: Option<i64> = statement.query_row([], |row| row.get(0)).optional()?;
    let Some(set) = found else {
        return Ok(());
    };
    let parameters = named_params! {":set": set, ":limit": PASSAGES_PER_DELETION};
    let deleted = conn.prepare_cached(DELETE_SOME)?.execute(parameters)?;
    if i64::try_from(deleted).is_ok_and(|deleted| deleted < PASSAGES_PER_DELETION) {
        conn.prepare_cached(DELETE_SET)?
            .execute(named_params! {":set": set})?;
    }
    Ok(())
}
