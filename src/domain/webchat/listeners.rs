//! Listeners of conversations, and the signals that they receive. Signals are not stored: a client that
//! reconnects lists the messages that it missed.
//!
//! Each listener has a small buffer. If it is full, the reader is too slow: its stream ends, and the client must
//! reconnect.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rusqlite::{Connection, named_params};
use serde_json::Number;
use tokio::sync::{mpsc, watch};

use super::{
    CustomEvent, Message, Settings, WebchatUserRequest, conversations::require_participant,
    foreign_ids,
};
use crate::{
    domain::tenancy::{admission::Admission, app::App},
    kernel::{Error, Kind, MonotonicTime, Result, ids::MessageId},
};

/// A signal to the listeners of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub enum Signal {
    /// A message was created.
    MessageCreated(Message),
    /// The bot wrote a part of a message that is not complete.
    MessageStreamDelta {
        /// Id of the stream.
        stream: String,
        /// Id of the conversation in the chat.
        conversation: String,
        /// Id of the bot.
        user: String,
        /// Time of creation, as the bot tells it.
        created_at: String,
        /// Id of the message in the bot.
        client_message_id: Option<String>,
        /// Position of the part in the stream.
        sequence: Number,
        /// The text.
        delta: String,
    },
    /// The message that a stream announced was created.
    MessageStreamCompleted {
        /// Id of the stream.
        stream: String,
        /// The message.
        message: Message,
    },
    /// The message that a stream announced will not come.
    MessageStreamAborted {
        /// Id of the stream.
        stream: String,
        /// Id of the conversation in the chat.
        conversation: String,
    },
    /// The author deleted a message.
    MessageDeleted {
        /// Id of the message.
        id: MessageId,
        /// Id of the conversation in the chat.
        conversation: String,
        /// Id of the author in the chat.
        user: String,
    },
    /// A client or the bot sent a custom event.
    EventCreated(CustomEvent),
    /// A participant was added.
    ParticipantAdded {
        /// Id of the conversation in the chat.
        conversation: String,
        /// Id of the user in the chat.
        participant: String,
    },
    /// A participant was removed.
    ParticipantRemoved {
        /// Id of the conversation in the chat.
        conversation: String,
        /// Id of the user in the chat.
        participant: String,
    },
}

/// Registry of all listeners.
pub struct Listeners {
    registry: Mutex<StreamRegistry>,
    buffer: usize,
    max: usize,
    max_per_user: usize,
}

#[derive(Default)]
struct StreamRegistry {
    /// Listeners by the row of their conversation.
    by_conversation: HashMap<i64, Vec<Listener>>,
    /// Number of listeners by the row of their user.
    count_by_user: HashMap<i64, usize>,
    total: usize,
    last_id: u64,
    closed: bool,
}

struct Listener {
    id: u64,
    user: i64,
    sender: mpsc::Sender<Arc<Signal>>,
}

impl StreamRegistry {
    /// Removes the listeners of a conversation for which `stays` is false.
    fn retain(&mut self, conversation: i64, mut stays: impl FnMut(&Listener) -> bool) {
        let Some(listeners) = self.by_conversation.get_mut(&conversation) else {
            return;
        };
        let (by, total) = (&mut self.count_by_user, &mut self.total);
        listeners.retain(|listener| {
            let stays = stays(listener);
            if !stays {
                *total -= 1;
                if let Some(count) = by.get_mut(&listener.user) {
                    *count -= 1;
                    if *count == 0 {
                        by.remove(&listener.user);
                    }
                }
            }
            stays
        });
        if listeners.is_empty() {
            self.by_conversation.remove(&conversation);
        }
    }
}

impl Listeners {
    pub(in crate::domain) fn new(settings: &Settings) -> Self {
        Self {
            registry: Mutex::default(),
            buffer: settings.buffer.max(1),
            max: settings.max_streams,
            max_per_user: settings.max_streams_per_user,
        }
    }

