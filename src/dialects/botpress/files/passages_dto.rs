//! Wire types of passages.

use std::collections::BTreeMap;

use poem_openapi::{Enum, Object, types::Example};

use crate::{
    dialects::botpress::{chat::users::dto::EXAMPLE_TIME, paging::PageMeta},
    domain::bots::uploaded_files::{
        passages::{GivenPassage, Passage, Subtype},
        search::{ContextKind, ContextPart, Hit},
    },
    http::JsonObject,
};

/// Kind of a passage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
enum PassageType {
    /// A part of a file.
    Chunk,
    /// A summary. This server makes none.
    Summary,
    /// Several parts of a file.
    Consolidated,
    /// An image. This server makes none.
    Image,
}

/// Kind of the text of a passage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
enum PassageSubtype {
    /// Title.
    Title,
    /// Subtitle.
    Subtitle,
    /// Paragraph.
    Paragraph,
    /// Quotation.
    Blockquote,
    /// List.
    List,
    /// Table, or one of its rows.
    Table,
    /// Code.
    Code,
    /// Description of an image.
    Image,
    /// Page.
    Page,
}

impl From<Subtype> for PassageSubtype {
    fn from(subtype: Subtype) -> Self {
        match subtype {
            Subtype::Title => Self::Title,
            Subtype::Subtitle => Self::Subtitle,
            Subtype::Paragraph => Self::Paragraph,
            Subtype::Blockquote => Self::Blockquote,
            Subtype::List => Self::List,
            Subtype::Table => Self::Table,
            Subtype::Code => Self::Code,
            Subtype::Image => Self::Image,
            Subtype::Page => Self::Page,
        }
    }
}

/// Origin of a passage.
#[derive(Object)]
#[oai(rename = "PassageMeta", rename_all = "camelCase")]
struct PassageMeta {
    /// Kind of the passage.
    r#type: PassageType,
    /// Kind of its text.
    #[oai(skip_serializing_if_is_none)]
    subtype: Option<PassageSubtype>,
    /// Page of the document, from 1.
    #[oai(skip_serializing_if_is_none)]
    page_number: Option<u32>,
    /// Position in the file, from 0.
    position: i64,
}

/// A passage of a file.
#[derive(Object)]
#[oai(rename = "FilePassage")]
struct FilePassage {
    /// Id of the passage.
    id: String,
    /// Text.
    content: String,
    /// Origin.
    meta: PassageMeta,
}

const EXAMPLE_ID: &str = "0194bb14-b055-7a4c-8d1e-2c3d4e5f6a7b";
const EXAMPLE_TEXT: &str = "Close the valve before you remove the pump.";

fn example_meta() -> PassageMeta {
    PassageMeta {
        r#type: PassageType::Chunk,
        subtype: Some(PassageSubtype::Paragraph),
        page_number: None,
        position: 0,
    }
}

/// A page of the passages of a file.
#[derive(Object)]
#[oai(example, rename = "listFilePassagesResponse")]
pub struct ListPassagesResponse {
    /// The passages, in their order.
    passages: Vec<FilePassage>,
    /// Position of the next page.
    meta: PageMeta,
}

impl ListPassagesResponse {
    /// Converts a page.
    pub fn new(passages: Vec<Passage>, meta: PageMeta) -> Self {
        let passages = passages.into_iter().map(|passage| FilePassage {
            id: passage.id.into(),
            content: passage.text,
            meta: PassageMeta {
                r#type: PassageType::Chunk,
                subtype: Some(passage.subtype.into()),
                page_number: passage.page,
                position: passage.position,
            },
        });
        Self {
            passages: passages.collect(),
            meta,
        }
    }
}

impl Example for ListPassagesResponse {
    fn example() -> Self {
        Self {
            passages: vec![FilePassage {
                id: EXAMPLE_ID.to_owned(),
                content: EXAMPLE_TEXT.to_owned(),
                meta: example_meta(),
            }],
            meta: PageMeta::default(),
        }
    }
}

/// Kind of the text of a new passage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
enum NewPassageType {
    /// Title.
    Title,
    /// Subtitle.
    Subtitle,
    /// Paragraph.
    Paragraph,
    /// Quotation.
    Blockquote,
    /// List.
    List,
    /// Table.
    Table,
    /// Code.
    Code,
    /// Description of an image.
    Image,
}

impl From<NewPassageType> for Subtype {
    fn from(kind: NewPassageType) -> Self {
        match kind {
            NewPassageType::Title => Self::Title,
            NewPassageType::Subtitle => Self::Subtitle,
            NewPassageType::Paragraph => Self::Paragraph,
            NewPassageType::Blockquote => Self::Blockquote,
            NewPassageType::List => Self::List,
            NewPassageType::Table => Self::Table,
            NewPassageType::Code => Self::Code,
            NewPassageType::Image => Self::Image,
        }
    }
}

/// A new passage.
#[derive(Object)]
#[oai(rename = "NewFilePassage", rename_all = "camelCase")]
struct NewPassage {
    /// Text.
    content: String,
    /// Kind of the text; `paragraph` by default.
    r#type: Option<NewPassageType>,
    /// Page of the document, from 1.
    page_number: Option<u32>,
}

