//! The built-in chat: a public integration whose program is a part of this one (`chat`, as the vendor's).
//! What stands here is what that integration keeps of its own: who its users are, the ids that clients
//! choose, and who listens. All else it does with the functions that every integration's calls end in,
//! and with a call of its own token.

pub mod bot_chat;
mod built_in;
mod conversations;
mod events;
pub(in crate::domain) mod feature;
mod ids;
mod install;
mod keys;
mod listeners;
mod messages;
mod participants;
mod settings;
mod users;
mod visit;

pub use self::{
    built_in::register,
    conversations::{
        Conversation, create as create_conversation, delete as delete_conversation,
        find as find_conversation, get_or_create as get_or_create_conversation,
        list as list_conversations,
    },
    events::{Event, create as create_event, find as find_event, send as send_event},
    install::{ensure, ensure_for, find},
    listeners::{Listeners, Next, Signal, Subscription, listen},
    messages::{
        Message, NewMessage, create as create_message, delete as delete_message,
        deliver as deliver_message, find as find_message, list as list_messages,
    },
    participants::{
        add as add_participant, find as find_participant, list as list_participants,
        remove as remove_participant,
    },
    settings::Settings,
    users::{
        NewUser, Profile, User, create as create_user, delete as delete_user, find as find_user,
        get_or_create as get_or_create_user, update as update_user,
    },
    visit::{Visit, Visitor},
};

/// The name of the integration.
pub const NAME: &str = "chat";

/// The one channel of the integration.
const CHANNEL: &str = "channel";

/// The tag of a conversation that says who made it.
const OWNER: &str = "owner";

/// The tag of a user with what the client keeps of it.
const PROFILE: &str = "profile";

/// The tag with the id that a client has chosen.
const FID: &str = "fid";
