//! What a call may do where it is made: by the caller's role, and unless the workspace is blocked.

use super::{
    members::Role,
    request_auth::{Call, Caller},
};
use crate::kernel::{Error, Kind, Result};

impl Call {
    /// Asserts that the caller, if it is a member of the workspace, has at least this role in it.
    ///
    /// # Errors
    /// `Forbidden` otherwise.
    pub fn require_role(&self, least: Role) -> Result<()> {
        self.require_of_caller(move |caller| caller.require_role(least))
    }

    /// Asserts that the workspace is not blocked.
    ///
    /// # Errors
    /// `PaymentRequired` otherwise.
    pub fn require_open(&self) -> Result<()> {
        self.caller().require_open()
    }
}

impl Caller {
    /// Asserts that the caller, if it is a member of the workspace, has at least this role in it.
    ///
    /// # Errors
    /// `Forbidden` otherwise.
    pub(in crate::domain) fn require_role(&self, least: Role) -> Result<()> {
        match self.role {
            Some(role) if role < least => Err(Error::new(
                Kind::Forbidden,
                format!("This needs the role {least}; yours is {role}"),
            )),
            _ => Ok(()),
        }
    }

    /// Asserts that the workspace is not blocked.
    ///
    /// # Errors
    /// `PaymentRequired` otherwise.
    pub(in crate::domain) fn require_open(&self) -> Result<()> {
        if self.blocked {
            return Err(Error::new(
                Kind::PaymentRequired,
                "The workspace is blocked until its unpaid invoices are paid",
            ));
        }
        Ok(())
    }
}
