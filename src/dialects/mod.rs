//! The vendors' APIs. Each dialect translates the requests of one vendor into domain calls and owns no
//! business rules. All dialects use the same file names.

pub mod ada;
pub mod aloochat;
pub mod botpress;
pub mod chat_api;
pub mod cohere;
pub mod connector;

use crate::domain::Renderers;

/// The renderers of the vendors' objects, for webhooks and for requests to bots (docs/design/0045).
pub const RENDERERS: Renderers = Renderers {
    bots: botpress::OBJECT_RENDERERS,
    end_user: ada::render_end_user,
    signal: chat_api::render_signal,
};
