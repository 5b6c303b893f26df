//! Results by the request ids of clients: a repeated request gets the stored result instead of a second run. They are
//! in memory, so a restart forgets them.
// wire: [inf] the vendor does not publish how long it keeps them (botpress-today.md §9)

use std::{any::Any, sync::Arc};

use quick_cache::{Weighter, sync::Cache};

use crate::{
    domain::tenancy::request_auth::RequestContext,
    kernel::{Error, Result},
};

/// Number of results that are expected.
const EXPECTED_RESULTS: usize = 1_000;
/// Maximum size of all results, in bytes.
const MAX_BYTES: u64 = 32 * 1024 * 1024;
/// Size that a result has beside its text, in bytes.
const OVERHEAD_BYTES: usize = 512;

/// The stored results.
pub(super) struct ResultCache(Cache<Key, StoredResult, BySize>);

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    agent_seq: i64,
    /// Id of the calling integration; none for the bot.
    integration: Option<String>,
    operation: &'static str,
    request_id: String,
}

#[derive(Clone)]
struct StoredResult {
    bytes: usize,
    value: Arc<dyn Any + Send + Sync>,
}

#[derive(Clone)]
struct BySize;

impl Weighter<Key, StoredResult> for BySize {
    fn weight(&self, _: &Key, stored: &StoredResult) -> u64 {
        stored.bytes as u64
    }
}

impl Default for ResultCache {
    fn default() -> Self {
        Self(Cache::with_weighter(EXPECTED_RESULTS, MAX_BYTES, BySize))
    }
}

/// A request that a client may repeat with the same id.
pub(super) struct RepeatKey(Option<Key>);

impl RepeatKey {
    /// Returns the key of a request; without an id, nothing is stored.
    ///
    /// # Errors
    /// `Unauthenticated` for a caller without a bot.
    pub(super) fn new(
        call: &RequestContext,
        operation: &'static str,
        request_id: Option<&str>,
    ) -> Result<Self> {
        let Some(request_id) = request_id else {
            return Ok(Self(None));
        };
        let installation = call.principal().installation.as_ref();
        Ok(Self(Some(Key {
            agent_seq: call.agent()?.seq,
            integration: installation.map(|one| one.integration_key()),
            operation,
            request_id: request_id.to_owned(),
        })))
    }
}

impl ResultCache {
    /// Returns the stored result of a request, or runs it. Concurrent requests with one id run once. Errors are not
    /// stored. `size_of` returns the size of a result, in bytes.
    ///
    /// # Errors
    /// The errors of `run`.
    pub(super) async fn get_or_run<T: Any + Clone + Send + Sync>(
        &self,
        key: RepeatKey,
        size_of: impl Fn(&T) -> usize,
        run: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let Some(key) = key.0 else {
            return run.await;
        };
        let stored = self.0.get_or_insert_async(&key, async {
            let result = run.await?;
            Ok::<_, Error>(StoredResult {
                bytes: size_of(&result) + OVERHEAD_BYTES,
                value: Arc::new(result),
            })
        });
        let stored = stored.await?;
        let result = stored.value.downcast_ref::<T>();
        result
            .cloned()
            .ok_or_else(|| Error::internal("a stored result has another type", key.operation))
    }

    /// Returns the stored result of a request.
    pub(super) fn find<T: Any + Clone>(&self, key: &RepeatKey) -> Option<T> {
        let stored = self.0.get(key.0.as_ref()?)?;
        stored.value.downcast_ref::<T>().cloned()
    }

    /// Stores the result of a request.
    pub(super) fn insert<T: Any + Send + Sync>(&self, key: RepeatKey, bytes: usize, result: T) {
        let Some(key) = key.0 else { return };
        let stored = StoredResult {
            bytes: bytes + OVERHEAD_BYTES,
            value: Arc::new(result),
        };
        self.0.insert(key, stored);
    }
}
