//! One change in its transaction, what follows once it is committed, and the one way to make it.

use std::{
    any::{Any, TypeId},
    cell::{RefCell, RefMut},
    rc::Rc,
    sync::Arc,
};

use rusqlite::Connection;

use super::{
    admission::Admission,
    app::App,
    audit::Actor,
    bounds,
    claims::{Claim, Claimed, Claims},
    request_auth::{Call, Caller},
};
use crate::{
    domain::shared::plans,
    kernel::{Error, Result, Timestamp, ids::WorkspaceId},
};

/// Something that happens once a change is committed.
type Effect = Box<dyn FnOnce(&App) + Send>;

/// Something that happens at the end of a change, within its transaction.
type Ending<'a> = Box<dyn FnOnce() + 'a>;

/// One change in its transaction: the connection to make it on, and who makes it when.
pub struct Change<'a> {
    /// The writer's connection, inside the transaction of this change.
    pub conn: &'a Connection,
    /// The time of the change.
    pub now: Timestamp,
    /// Who makes it.
    pub actor: &'a Actor,
    /// The caller as it stands now; none where the operator or the program makes the change.
    caller: Option<Arc<Caller>>,
    /// The project that the caller said to work for, if it named one.
    pub client_name: Option<&'a str>,
    /// What plans allow, for changes that must stay within it: those of callers, not the operator's
    /// and the program's own.
    plans: Option<&'a plans::Settings>,
    /// How many of a thing there can be; none on a connection of a command.
    bounds: Option<bounds::Asked<'a>>,
    /// The server; none where a command makes the change beside it.
    app: Option<&'a App>,
    /// Wake-ups after the commit, each once.
    wakes: RefCell<Vec<fn(&App)>>,
    /// The other effects of the commit.
    effects: RefCell<Vec<Effect>>,
    /// What areas above keep with this change, one value of each type.
    attachments: RefCell<Vec<(TypeId, Rc<dyn Any>)>>,
    /// What is done at its end, within its transaction.
    endings: RefCell<Vec<Ending<'a>>>,
    /// Claims that take a while to prove.
    claims: RefCell<Claims>,
}

impl<'a> Change<'a> {
    /// A change on the writer's connection.
    #[must_use]
    pub fn new(conn: &'a Connection, now: Timestamp, actor: &'a Actor) -> Self {
        Self {
            conn,
            now,
            actor,
            caller: None,
            client_name: None,
            plans: None,
            bounds: None,
            app: None,
            wakes: RefCell::default(),
            effects: RefCell::default(),
            attachments: RefCell::default(),
            endings: RefCell::default(),
            claims: RefCell::default(),
        }
    }

    /// The same change, which must stay within what the plan of its workspace allows.
    pub(in crate::domain) const fn within(mut self, plans: &'a plans::Settings) -> Self {
        self.plans = Some(plans);
        self
    }

    /// The same change, in the server.
    fn of(mut self, app: &'a App) -> Self {
        self.app = Some(app);
        self.bounds = Some(app.bounds());
        self
    }

    /// The caller, with the rights that it has in this transaction.
    ///
    /// # Errors
    /// `Internal` in a change that no caller makes.
    pub(in crate::domain) fn caller(&self) -> Result<&Caller> {
        let caller = self.caller.as_deref();
        caller.ok_or_else(|| Error::internal("a change needs a caller", "it has none"))
    }

    /// How many of a thing there can be.
    pub(in crate::domain) const fn bounds(&self) -> Option<bounds::Asked<'a>> {
        self.bounds
    }

    /// The server; none where a command makes the change beside it.
    pub(in crate::domain) const fn app(&self) -> Option<&'a App> {
        self.app
    }

    /// Returns the value of this type that an area above keeps with the change, after making it if there is
    /// none.
    pub(in crate::domain) fn attachment<T: 'static>(&self, make: impl FnOnce() -> Rc<T>) -> Rc<T> {
        let mut attachments = self.attachments.borrow_mut();
        let known = attachments.iter().find(|(id, _)| *id == TypeId::of::<T>());
        if let Some(Ok(known)) = known.map(|(_, known)| known.clone().downcast()) {
            return known;
        }
        let made = make();
        attachments.push((TypeId::of::<T>(), made.clone()));
        made
    }

    /// Has something happen at the end of the change, within its transaction; not if the change fails.
    pub(in crate::domain) fn at_end(&self, ending: impl FnOnce() + 'a) {
        self.endings.borrow_mut().push(Box::new(ending));
    }

    /// What plans allow; none if this change need not stay within it.
    pub(in crate::domain) const fn plans(&self) -> Option<&'a plans::Settings> {
        self.plans
    }

    /// Claims something that takes a while to find out, in a change that is made with
    /// [`App::change_proven`]. It goes on as if that held.
    pub(in crate::domain) fn claim(&self, claim: impl Claim) {
        self.claims().claim(Claimed::new(claim));
    }

    /// Asserts that what was claimed so far is proven: before a change does much that would be in vain.
    ///
    /// # Errors
    /// One that only [`App::change_proven`] sees.
    pub(in crate::domain) fn require_proven(&self) -> Result<()> {
        self.claims().require()
    }

    /// Begins with what is proven already.
    pub(in crate::domain) fn begin_claims(&self, claims: Claims) {
        *self.claims() = claims;
    }

    pub(in crate::domain) fn claims(&self) -> RefMut<'_, Claims> {
        self.claims.borrow_mut()
    }

    /// Has `wake` called once this change is committed, after the other effects; once, however often it is
    /// asked for.
    pub(in crate::domain) fn wake(&self, wake: fn(&App)) {
        let mut wakes = self.wakes.borrow_mut();
        if !wakes.iter().any(|known| std::ptr::fn_addr_eq(*known, wake)) {
            wakes.push(wake);
        }
    }

    /// Has something happen once this change is committed, in whatever order; also if the caller has stopped
    /// waiting by then, unlike what stands behind an `await` of the change. It must not wait itself.
    pub(in crate::domain) fn then(&self, effect: impl FnOnce(&App) + Send + 'static) {
        self.effects.borrow_mut().push(Box::new(effect));
    }

    /// Ends the change within its transaction, and returns the effects of its commit.
    fn end(&self) -> Result<Effects> {
        self.require_proven()?;
        for ending in self.endings.take() {
            ending();
        }
        Ok(Effects {
            effects: self.effects.take(),
            wakes: self.wakes.take(),
        })
    }
}

