//! `/api`: the Ada dialect.

mod platform_integrations;
