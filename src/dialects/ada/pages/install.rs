//! `/platform/integrations/{id}`: the installation form of an integration.

use askama::Template;
use poem::{
    Request, Response,
    http::StatusCode,
    web::{Data, Path, Query},
};
use serde::Deserialize;

use super::{
    Pages, find_selected_agent,
    form_errors::FormErrors,
    form_fields::{Field, Problem, build_fields},
    html::{html_response, see_other},
    list_agents, read_form,
    session::Session,
    to_poem_error,
};
use crate::{
    domain::{
        platform_integrations::{
            self as integrations, Definition, Form, IntegrationStatus, PlatformIntegration, Scope,
            SubmittedForm,
        },
        tenancy::agents::Agent,
    },
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
    let view = View {
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
    let view = View {
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

#[derive(Template)]
#[template(path = "platform/install.html")]
struct InstallPage<'a> {
    session: &'a Session,
    definition: &'a Definition,
    is_in_development: bool,
    /// The agent to install into. If it is `None`, the person chooses one of `agents`.
    agent: Option<&'a Agent>,
    agents: &'a [Agent],
    chosen_handle: &'a str,
    form: &'a Form,
    fields: &'a [Field<'a>],
    problems: &'a [Problem<'a>],
    /// True if the page shows a form that was submitted and has errors.
    is_rejected: bool,
    scopes: &'a [&'a str],
}

/// The parts of the page that a submitted form does not change.
struct View<'a> {
    pages: &'a Pages,
    session: &'a Session,
    integration: &'a PlatformIntegration,
    agent: Option<&'a Agent>,
}

impl View<'_> {
    /// Renders the page: empty at first, later with the submitted values and their errors.
    fn render(&self, submitted: Option<&SubmittedForm>, errors: &FormErrors) -> Result<Response> {
        let definition = &self.integration.definition;
        let form = definition.parse_form()?;
        let (fields, problems) = build_fields(&form, submitted, errors);
        let agents = match self.agent {
            Some(_) => Vec::new(),
            None => list_agents(self.pages)?,
        };
        let scopes: Vec<_> = definition
            .granted_scopes()
            .into_iter()
            .map(describe_scope)
            .collect();
        let page = InstallPage {
            session: self.session,
            definition,
            is_in_development: self.integration.status == IntegrationStatus::Development,
            agent: self.agent,
            agents: &agents,
            chosen_handle: submitted
                .and_then(|submitted| submitted.first("handle"))
                .unwrap_or_default(),
            form: &form,
            fields: &fields,
            problems: &problems,
            is_rejected: submitted.is_some(),
            scopes: &scopes,
        };
        let status = match submitted {
            Some(_) => StatusCode::BAD_REQUEST,
            None => StatusCode::OK,
        };
        Ok(html_response(status, &page))
    }
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
