//! Users' authorizations of connectors by OAuth 2.0 with PKCE (cohere.md §3.6). A user is an API
//! key; each authorizes a connector for itself.
//!
//! [`begin`] returns the URL that the user's browser opens, and [`finish`] handles the provider's
//! redirect. From then on a search has an access token, which is refreshed when it is about to
//! expire or is refused.

mod begin;
mod finish;
mod provider;
mod refresh;
mod rows;

pub(in crate::domain) use self::rows::delete_user_authorizations;
pub use self::{
    begin::begin_authorization,
    finish::{AuthorizationResult, ProviderRedirect, finish_authorization},
    refresh::RefreshLocks,
};
pub(super) use self::{
    refresh::{get_access_token, renew_access_token},
    rows::delete_connector_authorizations,
};