/// The new passages of a file.
#[derive(Object)]
#[oai(example, rename = "setFilePassagesBody")]
pub struct SetPassagesBody {
    /// The passages, in their order.
    passages: Vec<NewPassage>,
}

impl SetPassagesBody {
    /// Converts the body.
    pub fn into_passages(self) -> Vec<GivenPassage> {
        let passages = self.passages.into_iter();
        passages
            .map(|passage| GivenPassage {
                text: passage.content,
                subtype: passage.r#type.map_or(Subtype::Paragraph, Into::into),
                page: passage.page_number,
            })
            .collect()
    }
}

impl Example for SetPassagesBody {
    fn example() -> Self {
        Self {
            passages: vec![NewPassage {
                content: EXAMPLE_TEXT.to_owned(),
                r#type: Some(NewPassageType::Paragraph),
                page_number: None,
            }],
        }
    }
}

/// File of a passage that was found.
#[derive(Object)]
#[oai(rename = "FoundFile", rename_all = "camelCase")]
struct FoundFile {
    /// Id of the file.
    id: String,
    /// Key of the file.
    key: String,
    /// Media type.
    content_type: String,
    /// Metadata.
    metadata: JsonObject,
    /// Tags by name.
    tags: BTreeMap<String, String>,
    /// Time of creation, in ISO 8601.
    created_at: String,
    /// Time of the last change, in ISO 8601.
    updated_at: String,
}

/// Place of a part, relative to the passage that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
enum ContextType {
    /// Before the passage.
    Preceding,
    /// After the passage.
    Subsequent,
    /// The passage.
    Current,
    /// Headings above the passage.
    Breadcrumb,
}

/// A passage, one of its neighbours, or the headings above it.
#[derive(Object)]
#[oai(rename = "PassageContext")]
struct PassageContext {
    /// Id of the passage; absent for headings.
    #[oai(skip_serializing_if_is_none)]
    id: Option<String>,
    /// Text.
    text: String,
    /// Distance in passages, negative before the passage; absent for headings.
    #[oai(skip_serializing_if_is_none)]
    offset: Option<i64>,
    /// Place.
    r#type: ContextType,
}

impl From<ContextPart> for PassageContext {
    fn from(part: ContextPart) -> Self {
        Self {
            id: part.id.map(Into::into),
            text: part.text,
            offset: part.offset,
            r#type: match part.kind {
                ContextKind::Breadcrumb => ContextType::Breadcrumb,
                ContextKind::Preceding => ContextType::Preceding,
                ContextKind::Current => ContextType::Current,
                ContextKind::Subsequent => ContextType::Subsequent,
            },
        }
    }
}

/// A passage that was found.
#[derive(Object)]
#[oai(rename = "FoundPassage")]
struct FoundPassage {
    /// Text of the passage with its neighbours.
    content: String,
    /// Score from 0 to 1.
    score: f64,
    /// Origin.
    meta: PassageMeta,
    /// File.
    file: FoundFile,
    /// The parts of the content; only with `withContext`.
    #[oai(skip_serializing_if_is_none)]
    context: Option<Vec<PassageContext>>,
}

/// The passages that were found.
#[derive(Object)]
#[oai(example, rename = "searchFilesResponse")]
pub struct SearchResponse {
    /// The passages, the best one first.
    passages: Vec<FoundPassage>,
}

impl SearchResponse {
    /// Converts hits, with the parts of their contents if `with_context`.
    pub fn new(hits: Vec<Hit>, with_context: bool) -> Self {
        let to_passage = |hit: Hit| FoundPassage {
            content: hit.content(),
            score: hit.score,
            meta: PassageMeta {
                r#type: match hit.subtype {
                    Some(_) => PassageType::Chunk,
                    None => PassageType::Consolidated,
                },
                subtype: hit.subtype.map(Into::into),
                page_number: hit.page,
                position: hit.position,
            },
            file: FoundFile {
                id: hit.file.id.into(),
                key: hit.file.key,
                content_type: hit.file.content_type,
                metadata: JsonObject(hit.file.metadata),
                tags: hit.file.tags,
                created_at: hit.file.created_at.to_rfc3339_millis(),
                updated_at: hit.file.updated_at.to_rfc3339_millis(),
            },
            context: with_context.then(|| hit.context.into_iter().map(Into::into).collect()),
        };
        Self {
            passages: hits.into_iter().map(to_passage).collect(),
        }
    }
}

impl Example for SearchResponse {
    fn example() -> Self {
        Self {
            passages: vec![FoundPassage {
                content: EXAMPLE_TEXT.to_owned(),
                score: 0.62,
                meta: example_meta(),
                file: FoundFile {
                    id: "0194bb14-ae55-7023-9d74-1c2b3e4f5a76".to_owned(),
                    key: "manuals/pump.md".to_owned(),
                    content_type: "text/markdown".to_owned(),
                    metadata: JsonObject::default(),
                    tags: BTreeMap::from([("kind".to_owned(), "manual".to_owned())]),
                    created_at: EXAMPLE_TIME.to_owned(),
                    updated_at: EXAMPLE_TIME.to_owned(),
                },
                context: None,
            }],
        }
    }
}
