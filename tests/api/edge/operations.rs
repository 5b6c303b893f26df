//! Every operation of every document that the server publishes.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Map, Value};

use crate::support::{TestServer, send};

/// A path of a document with its operations.
pub struct DocumentedPath {
    pub document: String,
    /// The path with what its server has before it.
    pub path: String,
    pub operations: Map<String, Value>,
}

impl DocumentedPath {
    /// The path with its parameters filled.
    pub fn filled(&self, value: &str) -> String {
        let segments = self.path.split('/').map(|segment| match segment {
            parameter if parameter.starts_with('{') => value,
            named => named,
        });
        segments.collect::<Vec<_>>().join("/")
    }

    pub fn has_parameters(&self) -> bool {
        self.path.contains('{')
    }

    /// The methods that the document has for it.
    pub fn methods(&self) -> BTreeSet<String> {
        let methods = self.operations.keys();
        methods.map(|method| method.to_ascii_uppercase()).collect()
    }
}

/// Every path of every document that the server's own page leads to. `webhook` takes the place of the
/// one variable that there is in the address of an API.
pub async fn documented_paths(server: &TestServer, webhook: &str) -> Vec<DocumentedPath> {
    let page = send(server.request(Method::GET, "/"))
        .await
        .expect(200)
        .text;
    let names: BTreeSet<&str> = page
        .split("/docs/")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(names.len() >= 8, "{names:?}");
    let mut found = Vec::new();
    for name in names {
        let request = server.request(Method::GET, &format!("/openapi/{name}.json"));
        let document = send(request).await.expect(200).json();
        let url = document["servers"][0]["url"].as_str().expect("a server");
        let base = url
            .strip_prefix(&server.server().url())
            .expect("it is here");
        let base = base.replace("{webhookId}", webhook);
        for (path, operations) in document["paths"].as_object().expect("paths") {
            found.push(DocumentedPath {
                document: name.to_owned(),
                path: format!("{base}{path}"),
                operations: operations.as_object().expect("operations").clone(),
            });
        }
    }
    assert!(found.len() > 60, "{}", found.len());
    found
}
