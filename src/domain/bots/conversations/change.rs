//! Creates, updates and deletes conversations.

use rusqlite::named_params;
use serde_json::json;

use super::{Conversation, rows};
use crate::{
    domain::{
        bots::{
            author::{Author, AuthorSchemas, DelegatedCreation, require_write},
            messages,
            schema_set::InstalledIntegration,
            tag_match::TagMatch,
            tags::{TagPatch, TagTable, Tags},
        },
        tenancy::{bounds::Bound, request_auth::RequestContext, write_tx::WriteTx},
    },
    kernel::{Error, Kind, Result, ids::ConversationId},
};

/// The properties of a new conversation.
#[derive(Debug, Clone, Default)]
pub struct NewConversation {
    /// Channel.
    pub channel: String,
    /// Tags.
    pub tags: TagPatch,
    /// Alias or name of the integration that is asked to create the conversation; the caller creates it if absent.
    pub integration: Option<String>,
}

/// A new conversation that has passed validation.
pub(in crate::domain) struct ValidatedConversation {
    integration: String,
    channel: String,
    tags: Tags,
}

impl ValidatedConversation {
    /// Returns the integration and the channel, which declare its tags.
    pub(in crate::domain) fn channel_key(&self) -> (&str, &str) {
        (&self.integration, &self.channel)
    }

    /// Returns the tags by which a get-or-create finds the conversation.
    pub(in crate::domain) fn tag_match(&self, discriminators: Option<&[String]>) -> TagMatch {
        TagMatch::new(&self.tags, discriminators, Some(&self.integration))
    }
}

/// Creates a conversation in the call's bot. An integration creates it in a channel of its own. A bot creates
/// it in the only channel with that name among its integrations.
///
/// # Errors
/// `Forbidden` for a role below developer; `Invalid` for undeclared or missing tags, and for a channel that
/// several integrations have; `ReferenceNotFound` for an unknown channel or integration; `Runtime` if the
/// integration fails to create it; errors of the store.
pub async fn create(call: &RequestContext, new: NewConversation) -> Result<Conversation> {
    let author = Author::from_call(call)?;
    match plan_creation(call, &author, &new)? {
        CreationPath::Local(checked) => {
            call.app()
                .run_write_tx(call, move |tx, _| create_in_tx(tx, &author, &checked))
                .await
        }
        CreationPath::Delegated(checked, delegated) => {
            create_through_integration(call, &author, &checked, &delegated).await
        }
    }
}

/// Returns the conversation with the tags that `discriminators` names, or creates it; without them, the conversation
/// must have exactly the new one's tags. Concurrent calls get the same conversation.
///
/// # Errors
/// As [`create`].
pub async fn get_or_create(
    call: &RequestContext,
    new: NewConversation,
    discriminators: Option<Vec<String>>,
) -> Result<Conversation> {
    let author = Author::from_call(call)?;
    let (checked, delegated) = match plan_creation(call, &author, &new)? {
        CreationPath::Local(checked) => (checked, None),
        CreationPath::Delegated(checked, delegated) => (checked, Some(delegated)),
    };
    let agent_seq = author.bot().seq;
    let wanted = checked.tag_match(discriminators.as_deref());
    let known = call
        .app()
        .store()
        .read(|conn| rows::find_by_tags(conn, agent_seq, checked.channel_key(), &wanted))?;
    if let Some(known) = known {
        return Ok(known);
    }
    if let Some(delegated) = &delegated {
        return create_through_integration(call, &author, &checked, delegated).await;
    }
    call.app()
        .run_write_tx(call, move |tx, _| {
            get_or_create_in_tx(tx, &author, &checked, &wanted)
        })
        .await
}

/// Returns the conversation that matches, or creates it, inside a write transaction.
pub(in crate::domain) fn get_or_create_in_tx(
    tx: &WriteTx<'_>,
    author: &Author,
    new: &ValidatedConversation,
    wanted: &TagMatch,
) -> Result<Conversation> {
    let known = rows::find_by_tags(tx.conn, author.bot().seq, new.channel_key(), wanted)?;
    match known {
        Some(known) => Ok(known),
        None => create_in_tx(tx, author, new),
    }
}