/// The effects of a committed change.
struct Effects {
    effects: Vec<Effect>,
    wakes: Vec<fn(&App)>,
}

impl App {
    /// Makes a change for a caller: `job` and the count of the call in one transaction, in which the
    /// rights of the caller are compared once more. It returns when that is on disk.
    ///
    /// # Errors
    /// What a new call would be refused with; `PaymentRequired` in a blocked workspace, that of `job`,
    /// after which nothing is changed, or of the store.
    pub(in crate::domain) async fn change<T: Send + 'static>(
        &self,
        call: &Call,
        job: impl FnOnce(&Change<'_>, &WorkspaceId) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        call.require_open()?;
        self.change_though_blocked(call, move |change, workspace| {
            change.caller()?.require_open()?;
            job(change, workspace)
        })
        .await
    }

    /// The same, also in a blocked workspace: what leads out of it.
    ///
    /// # Errors
    /// What a new call would be refused with; that of `job`, after which nothing is changed, or of the
    /// store.
    pub(in crate::domain) async fn change_though_blocked<T: Send + 'static>(
        &self,
        call: &Call,
        job: impl FnOnce(&Change<'_>, &WorkspaceId) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let now = self.clock().now();
        let admission = call.admission().clone();
        let key = call.caller().key_id.clone();
        let counted = call.counted_once();
        let written = counted.clone();
        let client_name = call.client_name().map(str::to_owned);
        let app = self.clone();
        let job = move |conn: &Connection| {
            let caller = admission.confirm(conn, now)?;
            let workspace = caller.as_ref().map(|caller| caller.workspace_id.clone());
            let workspace =
                workspace.ok_or_else(|| Error::internal("a call has no tenant", "no caller"))?;
            let actor = Actor::Key(key);
            let mut change = Change::new(conn, now, &actor)
                .of(&app)
                .within(&app.settings().plans);
            change.caller = caller;
            change.client_name = client_name.as_deref();
            change.then(move |_| written.written());
            let done = job(&change, &workspace)?;
            if let Some(counted) = counted.left() {
                app.tally().count(counted);
            }
            Ok((done, change.end()?))
        };
        self.write(job).await
    }

    /// Has a job write, and what its commit causes happen.
    async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<(T, Effects)> + Send + 'static,
    ) -> Result<T> {
        let app = self.clone();
        let then = move |(done, effects): (T, Effects)| {
            effects.effects.into_iter().for_each(|effect| effect(&app));
            effects.wakes.into_iter().for_each(|wake| wake(&app));
            done
        };
        self.store().write_then(job, then).await
    }

    /// Makes a change that no API call asks for: by the operator or by the program itself.
    ///
    /// # Errors
    /// That of `job`, after which nothing is changed, or of the store.
    pub async fn change_as<T: Send + 'static>(
        &self,
        actor: Actor,
        job: impl FnOnce(&Change<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.change_by(actor, None, job).await
    }

    /// Makes a change outside of any tenant, if what it was admitted by still holds in its transaction.
    ///
    /// # Errors
    /// What a new call would be refused with; that of `job`, after which nothing is changed, or of the
    /// store.
    pub(in crate::domain) async fn change_by<T: Send + 'static>(
        &self,
        actor: Actor,
        admission: Option<Arc<Admission>>,
        job: impl FnOnce(&Change<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let now = self.clock().now();
        let app = self.clone();
        let job = move |conn: &Connection| {
            if let Some(admission) = admission {
                admission.confirm(conn, now)?;
            }
            let change = Change::new(conn, now, &actor).of(&app);
            let done = job(&change)?;
            Ok((done, change.end()?))
        };
        self.write(job).await
    }
}
