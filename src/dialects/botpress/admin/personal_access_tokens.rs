//! `/v1/admin/account/pats`: personal access tokens of the caller.

use poem_openapi::{Object, OpenApi, param::Path, payload::Json, types::Example};

use crate::{
    dialects::botpress::{
        Tag,
        auth::AccountCaller,
        empty::{EMPTY_RESPONSE, EmptyResponse},
        error::Failed,
    },
    domain::tenancy::api_keys,
    http::Body,
};

/// The operations on personal access tokens.
pub struct Tokens;

/// A personal access token, without its value.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct PersonalAccessToken {
    /// Id of the token.
    id: String,
    /// Time of creation, in ISO 8601.
    created_at: String,
    /// Note of the owner on the purpose of the token.
    note: String,
}

/// The personal access tokens of the caller.
#[derive(Object)]
#[oai(example, rename = "listPersonalAccessTokensResponse")]
struct TokensResponse {
    /// The tokens, newest first.
    pats: Vec<PersonalAccessToken>,
}

/// A new personal access token.
#[derive(Object)]
#[oai(example, rename = "createPersonalAccessTokenBody")]
struct CreateTokenBody {
    /// Note on the purpose of the token.
    #[oai(validator(max_length = 500))]
    note: String,
}

/// A new personal access token with its value.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct NewToken {
    /// Id of the token.
    id: String,
    /// Time of creation, in ISO 8601.
    created_at: String,
    /// Note of the owner on the purpose of the token.
    note: String,
    /// The token itself. It is returned only here.
    value: String,
}

/// The created personal access token.
#[derive(Object)]
#[oai(example, rename = "createPersonalAccessTokenResponse")]
struct NewTokenResponse {
    /// The token.
    pat: NewToken,
}

const EXAMPLE_ID: &str = "8f2f8f4b-52c8-4bd0-9f0e-0c9a3e6a4d11";
const EXAMPLE_TIME: &str = "2026-01-31T09:30:00.000Z";

impl Example for TokensResponse {
    fn example() -> Self {
        Self {
            pats: vec![PersonalAccessToken {
                id: EXAMPLE_ID.to_owned(),
                created_at: EXAMPLE_TIME.to_owned(),
                note: "laptop".to_owned(),
            }],
        }
    }
}

impl Example for CreateTokenBody {
    fn example() -> Self {
        Self {
            note: "laptop".to_owned(),
        }
    }
}

impl Example for NewTokenResponse {
    fn example() -> Self {
        Self {
            pat: NewToken {
                id: EXAMPLE_ID.to_owned(),
                created_at: EXAMPLE_TIME.to_owned(),
                note: "laptop".to_owned(),
                value: "bp_pat_…".to_owned(),
            },
        }
    }
}

#[OpenApi(tag = "Tag::Account")]
impl Tokens {
    /// List Personal Access Tokens
    ///
    /// Lists the caller's personal access tokens, without their values.
    #[oai(
        path = "/v1/admin/account/pats",
        method = "get",
        operation_id = "listPersonalAccessTokens"
    )]
    async fn list_personal_access_tokens(
        &self,
        caller: AccountCaller,
    ) -> Result<Json<TokensResponse>, Failed> {
        let tokens = api_keys::list_personal(&caller.0)?;
        let shown = |token: api_keys::ApiKey| PersonalAccessToken {
            id: token.id.to_string(),
            created_at: token.created_at.to_rfc3339_millis(),
            note: token.name,
        };
        Ok(Json(TokensResponse {
            pats: tokens.into_iter().map(shown).collect(),
        }))
    }

    /// Create Personal Access Token
    ///
    /// Creates a personal access token. Only this response contains its value.
    #[oai(
        path = "/v1/admin/account/pats",
        method = "post",
        operation_id = "createPersonalAccessToken"
    )]
    async fn create_personal_access_token(
        &self,
        caller: AccountCaller,
        body: Body<CreateTokenBody>,
    ) -> Result<Json<NewTokenResponse>, Failed> {
        let (token, value) = api_keys::create_personal(&caller.0, body.0.note).await?;
        Ok(Json(NewTokenResponse {
            pat: NewToken {
                id: token.id.to_string(),
                created_at: token.created_at.to_rfc3339_millis(),
                note: token.name,
                value: value.expose().to_owned(),
            },
        }))
    }

    /// Delete Personal Access Token
    ///
    /// Deletes a personal access token of the caller. Later requests with the token are refused.
    #[oai(
        path = "/v1/admin/account/pats/:id",
        method = "delete",
        operation_id = "deletePersonalAccessToken"
    )]
    async fn delete_personal_access_token(
        &self,
        caller: AccountCaller,
        /// Id of the token.
        id: Path<String>,
    ) -> Result<Json<EmptyResponse>, Failed> {
        api_keys::revoke_personal(&caller.0, id.0.into()).await?;
        Ok(EMPTY_RESPONSE)
    }
}
