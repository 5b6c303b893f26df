//! `/platform/integrations/{id}`: the installation form of an integration.

use poem::{
    Request, Response,
    http::StatusCode,
    web::{Data, Path, Query},
};
use serde::Deserialize;

use super::{
    Pages, find_selected_agent,
    form_errors::FormErrors,
    form_html::FormRenderer,
    html::{render_contact, render_page, see_other},
    list_agents, read_form,
    session::Session,
    to_poem_error,
};
use crate::{
    domain::{
        platform_integrations::{
            self as integrations, Form, IntegrationStatus, PlatformIntegration, Scope,
            SubmittedForm,
        },
        tenancy::agents::Agent,
    },
    http::page::escape_html,
    kernel::{Error, Kind, Result},
};

/// Query parameters that select the agent to install into.
#[derive(Deserialize)]
pub struct AgentQuery {
    handle: Option<String>,
}

/// `GET /platform/integrations/{id}`
#[poem::handler]
pub fn show(
    pages: Data<&Pages>,
    request: &Request,
    id: Path<String>,
    selected: Query<AgentQuery>,
) -> poem::Result<Response> {
    let session = match Session::load_or_sign_in(&pages, request) {
        Ok(session) => session,
        Err(sign_in) => return Ok(*sign_in),
    };
    let integration = find_installable(&pages, id.0).map_err(to_poem_error)?;
    let agent =
        find_selected_agent(&pages, request, selected.handle.as_deref()).map_err(to_poem_error)?;
    let view = InstallPage {
        pages: &pages,
        session: &session,
        integration: &integration,
        agent: agent.as_ref(),
    };
    let shown = view
        .render(None, &FormErrors::default())
        .map_err(to_poem_error)?;
    Ok(session.set_cookie(shown))
}

/// `POST /platform/integrations/{id}`
#[poem::handler]
pub async fn submit(
    pages: Data<&Pages>,
    request: &Request,
    id: Path<String>,
    body: poem::Body,
) -> poem::Result<Response> {
    let session = match Session::load_or_sign_in(&pages, request) {
        Ok(session) => session,
        Err(sign_in) => return Ok(*sign_in),
    };
    let integration = find_installable(&pages, id.0).map_err(to_poem_error)?;
    let typed = read_form(&session, body).await.map_err(to_poem_error)?;
    // The key may have been revoked while the request body arrived.
    if let Err(sign_in) = Session::load_or_sign_in(&pages, request) {
        return Ok(*sign_in);
    }
    let operator = session.operator().map_err(to_poem_error)?;
    let agent =
        find_selected_agent(&pages, request, typed.first("handle")).map_err(to_poem_error)?;
    let form = integration.definition.parse_form().map_err(to_poem_error)?;
    let problems = match &agent {
        None => FormErrors::from_message("Choose the agent to install it in."),
        Some(agent) => {
            let answers = form.parse_values(&typed);
            let lifetimes = pages.0.0.lifetimes;
            let (what, into) = (integration.clone(), agent.clone());
            match integrations::install(operator, what, into, answers, lifetimes).await {
                Ok(installed) => return Ok(see_other(installed.callback_url.expose())),
                Err(error) if error.broken_rules().is_empty() => match error.kind() {
                    Kind::Invalid | Kind::Conflict => FormErrors::from_message(error.message()),
                    _ => return Err(to_poem_error(error)),
                },
                Err(error) => FormErrors::from_violations(&form, &typed, error.broken_rules()),
            }
        }
    };
    let view = InstallPage {
        pages: &pages,
        session: &session,
        integration: &integration,
        agent: agent.as_ref(),
    };
    let shown = view
        .render(Some(&typed), &problems)
        .map_err(to_poem_error)?;
    Ok(session.set_cookie(shown))
}

/// Returns the integration with this ID, if it is not archived.
fn find_installable(pages: &Pages, id: String) -> Result<PlatformIntegration> {
    let integration = integrations::find_any(&pages.0.app, &id.into())?;
    if integration.status == IntegrationStatus::Archived {
        return Err(Error::new(
            Kind::Forbidden,
            "This integration can no longer be installed.",
        ));
    }
    Ok(integration)
}

/// The data that the page renders.
struct InstallPage<'a> {
    pages: &'a Pages,
    session: &'a Session,
    integration: &'a PlatformIntegration,
    agent: Option<&'a Agent>,
}

