//! What every domain function works with.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use tokio::sync::Notify;

use super::{
    audit, billing, bounds, claims::Turns, commit_batch::Tally, keyring::Keyring, usage::Meter,
};
use crate::{
    domain::{
        bots::{
            conversations::Routes,
            definitions::Declarations,
            deliveries::{self, Haste},
            manage,
            messages::Index,
            protocol::{self, Programs},
        },
        retrieval::{
            answers,
            connectors::{self, Refreshes},
            folders::{self, Folders},
        },
        service_integrations::{self, SecretNames},
        shared::{limits, plans},
        webchat::{self, Listeners},
        webhooks::{self, Hub, inbox},
    },
    engine::{self, Engine, Native, script::Scripts},
    kernel::{Clock, Result, schema},
    net::{
        outbound::{self, Outbound},
        tunnels::{self, Tunnels},
    },
    store::{Sealer, Store},
};

/// The settings of the domain, by concern.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Calls allowed per tenant and API class.
    pub limits: limits::Settings,
    /// Connections to outside services.
    pub service_integrations: service_integrations::Settings,
    /// Outgoing requests.
    pub outbound: outbound::Settings,
    /// Running code.
    pub runtime: engine::Settings,
    /// Plans: what workspaces may have.
    pub plans: plans::Settings,
    /// Billing.
    pub billing: billing::Settings,
    /// Telling bots and integrations what they are to know.
    pub deliveries: deliveries::Settings,
    /// Tunnels to programs in development.
    pub tunnel: tunnels::Settings,
    /// Bots.
    pub bots: manage::Settings,
    /// The built-in chat.
    pub webchat: webchat::Settings,
    /// Webhooks.
    pub webhooks: webhooks::Settings,
    /// The test inbox.
    pub inbox: inbox::Settings,
    /// Connectors.
    pub connectors: connectors::Settings,
    /// Folders that are served as connectors.
    pub folders: folders::Settings,
    /// Audit records.
    pub audit: audit::Settings,
    /// The most of each thing that a tenant can have.
    pub bounds: bounds::Settings,
    /// Answers.
    pub answers: answers::Settings,
    /// How much JSON Schemas may ask for.
    pub schemas: schema::Limits,
    /// Whether this is profile `dev`: a server on one's own machine.
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
    message_index: Arc<Index>,
    declarations: Declarations,
    routes: Routes,
    secret_names: SecretNames,
    end_user_work: Notify,
    farewells: Notify,
    closed_workspaces: Notify,
    bot_work: Notify,
    outbound: Outbound,
    runtime: Engine,
    scripts: Scripts,
    programs: Programs,
    addresses: OnceLock<Addresses>,
    natives: OnceLock<BTreeMap<&'static str, Arc<dyn Native>>>,
    listeners: Listeners,
    deliveries: Hub,
    haste: Haste,
    telling: protocol::Metrics,
    failures: protocol::Failures,
    tunnels: Tunnels,
    webhooks: Hub,
    folders: Folders,
    refreshes: Refreshes,
    counts: bounds::Counts,
    turns: Turns,
}

