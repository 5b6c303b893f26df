//! `/v1/admin/integrations`: the integrations of a workspace.

use poem::Request;
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
    payload::Json,
};

use super::{
    dto::{Integration, IntegrationResponse},
    list_dto::ListIntegrationsResponse,
    list_parameters::{Direction, SortBy, VisibilityFilter, to_sort},
    request::{CreateIntegrationBody, UpdateIntegrationBody},
};
use crate::{
    dialects::botpress::{
        Tag,
        admin::{
            logs_dto::{GetLogsResponse, parse_period},
            packages_dto::VerificationStatus,
        },
        auth::{Developer, Member},
        empty::{EMPTY_RESPONSE, EmptyResponse},
        error::Failed,
        integration_auth::{IntegrationReader, IntegrationWriter},
        paging::{non_empty_parameter, parse_next_token},
        settings::Settings,
    },
    domain::bots::{
        integrations::{self, Filter},
        manage::logs,
        versions::VersionFilter,
    },
    http::{Body, origin},
};

/// The operations on integrations.
pub struct Integrations {
    settings: Settings,
}

impl Integrations {
    pub const fn new(settings: Settings) -> Self {
        Self { settings }
    }
}

/// Returns the response for one integration. Its addresses follow the origin of the request.
pub fn to_response(
    request: &Request,
    integration: integrations::Integration,
) -> Json<IntegrationResponse> {
    Json(IntegrationResponse {
        integration: Integration::new(&origin(request), integration),
    })
}

