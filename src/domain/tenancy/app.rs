//! [`App`]: the handle that every domain function uses. It contains the store, the services below the domain, and the
//! values that areas register in it.

use std::{
    any::Any,
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use tokio::sync::Notify;

use super::{
    audit, billing, bounds, claims::RetryLocks, commit_batch::CommitBatch, features::Features,
    keyring::Keyring, usage::Meter,
};
use crate::{
    domain::shared::{plans, rate_limits},
    engine::{self, Engine, NativeProgram, script::Scripts},
    kernel::{Clock, schema},
    net::{
        outbound::{self, Outbound},
        tunnels::{self, Tunnels},
    },
    store::{CommitHook, Sealer, Store},
};

/// Settings of this area and of the layers below. The areas above register their own settings as features.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Rate limits per tenant and API class.
    pub limits: rate_limits::Settings,
    /// Outgoing requests.
    pub outbound: outbound::Settings,
    /// Execution of code.
    pub runtime: engine::Settings,
    /// Plans: limits and prices of workspaces.
    pub plans: plans::Settings,
    /// Billing.
    pub billing: billing::Settings,
    /// Tunnels to programs in development.
    pub tunnel: tunnels::Settings,
    /// Audit records.
    pub audit: audit::Settings,
    /// Maximum number of rows of each kind that a tenant can have.
    pub bounds: bounds::Settings,
    /// Maximum work of a JSON Schema.
    pub schemas: schema::Limits,
    /// True in profile `dev`: a server on the developer's own machine.
    pub development: bool,
}

/// Public addresses of this server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addresses {
    /// Base URL of the API, for the code that this server runs: `http://127.0.0.1:4600`.
    pub api: String,
    /// Prefix of webhook URLs: `http://127.0.0.1:4600/webhook`.
    pub webhooks: String,
}

/// Handle of the application over one database: cheap to clone, shared by all requests.
#[derive(Clone)]
pub struct App(Arc<AppInner>);

struct AppInner {
    store: Store,
    sealer: Sealer,
    clock: Clock,
    settings: Settings,
    meter: Meter,
    keyring: Arc<Keyring>,
    commit_batch: Arc<CommitBatch>,
    workspace_closed: Notify,
    outbound: Outbound,
    engine: Engine,
    scripts: Scripts,
    tunnels: Tunnels,
    addresses: OnceLock<Addresses>,
    native_programs: OnceLock<BTreeMap<&'static str, Arc<dyn NativeProgram>>>,
    bound_counts: bounds::CountCache,
    retry_locks: RetryLocks,
    features: Features,
}

impl App {
    /// Creates the handle over an open store. `hooks` run in every transaction, in their order; `features` are the
    /// values that the areas above register.
    #[must_use]
    pub(in crate::domain) fn new(
        (store, sealer, clock): (Store, Sealer, Clock),
        settings: Settings,
        hooks: Vec<Arc<dyn CommitHook>>,
        features: Features,
    ) -> Self {
        let meter = Meter::new(settings.limits.clone(), settings.development, clock.clone());
        let outbound = Outbound::new(&settings.outbound, settings.development);
        let keyring = Arc::<Keyring>::default();
        let commit_batch = Arc::new(CommitBatch::new(keyring.clone(), hooks));
        store.set_commit_hook(commit_batch.clone());
        let tunnels = Tunnels::new(&settings.tunnel, settings.development);
        let runtime = Engine::new(
            settings.runtime.clone(),
            settings.development,
            clock.clone(),
            outbound.clone(),
        );
        let scripts = Scripts::new(&settings.runtime);
        Self(Arc::new(AppInner {
            store,
            sealer,
            clock,
            settings,
            meter,
            keyring,
            commit_batch,
            workspace_closed: Notify::new(),
            outbound,
            engine: runtime,
            scripts,
            tunnels,
            addresses: OnceLock::new(),
            native_programs: OnceLock::new(),
            bound_counts: bounds::CountCache::default(),
            retry_locks: RetryLocks::default(),
            features,
        }))
    }

    /// Returns the registered value of this type.
    pub(in crate::domain) fn feature<T: Any + Send + Sync>(&self) -> &T {
        self.0.features.get()
    }

    /// Returns the locks that serialize the retries of writes, by workspace.
    pub(in crate::domain) fn retry_locks(&self) -> &RetryLocks {
        &self.0.retry_locks
    }

    /// Returns the database.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// Returns the sealer, which encrypts and decrypts secrets in the database.
    #[must_use]
    pub fn sealer(&self) -> &Sealer {
        &self.0.sealer
    }

    /// Returns the clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Returns the settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Returns the settings and cached counts for checks of [`bounds`].
    pub(in crate::domain) fn bounds_check(&self) -> bounds::BoundsCheck<'_> {
        bounds::BoundsCheck {
            settings: &self.0.settings.bounds,
            counts: &self.0.bound_counts,
        }
    }

    /// Returns the client for outgoing requests.
    #[must_use]
    pub fn outbound(&self) -> &Outbound {
        &self.0.outbound
    }

    /// Returns the engine, which runs the code of deployed programs.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// Returns the processes that run the scripts of integrations.
    #[must_use]
    pub fn scripts(&self) -> &Scripts {
        &self.0.scripts
    }

    /// Sets the public addresses of this server. Only the first call has an effect.
    pub fn set_addresses(&self, addresses: Addresses) {
        self.0.outbound.set_own_url(&addresses.api);
        self.0.tunnels.add_own_url(&addresses.api);
        self.0.tunnels.add_own_url(&addresses.webhooks);
        // An error means that the addresses are already set.
        let _ = self.0.addresses.set(addresses);
    }

    /// Returns the public addresses of this server.
    #[must_use]
    pub fn addresses(&self) -> &Addresses {
        self.0.addresses.get_or_init(Addresses::default)
    }

    /// Sets the native programs of this process, by the name of the integration that they implement. Only the first
    /// call has an effect.
    pub fn set_native_programs(&self, natives: BTreeMap<&'static str, Arc<dyn NativeProgram>>) {
        // An error means that the programs are already set.
        let _ = self.0.native_programs.set(natives);
    }

    /// Returns the native program of the built-in integration with this name.
    pub(in crate::domain) fn native_program(&self, name: &str) -> Option<&Arc<dyn NativeProgram>> {
        self.0.native_programs.get()?.get(name)
    }

    /// Returns the tunnels to programs in development.
    #[must_use]
    pub fn tunnels(&self) -> &Tunnels {
        &self.0.tunnels
    }

    /// Returns the wake-up that is notified after a workspace is closed, so that its rows are deleted.
    pub(in crate::domain) fn workspace_closed(&self) -> &Notify {
        &self.0.workspace_closed
    }

    pub(in crate::domain) fn meter(&self) -> &Meter {
        &self.0.meter
    }

    pub(in crate::domain) fn keyring(&self) -> &Keyring {
        &self.0.keyring
    }

    /// Returns the commit hook that the jobs of one transaction share.
    pub(in crate::domain) fn commit_batch(&self) -> &CommitBatch {
        &self.0.commit_batch
    }
}
