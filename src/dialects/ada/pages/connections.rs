//! `/platform/connections`: lists the integrations installed in an agent and uninstalls them.

use askama::Template;
use poem::{
    Request, Response,
    http::StatusCode,
    web::{Data, Query},
};
use serde::Deserialize;

use super::{
    Pages, find_selected_agent,
    html::{html_response, see_other},
    list_agents, read_form,
    session::Session,
    to_poem_error,
};
use crate::{
    domain::{
        platform_integrations::{
            self as integrations, InstallationStatus, InstallationSummary, UninstallNotification,
        },
        tenancy::agents::Agent,
    },
    kernel::{Error, Result, Timestamp},
};

/// Query parameters that select the agent.
#[derive(Deserialize)]
pub struct AgentQuery {
    handle: Option<String>,
}

/// `GET /platform/connections`
#[poem::handler]
pub fn show(
    pages: Data<&Pages>,
    request: &Request,
    selected: Query<AgentQuery>,
) -> poem::Result<Response> {
    let session = match Session::load_or_sign_in(&pages, request) {
        Ok(session) => session,
        Err(sign_in) => return Ok(*sign_in),
    };
    let agent =
        find_selected_agent(&pages, request, selected.handle.as_deref()).map_err(to_poem_error)?;
    let shown = match agent {
        Some(agent) => render_connections(&pages, &session, &agent),
        None => render_agent_list(&pages),
    };
    Ok(session.set_cookie(shown.map_err(to_poem_error)?))
}

/// `POST /platform/connections/uninstall`
#[poem::handler]
pub async fn uninstall(
    pages: Data<&Pages>,
    request: &Request,
    body: poem::Body,
) -> poem::Result<Response> {
    let session = match Session::load_or_sign_in(&pages, request) {
        Ok(session) => session,
        Err(sign_in) => return Ok(*sign_in),
    };
    let typed = read_form(&session, body).await.map_err(to_poem_error)?;
    // The key may have been revoked while the request body arrived.
    if let Err(sign_in) = Session::load_or_sign_in(&pages, request) {
        return Ok(*sign_in);
    }
    let operator = session.operator().map_err(to_poem_error)?;
    let agent =
        find_selected_agent(&pages, request, typed.first("handle")).map_err(to_poem_error)?;
    let agent = agent.ok_or_else(|| to_poem_error(Error::invalid("Choose an agent first.")))?;
    let next = format!("/platform/connections?handle={}", agent.handle);
    let id = typed.first("installation").unwrap_or_default();
    integrations::uninstall(operator, agent, id.into())
        .await
        .map_err(to_poem_error)?;
    Ok(see_other(&next))
}

#[derive(Template)]
#[template(path = "platform/agents.html")]
struct AgentsPage<'a> {
    agents: &'a [Agent],
}

fn render_agent_list(pages: &Pages) -> Result<Response> {
    let agents = &list_agents(pages)?;
    Ok(html_response(StatusCode::OK, &AgentsPage { agents }))
}

#[derive(Template)]
#[template(path = "platform/connections.html")]
struct ConnectionsPage<'a> {
    session: &'a Session,
    agent: &'a Agent,
    installations: &'a [InstallationSummary],
    /// Pending uninstall notifications.
    notifications: &'a [UninstallNotification],
}

fn render_connections(pages: &Pages, session: &Session, agent: &Agent) -> Result<Response> {
    let (installations, notifications) = pages.0.app.store().read(|conn| {
        Ok((
            integrations::list_installations(conn, &agent.id)?,
            integrations::list_uninstall_notifications(conn, &agent.id)?,
        ))
    })?;
    let page = ConnectionsPage {
        session,
        agent,
        installations: &installations,
        notifications: &notifications,
    };
    Ok(html_response(StatusCode::OK, &page))
}

fn format_date(time: &Timestamp) -> String {
    let text = time.to_rfc3339_offset();
    text.split('T').next().unwrap_or_default().to_owned()
}
