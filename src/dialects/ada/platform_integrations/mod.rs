//! `/api/v2/platform-integrations` and `/api/platform_integrations/oauth` (ada.md §2).

mod installation;
mod oauth;
mod operations;
mod wire;
mod words;

pub use oauth::OAuth;
pub use operations::PlatformIntegrations;
