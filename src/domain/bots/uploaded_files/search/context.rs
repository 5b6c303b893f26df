//! Adds the neighbours of the passages that a search found, and joins the passages of a file.

use std::collections::HashMap;

use rusqlite::{Connection, named_params};

use super::{FoundPassage, Hit, Query, load_file};
use crate::{
    domain::bots::uploaded_files::{File, access::Viewer},
    kernel::{Result, ids::PassageId},
};

/// Place of a part, relative to the passage that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContextKind {
    /// Headings above the passage.
    Breadcrumb,
    /// Before the passage.
    Preceding,
    /// The passage.
    Current,
    /// After the passage.
    Subsequent,
}

/// A passage, one of its neighbours, or the headings above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextPart {
    /// Id of the passage; `None` for headings.
    pub id: Option<PassageId>,
    /// Text.
    pub text: String,
    /// Distance in passages, negative before the passage; `None` for headings.
    pub offset: Option<i64>,
    /// Place.
    pub kind: ContextKind,
}

/// Converts the rows to hits, in their order.
pub(super) fn to_hits(
    conn: &Connection,
    viewer: &Viewer,
    query: &Query,
    found: Vec<FoundPassage>,
) -> Result<Vec<Hit>> {
    let mut files: HashMap<i64, File> = HashMap::new();
    let mut hits: Vec<Hit> = Vec::new();
    for passage in found {
        let file = match files.get(&passage.file) {
            Some(file) => file.clone(),
            None => {
                let Some(file) = load_file(conn, viewer, passage.file)? else {
                    continue;
                };
                files.insert(passage.file, file.clone());
                file
            }
        };
        let context = read_context(conn, query, &passage)?;
        let known = hits.iter_mut().find(|hit| hit.file.seq == passage.file);
        match known.filter(|_| query.consolidate) {
            Some(hit) => merge(hit, context, &passage),
            None => hits.push(Hit {
                file,
                score: passage.score,
                subtype: (!query.consolidate).then_some(passage.subtype),
                page: passage.page,
                position: passage.position,
                context,
            }),
        }
    }
    Ok(hits)
}

const NEIGHBOURS: &str = "
    SELECT id, text, position FROM file_passages
    WHERE set_seq = :set AND position BETWEEN :first AND :last ORDER BY position";

fn read_context(
    conn: &Connection,
    query: &Query,
    passage: &FoundPassage,
) -> Result<Vec<ContextPart>> {
    let mut parts = Vec::new();
    if query.include_breadcrumb && !passage.heading.is_empty() {
        parts.push(ContextPart {
            id: None,
            text: passage.heading.clone(),
            offset: None,
            kind: ContextKind::Breadcrumb,
        });
    }
    if query.context_depth == 0 {
        parts.push(ContextPart {
            id: Some(passage.id.clone()),
            text: passage.text.clone(),
            offset: Some(0),
            kind: ContextKind::Current,
        });
        return Ok(parts);
    }
    let depth = i64::from(query.context_depth);
    let mut statement = conn.prepare_cached(NEIGHBOURS)?;
    let parameters = named_params! {
        ":set": passage.set,
        ":first": passage.position - depth,
        ":last": passage.position + depth,
    };
    let neighbours = statement.query_map(parameters, |row| {
        let offset = row.get::<_, i64>("position")? - passage.position;
        Ok(ContextPart {
            id: row.get("id")?,
            text: row.get("text")?,
            offset: Some(offset),
            kind: match offset {
                0 => ContextKind::Current,
                ..0 => ContextKind::Preceding,
                _ => ContextKind::Subsequent,
            },
        })
    })?;
    for part in neighbours {
        parts.push(part?);
    }
    Ok(parts)
}

/// Adds the parts of another passage of the same file, each once and in the order of the file. Offsets stay relative to
/// the best passage.
fn merge(hit: &mut Hit, context: Vec<ContextPart>, passage: &FoundPassage) {
    let distance = passage.position - hit.position;
    for mut part in context {
        part.offset = part.offset.map(|offset| offset + distance);
        let known = hit.context.iter_mut().find(|known| match &part.id {
            Some(id) => known.id.as_ref() == Some(id),
            None => known.id.is_none() && known.text == part.text,
        });
        match known {
            Some(known) if part.kind == ContextKind::Current => known.kind = part.kind,
            Some(_) => {}
            None => hit.context.push(part),
        }
    }
    hit.context
        .sort_by_key(|part| part.offset.unwrap_or(i64::MIN));
}
