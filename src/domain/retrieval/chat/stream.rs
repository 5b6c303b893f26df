//! Runs a chat as a stream of events.

use std::task::Poll;

use futures_util::{Stream, future::BoxFuture, stream};
use tokio::sync::mpsc;

use super::{Chat, ChatEvent, Outcome, Request};
use crate::{domain::tenancy::request_auth::RequestContext, kernel::Result};

/// Maximum number of events in the channel to the reader.
const EVENT_BUFFER: usize = 16;

/// Item of the stream.
#[derive(Debug)]
pub enum StreamItem {
    /// Progress of the chat.
    Event(ChatEvent),
    /// The outcome; the last item.
    Outcome(Box<Result<Outcome>>),
}

/// Answers a chat without streaming.
///
/// # Errors
/// As [`Chat::prepare`] and [`Chat::run`].
pub async fn answer(call: RequestContext, request: Request) -> Result<Outcome> {
    Chat::prepare(call, request)?.run(None).await
}

/// Answers a chat as a stream of events. The chat makes progress only while the stream is polled;
/// dropping the stream cancels the chat and its requests to connectors and model. The stream ends
/// when the caller's API key is revoked.
///
/// # Errors
/// As [`Chat::prepare`].
pub fn stream(
    call: RequestContext,
    request: Request,
) -> Result<impl Stream<Item = StreamItem> + Send + 'static> {
    let admission = call.admission().clone();
    let chat = Chat::prepare(call, request)?;
    let (sender, mut events) = mpsc::channel(EVENT_BUFFER);
    let mut running: Option<BoxFuture<'static, Result<Outcome>>> =
        Some(Box::pin(chat.run(Some(sender))));
    let mut end_event = None;
    Ok(stream::poll_fn(move |context| {
        if let Some(run) = &mut running
            && let Poll::Ready(outcome) = run.as_mut().poll(context)
        {
            // Dropping the sender ends the channel after the events that are still in it.
            running = None;
            end_event = Some(outcome);
        }
        match events.poll_recv(context) {
            Poll::Ready(Some(event)) => Poll::Ready(Some(match admission.find_refusal() {
                None => StreamItem::Event(event),
                Some(refusal) => {
                    // The reader is no longer authorized, so it must not get the remaining events.
                    running = None;
                    events.close();
                    while events.try_recv().is_ok() {}
                    StreamItem::Outcome(Box::new(Err(refusal)))
                }
            })),
            Poll::Ready(None) => Poll::Ready(
                end_event
                    .take()
                    .map(|outcome| StreamItem::Outcome(Box::new(outcome))),
            ),
            Poll::Pending => Poll::Pending,
        }
    }))
}
