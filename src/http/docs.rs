//! Documentation pages: the landing page, Swagger UI for each dialect, and the OpenAPI documents.

use std::sync::{Arc, LazyLock};

use askama::Template;
use bytes::Bytes;
use poem::{Endpoint, Response, Route, endpoint::make_sync};
use poem_openapi::OpenApiService;

use super::{
    Mount, Published, origin,
    page::{asset_text, cached_response, render, serve_asset},
    policy::Policy,
};

/// The data of a dialect on the pages.
#[derive(Clone)]
struct Entry {
    name: &'static str,
    title: &'static str,
    summary: &'static str,
    base_path: &'static str,
    document: Published,
}

#[derive(Template)]
#[template(path = "landing.html")]
struct LandingPage<'a> {
    entries: &'a [Entry],
    origin: &'a str,
}

#[derive(Template)]
#[template(path = "docs.html")]
struct SwaggerPage<'a> {
    name: &'a str,
    title: &'a str,
    document_path: &'a str,
}

/// Serves `/`, `/docs/…`, `/openapi/…` and `/assets/…` for these dialects.
#[must_use]
pub fn routes(mounts: &[Mount]) -> Route {
    let entries: Arc<[Entry]> = mounts
        .iter()
        .map(|mount| Entry {
            name: mount.name,
            title: mount.title,
            summary: mount.summary,
            base_path: mount.base_path,
            document: mount.document.clone(),
        })
        .collect();
    let mut route = Route::new()
        .at("/", landing_page(entries.clone()))
        .at(
            "/assets/swagger-ui.js",
            swagger_asset("text/javascript", |ui| &ui.script),
        )
        .at(
            "/assets/swagger-ui.css",
            swagger_asset("text/css", |ui| &ui.style),
        )
        .at(
            "/assets/docs.js",
            serve_asset("text/javascript", asset_text("docs.js")),
        )
        .at(
            "/assets/parlance.css",
            serve_asset("text/css", asset_text("parlance.css")),
        )
        .at(
            "/assets/inbox.css",
            serve_asset("text/css", asset_text("inbox.css")),
        )
        .at(
            "/assets/icon.svg",
            serve_asset("image/svg+xml", asset_text("icon.svg")),
        );
    for entry in entries.iter() {
        let json = format!("/openapi/{}.json", entry.name);
        let yaml = entry.document.clone();
        route = route
            .at(
                format!("/docs/{}", entry.name),
                swagger_page(entry.name, entry.title, &json),
            )
            .at(json, document_json(entry.document.clone()))
            .at(
                format!("/openapi/{}.yaml", entry.name),
                make_sync(move |request| {
                    cached_response(&request, "application/yaml", yaml.yaml(&origin(&request)))
                }),
            );
    }
    route
}

/// Serves the Swagger UI of a dialect, for the document at a path of this server.
#[must_use]
pub fn swagger_page(
    name: &str,
    title: &str,
    document_path: &str,
) -> impl Endpoint<Output = Response> + 'static {
    let page = Bytes::from(render(&SwaggerPage {
        name,
        title,
        document_path,
    }));
    make_sync(move |request| {
        let mut response = cached_response(&request, "text/html", page.clone());
        Policy::SwaggerUi.set(&mut response);
        response
    })
}

/// Serves a document as JSON, with the address of the request as its server.
#[must_use]
pub fn document_json(document: Published) -> impl Endpoint<Output = Response> + 'static {
    make_sync(move |request| {
        cached_response(
            &request,
            "application/json",
            document.json(&origin(&request)),
        )
    })
}

fn landing_page(entries: Arc<[Entry]>) -> impl Endpoint<Output = Response> {
    make_sync(move |request| {
        let page = LandingPage {
            entries: &entries,
            origin: &origin(&request),
        };
        cached_response(&request, "text/html", render(&page))
    })
}

fn swagger_asset(
    content_type: &'static str,
    part: fn(&SwaggerUi) -> &Bytes,
) -> impl Endpoint<Output = Response> {
    make_sync(move |request| cached_response(&request, content_type, part(&SWAGGER_UI).clone()))
}

/// The script and style sheet of Swagger UI, extracted from the page that poem-openapi contains.
///
/// That page embeds the document in a script, where a `</script>` in a description would end it, and takes 1.6 MB for
/// each dialect. Our page loads the document, and the browser caches the script.
struct SwaggerUi {
    script: Bytes,
    style: Bytes,
}

static SWAGGER_UI: LazyLock<SwaggerUi> = LazyLock::new(SwaggerUi::extract);

impl SwaggerUi {
    fn extract() -> Self {
        let page = OpenApiService::new((), "", "").swagger_ui_html();
        Self {
            script: between(&page, "<script charset=\"UTF-8\">", "</script>\n</head>"),
            style: between(&page, "<style charset=\"UTF-8\">", "</style>"),
        }
    }
}

fn between(page: &str, start: &str, end: &str) -> Bytes {
    let from = page.find(start).expect("poem-openapi's page is as it was") + start.len();
    let rest = &page[from..];
    let to = rest.find(end).expect("poem-openapi's page is as it was");
    Bytes::copy_from_slice(&rest.as_bytes()[..to])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swagger_ui_is_taken_out_of_the_page_whole() {
        let swagger = SwaggerUi::extract();
        assert!(swagger.script.len() > 1_000_000);
        assert!(String::from_utf8_lossy(&swagger.script).contains("SwaggerUIBundle"));
        assert!(String::from_utf8_lossy(&swagger.style).contains(".swagger-ui"));
    }
}
