//! Trials of changes of integrations, and requests for verification.

use poem::Request;
use poem_openapi::{Object, OpenApi, param::Path, payload::Json, types::Example};

use super::request::{CreateIntegrationBody, UpdateIntegrationBody};
use crate::{
    dialects::botpress::{
        Tag,
        auth::Developer,
        empty::{EMPTY_RESPONSE, EmptyResponse},
        error::Failed,
        integration_auth::IntegrationWriter,
        settings::Settings,
    },
    domain::bots::integrations,
    http::Body,
};

/// The operations that check integrations.
pub struct IntegrationChecks {
    settings: Settings,
}

impl IntegrationChecks {
    pub const fn new(settings: Settings) -> Self {
        Self { settings }
    }
}

/// The integration to verify.
#[derive(Object)]
#[oai(
    example,
    rename = "requestIntegrationVerificationBody",
    rename_all = "camelCase"
)]
struct RequestVerificationBody {
    /// Id of the integration.
    integration_id: String,
}

impl Example for RequestVerificationBody {
    fn example() -> Self {
        Self {
            integration_id: "0c9a3e6a-52c8-4bd0-9f0e-8f2f8f4b4d11".to_owned(),
        }
    }
}

#[OpenApi(tag = "Tag::Integration")]
impl IntegrationChecks {
    /// Validate Integration Creation
    ///
    /// Checks that Create Integration would succeed. Nothing is written.
    #[oai(
        path = "/v1/admin/integrations/validate",
        method = "post",
        operation_id = "validateIntegrationCreation"
    )]
    async fn validate_integration_creation(
        &self,
        caller: Developer,
        body: Body<CreateIntegrationBody>,
    ) -> Result<Json<EmptyResponse>, Failed> {
        let new = body.0.into_new_integration(caller.0.schema_limits())?;
        integrations::try_create(&caller.0, new).await?;
        Ok(EMPTY_RESPONSE)
    }

    /// Validate Integration Update
    ///
    /// Checks that Update Integration would succeed. Nothing is written.
    #[oai(
        path = "/v1/admin/integrations/:id/validate",
        method = "put",
        operation_id = "validateIntegrationUpdate"
    )]
    async fn validate_integration_update(
        &self,
        caller: IntegrationWriter,
        request: &Request,
        /// Id of the integration.
        id: Path<String>,
        body: Body<UpdateIntegrationBody>,
    ) -> Result<Json<EmptyResponse>, Failed> {
        let webhooks = self.settings.base_urls(request).webhooks;
        let update = body.0.into_update(webhooks, caller.0.schema_limits())?;
        integrations::try_update(&caller.0, id.0.into(), update).await?;
        Ok(EMPTY_RESPONSE)
    }

    /// Request Integration Verification
    ///
    /// Requests the verification of an integration. The request stays pending: nobody verifies integrations on this
    /// server.
    #[oai(
        path = "/v1/admin/integrations/request-verification",
        method = "post",
        operation_id = "requestIntegrationVerification"
    )]
    async fn request_integration_verification(
        &self,
        caller: Developer,
        body: Body<RequestVerificationBody>,
    ) -> Result<Json<EmptyResponse>, Failed> {
        let id = body.0.integration_id.into();
        integrations::request_verification(&caller.0, id).await?;
        Ok(EMPTY_RESPONSE)
    }
}
