//! The routes of the server: every dialect and every page with its path and middleware.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use poem::{EndpointExt, Response, Route, endpoint::BoxEndpoint, http::HeaderName};
use prometheus_client::metrics::gauge::Gauge;

use super::router::{PathMatch, Router};
use crate::{
    config::{Config, Profile},
    console,
    dialects::{ada, aloochat, botpress, chat_api, cohere, connector},
    domain::App,
    http::{
        AllowedHosts, ClientDialects, Limits, Metrics, MiddlewareStack, Mount, OriginResolver,
        ProgramMetrics, RequestState, TunnelMetrics, WrongKeyLimiter, docs, health,
        wrong_key_limiter::KeyLocation,
    },
};

/// The hosts that each listener answers to.
pub(super) struct ListenerHosts {
    /// Hosts of the main listener.
    pub(super) server: AllowedHosts,
    /// Hosts of the metrics listener.
    pub(super) metrics: AllowedHosts,
}

/// Builds the endpoint of the main listener and that of the metrics listener. `open` is the gauge of open
/// connections.
pub(super) fn build_endpoints(
    app: &App,
    config: &Config,
    hosts: ListenerHosts,
    open: &Gauge,
) -> (Router, MiddlewareStack) {
    let metrics = Metrics::new(|registry| {
        app.store().metrics().register(registry);
        app.webhook_doorbell().metrics().register(registry);
        app.call_metrics().register(registry);
        registry.register_collector(Box::new(ProgramMetrics::new(app.engine())));
        registry.register_collector(Box::new(TunnelMetrics::new(app.tunnels())));
        registry.register(
            "http_connections",
            "Open connections of clients",
            open.clone(),
        );
    });
    let body = config.server.body_limit_bytes;
    // At least one body of the maximum size must fit.
    let body_memory = config.server.body_memory_bytes.max(body);
    let limits = Limits {
        body,
        code_body: config.server.code_body_limit_bytes.clamp(body, body_memory),
        time: Duration::from_secs(config.server.request_timeout_seconds),
        body_memory,
    };
    let server = &config.server;
    let is_dev = server.profile == Profile::Dev;
    let origins = OriginResolver::new(server.public_url.as_ref(), server.trust_forwarded);
    let of_metrics = origins.clone().with_hosts(hosts.metrics);
    let of_metrics = RequestState::new(Some(app.clone()), of_metrics, limits, metrics.clone());
    let origins = origins.with_hosts(hosts.server);
    let state = RequestState::new(Some(app.clone()), origins, limits, metrics.clone())
        .with_wrong_keys(WrongKeyLimiter::new(&config.wrong_keys, is_dev));
    let mounts = mounts(app, config);
    let pages = docs::routes(&mounts)
        .at("/healthz", health::live())
        .at("/readyz", health::ready(app.store().clone()))
        .at("/metrics", metrics.endpoint(app, is_dev));
    let client_dialects = ClientDialects::new(&mounts);
    let pages = MiddlewareStack::new(
        pages.boxed(),
        "parlance",
        Arc::new(console::error::ErrorRenderer),
        state.clone(),
    )
    .with_client_dialects(&client_dialects)
    .with_error_pages();
    let measured = MiddlewareStack::new(
        Route::new()
            .at("/metrics", metrics.endpoint(app, true))
            .map_to_response()
            .boxed(),
        "metrics",
        Arc::new(console::error::ErrorRenderer),
        of_metrics,
    );
    let pages = botpress::route_tunnels(app, pages, &state, first_path_segments(&mounts));
    let platform = MiddlewareStack::new(
        ada::pages(app, &config.ada, is_dev).boxed(),
        "ada-pages",
        Arc::new(ada::PageErrorRenderer),
        state.clone(),
    )
    .with_methods(ada::PAGES_METHODS)
    .same_origin_only();
    let webhooks = Arc::new(webhooks_endpoint(app, &state));
    let wizards_end = MiddlewareStack::new(
        botpress::interstitial_page(),
        "oauth-pages",
        Arc::new(botpress::RenderChatPage),
        state.clone(),
    )
    .with_methods(botpress::INTERSTITIAL_METHODS);
    let wizards_end = Arc::new(wizards_end);
    let chat_pages = MiddlewareStack::new(
        botpress::chat_pages(app, &config.botpress, is_dev),
        "chat-pages",
        Arc::new(botpress::RenderChatPage),
        state.clone(),
    )
    .with_methods(botpress::CHAT_METHODS)
    .same_origin_only();
    let file_bytes = MiddlewareStack::new(
        botpress::bytes_endpoint(),
        "file-bytes",
        Arc::new(botpress::ErrorRenderer::new(app.clock().clone())),
        state.clone(),
    )
    .with_methods(botpress::FILE_BYTES_METHODS)
    .with_own_cors()
    .with_streamed_bodies();
    let others = botpress::route_webhook_hosts(webhooks.clone(), pages);
    let mut router = Router::new(others)
        .at(
            botpress::CHAT_BASE_PATH,
            PathMatch::Below,
            chat_pages.boxed(),
        )
        .at(ada::PAGES_BASE_PATH, PathMatch::Stripped, platform.boxed())
        .at(
            botpress::WEBHOOKS_PATH,
            PathMatch::Both,
            box_shared(&webhooks),
        )
        .at(botpress::OAUTH_PATH, PathMatch::Both, box_shared(&webhooks))
        .at(
            botpress::FILE_BYTES_PATH,
            PathMatch::Below,
            file_bytes.boxed(),
        );
    for path in botpress::INTERSTITIAL_PATHS {
        router = router.at(path, PathMatch::Exact, box_shared(&wizards_end));
    }
    if app.inbox_settings().is_enabled(app.settings().development) {
        let inbox = console::inbox::routes(app);
        let renderer = Arc::new(console::error::ErrorRenderer);
        let inbox = MiddlewareStack::new(inbox, "inbox", renderer, state.clone())
            .with_methods(console::inbox::METHODS);
        router = router.at("/inbox", PathMatch::Stripped, inbox.boxed());
    }
    let unprefixed = cohere::mount(&config.cohere);
    let unprefixed = MiddlewareStack::for_mount(unprefixed, state.clone())
        .with_client_dialects(&client_dialects);
    let unprefixed = Arc::new(unprefixed);
    for path in cohere::UNPREFIXED {
        // Exactly `/chat` is an operation of Cohere; the paths below it are the chat pages of bots.
        let path_match = match *path == botpress::CHAT_BASE_PATH {
            true => PathMatch::Exact,
            false => PathMatch::Both,
        };
        router = router.at(*path, path_match, box_shared(&unprefixed));
    }
    let router = mounts.into_iter().fold(router, |router, mount| {
        let base_path = mount.base_path;
        // The webhook routes dispatch its requests.
        if base_path == chat_api::BASE_PATH {
            return router;
        }
        let stack =
            MiddlewareStack::for_mount(mount, state.clone()).with_client_dialects(&client_dialects);
        let stack = Arc::new(match base_path {
            console::BASE_PATH => stack.same_origin_only(),
            botpress::BASE_PATH => stack.with_code_bodies(botpress::has_code),
            _ => stack,
        });
        if base_path == botpress::BASE_PATH {
            let at = |router: Router, path: &&str| {
                // Exactly `/v1/chat` is an operation of Cohere.
                let path_match = match *path == "/v1/chat" {
                    true => PathMatch::Below,
                    false => PathMatch::Both,
                };
                router.at(*path, path_match, box_shared(&stack))
            };
            return botpress::ROUTES.iter().fold(router, at);
        }
        router.at(base_path, PathMatch::Stripped, box_shared(&stack))
    });
    (router, measured)
}

