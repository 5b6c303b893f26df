//! Programs that are a part of this one: asked as code is, with the same request and the same token of
//! an integration, and with nothing else.

use std::{collections::BTreeMap, fmt, pin::Pin};

use futures_util::{Stream, future::BoxFuture};

use super::Request;
use crate::kernel::Secret;

/// A program that is a part of this one.
pub trait Native: Send + Sync + 'static {
    /// Answers a request of the runtime protocol, as `handler` of a bundle does. `token` is that of the
    /// integration, as `BP_TOKEN` is for code.
    fn call(&self, token: Secret, request: Request) -> BoxFuture<'static, NativeResponse>;
}

/// What such a program answers.
#[derive(Debug, Default)]
pub struct NativeResponse {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: BTreeMap<String, String>,
    /// The body as text.
    pub body: String,
    /// What follows the body as it comes, for an answer that goes on.
    pub live: Option<Live>,
}

/// The rest of a body, which comes while time passes. To drop it ends it.
pub struct Live(pub Pin<Box<dyn Stream<Item = String> + Send>>);

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Live")
    }
}
