//! Sets and patches states. Each write restarts the time to expiry. A read that may create a state is here too.

use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Map, Value};

use super::{
    Key, State,
    owner::{Owner, find_declaration, resolve_name},
    rows,
};
use crate::{
    domain::{
        bots::{
            author::{Author, require_write},
            definitions::{self, Keeps},
        },
        tenancy::{
            bounds::Bound,
            claims::{ProvenClaims, SharedClaim},
            request_auth::RequestContext,
            write_tx::WriteTx,
        },
    },
    kernel::{Result, Timestamp, ids::StateId},
};

/// Replaces a state of the call's bot; `None` deletes it. The state expires `expiry` milliseconds after the last
/// write, or after the declared time.
///
/// # Errors
/// `NotFound` if the owner does not exist or the state is not declared; `InvalidData` if the payload does not
/// match the schema; `LimitExceeded` if the bot has too many states; `Forbidden` for a role below developer;
/// errors of the store.
pub async fn set(
    call: &RequestContext,
    key: Key,
    payload: Option<Map<String, Value>>,
    expiry: Option<f64>,
) -> Result<State> {
    require_write(call)?;
    let author = Author::from_call(call)?;
    let mut proven = ProvenClaims::default();
    if let Some(payload) = &payload {
        let declared = call
            .app()
            .store()
            .read(|conn| StateEntry::load(conn, call.app().clock().now(), &author, &key))?
            .declaration;
        proven.prove(
            SharedClaim::new(build_schema_claim(&declared, payload)),
            call.schema_limits(),
        )?;
    }
    call.app()
        .run_proven_write_tx(call, proven, move |tx, _| {
            let place = StateEntry::load(tx.conn, tx.now, &author, &key)?;
            let Some(payload) = payload.clone() else {
                return place.clear(tx);
            };
            let after = expiry.or(place.declaration.expiry);
            place.write(tx, payload, after.map(round_up_millis))
        })
        .await
}

/// Returns a state of the call's bot as it is, or sets it if it is not set or has expired. Concurrent calls get the
/// same state.
///
/// # Errors
/// As [`set`]; the payload is checked only if the state is set.
pub async fn get_or_set(
    call: &RequestContext,
    key: Key,
    payload: Map<String, Value>,
    expiry: Option<f64>,
) -> Result<State> {
    require_write(call)?;
    let author = Author::from_call(call)?;
    let place = call
        .app()
        .store()
        .read(|conn| StateEntry::load(conn, call.app().clock().now(), &author, &key))?;
    if let Some(current) = place.current {
        return Ok(current);
    }
    let mut proven = ProvenClaims::default();
    proven.prove(
        SharedClaim::new(build_schema_claim(&place.declaration, &payload)),
        call.schema_limits(),
    )?;
    call.app()
        .run_proven_write_tx(call, proven, move |tx, _| {
            let place = StateEntry::load(tx.conn, tx.now, &author, &key)?;
            if let Some(current) = place.current {
                return Ok(current);
            }
            let after = expiry.or(place.declaration.expiry);
            place.write(tx, payload.clone(), after.map(round_up_millis))
        })
        .await
}

/// Sets the time without a write after which a state of the call's bot expires, in milliseconds, and restarts it.
/// `None` means never.
///
/// # Errors
/// `NotFound` if the owner does not exist, or the state is not declared, not set or expired; `Forbidden` for a role
/// below developer; errors of the store.
pub async fn set_expiry(call: &RequestContext, key: Key, expiry: Option<f64>) -> Result<State> {
    require_write(call)?;
    let author = Author::from_call(call)?;
    call.app()
        .run_write_tx(call, move |tx, _| {
            let place = StateEntry::load(tx.conn, tx.now, &author, &key)?;
            let current = place.current.ok_or_else(|| rows::not_found(&key))?;
            let after = expiry.map(round_up_millis);
            let state = State {
                expires_after: after,
                expires_at: after.map(|millis| expiry_time(tx.now, millis)),
                ..current
            };
            rows::update_expiry(tx.conn, &state)?;
            if state.expires_at.is_some() {
                tx.wake_delivery_dispatcher();
            }
            Ok(state)
        })
        .await
}

/// Builds the claim that a state's payload matches its schema.
fn build_schema_claim(
    declared: &definitions::StateDefinition,
    payload: &Map<String, Value>,
) -> Keeps {
    Keeps {
        schema: declared.schema.clone(),
        value: Value::Object(payload.clone()),
        place: "payload".to_owned(),
    }
}

