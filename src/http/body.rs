//! JSON bodies, validated against the schema that the OpenAPI document shows.
//!
//! The server enforces exactly the schema that Swagger shows. Each violation carries its location, which the dialect
//! words as its vendor does.

use std::{
    any::TypeId,
    collections::HashMap,
    sync::{LazyLock, OnceLock, PoisonError, RwLock},
};

use bytes::Bytes;
use poem::{Request, RequestBody, http::header};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    payload::{Json, Payload},
    registry::{MetaMediaType, MetaRequest, Registry},
    types::{ParseFromJSON, Type},
};
use serde_json::Value;

use super::{
    body_limit,
    body_memory::{memory_share, recheck_admission},
    body_schema::build_json_schema,
    charset::json_to_utf8,
    errors::{Failure, body_error},
    inflate::read_inflated,
    json_error::describe_json_error,
    json_memory::count_values,
    whole_numbers,
};
use crate::kernel::{
    self, Error, Kind, Rule, Violation,
    schema::{Limits, Schema},
    violation::Location,
};

/// Maximum size, in bytes, of a body that is validated on the async thread that answers its request.
pub(super) const INLINE_CHECK_MAX: usize = 64 * 1024;

/// Maximum nesting depth of a body. The parser allows 127 levels; an event or answer that wraps a part of a body must
/// stay parsable too.
const MAX_DEPTH: usize = 100;

/// A JSON body of type `T` that is valid against the schema of `T`.
pub struct Body<T>(pub T);

/// A [`Body`] with its own size limit, in bytes.
pub struct LimitedBody<T, const BYTES: usize>(pub T);

impl<'a, T: ParseFromJSON + 'static> ApiExtractor<'a> for Body<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        Some(MetaRequest {
            description: None,
            content: vec![MetaMediaType {
                content_type: "application/json",
                schema: T::schema_ref(),
            }],
            required: T::IS_REQUIRED,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let parsed = parse(request, body, usize::MAX).await.map_err(Failure)?;
        Ok(Self(parsed))
    }
}

impl<'a, T: ParseFromJSON + 'static, const BYTES: usize> ApiExtractor<'a>
    for LimitedBody<T, BYTES>
{
    const TYPES: &'static [ApiExtractorType] = Body::<T>::TYPES;

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        Body::<T>::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        Body::<T>::request_meta()
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let parsed = parse(request, body, BYTES).await.map_err(Failure)?;
        Ok(Self(parsed))
    }
}

async fn parse<T: ParseFromJSON + 'static>(
    request: &Request,
    body: &mut RequestBody,
    limit: usize,
) -> Result<T, Error> {
    let bytes = read_body(request, body, limit).await?;
    if bytes.is_empty() && T::IS_REQUIRED {
        return Err(body_violation(Rule::Required));
    }
    count_values(request, &bytes)?;
    let value = match bytes.is_empty() {
        true => None,
        false if bytes.len() <= INLINE_CHECK_MAX => Some(parse_valid::<T>(&bytes)?),
        // Validate large bodies on a blocking thread, so that other requests do not wait.
        false => {
            let checked = tokio::task::spawn_blocking(move || parse_valid::<T>(&bytes)).await;
            Some(checked.map_err(|error| Error::internal("checking a body panicked", error))??)
        }
    };
    T::parse_from_json(value).map_err(|error| parse_error(error.into_message()))
}

/// Converts poem's error about a body that is valid against the schema. Schemas do not express that a type denies
/// unknown members; for these, poem's message contains the name.
fn parse_error(message: String) -> Error {
    let denied = message
        .split_once("unknown field `")
        .and_then(|(_, rest)| rest.split_once('`'));
    match denied {
        Some((name, _)) => Violation::body([name], Rule::Unexpected).into(),
        None => Error::invalid(strip_type_names(&message)),
    }
}

/// Removes the names of Rust types from poem's message: they mean nothing to a caller.
fn strip_type_names(message: &str) -> String {
    let (mut text, _) = message
        .split_once(" (occurred while parsing \"")
        .unwrap_or((message, ""));
    while let Some((_, reason)) = text
        .strip_prefix("failed to parse \"")
        .and_then(|rest| rest.split_once("\": "))
    {
        text = reason;
    }
    if text.starts_with("Expected input type") {
        let found = text.split_once(", found ").map_or("", |(_, found)| found);
        return format!(
            "{} does not have the expected type",
            found.trim_end_matches('.')
        );
    }
    if text.ends_with("expects an input value.") {
        return "a value is missing".to_owned();
    }
    text.to_owned()
}

async fn read_body(
    request: &Request,
    body: &mut RequestBody,
    limit: usize,
) -> Result<Bytes, Error> {
    check_content_type(request)?;
    let limit = body_limit(request).map_or(limit, |whole| whole.min(limit));
    let body = body.take().map_err(|error| body_error(&error))?;
    let bytes = read_inflated(request.headers(), memory_share(request), body, limit).await?;
    // Before parsing: a rejected caller must learn nothing about the body.
    recheck_admission(request)?;
    Ok(json_to_utf8(request.headers(), bytes))
}