impl InstallPage<'_> {
    /// Renders the page: empty at first, later with the submitted values and their errors.
    fn render(&self, typed: Option<&SubmittedForm>, problems: &FormErrors) -> Result<Response> {
        let definition = &self.integration.definition;
        let form = definition.parse_form()?;
        let (fields, summary) = FormRenderer::render(&form, typed, problems);
        let button = definition.call_to_action.as_deref().unwrap_or("Install");
        let body = format!(
            "{summary}{head}
<form class=\"card\" method=\"post\" novalidate>
{token}{agent}{title}{fields}{scopes}
<p class=\"actions\"><button>{button}</button></p>
</form>
<p class=\"more\">Help: {contact}</p>",
            head = self.render_head(),
            token = self.session.csrf_field(),
            agent = self.render_agent_field(typed)?,
            title = render_title(&form),
            scopes = self.render_scopes(),
            button = escape_html(button),
            contact = render_contact(&definition.contact),
        );
        let (status, prefix) = if typed.is_some() {
            (StatusCode::BAD_REQUEST, "Error: ")
        } else {
            (StatusCode::OK, "")
        };
        Ok(render_page(
            status,
            &format!("{prefix}{}", definition.name),
            &body,
        ))
    }

    fn render_head(&self) -> String {
        let definition = &self.integration.definition;
        let icon = definition
            .icon_url
            .as_deref()
            .map_or_else(String::new, |url| {
                format!(
                    "<img class=\"icon\" src=\"{}\" alt=\"\" referrerpolicy=\"no-referrer\">",
                    escape_html(url)
                )
            });
        let badge = match self.integration.status {
            IntegrationStatus::Development => " <span class=\"badge\">in development</span>",
            IntegrationStatus::Approved | IntegrationStatus::Archived => "",
        };
        format!(
            "<div class=\"head\">{icon}<div><h1>{}</h1>\n<p class=\"by\">by {}{badge}</p></div></div>\n<p>{}</p>",
            escape_html(&definition.name),
            escape_html(&definition.author),
            escape_html(&definition.description)
        )
    }

    /// Renders the agent as fixed text, or as a select field if there are several.
    fn render_agent_field(&self, typed: Option<&SubmittedForm>) -> Result<String> {
        if let Some(agent) = self.agent {
            let handle = escape_html(&agent.handle);
            return Ok(format!(
                "<input type=\"hidden\" name=\"handle\" value=\"{handle}\"><p class=\"into\">Agent: <strong>{handle}</strong></p>"
            ));
        }
        let chosen = typed.and_then(|typed| typed.first("handle"));
        let options: String = list_agents(self.pages)?
            .iter()
            .map(|agent| {
                let handle = escape_html(&agent.handle);
                let selected = if chosen == Some(&agent.handle) {
                    " selected"
                } else {
                    ""
                };
                format!("<option value=\"{handle}\"{selected}>{handle}</option>")
            })
            .collect();
        Ok(format!(
            "<div class=\"field\"><label for=\"agent\">Agent <span class=\"mark\">required</span></label>
<select id=\"agent\" name=\"handle\" required><option value=\"\">Choose …</option>{options}</select></div>\n"
        ))
    }

    fn render_scopes(&self) -> String {
        let granted = self.integration.definition.granted_scopes();
        let list: String = granted
            .into_iter()
            .map(|scope| format!("<li>{}</li>", describe_scope(scope)))
            .collect();
        format!("<div class=\"scopes\"><h2>It will be able to</h2><ul>{list}</ul></div>")
    }
}

fn render_title(form: &Form) -> String {
    let title = form.title.as_deref();
    let title = title.map_or_else(String::new, |title| {
        format!("<h2>{}</h2>\n", escape_html(title))
    });
    let text = form.description.as_deref();
    let text = text.map_or_else(String::new, |text| {
        format!("<p class=\"hint\">{}</p>\n", escape_html(text))
    });
    format!("{title}{text}")
}

const fn describe_scope(scope: Scope) -> &'static str {
    match scope {
        Scope::ReadArticles => "read articles",
        Scope::WriteArticles => "add, change and delete articles",
        Scope::ReadArticleTags => "read tags of articles",
        Scope::WriteArticleTags => "add, change and delete tags of articles",
        Scope::ReadKnowledgeSources => "read knowledge sources",
        Scope::WriteKnowledgeSources => "add, change and delete knowledge sources",
        Scope::ReadInstallations => "read what you fill in here",
        Scope::WriteInstallations => "say whether this connection is set up",
    }
}
