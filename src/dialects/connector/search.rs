//! `/{name}/search`: searches a folder.

use poem_openapi::{Object, OpenApi, param::Path, payload::Json, types::Example};

use super::{Tag, auth::FolderAuth, error::Failed};
use crate::{
    domain::retrieval::folders::{self, PassageHit},
    http::{Body, app},
    kernel::Result,
};

/// A search request to a connector.
#[derive(Object)]
#[oai(example, rename = "Question")]
struct SearchRequest {
    /// Search query: any text, without a syntax.
    #[oai(validator(min_length = 1))]
    query: String,
}

impl Example for SearchRequest {
    fn example() -> Self {
        Self {
            query: "How are backups made?".to_owned(),
        }
    }
}

/// Search results.
#[derive(Object)]
#[oai(example, rename = "Results")]
struct SearchResponse {
    /// The best matching passages, best first.
    results: Vec<FoundPassage>,
}

/// A passage of a file. Every value is a string, as chats require.
#[derive(Object)]
#[oai(example)]
struct FoundPassage {
    /// ID of the passage: the file and the number of the passage.
    id: String,
    /// Title of the file, and heading of the passage.
    title: String,
    /// Text of the passage.
    text: String,
    /// Path of the file in the folder.
    path: String,
    /// Time of the last change of the file (RFC 3339).
    timestamp: String,
}

impl Example for SearchResponse {
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

impl From<PassageHit> for FoundPassage {
    fn from(found: PassageHit) -> Self {
        let [id, title, text, path, timestamp] = found.into_fields().map(|(_, text)| text);
        Self {
            id,
            title,
            text,
            path,
            timestamp,
        }
    }
}

/// OpenAPI operation of connectors.
pub struct Search;

#[OpenApi(tag = "Tag::Connector")]
impl Search {
    /// Search a folder
    ///
    /// Returns the passages that best match a query, ranked by BM25. Requires the token of the folder:
    /// `Authorization: Bearer …`.
    #[oai(
        path = "/:name/search",
        method = "post",
        operation_id = "search_folder"
    )]
    async fn search_folder(
        &self,
        token: FolderAuth,
        request: &poem::Request,
        /// Name of the folder.
        name: Path<String>,
        body: Body<SearchRequest>,
    ) -> Result<Json<SearchResponse>, Failed> {
        let token = token.0.expose();
        let found =
            folders::search_with_token(app(request)?, &name.0, token, &body.0.query).await?;
        Ok(Json(SearchResponse {
            results: found.into_iter().map(Into::into).collect(),
        }))
    }
}
