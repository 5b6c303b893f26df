//! Creation and changes of workspaces by their users.

use rusqlite::{Connection, named_params};

use super::{
    details::{self, WorkspaceDetails},
    handles,
};
use crate::{
    domain::{
        shared::plans::Plan,
        tenancy::{
            account_call::AccountContext,
            audit::{self, NewAuditRecord},
            billing,
            members::{self, Role},
            request_auth::RequestContext,
            write_tx::WriteTx,
        },
    },
    kernel::{
        Error, Kind, Result, Rule, Violation,
        ids::{AccountId, WorkspaceId},
    },
};

/// Maximum size of the list of accounts at other services, in bytes of JSON text.
const MAX_SOCIAL_ACCOUNTS_BYTES: usize = 10_000;

const COUNT_OWNED: &str =
    "SELECT count(*) FROM members WHERE account_id = :account_id AND role = 'owner'";

/// Creates a workspace that the caller owns.
///
/// # Errors
/// `Invalid` for an empty name, `LimitExceeded` if the account may own no more workspaces, and errors of the store.
pub async fn create_owned(call: &AccountContext, name: String) -> Result<WorkspaceDetails> {
    let max_workspaces = call.app().settings().plans.max_workspaces;
    call.run_write_tx(move |tx, account| {
        require_below_maximum(tx.conn, account, max_workspaces)?;
        let workspace = super::create(tx, WorkspaceId::new_uuid(), &name)?;
        members::add(tx, &workspace.id, account, Role::Owner)?;
        details::load_details(tx.conn, &workspace.id)
    })
    .await
}

fn require_below_maximum(
    conn: &Connection,
    account: &AccountId,
    max_workspaces: u64,
) -> Result<()> {
    let owned: i64 = conn
        .prepare_cached(COUNT_OWNED)?
        .query_row(named_params! {":account_id": account}, |row| row.get(0))?;
    if owned.unsigned_abs() >= max_workspaces {
        return Err(Error::new(
            Kind::LimitExceeded,
            format!("An account can own {max_workspaces} workspaces"),
        ));
    }
    Ok(())
}

/// Changes of a workspace. Absent fields stay as they are.
#[derive(Debug, Clone, Default)]
pub struct WorkspacePatch {
    /// New name.
    pub name: Option<String>,
    /// Maximum monthly cost of messages beyond the plan's price, in dollars.
    pub spending_limit: Option<f64>,
    /// New handle.
    pub handle: Option<String>,
    /// True to make the profile public.
    pub public: Option<bool>,
    /// Description in the profile.
    pub about: Option<String>,
    /// Address of the picture in the profile.
    pub picture: Option<String>,
    /// E-mail address in the profile.
    pub contact_email: Option<String>,
    /// Address of the web site in the profile.
    pub website: Option<String>,
    /// Accounts at other services in the profile; replaces the old ones.
    pub social_accounts: Option<Vec<String>>,
}

impl WorkspacePatch {
    /// True if it changes something other than the spending limit.
    const fn changes_workspace(&self) -> bool {
        self.name.is_some()
            || self.handle.is_some()
            || self.public.is_some()
            || self.about.is_some()
            || self.picture.is_some()
            || self.contact_email.is_some()
            || self.website.is_some()
            || self.social_accounts.is_some()
    }
}

const UPDATE: &str = "
    UPDATE workspaces SET name = coalesce(:name, name),
                          spending_limit = coalesce(:spending_limit, spending_limit),
                          handle = coalesce(:handle, handle),
                          public = coalesce(:public, public),
                          about = coalesce(:about, about),
                          profile_picture = coalesce(:picture, profile_picture),
                          contact_email = coalesce(:contact_email, contact_email),
                          website = coalesce(:website, website),
                          social_accounts = coalesce(:social_accounts, social_accounts),
                          updated_at = :now
    WHERE id = :id";

