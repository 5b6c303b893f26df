//! Webhooks: delivers the events of an agent to the endpoints that its operators registered.
//!
//! [`publish_event`] stores an event as a message and enqueues a delivery for each subscribed endpoint, in the
//! transaction of the change that caused it. The dispatcher ([`dispatch`]) leases the deliveries that are due,
//! attempts them and records the outcomes. Delivery is at least once, with the same message id at every attempt.
//! Signatures follow Standard Webhooks.

mod address;
mod attempts;
mod change;
mod checks;
pub mod dispatch;
pub(in crate::domain) mod dispatch_loop;
mod doorbell;
mod endpoints;
mod erase;
mod event_types;
pub(in crate::domain) mod feature;
mod message;
mod metrics;
mod queue;
mod recovery;
mod rewind;
mod secret;
mod settings;
pub mod signature;

pub use address::seal_addresses;
pub use attempts::{Attempt, EndpointAttempts, list_attempts};
pub use change::{EndpointChanges, NewEndpoint, create, delete, rotate_secret, update};
pub use doorbell::Doorbell;
pub use endpoints::{
    Endpoint, EndpointPage, PageRequest, find, list, list_all, load_keys_by_url, load_secret,
};
pub use erase::erase_message_chain;
pub use event_types::{EVENT_TYPES, EventType};
pub use message::{WebhookEvent, publish_event};
pub use metrics::Metrics;
pub use recovery::{recover, replay, resend, send_example};
pub use settings::Settings;

pub(super) use rewind::REPAIRS;
