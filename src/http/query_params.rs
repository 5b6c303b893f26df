//! Normalises and checks query parameters.
//!
//! poem-openapi reads the parameters of an operation in one spelling and ignores all others. A misspelled filter, or
//! an array in the syntax of the caller's library, would return everything. This middleware converts the usual array
//! spellings to the one that is read, and rejects unknown parameters of lists.

use std::{
    borrow::Cow,
    cmp::Reverse,
    sync::{Arc, OnceLock},
};

use poem::{
    Endpoint, Middleware, Request, Response,
    http::{Method, Uri, uri::PathAndQuery},
};
use poem_openapi::OperationId;
use serde_json::Value;
use url::form_urlencoded;

use super::{
    Published, allowed_methods::match_template, errors::Failure, query_objects::parse_members,
};
use crate::kernel::{Error, Rule, Violation};

/// The parameters that mark an operation as a list, regardless of its name.
const PAGING_PARAMETERS: [&str; 4] = ["nextToken", "cursor", "limit", "skip"];

/// Maximum number of unknown parameters in an error.
const MAX_NAMED: usize = 5;

/// The query parameters of a document's operations. Clones share it.
#[derive(Clone)]
pub struct QueryParams(Arc<Shared>);

struct Shared {
    document: Published,
    /// Built at first use: parsing the large document is rarely needed.
    table: OnceLock<Vec<Operation>>,
}

/// The parameters of a `GET` operation.
struct Operation {
    path: String,
    parameters: Vec<Parameter>,
    is_list: bool,
}

struct Parameter {
    name: String,
    shape: Shape,
}

/// The allowed spellings of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// `name=a`
    Single,
    /// `name=a&name=b`, `name[]=a&name[]=b` or `name[0]=a&name[1]=b`
    Array,
    /// `name.a=b` or `name[a]=b`
    Object,
    /// An object whose members can be lists, and objects of texts: `name.a.not=b` or `name[a][not]=b`
    NestedObject,
}

impl QueryParams {
    /// Creates the middleware for the operations of a document.
    #[must_use]
    pub fn new(document: Published) -> Self {
        Self(Arc::new(Shared {
            document,
            table: OnceLock::new(),
        }))
    }

    /// Converts the arrays of a request's query to the spelling that poem-openapi reads. Returns the error about the
    /// other parameters, if any.
    fn normalise(&self, request: &mut Request) -> Option<Error> {
        let uri = request.uri();
        let query = uri.query().filter(|query| !query.is_empty())?;
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return None;
        }
        let table = self.0.table.get_or_init(|| build_table(&self.0.document));
        let path = uri.path().trim_end_matches('/');
        let operation = find_operation(table, path)?;
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        let (pairs, broken) = operation.expand_objects(pairs);
        let unknown = broken.or_else(|| operation.check_unknown(&pairs.0));
        let respelled = operation.normalise_arrays(&pairs);
        if let Some(uri) = respelled.and_then(|query| with_query(uri, &query)) {
            *request.uri_mut() = uri;
        }
        unknown
    }
}

/// Finds the operation that the router takes: it prefers a template that names the segment to one with a placeholder.
fn find_operation<'a>(table: &'a [Operation], path: &str) -> Option<&'a Operation> {
    // Most lists have no placeholder. A large document has a hundred templates.
    let named = table.iter().find(|operation| operation.path == path);
    named.or_else(|| {
        let found = table
            .iter()
            .filter_map(|operation| Some((match_template(&operation.path, path)?, operation)))
            .max_by_key(|(fit, _)| Reverse(fit.clone()));
        Some(found?.1)
    })
}

type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The pairs of a query. True if they differ from the request's.
struct ExpandedQuery<'a>(Vec<Pair<'a>>, bool);

