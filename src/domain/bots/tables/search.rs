//! Sorts rows by the similarity of their searchable columns to a text: BM25 over the rows that the filter selects.
//!
//! The scores are made from the rows of one table at the time of the search, and nothing is stored for it. So they do
//! not depend on the texts of other tenants, and an erased row leaves no words in an index.

use rusqlite::Connection;
use serde_json::Value;

use super::{
    find::Search,
    rows::{self, Row, RowPage, StoredRow},
    scan::{self, ScanLimits},
    table::Table,
};
use crate::{
    domain::retrieval::answers::{Language, StopWords, question_terms, terms},
    kernel::Result,
};

/// Maximum number of terms of a search.
const MAX_TERMS: usize = 24;
/// Saturation of the frequency of a term, as usual for BM25.
const K1: f64 = 1.2;
/// Weight of the length of a text, as usual for BM25.
const B: f64 = 0.75;

/// A row that contains a term.
struct Hit {
    id: i64,
    /// Number of terms of the row.
    length: u32,
    /// Frequency of each term of the search.
    frequencies: Vec<u16>,
}

/// Reads a page of the rows in the order of their similarity, from 1 to 0. Rows without a term have 0.
pub(super) fn find_similar(
    conn: &Connection,
    table: &Table,
    search: &Search,
    text: &str,
    limits: &ScanLimits,
) -> Result<(Vec<Row>, bool)> {
    let language = Language::detect(text);
    let wanted = select_terms(text, language);
    let (mut hits, mut others, mut total_length) = (Vec::new(), Vec::new(), 0_u64);
    scan::for_each_row(conn, table, false, limits, |row| {
        if search.selects(table, &row) {
            let found = terms(&collect_text(table, &row), language);
            total_length += found.len() as u64;
            match count_terms(&found, &wanted) {
                Some(frequencies) => hits.push(Hit {
                    id: row.id,
                    length: u32::try_from(found.len()).unwrap_or(u32::MAX),
                    frequencies,
                }),
                None => others.push((row.id, 0.0)),
            }
        }
        Ok(true)
    })?;
    let mut sorted = score(&hits, hits.len() + others.len(), total_length, wanted.len());
    sorted.extend(others);
    let (page, has_more) = search.cut(sorted);
    let mut found = RowPage::default();
    let mut similarities = Vec::new();
    for (id, similarity) in page {
        if let Some(row) = rows::find(conn, table, id)? {
            found.push(row)?;
            similarities.push(similarity);
        }
    }
    let shown = found.rows.into_iter().zip(similarities);
    let shown = shown.map(|(row, similarity)| Row {
        similarity: Some(similarity),
        ..row.into_shown(table)
    });
    Ok((shown.collect(), has_more))
}

/// Returns the distinct terms of a search. Stop words count only if there are no other words.
fn select_terms(text: &str, language: Language) -> Vec<String> {
    let mut found = question_terms(text, StopWords::for_text(text), language);
    if found.is_empty() {
        found = terms(text, language);
    }
    let mut distinct: Vec<String> = Vec::new();
    for term in found {
        if distinct.len() < MAX_TERMS && !distinct.contains(&term) {
            distinct.push(term);
        }
    }
    distinct
}

/// Joins the values of the searchable columns. Objects and lists are searched as JSON text.
fn collect_text(table: &Table, row: &StoredRow) -> String {
    let mut text = String::new();
    for column in &table.columns.all {
        if !column.schema.is_searchable() {
            continue;
        }
        match row.values.get(column.number) {
            None => {}
            Some(Value::String(value)) => text.push_str(value),
            Some(other) => text.push_str(&other.to_string()),
        }
        text.push('\n');
    }
    text
}

/// Counts the wanted terms; `None` if there are none.
fn count_terms(found: &[String], wanted: &[String]) -> Option<Vec<u16>> {
    let mut counts = vec![0_u16; wanted.len()];
    for term in found {
        if let Some(index) = wanted.iter().position(|one| one == term) {
            counts[index] = counts[index].saturating_add(1);
        }
    }
    counts.iter().any(|count| *count > 0).then_some(counts)
}

/// Returns the rows with their similarity, the most similar first.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of rows and terms have fewer than 53 bits"
)]
fn score(hits: &[Hit], rows: usize, total_length: u64, terms: usize) -> Vec<(i64, f64)> {
    let rows = rows.max(1) as f64;
    let mean_length = (total_length as f64 / rows).max(1.0);
    let weights: Vec<f64> = (0..terms)
        .map(|index| {
            let with = hits.iter().filter(|hit| hit.frequencies[index] > 0).count() as f64;
            ((rows - with + 0.5) / (with + 0.5)).ln_1p()
        })
        .collect();
    let scored = hits.iter().map(|hit| {
        let norm = K1 * (1.0 - B + B * f64::from(hit.length) / mean_length);
        let parts = hit.frequencies.iter().zip(&weights).map(|(count, weight)| {
            let count = f64::from(*count);
            weight * count * (K1 + 1.0) / (count + norm)
        });
        let score: f64 = parts.sum();
        // wire: nothing says how scores become 0 to 1 (botpress-today.md §7)
        (hit.id, score / (1.0 + score))
    });
    let mut scored: Vec<(i64, f64)> = scored.collect();
    scored.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
    scored
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_terms_in_short_texts_count_most() {
        let hit = |id, length, frequencies: &[u16]| Hit {
            id,
            length,
            frequencies: frequencies.to_vec(),
        };
        let hits = [
            hit(1, 10, &[1, 0]),
            hit(2, 10, &[1, 1]),
            hit(3, 40, &[1, 0]),
        ];
        let scored = score(&hits, 10, 200, 2);
        let ids: Vec<i64> = scored.iter().map(|(id, _)| *id).collect();
        assert_eq!(ids, [2, 1, 3]);
        assert!(scored.iter().all(|(_, score)| (0.0..1.0).contains(score)));
    }

    #[test]
    fn words_are_stemmed() {
        let wanted = select_terms("the tables", Language::English);
        assert_eq!(wanted.len(), 1);
        let found = terms("A table of oak", Language::English);
        assert_eq!(count_terms(&found, &wanted), Some(vec![1]));
        assert_eq!(select_terms("the", Language::English), ["the"]);
    }
}
