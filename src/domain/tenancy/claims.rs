//! Claims of a change: what must hold of texts that strangers wrote (a state keeps to its schema, a form can
//! be drawn) and takes a while to find out. Nobody finds it out in the writer's transaction, for which everybody
//! waits: the transaction claims it, and is done if just that was proven before. Else nothing of it is kept, the
//! claims are proven outside, and the change is made anew. So a change holds with what is true when it is
//! committed, whatever else was changed meanwhile.

use std::{
    any::Any,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::Mutex as AsyncMutex;

use super::{app::App, request_auth::Call, write_tx::Change};
use crate::kernel::{Error, Kind, Result, ids::WorkspaceId, schema::Limits};

/// How often a change is made anew, because what it is about was changed meanwhile.
const ROUNDS: usize = 20;

/// How many changes may be made anew at a time: of one workspace, one.
const TURNS: usize = 64;

/// Something that takes a while to find out.
pub(in crate::domain) trait Claim: PartialEq + Send + Sync + 'static {
    /// Finds it out.
    ///
    /// # Errors
    /// Why it does not hold.
    fn prove(&self, limits: &Limits) -> Result<()>;
}

/// Any claim.
#[derive(Clone)]
pub(in crate::domain) struct Claimed(Arc<dyn AnyClaim>);

impl Claimed {
    pub(in crate::domain) fn new(claim: impl Claim) -> Self {
        Self(Arc::new(claim))
    }
}

trait AnyClaim: Any + Send + Sync {
    fn prove(&self, limits: &Limits) -> Result<()>;
    fn is(&self, other: &dyn AnyClaim) -> bool;
}

impl<C: Claim> AnyClaim for C {
    fn prove(&self, limits: &Limits) -> Result<()> {
        Claim::prove(self, limits)
    }

    fn is(&self, other: &dyn AnyClaim) -> bool {
        let other: &dyn Any = other;
        other.downcast_ref::<C>() == Some(self)
    }
}

/// The claims that hold.
#[derive(Clone, Default)]
pub(in crate::domain) struct Proven(Vec<Claimed>);

impl Proven {
    /// Finds out whether a claim holds, which spares a change that claims it from being made anew. The more
    /// claims a change has, the fewer steps the next one may take.
    ///
    /// # Errors
    /// Why it does not hold.
    pub(in crate::domain) fn prove(&mut self, claim: Claimed, limits: &Limits) -> Result<()> {
        if !self.has(&claim) {
            let claims = u64::try_from(self.0.len()).unwrap_or(u64::MAX);
            claim.0.prove(&limits.shared(claims.saturating_add(1)))?;
            self.0.push(claim);
        }
        Ok(())
    }

    fn has(&self, claim: &Claimed) -> bool {
        self.0.iter().any(|known| known.0.is(&*claim.0))
    }
}

/// The claims of one change in its transaction.
#[derive(Default)]
pub(in crate::domain) struct Claims {
    proven: Proven,
    open: Vec<Claimed>,
}

impl Claims {
    pub(in crate::domain) fn with(proven: Proven) -> Self {
        Self {
            proven,
            open: Vec::new(),
        }
    }

    /// Claims something, which is only known to hold when the change has ended well.
    pub(in crate::domain) fn claim(&mut self, claim: Claimed) {
        if !self.proven.has(&claim) {
            self.open.push(claim);
        }
    }

    /// Asserts that all claims so far are proven.
    ///
    /// # Errors
    /// One that callers see only if claims are made where nobody proves them.
    pub(in crate::domain) fn require(&self) -> Result<()> {
        match self.open.is_empty() {
            true => Ok(()),
            false => Err(unproven()),
        }
    }

    pub(in crate::domain) fn take_open(&mut self) -> Vec<Claimed> {
        std::mem::take(&mut self.open)
    }
}

fn unproven() -> Error {
    Error::new(Kind::Internal, "a claim of a change is not proven")
}

/// Those whose change is made anew take turns, so that they do not spoil one another's claims for ever.
pub(in crate::domain) struct Turns {
    places: [AsyncMutex<()>; TURNS],
    hasher: RandomState,
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            places: std::array::from_fn(|_| AsyncMutex::default()),
            hasher: RandomState::new(),
        }
    }
}

impl Turns {
    fn of(&self, workspace: &WorkspaceId) -> &AsyncMutex<()> {
        let hash = self.hasher.hash_one(workspace);
        &self.places[usize::try_from(hash % TURNS as u64).unwrap_or(0)]
    }
}

impl App {
    /// Makes a change for a caller like [`change`](Self::change), with claims: `job` is called again with
    /// them proven where some were not.
    ///
    /// # Errors
    /// Why a claim does not hold; `Conflict` if what the claims are about is changed again and again; those of
    /// [`change`](Self::change).
    pub(in crate::domain) async fn change_proven<T: Send + 'static>(
        &self,
        call: &Call,
        mut proven: Proven,
        job: impl Fn(&Change<'_>, &WorkspaceId) -> Result<T> + Send + Sync + 'static,
    ) -> Result<T> {
        let job = Arc::new(job);
        let mut turn = None;
        for _ in 0..ROUNDS {
            let open = Arc::<Mutex<Vec<Claimed>>>::default();
            let (job, known, left) = (job.clone(), proven.clone(), open.clone());
            let outcome = self.change(call, move |change, workspace| {
                change.begin_claims(Claims::with(known));
                let done = job(change, workspace);
                let claims = change.claims().take_open();
                if claims.is_empty() {
                    return done;
                }
                *left.lock().unwrap_or_else(PoisonError::into_inner) = claims;
                Err(unproven())
            });
            let outcome = outcome.await;
            let open = std::mem::take(&mut *open.lock().unwrap_or_else(PoisonError::into_inner));
            if open.is_empty() {
                return outcome;
            }
            if turn.is_none() {
                turn = Some(self.turns().of(call.workspace()).lock().await);
            }
            for claim in open {
                proven.prove(claim, call.schemas())?;
            }
        }
        Err(Error::new(
            Kind::Conflict,
            "What this changes was changed again and again meanwhile; try again",
        ))
    }
}
