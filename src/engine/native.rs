//! Programs that are compiled into this binary. They are called like bundles, with the same requests and the token of
//! their integration, and have no other access.

use std::{collections::BTreeMap, fmt, pin::Pin};

use futures_util::{Stream, future::BoxFuture};

use super::Request;
use crate::kernel::Secret;

/// A program that is compiled into this binary.
pub trait NativeProgram: Send + Sync + 'static {
    /// Handles a request of the runtime protocol, as the `handler` of a bundle does. `token` is the token of the
    /// integration, which code has in `BP_TOKEN`.
    fn call(&self, token: Secret, request: Request) -> BoxFuture<'static, NativeResponse>;
}

/// The response of a native program.
#[derive(Debug, Default)]
pub struct NativeResponse {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: BTreeMap<String, String>,
    /// Body as text.
    pub body: String,
    /// Stream of the rest of the body, for a response that stays open.
    pub body_stream: Option<BodyStream>,
}

/// The rest of a body, as a stream. Dropping it ends the stream.
pub struct BodyStream(pub Pin<Box<dyn Stream<Item = String> + Send>>);

impl fmt::Debug for BodyStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Live")
    }
}
