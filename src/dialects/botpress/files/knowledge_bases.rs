//! `/v1/files/knowledge-bases` and `/v1/files/tags`: knowledge bases, and the tags that files have.

use std::collections::BTreeMap;

use poem::Request;
use poem_openapi::{
    Object, OpenApi,
    param::{Path, Query},
    payload::Json,
    types::Example,
};

use super::{filter::parse_filter, operations::next_token, request::to_patch};
use crate::{
    dialects::botpress::{
        Tag,
        auth::BotCaller,
        chat::users::dto::EXAMPLE_TIME,
        empty::{EMPTY_RESPONSE, EmptyResponse},
        error::Failed,
        paging::{PageMeta, parse_next_token},
    },
    domain::bots::uploaded_files::{
        knowledge_bases::{self, KnowledgeBase as StoredBase},
        tag_lists,
    },
    http::{Body, Nullable},
};

/// The operations on knowledge bases and on the tags of files.
pub struct KnowledgeBases;

const EXAMPLE_ID: &str = "kb-3f2a9c7e-5d41-4a86-9b0e-7c1d2e3f4a5b";

fn example_tags() -> BTreeMap<String, String> {
    BTreeMap::from([("team".to_owned(), "support".to_owned())])
}

/// A knowledge base.
#[derive(Object)]
#[oai(rename = "KnowledgeBase")]
struct KnowledgeBase {
    /// Id; files of the knowledge base have it as their tag `kbId`.
    id: String,
    /// Name.
    name: String,
    /// Tags by name.
    tags: BTreeMap<String, String>,
}

impl From<StoredBase> for KnowledgeBase {
    fn from(base: StoredBase) -> Self {
        Self {
            id: base.id.into(),
            name: base.name,
            tags: base.tags,
        }
    }
}

/// One knowledge base.
#[derive(Object)]
#[oai(example, rename = "KnowledgeBaseResponse", rename_all = "camelCase")]
struct KnowledgeBaseResponse {
    /// The knowledge base.
    knowledge_base: KnowledgeBase,
}

impl Example for KnowledgeBaseResponse {
    fn example() -> Self {
        Self {
            knowledge_base: KnowledgeBase {
                id: EXAMPLE_ID.to_owned(),
                name: "Manuals".to_owned(),
                tags: example_tags(),
            },
        }
    }
}

/// A knowledge base in a list.
#[derive(Object)]
#[oai(rename = "ListedKnowledgeBase", rename_all = "camelCase")]
struct ListedKnowledgeBase {
    /// Id; files of the knowledge base have it as their tag `kbId`.
    id: String,
    /// Name.
    name: String,
    /// Time of creation, in ISO 8601.
    created_at: String,
    /// Tags by name.
    tags: BTreeMap<String, String>,
}

/// A page of knowledge bases.
#[derive(Object)]
#[oai(
    example,
    rename = "listKnowledgeBasesResponse",
    rename_all = "camelCase"
)]
struct ListKnowledgeBasesResponse {
    /// The knowledge bases, newest first.
    knowledge_bases: Vec<ListedKnowledgeBase>,
    /// Position of the next page.
    meta: PageMeta,
}

impl Example for ListKnowledgeBasesResponse {
    fn example() -> Self {
        Self {
            knowledge_bases: vec![ListedKnowledgeBase {
                id: EXAMPLE_ID.to_owned(),
                name: "Manuals".to_owned(),
                created_at: EXAMPLE_TIME.to_owned(),
                tags: example_tags(),
            }],
            meta: PageMeta::default(),
        }
    }
}

/// A new knowledge base.
#[derive(Object)]
#[oai(example, rename = "createKnowledgeBaseBody")]
struct CreateKnowledgeBaseBody {
    /// Name.
    name: String,
    /// Tags by name.
    tags: Option<BTreeMap<String, String>>,
}

impl Example for CreateKnowledgeBaseBody {
    fn example() -> Self {
        Self {
            name: "Manuals".to_owned(),
            tags: Some(example_tags()),
        }
    }
}

/// A change of a knowledge base.
#[derive(Object)]
#[oai(example, rename = "updateKnowledgeBaseBody")]
struct UpdateKnowledgeBaseBody {
    /// New name.
    name: String,
    /// Tags to set by name; null removes a tag.
    tags: Option<BTreeMap<String, Nullable<String>>>,
}

impl Example for UpdateKnowledgeBaseBody {
    fn example() -> Self {
        Self {
            name: "Handbooks".to_owned(),
            tags: None,
        }
    }
}

/// A page of the names of tags.
#[derive(Object)]
#[oai(example, rename = "listFileTagsResponse")]
struct ListTagsResponse {
    /// The names, in alphabetical order.
    tags: Vec<String>,
    /// Position of the next page.
    meta: PageMeta,
}

impl Example for ListTagsResponse {
    fn example() -> Self {
        Self {
            tags: vec!["kind".to_owned()],
            meta: PageMeta::default(),
        }
    }
}

