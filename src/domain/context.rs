//! What every domain function works with, and the one way to change something.

use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::Notify;

use super::{
    access::{Call, Keyring},
    audit::Actor,
    limits,
    outbound::Outbound,
    service_integrations,
    usage::{self, Meter},
};
use crate::{
    kernel::{Clock, Result, Timestamp, ids::WorkspaceId},
    store::{Sealer, Store},
};

/// The settings of the domain, by concern.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Calls allowed per tenant and API class.
    pub limits: limits::Settings,
    /// Connections to outside services.
    pub service_integrations: service_integrations::Settings,
}

/// The domain of one database: cheap to clone, shared by all requests.
#[derive(Clone)]
pub struct Domain(Arc<Parts>);

struct Parts {
    store: Store,
    sealer: Sealer,
    clock: Clock,
    settings: Settings,
    meter: Meter,
    keyring: Keyring,
    outbound: Outbound,
    farewells: Notify,
}

/// One change in its transaction: the connection to make it on, and who makes it when.
pub struct Change<'a> {
    /// The writer's connection, inside the transaction of this change.
    pub conn: &'a Connection,
    /// The time of the change.
    pub now: Timestamp,
    /// Who makes it.
    pub actor: &'a Actor,
}

impl Domain {
    /// The domain over an open store.
    #[must_use]
    pub fn new(store: Store, sealer: Sealer, clock: Clock, settings: Settings) -> Self {
        let meter = Meter::new(settings.limits.clone(), clock.clone());
        Self(Arc::new(Parts {
            store,
            sealer,
            clock,
            settings,
            meter,
            keyring: Keyring::default(),
            outbound: Outbound::new(),
            farewells: Notify::new(),
        }))
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

    /// The HTTP client.
    #[must_use]
    pub fn outbound(&self) -> &Outbound {
        &self.0.outbound
    }

    /// Is notified when an integration is to be told that an installation is gone.
    #[must_use]
    pub fn farewells(&self) -> &Notify {
        &self.0.farewells
    }

    pub(super) fn meter(&self) -> &Meter {
        &self.0.meter
    }

    pub(super) fn keyring(&self) -> &Keyring {
        &self.0.keyring
    }

    /// Makes a change for a caller: `job` and the count of the call in one transaction. It returns
    /// when that is on disk.
    ///
    /// # Errors
    /// That of `job`, after which nothing is changed, or of the store.
    pub(super) async fn change<T: Send + 'static>(
        &self,
        call: &Call,
        job: impl FnOnce(&Change<'_>, &WorkspaceId) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let now = self.clock().now();
        let caller = call.caller().clone();
        let counted = call.counted_as();
        let done = self
            .store()
            .write(move |conn| {
                let change = Change {
                    conn,
                    now,
                    actor: &Actor::Key(caller.key_id.clone()),
                };
                let done = job(&change, &caller.workspace_id)?;
                usage::add(conn, &counted, 1)?;
                Ok(done)
            })
            .await?;
        call.written();
        Ok(done)
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
        let now = self.clock().now();
        self.store()
            .write(move |conn| {
                job(&Change {
                    conn,
                    now,
                    actor: &actor,
                })
            })
            .await
    }
}
