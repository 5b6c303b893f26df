//! Write transactions of the domain, and the effects that run after the commit. Only maintenance (pruning, flushes of
//! counters) writes through the store itself.

use std::{
    any::{Any, TypeId},
    cell::{RefCell, RefMut},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use rusqlite::Connection;

use super::{
    admission::Admission,
    app::App,
    audit::Actor,
    bounds,
    claims::{Claim, Claims, SharedClaim},
    request_auth::{Principal, RequestContext},
};
use crate::{
    domain::shared::{plans, row_range::RowRange},
    kernel::{Error, Result, Timestamp, ids::WorkspaceId},
};

/// Effect of a write that runs after the commit.
type CommitEffect = Box<dyn FnOnce(&App) + Send>;

/// Hook that runs at the end of a write, inside its transaction.
type EndHook<'a> = Box<dyn FnOnce() + 'a>;

/// One write inside its transaction: the connection, the time and the actor.
pub struct WriteTx<'a> {
    /// Connection of the writer, inside the transaction.
    pub conn: &'a Connection,
    /// Time of the write.
    pub now: Timestamp,
    /// Actor of the write.
    pub actor: &'a Actor,
    /// Principal, resolved in this transaction; `None` for writes of the operator or the program.
    principal: Option<Arc<Principal>>,
    /// Name of the client's project, if the request has one.
    pub client_name: Option<&'a str>,
    /// Plans whose quotas the write must respect; `None` for writes of the operator and the program.
    plans: Option<&'a plans::Settings>,
    /// Bounds on row counts; `None` for a command-line write.
    bounds: Option<bounds::BoundsCheck<'a>>,
    /// The server; `None` for a command-line write beside it.
    app: Option<&'a App>,
    /// Wake-ups after the commit, without duplicates.
    wake_ups: RefCell<Vec<fn(&App)>>,
    /// Other effects of the commit.
    effects: RefCell<Vec<CommitEffect>>,
    /// Values that other areas attach to this write, one for each type.
    attachments: RefCell<Vec<(TypeId, Rc<dyn Any>)>>,
    /// Hooks that run at the end, inside the transaction.
    end_hooks: RefCell<Vec<EndHook<'a>>>,
    /// Claims of the write.
    claims: RefCell<Claims>,
}

impl<'a> WriteTx<'a> {
    /// Creates a write on the writer's connection.
    #[must_use]
    pub fn new(conn: &'a Connection, now: Timestamp, actor: &'a Actor) -> Self {
        Self {
            conn,
            now,
            actor,
            principal: None,
            client_name: None,
            plans: None,
            bounds: None,
            app: None,
            wake_ups: RefCell::default(),
            effects: RefCell::default(),
            attachments: RefCell::default(),
            end_hooks: RefCell::default(),
            claims: RefCell::default(),
        }
    }

    /// Makes the write respect the quotas of the workspace's plan.
    pub(in crate::domain) const fn with_plans(mut self, plans: &'a plans::Settings) -> Self {
        self.plans = Some(plans);
        self
    }

    /// Connects the write with the server.
    fn with_app(mut self, app: &'a App) -> Self {
        self.app = Some(app);
        self.bounds = Some(app.bounds_check());
        self
    }

    /// Returns the principal, with its permissions in this transaction.
    ///
    /// # Errors
    /// `Internal` for a write without a principal.
    pub(in crate::domain) fn principal(&self) -> Result<&Principal> {
        let principal = self.principal.as_deref();
        principal
            .ok_or_else(|| Error::internal("a write transaction needs a principal", "it has none"))
    }

    /// Returns the range of a workspace's row numbers. For the caller's workspace, the principal has it.
    pub(in crate::domain) fn find_row_range(
        &self,
        workspace: &WorkspaceId,
    ) -> Result<Option<RowRange>> {
        let principal = self.principal.as_deref();
        match principal.filter(|principal| principal.workspace_id == *workspace) {
            Some(principal) => Ok(Some(principal.workspace_rows)),
            None => RowRange::find(self.conn, workspace),
        }
    }

