//! Wire types of rows.

use std::borrow::Cow;

use poem_openapi::{
    Enum, Object,
    registry::{MetaSchema, MetaSchemaRef},
    types::{Example, ParseError, ParseFromJSON, ParseResult, ToJSON, Type},
};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::dto::EXAMPLE_TIME;
use crate::{
    domain::bots::tables::{self, Query, RowSelection},
    http::{JsonObject, JsonText},
    kernel::{Result, Rule, Violation, violation::PathSegment},
};

/// A row: the values by the names of their columns, and what every row has. It is serialised as text.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct TableRow(JsonText);

impl TableRow {
    fn new(members: &Map<String, Value>) -> Self {
        Self(JsonText(members.into()))
    }
}

impl From<tables::Row> for TableRow {
    fn from(row: tables::Row) -> Self {
        let mut members = Map::with_capacity(row.values.len() + 6);
        members.insert("id".to_owned(), row.id.into());
        for (name, time) in [("createdAt", row.created_at), ("updatedAt", row.updated_at)] {
            if let Some(time) = time {
                members.insert(name.to_owned(), time.to_rfc3339_millis().into());
            }
        }
        members.extend(row.values);
        let computed = row.pending.iter();
        let computed: Map<String, Value> = computed
            .map(|name| (name.clone(), json!({"status": "pending"})))
            .collect();
        members.insert("computed".to_owned(), Value::Object(computed));
        members.insert("stale".to_owned(), json!(row.pending));
        if let Some(similarity) = row.similarity {
            members.insert("similarity".to_owned(), json!(similarity));
        }
        Self::new(&members)
    }
}

fn inline(kind: &'static str, description: &'static str) -> MetaSchemaRef {
    MetaSchemaRef::Inline(Box::new(MetaSchema {
        description: Some(description),
        ..MetaSchema::new(kind)
    }))
}

impl Type for TableRow {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "Row".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        let names = MetaSchema {
            description: Some("Names of the computed columns that wait for their values."),
            items: Some(Box::new(MetaSchemaRef::Inline(Box::new(MetaSchema::new(
                "string",
            ))))),
            ..MetaSchema::new("array")
        };
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            properties: vec![
                (
                    "id",
                    inline(
                        "number",
                        "Id of the row, which counts from 1 in each table.",
                    ),
                ),
                (
                    "createdAt",
                    inline("string", "Time of creation, in ISO 8601."),
                ),
                (
                    "updatedAt",
                    inline("string", "Time of the last change, in ISO 8601."),
                ),
                (
                    "computed",
                    inline("object", "Status of the computed columns, by their names."),
                ),
                ("stale", MetaSchemaRef::Inline(Box::new(names))),
                (
                    "similarity",
                    inline("number", "Similarity to the searched text, from 0 to 1."),
                ),
            ],
            required: vec!["id", "computed"],
            additional_properties: Some(Box::new(MetaSchemaRef::Inline(Box::new(MetaSchema::ANY)))),
            ..MetaSchema::new("object")
        }))
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl ParseFromJSON for TableRow {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        let parsed = JsonText::parse_from_json(value).map_err(ParseError::propagate)?;
        Ok(Self(parsed))
    }
}

impl ToJSON for TableRow {
    fn to_json(&self) -> Option<Value> {
        self.0.to_json()
    }
}

impl Example for TableRow {
    fn example() -> Self {
        Self::new(&example_members(json!({
            "id": 1, "createdAt": EXAMPLE_TIME, "updatedAt": EXAMPLE_TIME, "number": "A-17",
            "note": "Gift wrap", "computed": {}, "stale": [],
        })))
    }
}

fn example_members(value: Value) -> Map<String, Value> {
    JsonObject::from_value(value).0
}

/// Converts rows of the domain.
pub fn to_rows(rows: Vec<tables::Row>) -> Vec<TableRow> {
    rows.into_iter().map(Into::into).collect()
}

/// Order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
enum OrderDirection {
    /// Ascending.
    Asc,
    /// Descending.
    Desc,
}