/// Builds the middleware of requests from outside to webhooks.
fn webhooks_endpoint(app: &App, state: &RequestState) -> MiddlewareStack {
    MiddlewareStack::new(
        botpress::webhook_endpoint(app),
        "botpress-webhooks",
        Arc::new(botpress::ErrorRenderer::new(app.clock().clone())),
        state.clone(),
    )
    .with_own_cors()
    .with_key_location(KeyLocation::Header(HeaderName::from_static(
        chat_api::USER_KEY_HEADER,
    )))
    .with_raw_paths()
}

/// Boxes an endpoint that serves several paths.
fn box_shared(stack: &Arc<MiddlewareStack>) -> BoxEndpoint<'static, Response> {
    stack.clone().boxed()
}

/// Returns the first segments of this server's paths, which tunnel ids must not equal.
fn first_path_segments(mounts: &[Mount]) -> BTreeSet<String> {
    let pages = [
        "app", "assets", "chat", "docs", "folders", "healthz", "inbox", "metrics", "openapi",
        "readyz",
    ];
    let others = [
        ada::PAGES_BASE_PATH,
        botpress::WEBHOOKS_PATH,
        botpress::OAUTH_PATH,
    ];
    let paths = mounts.iter().map(|mount| mount.base_path).chain(others);
    let paths = paths.chain([cohere::UNPREFIXED, botpress::ROUTES].concat());
    let first = paths.filter_map(|path| path.split('/').nth(1));
    first.chain(pages).map(str::to_owned).collect()
}

fn mounts(app: &App, config: &Config) -> Vec<Mount> {
    vec![
        ada::mount(&config.ada),
        ada::mount_end_users_v1(&config.ada),
        aloochat::mount(&config.aloochat),
        cohere::mount(&config.cohere),
        connector::mount(),
        botpress::mount(app, &config.botpress),
        chat_api::mount(app),
        console::mount(config.server.profile == Profile::Dev),
    ]
}
