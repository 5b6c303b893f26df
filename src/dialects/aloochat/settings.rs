//! Settings of the Aloochat dialect: behaviour that the vendor's page does not define.

use serde::{Deserialize, Serialize};

pub use crate::domain::service_integrations::ConfigUpdate;

/// Settings of the Aloochat dialect (aloochat.md §3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// `GET /integrations/types` returns only the eight types of the vendor's sample answer.
    pub strict_types_sample: bool,
    /// Reads return the secret members of `config` (tokens, keys, passwords, credentials) too.
    pub reveal_secrets: bool,
    /// Response to invalid input: 400 with a text, or 422 with FastAPI's list.
    pub validation_status: ValidationStatus,
    /// Status of a successful create: 200 or 201.
    pub create_status: CreateStatus,
    /// Status of a successful delete: 200 with a small body, or 204 without one.
    pub delete_status: DeleteStatus,
    /// Effect of `config` in an update on the stored configuration.
    pub config_update: ConfigUpdate,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            strict_types_sample: false,
            reveal_secrets: false,
            validation_status: ValidationStatus::BadRequest,
            create_status: CreateStatus::Ok,
            delete_status: DeleteStatus::Ok,
            config_update: ConfigUpdate::Replace,
        }
    }
}

macro_rules! status_choice {
    ($(#[$doc:meta])* pub enum $name:ident { $($variant:ident = $status:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "u16", into = "u16")]
        pub enum $name { $(#[doc = stringify!($status)] $variant,)+ }

        impl From<$name> for u16 {
            fn from(choice: $name) -> Self {
                match choice { $($name::$variant => $status,)+ }
            }
        }

        impl TryFrom<u16> for $name {
            type Error = String;

            fn try_from(status: u16) -> Result<Self, String> {
                match status {
                    $($status => Ok(Self::$variant),)+
                    other => Err(format!("{other} is not one of {:?}", [$($status,)+])),
                }
            }
        }
    };
}

status_choice! {
    /// Status of the response to invalid input.
    pub enum ValidationStatus { BadRequest = 400, UnprocessableContent = 422, }
}

status_choice! {
    /// Status of the response to a successful create.
    pub enum CreateStatus { Ok = 200, Created = 201, }
}

status_choice! {
    /// Status of the response to a successful delete.
    pub enum DeleteStatus { Ok = 200, NoContent = 204, }
}
