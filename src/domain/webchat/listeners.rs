//! Who listens to conversations, and what they are told. Nothing of it is stored: whoever comes back
//! lists the messages that were written meanwhile.
//!
//! A listener has a small buffer. One that is full belongs to a reader who is too slow: the stream ends,
//! and the client connects anew.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rusqlite::{Connection, named_params};
use tokio::sync::{mpsc, watch};

use super::{Event, Message, Settings, Visitor, conversations::require_part, ids};
use crate::{
    domain::tenancy::{admission::Admission, app::App},
    kernel::{Error, Kind, Moment, Result, ids::MessageId},
};

/// What a listener is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Signal {
    /// A message was written.
    MessageCreated(Message),
    /// A message was deleted by who wrote it.
    MessageDeleted {
        /// Its id.
        id: MessageId,
        /// What the conversation is known by.
        conversation: String,
        /// What its author is known by.
        user: String,
    },
    /// The client or the bot has told something.
    EventCreated(Event),
    /// A user was let in.
    ParticipantAdded {
        /// What the conversation is known by.
        conversation: String,
        /// What the user is known by.
        participant: String,
    },
    /// A user was taken out.
    ParticipantRemoved {
        /// What the conversation is known by.
        conversation: String,
        /// What the user is known by.
        participant: String,
    },
}

/// Who listens.
pub struct Listeners {
    open: Mutex<Open>,
    buffer: usize,
    max: usize,
    max_per_user: usize,
}

#[derive(Default)]
struct Open {
    /// By the row of their conversation.
    of: HashMap<i64, Vec<Listener>>,
    /// How many there are of each user, by its row.
    by: HashMap<i64, usize>,
    total: usize,
    last: u64,
    closed: bool,
}

struct Listener {
    id: u64,
    user: i64,
    sender: mpsc::Sender<Arc<Signal>>,
}

impl Open {
    /// Removes the listeners of a conversation that are not to stay.
    fn retain(&mut self, conversation: i64, mut stays: impl FnMut(&Listener) -> bool) {
        let Some(listeners) = self.of.get_mut(&conversation) else {
            return;
        };
        let (by, total) = (&mut self.by, &mut self.total);
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
            self.of.remove(&conversation);
        }
    }
}

