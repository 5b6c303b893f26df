//! `/v1/admin/interfaces`: the interfaces of a workspace.

use poem::Request;
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
    payload::Json,
};

use super::{
    dto::{Interface, InterfaceResponse, ListInterfacesResponse},
    request::{CreateInterfaceBody, UpdateInterfaceBody},
};
use crate::{
    dialects::botpress::{
        Tag,
        auth::{Developer, Member},
        empty::{EMPTY_RESPONSE, EmptyResponse},
        error::Failed,
        paging::parse_next_token,
    },
    domain::bots::{
        packages::{Filter, interfaces},
        versions::VersionFilter,
    },
    http::{Body, origin},
};

/// The operations on interfaces.
pub struct Interfaces;

/// Returns the response for one interface. Its addresses follow the origin of the request.
pub fn to_response(request: &Request, interface: interfaces::Interface) -> Json<InterfaceResponse> {
    Json(InterfaceResponse {
        interface: Interface::new(&origin(request), interface),
    })
}

#[OpenApi(tag = "Tag::Interface")]
impl Interfaces {
    /// Create Interface
    ///
    /// Creates a version of an interface.
    #[oai(
        path = "/v1/admin/interfaces",
        method = "post",
        operation_id = "createInterface"
    )]
    async fn create_interface(
        &self,
        caller: Developer,
        request: &Request,
        body: Body<CreateInterfaceBody>,
    ) -> Result<Json<InterfaceResponse>, Failed> {
        let (new, definition) = body.0.into_new_interface(caller.0.schema_limits())?;
        let created = interfaces::create(&caller.0, new, definition).await?;
        Ok(to_response(request, created))
    }

    /// List Interfaces
    ///
    /// Lists the interfaces of the workspace, newest first.
    #[oai(
        path = "/v1/admin/interfaces",
        method = "get",
        operation_id = "listInterfaces"
    )]
    async fn list_interfaces(
        &self,
        caller: Member,
        request: &Request,
        /// `meta.nextToken` of the previous page.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
        /// Selects interfaces with this name.
        name: Query<Option<String>>,
        /// Selects this version; `latest` selects the newest version of each name.
        version: Query<Option<String>>,
    ) -> Result<Json<ListInterfacesResponse>, Failed> {
        let filter = Filter {
            name: name.0,
            version: version.0.map(VersionFilter::parse),
        };
        let after = parse_next_token(next_token.0)?;
        let page = interfaces::list(&caller.0, filter, after).await?;
        Ok(Json(ListInterfacesResponse::new(&origin(request), page)))
    }

    /// Get Interface
    ///
    /// Returns one interface.
    #[oai(
        path = "/v1/admin/interfaces/:id",
        method = "get",
        operation_id = "getInterface"
    )]
    async fn get_interface(
        &self,
        caller: Member,
        request: &Request,
        /// Id of the interface.
        id: Path<String>,
    ) -> Result<Json<InterfaceResponse>, Failed> {
        let found = interfaces::find(&caller.0, &id.0.into())?;
        Ok(to_response(request, found))
    }

    /// Update Interface
    ///
    /// Updates a version of an interface. Absent fields keep their value; null removes a named entry.
    #[oai(
        path = "/v1/admin/interfaces/:id",
        method = "put",
        operation_id = "updateInterface"
    )]
    async fn update_interface(
        &self,
        caller: Developer,
        request: &Request,
        /// Id of the interface.
        id: Path<String>,
        body: Body<UpdateInterfaceBody>,
    ) -> Result<Json<InterfaceResponse>, Failed> {
        let (patch, definition) = body.0.into_patch(caller.0.schema_limits())?;
        let updated = interfaces::update(&caller.0, id.0.into(), patch, definition).await?;
        Ok(to_response(request, updated))
    }

    /// Delete Interface
    ///
    /// Deletes a version of an interface. No integration may implement it.
    #[oai(
        path = "/v1/admin/interfaces/:id",
        method = "delete",
        operation_id = "deleteInterface"
    )]
    async fn delete_interface(
        &self,
        caller: Member,
        /// Id of the interface.
        id: Path<String>,
    ) -> Result<Json<EmptyResponse>, Failed> {
        interfaces::delete(&caller.0, id.0.into()).await?;
        Ok(EMPTY_RESPONSE)
    }

    /// Get Interface by Name
    ///
    /// Returns one version of an interface: a version, the newest for `latest`, or the highest in a range.
    #[oai(
        path = "/v1/admin/interfaces/:name/:version",
        method = "get",
        operation_id = "getInterfaceByName"
    )]
    async fn get_interface_by_name(
        &self,
        caller: Member,
        request: &Request,
        /// Name of the interface.
        name: Path<String>,
        /// Version of the interface.
        version: Path<String>,
    ) -> Result<Json<InterfaceResponse>, Failed> {
        let found = interfaces::find_by_name(&caller.0, &name.0, &version.0)?;
        Ok(to_response(request, found))
    }
}
