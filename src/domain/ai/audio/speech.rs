//! Speech from a model: whole, or as a stream.

use std::time::Duration;

use serde_json::json;

use crate::{
    domain::{
        ai::{
            attempts::{ModelAttempts, ModelResult},
            concurrency::ModelSlot,
            file_store::{self, GeneratedFile},
            models::ModelKind,
            require_bot,
            results::RepeatKey,
            upstream,
        },
        retrieval::answers::upstream::redact,
        tenancy::request_auth::RequestContext,
    },
    kernel::{
        Result,
        clock::{Stopwatch, with_timeout},
    },
    net::outbound::{OutboundError, OutboundStream},
};

/// Name of the operation in the keys of stored results.
const OPERATION: &str = "speech";
/// Path at the model server.
const PATH: &str = "/audio/speech";
/// Voice if the request names none; OpenAI's API requires one.
const DEFAULT_VOICE: &str = "alloy";

/// A request for speech.
#[derive(Debug, Clone, Default)]
pub struct SpeechRequest {
    /// Names of models; all but the first are fallbacks.
    pub models: Vec<String>,
    /// Text to speak.
    pub input: String,
    /// Id of the voice.
    pub voice: Option<String>,
    /// Format.
    pub format: SpeechFormat,
    /// Speed; 1 is normal.
    pub speed: Option<f64>,
    /// Instructions for the voice.
    pub instructions: Option<String>,
    /// Days after which the file is deleted.
    pub expiration_days: Option<u32>,
    /// Id with which the client may repeat the request.
    pub request_id: Option<String>,
    /// Address of the files that everyone can read, without a slash at its end.
    pub files_url: String,
}

/// Format of speech.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SpeechFormat {
    /// MP3.
    #[default]
    Mp3,
    /// Opus.
    Opus,
    /// WAV.
    Wav,
}

impl SpeechFormat {
    /// Returns the name of the format.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mp3 => "mp3",
            Self::Opus => "opus",
            Self::Wav => "wav",
        }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Mp3 => "audio/mpeg",
            Self::Opus => "audio/opus",
            Self::Wav => "audio/wav",
        }
    }
}

/// Speech that is stored as a file.
#[derive(Debug, Clone)]
pub struct Speech {
    /// Address of the file; none if it could not be stored.
    pub url: Option<String>,
    /// Voice.
    pub voice: String,
    /// Format.
    pub format: SpeechFormat,
    /// Number of characters of the text.
    pub characters: usize,
    /// Model and time.
    pub result: ModelResult,
    /// Reason for which a stream broke off.
    pub problem: Option<String>,
}

/// Generates speech.
///
/// # Errors
/// `Invalid` without a model server, `RateLimited` if the server is busy, `Unavailable` if the model
/// fails and a retry may succeed, `Upstream` if it cannot.
pub async fn speak(call: RequestContext, request: SpeechRequest) -> Result<Speech> {
    let key = RepeatKey::new(&call, OPERATION, request.request_id.as_deref())?;
    let run = async {
        let open = open_speech(&call, &request).await?;
        let max = call.app().ai_settings().media_bytes;
        let bytes = upstream::collect(call.app(), open.audio, max).await?;
        let url = store(&call, &request, bytes).await?;
        Ok(to_speech(&request, (open.attempts, open.voice), Ok(url)))
    };
    let size = |speech: &Speech| speech.voice.len();
    call.app().ai_results().get_or_run(key, size, run).await
}

/// An event of a stream of speech.
#[derive(Debug)]
pub enum SpeechEvent {
    /// The next bytes of the audio.
    Audio(Vec<u8>),
    /// The end, with the address of the whole file.
    Done(Box<Speech>),
}

/// A stream of speech.
pub struct SpeechStream {
    call: RequestContext,
    request: SpeechRequest,
    open: Option<OpenSpeech>,
    bytes: Vec<u8>,
}

/// Speech that a model has begun.
struct OpenSpeech {
    audio: OutboundStream,
    attempts: ModelAttempts,
    voice: String,
    watch: Stopwatch,
    _slot: ModelSlot,
}

