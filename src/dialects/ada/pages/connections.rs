//! `/platform/connections`: lists the integrations installed in an agent and uninstalls them.

use poem::{
    Request, Response,
    http::StatusCode,
    web::{Data, Query},
};
use serde::Deserialize;

use super::{
    Pages, all_agents, fail,
    html::{page, see_other},
    read_form, selected_agent,
    session::Session,
};
use crate::{
    domain::{
        platform_integrations::{
            self as integrations, InstallationStatus, InstallationSummary, UninstallNotification,
        },
        tenancy::agents::Agent,
    },
    http::page::escape,
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
    let session = match Session::enter(&pages, request) {
        Ok(session) => session,
        Err(sign_in) => return Ok(*sign_in),
    };
    let agent = selected_agent(&pages, request, selected.handle.as_deref()).map_err(fail)?;
    let body = match agent {
        Some(agent) => connections(&pages, &session, &agent),
        None => choose(&pages),
    };
    let body = format!("<h1>Connections</h1>\n{}", body.map_err(fail)?);
    Ok(session.keep(page(StatusCode::OK, "Connections", &body)))
}

/// `POST /platform/connections/uninstall`
#[poem::handler]
pub async fn uninstall(
    pages: Data<&Pages>,
    request: &Request,
    body: poem::Body,
) -> poem::Result<Response> {
    let session = match Session::enter(&pages, request) {
        Ok(session) => session,
        Err(sign_in) => return Ok(*sign_in),
    };
    let typed = read_form(&session, body).await.map_err(fail)?;
    // The key may have been revoked while the request body arrived.
    if let Err(sign_in) = Session::enter(&pages, request) {
        return Ok(*sign_in);
    }
    let operator = session.operator().map_err(fail)?;
    let agent = selected_agent(&pages, request, typed.first("handle")).map_err(fail)?;
    let agent = agent.ok_or_else(|| fail(Error::invalid("Choose an agent first.")))?;
    let next = format!("/platform/connections?handle={}", agent.handle);
    let id = typed.first("installation").unwrap_or_default();
    integrations::uninstall(operator, agent, id.into())
        .await
        .map_err(fail)?;
    Ok(see_other(&next))
}

/// Renders a list of the agents to choose from.
fn choose(pages: &Pages) -> Result<String> {
    let list: String = all_agents(pages)?
        .iter()
        .map(|agent| {
            let handle = escape(&agent.handle);
            format!("<li><a href=\"/platform/connections?handle={handle}\">{handle}</a></li>")
        })
        .collect();
    Ok(format!(
        "<p>Whose?</p>\n<ul class=\"card agents\">{list}</ul>"
    ))
}

fn connections(pages: &Pages, session: &Session, agent: &Agent) -> Result<String> {
    let (connections, farewells) = pages.0.app.store().read(|conn| {
        Ok((
            integrations::connections(conn, &agent.id)?,
            integrations::farewells(conn, &agent.id)?,
        ))
    })?;
    let rows: String = connections
        .iter()
        .map(|connection| row(session, agent, connection))
        .collect();
    let list = if rows.is_empty() {
        "<p class=\"card\">Nothing is installed. An integration’s page has the address <code>/platform/integrations/ID</code>.</p>".to_owned()
    } else {
        format!("<ul class=\"connections\">{rows}</ul>")
    };
    let left: String = farewells.iter().map(farewell).collect();
    let left = if left.is_empty() {
        String::new()
    } else {
        format!(
            "<h2>Still to be told that they are uninstalled</h2>\n<ul class=\"card\">{left}</ul>"
        )
    };
    let handle = escape(&agent.handle);
    Ok(format!(
        "<p>Integrations installed in the agent <strong>{handle}</strong>.</p>\n{list}\n{left}"
    ))
}

fn row(session: &Session, agent: &Agent, connection: &InstallationSummary) -> String {
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
        name = escape(&connection.name),
        integration = escape(&connection.integration),
        since = escape(connection.created_at.to_rfc3339_offset().split('T').next().unwrap_or_default()),
        token = session.field(),
        handle = escape(&agent.handle),
        id = escape(connection.id.as_str()),
    )
}

fn farewell(farewell: &UninstallNotification) -> String {
    let tried = match (farewell.attempts, &farewell.last_error) {
        (0, _) => "being told now".to_owned(),
        (attempts, error) => format!(
            "attempt {attempts} failed ({}); the next is at {}",
            error.as_deref().unwrap_or("no answer"),
            farewell.next_attempt_at.to_rfc3339_offset()
        ),
    };
    format!("<li>{}: {}</li>", escape(&farewell.name), escape(&tried))
}
