//! `/integrations`: a company's integrations.

use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Path, Query},
    payload::{Json, Response},
};
use uuid::Uuid;

use super::dto::{Deletion, Integration, NewIntegration, UpdateIntegration};
use crate::{
    dialects::aloochat::{
        Tag,
        auth::CompanyAuth,
        error::Failed,
        paging,
        settings::{CreateStatus, DeleteStatus, Settings, ValidationStatus},
    },
    domain::service_integrations::{self as integrations, Reveal},
    http::{Body, DirectJson},
    kernel::{
        Error, Result, Rule, Violation,
        ids::ServiceIntegrationId,
        violation::{Location, PathSegment},
    },
};

/// OpenAPI operations on integrations.
pub struct Integrations {
    settings: Settings,
}

/// Response to a create request.
#[derive(ApiResponse)]
enum CreateIntegrationResponse {
    /// The created integration
    #[oai(status = 200)]
    Ok(DirectJson<Integration>),
    /// The created integration (with the setting `create_status = 201`)
    #[oai(status = 201)]
    Created(DirectJson<Integration>),
}

/// Response to a delete request.
#[derive(ApiResponse)]
enum DeleteIntegrationResponse {
    /// The integration is deleted
    #[oai(status = 200)]
    Ok(Json<Deletion>),
    /// The integration is deleted (with the setting `delete_status = 204`)
    #[oai(status = 204)]
    NoContent,
}

impl Integrations {
    pub const fn new(settings: Settings) -> Self {
        Self { settings }
    }

    // wire: reads omit secrets, as the vendor's list sample does (aloochat.md §3, row 2)
    const fn reveal(&self) -> Reveal {
        if self.settings.reveal_secrets {
            Reveal::Secrets
        } else {
            Reveal::Nothing
        }
    }

    /// Parses the integration ID of a path. An ID that is not a UUID matches no integration.
    // wire: 404, or 422 as FastAPI's own validation returns (aloochat.md §3, row 3)
    fn parse_id(&self, id: &str) -> Result<ServiceIntegrationId> {
        match (Uuid::try_parse(id), self.settings.validation_status) {
            (Ok(id), _) => Ok(id.to_string().into()),
            (Err(_), ValidationStatus::BadRequest) => {
                Err(Error::not_found("Integration not found"))
            }
            (Err(_), ValidationStatus::UnprocessableContent) => Err(Violation {
                location: Location::Path,
                path: vec![PathSegment::Key("id".to_owned())],
                rule: Rule::Format("UUID".to_owned()),
            }
            .into()),
        }
    }
}

#[OpenApi(tag = "Tag::Integrations")]
impl Integrations {
    /// List integrations
    ///
    /// Retrieve all integrations for your company, oldest first. With `limit`, each page but the last has a
    /// `Link` header with the URL of the next page.
    #[oai(
        path = "/integrations",
        method = "get",
        operation_id = "list_integrations"
    )]
    async fn list_integrations(
        &self,
        company: CompanyAuth,
        /// Number of integrations to skip. To read a long list page by page, `after` is faster.
        #[oai(example = "paging::example_skip")]
        skip: Query<Option<paging::Count>>,
        /// Maximum number of integrations: 1 to 1000, all by default.
        #[oai(example = "paging::example_limit", validator(minimum(value = "1")))]
        limit: Query<Option<paging::Count>>,
        /// Return only the integrations after the one with this ID.
        #[oai(example = "paging::example_after")]
        after: Query<Option<String>>,
    ) -> Result<Response<DirectJson<Vec<Integration>>>, Failed> {
        let slice = paging::to_slice(skip.0, limit.0, after.0);
        let listed = integrations::list(&company.0, slice.clone(), self.reveal()).await?;
        let link = paging::next_link(&slice, &listed);
        let response = Response::new(DirectJson(
            listed.items.into_iter().map(Into::into).collect(),
        ));
        Ok(match link {
            Some(link) => response.header("Link", link),
            None => response,
        })
    }

    /// Create integration
    ///
    /// Create a new integration for your company.
    #[oai(
        path = "/integrations",
        method = "post",
        operation_id = "create_integration"
    )]
    async fn create_integration(
        &self,
        company: CompanyAuth,
        body: Body<NewIntegration>,
    ) -> Result<CreateIntegrationResponse, Failed> {
        let new = body.0.into();
        let created = integrations::create(&company.0, new, self.reveal()).await?;
        let body = DirectJson(created.into());
        // wire: the page shows no status; the one known client expects 200 (aloochat.md §3, row 6)
        Ok(match self.settings.create_status {
            CreateStatus::Ok => CreateIntegrationResponse::Ok(body),
            CreateStatus::Created => CreateIntegrationResponse::Created(body),
        })
    }

    /// Get integration
    ///
    /// Retrieve a specific integration by ID.
    #[oai(
        path = "/integrations/:id",
        method = "get",
        operation_id = "get_integration"
    )]
    async fn get_integration(
        &self,
        company: CompanyAuth,
        /// ID of the integration.
        id: Path<String>,
    ) -> Result<DirectJson<Integration>, Failed> {
        let id = self.parse_id(&id.0)?;
        let found = integrations::find(&company.0, &id, self.reveal())?;
        Ok(DirectJson(found.into()))
    }

    /// Update integration
    ///
    /// Update an existing integration. Omitted fields keep their values. A new `config` replaces the stored
    /// one as a whole. Secrets that reads omit are kept unless the request names them; null removes one.
    #[oai(
        path = "/integrations/:id",
        method = "put",
        operation_id = "update_integration"
    )]
    async fn update_integration(
        &self,
        company: CompanyAuth,
        /// ID of the integration.
        id: Path<String>,
        body: Body<UpdateIntegration>,
    ) -> Result<DirectJson<Integration>, Failed> {
        let id = self.parse_id(&id.0)?;
        let updated = integrations::update(
            &company.0,
            id,
            body.0.into(),
            self.settings.config_update,
            self.reveal(),
        )
        .await?;
        Ok(DirectJson(updated.into()))
    }

    /// Delete integration
    ///
    /// Delete an integration.
    #[oai(
        path = "/integrations/:id",
        method = "delete",
        operation_id = "delete_integration"
    )]
    async fn delete_integration(
        &self,
        company: CompanyAuth,
        /// ID of the integration.
        id: Path<String>,
    ) -> Result<DeleteIntegrationResponse, Failed> {
        let id = self.parse_id(&id.0)?;
        integrations::delete(&company.0, id).await?;
        // wire: the page shows neither status nor body (aloochat.md §3, row 6)
        Ok(match self.settings.delete_status {
            DeleteStatus::Ok => DeleteIntegrationResponse::Ok(Json(Deletion::new())),
            DeleteStatus::NoContent => DeleteIntegrationResponse::NoContent,
        })
    }
}
