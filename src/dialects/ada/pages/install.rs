//! `/platform/integrations/{id}`: the installation form of an integration.

use poem::{
    Request, Response,
    http::StatusCode,
    web::{Data, Path, Query},
};
use serde::Deserialize;

use super::{
    Pages, all_agents, fail,
    form_errors::FormErrors,
    form_html::FormRenderer,
    html::{contact, page, see_other},
    read_form, selected_agent,
    session::Session,
};
use crate::{
    domain::{
        platform_integrations::{
            self as integrations, Form, IntegrationStatus, PlatformIntegration, Scope,
            SubmittedForm,
        },
        tenancy::agents::Agent,
    },
    http::page::escape,
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
    let session = match Session::enter(&pages, request) {
        Ok(session) => session,
        Err(sign_in) => return Ok(*sign_in),
    };
    let integration = installable(&pages, id.0).map_err(fail)?;
    let agent = selected_agent(&pages, request, selected.handle.as_deref()).map_err(fail)?;
    let view = InstallPage {
        pages: &pages,
        session: &session,
        integration: &integration,
        agent: agent.as_ref(),
    };
    let shown = view.page(None, &FormErrors::default()).map_err(fail)?;
    Ok(session.keep(shown))
}

/// `POST /platform/integrations/{id}`
#[poem::handler]
pub async fn submit(
    pages: Data<&Pages>,
    request: &Request,
    id: Path<String>,
    body: poem::Body,
) -> poem::Result<Response> {
    let session = match Session::enter(&pages, request) {
        Ok(session) => session,
        Err(sign_in) => return Ok(*sign_in),
    };
    let integration = installable(&pages, id.0).map_err(fail)?;
    let typed = read_form(&session, body).await.map_err(fail)?;
    // The key may have been revoked while the request body arrived.
    if let Err(sign_in) = Session::enter(&pages, request) {
        return Ok(*sign_in);
    }
    let operator = session.operator().map_err(fail)?;
    let agent = selected_agent(&pages, request, typed.first("handle")).map_err(fail)?;
    let form = integration.definition.form().map_err(fail)?;
    let problems = match &agent {
        None => FormErrors::other("Choose the agent to install it in."),
        Some(agent) => {
            let answers = form.answers(&typed);
            let lifetimes = pages.0.0.lifetimes;
            let (what, into) = (integration.clone(), agent.clone());
            match integrations::install(operator, what, into, answers, lifetimes).await {
                Ok(installed) => return Ok(see_other(installed.callback.expose())),
                Err(error) if error.broken_rules().is_empty() => match error.kind() {
                    Kind::Invalid | Kind::Conflict => FormErrors::other(error.message()),
                    _ => return Err(fail(error)),
                },
                Err(error) => FormErrors::of(&form, &typed, error.broken_rules()),
            }
        }
    };
    let view = InstallPage {
        pages: &pages,
        session: &session,
        integration: &integration,
        agent: agent.as_ref(),
    };
    let shown = view.page(Some(&typed), &problems).map_err(fail)?;
    Ok(session.keep(shown))
}

/// Returns the integration with this ID, if it is not archived.
fn installable(pages: &Pages, id: String) -> Result<PlatformIntegration> {
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
    fn page(&self, typed: Option<&SubmittedForm>, problems: &FormErrors) -> Result<Response> {
        let definition = &self.integration.definition;
        let form = definition.form()?;
        let (fields, summary) = FormRenderer::draw(&form, typed, problems);
        let button = definition.call_to_action.as_deref().unwrap_or("Install");
        let body = format!(
            "{summary}{head}
<form class=\"card\" method=\"post\" novalidate>
{token}{agent}{title}{fields}{scopes}
<p class=\"actions\"><button>{button}</button></p>
</form>
<p class=\"more\">Help: {contact}</p>",
            head = self.head(),
            token = self.session.field(),
            agent = self.agent_field(typed)?,
            title = title(&form),
            scopes = self.scopes(),
            button = escape(button),
            contact = contact(&definition.contact),
        );
        let (status, prefix) = if typed.is_some() {
            (StatusCode::BAD_REQUEST, "Error: ")
        } else {
            (StatusCode::OK, "")
        };
        Ok(page(status, &format!("{prefix}{}", definition.name), &body))
    }

    fn head(&self) -> String {
        let definition = &self.integration.definition;
        let icon = definition
            .icon_url
            .as_deref()
            .map_or_else(String::new, |url| {
                format!(
                    "<img class=\"icon\" src=\"{}\" alt=\"\" referrerpolicy=\"no-referrer\">",
                    escape(url)
                )
            });
        let badge = match self.integration.status {
            IntegrationStatus::Development => " <span class=\"badge\">in development</span>",
            IntegrationStatus::Approved | IntegrationStatus::Archived => "",
        };
        format!(
            "<div class=\"head\">{icon}<div><h1>{}</h1>\n<p class=\"by\">by {}{badge}</p></div></div>\n<p>{}</p>",
            escape(&definition.name),
            escape(&definition.author),
            escape(&definition.description)
        )
    }

    /// Renders the agent as fixed text, or as a select field if there are several.
    fn agent_field(&self, typed: Option<&SubmittedForm>) -> Result<String> {
        if let Some(agent) = self.agent {
            let handle = escape(&agent.handle);
            return Ok(format!(
                "<input type=\"hidden\" name=\"handle\" value=\"{handle}\"><p class=\"into\">Agent: <strong>{handle}</strong></p>"
            ));
        }
        let chosen = typed.and_then(|typed| typed.first("handle"));
        let options: String = all_agents(self.pages)?
            .iter()
            .map(|agent| {
                let handle = escape(&agent.handle);
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

    fn scopes(&self) -> String {
        let granted = self.integration.definition.granted();
        let list: String = granted
            .into_iter()
            .map(|scope| format!("<li>{}</li>", allows(scope)))
            .collect();
        format!("<div class=\"scopes\"><h2>It will be able to</h2><ul>{list}</ul></div>")
    }
}

fn title(form: &Form) -> String {
    let title = form.title.as_deref();
    let title = title.map_or_else(String::new, |title| format!("<h2>{}</h2>\n", escape(title)));
    let text = form.description.as_deref();
    let text = text.map_or_else(String::new, |text| {
        format!("<p class=\"hint\">{}</p>\n", escape(text))
    });
    format!("{title}{text}")
}

const fn allows(scope: Scope) -> &'static str {
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
