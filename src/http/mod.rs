//! The HTTP layer that all dialects share: the middleware around every request, conversion of errors, validated JSON
//! bodies, OpenAPI documents with their pages, health and metrics.
//!
//! This module knows no dialect; each dialect describes itself through [`Dialect`].

pub mod absent;
pub mod allow;
pub mod bearer;
pub mod body;
pub mod body_memory;
pub mod charset;
pub mod compress;
pub mod cors;
pub mod dialect;
pub mod docs;
pub mod document;
pub mod edge;
mod error_page;
pub mod errors;
pub mod event_stream;
pub mod health;
mod hosts;
pub mod inflate;
pub mod json_fault;
pub mod metrics;
mod mounted;
mod multipart;
pub mod nullable;
pub mod object;
pub mod origin;
pub(crate) mod page;
pub mod policy;
pub mod query;
pub mod request_id;
mod runtime_metrics;
pub mod same_origin;
pub mod sandbox;
mod strays;
mod tunnel_metrics;
mod whole_numbers;
pub mod wording;
pub mod written;
pub mod wrong_keys;

pub use allow::Allowed;
pub use bearer::{bearer, bearer_scheme};
pub use body::Body;
pub use body_memory::{admitted, read_bytes};
pub use dialect::{Dialect, Failed, Marks, Mount};
pub use document::{Document, Published};
pub use edge::Edge;
pub use hosts::{AllowedHost, AllowedHosts};
pub use metrics::{Metrics, Settings as MetricsSettings};
pub use mounted::{BodyLimit, Limits, Mounted, app, body_limit};
pub use nullable::Nullable;
pub use object::{JsonObject, JsonText};
pub use origin::{Origins, PublicUrl, origin};
pub use query::Queries;
pub use runtime_metrics::Programs;
pub use strays::Strays;
pub use tunnel_metrics::OpenTunnels;
pub use written::Written;
pub use wrong_keys::{Settings as WrongKeySettings, WrongKeys};
