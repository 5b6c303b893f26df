//! Wire types of files.

use std::collections::BTreeMap;

use poem_openapi::{Enum, Object, types::Example};

use super::bytes::BASE_PATH;
use crate::{
    dialects::botpress::{chat::users::dto::EXAMPLE_TIME, paging::PageMeta},
    domain::{
        App,
        bots::uploaded_files::{
            self as files, OwnerKind,
            addresses::{Right, Signature},
        },
    },
    http::{JsonObject, Nullable},
};

/// Status of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
enum FileStatus {
    /// The bytes are not there yet.
    UploadPending,
    /// The bytes were rejected.
    UploadFailed,
    /// The bytes are stored.
    UploadCompleted,
    /// The file is to be indexed.
    IndexingPending,
    /// The file cannot be indexed.
    IndexingFailed,
    /// The passages of the file can be searched.
    IndexingCompleted,
}

impl From<files::Status> for FileStatus {
    fn from(status: files::Status) -> Self {
        match status {
            files::Status::UploadPending => Self::UploadPending,
            files::Status::UploadFailed => Self::UploadFailed,
            files::Status::UploadCompleted => Self::UploadCompleted,
            files::Status::IndexingPending => Self::IndexingPending,
            files::Status::IndexingFailed => Self::IndexingFailed,
            files::Status::IndexingCompleted => Self::IndexingCompleted,
        }
    }
}

/// Permission of others than the owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum AccessPolicy {
    /// Everyone who has the address can read the bytes.
    PublicContent,
    /// All integrations of the bot can read the file.
    Integrations,
}

/// Converts the permissions of a request.
pub fn to_access_policies(policies: &[AccessPolicy]) -> files::AccessPolicies {
    files::AccessPolicies {
        public_content: policies.contains(&AccessPolicy::PublicContent),
        integrations: policies.contains(&AccessPolicy::Integrations),
    }
}

/// Kind of an owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
enum FileOwnerType {
    /// The bot.
    Bot,
    /// An integration.
    Integration,
    /// A user.
    User,
}

/// Owner of a file.
#[derive(Object)]
struct FileOwner {
    /// Kind of the owner.
    r#type: FileOwnerType,
    /// Id of the bot, the integration or the user.
    #[oai(skip_serializing_if_is_none)]
    id: Option<String>,
    /// Name of the integration.
    #[oai(skip_serializing_if_is_none)]
    name: Option<String>,
    /// Alias of the integration in the bot.
    #[oai(skip_serializing_if_is_none)]
    alias: Option<String>,
}

/// Version of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
enum IndexingStack {
    /// The version that this server has.
    V2,
    /// An older version.
    V1,
}

/// A file.
#[derive(Object)]
#[oai(rename = "UploadedFile", rename_all = "camelCase")]
pub struct File {
    /// Id of the file.
    id: String,
    /// Id of the bot.
    bot_id: String,
    /// Key of the file.
    key: String,
    /// Address of the bytes: permanent for public ones, else valid for an hour.
    url: String,
    /// Size in bytes; null until the bytes are stored.
    size: Nullable<u64>,
    /// Media type.
    content_type: String,
    /// Tags by name.
    tags: BTreeMap<String, String>,
    /// Metadata.
    metadata: JsonObject,
    /// Time of creation, in ISO 8601.
    created_at: String,
    /// Time of the last change, in ISO 8601.
    updated_at: String,
    /// Permissions of others than the owner.
    access_policies: Vec<AccessPolicy>,
    /// True if the file is to be indexed.
    index: bool,
    /// Status.
    status: FileStatus,
    /// Reason of a failure.
    #[oai(skip_serializing_if_is_none)]
    failed_status_reason: Option<String>,
    /// Time of the deletion, in ISO 8601.
    #[oai(skip_serializing_if_is_none)]
    expires_at: Option<String>,
    /// Owner.
    owner: FileOwner,
    /// Version of the index of an indexed file.
    #[oai(skip_serializing_if_is_none)]
    indexing_stack: Option<IndexingStack>,
}

fn to_url(origin: &str, id: &str, signature: Option<Signature>) -> String {
    let address = format!("{origin}{BASE_PATH}/{id}");
    match signature {
        Some(Signature { expires, signature }) => {
            format!("{address}?expires={expires}&signature={signature}")
        }
        None => address,
    }
}

