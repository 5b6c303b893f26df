//! `/platform/connections`: lists the integrations installed in an agent and uninstalls them.

use poem::{
    Request, Response,
    http::StatusCode,
    web::{Data, Query},
};
use serde::Deserialize;

use super::{
    Pages, find_selected_agent,
    html::{render_page, see_other},
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
    http::page::escape_html,
    kernel::{Error, Result},
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
    let body = match agent {
        Some(agent) => render_connections(&pages, &session, &agent),
        None => render_agent_list(&pages),
    };
    let body = format!("<h1>Connections</h1>\n{}", body.map_err(to_poem_error)?);
    Ok(session.set_cookie(render_page(StatusCode::OK, "Connections", &body)))
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

/// Renders a list of the agents to choose from.
fn render_agent_list(pages: &Pages) -> Result<String> {
    let list: String = list_agents(pages)?
        .iter()
        .map(|agent| {
            let handle = escape_html(&agent.handle);
            format!("<li><a href=\"/platform/connections?handle={handle}\">{handle}</a></li>")
        })
        .collect();
    Ok(format!(
        "<p>Whose?</p>\n<ul class=\"card agents\">{list}</ul>"
    ))
}

fn render_connections(pages: &Pages, session: &Session, agent: &Agent) -> Result<String> {
    let (connections, farewells) = pages.0.app.store().read(|conn| {
        Ok((
            integrations::list_installations(conn, &agent.id)?,
            integrations::list_uninstall_notifications(conn, &agent.id)?,
        ))
    })?;
    let rows: String = connections
        .iter()
        .map(|connection| render_row(session, agent, connection))
        .collect();
    let list = if rows.is_empty() {
        "<p class=\"card\">Nothing is installed. An integration’s page has the address <code>/platform/integrations/ID</code>.</p>".to_owned()
    } else {
        format!("<ul class=\"connections\">{rows}</ul>")
    };
    let left: String = farewells.iter().map(render_notification).collect();
    let left = if left.is_empty() {
        String::new()
    } else {
        format!(
            "<h2>Still to be told that they are uninstalled</h2>\n<ul class=\"card\">{left}</ul>"
        )
    };
    let handle = escape_html(&agent.handle);
    Ok(format!(
        "<p>Integrations installed in the agent <strong>{handle}</strong>.</p>\n{list}\n{left}"
    ))
}

fn render_row(session: &Session, agent: &Agent, connection: &InstallationSummary) -> String {
    let (class, status) = match connection.status {
        InstallationStatus::Complete => ("good", "complete"),
        InstallationStatus::Incomplete => ("waiting", "incomplete"),
    };
    format!(
        "<li class=\"card\"><div class=\"row\"><div><h2>{name}</h2><p class=\"by\">{integration} · since {since}</p></div>
<span class=\"badge {class}\">{status}</span></div>
<details><summary>Uninstall<span class=\"hidden\"> {name}</span></summary>
<p>The integration loses its access at once and is told so.</p>
<form method=\"post\" action=\"/platform/connections/uninstall\">{token}
<input type=\"hidden\" name=\"handle\" value=\"{handle}\">
<input type=\"hidden\" name=\"installation\" value=\"{id}\">
<button class=\"danger\">Uninstall {name}</button></form></details></li>\n",
        name = escape_html(&connection.name),
        integration = escape_html(&connection.integration_name),
        since = escape_html(connection.created_at.to_rfc3339_offset().split('T').next().unwrap_or_default()),
        token = session.csrf_field(),
        handle = escape_html(&agent.handle),
        id = escape_html(connection.id.as_str()),
    )
}

fn render_notification(farewell: &UninstallNotification) -> String {
    let tried = match (farewell.attempts, &farewell.last_error) {
        (0, _) => "being told now".to_owned(),
        (attempts, error) => format!(
            "attempt {attempts} failed ({}); the next is at {}",
            error.as_deref().unwrap_or("no answer"),
            farewell.next_attempt_at.to_rfc3339_offset()
        ),
    };
    format!(
        "<li>{}: {}</li>",
        escape_html(&farewell.name),
        escape_html(&tried)
    )
}
