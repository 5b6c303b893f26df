//! `/v1/admin/hub/interfaces`: the public interfaces of all workspaces and of the server.

use poem::Request;
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
    payload::Json,
};

use super::{
    dto::{InterfaceResponse, ListInterfacesResponse},
    operations::to_response,
};
use crate::{
    dialects::botpress::{Tag, auth::AccountCaller, error::Failed, paging::parse_next_token},
    domain::bots::{
        packages::{Filter, interfaces},
        versions::VersionFilter,
    },
    http::origin,
};

/// The operations on public interfaces.
pub struct PublicInterfaces;

#[OpenApi(tag = "Tag::Hub")]
impl PublicInterfaces {
    /// List Public Interfaces
    ///
    /// Lists the public interfaces, newest first.
    #[oai(
        path = "/v1/admin/hub/interfaces",
        method = "get",
        operation_id = "listPublicInterfaces"
    )]
    async fn list_public_interfaces(
        &self,
        caller: AccountCaller,
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
        let page = interfaces::list_public(&caller.0, filter, after).await?;
        Ok(Json(ListInterfacesResponse::new(&origin(request), page)))
    }

    /// Get Public Interface by Id
    ///
    /// Returns one public interface.
    #[oai(
        path = "/v1/admin/hub/interfaces/:id",
        method = "get",
        operation_id = "getPublicInterfaceById"
    )]
    async fn get_public_interface_by_id(
        &self,
        caller: AccountCaller,
        request: &Request,
        /// Id of the interface.
        id: Path<String>,
    ) -> Result<Json<InterfaceResponse>, Failed> {
        let found = interfaces::find_public(&caller.0, &id.0.into())?;
        Ok(to_response(request, found))
    }

    /// Get Public Interface
    ///
    /// Returns one version of a public interface: a version, the newest for `latest`, or the highest in a range. A
    /// published interface precedes the server's own of the same name.
    #[oai(
        path = "/v1/admin/hub/interfaces/:name/:version",
        method = "get",
        operation_id = "getPublicInterface"
    )]
    async fn get_public_interface(
        &self,
        caller: AccountCaller,
        request: &Request,
        /// Name of the interface.
        name: Path<String>,
        /// Version of the interface.
        version: Path<String>,
    ) -> Result<Json<InterfaceResponse>, Failed> {
        let found = interfaces::find_public_by_name(&caller.0, &name.0, &version.0)?;
        Ok(to_response(request, found))
    }
}
