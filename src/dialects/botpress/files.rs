//! `/v1/storage/files`: files of bots. Requests name the bot in their body, or by the file.

use poem::Request;
use poem_openapi::{
    ApiResponse, Enum, Object, OpenApi,
    param::{Path, Query},
    payload::{Binary, Json},
    types::Example,
};

use super::{
    Tag,
    auth::{MaybeToken, Token},
    conversations_wire::Nothing,
    error::Failed,
    paging::{self, Meta},
    users_wire::EXAMPLE_TIME,
};
use crate::{
    domain::bots::files::{self, AccessType},
    http::{Body, origin},
};

/// The operations on files.
pub struct Files;

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
enum FileAccess {
    /// Whoever may act for the bot.
    Private,
    /// Whoever knows its address.
    Public,
}

/// A file.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct File {
    /// The id of the bot that it belongs to.
    bot_id: String,
    /// Its name.
    name: String,
    /// Who may read it.
    access_type: FileAccess,
    /// Its id.
    id: String,
    /// When it was created, in ISO 8601.
    created_at: String,
    /// Its size in bytes.
    size: i64,
    /// The address of a public one.
    #[oai(skip_serializing_if_is_none)]
    public_url: Option<String>,
}

impl File {
    /// A file, for callers who reach this server at `origin`.
    fn at(origin: &str, file: files::File) -> Self {
        let public = file.access_type == AccessType::Public;
        Self {
            public_url: public.then(|| format!("{origin}/v1/storage/files/{}/download", file.id)),
            bot_id: file.bot_id.to_string(),
            name: file.name,
            access_type: match file.access_type {
                AccessType::Private => FileAccess::Private,
                AccessType::Public => FileAccess::Public,
            },
            id: file.id.to_string(),
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
#[derive(Object)]
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
#[derive(Object)]
#[oai(example, rename = "listFilesResponse")]
struct FilesResponse {
    /// The files, newest first.
    files: Vec<File>,
    /// Where the next page is.
    meta: Meta,
}

impl Example for FilesResponse {
    fn example() -> Self {
        Self {
            files: vec![File::example()],
            meta: Meta::default(),
        }
    }
}

/// A new file.
#[derive(Object)]
#[oai(example, rename = "createFileBody", rename_all = "camelCase")]
struct CreateFileBody {
    /// The id of the bot that it belongs to.
    bot_id: String,
    /// What is in it.
    contents: String,
    /// Its name.
    name: String,
    /// Who may read it.
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

/// What is in a file.
#[derive(ApiResponse)]
enum DownloadFileResponse {
    /// What is in the file
    #[oai(status = 200, content_type = "application/octet-stream")]
    Contents(
        Binary<Vec<u8>>,
        /// Kept from being shown as a page of this server.
        #[oai(header = "Content-Disposition")]
        String,
        /// Kept from being taken for anything else.
        #[oai(header = "X-Content-Type-Options")]
        String,
    ),
}

fn shown(request: &Request, file: files::File) -> Json<FileResponse> {
    Json(FileResponse {
        file: File::at(&origin(request), file),
    })
}

#[OpenApi(tag = "Tag::File")]
impl Files {
    /// Create File
    ///
    /// Create a file of a bot.
    #[oai(
        path = "/v1/storage/files",
        method = "post",
        operation_id = "createFile"
    )]
    async fn create_file(
        &self,
        caller: Token,
        request: &Request,
        body: Body<CreateFileBody>,
    ) -> Result<Json<FileResponse>, Failed> {
        let new = files::New {
            name: body.0.name,
            access_type: match body.0.access_type {
                FileAccess::Private => AccessType::Private,
                FileAccess::Public => AccessType::Public,
            },
            contents: body.0.contents,
        };
        let made = files::create(&caller.0, &body.0.bot_id, new).await?;
        Ok(shown(request, made))
    }

    /// List Files
    ///
    /// Page through the files of a bot, newest first.
    #[oai(path = "/v1/storage/files", method = "get", operation_id = "listFiles")]
    async fn list_files(
        &self,
        caller: Token,
        request: &Request,
        /// The `nextToken` of the page before.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
        /// The id of the bot.
        #[oai(name = "botId")]
        bot_id: Query<String>,
    ) -> Result<Json<FilesResponse>, Failed> {
        let after = paging::position(next_token.0)?;
        let page = files::list(&caller.0, &bot_id.0, after).await?;
        let origin = origin(request);
        let shown = |file| File::at(&origin, file);
        Ok(Json(FilesResponse {
            meta: Meta::new(page.next),
            files: page.items.into_iter().map(shown).collect(),
        }))
    }

    /// Get File
    ///
    /// Read what is known of a file.
    #[oai(
        path = "/v1/storage/files/:id",
        method = "get",
        operation_id = "getFile"
    )]
    async fn get_file(
        &self,
        caller: Token,
        request: &Request,
        /// The file's id.
        id: Path<String>,
    ) -> Result<Json<FileResponse>, Failed> {
        let found = files::find(&caller.0, &id.0.into())?;
        Ok(shown(request, found))
    }

    /// Delete File
    ///
    /// Delete a file.
    #[oai(
        path = "/v1/storage/files/:id",
        method = "delete",
        operation_id = "deleteFile"
    )]
    async fn delete_file(
        &self,
        caller: Token,
        /// The file's id.
        id: Path<String>,
    ) -> Result<Json<Nothing>, Failed> {
        files::delete(&caller.0, id.0.into()).await?;
        Ok(Json(Nothing {}))
    }

    /// Download File
    ///
    /// Read what is in a file. A public one needs no token.
    #[oai(
        path = "/v1/storage/files/:id/download",
        method = "get",
        operation_id = "downloadFile"
    )]
    async fn download_file(
        &self,
        caller: MaybeToken,
        /// The file's id.
        id: Path<String>,
    ) -> Result<DownloadFileResponse, Failed> {
        let contents = files::contents(&caller.0, &id.0.into())?;
        Ok(DownloadFileResponse::Contents(
            Binary(contents),
            "attachment".to_owned(),
            "nosniff".to_owned(),
        ))
    }
}
