//! `/api/v2/platform-integrations` and `/api/platform_integrations/oauth` (ada.md §2).

mod dto;
mod enum_dto;
mod installation_dto;
mod oauth;
mod operations;

pub use oauth::OAuth;
pub use operations::PlatformIntegrations;
