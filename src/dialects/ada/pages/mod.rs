//! `/platform`: the pages on which people install integrations and see their connections. Rendered
//! here whole: they need neither scripts nor a network.
//!
//! In profile `dev` whoever reaches the server may use them, as with everything else on one's own
//! machine; in `production` they ask for an operator key first ([`session`]).

mod connections;
mod draw;
mod html;
mod install;
mod outcome;
mod problems;
mod session;

use std::sync::Arc;

use poem::{Endpoint, EndpointExt, Request, Response, Route, get, post};

pub use self::html::RenderPage;
use self::session::Session;
use super::{Settings, auth};
use crate::{
    domain::{
        App,
        platform_integrations::{Lifetimes, Typed},
        tenancy::agents::{self, Agent},
    },
    http::{allow, errors::Failure, read_bytes},
    kernel::{Error, Kind, Result},
};

/// The path that every page is under.
pub const BASE_PATH: &str = "/platform";
/// The largest form that is read, in bytes.
const FORM_MAX: usize = 256 * 1024;

/// What the pages work with.
#[derive(Clone)]
struct Pages(Arc<Parts>);

struct Parts {
    app: App,
    lifetimes: Lifetimes,
    /// Signs sessions. It is new at every start, which only asks people to send a form again.
    key: [u8; 32],
    /// Whether whoever reaches the server may use the pages.
    open: bool,
}

/// The methods of their paths.
pub const METHODS: &[allow::Row] = &[
    ("/integrations/{id}", "GET, HEAD, POST"),
    ("/integrations/{id}/connections/success", "GET, HEAD"),
    ("/integrations/{id}/connections/error", "GET, HEAD"),
    ("/connections", "GET, HEAD"),
    ("/connections/uninstall", "POST"),
    ("/sign-in", "POST"),
];

/// The pages, to be mounted under their base path. Without `open`, they need an operator key.
#[must_use]
pub fn routes(
    app: &App,
    settings: &Settings,
    open: bool,
) -> impl Endpoint<Output = Response> + use<> {
    let pages = Pages(Arc::new(Parts {
        app: app.clone(),
        lifetimes: settings.lifetimes(),
        key: rand::random(),
        open,
    }));
    Route::new()
        .at(
            "/integrations/:id",
            get(install::show).post(install::submit),
        )
        .at(
            "/integrations/:id/connections/success",
            get(outcome::success),
        )
        .at("/integrations/:id/connections/error", get(outcome::error))
        .at("/connections", get(connections::show))
        .at("/connections/uninstall", post(connections::uninstall))
        .at("/sign-in", post(session::sign_in))
        .data(pages)
        .map_to_response()
}

/// The agent that a page is for: the one that the host name or `handle` selects; without either,
/// the only one there is. None if there are several to choose from.
fn selected_agent(pages: &Pages, request: &Request, handle: Option<&str>) -> Result<Option<Agent>> {
    let handle = auth::selected_handle(request).or(handle);
    let handle = handle.filter(|handle| !handle.is_empty());
    pages.0.app.store().read(|conn| match handle {
        Some(handle) => agents::find_by_handle(conn, handle).map(Some),
        None => {
            let mut all = agents::list_all(conn)?;
            Ok(if all.len() == 1 { all.pop() } else { None })
        }
    })
}

/// Every agent that may be chosen.
fn all_agents(pages: &Pages) -> Result<Vec<Agent>> {
    pages.0.app.store().read(agents::list_all)
}

/// The form that a page was sent back with, if it comes from a page of this session.
async fn read_form(session: &Session, body: poem::Body) -> Result<Typed> {
    let expired = || {
        let text = "This page was open too long. Go back, reload it and send it again.";
        Error::new(Kind::Forbidden, text)
    };
    // A new session has sent no page yet that could come back.
    if session.is_new() {
        return Err(expired());
    }
    let bytes = read_bytes(body, FORM_MAX).await?;
    let typed = Typed::of(url::form_urlencoded::parse(&bytes).into_owned());
    if session.is_ours(&typed) {
        Ok(typed)
    } else {
        Err(expired())
    }
}

fn fail(error: Error) -> poem::Error {
    Failure(error).into()
}
