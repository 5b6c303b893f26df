//! Accepts a request for a bulk deletion.

use std::collections::HashSet;

use rusqlite::{OptionalExtension, named_params};
use sha2::{Digest, Sha256};

use super::{
    COOLDOWN, Deletion, DeletionStatus, Disposition, IDEMPOTENCY_WINDOW, IDENTIFIERS_MAX,
    Identifier, IdentifierKind,
    matching::{self, MatchKey},
    rows::from_row,
};
use crate::{
    domain::{
        end_users::AgentScope,
        tenancy::{
            audit::{self, NewAuditRecord},
            request_auth::RequestContext,
            write_tx::WriteTx,
        },
    },
    kernel::{
        Result, Rule, Timestamp, Violation,
        ids::{AgentId, EndUserDeletionId},
    },
};

const FIND_SAME: &str = "
    SELECT * FROM end_user_deletions
    WHERE agent_id = :agent_id AND client_reference = :client_reference
      AND request_hash = :request_hash AND created_at > :since AND created_at < :until
    ORDER BY seq DESC LIMIT 1";

const INSERT: &str = "
    INSERT INTO end_user_deletions
        (id, agent_id, client_reference, request_hash, status, submitted_count, due_at, created_at)
    VALUES
        (:id, :agent_id, :client_reference, :request_hash, :status, :count, :now, :now)";

/// Submits a bulk deletion in the caller's agent. The same request with the same `client_reference` within a day
/// returns the same deletion.
///
/// # Errors
/// `Invalid` if there are no identifiers or too many, errors of the store.
pub async fn submit(
    call: &RequestContext,
    identifiers: Vec<Identifier>,
    client_reference: Option<String>,
) -> Result<Deletion> {
    let scope = AgentScope::from_call(call)?;
    if identifiers.is_empty() || identifiers.len() > IDENTIFIERS_MAX {
        let rule = match identifiers.len() {
            0 => Rule::MinLength(1),
            _ => Rule::MaxLength(IDENTIFIERS_MAX as u64),
        };
        return Err(Violation::body(["identifiers"], rule).into());
    }
    call.app()
        .run_write_tx(call, move |tx, _| {
            // Only a hint: the background work also polls for deletions.
            tx.run_after_commit(|app| app.end_user_worker_wake_up().notify_one());
            let hash = hash_identifiers(&identifiers);
            let same = tx.conn.prepare_cached(FIND_SAME)?.query_row(
                named_params! {
                    ":agent_id": scope.agent,
                    // NULL does not equal NULL: a request without a reference is always new.
                    ":client_reference": client_reference,
                    ":request_hash": hash,
                    ":since": time_before(tx.now, IDEMPOTENCY_WINDOW),
                    // Ignores deletions from the future, which the clock has left by going back.
                    ":until": tx.now.plus(IDEMPOTENCY_WINDOW),
                },
                from_row,
            );
            if let Some(same) = same.optional()? {
                return Ok(same);
            }
            let deletion = Deletion {
                id: EndUserDeletionId::new_hex24(tx.now),
                client_reference,
                status: DeletionStatus::Queued,
                submitted_count: identifiers.len() as u64,
                failure_reason: None,
                created_at: tx.now,
                completed_at: None,
            };
            tx.conn.prepare_cached(INSERT)?.execute(named_params! {
                ":id": deletion.id,
                ":agent_id": scope.agent,
                ":client_reference": deletion.client_reference,
                ":request_hash": hash,
                ":status": deletion.status,
                ":count": i64::try_from(identifiers.len()).unwrap_or(i64::MAX),
                ":now": tx.now,
            })?;
            insert_identifiers(tx, &scope.agent, &deletion.id, identifiers)?;
            audit::record(
                tx,
                &NewAuditRecord {
                    workspace: Some(&scope.workspace),
                    action: "end_user_deletion.submit",
                    resource_id: deletion.id.as_str(),
                    resource_name: None,
                },
            )?;
            Ok(deletion)
        })
        .await
}

fn hash_identifiers(identifiers: &[Identifier]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for identifier in identifiers {
        let variable = identifier.variable.as_deref();
        for part in [
            identifier.kind.as_str(),
            &identifier.value,
            variable.map_or("-", |_| "+"),
            variable.unwrap_or_default(),
        ] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part.as_bytes());
        }
    }
    digest.finalize().into()
}

fn time_before(now: Timestamp, by: std::time::Duration) -> Timestamp {
    let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.as_micros().saturating_sub(micros))
}

const INSERT_IDENTIFIER: &str = "
    INSERT INTO end_user_deletion_identifiers
        (deletion_id, position, kind, value, sought, variable, disposition, matched, reason)
    VALUES
        (:deletion_id, :position, :kind, :value, :sought, :variable, :disposition, 0, :reason)";

/// Stores the identifiers. Rejects malformed ones, repeated ones and those in cooldown; the job matches the rest
/// later.
fn insert_identifiers(
    tx: &WriteTx<'_>,
    agent: &AgentId,
    deletion: &EndUserDeletionId,
    identifiers: Vec<Identifier>,
) -> Result<()> {
    let mut seen = HashSet::new();
    for (position, identifier) in (0_i64..).zip(identifiers) {
        let sought = matching::normalize_identifier(&identifier);
        let (disposition, reason) = match &sought {
            Err(reason) => (Some(Disposition::Invalid), Some(*reason)),
            Ok(sought) if !seen.insert(sought.clone()) => (
                Some(Disposition::Duplicate),
                Some("The same identifier is earlier in this request"),
            ),
            Ok(sought) if is_in_cooldown(tx, agent, sought)? => (
                Some(Disposition::Invalid),
                Some("This identifier was submitted within the last 7 days"),
            ),
            Ok(_) => (None, None),
        };
        let (text, variable) = match sought {
            Ok(sought) => (sought.text, sought.variable),
            Err(_) => (String::new(), identifier.variable.clone()),
        };
        tx.conn
            .prepare_cached(INSERT_IDENTIFIER)?
            .execute(named_params! {
                ":deletion_id": deletion,
                ":position": position,
                ":kind": identifier.kind,
                ":value": identifier.value,
                ":sought": text,
                ":variable": variable,
                ":disposition": disposition,
                ":reason": reason,
            })?;
    }
    Ok(())
}

const IN_COOLDOWN: &str = "
    SELECT EXISTS (
        SELECT 1 FROM end_user_deletion_identifiers i
        JOIN end_user_deletions d ON d.id = i.deletion_id
        WHERE i.sought = :sought AND i.kind IN (:kind, :alias) AND i.variable IS :variable
          AND (i.disposition IS NULL OR i.disposition = 'accepted')
          AND d.agent_id = :agent_id AND d.created_at > :since AND d.created_at < :until
    )";

/// True if an identifier was accepted within the last seven days, or is not processed yet.
fn is_in_cooldown(tx: &WriteTx<'_>, agent: &AgentId, sought: &MatchKey) -> Result<bool> {
    let alias = match sought.kind {
        IdentifierKind::EndUserId => IdentifierKind::ChatterId,
        other => other,
    };
    let mut statement = tx.conn.prepare_cached(IN_COOLDOWN)?;
    let found = statement.query_row(
        named_params! {
            ":sought": sought.text,
            ":kind": sought.kind,
            ":alias": alias,
            ":variable": sought.variable,
            ":agent_id": agent,
            ":since": time_before(tx.now, COOLDOWN),
            ":until": tx.now.plus(COOLDOWN),
        },
        |row| row.get(0),
    )?;
    Ok(found)
}
