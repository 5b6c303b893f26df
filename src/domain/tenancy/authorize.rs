//! Authorization of a request: by the role of the caller, and by the state of the workspace (a blocked one is
//! read-only).

use super::{
    members::Role,
    request_auth::{Principal, RequestContext},
};
use crate::kernel::{Error, Kind, Result};

impl RequestContext {
    /// Requires at least this role, if the caller is a member of the workspace.
    ///
    /// # Errors
    /// `Forbidden` otherwise.
    pub fn require_role(&self, min_role: Role) -> Result<()> {
        self.require_of_principal(move |principal| principal.require_role(min_role))
    }

    /// Requires a workspace that is not blocked.
    ///
    /// # Errors
    /// `PaymentRequired` otherwise.
    pub fn require_unblocked(&self) -> Result<()> {
        self.principal().require_unblocked()
    }
}

impl Principal {
    /// Requires at least this role, if the caller is a member of the workspace.
    ///
    /// # Errors
    /// `Forbidden` otherwise.
    pub(in crate::domain) fn require_role(&self, min_role: Role) -> Result<()> {
        match self.role {
            Some(role) if role < min_role => Err(Error::new(
                Kind::Forbidden,
                format!("This needs the role {min_role}; yours is {role}"),
            )),
            _ => Ok(()),
        }
    }

    /// Requires a workspace that is not blocked.
    ///
    /// # Errors
    /// `PaymentRequired` otherwise.
    pub(in crate::domain) fn require_unblocked(&self) -> Result<()> {
        if self.blocked {
            return Err(Error::new(
                Kind::PaymentRequired,
                "The workspace is blocked until its unpaid invoices are paid",
            ));
        }
        Ok(())
    }
}
