//! Audio: speech from text, and text from speech.

mod speech;
mod transcribe;

use serde_json::Value;

pub use self::{
    speech::{
        Speech, SpeechEvent, SpeechFormat, SpeechRequest, SpeechStream, speak, stream_speech,
    },
    transcribe::{Transcription, TranscriptionRequest, transcribe},
};
use super::upstream;
use crate::{
    domain::tenancy::request_auth::RequestContext,
    kernel::{Kind, Result},
};

/// Path of the list of voices. OpenAI's API has none; several servers of speech models have this one.
const VOICES_PATH: &str = "/audio/voices";
/// Maximum size of the list of voices, in bytes.
const MAX_VOICES_BYTES: usize = 1024 * 1024;
/// Maximum number of voices.
const MAX_VOICES: usize = 1_000;

/// A voice of the model server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpeechVoice {
    /// Id.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Language, if the server tells it.
    pub language: Option<String>,
}

/// Lists the voices of the model server; none if the server does not list them.
///
/// # Errors
/// `Invalid` without a model server, `Unavailable` if it does not answer.
pub async fn list_voices(
    call: &RequestContext,
    language: Option<&str>,
) -> Result<Vec<SpeechVoice>> {
    call.agent()?;
    let app = call.app();
    let mut request = upstream::json_request(app, VOICES_PATH, &Value::Null)?;
    request.method = "GET";
    request.body = Vec::new();
    request.headers.retain(|(name, _)| name != "content-type");
    let _slot = app.model_slots().take()?;
    let body = match upstream::fetch(app, request, MAX_VOICES_BYTES).await {
        Ok(body) => body,
        Err(error) if error.kind() == Kind::Upstream => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let voices = parse_voices(&body).into_iter();
    let fits = |voice: &SpeechVoice| match (&voice.language, language) {
        (Some(known), Some(wanted)) => known.starts_with(wanted),
        _ => true,
    };
    Ok(voices.filter(fits).take(MAX_VOICES).collect())
}

/// Parses a list of names, or of objects with an id or a name.
fn parse_voices(body: &[u8]) -> Vec<SpeechVoice> {
    let Ok(list) = serde_json::from_slice::<Value>(body) else {
        return Vec::new();
    };
    let voices = list.get("voices").unwrap_or(&list).as_array();
    let parse = |voice: &Value| {
        let text = |name: &str| voice.get(name).and_then(Value::as_str).map(str::to_owned);
        let id = voice.as_str().map(str::to_owned);
        let id = id.or_else(|| text("id")).or_else(|| text("name"))?;
        Some(SpeechVoice {
            name: text("name").unwrap_or_else(|| id.clone()),
            language: text("language"),
            id,
        })
    };
    voices.into_iter().flatten().filter_map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn voices_are_read_from_several_forms() {
        let ids = |body: &str| {
            let voices = parse_voices(body.as_bytes()).into_iter();
            voices.map(|voice| voice.id).collect::<Vec<_>>()
        };
        assert_eq!(
            ids(r#"{"voices":["af_sky","am_adam"]}"#),
            ["af_sky", "am_adam"]
        );
        assert_eq!(
            ids(r#"[{"id":"a","name":"Ann"},{"name":"b"},{},1]"#),
            ["a", "b"]
        );
        assert!(ids("oops").is_empty());
    }
}
