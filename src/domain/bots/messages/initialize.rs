//! Gets or creates the user, the conversation and the message of something that an integration received, in one
//! transaction.

use super::{
    Message, NewContent,
    content::{Timing, prefix_violations, require_in_conversation},
    create::{find_channel, load_conversation},
};
use crate::{
    domain::{
        bots::{
            author::{Author, AuthorSchemas, require_write},
            conversations::{self, Conversation, NewConversation, ValidatedConversation},
            tag_match::TagMatch,
            tags::Tags,
            users::{self, NewUser, User},
        },
        tenancy::{billing, request_auth::RequestContext, write_tx::WriteTx},
    },
    kernel::{
        Error, Kind, Result,
        ids::{ConversationId, EndUserId},
        violation::PathSegment,
    },
};

/// An object that a request names or describes.
#[derive(Debug, Clone)]
pub enum Target<I, N> {
    /// The object with this id.
    Known(I),
    /// The object that these tags find, or a new one; with the names of the tags by which it is found.
    New(N, Vec<String>),
}

/// A message that an integration received, with its user and conversation.
#[derive(Debug, Clone)]
pub struct IncomingMessage {
    /// User who wrote.
    pub user: Target<EndUserId, NewUser>,
    /// Conversation.
    pub conversation: Target<ConversationId, NewConversation>,
    /// Message.
    pub message: Option<NewContent>,
}

/// The objects of an incoming message.
#[derive(Debug, Clone, PartialEq)]
pub struct InitializedMessage {
    /// User.
    pub user: User,
    /// Conversation. The user participates in it.
    pub conversation: Conversation,
    /// Message.
    pub message: Option<Message>,
}

/// A user with its tags, and those by which it is found.
type ValidatedUser = Target<EndUserId, (NewUser, Tags, TagMatch)>;

/// Gets or creates the objects of an incoming message of the calling integration. The user becomes a participant of
/// the conversation, and a new message goes to the bot.
///
/// # Errors
/// `Forbidden` for a role below developer and for a caller that is no integration; `ReferenceNotFound` for an unknown
/// user, conversation or channel; `RelationConflict` for a conversation of another integration, and if the message is
/// in another conversation; `InvalidData` for a payload that does not conform to the schema of its type; `Invalid` for
/// undeclared or missing tags; `QuotaExceeded`; `LimitExceeded`; errors of the store.
pub async fn initialize(call: &RequestContext, new: IncomingMessage) -> Result<InitializedMessage> {
    require_write(call)?;
    let author = Author::from_call(call)?;
    let app = call.app().clone();
    let (user, conversation, content) = app.store().read(|conn| {
        let speaker = author.load_schemas(conn)?;
        let own = speaker.own_integration()?;
        let own = own.ok_or_else(|| {
            let text = "Only an integration can initialize an incoming message";
            Error::new(Kind::Forbidden, text)
        })?;
        let user = validate_user(&speaker, &own.installation.name, new.user);
        let user = user.map_err(|error| in_member(error, "user"))?;
        let conversation = validate_conversation(&speaker, new.conversation);
        let conversation = conversation.map_err(|error| in_member(error, "conversation"))?;
        let content = new.message.map(|content| {
            let limits = call.schema_limits();
            match &conversation {
                Target::Known(id) => {
                    let route = find_channel(call.app(), conn, &author, id)?;
                    content.validate(&speaker, route.channel_key(), limits)
                }
                Target::New((made, _), _) => content.validate(&speaker, made.channel_key(), limits),
            }
        });
        let content = content
            .transpose()
            .map_err(|error| in_member(error, "message"))?;
        Ok((user, conversation, content))
    })?;
    let quota = call.app().clone();
    app.run_write_tx(call, move |tx, workspace| {
        let user = get_or_create_user(tx, &author, user)?;
        let conversation = get_or_create_conversation(tx, &author, conversation)?;
        let bot = author.bot();
        conversations::add_participant_row(tx, bot, &conversation, &user.id, user.seq)?;
        let message = content.map(|content| {
            match content.find_existing_in_tx(tx, &author, (&conversation, user.seq))? {
                Some(known) => require_in_conversation(known, &conversation),
                None => {
                    billing::require_message(tx.conn, &quota, workspace)?;
                    let sender = (user.id.clone(), user.seq);
                    content.insert(tx, &author, &conversation, sender, &Timing::Deliver(None))
                }
            }
        });
        Ok(InitializedMessage {
            message: message.transpose()?,
            user,
            conversation,
        })
    })
    .await
}

fn in_member(error: Error, name: &str) -> Error {
    prefix_violations(error, &[PathSegment::Key(name.to_owned())])
}

fn validate_user(
    speaker: &AuthorSchemas<'_>,
    own: &str,
    user: Target<EndUserId, NewUser>,
) -> Result<ValidatedUser> {
    Ok(match user {
        Target::Known(id) => Target::Known(id),
        Target::New(new, names) => {
            let tags = users::validate_own_tags(speaker, &new.tags)?;
            let wanted = TagMatch::new(&tags, Some(&names), Some(own));
            Target::New((new, tags, wanted), names)
        }
    })
}

fn validate_conversation(
    speaker: &AuthorSchemas<'_>,
    conversation: Target<ConversationId, NewConversation>,
) -> Result<Target<ConversationId, (ValidatedConversation, TagMatch)>> {
    Ok(match conversation {
        Target::Known(id) => Target::Known(id),
        Target::New(new, names) => {
            let checked = conversations::validate_own(speaker, &new)?;
            let wanted = checked.tag_match(Some(&names));
            Target::New((checked, wanted), names)
        }
    })
}

fn get_or_create_user(tx: &WriteTx<'_>, author: &Author, user: ValidatedUser) -> Result<User> {
    match user {
        Target::Known(id) => {
            users::find_referenced_row(tx.conn, author, &id)?;
            users::load(tx.conn, author.bot(), &id)
        }
        Target::New((new, tags, wanted), _) => {
            users::get_or_create_in_tx(tx, author, &wanted, (&tags, new))
        }
    }
}

fn get_or_create_conversation(
    tx: &WriteTx<'_>,
    author: &Author,
    conversation: Target<ConversationId, (ValidatedConversation, TagMatch)>,
) -> Result<Conversation> {
    match conversation {
        Target::Known(id) => load_conversation(tx.conn, author, &id),
        Target::New((new, wanted), _) => {
            conversations::get_or_create_in_tx(tx, author, &new, &wanted)
        }
    }
}