    fn lock(&self) -> MutexGuard<'_, StreamRegistry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the number of listeners.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lock().total
    }

    /// Sends a signal to the listeners of a conversation.
    pub(super) fn publish(&self, conversation: i64, signal: impl Into<Arc<Signal>>) {
        let signal = signal.into();
        // A full buffer belongs to a slow reader, a closed one to a reader that is gone.
        self.lock().retain(conversation, |listener| {
            listener.sender.try_send(signal.clone()).is_ok()
        });
    }

    /// Ends the streams for whose rows of conversation and user `ends` is true. Buffered signals are still read.
    pub(in crate::domain) fn end_streams(&self, ends: impl Fn(i64, i64) -> bool) {
        let mut open = self.lock();
        let conversations: Vec<i64> = open.by_conversation.keys().copied().collect();
        for conversation in conversations {
            open.retain(conversation, |listener| !ends(conversation, listener.user));
        }
    }

    /// Ends all streams and accepts no more: the server stops.
    pub fn close(&self) {
        let mut open = self.lock();
        *open = StreamRegistry {
            closed: true,
            ..StreamRegistry::default()
        };
    }

    fn subscribe(
        &self,
        conversation: i64,
        user: i64,
    ) -> Result<(u64, mpsc::Receiver<Arc<Signal>>)> {
        let (sender, receiver) = mpsc::channel(self.buffer);
        let mut open = self.lock();
        let of_user = open.count_by_user.get(&user).copied().unwrap_or(0);
        if open.closed || open.total >= self.max || of_user >= self.max_per_user {
            let text =
                "Too many streams are open (webchat.max_streams, webchat.max_streams_per_user)";
            return Err(Error::new(Kind::LimitExceeded, text));
        }
        open.last_id += 1;
        open.total += 1;
        *open.count_by_user.entry(user).or_default() += 1;
        let id = open.last_id;
        let listeners = open.by_conversation.entry(conversation).or_default();
        listeners.push(Listener { id, user, sender });
        Ok((id, receiver))
    }

    fn unsubscribe(&self, conversation: i64, id: u64) {
        let mut open = self.lock();
        open.retain(conversation, |listener| listener.id != id);
    }
}

/// A stream of the signals of a conversation. It ends when it is dropped.
pub struct Subscription {
    app: App,
    conversation: i64,
    user: i64,
    installation: i64,
    id: u64,
    receiver: mpsc::Receiver<Arc<Signal>>,
    /// Admission of the request; the stream ends with it.
    admission: Arc<Admission>,
    key_changes: watch::Receiver<()>,
    /// Time of the last check that the user may listen.
    checked_at: MonotonicTime,
}

/// Query for the right to listen. A participant can vanish in many ways: with the bot, the workspace, or the
/// person in another API.
const MAY_LISTEN: &str = "
    SELECT 1 FROM conversation_participants JOIN bot_integrations
        ON bot_integrations.seq = :installation AND bot_integrations.enabled
    WHERE conversation_participants.conversation_seq = :conversation
      AND conversation_participants.user_seq = :user";

/// An item of a stream.
#[derive(Debug, Clone, PartialEq)]
pub enum StreamItem {
    /// A signal.
    Signal(Arc<Signal>),
    /// A heartbeat: there was no signal for some time.
    Heartbeat,
}

impl Subscription {
    /// Returns the next item; `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<StreamItem> {
        let heartbeat = self.app.webchat_settings().heartbeat();
        let quiet = self.app.clock().sleep(heartbeat);
        tokio::pin!(quiet);
        let next = loop {
            let next = tokio::select! {
                biased;
                signal = self.receiver.recv() => Some(StreamItem::Signal(signal?)),
                () = self.admission.wait_for_possible_end(&mut self.key_changes) => None,
                () = &mut quiet => Some(StreamItem::Heartbeat),
            };
            if self.admission.has_expired() || self.admission.find_refusal().is_some() {
                return None;
            }
            if let Some(next) = next {
                break next;
            }
        };
        let now = self.app.clock().monotonic_now();
        if now.since(self.checked_at) >= heartbeat {
            self.checked_at = now;
            // A failed database read says nothing about the user, so the stream goes on.
            if matches!(
                self.app.store().read(|conn| self.may_listen(conn)),
                Ok(false)
            ) {
                return None;
            }
        }
        Some(next)
    }

    fn may_listen(&self, conn: &Connection) -> Result<bool> {
        let mut statement = conn.prepare_cached(MAY_LISTEN)?;
        Ok(statement.exists(named_params! {
            ":installation": self.installation,
            ":conversation": self.conversation,
            ":user": self.user,
        })?)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.app.listeners().unsubscribe(self.conversation, self.id);
    }
}

