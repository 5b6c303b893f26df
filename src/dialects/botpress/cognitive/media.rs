//! `/v2/cognitive`: images, speech and transcriptions.

use std::io;

use futures_util::stream;
use poem::{Body, IntoResponse, Request, Response};
use poem_openapi::{
    ApiResponse, OpenApi,
    param::Query,
    payload::Json,
    registry::{MetaResponses, Registry},
    types::Type,
};

use super::{
    audio_dto::{
        AudioChunk, AudioResponse, GenerateAudioBody, TranscribeAudioBody, TranscriptionResponse,
        VoicesResponse,
    },
    image_dto::{GenerateImageBody, ImageResponse},
    texts::{lines_meta, lines_response},
};
use crate::{
    dialects::botpress::{Tag, cognitive::auth::AiCaller, error::Failed, files::bytes::BASE_PATH},
    domain::ai::{
        audio::{self, SpeechEvent},
        image, models,
    },
    http,
};

/// Returns the address of the files that everyone can read.
fn files_url(request: &Request) -> String {
    format!("{}{BASE_PATH}", http::origin(request))
}

/// The operations on images and audio.
pub struct CognitiveMedia;

/// Speech as a stream of lines.
struct StreamedSpeech(Body);

impl ApiResponse for StreamedSpeech {
    fn meta() -> MetaResponses {
        lines_meta(
            "Lines of JSON; the last one has `audioUrl`",
            AudioChunk::schema_ref(),
        )
    }

    fn register(registry: &mut Registry) {
        AudioChunk::register(registry);
    }
}

impl IntoResponse for StreamedSpeech {
    fn into_response(self) -> Response {
        lines_response(self.0)
    }
}

#[OpenApi(tag = "Tag::Cognitive")]
impl CognitiveMedia {
    /// List Voices
    ///
    /// Lists the voices of the model server, if it has a list.
    #[oai(
        path = "/v2/cognitive/voices",
        method = "get",
        operation_id = "listVoices"
    )]
    async fn list_voices(
        &self,
        caller: AiCaller,
        /// Has no effect: every model has all voices.
        model: Query<Option<String>>,
        /// Selects the voices of this language.
        language: Query<Option<String>>,
    ) -> Result<Json<VoicesResponse>, Failed> {
        // Every model for speech has all voices.
        let _ = model;
        let models = models::list(&caller.0)?;
        let voices = audio::list_voices(&caller.0, language.0.as_deref()).await?;
        Ok(Json(VoicesResponse::new(voices, &models)))
    }

    /// Generate Audio
    ///
    /// Speaks a text, and stores the audio as a public file of the bot.
    #[oai(
        path = "/v2/cognitive/generate-audio",
        method = "post",
        operation_id = "generateAudio"
    )]
    async fn generate_audio(
        &self,
        caller: AiCaller,
        request: &Request,
        body: http::Body<GenerateAudioBody>,
    ) -> Result<Json<AudioResponse>, Failed> {
        let speech = audio::speak(caller.0, body.0.into_request(files_url(request))?).await?;
        Ok(Json(speech.into()))
    }

    /// Generate Audio Stream
    ///
    /// Speaks a text as a stream of lines of JSON. The last line has the address of the whole audio.
    #[oai(
        path = "/v2/cognitive/generate-audio-stream",
        method = "post",
        operation_id = "generateAudioStream"
    )]
    async fn generate_audio_stream(
        &self,
        caller: AiCaller,
        request: &Request,
        body: http::Body<GenerateAudioBody>,
    ) -> Result<StreamedSpeech, Failed> {
        let speech =
            audio::stream_speech(caller.0, body.0.into_request(files_url(request))?).await?;
        let lines = stream::unfold(speech, |mut speech| async move {
            let chunk = match speech.next().await? {
                SpeechEvent::Audio(bytes) => AudioChunk::of_audio(&bytes),
                SpeechEvent::Done(done) => AudioChunk::last(*done),
            };
            Some((Ok::<_, io::Error>(chunk.format()), speech))
        });
        Ok(StreamedSpeech(Body::from_bytes_stream(lines)))
    }

    /// Generate Image
    ///
    /// Generates an image, and stores it as a public file of the bot.
    #[oai(
        path = "/v2/cognitive/generate-image",
        method = "post",
        operation_id = "generateImage"
    )]
    async fn generate_image(
        &self,
        caller: AiCaller,
        request: &Request,
        body: http::Body<GenerateImageBody>,
    ) -> Result<Json<ImageResponse>, Failed> {
        let image = image::generate(caller.0, body.0.into_request(files_url(request))?).await?;
        Ok(Json(image.into()))
    }

    /// Transcribe Audio
    ///
    /// Writes down the words of audio.
    #[oai(
        path = "/v2/cognitive/transcribe-audio",
        method = "post",
        operation_id = "transcribeAudio"
    )]
    async fn transcribe_audio(
        &self,
        caller: AiCaller,
        body: http::Body<TranscribeAudioBody>,
    ) -> Result<Json<TranscriptionResponse>, Failed> {
        let found = audio::transcribe(caller.0, body.0.try_into()?).await?;
        Ok(Json(found.into()))
    }
}
