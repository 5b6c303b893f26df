//! `/integrations`: lists the Ada platform integrations of every agent, and approves and archives them. The vendor
//! does that by e-mail.

use poem_openapi::{Object, OpenApi, param::Path, payload::Json, types::Example};

use super::{Tag, auth::Operator, error::ApiError};
use crate::domain::platform_integrations::{self as integrations, PlatformIntegration};

/// A platform integration.
#[derive(Object)]
#[oai(example, rename = "ConsoleIntegration")]
struct Integration {
    /// The id of the integration.
    id: String,
    /// The name of the integration.
    name: String,
    /// The author of the integration.
    author: String,
    /// `development`, `approved` or `archived`.
    status: String,
}

impl Example for Integration {
    fn example() -> Self {
        Self {
            id: "5df263b7db5a7e6ea03fae9b".to_owned(),
            name: "Connect to Cool Shop Knowledge Hub".to_owned(),
            author: "Cool Shop".to_owned(),
            status: "development".to_owned(),
        }
    }
}

impl From<PlatformIntegration> for Integration {
    fn from(integration: PlatformIntegration) -> Self {
        Self {
            id: integration.id.to_string(),
            name: integration.definition.name,
            author: integration.definition.author,
            status: integration.status.to_string(),
        }
    }
}

/// The operations on platform integrations.
pub struct IntegrationsApi;

#[OpenApi(tag = "Tag::Integrations")]
impl IntegrationsApi {
    /// List the integrations of every agent
    #[oai(
        path = "/integrations",
        method = "get",
        operation_id = "list_integrations"
    )]
    async fn list_integrations(
        &self,
        operator: Operator,
    ) -> Result<Json<Vec<Integration>>, ApiError> {
        let all = operator
            .0
            .app()
            .store()
            .scan(integrations::list_all)
            .await?;
        let all = all.into_iter().map(|(integration, _)| integration.into());
        Ok(Json(all.collect()))
    }

    /// Approve an integration
    ///
    /// An approved integration can no longer be changed.
    #[oai(
        path = "/integrations/:id/approve",
        method = "post",
        operation_id = "approve_integration"
    )]
    async fn approve_integration(
        &self,
        operator: Operator,
        /// The integration's id.
        id: Path<String>,
    ) -> Result<Json<Integration>, ApiError> {
        let id = id.0.into();
        let job = operator
            .0
            .run_write_tx(move |tx| integrations::approve(tx, &id));
        Ok(Json(job.await?.into()))
    }

    /// Archive an integration
    ///
    /// An archived integration can no longer be changed or installed. Its installations remain.
    #[oai(
        path = "/integrations/:id/archive",
        method = "post",
        operation_id = "archive_integration"
    )]
    async fn archive_integration(
        &self,
        operator: Operator,
        /// The integration's id.
        id: Path<String>,
    ) -> Result<Json<Integration>, ApiError> {
        let id = id.0.into();
        let job = operator
            .0
            .run_write_tx(move |tx| integrations::archive(tx, &id));
        Ok(Json(job.await?.into()))
    }
}
