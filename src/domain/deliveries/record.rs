//! Writing down what attempts came to, and what programs have said: many in one transaction.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use rusqlite::{Connection, OptionalExtension, named_params};
use serde_json::Value;

use super::{
    Settings,
    attempt::{Outcome, Tried},
    lanes::{Key, Next},
    report::{Log, Occurrence, log, report},
};
use crate::{
    domain::{
        audit::Actor,
        backoff,
        context::{Change, Domain},
        installations::Status,
        protocol::Failed,
        runtime::LogLine,
    },
    kernel::{Result, Timestamp},
};

/// What is to be written down.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) outcomes: Vec<Outcome>,
    pub(super) lines: Vec<LogLine>,
}

impl Notes {
    pub(super) fn is_empty(&self) -> bool {
        self.outcomes.is_empty() && self.lines.is_empty()
    }
}

/// Writes down, and returns what becomes of each delivery.
///
/// # Errors
/// The notes, if the store does not take them.
pub(super) async fn record(
    domain: &Domain,
    notes: Notes,
) -> std::result::Result<Vec<(Key, Next)>, Notes> {
    let notes = Arc::new(notes);
    let written = domain.change_as(Actor::System, {
        let (notes, domain) = (notes.clone(), domain.clone());
        move |change| write(change, &domain.settings().deliveries, &notes)
    });
    match written.await {
        Ok(next) => Ok(next),
        Err(error) => {
            tracing::warn!(?error, "deliveries are not written down yet");
            // The job is over, so this is the last of them.
            Err(Arc::into_inner(notes).unwrap_or_default())
        }
    }
}

fn write(change: &Change<'_>, settings: &Settings, notes: &Notes) -> Result<Vec<(Key, Next)>> {
    for line in &notes.lines {
        write_line(change, line)?;
    }
    let next = notes.outcomes.iter().map(|outcome| {
        let next = write_outcome(change, settings, outcome)?;
        Ok((outcome.key, next))
    });
    next.collect()
}

/// A line is the bot's if its program is the bot, or if it says that it is for the bot's owner.
fn write_line(change: &Change<'_>, line: &LogLine) -> Result<()> {
    let (level, text) = (line.level.name(), line.message.as_str());
    let for_bot = line.bot.as_ref().filter(|_| line.visible_to_bot_owner);
    let to = match for_bot {
        Some(bot) => Log::Bot((**bot).into()),
        None => Log::Bot((*line.program).into()),
    };
    if !log(change, &to, line.at, level, text)? {
        let to = Log::Integration((*line.program).into());
        log(change, &to, line.at, level, text)?;
    }
    let issue = line
        .fields
        .as_ref()
        .filter(|fields| fields["type"] == "issue");
    if let (Some(bot), Some(issue)) = (&line.bot, issue) {
        report(change, &(**bot).into(), &said(issue, text))?;
    }
    Ok(())
}

