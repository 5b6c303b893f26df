//! The last calls of actions of a bot. They are kept as long as log lines, and at most as many.

use std::time::Duration;

use rusqlite::{Row, named_params};
use serde_json::{Map, Value, json};
use tracing::warn;

use super::manage::{self, logs::Period};
use crate::{
    domain::{
        App,
        shared::paging::{PAGE_QUERY_ROWS, Page, PageToken},
        tenancy::{audit::Actor, request_auth::RequestContext, write_tx::WriteTx},
    },
    kernel::{Result, Timestamp, ids::AgentId},
};

/// Maximum size of an input or an output that is stored whole, in bytes of JSON text.
const MAX_BYTES: usize = 10_240;
/// One insert in this many counts and removes the oldest runs, because counting costs more than an insert.
const TRIM_ONE_IN: u32 = 64;

/// A call of an action that has ended.
pub(super) struct NewActionRun {
    pub(super) agent_seq: i64,
    /// Name of the integration.
    pub(super) integration: String,
    pub(super) action: String,
    pub(super) input: Value,
    /// Output, or the text of the error.
    pub(super) result: std::result::Result<Map<String, Value>, String>,
    pub(super) duration: Duration,
}

/// A call of an action.
#[derive(Debug, Clone, PartialEq)]
pub struct ActionRun {
    /// Time of the end of the call.
    pub at: Timestamp,
    /// Name of the integration.
    pub integration: String,
    /// Name of the action.
    pub action: String,
    /// Input; if it was cut, an object with the member `preview`.
    pub input: Value,
    /// True if the input was cut.
    pub input_truncated: bool,
    /// Output, cut like the input; `None` after a failure.
    pub output: Option<Value>,
    /// True if the output was cut.
    pub output_truncated: bool,
    /// Reason of a failure.
    pub error: Option<String>,
    /// Duration in milliseconds.
    pub duration_ms: u64,
    seq: i64,
}

const INSERT: &str = "
    INSERT INTO action_runs
        (agent_seq, integration, action, input, input_truncated, output, output_truncated, error,
         duration_ms, at)
    SELECT seq, :integration, :action, :input, :input_truncated, :output, :output_truncated, :error,
           :duration_ms, :now
    FROM agents WHERE seq = :agent_seq";

const TRIM: &str = "
    DELETE FROM action_runs WHERE seq IN (
        SELECT seq FROM action_runs WHERE agent_seq = :agent_seq
        ORDER BY seq DESC LIMIT -1 OFFSET :kept)";

/// Records a call. A failure is only logged: the action itself has ended.
pub(super) async fn record(app: &App, run: NewActionRun) {
    let kept = app.bot_settings().log_lines;
    let recorded = app.run_write_tx_as(Actor::System, move |tx| insert(tx, &run, kept));
    if let Err(error) = recorded.await {
        warn!(%error, "the call of an action cannot be recorded");
    }
}

fn insert(tx: &WriteTx<'_>, run: &NewActionRun, kept: u32) -> Result<()> {
    let (input, input_truncated) = to_stored_text(&run.input);
    let output = run.result.as_ref().ok().cloned();
    let output = output.map(|output| to_stored_text(&Value::Object(output)));
    tx.conn.prepare_cached(INSERT)?.execute(named_params! {
        ":agent_seq": run.agent_seq,
        ":integration": run.integration,
        ":action": run.action,
        ":input": input,
        ":input_truncated": input_truncated,
        ":output": output.as_ref().map(|(text, _)| text),
        ":output_truncated": output.as_ref().is_some_and(|(_, truncated)| *truncated),
        ":error": run.result.as_ref().err().map(|text| cut(text)),
        ":duration_ms": i64::try_from(run.duration.as_millis()).unwrap_or(i64::MAX),
        ":now": tx.now,
    })?;
    if rand::random_ratio(1, TRIM_ONE_IN) {
        tx.conn
            .prepare_cached(TRIM)?
            .execute(named_params! {":agent_seq": run.agent_seq, ":kept": kept})?;
    }
    Ok(())
}

/// Returns the text of a value, and true if it is cut.
fn to_stored_text(value: &Value) -> (String, bool) {
    let text = value.to_string();
    if text.len() <= MAX_BYTES {
        return (text, false);
    }
    (json!({"preview": cut(&text)}).to_string(), true)
}

/// Cuts a text to the maximum size, at a character boundary.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_BYTES)]
}

const LIST: &str = "
    SELECT * FROM action_runs
    WHERE agent_seq = :agent_seq AND integration = :integration AND at >= :start
      AND (at, seq) < (:before_at, :before_seq)
    ORDER BY at DESC, seq DESC LIMIT :limit";

/// Lists the calls of actions of an integration in a bot of the workspace of the call, newest first.
///
/// # Errors
/// `NotFound` for an unknown bot, and errors of the store.
pub async fn list(
    call: &RequestContext,
    bot: &AgentId,
    integration: String,
    period: Period,
    after: Option<PageToken>,
) -> Result<Page<ActionRun>> {
    let store = call.app().store();
    let agent = store.read(|conn| manage::find_agent(conn, call.workspace(), bot))?;
    let end = PageToken::for_row(period.end, i64::MIN);
    let before = match after {
        Some(after) if after.created_at < period.end => after,
        _ => end,
    };
    store
        .scan(move |conn| {
            let mut statement = conn.prepare_cached(LIST)?;
            let rows = statement.query(named_params! {
                ":agent_seq": agent.seq,
                ":integration": integration,
                ":start": period.start,
                ":before_at": before.created_at,
                ":before_seq": before.seq,
                ":limit": PAGE_QUERY_ROWS,
            })?;
            Page::read(rows, from_row, |run| PageToken::for_row(run.at, run.seq))
        })
        .await
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<ActionRun> {
    let input: String = row.get("input")?;
    let output: Option<String> = row.get("output")?;
    let parse = |text: &str| serde_json::from_str(text).unwrap_or_default();
    Ok(ActionRun {
        at: row.get("at")?,
        integration: row.get("integration")?,
        action: row.get("action")?,
        input: parse(&input),
        input_truncated: row.get("input_truncated")?,
        output: output.as_deref().map(parse),
        output_truncated: row.get("output_truncated")?,
        error: row.get("error")?,
        duration_ms: row.get::<_, i64>("duration_ms")?.unsigned_abs(),
        seq: row.get("seq")?,
    })
}
