//! The vendors' APIs. A dialect is wire only: it translates between a vendor's requests and one
//! domain call. The same files are inside each, so who knows one knows all.

pub mod ada;
pub mod aloochat;
pub mod botpress;
pub mod chat;
pub mod cohere;
pub mod connector;