/// Merges members into a state of the call's bot; other members stay. If the state is not set, it gets these
/// members alone.
///
/// # Errors
/// As [`set`].
pub async fn patch(call: &RequestContext, key: Key, payload: Map<String, Value>) -> Result<State> {
    require_write(call)?;
    let author = Author::from_call(call)?;
    let place = call
        .app()
        .store()
        .read(|conn| StateEntry::load(conn, call.app().clock().now(), &author, &key))?;
    let mut proven = ProvenClaims::default();
    let (merged, _) = place.merge(&payload);
    // A failure is ignored here: a concurrent write may lead to a merged state that matches. The transaction
    // checks again.
    let known = proven.prove(
        SharedClaim::new(build_schema_claim(&place.declaration, &merged)),
        call.schema_limits(),
    );
    drop(known);
    call.app()
        .run_proven_write_tx(call, proven, move |tx, _| {
            let place = StateEntry::load(tx.conn, tx.now, &author, &key)?;
            let (merged, after) = place.merge(&payload);
            place.write(tx, merged, after)
        })
        .await
}

const BOUND: Bound = Bound {
    owner_label: "A bot",
    items_label: "states",
    setting: "states",
    limit: |bounds| bounds.states,
    max_number_sql: Some("SELECT max(seq) FROM states"),
    rows_sql: "SELECT 1 FROM states WHERE agent_seq = ?1",
};

/// A state's key resolved: owner, declaration and the present state.
struct StateEntry {
    agent_seq: i64,
    /// The key with the declared name.
    key: Key,
    owner: Owner,
    declaration: definitions::StateDefinition,
    /// The present state; `None` if it is not set or has expired.
    current: Option<State>,
}

impl StateEntry {
    fn load(conn: &Connection, now: Timestamp, author: &Author, key: &Key) -> Result<Self> {
        let key = resolve_name(conn, author, key)?;
        let owner = Owner::resolve(conn, author, &key)?;
        let declared = find_declaration(conn, author, &key)?;
        let agent_seq = author.bot().seq;
        let old = rows::read(conn, agent_seq, &owner, &key)?;
        Ok(Self {
            agent_seq,
            key,
            owner,
            declaration: declared,
            current: old.filter(|state| !rows::is_expired(state, now)),
        })
    }

    /// Returns the payload after a merge, and the time to expiry in milliseconds.
    fn merge(&self, members: &Map<String, Value>) -> (Map<String, Value>, Option<i64>) {
        let (mut merged, after) = match &self.current {
            Some(old) => (old.payload.clone(), old.expires_after),
            None => (Map::new(), self.declaration.expiry.map(round_up_millis)),
        };
        merged.extend(members.clone());
        (merged, after)
    }

    fn write(
        self,
        tx: &WriteTx<'_>,
        payload: Map<String, Value>,
        expires_after: Option<i64>,
    ) -> Result<State> {
        if self.current.is_none() {
            BOUND.require(tx, self.agent_seq)?;
        }
        tx.claim(build_schema_claim(&self.declaration, &payload));
        tx.require_proven()?;
        let state = State {
            payload,
            expires_after,
            expires_at: expires_after.map(|millis| expiry_time(tx.now, millis)),
            updated_at: tx.now,
            ..self.current.clone().unwrap_or_else(|| self.new_state(tx))
        };
        rows::upsert(tx.conn, self.agent_seq, &self.owner, &state)?;
        if state.expires_at.is_some() {
            tx.wake_delivery_dispatcher();
        }
        Ok(state)
    }

    fn clear(self, tx: &WriteTx<'_>) -> Result<State> {
        if let Some(old) = &self.current {
            rows::delete(tx.conn, &old.id)?;
        }
        let cleared = self.current.clone().unwrap_or_else(|| self.new_state(tx));
        Ok(State {
            payload: Map::new(),
            updated_at: tx.now,
            ..cleared
        })
    }

    fn new_state(&self, tx: &WriteTx<'_>) -> State {
        use super::StateKind;
        let key = &self.key;
        let owned_by = |kind| (key.kind == kind).then_some(self.owner.id.as_str());
        State {
            id: StateId::new_ordered_uuid(tx.now),
            name: key.name.clone(),
            kind: key.kind,
            conversation_id: owned_by(StateKind::Conversation).map(Into::into),
            user_id: owned_by(StateKind::User).map(Into::into),
            payload: Map::new(),
            created_at: tx.now,
            updated_at: tx.now,
            expires_after: None,
            expires_at: None,
        }
    }
}

/// Rounds milliseconds up to a whole number.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the cast saturates, which is as good as never"
)]
fn round_up_millis(millis: f64) -> i64 {
    millis.ceil() as i64
}

fn expiry_time(now: Timestamp, millis: i64) -> Timestamp {
    now.plus(Duration::from_millis(millis.unsigned_abs()))
}