/// The way to create a conversation.
enum CreationPath {
    /// In the database.
    Local(ValidatedConversation),
    /// Through an integration.
    Delegated(ValidatedConversation, DelegatedCreation),
}

/// Asks an integration to create a conversation.
async fn create_through_integration(
    call: &RequestContext,
    author: &Author,
    checked: &ValidatedConversation,
    delegated: &DelegatedCreation,
) -> Result<Conversation> {
    let body = json!({"channel": checked.channel, "tags": delegated.tags});
    let (app, member) = (call.app(), "conversation");
    let id = delegated
        .request_creation(app, "create_conversation", &body, member)
        .await?;
    let made = app
        .store()
        .read(|conn| rows::find_in_bot(conn, author.bot().seq, &id.as_str().into()))?;
    made.filter(|made| made.integration == checked.integration)
        .ok_or_else(|| delegated.result_not_found(member, &id))
}

fn plan_creation(
    call: &RequestContext,
    author: &Author,
    new: &NewConversation,
) -> Result<CreationPath> {
    require_write(call)?;
    call.app().store().read(|conn| {
        let speaker = author.load_schemas(conn)?;
        if let Some(name) = new.integration.as_deref()
            && !speaker.is_integration(name)
        {
            let creation = |found: &InstalledIntegration| {
                require_enabled(found, &new.channel)?;
                let channel = found.definition.channels.get(&new.channel);
                let channel = channel.ok_or_else(|| unknown_channel(&new.channel))?;
                Ok(channel.conversation.creation.clone())
            };
            let delegated = speaker.delegate_creation(name, creation, &new.tags)?;
            let checked = ValidatedConversation {
                integration: delegated.integration.clone(),
                channel: new.channel.clone(),
                tags: Tags::from_full_names(&delegated.tags),
            };
            return Ok(CreationPath::Delegated(checked, delegated));
        }
        validate_own(&speaker, new).map(CreationPath::Local)
    })
}

/// Validates a conversation that the caller creates itself.
pub(in crate::domain) fn validate_own(
    speaker: &AuthorSchemas<'_>,
    new: &NewConversation,
) -> Result<ValidatedConversation> {
    let (integration, required) = find_channel(speaker, &new.channel)?;
    let place = (integration.as_str(), new.channel.as_str());
    let tags = speaker.apply_conversation_tags(place, &Tags::default(), &new.tags)?;
    tags.require_all(&integration, &required)?;
    Ok(ValidatedConversation {
        integration,
        channel: new.channel.clone(),
        tags,
    })
}

/// Creates a conversation of the caller inside a write transaction.
///
/// # Errors
/// As [`create`].
pub(in crate::domain) fn create_own_in_tx(
    tx: &WriteTx<'_>,
    author: &Author,
    new: &NewConversation,
) -> Result<Conversation> {
    let checked = validate_own(&author.load_schemas(tx.conn)?, new)?;
    create_in_tx(tx, author, &checked)
}

/// Returns the integration that has this channel, and the tags that the channel requires.
fn find_channel(speaker: &AuthorSchemas<'_>, name: &str) -> Result<(String, Vec<String>)> {
    let candidates = match speaker.own_integration()? {
        Some(own) => std::slice::from_ref(own),
        None => speaker.integrations(),
    };
    if let [only] = candidates {
        require_enabled(only, name)?;
    }
    let enabled = candidates.iter().filter(|one| !one.has_disabled(name));
    let mut having = enabled.filter_map(|one| {
        let channel = one.definition.channels.get(name)?;
        let required = channel.conversation.creation.required_tags.clone();
        Some((one.installation.name.clone(), required))
    });
    let found = having.next().ok_or_else(|| unknown_channel(name))?;
    match having.find(|(other, _)| *other != found.0) {
        None => Ok(found),
        Some((other, _)) => Err(Error::invalid(format!(
            "The integrations {} and {other} both have the channel {name}: select one with integrationName",
            found.0
        ))),
    }
}

