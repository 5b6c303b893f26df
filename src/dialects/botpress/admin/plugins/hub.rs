//! `/v1/admin/hub/plugins`: the public plugins of all workspaces.

use poem::Request;
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
    payload::Json,
};

use super::{
    dto::{ListPluginsResponse, PluginCodeResponse, PluginResponse},
    operations::{parse_interfaces, parse_platform, to_response},
};
use crate::{
    dialects::botpress::{Tag, auth::AccountCaller, error::Failed, paging::parse_next_token},
    domain::bots::{
        packages::{Filter, plugins},
        plugins::dereference,
        versions::VersionFilter,
    },
    http::origin,
};

/// The operations on public plugins.
pub struct PublicPlugins;

#[OpenApi(tag = "Tag::Hub")]
impl PublicPlugins {
    /// List Public Plugins
    ///
    /// Lists the public plugins, newest first.
    #[oai(
        path = "/v1/admin/hub/plugins",
        method = "get",
        operation_id = "listPublicPlugins"
    )]
    async fn list_public_plugins(
        &self,
        caller: AccountCaller,
        request: &Request,
        /// `meta.nextToken` of the previous page.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
        /// Selects plugins with this name.
        name: Query<Option<String>>,
        /// Selects this version; `latest` selects the newest version of each name.
        version: Query<Option<String>>,
    ) -> Result<Json<ListPluginsResponse>, Failed> {
        let filter = Filter {
            name: name.0,
            version: version.0.map(VersionFilter::parse),
        };
        let after = parse_next_token(next_token.0)?;
        let page = plugins::list_public(&caller.0, filter, after).await?;
        Ok(Json(ListPluginsResponse::new(&origin(request), page)))
    }

    /// Get Public Plugin by Id
    ///
    /// Returns one public plugin.
    #[oai(
        path = "/v1/admin/hub/plugins/:id",
        method = "get",
        operation_id = "getPublicPluginById"
    )]
    async fn get_public_plugin_by_id(
        &self,
        caller: AccountCaller,
        request: &Request,
        /// Id of the plugin.
        id: Path<String>,
    ) -> Result<Json<PluginResponse>, Failed> {
        let found = plugins::find_public(&caller.0, &id.0.into())?;
        Ok(to_response(request, found))
    }

    /// Get Dereferenced Public Plugin by Id
    ///
    /// Returns one public plugin, with the entities of public integrations in place of references to the entities of
    /// interfaces.
    #[oai(
        path = "/v1/admin/hub/plugins/:id/dereferenced",
        method = "get",
        operation_id = "getDereferencedPublicPluginById"
    )]
    async fn get_dereferenced_public_plugin_by_id(
        &self,
        caller: AccountCaller,
        request: &Request,
        /// Id of the plugin.
        id: Path<String>,
    ) -> Result<Json<PluginResponse>, Failed> {
        let mut found = plugins::find_public(&caller.0, &id.0.into())?;
        let integrations = parse_interfaces(request)?;
        dereference(caller.0.app(), None, &mut found.definition, &integrations)?;
        Ok(to_response(request, found))
    }

    /// Get Public Plugin Code
    ///
    /// Returns the code of a public plugin for one platform.
    #[oai(
        path = "/v1/admin/hub/plugins/:id/code/:platform",
        method = "get",
        operation_id = "getPublicPluginCode"
    )]
    async fn get_public_plugin_code(
        &self,
        caller: AccountCaller,
        /// Id of the plugin.
        id: Path<String>,
        /// Platform: `node` or `browser`.
        platform: Path<String>,
    ) -> Result<Json<PluginCodeResponse>, Failed> {
        let platform = parse_platform(&platform.0)?;
        let found = plugins::find_public(&caller.0, &id.0.into())?;
        let code = plugins::load_code(caller.0.app(), &found, platform)?;
        Ok(Json(PluginCodeResponse { code }))
    }

    /// Get Public Plugin
    ///
    /// Returns one version of a public plugin: a version, the newest for `latest`, or the highest in a range.
    #[oai(
        path = "/v1/admin/hub/plugins/:name/:version",
        method = "get",
        operation_id = "getPublicPlugin"
    )]
    async fn get_public_plugin(
        &self,
        caller: AccountCaller,
        request: &Request,
        /// Name of the plugin.
        name: Path<String>,
        /// Version of the plugin.
        version: Path<String>,
    ) -> Result<Json<PluginResponse>, Failed> {
        let found = plugins::find_public_by_name(&caller.0, &name.0, &version.0)?;
        Ok(to_response(request, found))
    }
}
