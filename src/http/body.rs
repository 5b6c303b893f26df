//! JSON bodies, checked against the schema that the OpenAPI document shows for them.
//!
//! What Swagger shows is what is enforced, and every broken rule comes with its place, which each
//! dialect puts into its vendor's words.

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
use serde_json::{Map, Value, json};

use super::{
    body_limit,
    body_memory::{recheck, share_of},
    charset::json_text,
    errors::{Failure, body_error},
    inflate::read_inflated,
    json_fault::json_fault,
    whole_numbers,
};
use crate::kernel::{
    self, Error, Kind, Rule, Violation,
    schema::{Limits, Schema},
    violation::Location,
};

/// How long a body may be, in bytes, that is read and checked at once by the thread that answers its request.
const SMALL: usize = 64 * 1024;

/// How many levels of arrays and objects a body may have. The parser reads 127; what wraps a part of a body,
/// in an event or an answer, must stay readable too.
const DEEPEST: usize = 100;

/// A JSON body of type `T` that keeps to the schema of `T`.
pub struct Body<T>(pub T);

/// A [`Body`] with a limit of its own, in bytes.
pub struct BodyUpTo<T, const BYTES: usize>(pub T);

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

impl<'a, T: ParseFromJSON + 'static, const BYTES: usize> ApiExtractor<'a> for BodyUpTo<T, BYTES> {
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
    let bytes = read(request, body, limit).await?;
    if bytes.is_empty() && T::IS_REQUIRED {
        return Err(whole_body(Rule::Required));
    }
    let value = match bytes.is_empty() {
        true => None,
        false if bytes.len() <= SMALL => Some(checked::<T>(&bytes)?),
        // Others do not wait for it: the threads that answer requests are few.
        false => {
            let checked = tokio::task::spawn_blocking(move || checked::<T>(&bytes)).await;
            Some(checked.map_err(|error| Error::internal("checking a body panicked", error))??)
        }
    };
    T::parse_from_json(value).map_err(|error| unparsed(error.into_message()))
}

/// What the framework says of a body that keeps to the schema. Schemas do not tell members that a
/// type denies; of these it says the name.
fn unparsed(message: String) -> Error {
    let denied = message
        .split_once("unknown field `")
        .and_then(|(_, rest)| rest.split_once('`'));
    match denied {
        Some((name, _)) => Violation::body([name], Rule::Unexpected).into(),
        None => Error::invalid(without_types(&message)),
    }
}

/// The framework's message without the names of our types, which mean nothing to a caller.
fn without_types(message: &str) -> String {
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
            "{} is not what is expected there",
            found.trim_end_matches('.')
        );
    }
    if text.ends_with("expects an input value.") {
        return "a value is missing".to_owned();
    }
    text.to_owned()
}

/// The bytes of a body whose content type is right.
async fn read(request: &Request, body: &mut RequestBody, limit: usize) -> Result<Bytes, Error> {
    check_content_type(request)?;
    let limit = body_limit(request).map_or(limit, |whole| whole.min(limit));
    let body = body.take().map_err(|error| body_error(&error))?;
    let bytes = read_inflated(request.headers(), share_of(request), body, limit).await?;
    // Before it is parsed: a caller who is refused is told nothing else.
    recheck(request)?;
    Ok(json_text(request.headers(), bytes))
}

/// Refuses a value with more than [`DEEPEST`] levels, and names the member that has them.
fn require_shallow(value: &Value) -> Result<(), Error> {
    let Some(path) = kernel::depth::deeper_than(value, DEEPEST) else {
        return Ok(());
    };
    let rule = Rule::Other(format!("must not be nested deeper than {DEEPEST} levels"));
    Err(Violation {
        location: Location::Body,
        path,
        rule,
    }
    .into())
}

/// A body as JSON that keeps to the schema of `T`.
fn checked<T: Type + 'static>(bytes: &[u8]) -> Result<Value, Error> {
    let mut value = serde_json::from_slice(bytes)
        .map_err(|error| whole_body(Rule::Json(json_fault(bytes, &error))))?;
    require_shallow(&value)?;
    check::<T>(&value)?;
    if whole_numbers::has_one(&value) {
        let known = known::<T>();
        let schema = known.json.get_or_init(json_schema_of::<T>);
        whole_numbers::repair(&mut value, schema);
    }
    Ok(value)
}

/// A missing content type is taken for JSON; another one is refused.
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

fn whole_body(rule: Rule) -> Error {
    Violation {
        location: Location::Body,
        path: Vec::new(),
        rule,
    }
    .into()
}

fn check<T: Type + 'static>(value: &Value) -> Result<(), Error> {
    let violations = known::<T>()
        .schema
        .check(value, Location::Body, &Limits::default());
    if violations.is_empty() {
        Ok(())
    } else {
        Err(Error::violations(violations))
    }
}

/// The schema of a body type.
struct Known {
    schema: Schema,
    /// As it is written, for those bodies that are compared with it.
    json: OnceLock<Value>,
}

/// The schemas of body types, compiled at first use and kept for good.
static SCHEMAS: LazyLock<RwLock<HashMap<TypeId, &'static Known>>> = LazyLock::new(RwLock::default);

fn known<T: Type + 'static>() -> &'static Known {
    let id = TypeId::of::<T>();
    let known = SCHEMAS.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(schema) = known.get(&id) {
        return schema;
    }
    drop(known);
    let compiled = Schema::compile(&json_schema_of::<T>(), &Limits::default())
        .expect("the schema of a body type is valid JSON Schema");
    SCHEMAS
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .entry(id)
        .or_insert_with(|| {
            Box::leak(Box::new(Known {
                schema: compiled,
                json: OnceLock::new(),
            }))
        })
}

/// The JSON Schema of a body type.
fn json_schema_of<T: Type>() -> Value {
    let mut registry = Registry::new();
    T::register(&mut registry);
    let mut root = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "allOf": [T::schema_ref()],
        "components": {"schemas": registry.schemas},
    });
    to_json_schema(&mut root);
    root
}

/// Rewrites OpenAPI 3.0's `nullable`, which JSON Schema does not know.
fn to_json_schema(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(to_json_schema),
        Value::Object(members) => {
            // An example is a value, not a schema.
            members.shift_remove("example");
            members.values_mut().for_each(to_json_schema);
            whole_numbers::add_bounds(members);
            if members.shift_remove("nullable") == Some(Value::Bool(true)) {
                allow_null(members);
            }
        }
        _ => {}
    }
}

fn allow_null(members: &mut Map<String, Value>) {
    match members.get_mut("type") {
        Some(name) => {
            *name = json!([name.take(), "null"]);
            if let Some(Value::Array(allowed)) = members.get_mut("enum") {
                allowed.push(Value::Null);
            }
        }
        None => {
            let schema = Value::Object(std::mem::take(members));
            members.insert("anyOf".to_owned(), json!([{"type": "null"}, schema]));
        }
    }
}

#[cfg(test)]
mod tests {
    use poem_openapi::{Object, types::MaybeUndefined};

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
        known::<Outer>()
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
        assert_eq!(without_types(message), "1.5 is not what is expected there");
        assert_eq!(
            without_types("failed to parse \"Name\": must be short (occurred while parsing \"X\")"),
            "must be short"
        );
    }

    #[test]
    fn a_whole_number_may_have_a_point() {
        let parsed = checked::<Outer>(br#"{"name": "x", "inner": {"size": 5.0}}"#);
        let parsed = parsed.and_then(|value| {
            Outer::parse_from_json(Some(value)).map_err(|error| unparsed(error.into_message()))
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
