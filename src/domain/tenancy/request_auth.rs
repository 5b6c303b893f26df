//! Authentication of requests: turns a token into a request context that is within the rate limits and is counted.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use rusqlite::Connection;

use super::{
    access_tokens::{self, Grant},
    admission::Admission,
    api_keys::{self, KeyKind, KeyOwner},
    app::App,
    auth_scope::ResolvedScope,
    keyring::{CachedKey, KeyUse},
    members::Role,
    principal_cache::PrincipalCache,
    usage::{self, Tenant, UsageKey},
    workspaces,
};
use crate::{
    domain::shared::{
        rate_limits::{ApiClass, RateLimitStatus},
        row_range::RowRange,
    },
    kernel::{
        Error, Kind, Result, Timestamp,
        ids::{AgentId, ApiKeyId, WorkspaceId},
        schema::Limits,
        secret::TokenHash,
    },
};

pub use super::{acting_installation::ActingInstallation, auth_scope::AuthScope};

/// Maximum number of characters that are stored of a project's name.
const MAX_CLIENT_NAME_CHARS: usize = 255;

/// Context of an authenticated request of a tenant that is within the rate limits. The request is counted in the
/// transaction of its write, or when the context is dropped without one.
pub struct RequestContext {
    admission: Arc<Admission>,
    key: Arc<CachedKey>,
    rate_limit_status: Option<RateLimitStatus>,
    count: Arc<RequestCount>,
    client_name: Option<String>,
}

/// Count of one request. It is written in the transaction of the request's write, which may commit after the request
/// has ended, or else in memory.
pub(in crate::domain) struct RequestCount {
    app: App,
    usage_key: UsageKey,
    is_written: AtomicBool,
}

impl RequestCount {
    /// Returns the count for the transaction of a write; `None` if another write of the request has committed it.
    pub(in crate::domain) fn unwritten(&self) -> Option<&UsageKey> {
        let written = self.is_written.load(Ordering::Relaxed);
        (!written).then_some(&self.usage_key)
    }

    /// Records that the count is on disk.
    pub(in crate::domain) fn mark_written(&self) {
        self.is_written.store(true, Ordering::Relaxed);
    }
}

impl Drop for RequestCount {
    fn drop(&mut self) {
        if self.unwritten().is_some() {
            self.app.meter().count_request(self.usage_key.clone());
        }
    }
}

/// The caller of a request: the owner of its key, in a tenant.
#[derive(Debug)]
pub struct Principal {
    /// Id of the key.
    pub key_id: ApiKeyId,
    /// Owner of the key.
    pub owner: KeyOwner,
    /// Tenant of the request.
    pub workspace_id: WorkspaceId,
    /// Range of the tenant's row numbers.
    pub(in crate::domain) workspace_rows: RowRange,
    /// Agent that the key acts in, if any.
    pub agent: Option<PrincipalAgent>,
    /// Permissions of an installation's token; `None` for other keys.
    pub grant: Option<Grant>,
    /// Role of the person in the workspace; `None` for keys that do not belong to a person.
    pub role: Option<Role>,
    /// True if the workspace is blocked, so that it is read-only.
    pub blocked: bool,
    /// Installed integration that the caller acts as, if any.
    pub installation: Option<ActingInstallation>,
    /// Value that another area derives from the principal. It lives for one key generation.
    pub(in crate::domain) cache: PrincipalCache,
}

/// Agent that a key acts in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrincipalAgent {
    /// Id of the agent.
    pub id: AgentId,
    /// Handle of the agent.
    pub handle: String,
    /// Row number of the agent.
    pub(in crate::domain) seq: i64,
}

impl RequestContext {
    /// Returns the application that serves the request.
    #[must_use]
    pub fn app(&self) -> &App {
        self.admission.app()
    }

    /// Returns the work limits of JSON Schemas.
    #[must_use]
    pub fn schema_limits(&self) -> &Limits {
        &self.app().settings().schemas
    }

    /// Returns the admission of the request.
    #[must_use]
    pub const fn admission(&self) -> &Arc<Admission> {
        &self.admission
    }

    /// Checks that a new request would still be admitted. Call it before an effect that is not a write.
    ///
    /// # Errors
    /// The error that a new request would get, and errors of the store.
    pub fn recheck(&self) -> Result<()> {
        self.admission.recheck()
    }

