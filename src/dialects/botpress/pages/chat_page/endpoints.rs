//! `/chat`: the chat page of each bot, its assets, and `embed.js`.

use std::sync::Arc;

use poem::{
    Endpoint, EndpointExt, IntoResponse, Request, Response, Route, RouteMethod,
    endpoint::{BoxEndpoint, make},
    http::{HeaderValue, StatusCode, header},
    web::Redirect,
};
use serde::Deserialize;
use serde_json::json;

use super::render::{ChatOffPage, ChatPage};
use crate::{
    dialects::botpress::{Settings, WEBHOOKS_PATH},
    domain::App,
    http::{
        allowed_methods,
        errors::Failure,
        origin,
        page::{asset_names, asset_text, html_response, serve_asset},
        policy::Policy,
    },
    kernel::{Error, Kind, Result},
};

/// Base path of the chat pages.
pub const BASE_PATH: &str = "/chat";

/// Allowed methods of the paths that do not allow all methods.
pub const METHODS: &[allowed_methods::PathMethods] = &[
    ("/chat/failures/{webhook}", "GET, HEAD"),
    ("/chat/{bot}", "GET, HEAD, POST"),
];

/// Shared state of the pages.
#[derive(Clone)]
struct ChatPages(Arc<ChatPagesState>);

struct ChatPagesState {
    app: App,
    /// Security policy of a chat page; it also says which pages may embed the chat.
    policy: Policy,
    /// True if everyone who reaches the server may switch on the chat of a bot.
    can_switch_on: bool,
}

/// Returns the chat pages, for all paths below the base path. Without `open` nobody can switch on a chat
/// here.
#[must_use]
pub fn routes(app: &App, settings: &Settings, open: bool) -> BoxEndpoint<'static, Response> {
    let pages = ChatPages(Arc::new(ChatPagesState {
        app: app.clone(),
        policy: Policy::Chat(settings.chat_embedders.clone()),
        can_switch_on: open,
    }));
    let script =
        |name: &str| serve_asset("text/javascript", asset_text(&format!("chat/{name}.js")));
    let style = serve_asset("text/css", asset_text("chat/chat.css"));
    let mut route = Route::new()
        .at(chat_path("embed.js"), script("embed"))
        .at(chat_path("assets/chat.css"), style);
    for name in asset_names("chat/", ".js") {
        route = route.at(chat_path(&format!("assets/{name}.js")), script(&name));
    }
    let bot = RouteMethod::new()
        .get(wrap_handler(&pages, show_chat_page))
        .post(wrap_handler(&pages, enable_chat));
    let failures = RouteMethod::new().get(wrap_handler(&pages, list_failures));
    let route = route.at(chat_path("failures/:webhook"), failures);
    route.at(chat_path(":bot"), bot).map_to_response().boxed()
}

fn chat_path(path: &str) -> String {
    format!("{BASE_PATH}/{path}")
}

fn wrap_handler<F>(
    pages: &ChatPages,
    answer: impl Fn(ChatPages, Request) -> F + Send + Sync + 'static,
) -> impl Endpoint<Output = Response> + 'static
where
    F: Future<Output = Result<Response>> + Send + 'static,
{
    let pages = pages.clone();
    make(move |request| {
        let answered = answer(pages.clone(), request);
        async move {
            answered
                .await
                .map_err(|error| poem::Error::from(Failure(error)))
        }
    })
}

/// Path parameter that names a bot: its id or its handle.
#[derive(Deserialize)]
struct BotPath {
    bot: String,
}

fn bot_name_in_path(request: &Request) -> Result<String> {
    let named: BotPath = request
        .path_params()
        .map_err(|error| Error::invalid(error.to_string()))?;
    Ok(named.bot)
}

async fn show_chat_page(pages: ChatPages, request: Request) -> Result<Response> {
    let bot = crate::domain::webchat::chat_page::find_public_bot(
        &pages.0.app,
        &bot_name_in_path(&request)?,
    )?;
    let can_switch_on = pages.0.can_switch_on;
    let Some(webhook) = &bot.webhook_id else {
        let page = ChatOffPage {
            bot: &bot.id,
            origin: &origin(&request),
            can_switch_on,
        };
        return Ok(html_response(StatusCode::NOT_FOUND, &page));
    };
    let failures = can_switch_on.then(|| chat_path(&format!("failures/{webhook}")));
    let page = ChatPage {
        bot: &bot,
        api: &format!("{WEBHOOKS_PATH}/{webhook}"),
        failures: failures.as_deref().unwrap_or_default(),
    };
    let mut response = html_response(StatusCode::OK, &page);
    pages.0.policy.set(&mut response);
    Ok(response)
}

async fn enable_chat(pages: ChatPages, request: Request) -> Result<Response> {
    if !pages.0.can_switch_on {
        return Err(Error::new(
            Kind::Forbidden,
            "Only people who manage the bot can switch on its web chat.",
        ));
    }
    let name = bot_name_in_path(&request)?;
    crate::domain::webchat::chat_page::install_chat(&pages.0.app, &name).await?;
    Ok(Redirect::see_other(request.original_uri().path()).into_response())
}

/// Path parameter that names the webhook of a chat.
#[derive(Deserialize)]
struct FailuresPath {
    webhook: String,
}

/// Query of the failures.
#[derive(Deserialize)]
struct FailuresQuery {
    after: Option<u64>,
}

/// Returns the failures in the code of a bot, for developers who talk with it. Profile `dev` only.
async fn list_failures(pages: ChatPages, request: Request) -> Result<Response> {
    if !pages.0.can_switch_on {
        return Err(Error::not_found(
            "Only a server in profile `dev` shows failures.",
        ));
    }
    let chat: FailuresPath = request
        .path_params()
        .map_err(|error| Error::invalid(error.to_string()))?;
    let later: FailuresQuery = request
        .params()
        .map_err(|error| Error::invalid(error.to_string()))?;
    let troubles =
        crate::domain::webchat::chat_page::list_failures(&pages.0.app, &chat.webhook, later.after)?;
    let failures = troubles.failures.iter().map(|seen| {
        json!({
            "number": seen.number,
            "at": seen.at.to_rfc3339_millis(),
            "text": seen.text,
            "stack": seen.stack,
            "retried": seen.retried,
        })
    });
    let answer = json!({
        "notice": troubles.availability.notice(),
        "last": troubles.last,
        "failures": failures.collect::<Vec<_>>(),
    });
    let answer = answer.to_string().with_content_type("application/json");
    let no_store = HeaderValue::from_static("no-store");
    Ok(answer
        .with_header(header::CACHE_CONTROL, no_store)
        .into_response())
}
