//! The chat API of the built-in integration `chat`, which the official client `@botpress/chat` uses. The API
//! runs as the program of that integration: its requests arrive through the runtime protocol, as they do for
//! integration code ([`Program`]).

mod auth;
mod conversations;
mod cors;
mod error;
mod events;
mod hello;
mod listen;
mod messages;
mod paging;
mod participants;
mod program;
mod signals;
mod users;

use std::{collections::BTreeMap, sync::Arc};

use poem::{IntoEndpoint, Response, endpoint::EndpointExt};
use poem_openapi::{OpenApiService, Tags};

pub use self::{auth::USER_KEY_HEADER, signals::render_signal};
use self::{
    conversations::operations::Conversations, error::ErrorRenderer, events::Events, hello::Hello,
    listen::ListenApi, messages::operations::Messages, participants::Participants,
    program::Program, users::operations::Users,
};
use crate::{
    domain::{
        App,
        webchat::{NAME, VERSION},
    },
    engine::NativeProgram,
    http::{ClientPatterns, Document, Mount, Published, QueryParams},
};

/// Base path of the API of an installation.
pub const BASE_PATH: &str = "/webhook/{webhookId}";

/// Tags (groups of operations) in the OpenAPI document.
#[derive(Tags)]
enum Tag {
    /// Check that the chat exists.
    Hello,
    /// The calling user.
    User,
    /// Conversations.
    Conversation,
    /// Participants of a conversation.
    Participant,
    /// Messages.
    Message,
    /// Custom events.
    Event,
}

/// Returns the built-in programs of integrations, by integration name.
#[must_use]
pub fn native_programs(app: &App) -> BTreeMap<&'static str, Arc<dyn NativeProgram>> {
    let program: Arc<dyn NativeProgram> = Arc::new(Program::new(app.clone()));
    [(NAME, program)].into()
}

/// Returns the dialect for the documentation. It is not routed: its requests arrive at the webhooks of
/// installations.
#[must_use]
pub fn mount(app: &App) -> Mount {
    Mount {
        name: "chat",
        title: "Chat",
        summary: "Talking with a bot: users, conversations, messages and what happens in them.",
        base_path: BASE_PATH,
        endpoint: endpoint(Published::new(document)),
        extra_paths: &[],
        renderer: Arc::new(ErrorRenderer::new(app.clock().clone())),
        client_patterns: ClientPatterns::default(),
        document: Published::new(document),
        allows_credentials: true,
    }
}

/// Returns the OpenAPI document of the dialect.
#[must_use]
pub fn document() -> Document {
    Document::new::<error::Chat, _>(&service(), BASE_PATH, error::example).with_server_variable(
        "webhookId",
        "The last segment of the installation's webhook URL",
    )
}

type Api = (
    Hello,
    Users,
    Conversations,
    Participants,
    Messages,
    Events,
    ListenApi,
);

fn service() -> OpenApiService<Api, ()> {
    let api = (
        Hello,
        Users,
        Conversations,
        Participants,
        Messages,
        Events,
        ListenApi,
    );
    OpenApiService::new(api, "Chat API", VERSION)
        .description("Talk with a bot through the built-in integration `chat`.")
}

/// Returns the endpoint of the operations that this document describes.
fn endpoint(document: Published) -> poem::endpoint::BoxEndpoint<'static, Response> {
    let operations = service().into_endpoint().map_to_response();
    operations.with(QueryParams::new(document)).boxed()
}
