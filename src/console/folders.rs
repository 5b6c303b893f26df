//! `/folders`: the local folders that this server serves as connectors, and the files that search cannot find.

use poem_openapi::{Object, OpenApi, payload::Json, types::Example};

use super::{Tag, auth::Operator, error::ApiError};
use crate::domain::retrieval::folders;

/// A folder, with the result of its last scan.
#[derive(Object)]
#[oai(example, rename = "ConsoleFolder", skip_serializing_if_is_none)]
struct Folder {
    /// The name of the folder.
    name: String,
    /// The path of the folder on the server.
    path: String,
    /// False until the first scan since the server started.
    is_scanned: bool,
    /// Number of files that search can find.
    files: u64,
    /// The reason why the folder, or a part of it, could not be scanned.
    problem: Option<String>,
    /// Files that are left out, at most 1,000. Hidden files are not listed.
    left_out: Vec<LeftOutFile>,
    /// Number of further files that are left out.
    more_left_out: u64,
}

/// A file that is left out.
#[derive(Object)]
struct LeftOutFile {
    /// The path of the file, relative to the folder.
    path: String,
    /// The reason why the file is left out.
    reason: String,
}

impl Example for Folder {
    fn example() -> Self {
        Self {
            name: "manuals".to_owned(),
            path: "/srv/manuals".to_owned(),
            is_scanned: true,
            files: 12,
            problem: None,
            left_out: vec![LeftOutFile {
                path: "scans/cover.png".to_owned(),
                reason: "its extension is not that of a text format".to_owned(),
            }],
            more_left_out: 0,
        }
    }
}

impl From<&folders::Folder> for Folder {
    fn from(folder: &folders::Folder) -> Self {
        let scanned = folder.subscribe_to_scans().borrow().clone();
        let is_scanned = scanned.is_some();
        let scanned = scanned.unwrap_or_default();
        let left_out = scanned.skipped.files.into_iter().map(|file| LeftOutFile {
            path: file.path,
            reason: file.reason,
        });
        Self {
            name: folder.name.clone(),
            path: folder.path.display().to_string(),
            is_scanned,
            files: scanned.files as u64,
            problem: scanned.problem,
            left_out: left_out.collect(),
            more_left_out: scanned.skipped.unlisted as u64,
        }
    }
}

/// The operations on folders.
pub struct FoldersApi;

#[OpenApi(tag = "Tag::Folders")]
impl FoldersApi {
    /// List folders and the files that are left out
    #[oai(path = "/folders", method = "get", operation_id = "list_folders")]
    async fn list_folders(&self, operator: Operator) -> Result<Json<Vec<Folder>>, ApiError> {
        let folders = operator.0.app().folders().iter();
        Ok(Json(folders.map(Folder::from).collect()))
    }
}
