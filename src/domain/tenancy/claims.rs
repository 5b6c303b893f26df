//! Claims: slow checks of untrusted data that a write depends on, such as "this state matches its schema" or "this
//! form can be rendered". They must not run in the write transaction, which blocks all other writers. The transaction
//! only records its claims, and commits if all of them were proven before. Otherwise it is rolled back, the claims are
//! proven outside, and the write is repeated. So the claims of a write hold for the data at its commit, even if other
//! writes came between.

use std::{
    any::Any,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::Mutex as AsyncMutex;

use super::{app::App, request_auth::RequestContext, write_tx::WriteTx};
use crate::kernel::{Error, Kind, Result, ids::WorkspaceId, schema::Limits};

/// Maximum number of times that a write is repeated because its data changed meanwhile.
const MAX_ATTEMPTS: usize = 20;

/// Maximum number of writes that are repeated at the same time; one for each workspace.
const LOCK_COUNT: usize = 64;

/// A slow check.
pub(in crate::domain) trait Claim: PartialEq + Send + Sync + 'static {
    /// Runs the check.
    ///
    /// # Errors
    /// `Invalid` or another error that says why the claim does not hold.
    fn prove(&self, limits: &Limits) -> Result<()>;
}

/// A claim of any type.
#[derive(Clone)]
pub(in crate::domain) struct SharedClaim(Arc<dyn AnyClaim>);

impl SharedClaim {
    pub(in crate::domain) fn new(claim: impl Claim) -> Self {
        Self(Arc::new(claim))
    }
}

trait AnyClaim: Any + Send + Sync {
    fn prove(&self, limits: &Limits) -> Result<()>;
    fn equals(&self, other: &dyn AnyClaim) -> bool;
}

impl<C: Claim> AnyClaim for C {
    fn prove(&self, limits: &Limits) -> Result<()> {
        Claim::prove(self, limits)
    }

    fn equals(&self, other: &dyn AnyClaim) -> bool {
        let other: &dyn Any = other;
        other.downcast_ref::<C>() == Some(self)
    }
}

/// Claims that were proven.
#[derive(Clone, Default)]
pub(in crate::domain) struct ProvenClaims(Vec<SharedClaim>);

impl ProvenClaims {
    /// Proves a claim, so that a write that makes it is not repeated. The work limit is divided by the number of
    /// claims so far.
    ///
    /// # Errors
    /// The error of the claim if it does not hold.
    pub(in crate::domain) fn prove(&mut self, claim: SharedClaim, limits: &Limits) -> Result<()> {
        if !self.contains(&claim) {
            let claims = u64::try_from(self.0.len()).unwrap_or(u64::MAX);
            claim
                .0
                .prove(&limits.divided_among(claims.saturating_add(1)))?;
            self.0.push(claim);
        }
        Ok(())
    }

    fn contains(&self, claim: &SharedClaim) -> bool {
        self.0.iter().any(|known| known.0.equals(&*claim.0))
    }
}

/// Claims of one write in its transaction.
#[derive(Default)]
pub(in crate::domain) struct Claims {
    proven: ProvenClaims,
    unproven: Vec<SharedClaim>,
}

impl Claims {
    pub(in crate::domain) fn from_proven(proven: ProvenClaims) -> Self {
        Self {
            proven,
            unproven: Vec::new(),
        }
    }

    /// Records a claim. It is proven only when the write has succeeded.
    pub(in crate::domain) fn claim(&mut self, claim: SharedClaim) {
        if !self.proven.contains(&claim) {
            self.unproven.push(claim);
        }
    }

    /// Requires that all claims so far are proven.
    ///
    /// # Errors
    /// `Internal`. Callers see it only for claims of a write that was not started with [`App::run_proven_write_tx`].
    pub(in crate::domain) fn require_proven(&self) -> Result<()> {
        match self.unproven.is_empty() {
            true => Ok(()),
            false => Err(unproven_error()),
        }
    }

    pub(in crate::domain) fn take_unproven(&mut self) -> Vec<SharedClaim> {
        std::mem::take(&mut self.unproven)
    }
}

fn unproven_error() -> Error {
    Error::new(
        Kind::Internal,
        "a claim of a write transaction is not proven",
    )
}

/// Locks that serialize repeated writes, so that they do not invalidate each other's claims forever.
pub(in crate::domain) struct RetryLocks {
    locks: [AsyncMutex<()>; LOCK_COUNT],
    hasher: RandomState,
}

impl Default for RetryLocks {
    fn default() -> Self {
        Self {
            locks: std::array::from_fn(|_| AsyncMutex::default()),
            hasher: RandomState::new(),
        }
    }
}

impl RetryLocks {
    fn lock_of(&self, workspace: &WorkspaceId) -> &AsyncMutex<()> {
        let hash = self.hasher.hash_one(workspace);
        &self.locks[usize::try_from(hash % LOCK_COUNT as u64).unwrap_or(0)]
    }
}

impl App {
    /// Runs `job` in a write transaction like [`run_write_tx`](Self::run_write_tx), with claims. `job` is called again after
    /// unproven claims are proven.
    ///
    /// # Errors
    /// The error of a claim that does not hold, `Conflict` if the data of the claims changes repeatedly, and the
    /// errors of [`run_write_tx`](Self::run_write_tx).
    pub(in crate::domain) async fn run_proven_write_tx<T: Send + 'static>(
        &self,
        call: &RequestContext,
        mut proven: ProvenClaims,
        job: impl Fn(&WriteTx<'_>, &WorkspaceId) -> Result<T> + Send + Sync + 'static,
    ) -> Result<T> {
        let job = Arc::new(job);
        let mut retry_guard = None;
        for _ in 0..MAX_ATTEMPTS {
            let open = Arc::<Mutex<Vec<SharedClaim>>>::default();
            let (job, known, left) = (job.clone(), proven.clone(), open.clone());
            let outcome = self.run_write_tx(call, move |tx, workspace| {
                tx.set_claims(Claims::from_proven(known));
                let result = job(tx, workspace);
                let claims = tx.claims_mut().take_unproven();
                if claims.is_empty() {
                    return result;
                }
                *left.lock().unwrap_or_else(PoisonError::into_inner) = claims;
                Err(unproven_error())
            });
            let outcome = outcome.await;
            let open = std::mem::take(&mut *open.lock().unwrap_or_else(PoisonError::into_inner));
            if open.is_empty() {
                return outcome;
            }
            if retry_guard.is_none() {
                retry_guard = Some(self.retry_locks().lock_of(call.workspace()).lock().await);
            }
            for claim in open {
                proven.prove(claim, call.schema_limits())?;
            }
        }
        Err(Error::new(
            Kind::Conflict,
            "The data of this request changed repeatedly meanwhile; try again",
        ))
    }
}
