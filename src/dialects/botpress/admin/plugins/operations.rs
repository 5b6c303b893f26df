//! `/v1/admin/plugins`: the plugins of a workspace.

use std::collections::BTreeMap;

use poem::Request;
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
    payload::Json,
};
use serde_json::{Value, json};

use super::{
    dto::{ListPluginsResponse, Plugin, PluginCodeResponse, PluginResponse},
    request::{CreatePluginBody, UpdatePluginBody},
};
use crate::{
    dialects::botpress::{
        Tag,
        auth::{Developer, Member},
        chat::tags::parse_object,
        empty::{EMPTY_RESPONSE, EmptyResponse},
        error::Failed,
        paging::parse_next_token,
    },
    domain::bots::{
        packages::{Filter, plugins},
        plugins::dereference,
        versions::VersionFilter,
    },
    http::{Body, origin},
    kernel::{Result as KernelResult, Rule, Violation},
};

/// The operations on plugins.
pub struct Plugins;

/// Parses the platform of a plugin's code.
///
/// # Errors
/// `Invalid` for any other text.
// wire: an unknown platform is an invalid query, and no missing resource (botpress-today.md §2.1)
pub fn parse_platform(text: &str) -> KernelResult<plugins::Platform> {
    match text {
        "node" => Ok(plugins::Platform::Node),
        "browser" => Ok(plugins::Platform::Browser),
        _ => {
            let rule = Rule::Other("must be node or browser".to_owned());
            Err(Violation::query("platform", rule).into())
        }
    }
}

/// Returns the response for one plugin. Its addresses follow the origin of the request.
pub fn to_response(request: &Request, plugin: plugins::Plugin) -> Json<PluginResponse> {
    Json(PluginResponse {
        plugin: Plugin::new(&origin(request), plugin),
    })
}

/// Returns the parameter of the dereferenced reads for the OpenAPI document.
pub fn interfaces_parameter() -> Value {
    json!({
        "name": "interfaces", "in": "query", "required": true, "style": "deepObject",
        "description": "Integrations that implement the plugin's interfaces: ids, each as \
                        `interfaces.<alias>=<id>`.",
        "schema": {"type": "object", "additionalProperties": {"type": "string"}},
    })
}

/// Returns the integrations that a dereferenced read names, by the aliases of the plugin's interfaces.
///
/// # Errors
/// `Invalid` if it names none.
pub fn parse_interfaces(request: &Request) -> KernelResult<BTreeMap<String, String>> {
    let interfaces = parse_object(request, "interfaces");
    if interfaces.is_empty() {
        return Err(Violation::query("interfaces", Rule::Required).into());
    }
    Ok(interfaces)
}

