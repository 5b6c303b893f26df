//! Botpress: the chat, admin and files API (`botpress.md` §0).
//!
//! The path `/v1/chat` itself belongs to Cohere; all paths below it belong to this dialect.

mod admin;
mod auth;
mod chat;
mod cognitive;
mod document_parameters;
mod empty;
mod error;
mod files;
mod ignored_parameters;
mod inbound;
mod integration_auth;
mod pages;
mod paging;
mod settings;
mod tables;

use std::sync::Arc;

use poem::{EndpointExt, Route, http::Method};
use poem_openapi::{OpenApiService, Tags};

use self::files::{
    knowledge_bases::KnowledgeBases, operations::UploadedFiles, passages::FilePassages,
};
use self::{
    admin::{
        account::Account,
        audit::Audit,
        billing::operations::Billing,
        bot_issues::BotIssues,
        bot_reports::BotReports,
        bots::operations::Bots,
        hub::Hub,
        integrations::operations::Integrations,
        interfaces::{hub::PublicInterfaces, operations::Interfaces},
        introspect::Introspect,
        members::Members,
        personal_access_tokens::Tokens,
        plugins::{hub::PublicPlugins, operations::Plugins},
        usages::operations::Usages,
        workspaces::operations::Workspaces,
    },
    admin::{
        action_runs::ActionRuns, activities::Activities, billing::upcoming::UpcomingInvoices,
        bot_allowlist::BotAllowlist, bot_json::BotJson, bot_versions::BotVersions, helper::Helper,
        integrations::checks::IntegrationChecks, program_keys::ProgramKeys,
        shareable_ids::ShareableIds, usages::activity::UsageActivities,
        workspaces::preferences::WorkspacePreferences, workspaces::public::PublicWorkspaces,
    },
    chat::{
        actions::Actions,
        analytics::Analytics,
        conversations::operations::Conversations,
        events::Events,
        files::Files,
        messages::{imports::MessageImports, initialize::IncomingMessages, operations::Messages},
        participants::Participants,
        states::States,
        tag_values::TagLists,
        tasks::operations::Tasks,
        users::operations::Users,
        workflows::operations::Workflows,
    },
    cognitive::{media::CognitiveMedia, models::CognitiveModels, texts::CognitiveTexts},
    tables::{jobs::TableJobs, operations::Tables, rows::TableRows},
};
pub use self::{
    cognitive::native_programs,
    error::ErrorRenderer,
    files::bytes::{BASE_PATH as FILE_BYTES_PATH, METHODS as FILE_BYTES_METHODS, bytes_endpoint},
    inbound::{
        tunnels::route_tunnels,
        webhooks::{OAUTH_PATH, route_webhook_hosts, webhook_endpoint},
    },
    pages::{
        chat_page::{
            BASE_PATH as CHAT_BASE_PATH, METHODS as CHAT_METHODS,
            PageErrorRenderer as RenderChatPage, routes as chat_pages,
        },
        interstitial::{
            METHODS as INTERSTITIAL_METHODS, PATHS as INTERSTITIAL_PATHS, interstitial_page,
        },
    },
    settings::Settings,
};
use crate::{
    domain::{App, bots::feature::ObjectRenderers},
    http::{ClientPatterns, Document, Mount, Published, QueryParams},
};

/// The renderers of the objects that requests to bots and integrations contain.
pub const OBJECT_RENDERERS: ObjectRenderers = ObjectRenderers {
    event: chat::events::render_event,
    message: chat::events::render_message,
    state: chat::states::render_state,
    workflow: chat::workflows::dto::render_workflow,
};

/// Empty, because operations have whole paths: the vendor's base URL has no path.
pub const BASE_PATH: &str = "";

/// Path prefix of the webhooks of installations.
pub const WEBHOOKS_PATH: &str = "/webhook";

/// Path prefixes of the dialect. It answers every path below them, also those without an operation.
pub const ROUTES: &[&str] = &[
    "/v1/chat",
    "/v1/admin",
    "/v1/files",
    "/v1/storage",
    "/v1/tables",
    "/v2/cognitive",
];

/// Groups of operations in the OpenAPI document.
#[derive(Tags)]
enum Tag {
    /// End users of a bot.
    User,
    /// Conversations and their participants.
    Conversation,
    /// Events of a bot.
    Event,
    /// Messages in conversations.
    Message,
    /// Stored state of a bot or an integration.
    State,
    /// Tags of users, conversations and messages.
    #[oai(rename = "Tag")]
    Labels,
    /// Action calls between bots and integrations.
    Action,
    /// Workflows of bots.
    Workflow,
    /// Tasks of bots.
    Task,
    /// Activities of tasks.
    Activity,
    /// Files of bots.
    File,
    /// Tables of bots, and their rows.
    Table,
    /// Bots.
    Bot,
    /// Workspaces, their plans and their billing.
    Workspace,
    /// Members of a workspace and their roles.
    WorkspaceMember,
    /// Usage and quotas.
    Usage,
    /// Integrations of a workspace.
    Integration,
    /// Interfaces of a workspace: what integrations can implement.
    Interface,
    /// Plugins of a workspace: code and definitions that bots can have.
    Plugin,
    /// Public integrations, interfaces and plugins of all workspaces.
    Hub,
    /// The account of the caller.
    Account,
    /// Text, images and speech from the operator's model server.
    Cognitive,
}

