//! `/v1/chat/tags`: the values of tags.

use poem_openapi::{
    Enum, Object, OpenApi,
    param::{Path, Query},
    types::Example,
};
use serde::Serialize;

use crate::{
    dialects::botpress::{
        Tag,
        auth::BotCaller,
        error::Failed,
        paging::{PageMeta, non_empty_parameter},
    },
    domain::bots::{
        tag_values::{self, ValuePage},
        tags::TagTable,
    },
    http::DirectJson,
};

/// The operations on tags.
pub struct TagLists;

/// Kind of object that has a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
enum TaggedType {
    /// Users.
    User,
    /// Conversations.
    Conversation,
    /// Messages.
    Message,
}

impl From<TaggedType> for TagTable {
    fn from(tagged: TaggedType) -> Self {
        match tagged {
            TaggedType::User => Self::User,
            TaggedType::Conversation => Self::Conversation,
            TaggedType::Message => Self::Message,
        }
    }
}

/// A value of a tag.
#[derive(Object, Serialize)]
#[oai(rename = "TagValue")]
struct TagValue {
    /// The value.
    value: String,
}

/// A page of the values of a tag.
// wire: the operation's schema has objects, the prose a list of texts (botpress-today.md §3)
#[derive(Object, Serialize)]
#[oai(example, rename = "listTagValuesResponse")]
struct ListTagValuesResponse {
    /// The distinct values, in alphabetical order.
    tags: Vec<TagValue>,
    /// Position of the next page.
    meta: PageMeta,
}

impl Example for ListTagValuesResponse {
    fn example() -> Self {
        Self {
            tags: vec![TagValue {
                value: "1043".to_owned(),
            }],
            meta: PageMeta::default(),
        }
    }
}

impl From<ValuePage> for ListTagValuesResponse {
    fn from(page: ValuePage) -> Self {
        let values = page.values.into_iter();
        Self {
            tags: values.map(|value| TagValue { value }).collect(),
            meta: PageMeta {
                next_token: page.next_token,
            },
        }
    }
}

#[OpenApi(tag = "Tag::Labels")]
impl TagLists {
    /// List Tag Values
    ///
    /// Lists the distinct values of a tag. A bot names a tag of an integration in full: `telegram:id`. An
    /// integration gets the values of its own tags only.
    #[oai(
        path = "/v1/chat/tags/:key/values",
        method = "get",
        operation_id = "listTagValues"
    )]
    async fn list_tag_values(
        &self,
        caller: BotCaller,
        /// Name of the tag.
        key: Path<String>,
        /// Kind of object that has the tag.
        r#type: Query<TaggedType>,
        /// `meta.nextToken` of the previous page.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
    ) -> Result<DirectJson<ListTagValuesResponse>, Failed> {
        // wire: samples of the vendor send `nextToken=undefined` for the first page (botpress.md §4)
        let token = non_empty_parameter(next_token.0).filter(|token| token != "undefined");
        let page = tag_values::list(&caller.0, r#type.0.into(), &key.0, token.as_deref()).await?;
        Ok(DirectJson(page.into()))
    }
}