#[OpenApi(tag = "Tag::Integration")]
impl Integrations {
    /// Create Integration
    ///
    /// Creates a version of an integration.
    #[oai(
        path = "/v1/admin/integrations",
        method = "post",
        operation_id = "createIntegration"
    )]
    async fn create_integration(
        &self,
        caller: Developer,
        request: &Request,
        body: Body<CreateIntegrationBody>,
    ) -> Result<Json<IntegrationResponse>, Failed> {
        let made = integrations::create(
            &caller.0,
            body.0.into_new_integration(caller.0.schema_limits())?,
        )
        .await?;
        Ok(to_response(request, made))
    }

    /// List Integrations
    ///
    /// Lists the integrations of the workspace, newest first.
    #[oai(
        path = "/v1/admin/integrations",
        method = "get",
        operation_id = "listIntegrations"
    )]
    #[expect(clippy::too_many_arguments, reason = "the vendor's list of parameters")]
    async fn list_integrations(
        &self,
        caller: Member,
        request: &Request,
        /// `meta.nextToken` of the previous page.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
        /// Selects integrations with this name.
        name: Query<Option<String>>,
        /// Selects this version; `latest` selects the newest version of each name.
        version: Query<Option<String>>,
        /// `true` selects integrations in development, `false` all others.
        dev: Query<Option<bool>>,
        /// Selects integrations that implement the interface with this id.
        #[oai(name = "interfaceId")]
        interface_id: Query<Option<String>>,
        /// Selects integrations that implement an interface with this name.
        #[oai(name = "interfaceName")]
        interface_name: Query<Option<String>>,
        /// Selects integrations that this bot has installed.
        #[oai(name = "installedByBotId")]
        installed_by_bot_id: Query<Option<String>>,
        /// Selects integrations in this state of their verification.
        #[oai(name = "verificationStatus")]
        verification_status: Query<Option<VerificationStatus>>,
        /// Selects integrations with this text in the name, the title, the description, or the name of an action or an
        /// interface. Upper and lower case are equal.
        search: Query<Option<String>>,
        /// Property that sorts the list; the time of creation if absent.
        #[oai(name = "sortBy")]
        sort_by: Query<Option<SortBy>>,
        /// Direction of the sort order; if absent, names begin with the smallest, all else with the largest.
        direction: Query<Option<Direction>>,
        /// Selects integrations with this visibility.
        visibility: Query<Option<VisibilityFilter>>,
    ) -> Result<Json<ListIntegrationsResponse>, Failed> {
        let filter = Filter {
            name: name.0,
            version: version.0.map(VersionFilter::parse),
            dev: dev.0,
            interface_id: interface_id.0,
            interface_name: interface_name.0,
            installed_by: non_empty_parameter(installed_by_bot_id.0),
            verification: verification_status.0.map(Into::into),
            public: visibility
                .0
                .map(|visibility| visibility == VisibilityFilter::Public),
            search: non_empty_parameter(search.0),
            sort: to_sort(sort_by.0, direction.0),
        };
        let after = parse_next_token(next_token.0)?;
        let page = integrations::list(&caller.0, filter, after).await?;
        Ok(Json(ListIntegrationsResponse::new(&origin(request), page)))
    }

    /// Get Integration
    ///
    /// Returns one integration.
    #[oai(
        path = "/v1/admin/integrations/:id",
        method = "get",
        operation_id = "getIntegration"
    )]
    async fn get_integration(
        &self,
        caller: IntegrationReader,
        request: &Request,
        /// Id of the integration.
        id: Path<String>,
    ) -> Result<Json<IntegrationResponse>, Failed> {
        let found = integrations::find(&caller.0, &id.0.into())?;
        Ok(to_response(request, found))
    }

    /// Update Integration
    ///
    /// Updates a version of an integration. Absent fields keep their value; null removes a named entry.
    #[oai(
        path = "/v1/admin/integrations/:id",
        method = "put",
        operation_id = "updateIntegration"
    )]
    async fn update_integration(
        &self,
        caller: IntegrationWriter,
        request: &Request,
        /// Id of the integration.
        id: Path<String>,
        body: Body<UpdateIntegrationBody>,
    ) -> Result<Json<IntegrationResponse>, Failed> {
        let update = body.0.into_update(
            self.settings.base_urls(request).webhooks,
            caller.0.schema_limits(),
        )?;
        let changed = integrations::update(&caller.0, id.0.into(), update).await?;
        Ok(to_response(request, changed))
    }

    /// Delete Integration
    ///
    /// Deletes a version of an integration. No bot may have it installed.
    #[oai(
        path = "/v1/admin/integrations/:id",
        method = "delete",
        operation_id = "deleteIntegration"
    )]
    async fn delete_integration(
        &self,
        caller: Member,
        /// Id of the integration.
        id: Path<String>,
    ) -> Result<Json<EmptyResponse>, Failed> {
        integrations::delete(&caller.0, id.0.into()).await?;
        Ok(EMPTY_RESPONSE)
    }

    /// Get Integration Logs
    ///
    /// Lists the log lines of an integration from `timeStart` (inclusive) to `timeEnd` (exclusive), newest
    /// first.
    #[oai(
        path = "/v1/admin/integrations/:id/logs",
        method = "get",
        operation_id = "getIntegrationLogs"
    )]
    async fn get_integration_logs(
        &self,
        caller: IntegrationReader,
        /// Id of the integration.
        id: Path<String>,
        /// Start of the period, in ISO 8601.
        #[oai(name = "timeStart")]
        time_start: Query<String>,
        /// End of the period (exclusive), in ISO 8601.
        #[oai(name = "timeEnd")]
        time_end: Query<String>,
        /// `nextToken` of the previous page.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
    ) -> Result<Json<GetLogsResponse>, Failed> {
        let period = parse_period(("timeStart", &time_start.0), ("timeEnd", &time_end.0))?;
        let after = parse_next_token(next_token.0)?;
        let page = logs::list_for_integration(&caller.0, &id.0.into(), period, after).await?;
        Ok(Json(page.into()))
    }

    /// Get Integration by Name
    ///
    /// Returns one version of an integration; `latest` is the newest version.
    #[oai(
        path = "/v1/admin/integrations/:name/:version",
        method = "get",
        operation_id = "getIntegrationByName"
    )]
    async fn get_integration_by_name(
        &self,
        caller: Member,
        request: &Request,
        /// Name of the integration.
        name: Path<String>,
        /// Version of the integration.
        version: Path<String>,
    ) -> Result<Json<IntegrationResponse>, Failed> {
        let found = integrations::find_by_name(&caller.0, &name.0, &version.0)?;
        Ok(to_response(request, found))
    }
}