/// A page of the values of a tag.
#[derive(Object)]
#[oai(example, rename = "listFileTagValuesResponse")]
struct ListValuesResponse {
    /// The distinct values, in alphabetical order.
    values: Vec<String>,
    /// Position of the next page.
    meta: PageMeta,
}

impl Example for ListValuesResponse {
    fn example() -> Self {
        Self {
            values: vec!["manual".to_owned()],
            meta: PageMeta::default(),
        }
    }
}

fn to_response(base: StoredBase) -> Json<KnowledgeBaseResponse> {
    Json(KnowledgeBaseResponse {
        knowledge_base: base.into(),
    })
}

#[OpenApi(tag = "Tag::File")]
impl KnowledgeBases {
    /// List File Tags
    ///
    /// Lists the names of the tags that files have.
    #[oai(path = "/v1/files/tags", method = "get", operation_id = "listFileTags")]
    async fn list_file_tags(
        &self,
        caller: BotCaller,
        /// `meta.nextToken` of the previous page.
        #[oai(name = "nextToken")]
        next: Query<Option<String>>,
    ) -> Result<Json<ListTagsResponse>, Failed> {
        let after = next_token(next.0);
        let (tags, next_token) = tag_lists::list_names(&caller.0, after.as_deref()).await?;
        let meta = PageMeta { next_token };
        Ok(Json(ListTagsResponse { tags, meta }))
    }

    /// List File Tag Values
    ///
    /// Lists the distinct values of a tag of files.
    #[oai(
        path = "/v1/files/tags/:tag/values",
        method = "get",
        operation_id = "listFileTagValues"
    )]
    async fn list_file_tag_values(
        &self,
        caller: BotCaller,
        /// Name of the tag.
        tag: Path<String>,
        /// `meta.nextToken` of the previous page.
        #[oai(name = "nextToken")]
        next: Query<Option<String>>,
    ) -> Result<Json<ListValuesResponse>, Failed> {
        let after = next_token(next.0);
        let page = tag_lists::list_values(&caller.0, &tag.0, after.as_deref());
        let (values, next_token) = page.await?;
        let meta = PageMeta { next_token };
        Ok(Json(ListValuesResponse { values, meta }))
    }

    /// Create Knowledge Base
    ///
    /// Creates a knowledge base. Files belong to it by their tag `kbId`.
    #[oai(
        path = "/v1/files/knowledge-bases",
        method = "post",
        operation_id = "createKnowledgeBase"
    )]
    async fn create_knowledge_base(
        &self,
        caller: BotCaller,
        body: Body<CreateKnowledgeBaseBody>,
    ) -> Result<Json<KnowledgeBaseResponse>, Failed> {
        let tags = body.0.tags.unwrap_or_default();
        let base = knowledge_bases::create(&caller.0, body.0.name, tags).await?;
        Ok(to_response(base))
    }

    /// List Knowledge Bases
    ///
    /// Lists the knowledge bases of the bot, newest first.
    #[oai(
        path = "/v1/files/knowledge-bases",
        method = "get",
        operation_id = "listKnowledgeBases"
    )]
    async fn list_knowledge_bases(
        &self,
        caller: BotCaller,
        request: &Request,
        /// `meta.nextToken` of the previous page.
        #[oai(name = "nextToken")]
        next: Query<Option<String>>,
    ) -> Result<Json<ListKnowledgeBasesResponse>, Failed> {
        let after = parse_next_token(next.0)?;
        let page = knowledge_bases::list(&caller.0, parse_filter(request)?, after).await?;
        let listed = page.items.into_iter().map(|base| ListedKnowledgeBase {
            id: base.id.into(),
            name: base.name,
            created_at: base.created_at.to_rfc3339_millis(),
            tags: base.tags,
        });
        Ok(Json(ListKnowledgeBasesResponse {
            knowledge_bases: listed.collect(),
            meta: PageMeta::new(page.next),
        }))
    }

    /// Update Knowledge Base
    ///
    /// Renames a knowledge base, and sets its tags.
    #[oai(
        path = "/v1/files/knowledge-bases/:id",
        method = "put",
        operation_id = "updateKnowledgeBase"
    )]
    async fn update_knowledge_base(
        &self,
        caller: BotCaller,
        /// Id of the knowledge base.
        id: Path<String>,
        body: Body<UpdateKnowledgeBaseBody>,
    ) -> Result<Json<KnowledgeBaseResponse>, Failed> {
        let tags = to_patch(body.0.tags);
        let base = knowledge_bases::update(&caller.0, id.0.into(), body.0.name, tags).await?;
        Ok(to_response(base))
    }

    /// Delete Knowledge Base
    ///
    /// Deletes a knowledge base with its files.
    #[oai(
        path = "/v1/files/knowledge-bases/:id",
        method = "delete",
        operation_id = "deleteKnowledgeBase"
    )]
    async fn delete_knowledge_base(
        &self,
        caller: BotCaller,
        /// Id of the knowledge base.
        id: Path<String>,
    ) -> Result<Json<EmptyResponse>, Failed> {
        knowledge_bases::delete(&caller.0, id.0.into()).await?;
        Ok(EMPTY_RESPONSE)
    }
}
