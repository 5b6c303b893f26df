//! `/v1/files`: files with a key.

use poem::Request;
use poem_openapi::{
    Enum, OpenApi,
    param::{Path, Query},
    payload::Json,
};

use super::{
    dto::{File, FileResponse, ListFilesResponse, UpsertFileResponse},
    filter::{parse_filter, parse_list},
    request::{CopyFileBody, UpdateFileBody, UpsertFileBody},
};
use crate::{
    dialects::botpress::{
        Tag,
        auth::{BotCaller, admit_in_bot},
        chat::list_parameters::SortDirection,
        empty::{EMPTY_RESPONSE, EmptyResponse},
        error::Failed,
        paging::{PageMeta, non_empty_parameter},
    },
    domain::{
        bots::uploaded_files::{self as files, ListCursor},
        tenancy::request_auth::RequestContext,
    },
    http::{Body, origin},
    kernel::ids::EndUserId,
};

/// Header that names the user that owns a new file.
pub const USER_ID: &str = "x-user-id";
/// Header that names the bot of a copy.
pub const DESTINATION_BOT_ID: &str = "x-destination-bot-id";

/// The operations on files with a key.
pub struct UploadedFiles;

/// Field that a list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "camelCase")]
enum FileSortField {
    /// Key.
    Key,
    /// Size.
    Size,
    /// Time of creation.
    CreatedAt,
    /// Time of the last change.
    UpdatedAt,
    /// Status.
    Status,
}

impl From<FileSortField> for files::SortField {
    fn from(field: FileSortField) -> Self {
        match field {
            FileSortField::Key => Self::Key,
            FileSortField::Size => Self::Size,
            FileSortField::CreatedAt => Self::CreatedAt,
            FileSortField::UpdatedAt => Self::UpdatedAt,
            FileSortField::Status => Self::Status,
        }
    }
}

fn to_response(call: &RequestContext, request: &Request, file: files::File) -> Json<FileResponse> {
    Json(FileResponse {
        file: File::new(call.app(), &origin(request), file),
    })
}

/// Returns the text of a `nextToken`, if it is not that of the first page.
// wire: samples of the vendor send `nextToken=undefined` for the first page (botpress.md §4)
pub fn next_token(parameter: Option<String>) -> Option<String> {
    non_empty_parameter(parameter).filter(|token| token != "undefined")
}

#[OpenApi(tag = "Tag::File")]
impl UploadedFiles {
    /// Upsert File
    ///
    /// Creates a file, or replaces the one with its key. Send the bytes to `uploadUrl` with PUT afterwards.
    #[oai(path = "/v1/files", method = "put", operation_id = "upsertFile")]
    async fn upsert_file(
        &self,
        caller: BotCaller,
        request: &Request,
        body: Body<UpsertFileBody>,
    ) -> Result<Json<UpsertFileResponse>, Failed> {
        let user = request.header(USER_ID).filter(|user| !user.is_empty());
        let new = body.0.into_new_file(user.map(EndUserId::from))?;
        let file = files::upsert(&caller.0, new).await?;
        let app = caller.0.app();
        Ok(Json(UpsertFileResponse::new(app, &origin(request), file)))
    }

