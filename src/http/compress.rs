//! gzip for answers that are worth it.

use poem::{
    Body, Endpoint, IntoResponse, Middleware, Request, Response,
    http::{HeaderValue, header},
    web::{Compress, CompressionAlgo},
};

/// The smallest answer that is compressed, in bytes: below it the header costs more than it saves.
const WORTH_IT: usize = 1024;

/// Compresses textual answers of 1 KiB and more for clients that accept gzip. Streams pass as they
/// are.
#[derive(Debug, Clone, Copy)]
pub struct Gzip;

impl<E: Endpoint<Output = Response>> Middleware<E> for Gzip {
    type Output = GzipEndpoint<E>;

    fn transform(&self, inner: E) -> Self::Output {
        GzipEndpoint(inner)
    }
}

/// The endpoint of [`Gzip`].
pub struct GzipEndpoint<E>(E);

impl<E: Endpoint<Output = Response>> Endpoint for GzipEndpoint<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let accepted = request
            .header(header::ACCEPT_ENCODING)
            .is_some_and(accepts_gzip);
        let mut response = self.0.call(request).await?;
        if !accepted
            || !is_text(&response)
            || response.headers().contains_key(header::CONTENT_ENCODING)
        {
            return Ok(response);
        }
        let bytes = response.take_body().into_bytes().await?;
        let worth_it = bytes.len() >= WORTH_IT;
        response.set_body(Body::from_bytes(bytes));
        if !worth_it {
            return Ok(response);
        }
        response
            .headers_mut()
            .append(header::VARY, HeaderValue::from_static("accept-encoding"));
        Ok(Compress::new(response, CompressionAlgo::GZIP).into_response())
    }
}

fn accepts_gzip(accepted: &str) -> bool {
    accepted.split(',').any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let refused = weight
            .trim()
            .strip_prefix("q=")
            .is_some_and(|weight| weight.parse() == Ok(0.0));
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

fn is_text(response: &Response) -> bool {
    let Some(content_type) = response.content_type() else {
        return false;
    };
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    matches!(
        essence,
        "application/json"
            | "application/yaml"
            | "application/problem+json"
            | "text/css"
            | "text/html"
            | "text/javascript"
            | "text/plain"
            | "image/svg+xml"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_must_be_accepted() {
        assert!(accepts_gzip("gzip"));
        assert!(accepts_gzip("br;q=1.0, GZIP;q=0.8"));
        assert!(!accepts_gzip("br, deflate"));
        assert!(!accepts_gzip("gzip;q=0"));
    }
}
