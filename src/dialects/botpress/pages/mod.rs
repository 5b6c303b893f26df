//! Pages for browsers: the chat page and the page after an authorization.

pub(in crate::dialects::botpress) mod chat_page;
pub(in crate::dialects::botpress) mod interstitial;
