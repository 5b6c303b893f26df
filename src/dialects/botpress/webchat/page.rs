//! `/chat`: the page of each bot, what it is made of, and `embed.js`.

use std::sync::Arc;

use poem::{
    Endpoint, EndpointExt, IntoResponse, Request, Response, Route, RouteMethod,
    endpoint::{BoxEndpoint, make},
    http::{HeaderValue, header},
    web::Redirect,
};
use serde::Deserialize;
use serde_json::json;

use super::draw;
use crate::{
    dialects::botpress::{Settings, WEBHOOKS_PATH},
    domain::App,
    http::{
        allow,
        errors::Failure,
        origin,
        page::{asset, names, text},
        policy::Policy,
    },
    kernel::{Error, Kind, Result},
};

/// The path that the chats are under.
pub const BASE_PATH: &str = "/chat";

/// The methods of their paths that have not just any.
pub const METHODS: &[allow::Row] = &[
    ("/chat/failures/{webhook}", "GET, HEAD"),
    ("/chat/{bot}", "GET, HEAD, POST"),
];

/// What the pages work with.
#[derive(Clone)]
struct Pages(Arc<Parts>);

struct Parts {
    app: App,
    /// The policy of a chat's page, which says also which pages it may be put into.
    policy: Policy,
    /// Whether whoever reaches the server may switch the chat of a bot on.
    open: bool,
}

/// The pages, to be mounted at all that is below their base path. Without `open` they switch nothing on.
#[must_use]
pub fn routes(app: &App, settings: &Settings, open: bool) -> BoxEndpoint<'static, Response> {
    let pages = Pages(Arc::new(Parts {
        app: app.clone(),
        policy: Policy::Chat(settings.chat_embedders.clone()),
        open,
    }));
    let script = |name: &str| asset("text/javascript", text(&format!("chat/{name}.js")));
    let style = asset("text/css", text("chat/chat.css"));
    let mut route = Route::new()
        .at(below("embed.js"), script("embed"))
        .at(below("assets/chat.css"), style);
    for name in names("chat/", ".js") {
        route = route.at(below(&format!("assets/{name}.js")), script(&name));
    }
    let bot = RouteMethod::new()
        .get(handler(&pages, show))
        .post(handler(&pages, switch_on));
    let failures = RouteMethod::new().get(handler(&pages, failures));
    let route = route.at(below("failures/:webhook"), failures);
    route.at(below(":bot"), bot).map_to_response().boxed()
}

fn below(path: &str) -> String {
    format!("{BASE_PATH}/{path}")
}

fn handler<F>(
    pages: &Pages,
    answer: impl Fn(Pages, Request) -> F + Send + Sync + 'static,
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

/// What the path names a bot by: its id or its handle.
#[derive(Deserialize)]
struct Named {
    bot: String,
}

fn named(request: &Request) -> Result<String> {
    let named: Named = request
        .path_params()
        .map_err(|error| Error::invalid(error.to_string()))?;
    Ok(named.bot)
}

async fn show(pages: Pages, request: Request) -> Result<Response> {
    let bot = crate::domain::webchat::bot_chat::shown(&pages.0.app, &named(&request)?)?;
    Ok(match &bot.webhook_id {
        Some(id) => {
            let failures = pages.0.open.then(|| below(&format!("failures/{id}")));
            let api = format!("{WEBHOOKS_PATH}/{id}");
            draw::chat(&bot, &api, failures.as_deref(), &pages.0.policy)
        }
        None => draw::off(&bot.id, &origin(&request), pages.0.open),
    })
}

async fn switch_on(pages: Pages, request: Request) -> Result<Response> {
    if !pages.0.open {
        return Err(Error::new(
            Kind::Forbidden,
            "The web chat is switched on by whoever manages the bot.",
        ));
    }
    let name = named(&request)?;
    crate::domain::webchat::bot_chat::switch_chat_on(&pages.0.app, &name).await?;
    Ok(Redirect::see_other(request.original_uri().path()).into_response())
}

/// The webhook of a chat.
#[derive(Deserialize)]
struct OfChat {
    webhook: String,
}

/// The query for failures.
#[derive(Deserialize)]
struct Later {
    after: Option<u64>,
}

/// Failures in the code of a bot, for those who talk with it while it is made.
async fn failures(pages: Pages, request: Request) -> Result<Response> {
    if !pages.0.open {
        return Err(Error::not_found(
            "Failures are shown by a server in profile `dev` alone.",
        ));
    }
    let chat: OfChat = request
        .path_params()
        .map_err(|error| Error::invalid(error.to_string()))?;
    let later: Later = request
        .params()
        .map_err(|error| Error::invalid(error.to_string()))?;
    let troubles =
        crate::domain::webchat::bot_chat::troubles(&pages.0.app, &chat.webhook, later.after)?;
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
        "notice": troubles.standing.notice(),
        "last": troubles.last,
        "failures": failures.collect::<Vec<_>>(),
    });
    let answer = answer.to_string().with_content_type("application/json");
    let no_store = HeaderValue::from_static("no-store");
    Ok(answer
        .with_header(header::CACHE_CONTROL, no_store)
        .into_response())
}
