//! The last calls of actions of a bot. They are kept as long as log lines, and at most as many. Inputs, outputs and errors are
//! sealed, because code may put its secrets into them.

use std::time::Duration;

use rusqlite::{Row, named_params};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tracing::warn;

use super::{
    installations,
    manage::{self, logs::Period},
};
use crate::{
    domain::{
        App,
        shared::paging::{PAGE_QUERY_ROWS, Page, PageToken},
        tenancy::{
            audit::Actor,
            request_auth::{PrincipalAgent, RequestContext},
            sealed_columns::SealedColumn,
        },
    },
    kernel::{Error, Result, Timestamp, ids::AgentId},
    store::Sealer,
};

/// Maximum size of an input or an output that is stored whole, in bytes of JSON text.
const MAX_BYTES: usize = 10_240;
/// One insert in this many counts and removes the oldest runs, because counting costs more than an insert.
const TRIM_ONE_IN: u32 = 64;

/// A call of an action that has ended.
pub(super) struct NewActionRun {
    pub(super) agent: PrincipalAgent,
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

/// The sealed part of a call.
#[derive(Debug, Serialize, Deserialize)]
struct Contents {
    input: Value,
    input_truncated: bool,
    output: Option<Value>,
    output_truncated: bool,
    error: Option<String>,
}

impl From<NewActionRun> for Contents {
    fn from(run: NewActionRun) -> Self {
        let (input, input_truncated) = truncate(run.input);
        let (output, error) = match run.result {
            Ok(output) => (Some(truncate(Value::Object(output))), None),
            Err(text) => (None, Some(cut(&text).to_owned())),
        };
        let (output, output_truncated) = output.unzip();
        Self {
            input,
            input_truncated,
            output,
            output_truncated: output_truncated.unwrap_or_default(),
            error,
        }
    }
}

const INSERT: &str = "
    INSERT INTO action_runs (agent_seq, integration, action, sealed, duration_ms, at)
    SELECT seq, :integration, :action, :sealed, :duration_ms, :now
    FROM agents WHERE seq = :agent_seq";

const TRIM: &str = "
    DELETE FROM action_runs WHERE seq IN (
        SELECT seq FROM action_runs WHERE agent_seq = :agent_seq
        ORDER BY seq DESC LIMIT -1 OFFSET :kept)";

/// Records a call. A failure is only logged: the action itself has ended.
pub(super) async fn record(app: &App, run: NewActionRun) {
    if let Err(error) = try_record(app, run).await {
        warn!(%error, "the call of an action cannot be recorded");
    }
}

async fn try_record(app: &App, run: NewActionRun) -> Result<()> {
    let kept = app.bot_settings().log_lines;
    let agent = run.agent.clone();
    let (integration, action) = (run.integration.clone(), run.action.clone());
    let duration_ms = i64::try_from(run.duration.as_millis()).unwrap_or(i64::MAX);
    let contents = serde_json::to_vec(&Contents::from(run))
        .map_err(|error| Error::internal("a call of an action cannot be serialized", error))?;
    let sealed = SealedColumn::ActionRun.seal(app.sealer(), agent.id.as_str(), &contents);
    app.run_write_tx_as(Actor::System, move |tx| {
        tx.conn.prepare_cached(INSERT)?.execute(named_params! {
            ":agent_seq": agent.seq,
            ":integration": integration,
            ":action": action,
            ":sealed": sealed,
            ":duration_ms": duration_ms,
            ":now": tx.now,
        })?;
        if rand::random_ratio(1, TRIM_ONE_IN) {
            tx.conn
                .prepare_cached(TRIM)?
                .execute(named_params! {":agent_seq": agent.seq, ":kept": kept})?;
        }
        Ok(())
    })
    .await
}

/// Returns a value, or an object with a preview if it is long, and true then.
fn truncate(value: Value) -> (Value, bool) {
    let text = value.to_string();
    if text.len() <= MAX_BYTES {
        return (value, false);
    }
    (json!({"preview": cut(&text)}), true)
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
    let (sealer, bot) = (call.app().sealer().clone(), bot.clone());
    store
        .scan(move |conn| {
            let integration = installations::resolve_alias(conn, agent.seq, &integration)?;
            let mut statement = conn.prepare_cached(LIST)?;
            let mut rows = statement.query(named_params! {
                ":agent_seq": agent.seq,
                ":integration": integration,
                ":start": period.start,
                ":before_at": before.created_at,
                ":before_seq": before.seq,
                ":limit": PAGE_QUERY_ROWS,
            })?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(from_row(row, &sealer, &bot)?);
            }
            Ok(Page::from_rows(found, |run: &ActionRun| {
                PageToken::for_row(run.at, run.seq)
            }))
        })
        .await
}

fn from_row(row: &Row<'_>, sealer: &Sealer, bot: &AgentId) -> Result<ActionRun> {
    let sealed: Vec<u8> = row.get("sealed")?;
    let opened = SealedColumn::ActionRun
        .open(sealer, bot.as_str(), &sealed)
        .map_err(|error| Error::internal("a sealed call of an action cannot be read", error))?;
    let contents: Contents = serde_json::from_slice(&opened)
        .map_err(|error| Error::internal("a stored call of an action cannot be read", error))?;
    Ok(ActionRun {
        at: row.get("at")?,
        integration: row.get("integration")?,
        action: row.get("action")?,
        input: contents.input,
        input_truncated: contents.input_truncated,
        output: contents.output,
        output_truncated: contents.output_truncated,
        error: contents.error,
        duration_ms: row.get::<_, i64>("duration_ms")?.unsigned_abs(),
        seq: row.get("seq")?,
    })
}