    /// Checks a condition of the principal now, and each time that the principal is resolved again.
    ///
    /// # Errors
    /// Errors of `condition`.
    pub fn require_of_principal(
        &self,
        condition: impl Fn(&Principal) -> Result<()> + Send + Sync + 'static,
    ) -> Result<()> {
        condition(self.principal())?;
        self.admission
            .add_condition(move |present| condition(present.principal));
        Ok(())
    }

    /// Sets the dialect's conversion of the error that a request gets when its principal is no longer admitted.
    #[must_use]
    pub fn with_error_map(self, answer: impl Fn(Error) -> Error + Send + Sync + 'static) -> Self {
        self.admission.set_error_map(answer);
        self
    }

    /// Sets the name of the client's project, which is stored with its audit records and connector logs.
    #[must_use]
    pub fn with_client_name(mut self, name: Option<&str>) -> Self {
        let name = name.filter(|name| !name.is_empty());
        self.client_name = name.map(|name| name.chars().take(MAX_CLIENT_NAME_CHARS).collect());
        self
    }

    /// Returns the name of the client's project, if the request has one.
    #[must_use]
    pub fn client_name(&self) -> Option<&str> {
        self.client_name.as_deref()
    }

    /// Returns the principal of the request.
    #[must_use]
    pub fn principal(&self) -> &Arc<Principal> {
        &self.key.principal
    }

    /// Returns the tenant of the request.
    #[must_use]
    pub fn workspace(&self) -> &WorkspaceId {
        &self.key.principal.workspace_id
    }

    /// Returns the agent of the request.
    ///
    /// # Errors
    /// `Unauthenticated` for a key without an agent.
    pub fn agent(&self) -> Result<&PrincipalAgent> {
        self.principal()
            .agent
            .as_ref()
            .ok_or_else(unauthenticated_error)
    }

    /// Returns the name of the integration that the caller acts as; `None` for a bot.
    #[must_use]
    pub fn integration_name(&self) -> Option<&str> {
        let installation = self.principal().installation.as_ref()?;
        Some(&installation.name)
    }

    /// Returns the status of the rate limit with the fewest remaining requests; `None` without a limit.
    #[must_use]
    pub const fn rate_limit_status(&self) -> Option<RateLimitStatus> {
        self.rate_limit_status
    }

    /// Returns the count of the request, for a write that may outlive the request.
    pub(in crate::domain) fn request_count(&self) -> Arc<RequestCount> {
        self.count.clone()
    }
}

impl App {
    /// Admits a request with a tenant's key: the key must be valid, of one of these kinds, and within the rate limits
    /// of its tenant. A request with a cached key that exceeds its limits reads nothing from the database.
    ///
    /// # Errors
    /// `Unauthenticated`, `RateLimited`, and errors of the store.
    pub fn admit(&self, token: &str, kinds: &[KeyKind], class: ApiClass) -> Result<RequestContext> {
        self.admit_in_scope(&AuthScope::Own, token, kinds, class)
    }

    /// Admits a request in a scope that the client names and the key must be valid in. Otherwise like
    /// [`admit`](Self::admit).
    ///
    /// # Errors
    /// `Forbidden` if the key is not valid in the scope, and the errors of [`admit`](Self::admit).
    pub fn admit_in_scope(
        &self,
        scope: &AuthScope<'_>,
        token: &str,
        kinds: &[KeyKind],
        class: ApiClass,
    ) -> Result<RequestContext> {
        let hash = (scope.hash_token(token), class);
        let now = self.clock().now();
        let known = self.keyring().keys.get(&hash);
        let known = known.filter(|known| kinds.contains(&known.kind) && known.is_valid_at(now));
        if let Some(known) = known {
            let rate_limit_status = self.take_request(&known, now)?;
            if self.keyring().current_generation(self.store(), now)? == known.generation {
                return Ok(self.build_context(known, rate_limit_status, now));
            }
            self.keyring().keys.remove(&hash);
            // The rate limiter has already counted this request.
            let known = self.load_key(scope, token, hash, kinds, now)?;
            return Ok(self.build_context(known, rate_limit_status, now));
        }
        let known = self.load_key(scope, token, hash, kinds, now)?;
        let rate_limit_status = self.take_request(&known, now)?;
        Ok(self.build_context(known, rate_limit_status, now))
    }

