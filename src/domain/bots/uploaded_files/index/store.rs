//! Stores passages with their terms, in short transactions. A set of passages is invisible until it is complete.

use rusqlite::{Connection, named_params};

use super::NewPassage;
use crate::{
    domain::{
        bots::uploaded_files::search::to_own_terms,
        retrieval::answers::{Languages, content_terms},
        tenancy::{app::App, audit::Actor, request_auth::PrincipalAgent},
    },
    kernel::{Error, Kind, Result, ids::PassageId},
};

/// Number of passages in one transaction, because other writes wait for it.
const PASSAGES_PER_TRANSACTION: usize = 50;

/// The bot that passages are stored for, and the set that they replace.
pub(in crate::domain::bots::uploaded_files) struct PassageOwner {
    pub(in crate::domain::bots::uploaded_files) bot: PrincipalAgent,
    pub(in crate::domain::bots::uploaded_files) replaced: Option<i64>,
}

const COUNT: &str = "
    SELECT coalesce(sum(passages), 0) FROM file_passage_sets
    WHERE agent_seq = :agent_seq AND doomed = 0 AND seq IS NOT :replaced";
const INSERT_SET: &str =
    "INSERT INTO file_passage_sets (agent_seq, passages) VALUES (:agent_seq, :passages)";
const ADD_LANGUAGES: &str = "
    INSERT INTO file_languages (agent_seq, languages) VALUES (:agent_seq, :bits)
    ON CONFLICT (agent_seq) DO UPDATE SET languages = languages | excluded.languages";
const INSERT: &str = "
    INSERT INTO file_passages
        (set_seq, position, id, subtype, page, heading, text, heading_terms, text_terms)
    VALUES (:set, :position, :id, :subtype, :page, :heading, :text, :heading_terms, :text_terms)";

/// Stores passages as a new set that no file has yet, and returns its row.
///
/// # Errors
/// `LimitExceeded` for more passages than a bot can have; errors of the store.
pub(in crate::domain::bots::uploaded_files) async fn insert_all(
    app: &App,
    owner: &PassageOwner,
    passages: Vec<NewPassage>,
) -> Result<i64> {
    let (agent_seq, replaced) = (owner.bot.seq, owner.replaced);
    let languages: Languages = passages.iter().map(|passage| passage.language).collect();
    let count = i64::try_from(passages.len()).unwrap_or(i64::MAX);
    let max = app.settings().bounds.file_passages;
    let created = app.run_write_tx_as(Actor::System, move |tx| {
        let parameters = named_params! {":agent_seq": agent_seq, ":replaced": replaced};
        let mut statement = tx.conn.prepare_cached(COUNT)?;
        let stored: i64 = statement.query_row(parameters, |row| row.get(0))?;
        if stored.saturating_add(count).unsigned_abs() > max {
            let text = format!("A bot can have {max} passages of files (bounds.file_passages)");
            return Err(Error::new(Kind::LimitExceeded, text));
        }
        tx.conn
            .prepare_cached(INSERT_SET)?
            .execute(named_params! {":agent_seq": agent_seq, ":passages": count})?;
        let set = tx.conn.last_insert_rowid();
        tx.conn
            .prepare_cached(ADD_LANGUAGES)?
            .execute(named_params! {":agent_seq": agent_seq, ":bits": languages.bits()})?;
        Ok(set)
    });
    let set = created.await?;
    let mut position = 0;
    let mut rest = passages;
    while !rest.is_empty() {
        let later = rest.split_off(rest.len().min(PASSAGES_PER_TRANSACTION));
        let first = position;
        position += i64::try_from(rest.len()).unwrap_or(i64::MAX);
        let batch = tokio::task::spawn_blocking(move || to_rows(agent_seq, rest)).await;
        let batch = batch.map_err(|error| Error::internal("splitting texts panicked", error))?;
        let written = app.run_write_tx_as(Actor::System, move |tx| {
            for (position, row) in (first..).zip(&batch) {
                row.insert(tx.conn, set, position, &PassageId::new_ordered_uuid(tx.now))?;
            }
            Ok(())
        });
        written.await?;
        rest = later;
    }
    Ok(set)
}

/// A passage with its terms.
struct PassageRow {
    passage: NewPassage,
    heading_terms: String,
    text_terms: String,
}

fn to_rows(agent_seq: i64, passages: Vec<NewPassage>) -> Vec<PassageRow> {
    let terms = |text: &str, passage: &NewPassage| {
        to_own_terms(agent_seq, content_terms(text, passage.language)).join(" ")
    };
    let passages = passages.into_iter();
    passages
        .map(|passage| PassageRow {
            heading_terms: terms(&passage.heading, &passage),
            text_terms: terms(&passage.text, &passage),
            passage,
        })
        .collect()
}

impl PassageRow {
    fn insert(&self, conn: &Connection, set: i64, position: i64, id: &PassageId) -> Result<()> {
        conn.prepare_cached(INSERT)?.execute(named_params! {
            ":set": set,
            ":position": position,
            ":id": id,
            ":subtype": self.passage.subtype,
            ":page": self.passage.page,
            ":heading": self.passage.heading,
            ":text": self.passage.text,
            ":heading_terms": self.heading_terms,
            ":text_terms": self.text_terms,
        })?;
        Ok(())
    }
}

const MARK_COMPLETE: &str = "UPDATE file_passage_sets SET complete = 1 WHERE seq = :set";

/// Marks a set that a file has now.
pub(in crate::domain::bots::uploaded_files) fn mark_complete(
    conn: &Connection,
    set: i64,
) -> Result<()> {
    conn.prepare_cached(MARK_COMPLETE)?
        .execute(named_params! {":set": set})?;
    Ok(())
}

const DOOM: &str = "UPDATE file_passage_sets SET doomed = 1 WHERE seq = :set";

/// Dooms a set that no file has.
///
/// # Errors
/// Errors of the store.
pub(in crate::domain::bots::uploaded_files) async fn discard(app: &App, set: i64) -> Result<()> {
    let doomed = app.run_write_tx_as(Actor::System, move |tx| {
        tx.conn
            .prepare_cached(DOOM)?
            .execute(named_params! {":set": set})?;
        tx.wake_file_worker();
        Ok(())
    });
    doomed.await
}
