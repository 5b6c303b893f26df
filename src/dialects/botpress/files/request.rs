//! Bodies of requests about files.

use std::collections::BTreeMap;

use poem_openapi::{
    Enum, Object,
    types::{Example, MaybeUndefined},
};
use serde_json::{Map, Value};

use super::dto::{AccessPolicy, to_access_policies};
use crate::{
    domain::bots::uploaded_files::{self as files, CHUNK_LENGTHS},
    http::{JsonObject, Nullable},
    kernel::{Error, Result, Rule, Timestamp, Violation, ids::EndUserId},
};

/// Length of a passage, in characters, if the request names none.
const DEFAULT_CHUNK_LENGTH: usize = 1_500;

/// Rules of the passages.
#[derive(Object, Default)]
#[oai(rename = "FileChunking", rename_all = "camelCase")]
struct Chunking {
    /// Maximum length of a passage, in characters.
    #[oai(validator(minimum(value = "100"), maximum(value = "5000")))]
    maximum_chunk_length: Option<u64>,
    /// Has no effect.
    embedded_context_levels: Option<u64>,
    /// Has no effect.
    embed_breadcrumb: Option<bool>,
}

/// Name of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "kebab-case")]
enum StackName {
    /// The older one.
    Legacy,
    /// The newer one.
    #[oai(rename = "realtime-v1")]
    RealtimeV1,
}

/// Rules of the indexing.
#[derive(Object, Default)]
#[oai(rename = "FileIndexingConfiguration", rename_all = "camelCase")]
struct IndexingConfiguration {
    /// Has no effect.
    parsing: Option<JsonObject>,
    /// Rules of the passages.
    chunking: Option<Chunking>,
    /// Has no effect.
    summarization: Option<JsonObject>,
    /// Has no effect.
    stack: Option<StackName>,
    /// Has no effect.
    vision: Option<JsonObject>,
}

/// Rules of the indexing.
#[derive(Object)]
#[oai(rename = "FileIndexing", rename_all = "camelCase")]
struct Indexing {
    /// Rules.
    configuration: IndexingConfiguration,
}

/// A new file.
#[derive(Object)]
#[oai(example, rename = "upsertFileBody", rename_all = "camelCase")]
pub struct UpsertFileBody {
    /// Key: unique among the files of the bot, or of the integration that makes the file.
    #[oai(validator(min_length = 1, max_length = 1000))]
    key: String,
    /// Tags by name.
    tags: Option<BTreeMap<String, String>>,
    /// Maximum number of bytes that will be sent.
    size: u64,
    /// True to index the text of the file.
    index: Option<bool>,
    /// Rules of the indexing.
    indexing: Option<Indexing>,
    /// Permissions of others than the owner.
    access_policies: Option<Vec<AccessPolicy>>,
    /// Media type. By default that of the key's extension.
    content_type: Option<String>,
    /// Time of the deletion, within 90 days.
    expires_at: Option<String>,
    /// True if the upload has the header `x-amz-tagging: public=true`.
    public_content_immediately_accessible: Option<bool>,
    /// Metadata.
    metadata: Option<JsonObject>,
}

impl Example for UpsertFileBody {
    fn example() -> Self {
        Self {
            key: "manuals/pump.md".to_owned(),
            tags: Some(BTreeMap::from([("kind".to_owned(), "manual".to_owned())])),
            size: 1_024,
            index: Some(true),
            indexing: None,
            access_policies: None,
            content_type: Some("text/markdown".to_owned()),
            expires_at: None,
            public_content_immediately_accessible: None,
            metadata: None,
        }
    }
}

fn parse_time(text: &str) -> Result<Timestamp> {
    Timestamp::parse_rfc3339(text).ok_or_else(|| {
        let rule = Rule::Other("must be a date and time in ISO 8601".to_owned());
        Error::from(Violation::body(["expiresAt"], rule))
    })
}

impl UpsertFileBody {
    /// Converts the body. `user` is the user that owns the file.
    pub fn into_new_file(self, user: Option<EndUserId>) -> Result<files::NewFile> {
        let chunking = self
            .indexing
            .and_then(|indexing| indexing.configuration.chunking);
        let length = chunking.and_then(|chunking| chunking.maximum_chunk_length);
        let [min, max] = CHUNK_LENGTHS;
        let length = length.and_then(|length| usize::try_from(length).ok());
        Ok(files::NewFile {
            content_type: self
                .content_type
                .filter(|content_type| !content_type.is_empty())
                .unwrap_or_else(|| content_type_of(&self.key).to_owned()),
            key: self.key,
            size: self.size,
            tags: self.tags.unwrap_or_default(),
            metadata: self.metadata.map(|metadata| metadata.0).unwrap_or_default(),
            access_policies: to_access_policies(&self.access_policies.unwrap_or_default()),
            index: self.index.unwrap_or_default(),
            chunk_length: length.unwrap_or(DEFAULT_CHUNK_LENGTH).clamp(min, max),
            needs_public_tag: self.public_content_immediately_accessible == Some(true),
            expires_at: self.expires_at.as_deref().map(parse_time).transpose()?,
            user,
        })
    }
}

