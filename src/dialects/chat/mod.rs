//! The chat API of the built-in integration `chat`, as the official client `@botpress/chat` speaks it. It
//! is the program of that integration: a request comes through the runtime protocol, as it would to code
//! ([`Program`]).

mod auth;
mod conversations;
mod conversations_wire;
mod cors;
mod error;
mod events;
mod hello;
mod listen;
mod messages;
mod messages_wire;
mod paging;
mod participants;
mod program;
mod users;
mod users_wire;

use std::{collections::BTreeMap, sync::Arc};

use poem::{IntoEndpoint, Response, endpoint::EndpointExt};
use poem_openapi::{OpenApiService, Tags};

pub use self::auth::USER_KEY;
use self::{
    conversations::Conversations, error::ErrorRenderer, events::Events, hello::Hello,
    listen::Listening, messages::Messages, participants::Participants, program::Program,
    users::Users,
};
use crate::{
    domain::{App, webchat::NAME},
    engine::Native,
    http::{Document, Marks, Mount, Published, Queries},
};

/// Where the API of an installation is.
pub const BASE_PATH: &str = "/webhook/{webhookId}";

/// The groups of operations in the document.
#[derive(Tags)]
enum Tag {
    /// Whether the chat is there.
    Hello,
    /// The user who asks.
    User,
    /// Conversations.
    Conversation,
    /// Who takes part in a conversation.
    Participant,
    /// Messages.
    Message,
    /// Custom events.
    Event,
}

/// The programs of integrations that are a part of this one, by name.
#[must_use]
pub fn natives(app: &App) -> BTreeMap<&'static str, Arc<dyn Native>> {
    let program: Arc<dyn Native> = Arc::new(Program::new(app.clone()));
    [(NAME, program)].into()
}

/// The dialect as the documents show it. It is not routed: its requests come to the webhooks of
/// installations.
#[must_use]
pub fn mount(app: &App) -> Mount {
    Mount {
        name: "chat",
        title: "Chat",
        summary: "Talking with a bot: users, conversations, messages and what happens in them.",
        base_path: BASE_PATH,
        endpoint: endpoint(Published::new(document)),
        beside: &[],
        render: Arc::new(ErrorRenderer::new(app.clock().clone())),
        marks: Marks::default(),
        document: Published::new(document),
        credentials: true,
    }
}

/// The dialect's OpenAPI document.
#[must_use]
pub fn document() -> Document {
    Document::new::<error::Chat, _>(&service(), BASE_PATH, error::example).with_server_variable(
        "webhookId",
        "What the address of the installation ends with",
    )
}

type Api = (
    Hello,
    Users,
    Conversations,
    Participants,
    Messages,
    Events,
    Listening,
);

fn service() -> OpenApiService<Api, ()> {
    let api = (
        Hello,
        Users,
        Conversations,
        Participants,
        Messages,
        Events,
        Listening,
    );
    OpenApiService::new(api, "Chat API", "0.7.6")
        .description("Talk with a bot through the built-in integration `chat`.")
}

/// The endpoint of the operations, which this document describes.
fn endpoint(document: Published) -> poem::endpoint::BoxEndpoint<'static, Response> {
    let operations = service().into_endpoint().map_to_response();
    operations.with(Queries::of(document)).boxed()
}
