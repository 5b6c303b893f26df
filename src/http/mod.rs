//! The HTTP layer that all dialects share: the middleware around every request, conversion of errors, validated JSON
//! bodies, OpenAPI documents with their pages, health and metrics.
//!
//! This module knows no dialect; each dialect describes itself through [`Dialect`].

pub mod allowed_methods;
pub mod authenticated;
pub mod bearer;
pub mod body;
pub mod body_memory;
mod body_schema;
pub mod charset;
mod client_dialects;
pub mod compression;
pub mod cors;
pub mod dialect;
pub mod direct_json;
pub mod docs;
pub mod document;
mod error_page;
pub mod errors;
pub mod event_stream;
pub mod health;
mod hosts;
pub mod inflate;
pub mod json_error;
mod json_memory;
pub mod metrics;
pub mod middleware;
mod multipart;
pub mod nullable;
pub mod object;
pub mod origin;
pub(crate) mod page;
pub mod policy;
pub mod query_objects;
mod query_params;
pub mod request_id;
mod request_state;
mod runtime_metrics;
pub mod same_origin;
pub mod sandbox;
mod tunnel_metrics;
pub mod unsupported;
pub mod validation_messages;
mod whole_numbers;
pub mod wrong_key_limiter;

pub use allowed_methods::AllowedMethods;
pub use authenticated::{Authenticated, Credential, SecurityScheme};
pub use bearer::bearer_token;
pub use body::Body;
pub use body_memory::{read_bytes, record_admission};
pub use client_dialects::ClientDialects;
pub use dialect::{ApiError, ClientPatterns, Dialect, Mount};
pub use direct_json::DirectJson;
pub use document::{Document, Published};
pub use hosts::{AllowedHost, AllowedHosts};
pub use metrics::{Metrics, Settings as MetricsSettings};
pub use middleware::MiddlewareStack;
pub use nullable::Nullable;
pub use object::{JsonObject, JsonText};
pub use origin::{OriginResolver, PublicUrl, origin};
pub use query_params::QueryParams;
pub use request_state::{BodyLimit, Limits, RequestState, app, body_limit};
pub use runtime_metrics::ProgramMetrics;
pub use tunnel_metrics::TunnelMetrics;
pub use wrong_key_limiter::{Settings as WrongKeySettings, WrongKeyLimiter};
