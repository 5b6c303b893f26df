//! Folders of this server, searched as connectors.

mod follow;
mod reading;
mod search;

use std::{path::Path, time::UNIX_EPOCH};

use parlance::{
    config::Config,
    domain::retrieval::folders::{self, FolderSettings, ScanResult},
    kernel::Secret,
};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Answer, TestServer, send};

const TOKEN: &str = "a-token-of-the-folder";

/// A folder of documents.
struct Documents(TempDir);

impl Documents {
    fn of(files: &[(&str, &str)]) -> Self {
        let documents = Self(tempfile::tempdir().expect("a directory"));
        for (path, text) in files {
            documents.write(path, text);
            // Answers show it.
            let file = std::fs::File::options()
                .append(true)
                .open(documents.path().join(path));
            let set = file.expect("the file").set_modified(UNIX_EPOCH);
            set.expect("the time is set");
        }
        documents
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, text).expect("it is written");
    }

    fn remove(&self, path: &str) {
        std::fs::remove_file(self.path().join(path)).expect("it is removed");
    }

    fn configure(&self, config: &mut Config) {
        config.connectors.folder = vec![FolderSettings {
            name: "manuals".to_owned(),
            path: self.path().to_owned(),
            token: Some(Secret::new(TOKEN)),
        }];
    }

    /// A server that has indexed the folder.
    async fn serve(&self) -> TestServer {
        let server = TestServer::with(|config| self.configure(config)).await;
        scan(&server).await;
        server
    }
}

async fn scan(server: &TestServer) -> ScanResult {
    let scanned = folders::scan(server.server().app(), "manuals").await;
    scanned.expect("it is scanned")
}

async fn ask_as(server: &TestServer, token: &str, body: Value) -> Answer {
    let request = server
        .request(Method::POST, "/folders/manuals/search")
        .bearer_auth(token);
    send(request.json(&body)).await
}

async fn ask(server: &TestServer, query: &str) -> Answer {
    ask_as(server, TOKEN, json!({"query": query})).await
}

/// The ids of what is found.
async fn ids(server: &TestServer, query: &str) -> Vec<String> {
    let answer = ask(server, query).await.expect(200).json();
    let results = answer["results"].as_array().expect("results");
    let ids = results.iter().map(|result| result["id"].as_str());
    ids.map(|id| id.expect("an id").to_owned()).collect()
}
