//! `/api/v2/platform-integrations`: an agent's integrations, and the installations of those.

use poem::Request;
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
    payload::Json,
};

use super::{
    dto::{
        CreateIntegrationRequest, EXAMPLE_ID, IntegrationDto, IntegrationPage,
        UpdateIntegrationRequest,
    },
    installation_dto::{EXAMPLE_INSTALLATION_ID, InstallationDto, UpdateInstallationRequest},
};
use crate::{
    dialects::ada::{
        Tag,
        auth::{PlatformAuth, ReadInstallationAuth, WriteInstallationAuth},
        error::Failed,
        paging::{self, Meta},
    },
    domain::platform_integrations as integrations,
    http::Body,
};

/// OpenAPI operations on platform integrations.
pub struct PlatformIntegrations;

fn example_id() -> String {
    EXAMPLE_ID.to_owned()
}

fn example_installation_id() -> String {
    EXAMPLE_INSTALLATION_ID.to_owned()
}

#[OpenApi(tag = "Tag::Integrations")]
impl PlatformIntegrations {
    /// Get platform integrations
    ///
    /// Lists the integrations that your agent created, oldest first.
    #[oai(
        path = "/v2/platform-integrations",
        method = "get",
        operation_id = "getPlatformIntegrations"
    )]
    async fn get_platform_integrations(
        &self,
        request: &Request,
        caller: PlatformAuth,
        /// ID of the first integration of the page.
        #[oai(example = "paging::example_empty")]
        cursor: Query<Option<String>>,
        /// Maximum number of integrations: 1 to 100, 100 by default.
        #[oai(
            example = "paging::example_limit",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        limit: Query<Option<u32>>,
    ) -> Result<Json<IntegrationPage>, Failed> {
        let limit = paging::page_size(limit.0);
        let cursor = paging::non_empty(cursor.0);
        let page = integrations::list(&caller.0, cursor.map(Into::into), limit).await?;
        let next = page.next.as_ref().map(|id| id.as_str());
        Ok(Json(IntegrationPage {
            data: page.items.into_iter().map(Into::into).collect(),
            meta: Meta::next(request, "/api/v2/platform-integrations/", next),
        }))
    }

    /// Create platform integration
    ///
    /// Integrations are created in development status. Only this response contains the `client_secret`.
    // wire: 200, not 201 (ada.md §2.1)
    #[oai(
        path = "/v2/platform-integrations",
        method = "post",
        operation_id = "createPlatformIntegration"
    )]
    async fn create_platform_integration(
        &self,
        caller: PlatformAuth,
        body: Body<CreateIntegrationRequest>,
    ) -> Result<Json<IntegrationDto>, Failed> {
        let created = integrations::create(&caller.0, body.0.into()).await?;
        Ok(Json(created.into()))
    }

    /// Update single platform integration
    ///
    /// Only an integration in development can be changed.
    // wire: 404 if the integration does not exist, though only 400, 401 and 403 are documented (ada.md §2.1)
    #[oai(
        path = "/v2/platform-integrations/:id",
        method = "patch",
        operation_id = "updateSinglePlatformIntegration"
    )]
    async fn update_single_platform_integration(
        &self,
        caller: PlatformAuth,
        /// ID of the integration.
        #[oai(example = "example_id")]
        id: Path<String>,
        body: Body<UpdateIntegrationRequest>,
    ) -> Result<Json<IntegrationDto>, Failed> {
        let updated = integrations::update(&caller.0, id.0.into(), body.0.into()).await?;
        Ok(Json(updated.into()))
    }

    /// Get platform integration installation self
    ///
    /// Returns the installation that the access token belongs to, with its configuration.
    #[oai(
        path = "/v2/platform-integrations/:id/installations/self",
        method = "get",
        operation_id = "getPlatformIntegrationInstallationSelf"
    )]
    async fn get_platform_integration_installation_self(
        &self,
        caller: ReadInstallationAuth,
        /// ID of the integration.
        #[oai(example = "example_id")]
        id: Path<String>,
    ) -> Result<Json<InstallationDto>, Failed> {
        let found = integrations::find_by_access_token(&caller.0, &id.0.into())?;
        Ok(Json(found.into()))
    }

    /// Update platform integration installation
    ///
    /// Sets the status of the installation that the access token belongs to.
    #[oai(
        path = "/v2/platform-integrations/:platform_integration_id/installations/:installation_id",
        method = "patch",
        operation_id = "updatePlatformIntegrationInstallation"
    )]
    async fn update_platform_integration_installation(
        &self,
        caller: WriteInstallationAuth,
        /// ID of the integration.
        #[oai(example = "example_id")]
        platform_integration_id: Path<String>,
        /// ID of the installation.
        #[oai(example = "example_installation_id")]
        installation_id: Path<String>,
        body: Body<UpdateInstallationRequest>,
    ) -> Result<Json<InstallationDto>, Failed> {
        let updated = integrations::set_status(
            &caller.0,
            platform_integration_id.0.into(),
            installation_id.0.into(),
            body.0.status(),
        )
        .await?;
        Ok(Json(updated.into()))
    }
}
