//! What users have allowed connectors to read, by OAuth 2.0 with PKCE (cohere.md §3.6). A user is
//! an API key: each authorizes a connector for itself.
//!
//! [`begin`] gives the address that the user's browser goes to, [`finish`] takes what the provider
//! sends it back with. From then on a search has an access token, which is refreshed as it ends or
//! is refused.

mod begin;
mod finish;
mod provider;
mod refresh;
mod rows;

pub(in crate::domain) use self::rows::forget_user;
pub use self::{
    begin::begin,
    finish::{Answer, Finished, finish},
    refresh::Refreshes,
};
pub(super) use self::{
    refresh::{access_token, renewed_token},
    rows::forget,
};
