//! Images from a model.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    attempts::{ModelAttempts, ModelResult},
    file_store::{self, GeneratedFile},
    media::MediaAllowance,
    models::ModelKind,
    require_bot,
    results::RepeatKey,
    upstream,
};
use crate::{
    domain::tenancy::request_auth::RequestContext,
    kernel::{Error, Kind, Result},
};

/// Name of the operation in the keys of stored results.
const OPERATION: &str = "image";
/// Size of a response beside the image in base64, in bytes.
const ENVELOPE_BYTES: usize = 64 * 1024;

/// A request for an image.
#[derive(Debug, Clone, Default)]
pub struct ImageRequest {
    /// Names of models; all but the first are fallbacks.
    pub models: Vec<String>,
    /// Description of the image.
    pub prompt: String,
    /// Size in pixels, or the ratio of its sides.
    pub size: Option<String>,
    /// Quality.
    pub quality: Option<String>,
    /// Format; PNG by default.
    pub format: Option<ImageFormat>,
    /// Days after which the file is deleted.
    pub expiration_days: Option<u32>,
    /// Id with which the client may repeat the request.
    pub request_id: Option<String>,
    /// Address of the files that everyone can read, without a slash at its end.
    pub files_url: String,
}

/// Format of an image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ImageFormat {
    /// PNG.
    #[default]
    Png,
    /// JPEG.
    Jpeg,
}

impl ImageFormat {
    /// Returns the name of the format.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpeg",
        }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
        }
    }
}

/// An image that is stored as a file.
#[derive(Debug, Clone)]
pub struct Image {
    /// Address of the file.
    pub url: String,
    /// Format that was requested.
    pub format: ImageFormat,
    /// Size that was requested.
    pub size: Option<String>,
    /// Quality that was requested.
    pub quality: Option<String>,
    /// Model and time.
    pub result: ModelResult,
}

/// Generates an image.
///
/// # Errors
/// `Invalid` without a model server, `RateLimited` if the server is busy, `Unavailable` if the model
/// fails and a retry may succeed, `Upstream` if it cannot.
pub async fn generate(call: RequestContext, request: ImageRequest) -> Result<Image> {
    require_bot(&call)?;
    upstream::settings(call.app())?;
    let key = RepeatKey::new(&call, OPERATION, request.request_id.as_deref())?;
    let run = run(&call, &request);
    call.app()
        .ai_results()
        .get_or_run(key, |image: &Image| image.url.len(), run)
        .await
}

async fn run(call: &RequestContext, request: &ImageRequest) -> Result<Image> {
    let app = call.app();
    let mut body = json!({"prompt": request.prompt, "n": 1});
    if let Some(size) = &request.size {
        body["size"] = size.as_str().into();
    }
    if let Some(quality) = &request.quality {
        body["quality"] = quality.as_str().into();
    }
    if let Some(format) = request.format {
        body["output_format"] = format.name().into();
    }
    // Base64 has four characters for three bytes.
    let max = app.ai_settings().media_bytes / 3 * 4 + ENVELOPE_BYTES;
    let _slot = app.model_slots().take()?;
    let mut attempts = ModelAttempts::new(call, ModelKind::Image, &request.models)?;
    let answer = loop {
        body["model"] = attempts.model().into();
        let sent = upstream::json_request(app, "/images/generations", &body)?;
        match upstream::fetch(app, sent, max).await {
            Ok(answer) => break answer,
            Err(error) => attempts.advance(error)?,
        }
    };
    let bytes = read_image(call, &answer).await?;
    let format = request.format.unwrap_or_default();
    let file = GeneratedFile {
        extension: format.name(),
        media_type: format.media_type(),
        bytes,
        expiration_days: request.expiration_days,
    };
    Ok(Image {
        url: file_store::store(call, &request.files_url, file).await?,
        format,
        size: request.size.clone(),
        quality: request.quality.clone(),
        result: attempts.finish(request.request_id.as_ref()),
    })
}

/// Reads the image from a response, which has it in base64 or at an address.
async fn read_image(call: &RequestContext, answer: &[u8]) -> Result<Vec<u8>> {
    let answer: Value = serde_json::from_slice(answer).map_err(|_| unreadable("is not JSON"))?;
    if let Some(data) = answer.pointer("/data/0/b64_json").and_then(Value::as_str) {
        let bytes = STANDARD.decode(data.trim());
        return bytes.map_err(|_| unreadable("has no image in base64"));
    }
    let url = answer.pointer("/data/0/url").and_then(Value::as_str);
    let url = url.ok_or_else(|| unreadable("has no image"))?;
    let app = call.app();
    let path = ["data".to_owned(), "url".to_owned()];
    let image = MediaAllowance::new(app).load(app, (&path, url), None).await;
    // The address is not part of the caller's request.
    image
        .map(|image| image.bytes)
        .map_err(|error| unreadable(&format!("names an image, and {error}")))
}

fn unreadable(problem: &str) -> Error {
    let text = format!("the response of the model's server {problem}");
    Error::new(Kind::Upstream, text)
}