impl App {
    /// The domain over an open store.
    ///
    /// # Errors
    /// Those of the store.
    pub fn new(store: Store, sealer: Sealer, clock: Clock, settings: Settings) -> Result<Self> {
        let secret_names = SecretNames::new(&settings.service_integrations.secret_names);
        let meter = Meter::new(settings.limits.clone(), settings.development, clock.clone());
        let folders = Folders::new(&settings.connectors.folder);
        let outbound = Outbound::new(&settings.outbound, settings.development);
        let keyring = Arc::<Keyring>::default();
        let message_index = Arc::new(Index::load(&store, settings.bots.unindexed_messages)?);
        let tally = Arc::new(Tally::new(keyring.clone(), message_index.clone()));
        store.set_commit_hook(tally.clone());
        let tunnels = Tunnels::new(&settings.tunnel, settings.development);
        let listeners = Listeners::new(&settings.webchat);
        let runtime = Engine::new(
            settings.runtime.clone(),
            settings.development,
            clock.clone(),
            outbound.clone(),
        );
        let scripts = Scripts::new(&settings.runtime);
        let now = clock.now();
        Ok(Self(Arc::new(Parts {
            store,
            sealer,
            clock,
            settings,
            meter,
            keyring,
            tally,
            message_index,
            declarations: Declarations::default(),
            routes: Routes::default(),
            secret_names,
            end_user_work: Notify::new(),
            farewells: Notify::new(),
            closed_workspaces: Notify::new(),
            bot_work: Notify::new(),
            outbound,
            runtime,
            scripts,
            programs: Programs::default(),
            addresses: OnceLock::new(),
            natives: OnceLock::new(),
            listeners,
            deliveries: Hub::default(),
            haste: Haste::default(),
            telling: protocol::Metrics::default(),
            failures: protocol::Failures::new(now),
            tunnels,
            webhooks: Hub::default(),
            folders,
            refreshes: Refreshes::default(),
            counts: bounds::Counts::default(),
            turns: Turns::default(),
        })))
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

    /// The programs that the runtime has been asked for.
    pub(in crate::domain) fn programs(&self) -> &Programs {
        &self.0.programs
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
    pub fn has_natives(&self, natives: BTreeMap<&'static str, Arc<dyn Native>>) {
        // They were noted before.
        let _ = self.0.natives.set(natives);
    }

    /// The program that is a part of this one and the built-in integration of this name.
    pub(in crate::domain) fn native(&self, name: &str) -> Option<&Arc<dyn Native>> {
        self.0.natives.get()?.get(name)
    }

    /// Who listens to conversations of the chat.
    #[must_use]
    pub fn listeners(&self) -> &Listeners {
        &self.0.listeners
    }

    /// What connects changes with the dispatcher that tells bots and integrations.
    #[must_use]
    pub fn deliveries(&self) -> &Hub {
        &self.0.deliveries
    }

    /// Who is to be told at once of what it has refused.
    pub(in crate::domain) fn haste(&self) -> &Haste {
        &self.0.haste
    }

    /// What is measured of telling bots and integrations.
    #[must_use]
    pub fn telling(&self) -> &protocol::Metrics {
        &self.0.telling
    }

    /// The failures of code that were seen lately.
    pub(in crate::domain) fn failures(&self) -> &protocol::Failures {
        &self.0.failures
    }

    /// The tunnels to programs in development.
    #[must_use]
    pub fn tunnels(&self) -> &Tunnels {
        &self.0.tunnels
    }

    /// What connects changes with the dispatcher of webhooks.
    #[must_use]
    pub fn webhooks(&self) -> &Hub {
        &self.0.webhooks
    }

    /// The folders that are served as connectors.
    #[must_use]
    pub fn folders(&self) -> &Folders {
        &self.0.folders
    }

    /// Is notified when an integration is to be told that an installation is gone.
    #[must_use]
    pub fn farewells(&self) -> &Notify {
        &self.0.farewells
    }

    /// What keeps refreshes of one authorization apart.
    pub(in crate::domain) fn refreshes(&self) -> &Refreshes {
        &self.0.refreshes
    }

    /// Is notified when a workspace was closed, whose rows are to be deleted.
    pub(in crate::domain) fn closed_workspaces(&self) -> &Notify {
        &self.0.closed_workspaces
    }

    /// Wakes whoever does what is due of bots.
    pub(in crate::domain) fn bot_work(&self) -> &Notify {
        &self.0.bot_work
    }

    pub(in crate::domain) fn meter(&self) -> &Meter {
        &self.0.meter
    }

    /// Which members of a service integration's configuration are secret.
    pub(in crate::domain) fn secret_names(&self) -> &SecretNames {
        &self.0.secret_names
    }

    pub(in crate::domain) fn keyring(&self) -> &Keyring {
        &self.0.keyring
    }

    /// What bots and integrations declare.
    pub(in crate::domain) fn declarations(&self) -> &Declarations {
        &self.0.declarations
    }

    /// What messages are found by, as far as the file does not have it.
    pub(in crate::domain) fn message_index(&self) -> &Index {
        &self.0.message_index
    }

    /// Where conversations go through.
    pub(in crate::domain) fn routes(&self) -> &Routes {
        &self.0.routes
    }

    /// Wakes whoever does what is due of end users.
    pub(in crate::domain) fn end_user_work(&self) -> &Notify {
        &self.0.end_user_work
    }

    /// What the changes of one transaction have in common.
    pub(in crate::domain) fn tally(&self) -> &Tally {
        &self.0.tally
    }
}
