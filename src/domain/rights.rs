//! What a call may do where it is made: by the caller's role, and unless the workspace is blocked.

use super::{access::Call, members::Role};
use crate::kernel::{Error, Kind, Result};

impl Call {
    /// Asserts that the caller, if it is a member of the workspace, has at least this role in it.
    ///
    /// # Errors
    /// `Forbidden` otherwise.
    pub fn require_role(&self, least: Role) -> Result<()> {
        match self.caller().role {
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
    pub fn require_open(&self) -> Result<()> {
        if self.caller().blocked {
            return Err(Error::new(
                Kind::PaymentRequired,
                "The workspace is blocked until its unpaid invoices are paid",
            ));
        }
        Ok(())
    }
}
