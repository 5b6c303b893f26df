//! `/v1/storage/files`: the files of bots. Requests name the bot by a parameter or by one of its files.

use poem::Request;
use poem_openapi::{
    ApiResponse, Enum, Object, OpenApi,
    param::{Path, Query},
    payload::Binary,
    types::Example,
};
use serde::Serialize;

use super::{conversations::dto::EmptyObject, users::dto::EXAMPLE_TIME};
use crate::{
    dialects::botpress::{
        Tag,
        auth::{OptionalTokenHolder, TokenHolder},
        error::Failed,
        paging::{self, PageMeta},
    },
    domain::bots::files::{self, AccessType},
    http::{Body, DirectJson, origin},
};

/// The operations on files.
pub struct Files;

/// Access to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
enum FileAccess {
    /// Readable for every caller that may act for the bot.
    Private,
    /// Readable for everyone who has the address.
    Public,
}

/// A file.
#[derive(Object, Serialize)]
#[oai(rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
struct File {
    /// Id of the bot that owns the file.
    bot_id: String,
    /// Name of the file.
    name: String,
    /// Access to the file.
    access_type: FileAccess,
    /// Id of the file.
    id: String,
    /// Time of creation, in ISO 8601.
    created_at: String,
    /// Size in bytes.
    size: i64,
    /// Address of the contents; absent for private files.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    public_url: Option<String>,
}

impl File {
    /// Converts a file. `origin` is the address at which the caller reaches this server.
    fn new(origin: &str, file: files::File) -> Self {
        let public = file.access_type == AccessType::Public;
        Self {
            public_url: public.then(|| format!("{origin}/v1/storage/files/{}/download", file.id)),
            bot_id: file.bot_id.into(),
            name: file.name,
            access_type: match file.access_type {
                AccessType::Private => FileAccess::Private,
                AccessType::Public => FileAccess::Public,
            },
            id: file.id.into(),
            created_at: file.created_at.to_rfc3339_millis(),
            size: file.size,
        }
    }
}

impl Example for File {
    fn example() -> Self {
        Self {
            bot_id: "4f6a1d0e-3d53-4c0b-8a8e-5b6c3c0f9d21".to_owned(),
            name: "notes.txt".to_owned(),
            access_type: FileAccess::Private,
            id: "0194bb14-ae55-7023-9d74-1c2b3e4f5a76".to_owned(),
            created_at: EXAMPLE_TIME.to_owned(),
            size: 5,
            public_url: None,
        }
    }
}

/// One file.
#[derive(Object, Serialize)]
#[oai(example, rename = "FileResponse")]
struct FileResponse {
    /// The file.
    file: File,
}

impl Example for FileResponse {
    fn example() -> Self {
        Self {
            file: File::example(),
        }
    }
}

/// A page of files.
#[derive(Object, Serialize)]
#[oai(example, rename = "listFilesResponse")]
struct FilesResponse {
    /// The files, newest first.
    files: Vec<File>,
    /// Position of the next page.
    meta: PageMeta,
}

impl Example for FilesResponse {
    fn example() -> Self {
        Self {
            files: vec![File::example()],
            meta: PageMeta::default(),
        }
    }
}

/// A new file.
#[derive(Object)]
#[oai(example, rename = "createFileBody", rename_all = "camelCase")]
struct CreateFileBody {
    /// Id of the bot that owns the file.
    bot_id: String,
    /// Contents of the file.
    contents: String,
    /// Name of the file.
    name: String,
    /// Access to the file.
    access_type: FileAccess,
}

impl Example for CreateFileBody {
    fn example() -> Self {
        Self {
            bot_id: "4f6a1d0e-3d53-4c0b-8a8e-5b6c3c0f9d21".to_owned(),
            contents: "Hello".to_owned(),
            name: "notes.txt".to_owned(),
            access_type: FileAccess::Private,
        }
    }
}

