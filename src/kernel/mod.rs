//! Basic types that every other layer uses: identifiers, time, errors, secrets, partial updates and JSON Schema.
//!
//! The kernel does no I/O and knows neither the store nor HTTP. Only its [`clock`] reads the wall clock or
//! waits for time to pass.

pub mod ascii;
pub mod clock;
pub mod critical_thread;
pub mod depth;
pub mod error;
pub mod hex;
pub mod ids;
pub mod json_size;
pub mod mac;
pub mod month;
pub mod panic_text;
pub mod patch;
pub mod raw_object;
pub mod schema;
pub mod secret;
pub mod time;
pub mod violation;

pub use ascii::ascii_json;
pub use clock::{Clock, MonotonicTime};
pub use error::{Error, Kind, Result};
pub use json_size::json_size;
pub use month::Month;
pub use panic_text::panic_text;
pub use patch::Patch;
pub use raw_object::RawObject;
pub use secret::Secret;
pub use time::Timestamp;
pub use violation::{Rule, Violation};
