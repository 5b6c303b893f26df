//! Resolves the owner of a state, and the declaration of a state.

use rusqlite::Connection;

use super::{Key, StateKind};
use crate::{
    domain::{
        bots::{author::Author, conversations, definitions, tasks, users, workflows},
        tenancy::request_auth::ActingInstallation,
    },
    kernel::{
        Error, Result, Rule, Violation,
        ids::{ConversationId, EndUserId, TaskId, WorkflowId},
        violation::{Location, PathSegment},
    },
};

/// Owner of a state.
#[derive(Debug, Clone, Default)]
pub(super) struct Owner {
    /// Key of the integration that the state belongs to; empty for the bot's own states.
    pub(super) integration: String,
    /// Id of the conversation, the user, the task or the workflow; empty for a bot and an installation.
    pub(super) id: String,
    pub(super) conversation_seq: Option<i64>,
    pub(super) user_seq: Option<i64>,
    pub(super) task_seq: Option<i64>,
    pub(super) workflow_seq: Option<i64>,
}

impl Owner {
    /// Resolves the owner that a state's key names.
    ///
    /// # Errors
    /// `NotFound` if the owner does not exist or is not accessible to the caller; errors of the store.
    pub(super) fn resolve(conn: &Connection, author: &Author, key: &Key) -> Result<Self> {
        let integration = author.integration();
        let mut owner = Self {
            integration: integration
                .map(ActingInstallation::integration_key)
                .unwrap_or_default(),
            ..Self::default()
        };
        let absent = || {
            Error::not_found(format!(
                "Owner not found: there is no {} {}",
                key.kind, key.owner
            ))
        };
        match key.kind {
            StateKind::Conversation => {
                let id = ConversationId::from(key.owner.as_str());
                owner.conversation_seq = Some(conversations::load_visible(conn, author, &id)?.seq);
                owner.id = key.owner.clone();
            }
            StateKind::User => {
                let id = EndUserId::from(key.owner.as_str());
                owner.user_seq = users::load_visible(conn, author, &id)?.seq;
                owner.id = key.owner.clone();
            }
            // wire: the bot alone has tasks and workflows (botpress-today.md §4.2)
            StateKind::Task if integration.is_none() => {
                let id = TaskId::from(key.owner.as_str());
                let seq = tasks::find_seq(conn, author.bot().seq, &id)?;
                owner.task_seq = Some(seq.ok_or_else(absent)?);
                owner.id = key.owner.clone();
            }
            StateKind::Workflow if integration.is_none() => {
                check_length("name", &key.name)?;
                let id = WorkflowId::from(key.owner.as_str());
                let seq = workflows::find_seq(conn, author.bot().seq, &id)?;
                owner.workflow_seq = Some(seq.ok_or_else(absent)?);
                owner.id = key.owner.clone();
            }
            StateKind::Bot if key.owner == author.bot().id.as_str() => {}
            StateKind::Integration
                if integration.is_some_and(|own| own.integration_id.as_str() == key.owner) => {}
            StateKind::Bot | StateKind::Integration | StateKind::Task | StateKind::Workflow => {
                return Err(absent());
            }
        }
        Ok(owner)
    }
}

/// Maximum length of a name that nothing declares, in characters.
const MAX_CHARS: usize = 200;

fn check_length(parameter: &str, text: &str) -> Result<()> {
    if text.chars().count() <= MAX_CHARS {
        return Ok(());
    }
    Err(Violation {
        location: Location::Path,
        path: vec![PathSegment::Key(parameter.to_owned())],
        rule: Rule::MaxLength(MAX_CHARS as u64),
    }
    .into())
}

/// Returns the key with the name under which the bot declares the state. The code of a plugin asks for `table`,
/// but the bot has only `plugin#table`.
///
/// wire: an undeclared name means the only state of a plugin with that name (botpress-today.md §2.3)
///
/// # Errors
/// Errors of the store.
pub(super) fn resolve_name(conn: &Connection, author: &Author, key: &Key) -> Result<Key> {
    let mut key = key.clone();
    if author.integration().is_some() || key.name.contains(PLUGIN_SEPARATOR) {
        return Ok(key);
    }
    let speaker = author.load_schemas(conn)?;
    let states = &speaker.bot_definition().states;
    if states
        .get(&key.name)
        .is_some_and(|own| own.kind == key.kind)
    {
        return Ok(key);
    }
    let mut of_plugins = states.iter().filter(|(name, state)| {
        let bare = name.split_once(PLUGIN_SEPARATOR).map(|(_, bare)| bare);
        bare == Some(&key.name) && state.kind == key.kind
    });
    if let (Some((name, _)), None) = (of_plugins.next(), of_plugins.next()) {
        key.name = name.clone();
    }
    Ok(key)
}

/// Separates the alias of a plugin from the name of its state.
const PLUGIN_SEPARATOR: char = '#';

/// Returns the caller's declaration of a state. States of workflows need none.
///
/// # Errors
/// `NotFound` if the caller declares no state of this name and kind; `Forbidden` if the calling integration has
/// just been uninstalled; errors of the store.
pub(super) fn find_declaration(
    conn: &Connection,
    author: &Author,
    key: &Key,
) -> Result<definitions::StateDefinition> {
    let speaker = author.load_schemas(conn)?;
    let declared = match speaker.own_integration()? {
        Some(own) => own.definition.states.get(&key.name),
        None => speaker.bot_definition().states.get(&key.name),
    };
    if let Some(declared) = declared.filter(|state| state.kind == key.kind) {
        return Ok(declared.clone());
    }
    match key.kind {
        // wire: the vendor's CLI never declares them (botpress-today.md §3)
        StateKind::Workflow => Ok(definitions::StateDefinition {
            kind: key.kind,
            schema: definitions::DeclaredSchema::default(),
            expiry: None,
        }),
        kind => Err(Error::not_found(format!(
            "State \"{}\" not found: no state of the type {kind} with this name is declared",
            key.name
        ))),
    }
}
