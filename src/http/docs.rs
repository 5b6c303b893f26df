//! Documentation pages: the landing page, Swagger UI for each dialect, and the OpenAPI documents.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use poem::{Endpoint, Response, Route, endpoint::make_sync};
use poem_openapi::OpenApiService;

use super::{
    Mount, Published, origin,
    page::{asset, cached, escape, fill, text},
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
        .at("/", landing(entries.clone()))
        .at(
            "/assets/swagger-ui.js",
            of_swagger_ui("text/javascript", |ui| &ui.script),
        )
        .at(
            "/assets/swagger-ui.css",
            of_swagger_ui("text/css", |ui| &ui.style),
        )
        .at("/assets/docs.js", asset("text/javascript", text("docs.js")))
        .at(
            "/assets/parlance.css",
            asset("text/css", text("parlance.css")),
        )
        .at("/assets/inbox.css", asset("text/css", text("inbox.css")))
        .at("/assets/icon.svg", asset("image/svg+xml", text("icon.svg")));
    for entry in entries.iter() {
        let json = format!("/openapi/{}.json", entry.name);
        let yaml = entry.document.clone();
        route = route
            .at(
                format!("/docs/{}", entry.name),
                page(entry.name, entry.title, &json),
            )
            .at(json, specification(entry.document.clone()))
            .at(
                format!("/openapi/{}.yaml", entry.name),
                make_sync(move |request| {
                    cached(&request, "application/yaml", yaml.yaml(&origin(&request)))
                }),
            );
    }
    route
}

/// Serves the Swagger UI of a dialect, for the document at a path of this server.
#[must_use]
pub fn page(
    name: &str,
    title: &str,
    document_path: &str,
) -> impl Endpoint<Output = Response> + 'static {
    let values = [
        ("name", name),
        ("title", title),
        ("document", document_path),
    ];
    let page = Bytes::from(fill(&text("docs.html"), &values));
    make_sync(move |request| {
        let mut response = cached(&request, "text/html", page.clone());
        Policy::SwaggerUi.set(&mut response);
        response
    })
}

/// Serves a document as JSON, with the address of the request as its server.
#[must_use]
pub fn specification(document: Published) -> impl Endpoint<Output = Response> + 'static {
    make_sync(move |request| {
        cached(
            &request,
            "application/json",
            document.json(&origin(&request)),
        )
    })
}

fn landing(entries: Arc<[Entry]>) -> impl Endpoint<Output = Response> {
    let (page, row) = (text("index.html"), text("index-row.html"));
    make_sync(move |request| {
        let origin = origin(&request);
        let rows: String = entries
            .iter()
            .map(|entry| {
                fill(
                    &row,
                    &[
                        ("name", entry.name),
                        ("title", entry.title),
                        ("summary", entry.summary),
                        ("base_url", &escape(&format!("{origin}{}", entry.base_path))),
                    ],
                )
            })
            .collect();
        let version = env!("CARGO_PKG_VERSION");
        let page = fill(&page, &[("rows", &rows), ("version", version)]);
        cached(&request, "text/html", page)
    })
}

fn of_swagger_ui(
    content_type: &'static str,
    part: fn(&SwaggerUi) -> &Bytes,
) -> impl Endpoint<Output = Response> {
    make_sync(move |request| cached(&request, content_type, part(&SWAGGER_UI).clone()))
}

/// The script and style sheet of Swagger UI, extracted from the page that poem-openapi contains.
///
/// That page embeds the document in a script, where a `</script>` in a description would end it, and takes 1.6 MB for
/// each dialect. Our page loads the document, and the browser caches the script.
struct SwaggerUi {
    script: Bytes,
    style: Bytes,
}

static SWAGGER_UI: LazyLock<SwaggerUi> = LazyLock::new(SwaggerUi::embedded);

impl SwaggerUi {
    fn embedded() -> Self {
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
        let swagger = SwaggerUi::embedded();
        assert!(swagger.script.len() > 1_000_000);
        assert!(String::from_utf8_lossy(&swagger.script).contains("SwaggerUIBundle"));
        assert!(String::from_utf8_lossy(&swagger.style).contains(".swagger-ui"));
    }
}
