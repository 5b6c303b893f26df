//! The built-in chat: a public integration with the name `chat`, as the vendor's, whose program is part of the
//! server. This module owns its private data: its users, the foreign ids of clients, and the listeners. For the
//! rest it uses the same functions as the API calls of other integrations, with its own token.

mod built_in;
pub mod chat_page;
mod conversations;
mod events;
pub(in crate::domain) mod feature;
mod foreign_ids;
mod hs256;
mod install;
mod listeners;
mod message_streams;
mod messages;
mod participants;
mod publisher;
mod request_context;
mod settings;
pub mod signal_webhook;
mod user_keys;
mod users;

pub use self::{
    built_in::{VERSION, register},
    conversations::{
        Conversation, create as create_conversation, delete as delete_conversation,
        find as find_conversation, get_or_create as get_or_create_conversation,
        list as list_conversations,
    },
    events::{CustomEvent, create as create_event, find as find_event, send as send_event},
    install::{ensure_installed, ensure_installed_as, find_webhook},
    listeners::{Listeners, Signal, StreamItem, Subscription, listen},
    message_streams::{StreamPart, publish as publish_message_stream},
    messages::{
        Message, NewMessage, create as create_message, delete as delete_message,
        deliver as deliver_message, find as find_message, list as list_messages,
    },
    participants::{
        add as add_participant, find as find_participant, list as list_participants,
        remove as remove_participant,
    },
    request_context::{WebchatRequest, WebchatUserRequest},
    settings::Settings,
    users::{
        NewUser, User, UserFields, create as create_user, delete as delete_user, find as find_user,
        get_or_create as get_or_create_user, update as update_user,
    },
};

/// Name of the integration.
pub const NAME: &str = "chat";

/// The only channel of the integration.
const CHANNEL: &str = "channel";

/// Tag of a conversation with the id of its owner.
const OWNER: &str = "owner";

/// Tag of a user with the client's profile text.
const PROFILE: &str = "profile";

/// Tag with the foreign id.
const FID: &str = "fid";
