//! The vendors' APIs. Each dialect translates the requests of one vendor into domain calls and owns no
//! business rules. All dialects use the same file names.

pub mod ada;
pub mod aloochat;
pub mod botpress;
pub mod chat_api;
pub mod cohere;
pub mod connector;