    /// Returns the bounds on row counts.
    pub(in crate::domain) const fn bounds(&self) -> Option<bounds::BoundsCheck<'a>> {
        self.bounds
    }

    /// Returns the server; `None` for a command-line write beside it.
    pub(in crate::domain) const fn app(&self) -> Option<&'a App> {
        self.app
    }

    /// Returns the attached value of this type. Creates it with `make` if there is none.
    pub(in crate::domain) fn get_or_attach<T: 'static>(
        &self,
        make: impl FnOnce() -> Rc<T>,
    ) -> Rc<T> {
        let known = self.attachments.borrow().iter().find_map(|(id, known)| {
            let is_it = *id == TypeId::of::<T>();
            is_it.then(|| known.clone().downcast().ok()).flatten()
        });
        known.unwrap_or_else(|| {
            let attached = make();
            let entry: (TypeId, Rc<dyn Any>) = (TypeId::of::<T>(), attached.clone());
            self.attachments.borrow_mut().push(entry);
            attached
        })
    }

    /// Runs `hook` at the end of the write, inside its transaction. Does not run it if the write fails.
    pub(in crate::domain) fn add_end_hook(&self, hook: impl FnOnce() + 'a) {
        self.end_hooks.borrow_mut().push(Box::new(hook));
    }

    /// Returns the plans; `None` if the write need not respect quotas.
    pub(in crate::domain) const fn plans(&self) -> Option<&'a plans::Settings> {
        self.plans
    }

    /// Records a claim, and continues as if it held. The write must be started with [`App::run_proven_write_tx`].
    pub(in crate::domain) fn claim(&self, claim: impl Claim) {
        self.claims_mut().claim(SharedClaim::new(claim));
    }

    /// Requires that all claims so far are proven. Call it before work that would be lost otherwise.
    ///
    /// # Errors
    /// `Internal`, which only [`App::run_proven_write_tx`] sees.
    pub(in crate::domain) fn require_proven(&self) -> Result<()> {
        self.claims_mut().require_proven()
    }

    /// Sets the claims that are already proven.
    pub(in crate::domain) fn set_claims(&self, claims: Claims) {
        *self.claims_mut() = claims;
    }

    pub(in crate::domain) fn claims_mut(&self) -> RefMut<'_, Claims> {
        self.claims.borrow_mut()
    }

    /// Calls `wake` after the commit and after the other effects. Repeated calls with the same function count once.
    pub(in crate::domain) fn wake_after_commit(&self, wake: fn(&App)) {
        let mut wakes = self.wake_ups.borrow_mut();
        if !wakes.iter().any(|known| std::ptr::fn_addr_eq(*known, wake)) {
            wakes.push(wake);
        }
    }

    /// Runs `effect` after the commit, in no particular order. Unlike code after the `await` of the write, it also
    /// runs if the caller has stopped waiting. It must not block.
    pub(in crate::domain) fn run_after_commit(&self, effect: impl FnOnce(&App) + Send + 'static) {
        self.effects.borrow_mut().push(Box::new(effect));
    }

    /// Ends the write inside its transaction, and returns the effects of its commit.
    fn finish(&self) -> Result<CommitEffects> {
        self.require_proven()?;
        for hook in self.end_hooks.take() {
            hook();
        }
        Ok(CommitEffects {
            effects: self.effects.take(),
            wake_ups: self.wake_ups.take(),
        })
    }
}

/// Effects of a committed write.
struct CommitEffects {
    effects: Vec<CommitEffect>,
    wake_ups: Vec<fn(&App)>,
}

impl App {
    /// Runs `job` in a write transaction for a caller. The transaction also counts the request and checks again that
    /// the caller is admitted. Returns when the transaction is on disk.
    ///
    /// # Errors
    /// The error that a new request would get, `PaymentRequired` in a blocked workspace, errors of `job` (nothing is
    /// written then), and errors of the store.
    pub(in crate::domain) async fn run_write_tx<T: Send + 'static>(
        &self,
        call: &RequestContext,
        job: impl FnOnce(&WriteTx<'_>, &WorkspaceId) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        call.require_unblocked()?;
        self.run_write_tx_though_blocked(call, move |tx, workspace| {
            tx.principal()?.require_unblocked()?;
            job(tx, workspace)
        })
        .await
    }

