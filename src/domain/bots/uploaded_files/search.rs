//! Searches the passages of files by BM25.
//!
//! All bots share one full-text index. Each term in it begins with the number of its bot, so that a search reads the
//! entries of its own bot alone.

mod context;

use rusqlite::{Connection, OptionalExtension, named_params};

pub use self::context::{ContextKind, ContextPart};
use super::{
    File,
    access::{IS_VISIBLE, Viewer},
    list::{borrow_parameters, viewer_parameters},
    passages::Subtype,
    rows,
    tag_filter::TagFilter,
};
use crate::{
    domain::{
        retrieval::{
            answers::Languages,
            folders::{RANKED_MAX, build_match_query, select_query_terms},
        },
        tenancy::request_auth::RequestContext,
    },
    kernel::{Result, Timestamp, ids::PassageId},
};

/// Default and maximum number of passages in a result.
pub const LIMITS: (u32, u32) = (20, 50);
/// Default and maximum number of neighbours on each side of a passage.
pub const DEPTHS: (u32, u32) = (1, 10);
/// Weight of a term in the heading, relative to one in the text.
const HEADING_WEIGHT: f64 = 2.0;
const TABLE: &str = "file_terms";

/// A search.
#[derive(Debug, Clone)]
pub struct Query {
    /// Text.
    pub text: String,
    /// Conditions on the tags of the file.
    pub tags: TagFilter,
    /// Maximum number of passages.
    pub limit: u32,
    /// Number of neighbours on each side of a passage that its content includes.
    pub context_depth: u32,
    /// True for one passage of each file.
    pub consolidate: bool,
    /// True if the content begins with the headings above it.
    pub include_breadcrumb: bool,
}

/// A passage that a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// File of the passage.
    pub file: File,
    /// Score from 0 to 1.
    pub score: f64,
    /// Kind of the text; `None` for the passages of a file together.
    pub subtype: Option<Subtype>,
    /// Page of the document.
    pub page: Option<u32>,
    /// Position in the file, from 0.
    pub position: i64,
    /// The passage and its neighbours, in their order.
    pub context: Vec<ContextPart>,
}

impl Hit {
    /// Returns the text of the passage with its neighbours.
    #[must_use]
    pub fn content(&self) -> String {
        let texts: Vec<&str> = self.context.iter().map(|part| part.text.as_str()).collect();
        texts.join("\n\n")
    }
}

/// Returns the terms of a bot as the index has them.
pub(super) fn to_own_terms(agent_seq: i64, terms: Vec<String>) -> Vec<String> {
    let terms = terms.into_iter();
    terms.map(|term| format!("b{agent_seq}x{term}")).collect()
}

const LANGUAGES: &str = "SELECT languages FROM file_languages WHERE agent_seq = :agent_seq";

/// Returns the passages that match best among the files that the caller sees, best first. Any text is a valid query; a
/// query without a word finds nothing.
///
/// # Errors
/// Errors of the store.
pub async fn search(call: &RequestContext, query: Query) -> Result<Vec<Hit>> {
    let viewer = Viewer::from_call(call)?;
    let now = call.app().clock().now();
    call.app()
        .store()
        .scan(move |conn| {
            let agent_seq = viewer.bot.seq;
            let languages: Option<u32> = conn
                .prepare_cached(LANGUAGES)?
                .query_row(named_params! {":agent_seq": agent_seq}, |row| row.get(0))
                .optional()?;
            let Some(languages) = languages else {
                return Ok(Vec::new());
            };
            let terms = select_query_terms(&query.text, Languages::from_bits(languages));
            let terms = to_own_terms(agent_seq, terms);
            let Some(matching) = build_match_query(conn, TABLE, &terms)? else {
                return Ok(Vec::new());
            };
            let found = find_passages(conn, &viewer, (&query, matching), now)?;
            context::to_hits(conn, &viewer, &query, found)
        })
        .await
}

/// A row that a search found.
pub(super) struct FoundPassage {
    id: PassageId,
    file: i64,
    set: i64,
    position: i64,
    subtype: Subtype,
    page: Option<u32>,
    heading: String,
    text: String,
    score: f64,
}

fn find_passages(
    conn: &Connection,
    viewer: &Viewer,
    (query, matching): (&Query, String),
    now: Timestamp,
) -> Result<Vec<FoundPassage>> {
    let (tags, mut parameters) = query.tags.to_sql();
    parameters.extend(viewer_parameters(viewer, now));
    parameters.push((":query".to_owned(), Box::new(matching)));
    parameters.push((":limit".to_owned(), Box::new(query.limit)));
    // The inner limit bounds the ranking of a query that consists of frequent terms.
    let sql = format!(
        "SELECT p.id, files.seq AS file, p.set_seq, p.position, p.subtype, p.page, p.heading, p.text, hits.score
         FROM (SELECT rowid AS seq, bm25({TABLE}, {HEADING_WEIGHT:.1}, 1.0) AS score
               FROM {TABLE} WHERE {TABLE} MATCH :query LIMIT {RANKED_MAX}) AS hits
         CROSS JOIN file_passages AS p ON p.seq = hits.seq
         CROSS JOIN files ON files.passages_seq = p.set_seq
         WHERE {IS_VISIBLE} AND files.status = 'indexing_completed'{tags}
         ORDER BY hits.score, hits.seq LIMIT :limit"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let parameters = borrow_parameters(&parameters);
    let found = statement.query_map(parameters.as_slice(), |row| {
        let bm25: f64 = row.get("score")?;
        // FTS5 gives negative scores, the best one the lowest.
        let score = (-bm25).max(0.0);
        Ok(FoundPassage {
            id: row.get("id")?,
            file: row.get("file")?,
            set: row.get("set_seq")?,
            position: row.get("position")?,
            subtype: row.get("subtype")?,
            page: row.get("page")?,
            heading: row.get("heading")?,
            text: row.get("text")?,
            // wire: a score from 0 to 1 that falls by rank (botpress-today.md §6)
            score: score / (1.0 + score),
        })
    })?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

fn load_file(conn: &Connection, viewer: &Viewer, seq: i64) -> Result<Option<File>> {
    rows::load_row(conn, &viewer.bot, seq)
}