/// A query of rows.
#[derive(Object)]
#[oai(example, rename = "findTableRowsBody", rename_all = "camelCase")]
pub struct FindTableRowsBody {
    /// Maximum number of rows; 100 if absent.
    #[oai(validator(minimum(value = "1"), maximum(value = "1000")))]
    limit: Option<u32>,
    /// Number of rows to skip.
    #[oai(validator(minimum(value = "0")))]
    offset: Option<u64>,
    /// Conditions of the rows, in the language of MongoDB's queries: `$eq`, `$ne`, `$gt`, `$gte`, `$lt`, `$lte`, `$in`,
    /// `$nin`, `$exists`, `$regex` with `$options`, `$size`, `$contains`, `$elemMatch`, `$not`, `$and`, `$or`, `$nor`.
    filter: Option<JsonObject>,
    /// Columns with `key`, which makes groups, or with `count`, `sum`, `avg`, `min` and `max`, alone or as a list. A
    /// group has the numbers as `<column>_<number>`.
    group: Option<JsonObject>,
    /// Words by which the rows are sorted. Rows without them come last, with the similarity 0.
    #[oai(validator(max_length = 1024))]
    search: Option<String>,
    /// Paths of the shown values; all if absent.
    #[oai(validator(max_items = 100))]
    select: Option<Vec<String>>,
    /// Name of a column, or `id`, `createdAt` or `updatedAt`; `id` if absent.
    order_by: Option<String>,
    /// Direction of the order; ascending if absent.
    order_direction: Option<OrderDirection>,
}

impl From<FindTableRowsBody> for Query {
    fn from(body: FindTableRowsBody) -> Self {
        Self {
            limit: body.limit.unwrap_or(100) as usize,
            offset: body.offset.unwrap_or(0),
            filter: body.filter.map(|filter| filter.0),
            group: body.group.map(|group| group.0),
            search: body.search.filter(|text| !text.trim().is_empty()),
            select: body.select,
            order_by: body.order_by.unwrap_or_else(|| "id".to_owned()),
            is_descending: body.order_direction == Some(OrderDirection::Desc),
        }
    }
}

impl Example for FindTableRowsBody {
    fn example() -> Self {
        Self {
            limit: Some(20),
            offset: None,
            filter: Some(JsonObject::from_value(
                json!({"number": {"$in": ["A-17", "A-18"]}}),
            )),
            group: None,
            search: None,
            select: None,
            order_by: None,
            order_direction: None,
        }
    }
}

/// Selection of rows to delete. It has exactly one member.
#[derive(Object)]
#[oai(example, rename = "deleteTableRowsBody", rename_all = "camelCase")]
pub struct DeleteTableRowsBody {
    /// Ids of the rows.
    #[oai(validator(max_items = 1000))]
    ids: Option<Vec<i64>>,
    /// Conditions of the rows, as in Find Table Rows.
    filter: Option<JsonObject>,
    /// True to delete all rows.
    delete_all_rows: Option<bool>,
}

impl DeleteTableRowsBody {
    pub fn into_domain(self) -> Result<RowSelection> {
        let invalid = |rule: &str| {
            let no_names: [&str; 0] = [];
            Violation::body(no_names, Rule::Other(rule.to_owned())).into()
        };
        match (self.ids, self.filter, self.delete_all_rows.unwrap_or(false)) {
            (Some(ids), None, false) => Ok(RowSelection::Ids(ids)),
            (None, Some(filter), false) => Ok(RowSelection::Filter(filter.0)),
            (None, None, true) => Ok(RowSelection::All),
            (None, None, false) => Err(invalid(
                "must have \"ids\", \"filter\" or \"deleteAllRows\": true",
            )),
            _ => Err(invalid(
                "must have only one of \"ids\", \"filter\" and \"deleteAllRows\"",
            )),
        }
    }
}

impl Example for DeleteTableRowsBody {
    fn example() -> Self {
        Self {
            ids: Some(vec![1, 2]),
            filter: None,
            delete_all_rows: None,
        }
    }
}

/// Requires that each row has an id.
pub fn require_ids(rows: &[JsonObject]) -> Result<()> {
    let missing = rows
        .iter()
        .position(|row| row.0.get("id").is_none_or(|id| !id.is_number()));
    match missing {
        None => Ok(()),
        Some(index) => {
            let mut broken = Violation::body(["rows"], Rule::Required);
            broken.path.push(PathSegment::Index(index));
            broken.path.push(PathSegment::Key("id".to_owned()));
            Err(broken.into())
        }
    }
}

/// Example of given rows.
pub fn example_rows(value: Value) -> Vec<JsonObject> {
    vec![JsonObject::from_value(value)]
}