impl Operation {
    fn find(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|known| known.matches(name))
    }

    /// Returns the error that names the unknown parameters of a list.
    fn check_unknown(&self, pairs: &[Pair<'_>]) -> Option<Error> {
        if !self.is_list {
            return None;
        }
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in pairs {
            if !name.is_empty() && self.find(name).is_none() && !names.contains(&&**name) {
                names.push(name);
            }
            if names.len() == MAX_NAMED {
                break;
            }
        }
        if names.is_empty() {
            return None;
        }
        let known: Vec<&str> = self.parameters.iter().map(|one| &*one.name).collect();
        let known = match known.is_empty() {
            true => "no parameters".to_owned(),
            false => known.join(", "),
        };
        let violations = names.into_iter().map(|name| {
            let rule = format!("is unknown: this list has {known}");
            Violation::query(name, Rule::Other(rule))
        });
        Some(Error::from_violations(violations.collect()))
    }

    /// Expands objects that are given as JSON, `tags={"a":"b"}`, into their members, `tags.a=b`. Returns an error for
    /// invalid objects.
    fn expand_objects<'a>(&self, pairs: Vec<Pair<'a>>) -> (ExpandedQuery<'a>, Option<Error>) {
        let (mut expanded, mut changed) = (Vec::with_capacity(pairs.len()), false);
        let mut violations = Vec::new();
        for (name, value) in pairs {
            let whole = self
                .find(&name)
                .filter(|known| matches!(known.shape, Shape::Object | Shape::NestedObject));
            if whole.is_none_or(|known| known.name != *name) || value.is_empty() {
                expanded.push((name, value));
                continue;
            }
            changed = true;
            let is_nested = whole.is_some_and(|known| known.shape == Shape::NestedObject);
            match parse_members(&value, is_nested) {
                Some(members) => expanded.extend(
                    members
                        .into_iter()
                        .map(|(path, value)| (format!("{name}{path}").into(), value.into())),
                ),
                None => {
                    let rule = format!("must be an object of strings, or {name}.NAME=VALUE");
                    violations.push(Violation::query(&*name, Rule::Other(rule)));
                }
            }
        }
        let broken = (!violations.is_empty()).then(|| Error::from_violations(violations));
        (ExpandedQuery(expanded, changed), broken)
    }

    /// Returns the query with its arrays in one spelling, if it needs changes.
    fn normalise_arrays(
        &self,
        ExpandedQuery(pairs, changed): &ExpandedQuery<'_>,
    ) -> Option<String> {
        let array = |name: &str| {
            let known = self.find(name)?;
            (known.shape == Shape::Array && known.name != name).then_some(&*known.name)
        };
        if !changed && !pairs.iter().any(|(name, _)| array(name).is_some()) {
            return None;
        }
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in pairs {
            query.append_pair(array(name).unwrap_or(name), value);
        }
        Some(query.finish())
    }
}

impl Parameter {
    /// True if a caller means this parameter by `name`.
    fn matches(&self, name: &str) -> bool {
        let Some(rest) = name.strip_prefix(&*self.name) else {
            return false;
        };
        if rest.is_empty() {
            return true;
        }
        let bracketed = rest
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        match self.shape {
            Shape::Single => false,
            Shape::Array => {
                bracketed.is_some_and(|index| index.bytes().all(|b| b.is_ascii_digit()))
            }
            Shape::Object | Shape::NestedObject => rest.starts_with('.') || bracketed.is_some(),
        }
    }
}

fn build_table(document: &Published) -> Vec<Operation> {
    let document: Value = serde_json::from_str(&document.json("")).unwrap_or_default();
    let paths = document["paths"].as_object().into_iter().flatten();
    let gets = paths.filter_map(|(path, operations)| Some((path, operations.get("get")?)));
    gets.map(|(path, get)| {
        let parameters = get["parameters"].as_array().into_iter().flatten();
        let parameters = parameters.filter(|parameter| parameter["in"] == "query");
        let parameters: Vec<Parameter> = parameters.filter_map(parse_parameter).collect();
        let id = get["operationId"].as_str().unwrap_or_default();
        let pages = |one: &Parameter| PAGING_PARAMETERS.contains(&&*one.name);
        Operation {
            path: path.trim_end_matches('/').to_owned(),
            is_list: id.starts_with("list") || parameters.iter().any(pages),
            parameters,
        }
    })
    .collect()
}

