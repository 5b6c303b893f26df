//! Requests and responses with images.

use poem_openapi::{
    Enum, Object,
    types::{Any, Example},
};
use serde_json::Value;

use super::{
    metadata_dto::{MediaMetadata, RequestOptions},
    names::parse_texts,
};
use crate::{
    domain::ai::image::{Image, ImageFormat, ImageRequest},
    http::JsonObject,
    kernel::Result,
};

/// A request for an image.
#[derive(Object)]
#[oai(example, rename = "generateImageBody")]
pub struct GenerateImageBody {
    /// Name of a model, or names, of which all but the first are fallbacks.
    model: Option<Any<Value>>,
    /// Description of the image.
    #[oai(validator(min_length = 1, max_length = 100000))]
    prompt: String,
    /// Size in pixels, `1024x1024`, or the ratio of the sides, `16:9`.
    #[oai(validator(max_length = 50))]
    size: Option<String>,
    /// Quality.
    quality: Option<QualityBody>,
    /// Format; `png` by default.
    format: Option<ImageFormatBody>,
    /// Options.
    options: Option<RequestOptions>,
    /// Facts about the caller; without effect.
    meta: Option<JsonObject>,
}

/// Quality of an image.
#[derive(Enum, Clone, Copy)]
#[oai(rename = "CognitiveImageQuality", rename_all = "snake_case")]
enum QualityBody {
    Low,
    Medium,
    High,
    Auto,
}

/// Format of an image.
#[derive(Enum, Clone, Copy)]
#[oai(rename = "CognitiveImageFormat", rename_all = "snake_case")]
enum ImageFormatBody {
    Png,
    Jpeg,
}

impl Example for GenerateImageBody {
    fn example() -> Self {
        Self {
            model: None,
            prompt: "A lighthouse at dawn".to_owned(),
            size: Some("1024x1024".to_owned()),
            quality: None,
            format: None,
            options: None,
            meta: None,
        }
    }
}

impl GenerateImageBody {
    /// Converts the request. `files_url` is the address of the files that everyone can read.
    ///
    /// # Errors
    /// `Invalid` for names of another form.
    pub fn into_request(self, files_url: String) -> Result<ImageRequest> {
        let body = self;
        let options = body.options.unwrap_or_default();
        let quality = body.quality.map(|quality| match quality {
            QualityBody::Low => "low",
            QualityBody::Medium => "medium",
            QualityBody::High => "high",
            QualityBody::Auto => "auto",
        });
        Ok(ImageRequest {
            models: parse_texts(body.model, "model")?,
            prompt: body.prompt,
            size: body.size,
            quality: quality.map(str::to_owned),
            format: body.format.map(|format| match format {
                ImageFormatBody::Png => ImageFormat::Png,
                ImageFormatBody::Jpeg => ImageFormat::Jpeg,
            }),
            expiration_days: options.expiration_days,
            request_id: options.request_id,
            files_url,
        })
    }
}

/// The address of an image.
#[derive(Object)]
#[oai(rename = "CognitiveImage", rename_all = "camelCase")]
struct ImageOutput {
    /// Address of the image, which needs no key.
    image_url: String,
}

/// An image.
#[derive(Object)]
#[oai(example, rename = "generateImageResponse")]
pub struct ImageResponse {
    /// The image.
    output: ImageOutput,
    /// Model and time.
    metadata: MediaMetadata,
}

impl From<Image> for ImageResponse {
    fn from(image: Image) -> Self {
        Self {
            output: ImageOutput {
                image_url: image.url,
            },
            metadata: MediaMetadata {
                size: Some(image.size.unwrap_or_else(|| "auto".to_owned())),
                quality: image.quality,
                format: Some(image.format.name().to_owned()),
                ..image.result.into()
            },
        }
    }
}

impl Example for ImageResponse {
    fn example() -> Self {
        Self {
            output: ImageOutput {
                image_url: "http://127.0.0.1:4600/files/example.png".to_owned(),
            },
            metadata: MediaMetadata {
                size: Some("1024x1024".to_owned()),
                format: Some("png".to_owned()),
                ..MediaMetadata::example_of("gpt-image-1")
            },
        }
    }
}
