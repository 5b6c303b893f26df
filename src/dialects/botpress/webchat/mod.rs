//! The web chat of a bot: its page at `/chat/{bot}`, the script that puts it into other pages, and the
//! codes of `getBotWebchat`, which lead to both.
//!
//! The page talks with the bot as any client of the integration `chat` does; nothing here passes a
//! message on.

mod code;
mod draw;
mod page;

pub use self::{
    code::code,
    draw::RenderPage,
    page::{BASE_PATH, METHODS, routes},
};
