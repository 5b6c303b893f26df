//! `/v1/admin/hub`: the public integrations of all workspaces.

use poem::Request;
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
    payload::Json,
};

use super::{
    integrations::{
        dto::IntegrationResponse,
        list_dto::ListIntegrationsResponse,
        list_parameters::{Direction, SortBy, to_sort},
        operations::to_response,
    },
    packages_dto::VerificationStatus,
};
use crate::{
    dialects::botpress::{
        Tag,
        auth::AccountCaller,
        error::Failed,
        paging::{non_empty_parameter, parse_next_token},
    },
    domain::bots::{
        integrations::{self, Filter},
        versions::VersionFilter,
    },
    http::origin,
};

/// The operations on public integrations.
pub struct Hub;

#[OpenApi(tag = "Tag::Hub")]
impl Hub {
    /// List Public Integrations
    ///
    /// Lists the public integrations, newest first.
    #[oai(
        path = "/v1/admin/hub/integrations",
        method = "get",
        operation_id = "listPublicIntegrations"
    )]
    #[expect(clippy::too_many_arguments, reason = "the vendor's list of parameters")]
    async fn list_public_integrations(
        &self,
        caller: AccountCaller,
        request: &Request,
        /// `meta.nextToken` of the previous page.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
        /// Selects integrations with this name.
        name: Query<Option<String>>,
        /// Selects this version; `latest` selects the newest version of each name.
        version: Query<Option<String>>,
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
    ) -> Result<Json<ListIntegrationsResponse>, Failed> {
        let filter = Filter {
            name: name.0,
            version: version.0.map(VersionFilter::parse),
            dev: None,
            interface_id: interface_id.0,
            interface_name: interface_name.0,
            installed_by: non_empty_parameter(installed_by_bot_id.0),
            verification: verification_status.0.map(Into::into),
            public: None,
            search: non_empty_parameter(search.0),
            sort: to_sort(sort_by.0, direction.0),
        };
        let after = parse_next_token(next_token.0)?;
        let page = integrations::list_public(&caller.0, filter, after).await?;
        Ok(Json(ListIntegrationsResponse::new(&origin(request), page)))
    }

    /// Get Public Integration by Id
    ///
    /// Returns one public integration.
    #[oai(
        path = "/v1/admin/hub/integrations/:id",
        method = "get",
        operation_id = "getPublicIntegrationById"
    )]
    async fn get_public_integration_by_id(
        &self,
        caller: AccountCaller,
        request: &Request,
        /// Id of the integration.
        id: Path<String>,
    ) -> Result<Json<IntegrationResponse>, Failed> {
        let found = integrations::find_public(&caller.0, &id.0.into())?;
        Ok(to_response(request, found))
    }

    /// Get Public Integration
    ///
    /// Returns one version of a public integration; `latest` is the newest version.
    #[oai(
        path = "/v1/admin/hub/integrations/:name/:version",
        method = "get",
        operation_id = "getPublicIntegration"
    )]
    async fn get_public_integration(
        &self,
        caller: AccountCaller,
        request: &Request,
        /// Name of the integration.
        name: Path<String>,
        /// Version of the integration.
        version: Path<String>,
    ) -> Result<Json<IntegrationResponse>, Failed> {
        let found = integrations::find_public_by_name(&caller.0, &name.0, &version.0)?;
        Ok(to_response(request, found))
    }
}
