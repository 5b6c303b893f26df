//! What the server answers: every dialect and every page at its place.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use poem::{Endpoint, EndpointExt, Response, Route};

use crate::{
    config::{Config, Profile},
    console,
    dialects::{ada, aloochat, botpress, chat, cohere, connector},
    domain::Domain,
    http::{Edge, Limits, Metrics, Mount, Mounted, OpenTunnels, Origins, Programs, docs, health},
};

/// Everything that the server answers.
pub(super) fn endpoint(
    domain: &Domain,
    config: &Config,
) -> impl Endpoint<Output = Response> + 'static {
    let metrics = Metrics::new(|registry| {
        domain.store().metrics().register(registry);
        domain.webhooks().metrics().register(registry);
        domain.telling().register(registry);
        registry.register_collector(Box::new(Programs::new(domain.runtime())));
        registry.register_collector(Box::new(OpenTunnels::new(domain.tunnels())));
    });
    let limits = Limits {
        body: config.server.body_limit_bytes,
        time: Duration::from_secs(config.server.request_timeout_seconds),
    };
    let server = &config.server;
    let origins = Origins::new(server.public_url.as_ref(), server.trust_forwarded);
    let mounted = Mounted::new(Some(domain.clone()), origins, limits, metrics.clone());
    let mounts = mounts(domain, config);
    let pages = docs::routes(&mounts)
        .at("/healthz", health::live())
        .at("/readyz", health::ready(domain.store().clone()))
        .at("/metrics", metrics.endpoint(domain));
    let pages = Edge::new(
        pages.boxed(),
        "parlance",
        Arc::new(console::error::ErrorRenderer),
        mounted.clone(),
    );
    let pages = botpress::with_tunnels(domain, pages, &mounted, first_parts(&mounts));
    let platform = Edge::new(
        ada::pages(domain, &config.ada, config.server.profile == Profile::Dev).boxed(),
        "ada-pages",
        Arc::new(ada::RenderPage),
        mounted.clone(),
    );
    let webhooks = Edge::new(
        botpress::webhooks(domain),
        "botpress-webhooks",
        Arc::new(botpress::ErrorRenderer::new(domain.clock().clone())),
        mounted.clone(),
    )
    .with_own_cors();
    let chat_pages = Edge::new(
        botpress::chat(
            domain,
            &config.botpress,
            config.server.profile == Profile::Dev,
        ),
        "chat-pages",
        Arc::new(botpress::RenderChat),
        mounted.clone(),
    );
    let mut route = Route::new()
        .nest("/", pages)
        .at(format!("{}/*rest", botpress::CHAT_BASE_PATH), chat_pages)
        .nest(ada::PAGES_BASE_PATH, platform)
        .nest_no_strip(botpress::WEBHOOKS_PATH, webhooks);
    if domain.settings().inbox.is_on(domain.settings().development) {
        let inbox = console::inbox::routes(domain);
        let renderer = Arc::new(console::error::ErrorRenderer);
        let inbox = Edge::new(inbox, "inbox", renderer, mounted.clone());
        route = route.nest("/inbox", inbox);
    }
    let unprefixed = cohere::mount(&config.cohere);
    let unprefixed = Arc::new(Edge::around(unprefixed, mounted.clone()));
    for path in cohere::UNPREFIXED {
        route = route.at(path, unprefixed.clone());
        // Exactly `/chat` is an operation of Cohere's; below it are the chats of bots.
        if *path != botpress::CHAT_BASE_PATH {
            route = route.at(format!("{path}/*rest"), unprefixed.clone());
        }
    }
    mounts.into_iter().fold(route, |route, mount| {
        let base_path = mount.base_path;
        // Its requests come through the webhooks.
        if base_path == chat::BASE_PATH {
            return route;
        }
        let edge = Arc::new(Edge::around(mount, mounted.clone()));
        if base_path == botpress::BASE_PATH {
            let at = |route: Route, path: &&str| route.at(path, edge.clone());
            return botpress::ROUTES.iter().fold(route, at);
        }
        route.nest(base_path, edge)
    })
}

/// What the paths of this server begin with: no tunnel has such an id.
fn first_parts(mounts: &[Mount]) -> BTreeSet<String> {
    let pages = [
        "assets", "chat", "docs", "folders", "healthz", "inbox", "metrics", "openapi", "readyz",
    ];
    let others = [ada::PAGES_BASE_PATH, botpress::WEBHOOKS_PATH];
    let paths = mounts.iter().map(|mount| mount.base_path).chain(others);
    let paths = paths.chain([cohere::UNPREFIXED, botpress::ROUTES].concat());
    let first = paths.filter_map(|path| path.split('/').nth(1));
    first.chain(pages).map(str::to_owned).collect()
}

fn mounts(domain: &Domain, config: &Config) -> Vec<Mount> {
    vec![
        ada::mount(&config.ada),
        ada::mount_end_users_v1(&config.ada),
        aloochat::mount(&config.aloochat),
        cohere::mount(&config.cohere),
        connector::mount(),
        botpress::mount(domain, &config.botpress),
        chat::mount(domain),
        console::mount(config.server.profile == Profile::Dev),
    ]
}
