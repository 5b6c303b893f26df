//! `/v1/admin/account`: the account of the caller.

use poem_openapi::{Object, OpenApi, param::Path, payload::Json, types::Example};

use crate::{
    dialects::botpress::{
        Tag,
        admin::preferences_dto::{PreferenceResponse, SetPreferenceBody},
        auth::AccountCaller,
        empty::{EMPTY_RESPONSE, EmptyResponse},
        error::Failed,
    },
    domain::tenancy::{
        account_changes::{self, AccountPatch},
        accounts, preferences,
    },
    http::Body,
};

/// The operations on the caller's account.
pub struct Account;

/// An account.
#[derive(Object)]
#[oai(rename = "Account", rename_all = "camelCase")]
struct AccountBody {
    /// Id of the account.
    id: String,
    /// E-mail address of the account.
    email: String,
    /// True, because this server trusts the operator's addresses.
    email_verified: bool,
    /// Name that others see.
    #[oai(skip_serializing_if_is_none)]
    display_name: Option<String>,
    /// Address of a picture.
    #[oai(skip_serializing_if_is_none)]
    profile_picture: Option<String>,
    /// Time of creation, in ISO 8601.
    created_at: String,
}

impl From<accounts::Account> for AccountBody {
    fn from(account: accounts::Account) -> Self {
        Self {
            id: account.id.to_string(),
            email: account.email,
            email_verified: true,
            display_name: account.display_name,
            profile_picture: account.picture,
            created_at: account.created_at.to_rfc3339_millis(),
        }
    }
}

/// An update of the account. Absent fields keep their value.
#[derive(Object)]
#[oai(example, rename = "updateAccountBody", rename_all = "camelCase")]
struct UpdateAccountBody {
    /// Name that others see.
    #[oai(validator(max_length = 100))]
    display_name: Option<String>,
    /// Address of a picture.
    #[oai(validator(max_length = 10000))]
    profile_picture: Option<String>,
    /// Has no effect: there is no identity provider to read the account from.
    refresh: Option<bool>,
}

impl Example for UpdateAccountBody {
    fn example() -> Self {
        Self {
            display_name: Some("Ann".to_owned()),
            profile_picture: None,
            refresh: None,
        }
    }
}

/// The account of the caller.
#[derive(Object)]
#[oai(example, rename = "getAccountResponse")]
struct GetAccountResponse {
    /// The account.
    account: AccountBody,
}

impl Example for GetAccountResponse {
    fn example() -> Self {
        Self {
            account: AccountBody {
                id: "0b0f6c1e-6a0e-4f53-9d7c-6f2f3b1a7c11".to_owned(),
                email: "owner@example.localhost".to_owned(),
                email_verified: true,
                display_name: None,
                profile_picture: None,
                created_at: "2026-01-31T09:30:00.000Z".to_owned(),
            },
        }
    }
}

#[OpenApi(tag = "Tag::Account")]
impl Account {
    /// Get Account
    ///
    /// Returns the account that the personal access token belongs to.
    #[oai(
        path = "/v1/admin/account/me",
        method = "get",
        operation_id = "getAccount"
    )]
    async fn get_account(&self, caller: AccountCaller) -> Result<Json<GetAccountResponse>, Failed> {
        let account = accounts::get(&caller.0)?.into();
        Ok(Json(GetAccountResponse { account }))
    }

    /// Update Account
    ///
    /// Updates the account that the personal access token belongs to.
    #[oai(
        path = "/v1/admin/account/me",
        method = "put",
        operation_id = "updateAccount"
    )]
    async fn update_account(
        &self,
        caller: AccountCaller,
        body: Body<UpdateAccountBody>,
    ) -> Result<Json<GetAccountResponse>, Failed> {
        let changes = AccountPatch {
            display_name: body.0.display_name,
            picture: body.0.profile_picture,
        };
        let account = account_changes::update(&caller.0, changes).await?.into();
        Ok(Json(GetAccountResponse { account }))
    }

    /// Delete Account
    ///
    /// Deletes the account with its memberships and tokens. The only owner of a workspace cannot be deleted.
    #[oai(
        path = "/v1/admin/account/me",
        method = "post",
        operation_id = "deleteAccount"
    )]
    async fn delete_account(
        &self,
        caller: AccountCaller,
        _body: Body<EmptyResponse>,
    ) -> Result<Json<EmptyResponse>, Failed> {
        account_changes::delete(&caller.0).await?;
        Ok(EMPTY_RESPONSE)
    }

    /// Get Account Preference
    ///
    /// Returns a value that a client has stored for the account.
    #[oai(
        path = "/v1/admin/account/preferences/:key",
        method = "get",
        operation_id = "getAccountPreference"
    )]
    async fn get_account_preference(
        &self,
        caller: AccountCaller,
        /// Key of the preference.
        key: Path<String>,
    ) -> Result<Json<PreferenceResponse>, Failed> {
        let value = preferences::get_of_account(&caller.0, &key.0)?;
        Ok(Json(PreferenceResponse::new(value)))
    }

    /// Set Account Preference
    ///
    /// Stores a value for the account. It has no effect on this server.
    #[oai(
        path = "/v1/admin/account/preferences/:key",
        method = "post",
        operation_id = "setAccountPreference"
    )]
    async fn set_account_preference(
        &self,
        caller: AccountCaller,
        /// Key of the preference.
        key: Path<String>,
        body: Body<SetPreferenceBody>,
    ) -> Result<Json<EmptyResponse>, Failed> {
        preferences::set_of_account(&caller.0, key.0, &body.0.into_value()).await?;
        Ok(EMPTY_RESPONSE)
    }
}
