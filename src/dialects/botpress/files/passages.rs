//! `/v1/files/search` and `/v1/files/{id}/passages`: the passages of indexed files.

use poem::Request;
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
    payload::Json,
};

use super::{
    filter::parse_filter,
    passages_dto::{ListPassagesResponse, SearchResponse, SetPassagesBody},
};
use crate::{
    dialects::botpress::{
        Tag,
        auth::BotCaller,
        empty::{EMPTY_RESPONSE, EmptyResponse},
        error::Failed,
        paging::{PageMeta, parse_next_token},
    },
    domain::bots::uploaded_files::{
        passages::{self, PAGE_LIMITS},
        search::{self, DEPTHS, LIMITS},
    },
    http::Body,
};

/// The operations on passages of files.
pub struct FilePassages;

#[OpenApi(tag = "Tag::File")]
impl FilePassages {
    /// Search Files
    ///
    /// Searches the text of the indexed files of the bot. Best matches come first.
    #[oai(
        path = "/v1/files/search",
        method = "get",
        operation_id = "searchFiles"
    )]
    #[expect(clippy::too_many_arguments, reason = "the vendor's list of parameters")]
    async fn search_files(
        &self,
        caller: BotCaller,
        request: &Request,
        /// Words to search for.
        query: Query<String>,
        /// Number of neighbours on each side of a passage that its content includes; 1 by default.
        #[oai(name = "contextDepth", validator(maximum(value = "10")))]
        context_depth: Query<Option<u32>>,
        /// Maximum number of passages; 20 by default.
        #[oai(validator(minimum(value = "1"), maximum(value = "50")))]
        limit: Query<Option<u32>>,
        /// True for one passage of each file.
        consolidate: Query<Option<bool>>,
        /// True to begin each content with the headings above it.
        #[oai(name = "includeBreadcrumb")]
        include_breadcrumb: Query<Option<bool>>,
        /// True to list the parts of each content.
        #[oai(name = "withContext")]
        with_context: Query<Option<bool>>,
    ) -> Result<Json<SearchResponse>, Failed> {
        let search = search::Query {
            text: query.0,
            tags: parse_filter(request)?,
            limit: limit.0.unwrap_or(LIMITS.0),
            context_depth: context_depth.0.unwrap_or(DEPTHS.0),
            consolidate: consolidate.0.unwrap_or_default(),
            include_breadcrumb: include_breadcrumb.0.unwrap_or_default(),
        };
        let found = search::search(&caller.0, search).await?;
        let with_context = with_context.0.unwrap_or_default();
        Ok(Json(SearchResponse::new(found, with_context)))
    }

    /// List File Passages
    ///
    /// Lists the passages of a file, in their order.
    #[oai(
        path = "/v1/files/:id/passages",
        method = "get",
        operation_id = "listFilePassages"
    )]
    async fn list_file_passages(
        &self,
        caller: BotCaller,
        /// Id or key of the file.
        id: Path<String>,
        /// `meta.nextToken` of the previous page.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
        /// Maximum number of passages; 20 by default.
        #[oai(validator(minimum(value = "1"), maximum(value = "200")))]
        limit: Query<Option<u32>>,
    ) -> Result<Json<ListPassagesResponse>, Failed> {
        let after = parse_next_token(next_token.0)?;
        let limit = limit.0.unwrap_or(PAGE_LIMITS.0);
        let page = passages::list(&caller.0, id.0, limit, after).await?;
        let meta = PageMeta::new(page.next);
        Ok(Json(ListPassagesResponse::new(page.items, meta)))
    }

    /// Set File Passages
    ///
    /// Replaces all passages of a file. They can be searched when the call returns.
    #[oai(
        path = "/v1/files/:id/passages",
        method = "put",
        operation_id = "setFilePassages"
    )]
    async fn set_file_passages(
        &self,
        caller: BotCaller,
        /// Id or key of the file.
        id: Path<String>,
        body: Body<SetPassagesBody>,
    ) -> Result<Json<EmptyResponse>, Failed> {
        passages::set(&caller.0, id.0, body.0.into_passages()).await?;
        Ok(EMPTY_RESPONSE)
    }
}