/// Returns the media type by the extension of a key.
fn content_type_of(key: &str) -> &'static str {
    let extension = key
        .rsplit('/')
        .next()
        .and_then(|name| name.rsplit_once('.'));
    let extension = extension.map(|(_, extension)| extension.to_ascii_lowercase());
    match extension.as_deref() {
        Some("txt" | "text" | "log") => "text/plain",
        Some("md" | "markdown") => "text/markdown",
        Some("html" | "htm") => "text/html",
        Some("csv") => "text/csv",
        Some("tsv") => "text/tab-separated-values",
        Some("json") => "application/json",
        Some("jsonl" | "ndjson") => "application/x-ndjson",
        Some("xml") => "application/xml",
        Some("yaml" | "yml") => "application/yaml",
        Some("js" | "mjs") => "text/javascript",
        Some("css") => "text/css",
        Some("pdf") => "application/pdf",
        Some("docx") => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        Some("xlsx") => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        Some("pptx") => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        Some("zip") => "application/zip",
        Some("gz") => "application/gzip",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("gif") => "image/gif",
        Some("webp") => "image/webp",
        Some("svg") => "image/svg+xml",
        Some("mp3") => "audio/mpeg",
        Some("ogg" | "oga") => "audio/ogg",
        Some("wav") => "audio/wav",
        Some("m4a") => "audio/mp4",
        Some("mp4") => "video/mp4",
        Some("webm") => "video/webm",
        Some("mov") => "video/quicktime",
        _ => "application/octet-stream",
    }
}

/// A change of a file.
#[derive(Object)]
#[oai(example, rename = "updateFileMetadataBody", rename_all = "camelCase")]
pub struct UpdateFileBody {
    /// New metadata.
    metadata: MaybeUndefined<JsonObject>,
    /// Tags to set by name; null removes a tag.
    tags: Option<BTreeMap<String, Nullable<String>>>,
    /// New permissions of others than the owner.
    access_policies: Option<Vec<AccessPolicy>>,
    /// New time of the deletion, within 90 days; null keeps the file.
    #[oai(nullable)]
    expires_at: MaybeUndefined<String>,
}

impl Example for UpdateFileBody {
    fn example() -> Self {
        let value = Nullable(Some("manual".to_owned()));
        Self {
            metadata: MaybeUndefined::Undefined,
            tags: Some(BTreeMap::from([("kind".to_owned(), value)])),
            access_policies: None,
            expires_at: MaybeUndefined::Undefined,
        }
    }
}

impl UpdateFileBody {
    /// Converts the body.
    pub fn into_patch(self) -> Result<files::MetadataPatch> {
        Ok(files::MetadataPatch {
            metadata: match self.metadata {
                MaybeUndefined::Undefined => None,
                MaybeUndefined::Null => Some(Map::<String, Value>::new()),
                MaybeUndefined::Value(metadata) => Some(metadata.0),
            },
            tags: to_patch(self.tags),
            access_policies: self.access_policies.as_deref().map(to_access_policies),
            expires_at: match self.expires_at {
                MaybeUndefined::Undefined => None,
                MaybeUndefined::Null => Some(None),
                MaybeUndefined::Value(text) => Some(Some(parse_time(&text)?)),
            },
        })
    }
}

/// Converts tags to set; null removes a tag.
pub fn to_patch(
    tags: Option<BTreeMap<String, Nullable<String>>>,
) -> BTreeMap<String, Option<String>> {
    let tags = tags.into_iter().flatten();
    tags.map(|(name, value)| (name, value.0)).collect()
}

/// Options of a copy.
#[derive(Object, Default)]
#[oai(example, rename = "copyFileBody")]
pub struct CopyFileBody {
    /// True to replace a file with the key of the copy.
    pub overwrite: Option<bool>,
}

impl Example for CopyFileBody {
    fn example() -> Self {
        Self {
            overwrite: Some(true),
        }
    }
}