/// The contents of a file.
#[derive(ApiResponse)]
enum DownloadFileResponse {
    /// The contents of the file
    #[oai(status = 200, content_type = "application/octet-stream")]
    Contents(
        Binary<Vec<u8>>,
        /// `attachment`: browsers download the file instead of showing it as a page of this server.
        #[oai(header = "Content-Disposition")]
        String,
        /// `nosniff`: browsers do not guess another content type.
        #[oai(header = "X-Content-Type-Options")]
        String,
    ),
}

fn to_response(request: &Request, file: files::File) -> DirectJson<FileResponse> {
    DirectJson(FileResponse {
        file: File::new(&origin(request), file),
    })
}

#[OpenApi(tag = "Tag::File")]
impl Files {
    /// Create File
    ///
    /// Creates a file of a bot.
    #[oai(
        path = "/v1/storage/files",
        method = "post",
        operation_id = "createFile"
    )]
    async fn create_file(
        &self,
        caller: TokenHolder,
        request: &Request,
        body: Body<CreateFileBody>,
    ) -> Result<DirectJson<FileResponse>, Failed> {
        let new = files::NewFile {
            name: body.0.name,
            access_type: match body.0.access_type {
                FileAccess::Private => AccessType::Private,
                FileAccess::Public => AccessType::Public,
            },
            contents: body.0.contents,
        };
        let made = files::create(&caller.0, &body.0.bot_id, new).await?;
        Ok(to_response(request, made))
    }

    /// List Files
    ///
    /// Lists the files of a bot, newest first.
    #[oai(path = "/v1/storage/files", method = "get", operation_id = "listFiles")]
    async fn list_files(
        &self,
        caller: TokenHolder,
        request: &Request,
        /// `meta.nextToken` of the previous page.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
        /// Id of the bot.
        #[oai(name = "botId")]
        bot_id: Query<String>,
    ) -> Result<DirectJson<FilesResponse>, Failed> {
        let after = paging::parse_next_token(next_token.0)?;
        let page = files::list(&caller.0, &bot_id.0, after).await?;
        let origin = origin(request);
        let shown = |file| File::new(&origin, file);
        Ok(DirectJson(FilesResponse {
            meta: PageMeta::new(page.next),
            files: page.items.into_iter().map(shown).collect(),
        }))
    }

    /// Get File
    ///
    /// Returns the metadata of a file.
    #[oai(
        path = "/v1/storage/files/:id",
        method = "get",
        operation_id = "getFile"
    )]
    async fn get_file(
        &self,
        caller: TokenHolder,
        request: &Request,
        /// Id of the file.
        id: Path<String>,
    ) -> Result<DirectJson<FileResponse>, Failed> {
        let found = files::find(&caller.0, &id.0.into())?;
        Ok(to_response(request, found))
    }

    /// Delete File
    ///
    /// Deletes a file.
    #[oai(
        path = "/v1/storage/files/:id",
        method = "delete",
        operation_id = "deleteFile"
    )]
    async fn delete_file(
        &self,
        caller: TokenHolder,
        /// Id of the file.
        id: Path<String>,
    ) -> Result<DirectJson<EmptyObject>, Failed> {
        files::delete(&caller.0, id.0.into()).await?;
        Ok(DirectJson(EmptyObject {}))
    }

    /// Download File
    ///
    /// Downloads the contents of a file. A public file needs no token.
    #[oai(
        path = "/v1/storage/files/:id/download",
        method = "get",
        operation_id = "downloadFile"
    )]
    async fn download_file(
        &self,
        caller: OptionalTokenHolder,
        /// Id of the file.
        id: Path<String>,
    ) -> Result<DownloadFileResponse, Failed> {
        let contents = files::read_contents(&caller.0, &id.0.into())?;
        Ok(DownloadFileResponse::Contents(
            Binary(contents),
            "attachment".to_owned(),
            "nosniff".to_owned(),
        ))
    }
}
