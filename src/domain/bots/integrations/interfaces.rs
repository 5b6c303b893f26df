//! Implementations of interfaces. The definition of an integration has them, and `integration_interfaces` has a row for
//! each, by which they are found (botpress-today.md §1).

use rusqlite::{Connection, named_params};

use crate::{
    domain::{
        bots::{
            definitions::{
                IntegrationDefinition, InterfaceDefinition, InterfaceImplementation, Named,
            },
            packages::{self, Package, PackageKind},
        },
        tenancy::{bounds::Bound, write_tx::WriteTx},
    },
    kernel::{Error, Kind, Result, Rule, Violation, ids::WorkspaceId},
};

/// Maximum length of the key of an implementation, in bytes.
const MAX_KEY_BYTES: usize = 1_000;

const BOUND: Bound = Bound {
    owner_label: "A version of an integration",
    items_label: "implementations of interfaces",
    setting: "implementations",
    limit: |bounds| bounds.implementations,
    max_number_sql: None,
    rows_sql: "SELECT 1 FROM integration_interfaces WHERE integration_seq = ?1",
};

/// Resolves the ids of new implementations to names and versions, and checks all implementations.
///
/// # Errors
/// `ReferenceNotFound` for an interface that the workspace cannot use, `Invalid` for an implementation that names a
/// missing part of the integration or leaves out an action of the interface, or errors of the store.
pub(super) fn resolve(
    conn: &Connection,
    workspace: &WorkspaceId,
    definition: &mut IntegrationDefinition,
) -> Result<()> {
    for (key, implementation) in &mut definition.interfaces {
        if !implementation.name.is_empty() {
            continue;
        }
        if key.is_empty() || key.len() > MAX_KEY_BYTES {
            let rule = format!("must have a key of 1 to {MAX_KEY_BYTES} bytes");
            return Err(violation(&[key.get(..100).unwrap_or(key)], rule));
        }
        let found = find_interface(conn, workspace, implementation)?;
        // wire: an own definition of the server may differ from the vendor's, so its actions are not required
        if !found.built_in {
            require_actions(key, &found.definition, implementation)?;
        }
        implementation.name = found.name;
        implementation.version = found.version;
    }
    check_parts(definition)
}

fn find_interface(
    conn: &Connection,
    workspace: &WorkspaceId,
    implementation: &InterfaceImplementation,
) -> Result<Package<InterfaceDefinition>> {
    let id = &implementation.id;
    let found = packages::find_usable(conn, workspace, PackageKind::Interface, id)?;
    found.ok_or_else(|| {
        let text = format!("Interface \"{id}\" not found");
        Error::new(Kind::ReferenceNotFound, text)
    })
}

/// Requires that each action of an interface has a name in the integration.
// wire: the vendor's checks are not documented (botpress-today.md §1)
fn require_actions(
    key: &str,
    interface: &InterfaceDefinition,
    implementation: &InterfaceImplementation,
) -> Result<()> {
    let is_missing = |name: &&String| !implementation.actions.contains_key(*name);
    match interface.actions.keys().find(is_missing) {
        None => Ok(()),
        Some(name) => {
            let rule = format!("must name the action that implements {name:?} of the interface");
            Err(violation(&[key, "actions"], rule))
        }
    }
}

/// Checks that the integration has every entity, action, event and channel that its implementations name.
fn check_parts(definition: &IntegrationDefinition) -> Result<()> {
    fn check<T>(key: &str, member: &str, names: &Named<String>, parts: &Named<T>) -> Result<()> {
        match names.iter().find(|(_, name)| !parts.contains_key(*name)) {
            None => Ok(()),
            Some((part, _)) => {
                let rule = format!("must be the name of one of the integration's {member}");
                Err(violation(&[key, member, part, "name"], rule))
            }
        }
    }
    for (key, names) in &definition.interfaces {
        check(key, "entities", &names.entities, &definition.entities)?;
        check(key, "actions", &names.actions, &definition.actions)?;
        check(key, "events", &names.events, &definition.events)?;
        check(key, "channels", &names.channels, &definition.channels)?;
    }
    Ok(())
}

fn violation(path: &[&str], rule: String) -> Error {
    let path = ["interfaces"].into_iter().chain(path.iter().copied());
    Violation::body(path, Rule::Other(rule)).into()
}

const DELETE: &str = "DELETE FROM integration_interfaces WHERE integration_seq = :seq";

const INSERT: &str = "
    INSERT INTO integration_interfaces (integration_seq, key, interface_id, interface_name)
    VALUES (:seq, :key, :interface_id, :interface_name)";

/// Writes the rows of an integration's implementations.
///
/// # Errors
/// `LimitExceeded` for more implementations than an integration can have, or errors of the store.
pub(super) fn write_rows(
    tx: &WriteTx<'_>,
    seq: i64,
    implementations: &Named<InterfaceImplementation>,
) -> Result<()> {
    tx.conn
        .prepare_cached(DELETE)?
        .execute(named_params! {":seq": seq})?;
    for (key, implementation) in implementations {
        BOUND.require(tx, seq)?;
        tx.conn.prepare_cached(INSERT)?.execute(named_params! {
            ":seq": seq,
            ":key": key,
            ":interface_id": implementation.id,
            ":interface_name": implementation.name,
        })?;
    }
    Ok(())
}