/// Changes the workspace of the request.
///
/// # Errors
/// `Forbidden` without the required role (billing for the spending limit, administrator for everything else), `Invalid`
/// for an empty name or a malformed handle, `Conflict` for a taken handle, and errors of the store.
pub async fn update(call: &RequestContext, changes: WorkspacePatch) -> Result<WorkspaceDetails> {
    let changes_workspace = changes.changes_workspace();
    if changes_workspace || changes.spending_limit.is_none() {
        call.require_role(Role::Administrator)?;
    }
    if changes.spending_limit.is_some() {
        billing::require_role(call)?;
    }
    if changes
        .name
        .as_deref()
        .is_some_and(|name| name.trim().is_empty())
    {
        return Err(Error::invalid("a workspace needs a name"));
    }
    let social_accounts = changes.social_accounts.as_ref().map(serde_json::to_string);
    let social_accounts = social_accounts
        .transpose()
        .map_err(|error| Error::internal("a profile cannot be serialized", error))?;
    if social_accounts
        .as_ref()
        .is_some_and(|text| text.len() > MAX_SOCIAL_ACCOUNTS_BYTES)
    {
        let rule = Rule::Other(format!(
            "must have at most {MAX_SOCIAL_ACCOUNTS_BYTES} bytes"
        ));
        return Err(Violation::body(["socialAccounts"], rule).into());
    }
    call.app()
        .run_write_tx(call, move |tx, id| {
            if let Some(handle) = &changes.handle
                && details::load_details(tx.conn, id)?.handle != *handle
            {
                handles::require_free(tx.conn, id, handle)?;
            }
            tx.conn.prepare_cached(UPDATE)?.execute(named_params! {
                ":id": id,
                ":name": changes.name,
                ":spending_limit": changes.spending_limit,
                ":handle": changes.handle,
                ":public": changes.public,
                ":about": changes.about,
                ":picture": changes.picture,
                ":contact_email": changes.contact_email,
                ":website": changes.website,
                ":social_accounts": social_accounts,
                ":now": tx.now,
            })?;
            if changes_workspace {
                record_audit(tx, id, "workspace.update", changes.name.as_deref())?;
            }
            if changes.spending_limit.is_some() {
                record_audit(tx, id, "workspace.set_spending_limit", None)?;
            }
            details::load_details(tx.conn, id)
        })
        .await
}

const SET_PLAN: &str = "UPDATE workspaces SET plan = :plan, updated_at = :now WHERE id = :id";

/// Changes the plan of the request's workspace to the paid plan that the settings name, or to the free one. The
/// current month is billed in full at its end.
///
/// # Errors
/// `Forbidden` without the role billing, `PaymentRequired` without a payment method or with unpaid invoices, and
/// errors of the store.
pub async fn change_plan(call: &RequestContext, premium: bool) -> Result<WorkspaceDetails> {
    billing::require_role(call)?;
    let target = match premium {
        true => call.app().settings().plans.premium,
        false => Plan::Community,
    };
    call.app()
        .run_write_tx(call, move |tx, id| {
            let plan = super::find_plan(tx.conn, id)?;
            if plan.is_premium() == target.is_premium() {
                return details::load_details(tx.conn, id);
            }
            if target.is_premium() {
                billing::start_plan(tx, id, target)?;
            }
            tx.conn
                .prepare_cached(SET_PLAN)?
                .execute(named_params! {":id": id, ":plan": target, ":now": tx.now})?;
            let action = match target.is_premium() {
                true => "workspace.upgrade",
                false => "workspace.downgrade",
            };
            record_audit(tx, id, action, None)?;
            details::load_details(tx.conn, id)
        })
        .await
}

const SET_BLOCKED: &str = "
    UPDATE workspaces SET blocked = :blocked, updated_at = :now WHERE id = :id AND blocked <> :blocked";

/// Blocks or unblocks a workspace in a write transaction.
///
/// # Errors
/// Errors of the store.
pub fn set_blocked(tx: &WriteTx<'_>, id: &WorkspaceId, blocked: bool) -> Result<()> {
    let changed = tx
        .conn
        .prepare_cached(SET_BLOCKED)?
        .execute(named_params! {":id": id, ":blocked": blocked, ":now": tx.now})?;
    let action = match blocked {
        true => "workspace.block",
        false => "workspace.unblock",
    };
    if changed > 0 {
        record_audit(tx, id, action, None)?;
    }
    Ok(())
}

pub(in crate::domain) fn record_audit(
    tx: &WriteTx<'_>,
    id: &WorkspaceId,
    action: &'static str,
    name: Option<&str>,
) -> Result<()> {
    audit::record(
        tx,
        &NewAuditRecord {
            workspace: Some(id),
            action,
            resource_id: id.as_str(),
            resource_name: name,
        },
    )
}
