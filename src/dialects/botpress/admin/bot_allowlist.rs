//! `/v1/admin/bots/{botId}/allowlist`: the people who may act in a bot.

use std::collections::BTreeMap;

use poem_openapi::{Enum, Object, OpenApi, param::Path, payload::Json, types::Example};

use crate::{
    dialects::botpress::{
        Tag,
        auth::{Developer, Member},
        empty::{EMPTY_RESPONSE, EmptyResponse},
        error::Failed,
    },
    domain::{
        bots::allowlist::{self, AllowlistPatch},
        tenancy::allowlist::AllowlistSetting as Setting,
    },
    http::Body,
};

/// The operations on allowlists.
pub struct BotAllowlist;

/// The people who may act in a bot with their tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "SCREAMING_SNAKE_CASE")]
enum AllowlistSetting {
    /// All members of the workspace.
    AllWorkspaceUsers,
    /// Only the selected members.
    SelectedUsers,
}

impl From<Setting> for AllowlistSetting {
    fn from(setting: Setting) -> Self {
        match setting {
            Setting::AllWorkspaceUsers => Self::AllWorkspaceUsers,
            Setting::SelectedUsers => Self::SelectedUsers,
        }
    }
}

impl From<AllowlistSetting> for Setting {
    fn from(setting: AllowlistSetting) -> Self {
        match setting {
            AllowlistSetting::AllWorkspaceUsers => Self::AllWorkspaceUsers,
            AllowlistSetting::SelectedUsers => Self::SelectedUsers,
        }
    }
}

/// A selected member.
#[derive(Object)]
struct AllowedUser {
    /// Id of the account.
    id: String,
}

/// The allowlist of a bot.
#[derive(Object)]
#[oai(example, rename = "getBotAllowlistResponse")]
struct AllowlistResponse {
    /// The people who may act in the bot.
    setting: AllowlistSetting,
    /// The selected members.
    users: Vec<AllowedUser>,
}

impl Example for AllowlistResponse {
    fn example() -> Self {
        Self {
            setting: AllowlistSetting::SelectedUsers,
            users: vec![AllowedUser {
                id: EXAMPLE_ACCOUNT.to_owned(),
            }],
        }
    }
}

/// An update of an allowlist. Absent fields keep their value.
#[derive(Object)]
#[oai(example, rename = "updateBotAllowlistBody")]
struct UpdateAllowlistBody {
    /// The people who may act in the bot.
    setting: Option<AllowlistSetting>,
    /// Members by the id of the account: true selects one, false removes one.
    users: Option<BTreeMap<String, bool>>,
}

const EXAMPLE_ACCOUNT: &str = "0b0f6c1e-6a0e-4f53-9d7c-6f2f3b1a7c11";

impl Example for UpdateAllowlistBody {
    fn example() -> Self {
        Self {
            setting: Some(AllowlistSetting::SelectedUsers),
            users: Some(BTreeMap::from([(EXAMPLE_ACCOUNT.to_owned(), true)])),
        }
    }
}

#[OpenApi(tag = "Tag::Bot")]
impl BotAllowlist {
    /// Get Bot Allowlist
    ///
    /// Returns the people who may act in a bot with their personal access tokens.
    #[oai(
        path = "/v1/admin/bots/:botId/allowlist",
        method = "get",
        operation_id = "getBotAllowlist"
    )]
    async fn get_bot_allowlist(
        &self,
        caller: Member,
        /// Id of the bot.
        #[oai(name = "botId")]
        bot_id: Path<String>,
    ) -> Result<Json<AllowlistResponse>, Failed> {
        let found = allowlist::get(&caller.0, &bot_id.0.into())?;
        let user = |account: &crate::kernel::ids::AccountId| AllowedUser {
            id: account.to_string(),
        };
        Ok(Json(AllowlistResponse {
            setting: found.setting.into(),
            users: found.accounts.iter().map(user).collect(),
        }))
    }

    /// Update Bot Allowlist
    ///
    /// Changes the people who may act in a bot with their personal access tokens. Members can manage the bot in any
    /// case.
    #[oai(
        path = "/v1/admin/bots/:botId/allowlist",
        method = "put",
        operation_id = "updateBotAllowlist"
    )]
    async fn update_bot_allowlist(
        &self,
        caller: Developer,
        /// Id of the bot.
        #[oai(name = "botId")]
        bot_id: Path<String>,
        body: Body<UpdateAllowlistBody>,
    ) -> Result<Json<EmptyResponse>, Failed> {
        let patch = AllowlistPatch {
            setting: body.0.setting.map(Setting::from),
            accounts: body.0.users.unwrap_or_default(),
        };
        allowlist::update(&caller.0, bot_id.0.into(), patch).await?;
        Ok(EMPTY_RESPONSE)
    }
}