impl File {
    /// Converts a file. `origin` is the address at which the caller reaches this server.
    pub fn new(app: &App, origin: &str, file: files::File) -> Self {
        let is_public = file.access_policies.public_content;
        let signature = (!is_public).then(|| Signature::new(app, &file, Right::Read));
        let policies = [
            (is_public, AccessPolicy::PublicContent),
            (
                file.access_policies.integrations,
                AccessPolicy::Integrations,
            ),
        ];
        let policies = policies.into_iter().filter(|(has, _)| *has);
        let is_indexed = file.status == files::Status::IndexingCompleted;
        Self {
            url: to_url(origin, file.id.as_str(), signature),
            id: file.id.into(),
            bot_id: file.bot.into(),
            key: file.key,
            size: Nullable(file.size),
            content_type: file.content_type,
            tags: file.tags,
            metadata: JsonObject(file.metadata),
            created_at: file.created_at.to_rfc3339_millis(),
            updated_at: file.updated_at.to_rfc3339_millis(),
            access_policies: policies.map(|(_, policy)| policy).collect(),
            index: file.index,
            status: file.status.into(),
            failed_status_reason: file.failure,
            expires_at: file.expires_at.map(|at| at.to_rfc3339_millis()),
            owner: FileOwner {
                r#type: match file.owner.kind {
                    OwnerKind::Bot => FileOwnerType::Bot,
                    OwnerKind::Integration => FileOwnerType::Integration,
                    OwnerKind::User => FileOwnerType::User,
                },
                id: file.owner.id,
                name: file.owner.name,
                alias: file.owner.alias,
            },
            indexing_stack: is_indexed.then_some(IndexingStack::V2),
        }
    }
}

const EXAMPLE_ID: &str = "0194bb14-ae55-7023-9d74-1c2b3e4f5a76";

impl Example for File {
    fn example() -> Self {
        let bot = "4f6a1d0e-3d53-4c0b-8a8e-5b6c3c0f9d21";
        Self {
            id: EXAMPLE_ID.to_owned(),
            bot_id: bot.to_owned(),
            key: "manuals/pump.md".to_owned(),
            url: format!("https://parlance.example.com{BASE_PATH}/{EXAMPLE_ID}"),
            size: Nullable(Some(1_024)),
            content_type: "text/markdown".to_owned(),
            tags: BTreeMap::from([("kind".to_owned(), "manual".to_owned())]),
            metadata: JsonObject::default(),
            created_at: EXAMPLE_TIME.to_owned(),
            updated_at: EXAMPLE_TIME.to_owned(),
            access_policies: vec![AccessPolicy::PublicContent],
            index: true,
            status: FileStatus::IndexingCompleted,
            failed_status_reason: None,
            expires_at: None,
            owner: FileOwner {
                r#type: FileOwnerType::Bot,
                id: Some(bot.to_owned()),
                name: None,
                alias: None,
            },
            indexing_stack: Some(IndexingStack::V2),
        }
    }
}

/// A file that waits for its bytes.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct PendingFile {
    #[oai(flatten)]
    file: File,
    /// Address to which the bytes are sent with PUT; valid for an hour.
    upload_url: String,
}

/// A file that waits for its bytes.
#[derive(Object)]
#[oai(example, rename = "upsertFileResponse")]
pub struct UpsertFileResponse {
    /// The file.
    file: PendingFile,
}

impl UpsertFileResponse {
    /// Converts a file. `origin` is the address at which the caller reaches this server.
    pub fn new(app: &App, origin: &str, file: files::File) -> Self {
        let signature = Signature::new(app, &file, Right::Upload);
        Self {
            file: PendingFile {
                upload_url: to_url(origin, file.id.as_str(), Some(signature)),
                file: File::new(app, origin, file),
            },
        }
    }
}

impl Example for UpsertFileResponse {
    fn example() -> Self {
        let file = File::example();
        Self {
            file: PendingFile {
                upload_url: format!("{}?expires=1769851800&signature=9f86d081884c", file.url),
                file: File {
                    size: Nullable(None),
                    status: FileStatus::UploadPending,
                    indexing_stack: None,
                    ..file
                },
            },
        }
    }
}

/// One file.
#[derive(Object)]
#[oai(example, rename = "UploadedFileResponse")]
pub struct FileResponse {
    /// The file.
    pub file: File,
}

impl Example for FileResponse {
    fn example() -> Self {
        Self {
            file: File::example(),
        }
    }
}

/// A page of files.
#[derive(Object)]
#[oai(example, rename = "listUploadedFilesResponse")]
pub struct ListFilesResponse {
    /// The files.
    pub files: Vec<File>,
    /// Position of the next page.
    pub meta: PageMeta,
}

impl Example for ListFilesResponse {
    fn example() -> Self {
        Self {
            files: vec![File::example()],
            meta: PageMeta::default(),
        }
    }
}
