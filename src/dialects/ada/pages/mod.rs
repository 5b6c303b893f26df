//! `/platform`: server-rendered pages on which people install integrations and see their connections. They
//! need neither scripts nor external resources.
//!
//! In profile `dev` anyone who reaches the server may use them; in `production` they require an operator key
//! ([`session`]).

mod connections;
mod form_errors;
mod form_fields;
mod html;
mod install;
mod outcome;
mod session;

use std::sync::Arc;

use poem::{Endpoint, EndpointExt, Request, Response, Route, get, post};

pub use self::html::PageErrorRenderer;
use self::session::Session;
use super::{Settings, auth};
use crate::{
    domain::{
        App,
        platform_integrations::{SubmittedForm, TokenLifetimes},
        tenancy::agents::{self, Agent},
    },
    http::{allowed_methods, errors::Failure, read_bytes},
    kernel::{Error, Kind, Result},
};

/// Path prefix of the pages.
pub const BASE_PATH: &str = "/platform";
/// Maximum size of a submitted form, in bytes.
const FORM_MAX: usize = 256 * 1024;

/// Shared state of the page handlers.
#[derive(Clone)]
struct Pages(Arc<PagesInner>);

struct PagesInner {
    app: App,
    lifetimes: TokenLifetimes,
    /// Key that signs sessions. It is random at every start; after a restart people reload a form and submit
    /// it again.
    signing_key: [u8; 32],
    /// True if the pages require no operator key.
    is_public: bool,
}

/// Methods that each path accepts, below the base path.
pub const METHODS: &[allowed_methods::PathMethods] = &[
    ("/integrations/{id}", "GET, HEAD, POST"),
    ("/integrations/{id}/connections/success", "GET, HEAD"),
    ("/integrations/{id}/connections/error", "GET, HEAD"),
    ("/connections", "GET, HEAD"),
    ("/connections/uninstall", "POST"),
    ("/sign-in", "POST"),
];

/// Returns the routes of the pages, to be mounted under their base path. Unless `open`, they require an
/// operator key.
#[must_use]
pub fn routes(
    app: &App,
    settings: &Settings,
    open: bool,
) -> impl Endpoint<Output = Response> + use<> {
    let pages = Pages(Arc::new(PagesInner {
        app: app.clone(),
        lifetimes: settings.lifetimes(),
        signing_key: rand::random(),
        is_public: open,
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

/// Returns the agent that a page is for: the agent selected by the host name or by `handle`; without either,
/// the only agent. `None` if there are several to choose from, or none.
fn find_selected_agent(
    pages: &Pages,
    request: &Request,
    handle: Option<&str>,
) -> Result<Option<Agent>> {
    let handle = auth::handle_from_host(request).or(handle);
    let handle = handle.filter(|handle| !handle.is_empty());
    pages.0.app.store().read(|conn| match handle {
        Some(handle) => agents::find_by_handle(conn, handle).map(Some),
        None => {
            let mut all = agents::list_all(conn)?;
            Ok(if all.len() == 1 { all.pop() } else { None })
        }
    })
}

/// Returns all agents, to choose one from.
fn list_agents(pages: &Pages) -> Result<Vec<Agent>> {
    pages.0.app.store().read(agents::list_all)
}

/// Reads a submitted form, and rejects it unless a page of this session submitted it.
async fn read_form(session: &Session, body: poem::Body) -> Result<SubmittedForm> {
    let expired = || {
        let text = "This page has expired. Go back, reload it and submit the form again.";
        Error::new(Kind::Forbidden, text)
    };
    // A new session has served no page that could be submitted.
    if session.is_new() {
        return Err(expired());
    }
    let bytes = read_bytes(body, FORM_MAX).await?;
    let typed = SubmittedForm::from_pairs(url::form_urlencoded::parse(&bytes).into_owned());
    if session.has_valid_csrf_token(&typed) {
        Ok(typed)
    } else {
        Err(expired())
    }
}

fn to_poem_error(error: Error) -> poem::Error {
    Failure(error).into()
}
