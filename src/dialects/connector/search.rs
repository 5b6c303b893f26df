//! `/{name}/search`: searching a folder.

use poem_openapi::{Object, OpenApi, param::Path, payload::Json, types::Example};

use super::{Tag, auth::FolderToken, error::Failed};
use crate::{
    domain::retrieval::folders::{self, Found},
    http::{Body, app},
    kernel::Result,
};

/// A question to a connector.
#[derive(Object)]
#[oai(example)]
struct Question {
    /// What is searched for. Any text: it has no syntax.
    #[oai(validator(min_length = 1))]
    query: String,
}

impl Example for Question {
    fn example() -> Self {
        Self {
            query: "How are backups made?".to_owned(),
        }
    }
}

/// What was found.
#[derive(Object)]
#[oai(example)]
struct Results {
    /// The passages that fit best, best first.
    results: Vec<FoundPassage>,
}

/// A passage of a file. Every value is a text, as chats need it.
#[derive(Object)]
#[oai(example)]
struct FoundPassage {
    /// The file and the place in it.
    id: String,
    /// The title of the file and the heading that the passage stands under.
    title: String,
    /// The text.
    text: String,
    /// The file, below the folder.
    path: String,
    /// When the file was last changed.
    timestamp: String,
}

impl Example for Results {
    fn example() -> Self {
        Self {
            results: vec![FoundPassage::example()],
        }
    }
}

impl Example for FoundPassage {
    fn example() -> Self {
        Self {
            id: "operations.md#2".to_owned(),
            title: "Operations — Backups".to_owned(),
            text: "A backup is made while the server runs.".to_owned(),
            path: "operations.md".to_owned(),
            timestamp: "2026-01-31T09:30:00.000Z".to_owned(),
        }
    }
}

impl From<Found> for FoundPassage {
    fn from(found: Found) -> Self {
        let [id, title, text, path, timestamp] = found.fields().map(|(_, text)| text);
        Self {
            id,
            title,
            text,
            path,
            timestamp,
        }
    }
}

/// The operation of a connector.
pub struct Search;

#[OpenApi(tag = "Tag::Connector")]
impl Search {
    /// Search a folder
    ///
    /// The passages of a folder's files that fit a query best, by BM25. Proven by the folder's
    /// token: `Authorization: Bearer …`.
    #[oai(
        path = "/:name/search",
        method = "post",
        operation_id = "search_folder"
    )]
    async fn search_folder(
        &self,
        token: FolderToken,
        request: &poem::Request,
        /// The name of the folder.
        name: Path<String>,
        body: Body<Question>,
    ) -> Result<Json<Results>, Failed> {
        let token = token.0.expose();
        let found = folders::search_with(app(request)?, &name.0, token, &body.0.query).await?;
        Ok(Json(Results {
            results: found.into_iter().map(Into::into).collect(),
        }))
    }
}
