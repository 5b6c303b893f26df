//! Runs bulk deletions: first matches all identifiers, then erases the end users found.
//!
//! Each step is a transaction that records the remaining work. A deletion therefore continues after a crash, and
//! two runs of the same deletion do no harm.

use rusqlite::{OptionalExtension, named_params};

use super::{
    DeletionStatus, Disposition, MATCHES_MAX,
    matching::{self, MatchKey},
};
use crate::{
    domain::{
        App,
        end_users::{AgentScope, change::erase_with_action},
        tenancy::{audit::Actor, write_tx::WriteTx},
    },
    kernel::{
        Result,
        ids::{EndUserDeletionId, EndUserId},
    },
};

/// Maximum number of identifiers matched, or end users erased, in one step.
const STEP_SIZE: i64 = 100;

/// A deletion that is running.
#[derive(Clone)]
struct RunningDeletion {
    id: EndUserDeletionId,
    scope: AgentScope,
}

const FIND_DUE: &str = "
    SELECT d.id, d.agent_id, a.workspace_id
    FROM end_user_deletions d JOIN agents a ON a.id = d.agent_id
    WHERE d.completed_at IS NULL AND d.due_at <= :now ORDER BY d.due_at, d.seq LIMIT 1";

/// Runs the due deletions to completion, in the order of submission.
///
/// # Errors
/// Errors of the store; the unfinished deletions stay due.
pub async fn run_due(app: &App) -> Result<()> {
    loop {
        let now = app.clock().now();
        let due = app.store().read(|conn| {
            let mut statement = conn.prepare_cached(FIND_DUE)?;
            let due = statement.query_row(named_params! {":now": now}, |row| {
                let scope = AgentScope {
                    workspace: row.get("workspace_id")?,
                    agent: row.get("agent_id")?,
                };
                Ok(RunningDeletion {
                    id: row.get("id")?,
                    scope,
                })
            });
            Ok(due.optional()?)
        })?;
        match due {
            Some(deletion) => run_deletion(app, &deletion).await?,
            None => return Ok(()),
        }
    }
}

async fn run_deletion(app: &App, deletion: &RunningDeletion) -> Result<()> {
    let id = deletion.id.clone();
    app.run_write_tx_as(Actor::System, move |tx| set_in_progress(tx, &id))
        .await?;
    while match_identifiers(app, deletion).await? {}
    loop {
        let running = deletion.clone();
        let erased = app.run_write_tx_as(Actor::System, move |tx| erase_targets(tx, &running));
        if erased.await? == 0 {
            break;
        }
    }
    let id = deletion.id.clone();
    app.run_write_tx_as(Actor::System, move |tx| finish_deletion(tx, &id))
        .await
}

const SET_IN_PROGRESS: &str = "
    UPDATE end_user_deletions SET status = :to WHERE id = :id AND status = :from";

fn set_in_progress(tx: &WriteTx<'_>, id: &EndUserDeletionId) -> Result<()> {
    tx.conn
        .prepare_cached(SET_IN_PROGRESS)?
        .execute(named_params! {
            ":id": id,
            ":from": DeletionStatus::Queued,
            ":to": DeletionStatus::InProgress,
        })?;
    Ok(())
}

/// The matches of one identifier.
struct IdentifierMatches {
    position: i64,
    matches: Vec<EndUserId>,
}

const FIND_UNMATCHED: &str = "
    SELECT position, kind, sought, variable FROM end_user_deletion_identifiers
    WHERE deletion_id = :id AND disposition IS NULL ORDER BY position LIMIT :limit";

/// Matches the next identifiers. Returns true if there were any.
async fn match_identifiers(app: &App, deletion: &RunningDeletion) -> Result<bool> {
    let running = deletion.clone();
    // Outside of a write transaction, because matching may take long.
    let found = app.store().scan(move |conn| {
        let mut statement = conn.prepare_cached(FIND_UNMATCHED)?;
        let mut rows = statement.query(named_params! {":id": running.id, ":limit": STEP_SIZE})?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let sought = MatchKey {
                kind: row.get("kind")?,
                text: row.get("sought")?,
                variable: row.get("variable")?,
            };
            let agent = &running.scope.agent;
            found.push(IdentifierMatches {
                position: row.get("position")?,
                matches: matching::find_matches(conn, agent, &sought, MATCHES_MAX + 1)?,
            });
        }
        Ok(found)
    });
    let found = found.await?;
    if found.is_empty() {
        return Ok(false);
    }
    let id = deletion.id.clone();
    app.run_write_tx_as(Actor::System, move |tx| {
        found
            .iter()
            .try_for_each(|found| record_matches(tx, &id, found))
    })
    .await?;
    Ok(true)
}