/// Rejects a value with more than [`MAX_DEPTH`] levels. The error names the member.
fn require_shallow(value: &Value) -> Result<(), Error> {
    let Some(path) = kernel::depth::find_path_deeper_than(value, MAX_DEPTH) else {
        return Ok(());
    };
    let rule = Rule::Other(format!("must not be nested deeper than {MAX_DEPTH} levels"));
    Err(Violation {
        location: Location::Body,
        path,
        rule,
    }
    .into())
}

/// Parses a body and validates it against the schema of `T`.
fn parse_valid<T: Type + 'static>(bytes: &[u8]) -> Result<Value, Error> {
    let mut value = serde_json::from_slice(bytes)
        .map_err(|error| body_violation(Rule::Json(describe_json_error(bytes, &error))))?;
    require_shallow(&value)?;
    validate::<T>(&value)?;
    if whole_numbers::contains_any(&value) {
        let known = compiled_schema::<T>();
        let schema = known.json.get_or_init(build_json_schema::<T>);
        whole_numbers::repair(&mut value, schema);
    }
    Ok(value)
}

/// Accepts JSON and a missing content type; rejects every other one.
fn check_content_type(request: &Request) -> Result<(), Error> {
    let Some(content_type) = request.headers().get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let content_type = content_type.to_str().unwrap_or("not ASCII");
    if Json::<Value>::check_content_type(content_type) {
        return Ok(());
    }
    Err(Error::new(
        Kind::UnsupportedMedia,
        format!("Content-Type must be application/json, not {content_type}"),
    ))
}

fn body_violation(rule: Rule) -> Error {
    Violation {
        location: Location::Body,
        path: Vec::new(),
        rule,
    }
    .into()
}

fn validate<T: Type + 'static>(value: &Value) -> Result<(), Error> {
    let violations = compiled_schema::<T>()
        .schema
        .check(value, Location::Body, &Limits::default());
    if violations.is_empty() {
        Ok(())
    } else {
        Err(Error::from_violations(violations))
    }
}

/// The compiled schema of a body type.
struct CompiledSchema {
    schema: Schema,
    json: OnceLock<Value>,
}

/// The schemas of body types: compiled at first use and never dropped.
static SCHEMAS: LazyLock<RwLock<HashMap<TypeId, &'static CompiledSchema>>> =
    LazyLock::new(RwLock::default);

fn compiled_schema<T: Type + 'static>() -> &'static CompiledSchema {
    let id = TypeId::of::<T>();
    let known = SCHEMAS.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(schema) = known.get(&id) {
        return schema;
    }
    drop(known);
    let compiled = Schema::compile(&build_json_schema::<T>(), &Limits::default())
        .expect("the schema of a body type is valid JSON Schema");
    SCHEMAS
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .entry(id)
        .or_insert_with(|| {
            Box::leak(Box::new(CompiledSchema {
                schema: compiled,
                json: OnceLock::new(),
            }))
        })
}

#[cfg(test)]
mod tests {
    use poem_openapi::{Object, types::MaybeUndefined};
    use serde_json::json;

    use super::*;

    #[derive(Object)]
    struct Inner {
        size: u32,
    }

    #[derive(Object)]
    struct Outer {
        #[oai(validator(min_length = 1))]
        name: String,
        #[oai(nullable)]
        note: MaybeUndefined<String>,
        /// A reference with a description.
        #[oai(nullable)]
        inner: MaybeUndefined<Inner>,
        list: Option<Vec<Inner>>,
    }

    fn broken(value: &Value) -> Vec<String> {
        compiled_schema::<Outer>()
            .schema
            .check(value, Location::Body, &Limits::default())
            .iter()
            .map(Violation::to_string)
            .collect()
    }

    #[test]
    fn a_message_names_no_type() {
        let message = "failed to parse \"Inner\": failed to parse \"integer(uint32)\": Expected \
            input type \"integer(uint32)\", found 1.5. (occurred while parsing \"Outer\")";
        assert_eq!(
            strip_type_names(message),
            "1.5 does not have the expected type"
        );
        assert_eq!(
            strip_type_names(
                "failed to parse \"Name\": must be short (occurred while parsing \"X\")"
            ),
            "must be short"
        );
    }

    #[test]
    fn a_whole_number_may_have_a_point() {
        let parsed = parse_valid::<Outer>(br#"{"name": "x", "inner": {"size": 5.0}}"#);
        let parsed = parsed.and_then(|value| {
            Outer::parse_from_json(Some(value)).map_err(|error| parse_error(error.into_message()))
        });
        let inner = parsed.map(|outer| outer.inner.take().map(|inner| inner.size));
        assert_eq!(inner.ok().flatten(), Some(5));
    }

    #[test]
    fn the_documents_schema_is_enforced() {
        let none: [String; 0] = [];
        assert_eq!(
            broken(&json!({"name": "x", "note": null, "inner": null, "extra": 1})),
            none
        );
        assert_eq!(
            broken(&json!({"name": "x", "inner": {"size": 1}, "list": []})),
            none
        );
        assert_eq!(
            broken(&json!({"name": "", "note": 5, "list": [{"size": "x"}]})),
            [
                "name must not be empty",
                "note must be a string or null",
                "list[0].size must be an integer"
            ]
        );
        assert_eq!(broken(&json!({"name": null})), ["name must be a string"]);
        assert_eq!(
            broken(&json!({"name": "x", "inner": {"size": -1}})),
            ["inner.size must be at least 0"]
        );
    }
}