/// Generates speech as a stream, which begins once the model has accepted the request.
///
/// # Errors
/// As [`speak`]. A later failure is part of the last event.
pub async fn stream_speech(call: RequestContext, request: SpeechRequest) -> Result<SpeechStream> {
    let open = open_speech(&call, &request).await?;
    Ok(SpeechStream {
        call,
        request,
        open: Some(open),
        bytes: Vec::new(),
    })
}

impl SpeechStream {
    /// Returns the next event, or `None` after the last one.
    pub async fn next(&mut self) -> Option<SpeechEvent> {
        let open = self.open.as_mut()?;
        let settings = self.call.app().ai_settings();
        let max = settings.media_bytes;
        let limit = Duration::from_secs(settings.timeout_seconds);
        let remaining = limit.saturating_sub(open.watch.elapsed());
        let problem = match with_timeout(remaining, open.audio.next_chunk()).await {
            Ok(Ok(Some(chunk))) if self.bytes.len() + chunk.len() <= max => {
                self.bytes.extend_from_slice(&chunk);
                return Some(SpeechEvent::Audio(chunk));
            }
            Ok(Ok(Some(_))) => Some(format!(
                "the audio has more than {max} bytes (ai.media_bytes)"
            )),
            Ok(Ok(None)) => None,
            Err(_) | Ok(Err(OutboundError::Timeout(_))) => Some(upstream::late_message(limit)),
            Ok(Err(error)) => Some(format!("the model did not finish: {error}")),
        };
        self.finish(problem).await
    }

    /// Stores the audio, unless it broke off, and returns the last event.
    async fn finish(&mut self, problem: Option<String>) -> Option<SpeechEvent> {
        let open = self.open.take()?;
        let stored = match problem {
            None => {
                let bytes = std::mem::take(&mut self.bytes);
                let stored = store(&self.call, &self.request, bytes).await;
                stored.map_err(|error| error.message().to_owned())
            }
            Some(problem) => Err(problem),
        };
        let settings = &self.call.app().answer_settings().upstream;
        let stored = stored.map_err(|problem| redact(settings, &problem));
        let speech = to_speech(&self.request, (open.attempts, open.voice), stored);
        Some(SpeechEvent::Done(Box::new(speech)))
    }
}

fn to_speech(
    request: &SpeechRequest,
    (attempts, voice): (ModelAttempts, String),
    stored: std::result::Result<String, String>,
) -> Speech {
    let (url, problem) = match stored {
        Ok(url) => (Some(url), None),
        Err(problem) => (None, Some(problem)),
    };
    Speech {
        url,
        voice,
        format: request.format,
        characters: request.input.chars().count(),
        result: attempts.finish(request.request_id.as_ref()),
        problem,
    }
}

async fn open_speech(call: &RequestContext, request: &SpeechRequest) -> Result<OpenSpeech> {
    require_bot(call)?;
    let app = call.app();
    upstream::settings(app)?;
    let voice = request.voice.as_deref().unwrap_or(DEFAULT_VOICE);
    let mut body = json!({
        "input": request.input, "voice": voice, "response_format": request.format.name(),
    });
    if let Some(speed) = request.speed {
        body["speed"] = speed.into();
    }
    if let Some(instructions) = &request.instructions {
        body["instructions"] = instructions.as_str().into();
    }
    let slot = app.model_slots().take()?;
    let mut attempts = ModelAttempts::new(call, ModelKind::Speech, &request.models)?;
    let audio = loop {
        body["model"] = attempts.model().into();
        let mut sent = upstream::json_request(app, PATH, &body)?;
        sent.max_response = app.ai_settings().media_bytes.saturating_add(1);
        let limit = sent.timeout;
        match upstream::open(app, sent, limit).await {
            Ok(audio) => break audio,
            Err(error) => attempts.advance(error)?,
        }
    };
    Ok(OpenSpeech {
        audio,
        attempts,
        voice: voice.to_owned(),
        watch: Stopwatch::start(),
        _slot: slot,
    })
}

async fn store(call: &RequestContext, request: &SpeechRequest, bytes: Vec<u8>) -> Result<String> {
    let file = GeneratedFile {
        extension: request.format.name(),
        media_type: request.format.media_type(),
        bytes,
        expiration_days: request.expiration_days,
    };
    file_store::store(call, &request.files_url, file).await
}
