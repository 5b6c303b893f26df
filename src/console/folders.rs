//! `/folders`: the folders that this server serves as connectors, and what of them cannot be found.

use poem_openapi::{Object, OpenApi, payload::Json, types::Example};

use super::{Tag, auth::Operator, error::Failed};
use crate::domain::retrieval::folders;

/// A folder as it was last looked at.
#[derive(Object)]
#[oai(example, rename = "ConsoleFolder", skip_serializing_if_is_none)]
struct Folder {
    /// Its name.
    name: String,
    /// Its place.
    path: String,
    /// False until it was looked at for the first time since the start.
    is_scanned: bool,
    /// How many files of it can be found.
    files: u64,
    /// Why it, or a part of it, could not be looked at.
    problem: Option<String>,
    /// Files that are left out, at most 1,000. Hidden ones are not named.
    left_out: Vec<LeftOut>,
    /// How many files are left out besides.
    more_left_out: u64,
}

/// A file that is left out.
#[derive(Object)]
#[oai(rename = "LeftOutFile")]
struct LeftOut {
    /// Its path below the folder.
    path: String,
    /// Why it is left out.
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
            left_out: vec![LeftOut {
                path: "scans/cover.png".to_owned(),
                reason: "its ending is not that of a text".to_owned(),
            }],
            more_left_out: 0,
        }
    }
}

impl From<&folders::Folder> for Folder {
    fn from(folder: &folders::Folder) -> Self {
        let scanned = folder.scanned().borrow().clone();
        let is_scanned = scanned.is_some();
        let scanned = scanned.unwrap_or_default();
        let left_out = scanned.left_out.files.into_iter().map(|file| LeftOut {
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
            more_left_out: scanned.left_out.more as u64,
        }
    }
}

/// The operation on folders.
pub struct FoldersApi;

#[OpenApi(tag = "Tag::Folders")]
impl FoldersApi {
    /// List the folders and what of them is left out
    #[oai(path = "/folders", method = "get", operation_id = "list_folders")]
    async fn list_folders(&self, operator: Operator) -> Result<Json<Vec<Folder>>, Failed> {
        let folders = operator.0.app().folders().iter();
        Ok(Json(folders.map(Folder::from).collect()))
    }
}