    fn load_key(
        &self,
        scope: &AuthScope<'_>,
        token: &str,
        key: (TokenHash, ApiClass),
        kinds: &[KeyKind],
        now: Timestamp,
    ) -> Result<Arc<CachedKey>> {
        let (hash, class) = (TokenHash::of(token), key.1);
        let known = self.store().read(|conn| {
            // Read the generation first: a later revocation then causes another lookup.
            let generation = api_keys::read_generation(conn)?;
            let (kind, principal) = resolve(conn, &hash, scope, kinds, now)?;
            let tenant = Tenant {
                agent: principal
                    .agent
                    .as_ref()
                    .filter(|_| class.is_per_agent())
                    .map(|agent| agent.id.clone()),
                workspace: principal.workspace_id.clone(),
            };
            let allowance = self.meter().limiter(&tenant, class);
            Ok(Arc::new(CachedKey {
                generation,
                kind,
                hash,
                scope: scope.to_owned_scope(),
                key_use: Arc::new(KeyUse {
                    key: principal.key_id.clone(),
                    last_used_at: AtomicI64::new(0),
                    is_queued: AtomicBool::new(false),
                }),
                principal: Arc::new(principal),
                tenant,
                class,
                limiter: allowance,
            }))
        })?;
        self.keyring().keys.insert(key, known.clone());
        Ok(known)
    }

    /// Counts a request in the rate limiter of a cached key.
    fn take_request(&self, known: &CachedKey, now: Timestamp) -> Result<Option<RateLimitStatus>> {
        let counted = || UsageKey {
            tenant: known.tenant.clone(),
            class: known.class,
            day: now.day(),
        };
        self.meter()
            .take_request(&known.limiter, counted, now, |counted| {
                self.store().read(|conn| usage::find_calls(conn, counted))
            })
    }

    fn build_context(
        &self,
        known: Arc<CachedKey>,
        rate_limit_status: Option<RateLimitStatus>,
        now: Timestamp,
    ) -> RequestContext {
        known
            .key_use
            .last_used_at
            .store(now.as_micros(), Ordering::Relaxed);
        if !known.key_use.is_queued.swap(true, Ordering::Relaxed) {
            self.meter().queue_key_use(known.key_use.clone());
        }
        RequestContext {
            admission: Admission::for_principal(self, known.clone()),
            rate_limit_status,
            count: Arc::new(RequestCount {
                app: self.clone(),
                usage_key: UsageKey {
                    tenant: known.tenant.clone(),
                    class: known.class,
                    day: now.day(),
                },
                is_written: AtomicBool::new(false),
            }),
            key: known,
            client_name: None,
        }
    }
}

/// Resolves the principal of a token in a scope, and the kind of its key.
///
/// # Errors
/// `Unauthenticated`, `Forbidden` if the key is not valid in the scope, and errors of the store.
pub(in crate::domain) fn resolve(
    conn: &Connection,
    hash: &TokenHash,
    scope: &AuthScope<'_>,
    kinds: &[KeyKind],
    now: Timestamp,
) -> Result<(KeyKind, Principal)> {
    let (valid_key, grant) = match api_keys::find_valid(conn, hash)? {
        Some(valid_key) => (valid_key, None),
        None => {
            let found = access_tokens::find_grant(conn, hash, now)?;
            let (valid_key, grant) = found.ok_or_else(unauthenticated_error)?;
            (valid_key, Some(grant))
        }
    };
    if !kinds.contains(&valid_key.kind) {
        return Err(unauthenticated_error());
    }
    let ResolvedScope {
        workspace,
        agent,
        role,
        installation,
    } = scope.resolve(conn, &valid_key)?;
    let blocked = workspaces::is_blocked(conn, &workspace)?;
    let workspace_rows = RowRange::find(conn, &workspace)?;
    let principal = Principal {
        key_id: valid_key.key_id,
        owner: valid_key.owner,
        workspace_id: workspace,
        workspace_rows: workspace_rows.unwrap_or(RowRange::WITHOUT_WORKSPACE),
        agent,
        grant,
        role,
        blocked,
        installation,
        cache: PrincipalCache::default(),
    };
    Ok((valid_key.kind, principal))
}

/// Returns the one error for a missing, unknown, revoked or foreign key. It does not reveal which of these is the
/// case.
#[must_use]
pub fn unauthenticated_error() -> Error {
    Error::new(Kind::Unauthenticated, "Invalid or missing API key")
}