#[OpenApi(tag = "Tag::Plugin")]
impl Plugins {
    /// Create Plugin
    ///
    /// Creates a version of a plugin.
    #[oai(
        path = "/v1/admin/plugins",
        method = "post",
        operation_id = "createPlugin"
    )]
    async fn create_plugin(
        &self,
        caller: Developer,
        request: &Request,
        body: Body<CreatePluginBody>,
    ) -> Result<Json<PluginResponse>, Failed> {
        let (new, definition, code) = body.0.into_new_plugin(caller.0.schema_limits())?;
        let created = plugins::create(&caller.0, new, definition, code).await?;
        Ok(to_response(request, created))
    }

    /// List Plugins
    ///
    /// Lists the plugins of the workspace, newest first.
    #[oai(
        path = "/v1/admin/plugins",
        method = "get",
        operation_id = "listPlugins"
    )]
    async fn list_plugins(
        &self,
        caller: Member,
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
        let page = plugins::list(&caller.0, filter, after).await?;
        Ok(Json(ListPluginsResponse::new(&origin(request), page)))
    }

    /// Get Plugin
    ///
    /// Returns one plugin.
    #[oai(
        path = "/v1/admin/plugins/:id",
        method = "get",
        operation_id = "getPlugin"
    )]
    async fn get_plugin(
        &self,
        caller: Member,
        request: &Request,
        /// Id of the plugin.
        id: Path<String>,
    ) -> Result<Json<PluginResponse>, Failed> {
        let found = plugins::find(&caller.0, &id.0.into())?;
        Ok(to_response(request, found))
    }

    /// Update Plugin
    ///
    /// Updates a version of a plugin, in every bot that has it. Absent fields keep their value; null removes a named
    /// entry.
    #[oai(
        path = "/v1/admin/plugins/:id",
        method = "put",
        operation_id = "updatePlugin"
    )]
    async fn update_plugin(
        &self,
        caller: Developer,
        request: &Request,
        /// Id of the plugin.
        id: Path<String>,
        body: Body<UpdatePluginBody>,
    ) -> Result<Json<PluginResponse>, Failed> {
        let (patch, parts) = body.0.into_patch(caller.0.schema_limits())?;
        let updated = plugins::update(&caller.0, id.0.into(), patch, parts).await?;
        Ok(to_response(request, updated))
    }

    /// Delete Plugin
    ///
    /// Deletes a version of a plugin. No bot may have it.
    #[oai(
        path = "/v1/admin/plugins/:id",
        method = "delete",
        operation_id = "deletePlugin"
    )]
    async fn delete_plugin(
        &self,
        caller: Member,
        /// Id of the plugin.
        id: Path<String>,
    ) -> Result<Json<EmptyResponse>, Failed> {
        plugins::delete(&caller.0, id.0.into()).await?;
        Ok(EMPTY_RESPONSE)
    }

    /// Get Dereferenced Plugin
    ///
    /// Returns one plugin, with the entities of integrations in place of references to the entities of interfaces.
    #[oai(
        path = "/v1/admin/plugins/:id/dereferenced",
        method = "get",
        operation_id = "getDereferencedPlugin"
    )]
    async fn get_dereferenced_plugin(
        &self,
        caller: Member,
        request: &Request,
        /// Id of the plugin.
        id: Path<String>,
    ) -> Result<Json<PluginResponse>, Failed> {
        let mut found = plugins::find(&caller.0, &id.0.into())?;
        let workspace = Some(caller.0.workspace());
        let integrations = parse_interfaces(request)?;
        dereference(
            caller.0.app(),
            workspace,
            &mut found.definition,
            &integrations,
        )?;
        Ok(to_response(request, found))
    }

    /// Get Plugin Code
    ///
    /// Returns the code of a plugin for one platform.
    #[oai(
        path = "/v1/admin/plugins/:id/code/:platform",
        method = "get",
        operation_id = "getPluginCode"
    )]
    async fn get_plugin_code(
        &self,
        caller: Member,
        /// Id of the plugin.
        id: Path<String>,
        /// Platform: `node` or `browser`.
        platform: Path<String>,
    ) -> Result<Json<PluginCodeResponse>, Failed> {
        let platform = parse_platform(&platform.0)?;
        let found = plugins::find(&caller.0, &id.0.into())?;
        let code = plugins::load_code(caller.0.app(), &found, platform)?;
        Ok(Json(PluginCodeResponse { code }))
    }

    /// Get Plugin by Name
    ///
    /// Returns one version of a plugin: a version, the newest for `latest`, or the highest in a range.
    #[oai(
        path = "/v1/admin/plugins/:name/:version",
        method = "get",
        operation_id = "getPluginByName"
    )]
    async fn get_plugin_by_name(
        &self,
        caller: Member,
        request: &Request,
        /// Name of the plugin.
        name: Path<String>,
        /// Version of the plugin.
        version: Path<String>,
    ) -> Result<Json<PluginResponse>, Failed> {
        let found = plugins::find_by_name(&caller.0, &name.0, &version.0)?;
        Ok(to_response(request, found))
    }
}
