//! The address of this server, as the caller sees it.

use poem::{Request, http::header};

/// The address that the caller reached the server by: `http://127.0.0.1:4600`. A proxy before it tells
/// its own in `X-Forwarded-Host` and `X-Forwarded-Proto`.
#[must_use]
pub fn origin(request: &Request) -> String {
    let forwarded = request.header("x-forwarded-proto");
    let scheme = match forwarded {
        Some("https") => "https",
        _ => "http",
    };
    let host = request
        .header("x-forwarded-host")
        .or_else(|| request.header(header::HOST))
        .filter(|host| {
            host.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte))
        })
        .unwrap_or("127.0.0.1:4600");
    format!("{scheme}://{host}")
}