impl Listeners {
    pub(in crate::domain) fn new(settings: &Settings) -> Self {
        Self {
            open: Mutex::default(),
            buffer: settings.buffer.max(1),
            max: settings.max_streams,
            max_per_user: settings.max_streams_per_user,
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many listen now.
    #[must_use]
    pub fn count(&self) -> usize {
        self.open().total
    }

    /// Tells those who listen to a conversation.
    pub(super) fn tell(&self, conversation: i64, signal: Signal) {
        let signal = Arc::new(signal);
        // A full buffer is a slow reader's, a closed one that of a reader who is gone.
        self.open().retain(conversation, |listener| {
            listener.sender.try_send(signal.clone()).is_ok()
        });
    }

    /// Ends the streams of these rows of conversation and user. What waits in them is still read.
    pub(in crate::domain) fn end(&self, ends: impl Fn(i64, i64) -> bool) {
        let mut open = self.open();
        let conversations: Vec<i64> = open.of.keys().copied().collect();
        for conversation in conversations {
            open.retain(conversation, |listener| !ends(conversation, listener.user));
        }
    }

    /// Ends all streams, and lets no more begin: the server stops.
    pub fn close(&self) {
        let mut open = self.open();
        *open = Open {
            closed: true,
            ..Open::default()
        };
    }

    fn begin(&self, conversation: i64, user: i64) -> Result<(u64, mpsc::Receiver<Arc<Signal>>)> {
        let (sender, receiver) = mpsc::channel(self.buffer);
        let mut open = self.open();
        let of_user = open.by.get(&user).copied().unwrap_or(0);
        if open.closed || open.total >= self.max || of_user >= self.max_per_user {
            let text = "There are too many streams already: webchat.max_streams and \
                        webchat.max_streams_per_user";
            return Err(Error::new(Kind::LimitExceeded, text));
        }
        open.last += 1;
        open.total += 1;
        *open.by.entry(user).or_default() += 1;
        let id = open.last;
        let listeners = open.of.entry(conversation).or_default();
        listeners.push(Listener { id, user, sender });
        Ok((id, receiver))
    }

    fn leave(&self, conversation: i64, id: u64) {
        let mut open = self.open();
        open.retain(conversation, |listener| listener.id != id);
    }
}

/// A stream of what happens in a conversation. To drop it ends it.
pub struct Subscription {
    app: App,
    conversation: i64,
    user: i64,
    installation: i64,
    id: u64,
    receiver: mpsc::Receiver<Arc<Signal>>,
    /// The stream ends with what it was admitted by.
    admission: Arc<Admission>,
    moves: watch::Receiver<()>,
    /// When it was last asked whether the user may listen.
    checked_at: Moment,
}

/// A user is taken out in many ways: with the bot, the workspace, or the person in another API.
const MAY_LISTEN: &str = "
    SELECT 1 FROM conversation_participants JOIN bot_integrations
        ON bot_integrations.seq = :installation AND bot_integrations.enabled
    WHERE conversation_participants.conversation_seq = :conversation
      AND conversation_participants.user_seq = :user";

/// What comes next in a stream.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// Something has happened.
    Signal(Arc<Signal>),
    /// Nothing has, for a while.
    Quiet,
}

impl Subscription {
    /// What comes next; none at the end.
    pub async fn next(&mut self) -> Option<Next> {
        let heartbeat = self.app.webchat_settings().heartbeat();
        let quiet = self.app.clock().sleep(heartbeat);
        tokio::pin!(quiet);
        let next = loop {
            let next = tokio::select! {
                biased;
                signal = self.receiver.recv() => Some(Next::Signal(signal?)),
                () = self.admission.may_end(&mut self.moves) => None,
                () = &mut quiet => Some(Next::Quiet),
            };
            if self.admission.has_ended() || self.admission.refusal().is_some() {
                return None;
            }
            if let Some(next) = next {
                break next;
            }
        };
        let now = self.app.clock().steady();
        if now.since(self.checked_at) >= heartbeat {
            self.checked_at = now;
            // A database that cannot be read just now says nothing about the user.
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
        self.app.listeners().leave(self.conversation, self.id);
    }
}

/// Listens to a conversation that the user who asks takes part in. Whatever happens after this returns
/// is told.
///
/// # Errors
/// `NotFound`, `Forbidden`, `LimitExceeded` beyond the streams that there may be, or those of the store.
pub fn listen(visitor: &Visitor, id: &str) -> Result<Subscription> {
    let voice = visitor.voice()?;
    let app = visitor.call().app();
    let store = app.store();
    let found = store.read(|conn| ids::existing(conn, &voice, id))?;
    let installation = visitor.visit.installation()?.seq;
    let (listener, receiver) = app.listeners().begin(found.seq, visitor.seq)?;
    let subscription = Subscription {
        app: app.clone(),
        conversation: found.seq,
        user: visitor.seq,
        installation,
        id: listener,
        receiver,
        moves: app.keyring().moves(),
        admission: visitor.call().admission().clone(),
        checked_at: app.clock().steady(),
    };
    // After it is listed: one who is taken out meanwhile is either seen here or ended there.
    store.read(|conn| require_part(conn, voice.bot(), &found, &visitor.id))?;
    // The same holds of the key.
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
        let (_, mut slow) = all.begin(1, 10).expect("a listener");
        let (_, mut quick) = all.begin(1, 11).expect("a listener");
        for id in ["a", "b", "c", "d"] {
            all.tell(1, signal(id));
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
        let (_, mut one) = all.begin(1, 10).expect("a listener");
        let (_, mut other) = all.begin(2, 10).expect("a listener");
        all.tell(1, signal("a"));
        assert!(one.try_recv().is_ok());
        assert!(other.try_recv().is_err());
        all.end(|conversation, user| conversation == 2 && user == 10);
        assert_eq!(all.count(), 1);
    }

    #[test]
    fn streams_are_counted_and_given_back() {
        let all = listeners(Settings {
            max_streams: 3,
            max_streams_per_user: 2,
            ..Settings::default()
        });
        let (first, _one) = all.begin(1, 10).expect("a listener");
        let _two = all.begin(2, 10).expect("a listener");
        assert!(all.begin(3, 10).is_err());
        let _three = all.begin(3, 11).expect("a listener");
        assert!(all.begin(3, 12).is_err());
        all.leave(1, first);
        all.begin(3, 12).expect("a listener");
        all.close();
        assert_eq!(all.count(), 0);
        assert!(all.begin(1, 13).is_err());
    }
}