/// Checks that the bot uses a channel of an integration.
// wire: nothing says how the vendor treats a disabled channel (botpress-today.md §0.4)
fn require_enabled(integration: &InstalledIntegration, channel: &str) -> Result<()> {
    if !integration.has_disabled(channel) {
        return Ok(());
    }
    let name = &integration.installation.name;
    Err(Error::invalid(format!(
        "The channel {channel} of the integration {name} is disabled in the bot"
    )))
}

fn unknown_channel(name: &str) -> Error {
    Error::new(
        Kind::ReferenceNotFound,
        format!("No installed integration has a channel {name}"),
    )
}

const BOUND: Bound = Bound {
    owner_label: "A bot",
    items_label: "conversations",
    setting: "conversations",
    limit: |bounds| bounds.conversations,
    max_number_sql: Some("SELECT max(seq) FROM conversations"),
    rows_sql: "SELECT 1 FROM conversations WHERE agent_seq = ?1",
};

const INSERT: &str = "
    INSERT INTO conversations (id, agent_seq, integration, channel, tags, created_at, updated_at)
    VALUES (:id, :agent_seq, :integration, :channel, :tags, :now, :now)";

fn create_in_tx(
    tx: &WriteTx<'_>,
    author: &Author,
    new: &ValidatedConversation,
) -> Result<Conversation> {
    let id = ConversationId::new_ordered_uuid(tx.now);
    let agent_seq = author.bot().seq;
    BOUND.require(tx, agent_seq)?;
    tx.conn.prepare_cached(INSERT)?.execute(named_params! {
        ":id": id,
        ":agent_seq": agent_seq,
        ":integration": new.integration,
        ":channel": new.channel,
        ":tags": new.tags.to_canonical_json(),
        ":now": tx.now,
    })?;
    let seq = tx.conn.last_insert_rowid();
    TagTable::Conversation.update_rows(tx.conn, agent_seq, seq, &Tags::default(), &new.tags)?;
    rows::load_visible(tx.conn, author, &id)
}

const UPDATE: &str = "
    UPDATE conversations SET tags = :tags, updated_at = :now WHERE seq = :seq";

/// Sets and unsets single tags of a conversation of the call's bot.
///
/// # Errors
/// `NotFound`, `Forbidden` for a role below developer, `Invalid` for undeclared tags, or errors of the
/// store.
pub async fn update(
    call: &RequestContext,
    id: ConversationId,
    tags: TagPatch,
) -> Result<Conversation> {
    require_write(call)?;
    let author = Author::from_call(call)?;
    call.app()
        .run_write_tx(call, move |tx, _| {
            let old = rows::load_visible(tx.conn, &author, &id)?;
            let speaker = author.load_schemas(tx.conn)?;
            let new = speaker.apply_conversation_tags(old.channel_key(), &old.tags, &tags)?;
            if new == old.tags {
                return Ok(old);
            }
            tx.conn.prepare_cached(UPDATE)?.execute(named_params! {
                ":tags": new.to_canonical_json(),
                ":now": tx.now,
                ":seq": old.seq,
            })?;
            TagTable::Conversation.update_rows(
                tx.conn,
                author.bot().seq,
                old.seq,
                &old.tags,
                &new,
            )?;
            rows::load_visible(tx.conn, &author, &id)
        })
        .await
}

/// Deletes a conversation of the call's bot with its messages, events and states.
///
/// # Errors
/// `NotFound`, `Forbidden` for a role below developer, or errors of the store.
pub async fn delete(call: &RequestContext, id: ConversationId) -> Result<Conversation> {
    require_write(call)?;
    let author = Author::from_call(call)?;
    call.app()
        .run_write_tx(call, move |tx, _| {
            let old = rows::load_visible(tx.conn, &author, &id)?;
            delete_row(tx, old.seq)?;
            Ok(old)
        })
        .await
}

const DELETE: &str = "DELETE FROM conversations WHERE seq = :seq";

fn delete_row(tx: &WriteTx<'_>, seq: i64) -> Result<()> {
    messages::delete_by_conversation(tx, seq)?;
    tx.run_after_commit(move |app| app.run_conversation_end_hooks(seq, None));
    tx.conn
        .prepare_cached(DELETE)?
        .execute(named_params! {":seq": seq})?;
    Ok(())
}