    /// List Files
    ///
    /// Lists the files of the bot, newest first. An integration gets those that it made, and those that are shared with
    /// integrations.
    // wire: listFiles, getFile and deleteFile are already the names of operations on `/v1/storage/files`
    #[oai(path = "/v1/files", method = "get", operation_id = "listUploadedFiles")]
    async fn list_uploaded_files(
        &self,
        caller: BotCaller,
        request: &Request,
        /// `meta.nextToken` of the previous page.
        #[oai(name = "nextToken")]
        next: Query<Option<String>>,
        /// Field to sort by.
        #[oai(name = "sortField")]
        sort_field: Query<Option<FileSortField>>,
        /// Direction of the sort order.
        #[oai(name = "sortDirection")]
        sort_direction: Query<Option<SortDirection>>,
        /// True selects files that are to be indexed, false the others.
        indexed: Query<Option<bool>>,
    ) -> Result<Json<ListFilesResponse>, Failed> {
        let ids = parse_list(request, "ids");
        let filter = files::Filter {
            tags: parse_filter(request)?,
            ids: ids.map(|ids| ids.into_iter().map(Into::into).collect()),
            indexed: indexed.0,
        };
        let sort = files::Sort {
            field: sort_field.0.map(Into::into).unwrap_or_default(),
            ascending: sort_direction.0 == Some(SortDirection::Asc),
        };
        let after = next_token(next.0);
        let after = after.as_deref().map(ListCursor::parse).transpose()?;
        let (found, next) = files::list(&caller.0, filter, sort, after).await?;
        let (app, origin) = (caller.0.app(), origin(request));
        let found = found.into_iter();
        Ok(Json(ListFilesResponse {
            files: found.map(|file| File::new(app, &origin, file)).collect(),
            meta: PageMeta {
                next_token: next.map(|next| next.to_string()),
            },
        }))
    }

    /// Get File
    ///
    /// Returns a file. Its address is new with each call.
    #[oai(
        path = "/v1/files/:id",
        method = "get",
        operation_id = "getUploadedFile"
    )]
    async fn get_uploaded_file(
        &self,
        caller: BotCaller,
        request: &Request,
        /// Id or key of the file.
        id: Path<String>,
    ) -> Result<Json<FileResponse>, Failed> {
        let found = files::find(&caller.0, &id.0)?;
        Ok(to_response(&caller.0, request, found))
    }

    /// Update File Metadata
    ///
    /// Changes metadata, tags, permissions or the time of the deletion. Absent fields stay.
    #[oai(
        path = "/v1/files/:id",
        method = "put",
        operation_id = "updateFileMetadata"
    )]
    async fn update_file_metadata(
        &self,
        caller: BotCaller,
        request: &Request,
        /// Id or key of the file.
        id: Path<String>,
        body: Body<UpdateFileBody>,
    ) -> Result<Json<FileResponse>, Failed> {
        let updated = files::update(&caller.0, id.0, body.0.into_patch()?).await?;
        Ok(to_response(&caller.0, request, updated))
    }

    /// Delete File
    ///
    /// Deletes a file with its bytes and passages.
    #[oai(
        path = "/v1/files/:id",
        method = "delete",
        operation_id = "deleteUploadedFile"
    )]
    async fn delete_uploaded_file(
        &self,
        caller: BotCaller,
        /// Id or key of the file.
        id: Path<String>,
    ) -> Result<Json<EmptyResponse>, Failed> {
        files::delete(&caller.0, id.0).await?;
        Ok(EMPTY_RESPONSE)
    }

    /// Copy File
    ///
    /// Copies a file with bytes, tags and metadata, also to another bot.
    #[oai(
        path = "/v1/files/:idOrKey/:destinationKey",
        method = "post",
        operation_id = "copyFile"
    )]
    async fn copy_file(
        &self,
        caller: BotCaller,
        request: &Request,
        /// Id or key of the file to copy.
        #[oai(name = "idOrKey")]
        id_or_key: Path<String>,
        /// Key of the copy.
        #[oai(name = "destinationKey")]
        destination_key: Path<String>,
        body: Body<Option<CopyFileBody>>,
    ) -> Result<Json<FileResponse>, Failed> {
        let copy = files::Copy {
            source: id_or_key.0,
            key: destination_key.0,
            overwrite: body.0.and_then(|body| body.overwrite).unwrap_or_default(),
        };
        let own = caller.0.agent()?.id.as_str();
        let destination = request.header(DESTINATION_BOT_ID);
        let copied = match destination.filter(|bot| !bot.is_empty() && *bot != own) {
            Some(bot) => {
                let destination = admit_in_bot(request, bot)?;
                files::copy(&caller.0, &destination, copy).await?
            }
            None => files::copy(&caller.0, &caller.0, copy).await?,
        };
        Ok(to_response(&caller.0, request, copied))
    }
}
