//! Management of personal access tokens by their owner.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::{
    kind::{KeyKind, KeyOwner},
    manage::{self, ApiKey, COLUMNS, from_row},
};
use crate::{
    domain::tenancy::account_call::AccountContext,
    kernel::{
        Error, Kind, Result, Secret,
        ids::{AccountId, ApiKeyId},
    },
};

const LIST_OF_ACCOUNT: &str = "
    FROM api_keys
    WHERE account_id = :account_id AND kind = 'botpress_pat' AND revoked_at IS NULL
    ORDER BY seq DESC";

/// Lists the valid personal access tokens of the caller, newest first, without their values.
///
/// # Errors
/// Errors of the store.
pub fn list_personal(call: &AccountContext) -> Result<Vec<ApiKey>> {
    let read = |conn: &Connection| list_of_account(conn, call.account());
    call.app().store().read(read)
}

fn list_of_account(conn: &Connection, account: &AccountId) -> Result<Vec<ApiKey>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} {LIST_OF_ACCOUNT}"))?;
    let rows = statement.query_map(named_params! {":account_id": account}, from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Maximum number of revoked tokens that are kept for an account.
const MAX_REVOKED: i64 = 1000;

const DELETE_OLD_REVOKED: &str = "
    DELETE FROM api_keys WHERE seq IN (
        SELECT seq FROM api_keys
        WHERE account_id = :account_id AND kind = 'botpress_pat' AND revoked_at IS NOT NULL
        ORDER BY seq DESC LIMIT -1 OFFSET :kept)";

/// Creates a personal access token of the caller. Its value cannot be read later.
///
/// # Errors
/// `LimitExceeded` if the account may have no more tokens, and errors of the store.
pub async fn create_personal(call: &AccountContext, note: String) -> Result<(ApiKey, Secret)> {
    let max_tokens = call.app().settings().plans.max_tokens;
    call.run_write_tx(move |tx, account| {
        let count = list_of_account(tx.conn, account)?.len();
        if u64::try_from(count).unwrap_or(u64::MAX) >= max_tokens {
            return Err(Error::new(
                Kind::LimitExceeded,
                format!("An account can have {max_tokens} personal access tokens"),
            ));
        }
        tx.conn
            .prepare_cached(DELETE_OLD_REVOKED)?
            .execute(named_params! {":account_id": account, ":kept": MAX_REVOKED})?;
        let owner = KeyOwner::Account(account.clone());
        manage::create(tx, KeyKind::BotpressPat, &owner, &note)
    })
    .await
}

const FIND_OWN: &str = "
    SELECT 1 FROM api_keys
    WHERE id = :id AND account_id = :account_id AND kind = 'botpress_pat' AND revoked_at IS NULL";

/// Revokes a personal access token of the caller. The next request with it is rejected.
///
/// # Errors
/// `NotFound` if the token belongs to another account or is already revoked, and errors of the store.
pub async fn revoke_personal(call: &AccountContext, id: ApiKeyId) -> Result<()> {
    call.run_write_tx(move |tx, account| {
        let parameters = named_params! {":id": id, ":account_id": account};
        let token = tx
            .conn
            .prepare_cached(FIND_OWN)?
            .query_row(parameters, |_| Ok(()))
            .optional()?;
        if token.is_none() {
            return Err(Error::not_found(format!(
                "Personal access token \"{id}\" not found"
            )));
        }
        manage::revoke(tx, &id)
    })
    .await
}
