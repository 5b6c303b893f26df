//! Creates, updates and erases end users.

use serde_json::{Map, Value};

use super::{
    EndUser, EndUserChanges, MetadataUpdate, NewEndUser, Profile, ProfileChanges, event,
    external_id::{fold_external_id, fold_patch},
    rows, sensitive,
};
use crate::{
    domain::tenancy::{
        audit::{self, NewAuditRecord},
        bounds::Bound,
        request_auth::RequestContext,
        write_tx::WriteTx,
    },
    kernel::{
        Error, Kind, Patch, Result, Rule, Violation,
        ids::{AgentId, EndUserId, WorkspaceId},
        violation::Location,
    },
    store::Sealer,
};

/// The agent that end users belong to, with its workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentScope {
    /// The workspace of the agent.
    pub workspace: WorkspaceId,
    /// The agent.
    pub agent: AgentId,
}

impl AgentScope {
    /// Returns the scope of a call.
    pub(super) fn from_call(call: &RequestContext) -> Result<Self> {
        Ok(Self {
            workspace: call.workspace().clone(),
            agent: call.agent()?.id.clone(),
        })
    }
}

/// The result of a create.
#[derive(Debug, Clone, PartialEq)]
pub enum CreateOutcome {
    /// A new end user.
    Created(EndUser),
    /// The existing end user with this external id, unchanged: nothing of the request is applied.
    Existing(EndUser),
}

/// Creates an end user of the caller's agent, unless one with the external id exists.
///
/// # Errors
/// `Invalid` with the broken rules, errors of the store.
pub async fn create(call: &RequestContext, new: NewEndUser) -> Result<CreateOutcome> {
    let scope = AgentScope::from_call(call)?;
    let sealer = call.app().sealer().clone();
    // Checked before the change waits for the writer.
    let new = validate_new(new)?;
    call.app()
        .run_write_tx(call, move |tx, _| {
            let known = match &new.external_id {
                Some(external_id) => {
                    rows::find_row_by_external_id(tx.conn, &scope.agent, external_id)?
                }
                None => None,
            };
            match known {
                Some(known) => Ok(CreateOutcome::Existing(known)),
                None => insert_validated(tx, &sealer, &scope, new).map(CreateOutcome::Created),
            }
        })
        .await
}

/// Creates an end user within a change.
///
/// # Errors
/// `Invalid` with the broken rules, `Conflict` if another end user has the external id, errors of the store.
pub fn create_in_tx(
    tx: &WriteTx<'_>,
    sealer: &Sealer,
    scope: &AgentScope,
    new: NewEndUser,
) -> Result<EndUser> {
    let new = validate_new(new)?;
    check_external_id_free(tx, scope, new.external_id.as_deref(), None)?;
    insert_validated(tx, sealer, scope, new)
}

fn validate_new(mut new: NewEndUser) -> Result<NewEndUser> {
    if let Some(external_id) = &mut new.external_id {
        *external_id = fold_external_id(external_id, Location::Body)?;
    }
    let profile = &mut new.profile;
    let shown = match &profile.metadata {
        Patch::Value(metadata) => Some(metadata),
        Patch::Absent | Patch::Null => None,
    };
    let given = std::mem::take(&mut profile.sensitive_metadata);
    profile.sensitive_metadata = sensitive::validate_values(given, shown)?;
    let metadata = Profile::default().metadata;
    metadata.apply_patch(profile.metadata.clone(), MetadataUpdate::Replace)?;
    Ok(new)
}

const BOUND: Bound = Bound {
    owner_label: "An agent",
    items_label: "end users",
    setting: "end_users",
    limit: |bounds| bounds.end_users,
    max_number_sql: Some("SELECT max(seq) FROM end_users"),
    rows_sql: "SELECT 1 FROM end_users WHERE agent_id = ?1",
};

fn insert_validated(
    tx: &WriteTx<'_>,
    sealer: &Sealer,
    scope: &AgentScope,
    mut new: NewEndUser,
) -> Result<EndUser> {
    BOUND.require(tx, scope.agent.as_str())?;
    let sensitive_metadata = std::mem::take(&mut new.profile.sensitive_metadata);
    let made = EndUser {
        id: new.id.unwrap_or_else(|| EndUserId::new_hex24(tx.now)),
        external_id: new.external_id,
        profile: apply_profile_changes(Profile::default(), new.profile, MetadataUpdate::Replace)?,
        created_at: tx.now,
        updated_at: tx.now,
    };
    let purge_at = new.purge_after.map(|after| tx.now.plus(after));
    // The message is inserted first, so that the end user's row is written only once.
    let message = event::publish_created(tx, &scope.agent, &made)?;
    rows::insert(tx.conn, &scope.agent, &made, purge_at, message)?;
    sensitive::write_values(tx, sealer, &made.id, sensitive_metadata)?;
    record_audit(tx, scope, "end_user.create", &made.id)?;
    Ok(made)
}

/// Updates an end user of the caller's agent.
///
/// # Errors
/// `NotFound` if the agent has no such end user, `Invalid` with the broken rules, `Conflict` if another end user
/// has the external id, errors of the store.
pub async fn update(
    call: &RequestContext,
    id: EndUserId,
    changes: EndUserChanges,
    how: MetadataUpdate,
) -> Result<EndUser> {
    let scope = AgentScope::from_call(call)?;
    let sealer = call.app().sealer().clone();
    call.app()
        .run_write_tx(call, move |tx, _| {
            update_in_tx(tx, &sealer, &scope, &id, changes, how)
        })
        .await
}

