//! The chat page of a bot at `/chat/{bot}`, the script that embeds it in other pages, and the embed codes
//! that `getBotWebchat` returns.
//!
//! The page uses the API of the integration `chat`, as every chat client does; no message passes through this
//! module.

mod embed_code;
mod endpoints;
mod render;

pub use self::{
    embed_code::embed_code,
    endpoints::{BASE_PATH, METHODS, routes},
    render::PageErrorRenderer,
};