    /// Like [`run_write_tx`](Self::run_write_tx), but also in a blocked workspace: for operations that can unblock it.
    ///
    /// # Errors
    /// The error that a new request would get, errors of `job` (nothing is written then), and errors of the store.
    pub(in crate::domain) async fn run_write_tx_though_blocked<T: Send + 'static>(
        &self,
        call: &RequestContext,
        job: impl FnOnce(&WriteTx<'_>, &WorkspaceId) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let now = self.clock().now();
        let admission = call.admission().clone();
        let key = call.principal().key_id.clone();
        let counted = call.request_count();
        let written = counted.clone();
        let client_name = call.client_name().map(str::to_owned);
        let app = self.clone();
        let job = move |conn: &Connection| {
            let principal = admission.recheck_in_tx(conn, now)?;
            let workspace = principal
                .as_ref()
                .map(|principal| principal.workspace_id.clone());
            let workspace = workspace
                .ok_or_else(|| Error::internal("a request has no tenant", "no principal"))?;
            let actor = Actor::Key(key);
            let mut tx = WriteTx::new(conn, now, &actor)
                .with_app(&app)
                .with_plans(&app.settings().plans);
            tx.principal = principal;
            tx.client_name = client_name.as_deref();
            tx.run_after_commit(move |_| written.mark_written());
            let output = job(&tx, &workspace)?;
            if let Some(counted) = counted.unwritten() {
                app.commit_batch().count_request(counted);
            }
            Ok((output, tx.finish()?))
        };
        self.run_write_job(job).await
    }

    /// Runs `job` in a write transaction for a caller, and rolls it back: nothing is written, and no effect happens.
    ///
    /// # Errors
    /// The errors of [`run_write_tx`](Self::run_write_tx).
    pub(in crate::domain) async fn try_write_tx<T>(
        &self,
        call: &RequestContext,
        job: impl FnOnce(&WriteTx<'_>, &WorkspaceId) -> Result<T> + Send + 'static,
    ) -> Result<()> {
        let has_passed = Arc::new(AtomicBool::new(false));
        let passes = has_passed.clone();
        let tried = self.run_write_tx(call, move |tx, workspace| {
            job(tx, workspace)?;
            passes.store(true, Ordering::Relaxed);
            Err::<(), _>(Error::internal("a trial is rolled back", "it has passed"))
        });
        match tried.await {
            Err(error) if !has_passed.load(Ordering::Relaxed) => Err(error),
            _ => Ok(()),
        }
    }

    /// Runs a job on the writer, and the effects of its commit.
    async fn run_write_job<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<(T, CommitEffects)> + Send + 'static,
    ) -> Result<T> {
        let app = self.clone();
        let then = move |(output, effects): (T, CommitEffects)| {
            effects.effects.into_iter().for_each(|effect| effect(&app));
            effects.wake_ups.into_iter().for_each(|wake| wake(&app));
            output
        };
        self.store().write_then(job, then).await
    }

    /// Runs `job` in a write transaction without an API request: for the operator or the program.
    ///
    /// # Errors
    /// Errors of `job` (nothing is written then), and errors of the store.
    pub async fn run_write_tx_as<T: Send + 'static>(
        &self,
        actor: Actor,
        job: impl FnOnce(&WriteTx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.run_write_tx_if_admitted(actor, None, job).await
    }

    /// Runs `job` in a write transaction outside of any tenant, if the admission is still valid in it.
    ///
    /// # Errors
    /// The error that a new request would get, errors of `job` (nothing is written then), and errors of the store.
    pub(in crate::domain) async fn run_write_tx_if_admitted<T: Send + 'static>(
        &self,
        actor: Actor,
        admission: Option<Arc<Admission>>,
        job: impl FnOnce(&WriteTx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let now = self.clock().now();
        let app = self.clone();
        let job = move |conn: &Connection| {
            if let Some(admission) = admission {
                admission.recheck_in_tx(conn, now)?;
            }
            let tx = WriteTx::new(conn, now, &actor).with_app(&app);
            let output = job(&tx)?;
            Ok((output, tx.finish()?))
        };
        self.run_write_job(job).await
    }
}
