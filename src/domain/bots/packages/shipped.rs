//! The interfaces that the server has by itself: those that the vendor's public packages refer to by name and version
//! (botpress-today.md §0.9). They give way to published interfaces of the same name.

use rusqlite::{Connection, named_params};
use serde::Deserialize;

use super::{PackageKind, Visibility, create::to_json};
use crate::{
    domain::{
        bots::{definitions::InterfaceDefinition, versions},
        tenancy::{app::App, audit::Actor, workspaces, write_tx::WriteTx},
    },
    kernel::{Error, Result, ids::PackageId},
};

/// The interfaces in JSON. An id is the same on every server, because code that the vendor's command line generates
/// contains it.
const SHIPPED: &[&str] = &[
    include_str!("shipped/creatable.json"),
    include_str!("shipped/deletable.json"),
    include_str!("shipped/files-readonly.json"),
    include_str!("shipped/hitl.json"),
    include_str!("shipped/listable.json"),
    LLM,
    include_str!("shipped/message-state.json"),
    include_str!("shipped/proactive-conversation.json"),
    include_str!("shipped/proactive-user.json"),
    include_str!("shipped/readable.json"),
    include_str!("shipped/speech-to-text.json"),
    include_str!("shipped/text-to-image.json"),
    include_str!("shipped/typing-indicator.json"),
    include_str!("shipped/updatable.json"),
];

/// An interface of the server.
#[derive(Deserialize)]
pub(in crate::domain) struct ShippedInterface {
    pub(in crate::domain) id: PackageId,
    pub(in crate::domain) name: String,
    pub(in crate::domain) version: String,
    title: String,
    description: String,
    pub(in crate::domain) definition: InterfaceDefinition,
}

/// The interface of integrations with a language model.
const LLM: &str = include_str!("shipped/llm.json");

/// Returns the interface of integrations with a language model.
///
/// # Errors
/// `Internal` if it cannot be read.
pub(in crate::domain) fn llm_interface() -> Result<ShippedInterface> {
    serde_json::from_str(LLM)
        .map_err(|error| Error::internal("a shipped interface cannot be read", error))
}

const LIST: &str = "SELECT id, definition FROM packages WHERE built_in ORDER BY id";

const UPSERT: &str = "
    INSERT INTO packages
        (id, workspace_id, kind, name, version, version_order, visibility, built_in, title,
         description, definition, created_at, updated_at)
    VALUES
        (:id, :workspace_id, :kind, :name, :version, :version_order, :visibility, 1, :title,
         :description, :definition, :now, :now)
    ON CONFLICT (id) DO UPDATE SET
        name = excluded.name, version = excluded.version, version_order = excluded.version_order,
        title = excluded.title, description = excluded.description,
        definition = excluded.definition, updated_at = excluded.updated_at";

/// Creates or updates the server's own interfaces.
///
/// # Errors
/// Errors of the store.
pub async fn register(app: &App) -> Result<()> {
    let mut shipped = Vec::new();
    for text in SHIPPED {
        let one: ShippedInterface = serde_json::from_str(text)
            .map_err(|error| Error::internal("a shipped interface cannot be read", error))?;
        let definition = to_json(&one.definition)?;
        shipped.push((one, definition));
    }
    let known = app.store().read(list_definitions)?;
    let current = shipped
        .iter()
        .map(|(one, definition)| (&one.id, definition));
    if current.eq(known.iter().map(|(id, definition)| (id, definition))) {
        return Ok(());
    }
    app.run_write_tx_as(Actor::System, move |tx| {
        shipped
            .iter()
            .try_for_each(|(one, definition)| upsert(tx, one, definition))
    })
    .await
}

fn list_definitions(conn: &Connection) -> Result<Vec<(PackageId, String)>> {
    let mut statement = conn.prepare_cached(LIST)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn upsert(tx: &WriteTx<'_>, one: &ShippedInterface, definition: &str) -> Result<()> {
    let workspace = workspaces::ensure_system(tx)?;
    tx.conn.prepare_cached(UPSERT)?.execute(named_params! {
        ":id": one.id,
        ":workspace_id": workspace,
        ":kind": PackageKind::Interface,
        ":name": one.name,
        ":version": one.version,
        ":version_order": versions::sort_key(&one.version)?,
        ":visibility": Visibility::Public,
        ":title": one.title,
        ":description": one.description,
        ":definition": definition,
        ":now": tx.now,
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::schema::Limits;

    #[test]
    fn shipped_interfaces_are_valid() {
        let shipped = SHIPPED
            .iter()
            .map(|text| serde_json::from_str(text).expect("an interface"));
        let shipped: Vec<ShippedInterface> = shipped.collect();
        assert!(shipped.is_sorted_by(|one, next| one.id < next.id && one.name < next.name));
        for ShippedInterface {
            name, definition, ..
        } in &shipped
        {
            definition.check().expect(name);
            let actions = definition.actions.values();
            let of_actions = actions.flat_map(|action| [&action.input, &action.output]);
            let of_events = definition.events.values().map(|event| &event.schema);
            let of_entities = definition.entities.values().map(|entity| &entity.schema);
            for schema in of_actions.chain(of_events).chain(of_entities) {
                let source = schema.source().clone();
                crate::domain::bots::definitions::DeclaredSchema::new(
                    source,
                    name,
                    &Limits::default(),
                )
                .expect("a schema");
            }
        }
    }
}
