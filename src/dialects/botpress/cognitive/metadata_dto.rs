//! Parts of responses and requests that all operations of AI have.

use poem_openapi::{Enum, Object};

use crate::domain::ai::{ModelResult, PROVIDER, Warning, WarningKind, models::model_id};

/// Options of a request.
#[derive(Object, Default)]
#[oai(rename = "CognitiveOptions", rename_all = "camelCase")]
pub struct RequestOptions {
    /// Id of the request. A repeated request with the same id gets the stored result.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub request_id: Option<String>,
    /// Days after which a generated file is deleted.
    #[oai(validator(minimum(value = "1"), maximum(value = "90")))]
    pub expiration_days: Option<u32>,
    /// Has no effect: answers are not cached.
    pub skip_cache: Option<bool>,
    /// Has no effect.
    pub debug: Option<bool>,
}

/// Kind of a warning.
#[derive(Enum)]
#[oai(rename = "CognitiveWarningType", rename_all = "snake_case")]
enum WarningType {
    ParameterIgnored,
    ProviderLimitation,
    FallbackUsed,
}

/// A note about a request that was not answered exactly as written.
#[derive(Object)]
#[oai(rename = "CognitiveWarning")]
pub struct WarningBody {
    /// Kind of the warning.
    r#type: WarningType,
    /// Text.
    message: String,
}

/// Converts warnings; nothing if there are none.
pub fn to_warnings(warnings: Vec<Warning>) -> Option<Vec<WarningBody>> {
    let warnings: Vec<WarningBody> = warnings.into_iter().map(Into::into).collect();
    Some(warnings).filter(|warnings| !warnings.is_empty())
}

impl From<Warning> for WarningBody {
    fn from(warning: Warning) -> Self {
        Self {
            r#type: match warning.kind {
                WarningKind::ParameterIgnored => WarningType::ParameterIgnored,
                WarningKind::ProviderLimitation => WarningType::ProviderLimitation,
                WarningKind::FallbackUsed => WarningType::FallbackUsed,
            },
            message: warning.message,
        }
    }
}

/// Returns milliseconds.
pub fn to_millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The model that made an image, speech or a transcription.
#[derive(Object)]
#[oai(rename = "CognitiveMediaMetadata", rename_all = "camelCase")]
pub struct MediaMetadata {
    /// Id of the request, if it has one.
    #[oai(skip_serializing_if_is_none)]
    pub request_id: Option<String>,
    /// Provider of the model: `local`.
    pub provider: String,
    /// Model, with its provider.
    pub model: String,
    /// Cost of the request in dollars: 0.
    pub cost: f64,
    /// Time of the answer, in milliseconds.
    pub latency: u64,
    /// Models that were tried before.
    #[oai(skip_serializing_if_is_none)]
    pub fallback_path: Option<Vec<String>>,
    /// Warnings.
    #[oai(skip_serializing_if_is_none)]
    pub warnings: Option<Vec<WarningBody>>,
    /// Voice of speech.
    #[oai(skip_serializing_if_is_none)]
    pub voice: Option<String>,
    /// Format of a file.
    #[oai(skip_serializing_if_is_none)]
    pub format: Option<String>,
    /// Number of characters of the spoken text.
    #[oai(skip_serializing_if_is_none)]
    pub character_count: Option<u64>,
    /// Duration of transcribed audio, in seconds; 0 if the model server does not tell it.
    #[oai(skip_serializing_if_is_none)]
    pub duration_seconds: Option<f64>,
    /// Size of an image.
    #[oai(skip_serializing_if_is_none)]
    pub size: Option<String>,
    /// Quality of an image.
    #[oai(skip_serializing_if_is_none)]
    pub quality: Option<String>,
}

impl From<ModelResult> for MediaMetadata {
    fn from(result: ModelResult) -> Self {
        Self {
            request_id: result.request_id,
            latency: to_millis(result.latency),
            fallback_path: Some(result.fallback_path).filter(|path| !path.is_empty()),
            warnings: to_warnings(result.warnings),
            ..Self::of_model(&result.model)
        }
    }
}

impl MediaMetadata {
    /// Returns the metadata of a model that has answered at once.
    fn of_model(model: &str) -> Self {
        Self {
            request_id: None,
            provider: PROVIDER.to_owned(),
            model: model_id(model),
            cost: 0.0,
            latency: 0,
            fallback_path: None,
            warnings: None,
            voice: None,
            format: None,
            character_count: None,
            duration_seconds: None,
            size: None,
            quality: None,
        }
    }

    /// Returns the metadata of an example.
    pub fn example_of(model: &str) -> Self {
        Self {
            latency: 900,
            ..Self::of_model(model)
        }
    }
}
