//! Pagination, which the vendor's page does not have: `skip` and `limit` as in its sibling resources
//! (aloochat.md §3, row 7), and `after` for clients that read a long list page by page.

use std::borrow::Cow;

use poem_openapi::{
    registry::MetaSchemaRef,
    types::{ParseError, ParseFromParameter, ParseResult, ToJSON, Type},
};
use serde_json::Value;

use crate::domain::service_integrations::{ListPage, ListRange};

/// Maximum of `limit`, as in the sibling resources.
const LIMIT_MAX: u64 = 1000;

/// A number in a query. An empty value counts as absent, because tools that import the OpenAPI document send
/// parameters without a value.
#[derive(Debug, Clone, Copy)]
pub struct Count(Option<u64>);

impl Type for Count {
    const IS_REQUIRED: bool = true;
    type RawValueType = u64;
    type RawElementValueType = u64;

    fn name() -> Cow<'static, str> {
        u64::name()
    }

    fn schema_ref() -> MetaSchemaRef {
        u64::schema_ref()
    }

    fn as_raw_value(&self) -> Option<&u64> {
        self.0.as_ref()
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a u64> + 'a> {
        Box::new(self.0.iter())
    }
}

impl ParseFromParameter for Count {
    fn parse_from_parameter(value: &str) -> ParseResult<Self> {
        if value.is_empty() {
            return Ok(Self(None));
        }
        let number = u64::parse_from_parameter(value);
        let number = number.map_err(ParseError::propagate)?;
        Ok(Self(Some(number)))
    }
}

impl ToJSON for Count {
    fn to_json(&self) -> Option<Value> {
        self.0.to_json()
    }
}

/// Returns the slice for these query parameters; without any, the whole list.
pub fn to_slice(skip: Option<Count>, limit: Option<Count>, after: Option<String>) -> ListRange {
    let (skip, limit) = (
        skip.and_then(|skip| skip.0),
        limit.and_then(|limit| limit.0),
    );
    ListRange {
        after: after.filter(|after| !after.is_empty()).map(Into::into),
        skip: skip.unwrap_or(0),
        // wire: FastAPI would reject a larger limit; a cap serves the caller better
        limit: limit.map(|limit| limit.min(LIMIT_MAX)),
    }
}

/// Returns the example of `skip`: 0, because tools send examples as they are, and the request has to work.
pub const fn example_skip() -> Option<Count> {
    Some(Count(Some(0)))
}

/// Returns the example of `limit`.
pub const fn example_limit() -> Option<Count> {
    Some(Count(Some(20)))
}

/// Returns the example of `after`.
pub fn example_after() -> Option<String> {
    Some(String::new())
}

/// Returns the `Link` header with the next page (RFC 8288), if there is one.
pub fn next_link(slice: &ListRange, listed: &ListPage) -> Option<String> {
    let last = listed.items.last().filter(|_| listed.has_more)?;
    let limit = slice.limit?;
    Some(format!(
        "</api/public/integrations?limit={limit}&after={}>; rel=\"next\"",
        last.id
    ))
}
