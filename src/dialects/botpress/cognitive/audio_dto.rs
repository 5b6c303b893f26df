//! Requests and responses with audio.

use base64::{Engine, engine::general_purpose::STANDARD};
use poem_openapi::{
    Enum, Object,
    types::{Any, Example, ToJSON},
};
use serde_json::{Value, json};

use super::{
    metadata_dto::{MediaMetadata, RequestOptions},
    names::parse_texts,
};
use crate::{
    domain::ai::{
        PROVIDER,
        audio::{
            Speech, SpeechFormat, SpeechRequest, SpeechVoice, Transcription, TranscriptionRequest,
        },
        models::{Model, ModelKind},
    },
    http::{JsonObject, Nullable, event_stream},
    kernel::{Error, Result},
};

/// A request for speech.
#[derive(Object)]
#[oai(example, rename = "generateAudioBody")]
pub struct GenerateAudioBody {
    /// Name of a model, or names, of which all but the first are fallbacks.
    model: Option<Any<Value>>,
    /// Text to speak.
    #[oai(validator(min_length = 1, max_length = 100000))]
    input: String,
    /// Id of the voice.
    #[oai(validator(max_length = 200))]
    voice: Option<String>,
    /// Format; `mp3` by default.
    format: Option<SpeechFormatBody>,
    /// Speed; 1 is normal.
    #[oai(validator(minimum(value = "0.1"), maximum(value = "10")))]
    speed: Option<f64>,
    /// Instructions for the voice.
    instructions: Option<String>,
    /// Has no effect: the voice decides.
    language: Option<String>,
    /// Options.
    options: Option<RequestOptions>,
    /// Facts about the caller; without effect.
    meta: Option<JsonObject>,
}

/// Format of speech.
#[derive(Enum, Clone, Copy)]
#[oai(rename = "CognitiveAudioFormat", rename_all = "snake_case")]
enum SpeechFormatBody {
    Mp3,
    Opus,
    Wav,
}

impl Example for GenerateAudioBody {
    fn example() -> Self {
        Self {
            model: Some(Any(json!("auto"))),
            input: "Good morning.".to_owned(),
            voice: Some("alloy".to_owned()),
            format: None,
            speed: None,
            instructions: None,
            language: None,
            options: None,
            meta: None,
        }
    }
}

impl GenerateAudioBody {
    /// Converts the request. `files_url` is the address of the files that everyone can read.
    ///
    /// # Errors
    /// `Invalid` for names of another form.
    pub fn into_request(self, files_url: String) -> Result<SpeechRequest> {
        let body = self;
        let options = body.options.unwrap_or_default();
        let format = body.format.map(|format| match format {
            SpeechFormatBody::Mp3 => SpeechFormat::Mp3,
            SpeechFormatBody::Opus => SpeechFormat::Opus,
            SpeechFormatBody::Wav => SpeechFormat::Wav,
        });
        Ok(SpeechRequest {
            models: parse_texts(body.model, "model")?,
            input: body.input,
            voice: body.voice,
            format: format.unwrap_or_default(),
            speed: body.speed,
            instructions: body.instructions,
            expiration_days: options.expiration_days,
            request_id: options.request_id,
            files_url,
        })
    }
}

/// The address of audio.
#[derive(Object)]
#[oai(rename = "CognitiveAudio", rename_all = "camelCase")]
struct AudioOutput {
    /// Address of the audio, which needs no key.
    audio_url: Nullable<String>,
}

/// Speech.
#[derive(Object)]
#[oai(example, rename = "generateAudioResponse")]
pub struct AudioResponse {
    /// The audio.
    output: AudioOutput,
    /// Model and time.
    metadata: MediaMetadata,
}

fn speech_metadata(speech: &Speech) -> MediaMetadata {
    MediaMetadata {
        voice: Some(speech.voice.clone()),
        format: Some(speech.format.name().to_owned()),
        character_count: Some(speech.characters as u64),
        ..speech.result.clone().into()
    }
}

impl From<Speech> for AudioResponse {
    fn from(speech: Speech) -> Self {
        Self {
            metadata: speech_metadata(&speech),
            output: AudioOutput {
                audio_url: Nullable(speech.url),
            },
        }
    }
}

impl Example for AudioResponse {
    fn example() -> Self {
        let url = "http://127.0.0.1:4600/files/example.mp3".to_owned();
        Self {
            output: AudioOutput {
                audio_url: Nullable(Some(url)),
            },
            metadata: MediaMetadata {
                voice: Some("alloy".to_owned()),
                format: Some("mp3".to_owned()),
                character_count: Some(13),
                ..MediaMetadata::example_of("tts-1")
            },
        }
    }
}