/// Subscribes to a conversation that the calling user participates in. All later signals arrive.
///
/// # Errors
/// `NotFound`; `Forbidden`; `LimitExceeded` if there are too many streams; errors of the store.
pub fn listen(user_request: &WebchatUserRequest, id: &str) -> Result<Subscription> {
    let author = user_request.author()?;
    let app = user_request.call().app();
    let store = app.store();
    let found = store.read(|conn| foreign_ids::get_conversation(conn, &author, id))?;
    let installation = user_request.request.installation()?.seq;
    let (listener, receiver) = app.listeners().subscribe(found.seq, user_request.seq)?;
    let subscription = Subscription {
        app: app.clone(),
        conversation: found.seq,
        user: user_request.seq,
        installation,
        id: listener,
        receiver,
        key_changes: app.keyring().subscribe(),
        admission: user_request.call().admission().clone(),
        checked_at: app.clock().monotonic_now(),
    };
    // Checked after the registration: a removal of the user at the same time is either seen here or ends the
    // stream.
    store.read(|conn| require_participant(conn, author.bot(), &found, &user_request.id))?;
    // The same applies to the user key.
    subscription.admission.recheck()?;
    Ok(subscription)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listeners(settings: Settings) -> Listeners {
        Listeners::new(&settings)
    }

    fn signal(id: &str) -> Signal {
        Signal::MessageDeleted {
            id: id.into(),
            conversation: "c".to_owned(),
            user: "u".to_owned(),
        }
    }

    #[test]
    fn a_slow_reader_is_cut_off_and_no_other() {
        let all = listeners(Settings {
            buffer: 2,
            ..Settings::default()
        });
        let (_, mut slow) = all.subscribe(1, 10).expect("a listener");
        let (_, mut quick) = all.subscribe(1, 11).expect("a listener");
        for id in ["a", "b", "c", "d"] {
            all.publish(1, signal(id));
            assert_eq!(quick.try_recv().ok().as_deref(), Some(&signal(id)));
        }
        assert_eq!(all.count(), 1);
        assert_eq!(slow.try_recv().ok().as_deref(), Some(&signal("a")));
        assert_eq!(slow.try_recv().ok().as_deref(), Some(&signal("b")));
        assert!(matches!(
            slow.try_recv(),
            Err(mpsc::error::TryRecvError::Disconnected)
        ));
    }

    #[test]
    fn only_a_conversations_own_listeners_hear_of_it() {
        let all = listeners(Settings::default());
        let (_, mut one) = all.subscribe(1, 10).expect("a listener");
        let (_, mut other) = all.subscribe(2, 10).expect("a listener");
        all.publish(1, signal("a"));
        assert!(one.try_recv().is_ok());
        assert!(other.try_recv().is_err());
        all.end_streams(|conversation, user| conversation == 2 && user == 10);
        assert_eq!(all.count(), 1);
    }

    #[test]
    fn streams_are_counted_and_given_back() {
        let all = listeners(Settings {
            max_streams: 3,
            max_streams_per_user: 2,
            ..Settings::default()
        });
        let (first, _one) = all.subscribe(1, 10).expect("a listener");
        let _two = all.subscribe(2, 10).expect("a listener");
        assert!(all.subscribe(3, 10).is_err());
        let _three = all.subscribe(3, 11).expect("a listener");
        assert!(all.subscribe(3, 12).is_err());
        all.unsubscribe(1, first);
        all.subscribe(3, 12).expect("a listener");
        all.close();
        assert_eq!(all.count(), 0);
        assert!(all.subscribe(1, 13).is_err());
    }
}
