//! Opens the application over a store. This is the one module that registers every area.

use std::sync::Arc;

use crate::{
    domain::{
        ai,
        bots::{self, deliveries, manage, messages, tables, uploaded_files},
        end_users, inbox, platform_integrations,
        retrieval::{self, answers, connectors, folders},
        service_integrations,
        shared::{plans, rate_limits},
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

/// Settings of the domain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Rate limits per tenant and API class.
    pub limits: rate_limits::Settings,
    /// Connections to outside services.
    pub service_integrations: service_integrations::Settings,
    /// Outgoing requests.
    pub outbound: outbound::Settings,
    /// Execution of code.
    pub runtime: engine::Settings,
    /// Plans: limits and prices of workspaces.
    pub plans: plans::Settings,
    /// Billing.
    pub billing: billing::Settings,
    /// Deliveries to bots and integrations.
    pub deliveries: deliveries::Settings,
    /// Tunnels to programs in development.
    pub tunnel: tunnels::Settings,
    /// Bots.
    pub bots: manage::Settings,
    /// Files with a key.
    pub files: uploaded_files::Settings,
    /// Tables of bots.
    pub tables: tables::Settings,
    /// The webchat integration.
    pub webchat: webchat::Settings,
    /// AI.
    pub ai: ai::Settings,
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
    /// Maximum number of rows of each kind that a tenant can have.
    pub bounds: bounds::Settings,
    /// Answers from documents.
    pub answers: answers::Settings,
    /// Maximum work of a JSON Schema.
    pub schemas: schema::Limits,
    /// True in profile `dev`: a server on the developer's own machine.
    pub development: bool,
}

/// Functions of the dialects that render vendor objects as JSON. Webhooks and requests to bots contain the objects as the
/// APIs show them, and the domain cannot use the wire types of the dialects.
#[derive(Debug, Clone, Copy)]
pub struct Renderers {
    /// Renders the objects of a bot.
    pub bots: bots::feature::ObjectRenderers,
    /// Renders an end user.
    pub end_user: end_users::feature::EndUserRenderer,
    /// Renders a signal of the webchat integration.
    pub signal: webchat::signal_webhook::SignalRenderer,
}

/// Opens the application over an open store.
///
/// # Errors
/// Errors of the store.
pub fn open(
    store: Store,
    sealer: Sealer,
    clock: Clock,
    settings: Settings,
    renderers: Renderers,
) -> Result<App> {
    let app = app::Settings {
        limits: settings.limits,
        outbound: settings.outbound,
        runtime: settings.runtime,
        plans: settings.plans,
        billing: settings.billing,
        tunnel: settings.tunnel,
        audit: settings.audit,
        bounds: settings.bounds,
        schemas: settings.schemas,
        development: settings.development,
    };
    let index = messages::MessageIndex::load(&store, settings.bots.unindexed_messages)?;
    let index = Arc::new(index);
    let mut features = Features::default();
    webhooks::feature::register(&mut features, settings.webhooks);
    inbox::feature::register(&mut features, settings.inbox);
    end_users::feature::register(
        &mut features,
        renderers.end_user,
        vec![
            inbox::erase_end_user,
            messages::delete_by_user,
            uploaded_files::wake_after_erasure,
            webchat::feature::close_user_streams,
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
        (settings.bots, settings.deliveries, settings.tables),
        renderers.bots,
        vec![webchat::feature::close_conversation_streams],
    );
    uploaded_files::register(&mut features, settings.files);
    webchat::feature::register(&mut features, settings.webchat, renderers.signal);
    ai::feature::register(&mut features, settings.ai);
    Ok(App::new((store, sealer, clock), app, vec![index], features))
}