/// A line of streamed speech.
#[derive(Object, Default)]
#[oai(example, rename = "CognitiveAudioChunk", rename_all = "camelCase")]
pub struct AudioChunk {
    /// The next bytes, in base64.
    #[oai(skip_serializing_if_is_none)]
    audio: Option<String>,
    /// True in the last line.
    finished: bool,
    /// In the last line: the address of the whole audio, which needs no key, or null.
    #[oai(skip_serializing_if_is_none)]
    audio_url: Option<Nullable<String>>,
    /// In the last line: model and time.
    #[oai(skip_serializing_if_is_none)]
    metadata: Option<MediaMetadata>,
    /// In the last line: reason for which the audio is incomplete or not stored.
    #[oai(skip_serializing_if_is_none)]
    error: Option<String>,
}

impl AudioChunk {
    /// Returns a line with audio.
    pub fn of_audio(bytes: &[u8]) -> Self {
        Self {
            audio: Some(STANDARD.encode(bytes)),
            ..Self::default()
        }
    }

    /// Returns the last line.
    pub fn last(speech: Speech) -> Self {
        Self {
            audio: None,
            finished: true,
            metadata: Some(speech_metadata(&speech)),
            audio_url: Some(Nullable(speech.url)),
            error: speech.problem,
        }
    }

    /// Formats the line.
    pub fn format(&self) -> String {
        event_stream::format_json_line(&self.to_json_string())
    }
}

impl Example for AudioChunk {
    fn example() -> Self {
        Self {
            audio: Some("SUQzBAA=".to_owned()),
            ..Self::default()
        }
    }
}

/// A request for a transcription.
#[derive(Object)]
#[oai(example, rename = "transcribeAudioBody", rename_all = "camelCase")]
pub struct TranscribeAudioBody {
    /// Address of the audio, or a data URI.
    url: String,
    /// Media type of the audio; by default that of its address.
    mime_type: Option<String>,
    /// Name of a model, or names, of which all but the first are fallbacks.
    model: Option<Any<Value>>,
    /// Options.
    options: Option<RequestOptions>,
}

impl Example for TranscribeAudioBody {
    fn example() -> Self {
        Self {
            url: "https://example.com/greeting.mp3".to_owned(),
            mime_type: None,
            model: None,
            options: None,
        }
    }
}

impl TryFrom<TranscribeAudioBody> for TranscriptionRequest {
    type Error = Error;

    fn try_from(body: TranscribeAudioBody) -> Result<Self> {
        Ok(Self {
            url: body.url,
            media_type: body.mime_type,
            models: parse_texts(body.model, "model")?,
            request_id: body.options.and_then(|options| options.request_id),
        })
    }
}

/// A transcription.
#[derive(Object)]
#[oai(example, rename = "transcribeAudioResponse")]
pub struct TranscriptionResponse {
    /// Text.
    output: String,
    /// Model, duration and time.
    metadata: MediaMetadata,
}

impl From<Transcription> for TranscriptionResponse {
    fn from(found: Transcription) -> Self {
        Self {
            output: found.text,
            metadata: MediaMetadata {
                duration_seconds: Some(found.duration_seconds),
                ..found.result.into()
            },
        }
    }
}

impl Example for TranscriptionResponse {
    fn example() -> Self {
        Self {
            output: "Good morning.".to_owned(),
            metadata: MediaMetadata {
                duration_seconds: Some(1.4),
                ..MediaMetadata::example_of("whisper-1")
            },
        }
    }
}

/// A voice.
#[derive(Object)]
#[oai(rename = "CognitiveVoice", rename_all = "camelCase")]
struct VoiceBody {
    /// Id.
    id: String,
    /// Display name.
    display_name: String,
    /// Provider: `local`.
    provider: String,
    /// Languages, if the model server tells them.
    #[oai(skip_serializing_if_is_none)]
    languages: Option<Vec<String>>,
    /// Models that speak with the voice.
    models: Vec<String>,
}

/// Voices.
#[derive(Object)]
#[oai(example, rename = "listVoicesResponse")]
pub struct VoicesResponse {
    /// The voices of the model server.
    voices: Vec<VoiceBody>,
}

impl VoicesResponse {
    /// Creates the response. Every model for speech has all voices.
    pub fn new(voices: Vec<SpeechVoice>, models: &[Model]) -> Self {
        let models = models
            .iter()
            .filter(|model| model.kind == ModelKind::Speech);
        let models: Vec<String> = models.map(|model| model.name.clone()).collect();
        let voices = voices.into_iter().map(|voice| VoiceBody {
            id: voice.id,
            display_name: voice.name,
            provider: PROVIDER.to_owned(),
            languages: voice.language.map(|language| vec![language]),
            models: models.clone(),
        });
        Self {
            voices: voices.collect(),
        }
    }
}

impl Example for VoicesResponse {
    fn example() -> Self {
        let voice = SpeechVoice {
            id: "af_sky".to_owned(),
            name: "Sky".to_owned(),
            language: Some("en".to_owned()),
        };
        Self::new(vec![voice], &[])
    }
}