/// Returns the dialect with its routes.
#[must_use]
pub fn mount(app: &App, settings: &Settings) -> Mount {
    let document = Published::new({
        let settings = settings.clone();
        move || document(&settings)
    });
    Mount {
        name: "botpress",
        title: "Botpress",
        summary: "Bots, integrations and workspaces; users, conversations, messages and events.",
        base_path: BASE_PATH,
        endpoint: admin::integrations::icon_and_readme::add_routes(Route::new())
            .nest_no_strip("/", build_service(settings))
            .with(QueryParams::new(document.clone()))
            .boxed(),
        extra_paths: admin::integrations::icon_and_readme::METHODS,
        renderer: Arc::new(ErrorRenderer::new(app.clock().clone())),
        client_patterns: ClientPatterns {
            key_prefixes: &["bp_"],
            headers: &[auth::BOT_ID, auth::WORKSPACE_ID, auth::INTEGRATION_ID],
        },
        document,
        allows_credentials: true,
    }
}

/// Returns true for requests whose bodies have the code of a bot, an integration or a plugin.
// wire: at least 64 MiB (botpress-today.md §0.5)
#[must_use]
pub fn has_code(method: &Method, path: &str) -> bool {
    let Some(path) = path.strip_prefix("/v1/admin/") else {
        return false;
    };
    let segments: Vec<&str> = path.split('/').take(4).collect();
    let kind = segments.first().copied().unwrap_or_default();
    if !matches!(kind, "bots" | "integrations" | "plugins") {
        return false;
    }
    match (method.as_str(), &segments[1..]) {
        ("POST", []) | ("PUT", [_]) => true,
        ("POST", ["validate"]) | ("PUT", [_, "validate"]) => kind == "integrations",
        _ => false,
    }
}

/// Returns the OpenAPI document of the dialect.
#[must_use]
pub fn document(settings: &Settings) -> Document {
    Document::new::<error::Botpress, _>(&build_service(settings), BASE_PATH, error::example_body)
        .with_parameters(document_parameters::extra_parameters)
}

type ChatOperations = (
    Users,
    Conversations,
    Participants,
    Events,
    Messages,
    States,
    Actions,
    Files,
    TagLists,
    MessageImports,
    IncomingMessages,
    Analytics,
);
type AdminOperations = (
    Bots,
    BotReports,
    BotIssues,
    Integrations,
    Hub,
    Account,
    Introspect,
    Interfaces,
    PublicInterfaces,
    Plugins,
    PublicPlugins,
);
type WorkspaceOperations = (Tokens, Workspaces, Members, Usages, Audit, Billing);
type ManagementOperations = (
    ProgramKeys,
    IntegrationChecks,
    BotVersions,
    BotJson,
    BotAllowlist,
    ActionRuns,
    ShareableIds,
    Helper,
    PublicWorkspaces,
    WorkspacePreferences,
    UsageActivities,
    UpcomingInvoices,
);
type WorkOperations = (Workflows, Tasks, Activities);
type FileOperations = (FilePassages, KnowledgeBases, UploadedFiles);
type CognitiveOperations = (CognitiveTexts, CognitiveMedia, CognitiveModels);
type TableOperations = (Tables, TableRows, TableJobs);
type Api = (
    ChatOperations,
    WorkOperations,
    AdminOperations,
    WorkspaceOperations,
    ManagementOperations,
    FileOperations,
    CognitiveOperations,
    TableOperations,
);

fn build_service(settings: &Settings) -> OpenApiService<Api, ()> {
    let chat = (
        Users,
        Conversations,
        Participants,
        Events,
        Messages,
        States,
        Actions,
        Files,
        TagLists,
        MessageImports,
        IncomingMessages,
        Analytics,
    );
    let admin = (
        Bots::new(settings.clone()),
        BotReports,
        BotIssues,
        Integrations::new(settings.clone()),
        Hub,
        Account,
        Introspect,
        Interfaces,
        PublicInterfaces,
        Plugins,
        PublicPlugins,
    );
    let organisation = (
        Tokens,
        Workspaces,
        Members,
        Usages,
        Audit,
        Billing::new(settings.clone()),
    );
    let management = (
        ProgramKeys,
        IntegrationChecks::new(settings.clone()),
        BotVersions::new(settings.clone()),
        BotJson,
        BotAllowlist,
        ActionRuns,
        ShareableIds,
        Helper,
        PublicWorkspaces,
        WorkspacePreferences,
        UsageActivities,
        UpcomingInvoices,
    );
    let work = (Workflows, Tasks, Activities);
    let files = (FilePassages, KnowledgeBases, UploadedFiles);
    let cognitive = (CognitiveTexts, CognitiveMedia, CognitiveModels);
    let tables = (Tables, TableRows, TableJobs);
    let api = (
        chat,
        work,
        admin,
        organisation,
        management,
        files,
        cognitive,
        tables,
    );
    OpenApiService::new(api, "Botpress API", "1.0")
        .description("Create and manage bots, and handle their conversations, messages and users.")
}
