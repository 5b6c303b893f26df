//! One change in its transaction, and what follows once it is committed.

use std::cell::{Cell, RefCell};

use rusqlite::Connection;

use super::{audit::Actor, plans};
use crate::kernel::Timestamp;

/// One change in its transaction: the connection to make it on, and who makes it when.
pub struct Change<'a> {
    /// The writer's connection, inside the transaction of this change.
    pub conn: &'a Connection,
    /// The time of the change.
    pub now: Timestamp,
    /// Who makes it.
    pub actor: &'a Actor,
    /// The project that the caller said to work for, if it named one.
    pub client_name: Option<&'a str>,
    /// What plans allow, for changes that must stay within it: those of callers, not the operator's
    /// and the program's own.
    plans: Option<&'a plans::Settings>,
    /// Whether webhook messages wait for their delivery once this is committed.
    woke: Cell<bool>,
    /// Whether a bot or an integration is to be told something then, now or at some time.
    woke_runtime: Cell<bool>,
    /// The bots (with 0) and installations that are to be told at once of what they have refused.
    hastened: RefCell<Vec<(i64, i64)>>,
    /// Whether webhook messages were erased, which the dispatcher may hold.
    erased: Cell<bool>,
}

impl<'a> Change<'a> {
    /// A change on the writer's connection.
    #[must_use]
    pub const fn new(conn: &'a Connection, now: Timestamp, actor: &'a Actor) -> Self {
        Self {
            conn,
            now,
            actor,
            client_name: None,
            plans: None,
            woke: Cell::new(false),
            woke_runtime: Cell::new(false),
            hastened: RefCell::new(Vec::new()),
            erased: Cell::new(false),
        }
    }

    /// The same change, which must stay within what the plan of its workspace allows.
    pub(super) const fn within(mut self, plans: &'a plans::Settings) -> Self {
        self.plans = Some(plans);
        self
    }

    /// What plans allow; none if this change need not stay within it.
    pub(super) const fn plans(&self) -> Option<&'a plans::Settings> {
        self.plans
    }

    /// Notes that there is something to deliver once this change is committed.
    pub(super) fn wake_dispatcher(&self) {
        self.woke.set(true);
    }

    /// Notes that there is something to tell bots or integrations once this is committed.
    pub(super) fn wake_runtime(&self) {
        self.woke_runtime.set(true);
    }

    /// Notes that what this receiver has refused is due once this is committed.
    pub(super) fn hasten(&self, receiver: (i64, i64)) {
        self.hastened.borrow_mut().push(receiver);
        self.wake_runtime();
    }

    /// Notes that webhook messages are erased once this change is committed.
    pub(super) fn erases_messages(&self) {
        self.erased.set(true);
    }

    /// What the dispatchers are to be told once this change is committed.
    pub(super) fn hint(&self) -> Hint {
        Hint {
            woke: self.woke.get(),
            woke_runtime: self.woke_runtime.get(),
            hastened: self.hastened.take(),
            erased: self.erased.get(),
        }
    }
}

/// What a committed change means to the dispatchers.
pub(super) struct Hint {
    /// To that of webhooks.
    pub(super) woke: bool,
    /// To the one that tells bots and integrations.
    pub(super) woke_runtime: bool,
    /// Those that it is to tell at once of what they have refused.
    pub(super) hastened: Vec<(i64, i64)>,
    /// Webhook messages are erased, which the first may hold.
    pub(super) erased: bool,
}
