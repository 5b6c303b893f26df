//! Opens the domain over a store: the one place that knows every area.

use std::sync::Arc;

use crate::{
    domain::{
        bots::{self, deliveries, manage, messages},
        end_users, inbox, platform_integrations,
        retrieval::{self, answers, connectors, folders},
        service_integrations,
        shared::{limits, plans},
        tenancy::{
            app::{self, App},
            audit, billing, bounds,
            features::Features,
        },
        webchat, webhooks,
    },
    engine,
    kernel::{Clock, Result, schema},
    net::{outbound, tunnels},
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

impl Settings {
    fn app(&self) -> app::Settings {
        app::Settings {
            limits: self.limits.clone(),
            outbound: self.outbound.clone(),
            runtime: self.runtime.clone(),
            plans: self.plans.clone(),
            billing: self.billing.clone(),
            tunnel: self.tunnel.clone(),
            audit: self.audit.clone(),
            bounds: self.bounds.clone(),
            schemas: self.schemas,
            development: self.development,
        }
    }
}

/// Opens the domain over an open store.
///
/// # Errors
/// Those of the store.
pub fn open(store: Store, sealer: Sealer, clock: Clock, settings: Settings) -> Result<App> {
    let app = settings.app();
    let index = messages::MessageIndex::load(&store, settings.bots.unindexed_messages)?;
    let index = Arc::new(index);
    let mut features = Features::default();
    webhooks::feature::register(&mut features, settings.webhooks);
    inbox::feature::register(&mut features, settings.inbox);
    end_users::feature::register(
        &mut features,
        vec![
            inbox::erase_end_user,
            messages::erase_of_user,
            webchat::feature::before_user_erasure,
        ],
    );
    service_integrations::feature::register(&mut features, settings.service_integrations);
    platform_integrations::feature::register(&mut features);
    retrieval::feature::register(
        &mut features,
        settings.connectors,
        settings.folders,
        settings.answers,
    );
    bots::feature::register(
        &mut features,
        (index.clone(), clock.now()),
        (settings.bots, settings.deliveries),
        vec![webchat::feature::on_conversation_end],
    );
    webchat::feature::register(&mut features, settings.webchat);
    Ok(App::new((store, sealer, clock), app, vec![index], features))
}
