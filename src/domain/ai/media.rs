//! Images and audio in requests: data URIs, and files at addresses. The server reads the addresses itself, with the rules
//! of `[outbound]`, so that the model server reaches no address that a tenant writes.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;

use crate::{
    domain::App,
    kernel::{
        Error, Result, Rule, Violation,
        clock::{Stopwatch, with_timeout},
    },
    net::outbound::{OutboundRequest, parse_web_url},
};

/// Maximum time for all files at addresses of a request.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Maximum length of a media type, in bytes.
const MAX_TYPE_BYTES: usize = 100;

/// An image or a piece of audio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Media {
    /// Media type, such as `image/png`; empty if it is not known.
    pub(super) media_type: String,
    pub(super) bytes: Vec<u8>,
}

impl Media {
    /// Returns the media as a data URI.
    pub(super) fn to_data_uri(&self) -> String {
        format!(
            "data:{};base64,{}",
            self.media_type,
            STANDARD.encode(&self.bytes)
        )
    }
}

/// The bytes that the media of one request may still have, and the time to read them.
pub(super) struct MediaAllowance {
    limit: usize,
    remaining: usize,
    /// Time for addresses. A request holds a slot of the model server while they are read.
    time: Duration,
}

impl MediaAllowance {
    pub(super) fn new(app: &App) -> Self {
        let settings = app.ai_settings();
        Self {
            limit: settings.media_bytes,
            remaining: settings.media_bytes,
            time: TIMEOUT.min(Duration::from_secs(settings.timeout_seconds)),
        }
    }

    /// Loads media. `path` is the place of the URL in the request's body; `media_type` is the type that the caller
    /// gives.
    ///
    /// # Errors
    /// `Invalid` for another URL, for an address that cannot be read, and for more bytes than are left.
    pub(super) async fn load(
        &mut self,
        app: &App,
        (path, url): (&[String], &str),
        media_type: Option<&str>,
    ) -> Result<Media> {
        let refuse = |rule: String| -> Error { Violation::body(path, Rule::Other(rule)).into() };
        let mut media = match url.strip_prefix("data:") {
            Some(data) => {
                // Four characters of base64 are three bytes.
                if data.len() / 4 > self.remaining / 3 + 1024 {
                    return Err(refuse(self.limit_text()));
                }
                parse_data_uri(data)
                    .ok_or_else(|| refuse("must be a data URI with base64".to_owned()))?
            }
            None if parse_web_url(url).is_some() => {
                self.fetch_in_time(app, url).await.map_err(refuse)?
            }
            None => {
                return Err(refuse(
                    "must be an http or https address or a data URI".to_owned(),
                ));
            }
        };
        if media.bytes.len() > self.remaining {
            return Err(refuse(self.limit_text()));
        }
        self.remaining -= media.bytes.len();
        if let Some(media_type) = media_type.filter(|text| is_media_type(text)) {
            media_type.clone_into(&mut media.media_type);
        }
        Ok(media)
    }

    fn limit_text(&self) -> String {
        let limit = self.limit;
        format!(
            "must not bring the images and audio of the request to more than {limit} bytes (ai.media_bytes)"
        )
    }

    async fn fetch_in_time(&mut self, app: &App, url: &str) -> std::result::Result<Media, String> {
        let watch = Stopwatch::start();
        let fetched = with_timeout(self.time, self.fetch(app, url)).await;
        self.time = self.time.saturating_sub(watch.elapsed());
        fetched.unwrap_or_else(|_| {
            Err("cannot be read: the addresses of the request take too long".to_owned())
        })
    }

    async fn fetch(&self, app: &App, url: &str) -> std::result::Result<Media, String> {
        let unreadable = |reason: String| format!("cannot be read: {reason}");
        let mut stream = app
            .outbound()
            .open_stream(OutboundRequest {
                method: "GET",
                url: url.to_owned(),
                headers: Vec::new(),
                body: Vec::new(),
                timeout: TIMEOUT,
                max_response: self.remaining.saturating_add(1),
            })
            .await
            .map_err(|error| unreadable(error.to_string()))?;
        if stream.status != 200 {
            return Err(unreadable(format!("status code {}", stream.status)));
        }
        let media_type = stream
            .headers
            .iter()
            .find(|(name, _)| name == "content-type")
            .and_then(|(_, value)| value.split(';').next())
            .map(|value| value.trim().to_owned())
            .filter(|value| is_media_type(value));
        let mut reservation = app.outbound().reserve_buffer();
        let mut bytes = Vec::new();
        while let Some(chunk) = stream
            .next_chunk()
            .await
            .map_err(|error| unreadable(error.to_string()))?
        {
            reservation
                .grow(chunk.len())
                .map_err(|error| unreadable(error.to_string()))?;
            bytes.extend(chunk);
        }
        if bytes.len() > self.remaining {
            return Err(self.limit_text());
        }
        Ok(Media {
            media_type: media_type.unwrap_or_default(),
            bytes,
        })
    }
}

/// Parses what follows `data:`.
fn parse_data_uri(data: &str) -> Option<Media> {
    let (head, body) = data.split_once(',')?;
    let (media_type, bytes) = match head.strip_suffix(";base64") {
        Some(media_type) => (media_type, STANDARD.decode(body.trim()).ok()?),
        None => (head, percent_decode_str(body).collect()),
    };
    let media_type = media_type.split(';').next().unwrap_or_default();
    let known = media_type.is_empty() || is_media_type(media_type);
    known.then(|| Media {
        media_type: media_type.to_owned(),
        bytes,
    })
}

/// True for a text such as `image/png`, which cannot break out of a header or a data URI.
fn is_media_type(text: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"/+-.".contains(&byte);
    text.len() <= MAX_TYPE_BYTES && text.contains('/') && text.bytes().all(letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_uris_are_read() {
        let media = parse_data_uri("image/png;base64,aGk=").expect("media");
        assert_eq!(
            (media.media_type.as_str(), media.bytes.as_slice()),
            ("image/png", b"hi".as_slice())
        );
        assert_eq!(media.to_data_uri(), "data:image/png;base64,aGk=");
        let media = parse_data_uri("audio/wav;codecs=1;base64,aGk=").expect("media");
        assert_eq!(media.media_type, "audio/wav");
        assert_eq!(
            parse_data_uri("text/plain,a%20b").expect("media").bytes,
            b"a b"
        );
        for wrong in [
            "",
            "image/png;base64",
            "image/png;base64,*",
            "a\"b/c;base64,aGk=",
        ] {
            assert!(parse_data_uri(wrong).is_none(), "{wrong}");
        }
    }
}
