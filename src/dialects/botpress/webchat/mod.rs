//! The chat page of a bot at `/chat/{bot}`, the script that embeds it in other pages, and the embed codes
//! that `getBotWebchat` returns.
//!
//! The page uses the API of the integration `chat`, as every chat client does; no message passes through this
//! module.

mod code;
mod draw;
mod page;

pub use self::{
    code::code,
    draw::RenderPage,
    page::{BASE_PATH, METHODS, routes},
};
