//! Message streams: a bot shows the clients of a conversation a message while it still writes it. The parts are not
//! stored. The message that a stream ends with names the stream in `metadata.streamId`.

use serde::Deserialize;
use serde_json::{Map, Number, Value};

use super::{Signal, WebchatRequest, conversations::find_chat_id};
use crate::kernel::{Kind, Result, ids::ConversationId};

/// A part of a message stream, as the action `publishMessageStream` gets it.
#[derive(Debug, Clone, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum StreamPart {
    /// More text of the message.
    Delta {
        /// Id of the stream, which the bot chooses.
        stream_id: String,
        /// Time of creation, as the bot tells it.
        created_at: String,
        /// Id of the message in the bot.
        client_message_id: Option<String>,
        /// Position of the part in the stream.
        sequence: Number,
        /// The text.
        delta: String,
    },
    /// The message will not come.
    Abort {
        /// Id of the stream.
        stream_id: String,
    },
}

/// Publishes a part of a message stream to the listeners of a conversation.
///
/// # Errors
/// `ReferenceNotFound` if the conversation does not exist; errors of the store.
pub fn publish(
    request: &WebchatRequest,
    conversation: &ConversationId,
    part: StreamPart,
) -> Result<()> {
    let author = request.author()?;
    let app = request.call().app();
    let known = app
        .store()
        .read(|conn| find_chat_id(conn, &author, conversation));
    let (conversation, seq) = known.map_err(|error| match error.kind() {
        Kind::NotFound => error.with_kind(Kind::ReferenceNotFound),
        _ => error,
    })?;
    let signal = match part {
        StreamPart::Delta {
            stream_id,
            created_at,
            client_message_id,
            sequence,
            delta,
        } => Signal::MessageStreamDelta {
            stream: stream_id,
            conversation,
            user: author.bot().id.to_string(),
            created_at,
            client_message_id,
            sequence,
            delta,
        },
        StreamPart::Abort { stream_id } => Signal::MessageStreamAborted {
            stream: stream_id,
            conversation,
        },
    };
    request.publisher(seq)?.publish(app, signal);
    Ok(())
}

/// Returns the stream that a message ends.
pub(super) fn find_stream(payload: &Map<String, Value>) -> Option<String> {
    let stream = payload.get("metadata")?.get("streamId")?;
    stream.as_str().map(str::to_owned)
}