/// An issue that code itself has said.
fn said(issue: &Value, title: &str) -> Occurrence {
    let text = |name: &str| issue[name].as_str().unwrap_or_default().to_owned();
    let values = |name: &str| -> BTreeMap<String, String> {
        let members = issue[name].as_object().into_iter().flatten();
        let raw = |value: &Value| match value.get("raw").unwrap_or(value) {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        members
            .map(|(name, value)| (name.clone(), raw(value)))
            .collect()
    };
    Occurrence {
        code: text("code"),
        category: match issue["category"].as_str() {
            Some("limits") => "limits",
            Some("configuration") => "configuration",
            Some("other") => "other",
            _ => "user_code",
        },
        title: title.to_owned(),
        description: text("description"),
        grouped: values("groupBy"),
        data: values("data"),
    }
}

const REMOVE: &str = "
    DELETE FROM bot_deliveries WHERE seq = :seq RETURNING installation_seq";

const ATTEMPTS: &str = "
    UPDATE bot_deliveries SET attempts = attempts + 1 WHERE seq = :seq RETURNING attempts";

const AGAIN: &str = "UPDATE bot_deliveries SET due_at = :due_at WHERE seq = :seq";

fn write_outcome(change: &Change<'_>, settings: &Settings, outcome: &Outcome) -> Result<Next> {
    let Some(tried) = &outcome.tried else {
        remove(change.conn, outcome.seq)?;
        return Ok(Next::Over);
    };
    let Err(failed) = &tried.result else {
        if let Some(installation) = remove(change.conn, outcome.seq)? {
            set_standing(change, installation, tried, None)?;
        }
        return Ok(Next::Over);
    };
    let attempts: Option<u32> = change
        .conn
        .prepare_cached(ATTEMPTS)?
        .query_row(named_params! {":seq": outcome.seq}, |row| row.get(0))
        .optional()?;
    // It was taken back meanwhile.
    let Some(attempts) = attempts else {
        return Ok(Next::Over);
    };
    match next_attempt(settings, attempts, failed, outcome.ended_at) {
        Some(due_at) => {
            change
                .conn
                .prepare_cached(AGAIN)?
                .execute(named_params! {":seq": outcome.seq, ":due_at": due_at})?;
            let wait = due_at.since(outcome.ended_at).as_secs_f32();
            let text = format!(
                "{} It is tried again in {wait:.0} s.",
                complaint(tried, failed)
            );
            write_complaint(change, outcome, tried, "warn", &text)?;
            Ok(Next::At(due_at))
        }
        None => {
            write_complaint(change, outcome, tried, "error", &complaint(tried, failed))?;
            report(change, &tried.bot, &issue(tried, failed))?;
            if let Some(installation) = remove(change.conn, outcome.seq)? {
                set_standing(change, installation, tried, Some(failed))?;
            }
            Ok(Next::Over)
        }
    }
}

/// Removes a delivery. The installation that it was for, if it was there and for one.
fn remove(conn: &Connection, seq: i64) -> Result<Option<i64>> {
    let removed = conn
        .prepare_cached(REMOVE)?
        .query_row(named_params! {":seq": seq}, |row| row.get(0))
        .optional()?;
    Ok(removed.flatten())
}

/// When a delivery that failed is attempted again; none if it is given up.
fn next_attempt(
    settings: &Settings,
    attempts: u32,
    failed: &Failed,
    now: Timestamp,
) -> Option<Timestamp> {
    let wait = backoff::wait(&settings.retry_seconds, attempts).filter(|_| failed.may_pass)?;
    let wait = backoff::jittered(wait, settings.jitter_percent, rand::random());
    // No one makes this server wait longer than twice its own time.
    let asked = failed.retry_after.unwrap_or(Duration::ZERO);
    Some(now.plus(asked.clamp(wait, wait * 2)))
}

fn receiver(tried: &Tried) -> String {
    match &tried.integration {
        Some((_, name)) => format!("the integration {name}"),
        None => "the bot".to_owned(),
    }
}

fn complaint(tried: &Tried, failed: &Failed) -> String {
    let Tried {
        operation, kind, ..
    } = tried;
    let what = if operation == kind {
        (*operation).to_owned()
    } else {
        format!("{operation} ({kind})")
    };
    format!("{what} failed in {}: {}.", receiver(tried), failed.text)
}

/// The integration's log has it, and the bot's.
fn write_complaint(
    change: &Change<'_>,
    outcome: &Outcome,
    tried: &Tried,
    level: &str,
    text: &str,
) -> Result<()> {
    let at = outcome.ended_at;
    log(change, &Log::Bot(tried.bot.clone()), at, level, text)?;
    if let Some((id, _)) = &tried.integration {
        log(change, &Log::Integration(id.clone()), at, level, text)?;
    }
    Ok(())
}

fn issue(tried: &Tried, failed: &Failed) -> Occurrence {
    let code = match &tried.integration {
        Some(_) => "integration_call_failed",
        None => "bot_call_failed",
    };
    let mut grouped: BTreeMap<String, String> = [
        ("operation".to_owned(), tried.operation.to_owned()),
        ("type".to_owned(), tried.kind.clone()),
    ]
    .into();
    if let Some((_, name)) = &tried.integration {
        grouped.insert("integration".to_owned(), name.clone());
    }
    Occurrence {
        code: code.to_owned(),
        category: failed.cause.category(),
        title: format!("{} failed in {}", tried.operation, receiver(tried)),
        description: complaint(tried, failed),
        grouped,
        data: [("error".to_owned(), failed.text.clone())].into(),
    }
}

const STANDING: &str = "
    UPDATE bot_integrations SET status = :status, status_reason = :reason, updated_at = :now
    WHERE seq = :seq AND status = :pending";

/// Notes how an installation stands after it was registered or unregistered, unless it was changed
/// meanwhile.
fn set_standing(
    change: &Change<'_>,
    installation: i64,
    tried: &Tried,
    failed: Option<&Failed>,
) -> Result<()> {
    let (pending, good, bad) = match tried.operation {
        "register" => (
            Status::RegistrationPending,
            Status::Registered,
            Status::RegistrationFailed,
        ),
        "unregister" => (
            Status::UnregistrationPending,
            Status::Unregistered,
            Status::UnregistrationFailed,
        ),
        _ => return Ok(()),
    };
    change
        .conn
        .prepare_cached(STANDING)?
        .execute(named_params! {
            ":seq": installation,
            ":pending": pending,
            ":status": if failed.is_some() { bad } else { good },
            ":reason": failed.map(|failed| failed.text.as_str()),
            ":now": change.now,
        })?;
    Ok(())
}
