//! What every domain function works with.

use std::{
    any::Any,
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use tokio::sync::Notify;

use super::{
    audit, billing, bounds, claims::Turns, commit_batch::Tally, features::Features,
    keyring::Keyring, usage::Meter,
};
use crate::{
    domain::shared::{limits, plans},
    engine::{self, Engine, NativeProgram, script::Scripts},
    kernel::{Clock, schema},
    net::{
        outbound::{self, Outbound},
        tunnels::{self, Tunnels},
    },
    store::{CommitHook, Sealer, Store},
};

/// Settings of this area and of what lies below it. Areas above keep their own as features.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Calls allowed per tenant and API class.
    pub limits: limits::Settings,
    /// Outgoing requests.
    pub outbound: outbound::Settings,
    /// Running code.
    pub runtime: engine::Settings,
    /// Plans: what workspaces may have.
    pub plans: plans::Settings,
    /// Billing.
    pub billing: billing::Settings,
    /// Tunnels to programs in development.
    pub tunnel: tunnels::Settings,
    /// Audit records.
    pub audit: audit::Settings,
    /// Maximum number of each thing that a tenant can have.
    pub bounds: bounds::Settings,
    /// Maximum work that a JSON Schema may ask for.
    pub schemas: schema::Limits,
    /// True in profile `dev`: a server on the developer's own machine.
    pub development: bool,
}

/// Where this server is found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addresses {
    /// Its API, for the code that it runs: `http://127.0.0.1:4600`.
    pub api: String,
    /// What the addresses of webhooks begin with: `http://127.0.0.1:4600/webhook`.
    pub webhooks: String,
}

/// The domain of one database: cheap to clone, shared by all requests.
#[derive(Clone)]
pub struct App(Arc<Parts>);

struct Parts {
    store: Store,
    sealer: Sealer,
    clock: Clock,
    settings: Settings,
    meter: Meter,
    keyring: Arc<Keyring>,
    tally: Arc<Tally>,
    closed_workspaces: Notify,
    outbound: Outbound,
    runtime: Engine,
    scripts: Scripts,
    tunnels: Tunnels,
    addresses: OnceLock<Addresses>,
    natives: OnceLock<BTreeMap<&'static str, Arc<dyn NativeProgram>>>,
    counts: bounds::Counts,
    turns: Turns,
    features: Features,
}

impl App {
    /// Makes the handle over an open store. `hooks` take part in every transaction, in their order;
    /// `features` are the values that the areas above keep in it.
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
        let tally = Arc::new(Tally::new(keyring.clone(), hooks));
        store.set_commit_hook(tally.clone());
        let tunnels = Tunnels::new(&settings.tunnel, settings.development);
        let runtime = Engine::new(
            settings.runtime.clone(),
            settings.development,
            clock.clone(),
            outbound.clone(),
        );
        let scripts = Scripts::new(&settings.runtime);
        Self(Arc::new(Parts {
            store,
            sealer,
            clock,
            settings,
            meter,
            keyring,
            tally,
            closed_workspaces: Notify::new(),
            outbound,
            runtime,
            scripts,
            tunnels,
            addresses: OnceLock::new(),
            natives: OnceLock::new(),
            counts: bounds::Counts::default(),
            turns: Turns::default(),
            features,
        }))
    }

    /// The value of this type that an area above keeps here.
    pub(in crate::domain) fn feature<T: Any + Send + Sync>(&self) -> &T {
        self.0.features.get()
    }

    /// The turns of changes that are made anew, by workspace.
    pub(in crate::domain) fn turns(&self) -> &Turns {
        &self.0.turns
    }

    /// The database.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// What seals secrets for the database and opens them again.
    #[must_use]
    pub fn sealer(&self) -> &Sealer {
        &self.0.sealer
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// What bounds are asked with.
    pub(in crate::domain) fn bounds(&self) -> bounds::Asked<'_> {
        bounds::Asked {
            settings: &self.0.settings.bounds,
            counts: &self.0.counts,
        }
    }

    /// What sends requests to elsewhere.
    #[must_use]
    pub fn outbound(&self) -> &Outbound {
        &self.0.outbound
    }

    /// What runs the code of deployed programs.
    #[must_use]
    pub fn runtime(&self) -> &Engine {
        &self.0.runtime
    }

    /// The processes that run the scripts of integrations.
    #[must_use]
    pub fn scripts(&self) -> &Scripts {
        &self.0.scripts
    }

    /// Notes where this server is found. Only the first time counts.
    pub fn serves_at(&self, addresses: Addresses) {
        self.0.outbound.serves_at(&addresses.api);
        self.0.tunnels.serves_at(&addresses.api);
        self.0.tunnels.serves_at(&addresses.webhooks);
        // They were noted before.
        let _ = self.0.addresses.set(addresses);
    }

    /// Where this server is found.
    pub(in crate::domain) fn addresses(&self) -> &Addresses {
        self.0.addresses.get_or_init(Addresses::default)
    }

    /// Notes the programs that are a part of this one, by the names of the integrations that they are.
    /// Only the first time counts.
    pub fn has_natives(&self, natives: BTreeMap<&'static str, Arc<dyn NativeProgram>>) {
        // They were noted before.
        let _ = self.0.natives.set(natives);
    }

    /// The program that is a part of this one and the built-in integration of this name.
    pub(in crate::domain) fn native(&self, name: &str) -> Option<&Arc<dyn NativeProgram>> {
        self.0.natives.get()?.get(name)
    }

    /// The tunnels to programs in development.
    #[must_use]
    pub fn tunnels(&self) -> &Tunnels {
        &self.0.tunnels
    }

    /// Is notified when a workspace was closed, whose rows are to be deleted.
    pub(in crate::domain) fn closed_workspaces(&self) -> &Notify {
        &self.0.closed_workspaces
    }

    pub(in crate::domain) fn meter(&self) -> &Meter {
        &self.0.meter
    }

    pub(in crate::domain) fn keyring(&self) -> &Keyring {
        &self.0.keyring
    }

    /// What the changes of one transaction have in common.
    pub(in crate::domain) fn tally(&self) -> &Tally {
        &self.0.tally
    }
}
