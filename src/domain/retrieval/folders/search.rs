//! Searches a folder by BM25.

use rusqlite::{Connection, named_params};

use super::rows;
use crate::{
    domain::{
        App,
        retrieval::answers::{Languages, StopWords, question_terms, terms},
        tenancy::request_auth,
    },
    kernel::{Result, Timestamp},
};

/// Maximum number of query terms in one language, and in all.
const TERMS_MAX: usize = 24;
const ALL_TERMS_MAX: usize = 96;
/// Maximum number of passages to rank. Frequent terms are dropped first: they discriminate least,
/// and ranking all of their passages would take long.
pub(in crate::domain) const RANKED_MAX: i64 = 5_000;
/// Weight of a term in the title, relative to one in the text.
const TITLE_WEIGHT: f64 = 2.0;

/// A passage that a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassageHit {
    /// Path of the file, relative to the folder.
    pub path: String,
    /// Position in the file, from 0.
    pub position: i64,
    /// Title of the file and heading of the passage's section.
    pub title: String,
    /// Text.
    pub text: String,
    /// Time of the file's last change.
    pub modified_at: Timestamp,
}

impl PassageHit {
    /// Converts the passage to the fields of a connector's document, which are texts because chats
    /// need texts.
    #[must_use]
    pub fn into_fields(self) -> [(&'static str, String); 5] {
        [
            ("id", format!("{}#{}", self.path, self.position)),
            ("title", self.title),
            ("text", self.text),
            ("path", self.path),
            ("timestamp", self.modified_at.to_rfc3339_millis()),
        ]
    }
}

/// Searches a folder with the folder's token, as [`search`].
///
/// # Errors
/// `Unauthenticated` for another token or a folder that is not in the settings, or an error of the
/// store.
pub async fn search_with_token(
    app: &App,
    name: &str,
    token: &str,
    query: &str,
) -> Result<Vec<PassageHit>> {
    require_token(app, name, token)?;
    search(app, name, query).await
}

/// Checks the token of a folder.
///
/// # Errors
/// `Unauthenticated` for another token or a folder that is not in the settings.
pub fn require_token(app: &App, name: &str, token: &str) -> Result<()> {
    match app.folders().get(name) {
        Ok(folder) if folder.has_token(token) => Ok(()),
        _ => Err(request_auth::unauthenticated_error()),
    }
}

/// Returns the passages that match a query best, best first. Any text is a valid query; a query
/// without a word finds nothing.
///
/// # Errors
/// `NotFound` for a folder that is not in the settings, or an error of the store.
pub async fn search(app: &App, name: &str, query: &str) -> Result<Vec<PassageHit>> {
    let folder = app.folders().get(name)?;
    let limit = app.folder_settings().max_results;
    let name = folder.name.clone();
    let query = query.to_owned();
    let found = app.store().scan(move |conn| {
        // The folder is not indexed yet.
        let Some(folder) = rows::find(conn, &name)? else {
            return Ok(Vec::new());
        };
        let terms = select_query_terms(&query, rows::get_languages(conn, folder)?);
        find_passages(conn, folder, &terms, limit)
    });
    found.await
}

/// Returns the distinct terms of a query in each language of the texts. Stop words count only if
/// the query has no other words.
pub(in crate::domain) fn select_query_terms(query: &str, languages: Languages) -> Vec<String> {
    let mut selected: Vec<String> = Vec::new();
    let stop_words = StopWords::for_text(query);
    for with_common in [false, true] {
        for language in languages.iter() {
            let found = match with_common {
                false => question_terms(query, stop_words, language),
                true => terms(query, language),
            };
            for term in found.into_iter().take(TERMS_MAX) {
                if !selected.contains(&term) {
                    selected.push(term);
                }
            }
        }
        if !selected.is_empty() {
            break;
        }
    }
    selected.truncate(ALL_TERMS_MAX);
    selected
}

fn find_passages(
    conn: &Connection,
    folder: i64,
    terms: &[String],
    limit: u32,
) -> Result<Vec<PassageHit>> {
    let table = rows::terms_table(folder);
    let Some(query) = build_match_query(conn, &table, terms)? else {
        return Ok(Vec::new());
    };
    // The inner limit bounds the ranking of a query that consists of frequent terms.
    let sql = format!(
        "SELECT f.path, p.place, p.title, p.text, f.modified_at
         FROM (SELECT seq, score FROM
                (SELECT rowid AS seq, bm25({table}, :title_weight, 1.0) AS score
                 FROM {table} WHERE {table} MATCH :query LIMIT :ranked)
               ORDER BY score LIMIT :limit) AS hits
         JOIN folder_passages AS p ON p.seq = hits.seq
         JOIN folder_files AS f ON f.seq = p.file_seq
         ORDER BY hits.score, hits.seq"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let parameters = named_params! {
        ":query": query,
        ":title_weight": TITLE_WEIGHT,
        ":ranked": RANKED_MAX,
        ":limit": limit,
    };
    let found = statement.query_map(parameters, |row| {
        Ok(PassageHit {
            path: row.get("path")?,
            position: row.get("place")?,
            title: row.get("title")?,
            text: row.get("text")?,
            modified_at: row.get("modified_at")?,
        })
    })?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// Builds the FTS5 query for a table from the rarest terms, as many as can be ranked; none if no passage
/// contains a term.
pub(in crate::domain) fn build_match_query(
    conn: &Connection,
    table: &str,
    terms: &[String],
) -> Result<Option<String>> {
    let sql = format!(
        "SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {table} MATCH :term LIMIT :most)"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let mut counted = Vec::new();
    for term in terms {
        let quoted = quote(term);
        let parameters = named_params! {":term": quoted, ":most": RANKED_MAX};
        let passages: i64 = statement.query_row(parameters, |row| row.get(0))?;
        if passages > 0 {
            counted.push((passages, quoted));
        }
    }
    counted.sort_by_key(|(passages, _)| *passages);
    let mut sum = 0;
    let chosen: Vec<String> = counted
        .into_iter()
        .take_while(|(passages, _)| {
            let first = sum == 0;
            sum += passages;
            first || sum <= RANKED_MAX
        })
        .map(|(_, term)| term)
        .collect();
    Ok((!chosen.is_empty()).then(|| chosen.join(" OR ")))
}

/// Quotes a term as an FTS5 string, which disables the query syntax.
fn quote(term: &str) -> String {
    format!("\"{}\"", term.replace('"', "\"\""))
}