const IS_UNMATCHED: &str = "
    SELECT disposition IS NULL FROM end_user_deletion_identifiers
    WHERE deletion_id = :id AND position = :position";

const INSERT_TARGET: &str = "
    INSERT INTO end_user_deletion_targets (deletion_id, end_user_id) VALUES (:id, :end_user_id)
    ON CONFLICT DO NOTHING";

const SET_DISPOSITION: &str = "
    UPDATE end_user_deletion_identifiers
    SET disposition = :disposition, matched = :matched, reason = :reason
    WHERE deletion_id = :id AND position = :position";

fn record_matches(
    tx: &WriteTx<'_>,
    id: &EndUserDeletionId,
    found: &IdentifierMatches,
) -> Result<()> {
    let open: bool = tx.conn.prepare_cached(IS_UNMATCHED)?.query_row(
        named_params! {":id": id, ":position": found.position},
        |row| row.get(0),
    )?;
    if !open {
        return Ok(());
    }
    let matched = found.matches.len();
    let (disposition, reason) = if matched == 0 {
        (Disposition::NotFound, Some("No end user matches"))
    } else if matched > MATCHES_MAX {
        let reason = "More than 1000 end users match";
        (Disposition::ExceedsLimit, Some(reason))
    } else {
        let mut new = 0;
        for end_user in &found.matches {
            new += tx
                .conn
                .prepare_cached(INSERT_TARGET)?
                .execute(named_params! {":id": id, ":end_user_id": end_user})?;
        }
        match new {
            0 => (
                Disposition::Duplicate,
                Some("Other identifiers of this request match the same end users"),
            ),
            _ => (Disposition::Accepted, None),
        }
    };
    tx.conn
        .prepare_cached(SET_DISPOSITION)?
        .execute(named_params! {
            ":id": id,
            ":position": found.position,
            ":disposition": disposition,
            ":matched": i64::try_from(matched).unwrap_or(i64::MAX),
            ":reason": reason,
        })?;
    Ok(())
}

const TAKE_TARGETS: &str = "
    DELETE FROM end_user_deletion_targets WHERE deletion_id = :id AND end_user_id IN (
        SELECT end_user_id FROM end_user_deletion_targets WHERE deletion_id = :id LIMIT :limit)
    RETURNING end_user_id";

/// Erases the next end users that were found and returns their number.
fn erase_targets(tx: &WriteTx<'_>, deletion: &RunningDeletion) -> Result<usize> {
    let mut statement = tx.conn.prepare_cached(TAKE_TARGETS)?;
    let parameters = named_params! {":id": deletion.id, ":limit": STEP_SIZE};
    let targets = statement.query_map(parameters, |row| row.get::<_, EndUserId>(0))?;
    let targets: Vec<_> = targets.collect::<rusqlite::Result<_>>()?;
    for end_user in &targets {
        erase_with_action(tx, &deletion.scope, end_user, "end_user.erase")?;
    }
    Ok(targets.len())
}

const COUNT_DISPOSITIONS: &str = "
    SELECT count(*) FILTER (WHERE disposition IN ('accepted', 'not_found', 'duplicate')),
           count(*) FILTER (WHERE disposition IN ('invalid', 'exceeds_limit'))
    FROM end_user_deletion_identifiers WHERE deletion_id = :id";

const FINISH: &str = "
    UPDATE end_user_deletions
    SET status = :status, failure_reason = :reason, completed_at = :now
    WHERE id = :id AND completed_at IS NULL";

fn finish_deletion(tx: &WriteTx<'_>, id: &EndUserDeletionId) -> Result<()> {
    let (done, refused): (i64, i64) = tx
        .conn
        .prepare_cached(COUNT_DISPOSITIONS)?
        .query_row(named_params! {":id": id}, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let (status, reason) = match (done, refused) {
        (_, 0) => (DeletionStatus::Completed, None),
        (0, _) => (DeletionStatus::Failed, Some("no_identifier_accepted")),
        _ => (DeletionStatus::Partial, None),
    };
    tx.conn.prepare_cached(FINISH)?.execute(named_params! {
        ":id": id,
        ":status": status,
        ":reason": reason,
        ":now": tx.now,
    })?;
    Ok(())
}
