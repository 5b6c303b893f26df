//! Operations that a vendor has and this server has not are answered as such, in that vendor's body.

use std::collections::BTreeSet;

use parlance::{
    dialects::{ada, botpress},
    http::unsupported::{self, Operation},
};
use serde_json::Value;

use crate::support::TestServer;

/// A path with a value in each of its places.
fn filled(path: &str) -> String {
    let part = |part: &str| match part.starts_with('{') {
        true => "x1".to_owned(),
        false => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// A path without the names of its places.
fn bare(path: &str) -> String {
    let part = |part: &str| match part.starts_with([':', '{']) {
        true => "{}".to_owned(),
        false => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// The operations of a document, below this path.
fn served(document: &str, base: &str) -> BTreeSet<(String, String)> {
    let document: Value = serde_json::from_str(document).expect("JSON");
    let paths = document["paths"].as_object().expect("paths");
    let operations = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().expect("methods");
        let methods = methods.keys().map(|method| method.to_uppercase());
        methods.map(move |method| (method, bare(&format!("{base}{path}"))))
    });
    operations.collect()
}

#[test]
fn nothing_in_the_lists_is_served() {
    const ORIGIN: &str = "http://127.0.0.1:4600";
    let settings = ada::Settings::default();
    let ada_v1 = ada::document_v1(&settings).json(ORIGIN);
    let mut ada = served(&ada::document(&settings).json(ORIGIN), "/api");
    ada.extend(served(&ada_v1, "/api/end-users/v1"));
    let botpress = botpress::document(&botpress::Settings::default()).json(ORIGIN);
    for (dialect, served) in [("ada", ada), ("botpress", self::served(&botpress, ""))] {
        assert!(served.len() > 15, "{dialect}");
        for Operation { method, path, name } in unsupported::operations(dialect) {
            let operation = (method.to_owned(), bare(path));
            assert!(
                !served.contains(&operation),
                "{name} of {dialect} is served"
            );
        }
    }
}

#[tokio::test]
async fn each_is_answered_in_the_body_of_its_vendor() {
    let server = TestServer::start().await;
    for dialect in ["ada", "aloochat", "botpress"] {
        for Operation { method, path, name } in unsupported::operations(dialect) {
            let method = method.parse().expect("a method");
            let request = server.request(method, &filled(path));
            let request = match dialect {
                "ada" => request.bearer_auth(crate::support::ADA_KEY),
                "aloochat" => request.header("x-api-key", crate::support::ALOOCHAT_KEY),
                _ => request
                    .bearer_auth(crate::support::BOTPRESS_PAT)
                    .header("x-workspace-id", crate::support::WORKSPACE),
            };
            let answer = request.send().await.expect("an answer");
            let status = answer.status().as_u16();
            let body: Value = answer.json().await.expect("JSON");
            let message = match dialect {
                "ada" => &body["errors"][0]["message"],
                "aloochat" => &body["detail"],
                _ => &body["message"],
            };
            let message = message.as_str().unwrap_or_else(|| panic!("{path}: {body}"));
            assert!(message.starts_with(name), "{path}: {body}");
            assert!(message.contains("is not part of this server"), "{body}");
            let expected = if dialect == "botpress" { 405 } else { 404 };
            assert_eq!(status, expected, "{path}: {body}");
        }
    }
}