/// Updates an end user within a change. Writes nothing if no value changes.
///
/// # Errors
/// As [`update`].
pub fn update_in_tx(
    tx: &WriteTx<'_>,
    sealer: &Sealer,
    scope: &AgentScope,
    id: &EndUserId,
    mut changes: EndUserChanges,
    how: MetadataUpdate,
) -> Result<EndUser> {
    let stored = rows::find_stored(tx.conn, &scope.agent, id)?.ok_or_else(rows::not_found)?;
    let old = &stored.end_user;
    let mut new = old.clone();
    fold_patch(changes.external_id)?.apply(&mut new.external_id);
    if new.external_id != old.external_id {
        check_external_id_free(tx, scope, new.external_id.as_deref(), Some(id))?;
    }
    let given = std::mem::take(&mut changes.profile.sensitive_metadata);
    let sensitive_metadata = sensitive::validate_values(given, None)?;
    new.profile = apply_profile_changes(new.profile, changes.profile, how)?;
    if let Some(system_properties) = changes.system_properties {
        new.profile.system_properties = system_properties;
    }
    let sealed = sensitive::write_values(tx, sealer, id, sensitive_metadata)?;
    if new == *old && !sealed {
        return Ok(new);
    }
    new.updated_at = tx.now;
    // The message is inserted first, so that the end user's row is written only once.
    let message = event::publish_updated(tx, &scope.agent, &stored, &new)?;
    rows::update(tx.conn, &scope.agent, &stored, &new, message)?;
    record_audit(tx, scope, "end_user.update", id)?;
    Ok(new)
}

fn check_external_id_free(
    tx: &WriteTx<'_>,
    scope: &AgentScope,
    external_id: Option<&str>,
    of: Option<&EndUserId>,
) -> Result<()> {
    let Some(external_id) = external_id else {
        return Ok(());
    };
    let holder = rows::find_row_by_external_id(tx.conn, &scope.agent, external_id)?;
    if holder.is_some_and(|holder| Some(&holder.id) != of) {
        return Err(Error::new(
            Kind::Conflict,
            "This external_id belongs to another end user",
        ));
    }
    Ok(())
}

fn apply_profile_changes(
    mut profile: Profile,
    changes: ProfileChanges,
    how: MetadataUpdate,
) -> Result<Profile> {
    check_system_properties(&profile, changes.system_properties.unwrap_or_default())?;
    changes.first_name.apply(&mut profile.first_name);
    changes.last_name.apply(&mut profile.last_name);
    changes.display_name.apply(&mut profile.display_name);
    changes.avatar.apply(&mut profile.avatar);
    changes.email.apply(&mut profile.email);
    changes.language.apply(&mut profile.language);
    profile.metadata = profile.metadata.apply_patch(changes.metadata, how)?;
    Ok(profile)
}

const CANCEL_PURGE: &str = "
    UPDATE end_users SET purge_at = NULL WHERE agent_id = :agent_id AND id = :id";

/// Cancels the purge of an end user, because it is in a conversation now.
///
/// # Errors
/// `NotFound` if the agent has no such end user, errors of the store.
pub fn cancel_purge(tx: &WriteTx<'_>, agent: &AgentId, id: &EndUserId) -> Result<()> {
    let parameters = rusqlite::named_params! {":agent_id": agent, ":id": id};
    match tx.conn.prepare_cached(CANCEL_PURGE)?.execute(parameters)? {
        0 => Err(rows::not_found()),
        _ => Ok(()),
    }
}

/// Erases an end user within a change, with everything that refers to it and the webhook messages about it.
///
/// # Errors
/// `NotFound` if the agent has no such end user, errors of the store.
pub fn erase(tx: &WriteTx<'_>, scope: &AgentScope, id: &EndUserId) -> Result<()> {
    if erase_with_action(tx, scope, id, "end_user.delete")? {
        Ok(())
    } else {
        Err(rows::not_found())
    }
}

/// Erases an end user, the webhook messages about it, and the copies of these in the test inbox. `action` is the
/// action of the audit record. Returns true if the end user existed.
pub(super) fn erase_with_action(
    tx: &WriteTx<'_>,
    scope: &AgentScope,
    id: &EndUserId,
    action: &'static str,
) -> Result<bool> {
    event::erase_messages(tx, &scope.agent, id)?;
    if !rows::erase(tx, &scope.agent, id)? {
        return Ok(false);
    }
    record_audit(tx, scope, action, id)?;
    Ok(true)
}

pub(super) fn record_audit(
    tx: &WriteTx<'_>,
    scope: &AgentScope,
    action: &'static str,
    id: &EndUserId,
) -> Result<()> {
    audit::record(
        tx,
        &NewAuditRecord {
            workspace: Some(&scope.workspace),
            action,
            resource_id: id.as_str(),
            // The record outlives the end user, so it must not name the person.
            resource_name: None,
        },
    )
}

/// Refuses system properties that differ from the stored ones. Equal ones pass, because a client may read a
/// profile, edit it and send all of it back.
fn check_system_properties(profile: &Profile, given: Map<String, Value>) -> Result<()> {
    for (name, value) in given {
        let shown = profile.system_properties.get(&name);
        if value != *shown.unwrap_or(&Value::Null) {
            let path = ["profile", "system_properties", name.as_str()];
            let rule = Rule::Other("cannot be changed: only channels set it".to_owned());
            return Err(Violation::body(path, rule).into());
        }
    }
    Ok(())
}
