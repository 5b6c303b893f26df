//! A chat as a stream of what happens.

use std::task::Poll;

use futures_util::{Stream, future::BoxFuture, stream};
use tokio::sync::mpsc;

use super::{Chat, Event, Outcome, Request};
use crate::{domain::tenancy::request_auth::Call, kernel::Result};

/// How many events may wait for the one who reads.
const EVENTS_WAITING: usize = 16;

/// Something that is told of a chat.
#[derive(Debug)]
pub enum Told {
    /// Something that happened.
    Event(Event),
    /// How it ended: the last of all.
    Ended(Box<Result<Outcome>>),
}

/// Answers a chat as a whole.
///
/// # Errors
/// As [`Chat::open`] and [`Chat::run`].
pub async fn answer(call: Call, request: Request) -> Result<Outcome> {
    Chat::open(call, request)?.run(None).await
}

/// Answers a chat and tells what happens on the way. It is worked on while the stream is read; to drop
/// the stream ends it, and with it what it asks of connectors and model. It ends when the caller's key is
/// revoked.
///
/// # Errors
/// As [`Chat::open`].
pub fn stream(call: Call, request: Request) -> Result<impl Stream<Item = Told> + Send + 'static> {
    let admission = call.admission().clone();
    let chat = Chat::open(call, request)?;
    let (sender, mut events) = mpsc::channel(EVENTS_WAITING);
    let mut running: Option<BoxFuture<'static, Result<Outcome>>> =
        Some(Box::pin(chat.run(Some(sender))));
    let mut ended = None;
    Ok(stream::poll_fn(move |context| {
        if let Some(run) = &mut running
            && let Poll::Ready(outcome) = run.as_mut().poll(context)
        {
            // This drops the sender: what is still to be read comes before the end.
            running = None;
            ended = Some(outcome);
        }
        match events.poll_recv(context) {
            Poll::Ready(Some(event)) => Poll::Ready(Some(match admission.refusal() {
                None => Told::Event(event),
                Some(refusal) => {
                    // What is still to be read is not for this reader any more.
                    running = None;
                    events.close();
                    while events.try_recv().is_ok() {}
                    Told::Ended(Box::new(Err(refusal)))
                }
            })),
            Poll::Ready(None) => {
                Poll::Ready(ended.take().map(|outcome| Told::Ended(Box::new(outcome))))
            }
            Poll::Pending => Poll::Pending,
        }
    }))
}
