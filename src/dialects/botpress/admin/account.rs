//! `/v1/admin/account`: the account of the caller.

use poem_openapi::{Object, OpenApi, payload::Json, types::Example};

use crate::{
    dialects::botpress::{Tag, auth::AccountCaller, error::Failed},
    domain::tenancy::accounts,
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
    /// Time of creation, in ISO 8601.
    created_at: String,
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
        let account = accounts::get(&caller.0)?;
        Ok(Json(GetAccountResponse {
            account: AccountBody {
                id: account.id.to_string(),
                email: account.email,
                created_at: account.created_at.to_rfc3339_millis(),
            },
        }))
    }
}
