//! `/connectors`: the organization's connectors.

use poem_openapi::{
    OpenApi,
    param::{Path, Query},
};

use super::dto::{
    ConnectorEnvelope, ConnectorPage, CreateConnectorRequest, Deletion, UpdateConnectorRequest,
};
use crate::{
    dialects::cohere::{Settings, Tag, auth::OrganizationAuth, error::Failed, paging},
    domain::retrieval::connectors::{self, Connector},
    http::{Body, DirectJson},
};

/// OpenAPI operations on connectors.
pub struct Connectors {
    settings: Settings,
}

impl Connectors {
    pub const fn new(settings: Settings) -> Self {
        Self { settings }
    }

    fn to_envelope(&self, connector: Connector) -> DirectJson<ConnectorEnvelope> {
        DirectJson(ConnectorEnvelope {
            connector: self.settings.connector_to_dto(connector),
        })
    }
}

// wire: 200 for every success, also for create and delete (cohere.md §1)
#[OpenApi(tag = "Tag::Connectors")]
impl Connectors {
    /// List connectors
    ///
    /// Lists the connectors of the organization, newest first.
    #[oai(path = "/connectors", method = "get", operation_id = "listConnectors")]
    async fn list_connectors(
        &self,
        user: OrganizationAuth,
        /// Maximum number of connectors to return [0, 100].
        #[oai(validator(minimum(value = "0"), maximum(value = "100")))]
        limit: Query<Option<f64>>,
        /// Number of connectors to skip before returning results [0, inf].
        #[oai(validator(minimum(value = "0"), maximum(value = "9007199254740991")))]
        offset: Query<Option<f64>>,
    ) -> Result<DirectJson<ConnectorPage>, Failed> {
        let slice = paging::to_slice(limit.0, offset.0);
        let listed = connectors::list(&user.0, slice).await?;
        let shown = listed.items.into_iter();
        Ok(DirectJson(ConnectorPage {
            connectors: shown
                .map(|found| self.settings.connector_to_dto(found))
                .collect(),
            total_count: listed.total,
        }))
    }

    /// Create a connector
    ///
    /// Creates a new connector. The connector is tested during registration and will cancel registration when
    /// the test is unsuccessful. A connector with `oauth` is not tested, because no user has authorized it
    /// yet.
    #[oai(
        path = "/connectors",
        method = "post",
        operation_id = "createConnector"
    )]
    async fn create_connector(
        &self,
        user: OrganizationAuth,
        body: Body<CreateConnectorRequest>,
    ) -> Result<DirectJson<ConnectorEnvelope>, Failed> {
        let created = connectors::create(&user.0, body.0.into()).await?;
        Ok(self.to_envelope(created))
    }

    /// Get a connector
    #[oai(
        path = "/connectors/:id",
        method = "get",
        operation_id = "getConnector"
    )]
    async fn get_connector(
        &self,
        user: OrganizationAuth,
        /// The ID of the connector to retrieve.
        id: Path<String>,
    ) -> Result<DirectJson<ConnectorEnvelope>, Failed> {
        let found = connectors::find(&user.0, &id.0.into())?;
        Ok(self.to_envelope(found))
    }

    /// Update a connector
    ///
    /// Omitted and null fields are not updated; this also applies within `oauth`. A connector whose `url` or
    /// `service_auth` changes is tested as during registration.
    #[oai(
        path = "/connectors/:id",
        method = "patch",
        operation_id = "updateConnector"
    )]
    async fn update_connector(
        &self,
        user: OrganizationAuth,
        /// The ID of the connector to update.
        id: Path<String>,
        body: Body<UpdateConnectorRequest>,
    ) -> Result<DirectJson<ConnectorEnvelope>, Failed> {
        let updated = connectors::update(&user.0, id.0.into(), body.0.into()).await?;
        Ok(self.to_envelope(updated))
    }

    /// Delete a connector
    #[oai(
        path = "/connectors/:id",
        method = "delete",
        operation_id = "deleteConnector"
    )]
    async fn delete_connector(
        &self,
        user: OrganizationAuth,
        /// The ID of the connector to delete.
        id: Path<String>,
    ) -> Result<DirectJson<Deletion>, Failed> {
        connectors::delete(&user.0, id.0.into()).await?;
        // wire: without a body, clients fail to parse the response (cohere.md §1)
        Ok(DirectJson(Deletion {}))
    }
}
