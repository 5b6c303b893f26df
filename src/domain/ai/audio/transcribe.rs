//! Text from speech.

use serde_json::Value;

use crate::{
    domain::{
        ai::{
            attempts::{ModelAttempts, ModelResult},
            media::{Media, MediaAllowance},
            models::ModelKind,
            require_bot,
            results::RepeatKey,
            upstream,
        },
        tenancy::request_auth::RequestContext,
    },
    kernel::{Error, Kind, Result},
};

/// Name of the operation in the keys of stored results.
const OPERATION: &str = "transcription";
/// Path at the model server.
const PATH: &str = "/audio/transcriptions";
/// Maximum size of a transcription, in bytes.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// Formats of the response in the order in which they are tried. Only the first has the duration, and some models do not
/// have it.
const FORMATS: [&str; 2] = ["verbose_json", "json"];

/// A request for a transcription.
#[derive(Debug, Clone, Default)]
pub struct TranscriptionRequest {
    /// Address of the audio, or a data URI.
    pub url: String,
    /// Media type of the audio.
    pub media_type: Option<String>,
    /// Names of models; all but the first are fallbacks.
    pub models: Vec<String>,
    /// Id with which the client may repeat the request.
    pub request_id: Option<String>,
}

/// A transcription.
#[derive(Debug, Clone)]
pub struct Transcription {
    /// Text.
    pub text: String,
    /// Duration of the audio in seconds; 0 if the server does not tell it.
    pub duration_seconds: f64,
    /// Model and time.
    pub result: ModelResult,
}

/// Transcribes audio.
///
/// # Errors
/// `Invalid` without a model server or for audio that cannot be read, `RateLimited` if the server is busy, `Unavailable`
/// if the model fails and a retry may succeed, `Upstream` if it cannot.
pub async fn transcribe(
    call: RequestContext,
    request: TranscriptionRequest,
) -> Result<Transcription> {
    require_bot(&call)?;
    upstream::settings(call.app())?;
    let key = RepeatKey::new(&call, OPERATION, request.request_id.as_deref())?;
    let size = |found: &Transcription| found.text.len();
    let run = run(&call, &request);
    call.app().ai_results().get_or_run(key, size, run).await
}

async fn run(call: &RequestContext, request: &TranscriptionRequest) -> Result<Transcription> {
    let app = call.app();
    let path = ["url".to_owned()];
    let audio = MediaAllowance::new(app)
        .load(app, (&path, &request.url), request.media_type.as_deref())
        .await?;
    let _slot = app.model_slots().take()?;
    let mut attempts = ModelAttempts::new(call, ModelKind::Transcription, &request.models)?;
    let body = loop {
        match send(call, attempts.model(), &audio).await {
            Ok(body) => break body,
            Err(error) => attempts.advance(error)?,
        }
    };
    let answer: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let text = answer.get("text").and_then(Value::as_str);
    let text = text.ok_or_else(|| {
        let text = "the response of the model's server has no text";
        Error::new(Kind::Upstream, text)
    })?;
    let duration = ["/duration", "/usage/seconds"]
        .iter()
        .find_map(|place| answer.pointer(place)?.as_f64());
    Ok(Transcription {
        text: text.to_owned(),
        duration_seconds: duration.unwrap_or(0.0),
        result: attempts.finish(request.request_id.as_ref()),
    })
}

async fn send(call: &RequestContext, model: &str, audio: &Media) -> Result<Vec<u8>> {
    let app = call.app();
    let mut refused = None;
    for format in FORMATS {
        let (content_type, body) = build_form(model, format, audio);
        let mut request = upstream::json_request(app, PATH, &Value::Null)?;
        request.headers.retain(|(name, _)| name != "content-type");
        request
            .headers
            .push(("content-type".to_owned(), content_type));
        request.body = body;
        match upstream::fetch(app, request, MAX_BYTES).await {
            Err(error) if error.kind() == Kind::Upstream => refused = refused.or(Some(error)),
            answer => return answer,
        }
    }
    Err(refused.unwrap_or_else(|| Error::internal("a transcription has a format", "none")))
}

/// Builds a multipart form. Nobody can guess its boundary, so no part can contain it.
fn build_form(model: &str, format: &str, audio: &Media) -> (String, Vec<u8>) {
    let boundary = uuid::Uuid::new_v4().simple().to_string();
    let mut body = Vec::with_capacity(audio.bytes.len() + 1024);
    for (name, value) in [("model", model), ("response_format", format)] {
        let field = format!(
            "--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        );
        body.extend_from_slice(field.as_bytes());
    }
    let media_type = match audio.media_type.as_str() {
        "" => "application/octet-stream",
        known => known,
    };
    let extension = file_extension(media_type);
    let head = format!(
        "--{boundary}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"audio.{extension}\"\r\n\
         content-type: {media_type}\r\n\r\n"
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(&audio.bytes);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

/// Returns the ending of a file's name, by which servers tell the format.
fn file_extension(media_type: &str) -> &'static str {
    match media_type {
        "audio/wav" | "audio/x-wav" | "audio/wave" | "audio/vnd.wave" => "wav",
        "audio/ogg" | "audio/opus" | "application/ogg" => "ogg",
        "audio/webm" | "video/webm" => "webm",
        "audio/mp4" | "audio/m4a" | "audio/x-m4a" | "video/mp4" => "m4a",
        "audio/flac" | "audio/x-flac" => "flac",
        _ => "mp3",
    }
}
