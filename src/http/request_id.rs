//! Request ids, which link log lines and responses.

use poem::Request;
use uuid::Uuid;

/// The header of the request id, in requests and responses.
pub const REQUEST_ID: &str = "x-request-id";

/// Maximum length of a request id from a caller, in bytes.
const REQUEST_ID_MAX: usize = 128;

/// Returns the caller's request id if it is printable ASCII of valid length, else a new one.
pub fn request_id(request: &Request) -> String {
    request
        .header(REQUEST_ID)
        .filter(|id| {
            (1..=REQUEST_ID_MAX).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_graphic())
        })
        .map_or_else(|| Uuid::new_v4().to_string(), str::to_owned)
}
