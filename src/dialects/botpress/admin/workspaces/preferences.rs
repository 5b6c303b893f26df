//! `/v1/admin/workspaces/preferences`: values that clients store for a workspace.

use poem_openapi::{OpenApi, param::Path, payload::Json};

use crate::{
    dialects::botpress::{
        Tag,
        admin::preferences_dto::{PreferenceResponse, SetPreferenceBody},
        auth::{Developer, Member},
        empty::{EMPTY_RESPONSE, EmptyResponse},
        error::Failed,
    },
    domain::tenancy::preferences,
    http::Body,
};

/// The operations on the preferences of a workspace.
pub struct WorkspacePreferences;

#[OpenApi(tag = "Tag::Workspace")]
impl WorkspacePreferences {
    /// Get Workspace Preference
    ///
    /// Returns a value that a client has stored for the workspace.
    #[oai(
        path = "/v1/admin/workspaces/preferences/:key",
        method = "get",
        operation_id = "getWorkspacePreference"
    )]
    async fn get_workspace_preference(
        &self,
        caller: Member,
        /// Key of the preference.
        key: Path<String>,
    ) -> Result<Json<PreferenceResponse>, Failed> {
        let value = preferences::get_of_workspace(&caller.0, &key.0)?;
        Ok(Json(PreferenceResponse::new(value)))
    }

    /// Set Workspace Preference
    ///
    /// Stores a value for the workspace. It has no effect on this server.
    #[oai(
        path = "/v1/admin/workspaces/preferences/:key",
        method = "post",
        operation_id = "setWorkspacePreference"
    )]
    async fn set_workspace_preference(
        &self,
        caller: Developer,
        /// Key of the preference.
        key: Path<String>,
        body: Body<SetPreferenceBody>,
    ) -> Result<Json<EmptyResponse>, Failed> {
        preferences::set_of_workspace(&caller.0, key.0, &body.0.into_value()).await?;
        Ok(EMPTY_RESPONSE)
    }
}