fn parse_parameter(parameter: &Value) -> Option<Parameter> {
    Some(Parameter {
        name: parameter["name"].as_str()?.to_owned(),
        shape: match parameter["schema"]["type"].as_str() {
            Some("array") => Shape::Array,
            // A schema without a type permits any member.
            Some("object") => match parameter["schema"]["additionalProperties"]["type"].is_null() {
                true => Shape::NestedObject,
                false => Shape::Object,
            },
            _ => Shape::Single,
        },
    })
}

fn with_query(uri: &Uri, query: &str) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    let whole = format!("{}?{query}", uri.path());
    parts.path_and_query = Some(PathAndQuery::try_from(whole).ok()?);
    Uri::from_parts(parts).ok()
}

impl<E: Endpoint<Output = Response>> Middleware<E> for QueryParams {
    type Output = CheckedEndpoint<E>;

    fn transform(&self, endpoint: E) -> CheckedEndpoint<E> {
        CheckedEndpoint {
            params: self.clone(),
            endpoint,
        }
    }
}

/// An endpoint with checked query parameters.
pub struct CheckedEndpoint<E> {
    params: QueryParams,
    endpoint: E,
}

impl<E: Endpoint<Output = Response>> Endpoint for CheckedEndpoint<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let wrong = self.params.normalise(&mut request);
        let response = self.endpoint.call(request).await?;
        let Some(wrong) = wrong else {
            return Ok(response);
        };
        // After the call: an unauthorised caller must only learn that.
        let mut error = poem::Error::from(Failure(wrong));
        if let Some(operation) = response.data::<OperationId>() {
            error.set_data(*operation);
        }
        Err(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation() -> Operation {
        let parameter = |name: &str, shape| Parameter {
            name: name.to_owned(),
            shape,
        };
        Operation {
            path: "/users".to_owned(),
            parameters: vec![
                parameter("ids", Shape::Array),
                parameter("tags", Shape::Object),
                parameter("nextToken", Shape::Single),
            ],
            is_list: true,
        }
    }

    fn respelled(query: &str) -> Option<String> {
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        let (pairs, broken) = operation().expand_objects(pairs);
        assert!(broken.is_none());
        operation().normalise_arrays(&pairs)
    }

    fn unknown(query: &str) -> Vec<String> {
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        let error = operation().check_unknown(&pairs);
        let rules = error.iter().flat_map(Error::broken_rules);
        rules.map(Violation::field_path).collect()
    }

    #[test]
    fn arrays_are_spelled_in_one_way() {
        for query in [
            "ids[]=a&ids[]=b",
            "ids%5B0%5D=a&ids%5B1%5D=b",
            "ids=a&ids[]=b",
        ] {
            assert_eq!(respelled(query).expect(query), "ids=a&ids=b", "{query}");
            assert_eq!(unknown(query), [""; 0]);
        }
        assert_eq!(respelled("ids=a&ids=b"), None);
        assert_eq!(respelled("tags[ids]=a"), None);
    }

    #[test]
    fn an_object_as_json_is_spelled_by_its_members() {
        let query = "tags=%7B%22a%22%3A%22x%22%2C%22n%22%3A1%7D&nextToken=t";
        let members = "tags%5Ba%5D=x&tags%5Bn%5D=1&nextToken=t";
        assert_eq!(respelled(query).as_deref(), Some(members));
        assert_eq!(respelled("tags="), None);
        for value in ["zz", "[]", "1", r#"{"a":{}}"#, r#"{"a":null}"#] {
            let pairs = vec![("tags".into(), value.into())];
            assert!(operation().expand_objects(pairs).1.is_some(), "{value}");
        }
    }

    #[test]
    fn a_list_names_what_it_does_not_know() {
        assert_eq!(unknown("tags.a=b&tags[c]=d&nextToken=x&&=y"), [""; 0]);
        assert_eq!(
            unknown("ids[x]=a&id=b&id=c&nextToken[]=d&tagsx=e"),
            ["ids[x]", "id", "nextToken[]", "tagsx"]
        );
        let many: String = (0..50).map(|index| format!("p{index}=1&")).collect();
        assert_eq!(unknown(&many).len(), MAX_NAMED);
    }
}
