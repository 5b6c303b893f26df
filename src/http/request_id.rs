//! The id of a request, by which its log lines and its answer are found.

use poem::Request;
use uuid::Uuid;

/// The header that carries the request id, in and out.
pub const REQUEST_ID: &str = "x-request-id";

/// The longest request id that is taken over from a caller.
const REQUEST_ID_MAX: usize = 128;

/// The caller's request id if it is a sensible one, else a new one.
pub fn request_id(request: &Request) -> String {
    request
        .header(REQUEST_ID)
        .filter(|id| {
            (1..=REQUEST_ID_MAX).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_graphic())
        })
        .map_or_else(|| Uuid::new_v4().to_string(), str::to_owned)
}
