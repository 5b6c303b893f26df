//! Filters of rows, in the language of MongoDB's queries (botpress-today.md §7). Pure: it reads no table.

mod pattern_options;
mod values;

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

pub(super) use self::values::find_path;
use self::{
    pattern_options::apply_options,
    values::{ValueSet, compare, has_item, is_equal, is_same},
};
use crate::kernel::{
    Error, Rule, Violation, json_size,
    schema::{Limits, Schema, truncate_text},
};

/// Maximum nesting depth of a filter.
const MAX_DEPTH: usize = 10;
/// Maximum number of conditions of a filter.
const MAX_CONDITIONS: usize = 200;
/// Maximum size of a filter, in bytes of JSON text.
const MAX_BYTES: usize = 64 * 1024;
/// Maximum number of regular expressions of a filter.
const MAX_PATTERNS: usize = 10;
/// Steps of a regular expression for one value. A value that needs more does not match.
const PATTERN_LIMITS: Limits = Limits {
    max_work: 10_000,
    max_subschemas: 10,
    max_steps: 100_000,
    max_errors: 1,
};

/// A filter of rows.
#[derive(Debug)]
pub(super) enum Filter {
    /// All of these hold.
    And(Vec<Filter>),
    /// At least one of these holds.
    Or(Vec<Filter>),
    /// The other does not hold.
    Not(Box<Filter>),
    /// The value at a path fulfils a test.
    Field(String, Test),
}

/// A test of one value; a missing value is null.
#[derive(Debug)]
pub(super) enum Test {
    /// Equal, or a list with an equal item.
    Equal(Value),
    /// Equal to one of these.
    In(ValueSet),
    /// Ordered so in comparison with this value; a list if one of its items is.
    Compare(&'static [Ordering], Value),
    /// Null or not.
    Exists(bool),
    /// Text that matches.
    Matches(Box<Schema>),
    /// List of this length.
    Size(u64),
    /// List with this item, or text with this part.
    Contains(Value),
    /// List with an item that passes all of these tests.
    AnyItem(Vec<Test>),
    /// List with an object that the filter selects.
    AnyObject(Box<Filter>),
    /// None of these holds together.
    Not(Vec<Test>),
}

/// Creates the error for a filter.
pub(super) fn invalid_filter(rule: impl Into<String>) -> Error {
    // wire: InvalidQuery, although the filter is in the body (botpress-today.md §7)
    Violation::query("filter", Rule::Other(rule.into())).into()
}

/// Counts what a filter has while it is read.
#[derive(Default)]
struct Parser {
    conditions: usize,
    patterns: usize,
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// `Invalid`; the violation names the unknown operator or the exceeded limit.
    pub(super) fn parse(given: &Map<String, Value>) -> Result<Self, Error> {
        if json_size(given) > MAX_BYTES {
            return Err(invalid_filter(format!(
                "must have at most {MAX_BYTES} bytes"
            )));
        }
        Parser::default().parse_filter(given, MAX_DEPTH)
    }

    /// True for a row that the filter selects.
    pub(super) fn matches(&self, row: &Map<String, Value>) -> bool {
        match self {
            Self::And(all) => all.iter().all(|one| one.matches(row)),
            Self::Or(all) => all.iter().any(|one| one.matches(row)),
            Self::Not(one) => !one.matches(row),
            Self::Field(path, test) => test.passes(find_path(row, path)),
        }
    }

    /// Returns the values of which a field must have one; `None` if the filter does not say so.
    pub(super) fn required_values(&self, field: &str) -> Option<&[Value]> {
        match self {
            Self::And(all) => all.iter().find_map(|one| one.required_values(field)),
            Self::Field(path, Test::Equal(value)) if path == field => {
                Some(std::slice::from_ref(value))
            }
            Self::Field(path, Test::In(values)) if path == field => Some(values.as_slice()),
            _ => None,
        }
    }

    /// Calls `visit` with the path of each condition.
    pub(super) fn for_each_path(&self, visit: &mut impl FnMut(&str)) {
        match self {
            Self::And(all) | Self::Or(all) => all.iter().for_each(|one| one.for_each_path(visit)),
            Self::Not(one) => one.for_each_path(visit),
            Self::Field(path, _) => visit(path),
        }
    }
}

impl Test {
    /// True if a value passes the test. A missing value is like null.
    fn passes(&self, value: Option<&Value>) -> bool {
        let value = value.unwrap_or(&Value::Null);
        match self {
            Self::Equal(expected) => is_equal(value, expected),
            Self::In(allowed) => {
                allowed.contains(value)
                    || value
                        .as_array()
                        .is_some_and(|items| items.iter().any(|item| allowed.contains(item)))
            }
            Self::Compare(orders, bound) => {
                let fits = |value: &Value| {
                    compare(value, bound).is_some_and(|order| orders.contains(&order))
                };
                fits(value) || value.as_array().is_some_and(|items| items.iter().any(fits))
            }
            Self::Exists(expected) => value.is_null() != *expected,
            Self::Matches(pattern) => {
                let fits =
                    |value: &Value| value.is_string() && pattern.is_valid(value, &PATTERN_LIMITS);
                fits(value) || has_item(value, fits)
            }
            Self::Size(size) => {
                let items = value.as_array();
                items.is_some_and(|items| u64::try_from(items.len()) == Ok(*size))
            }
            Self::Contains(part) => match (value, part) {
                (Value::String(text), Value::String(part)) => text.contains(part.as_str()),
                (Value::Array(items), part) => items.iter().any(|item| is_same(item, part)),
                _ => false,
            },
            Self::AnyItem(tests) => has_item(value, |item| {
                tests.iter().all(|test| test.passes(Some(item)))
            }),
            Self::AnyObject(filter) => {
                let fits = |item: &Value| item.as_object().is_some_and(|item| filter.matches(item));
                has_item(value, fits)
            }
            Self::Not(tests) => !tests.iter().all(|test| test.passes(Some(value))),
        }
    }
}

impl Parser {
    fn parse_filter(&mut self, given: &Map<String, Value>, depth: usize) -> Result<Filter, Error> {
        let depth = go_deeper(depth)?;
        let mut all = Vec::new();
        for (key, value) in given {
            all.push(match key.as_str() {
                "$and" => Filter::And(self.parse_filters(key, value, depth)?),
                "$or" => Filter::Or(self.parse_filters(key, value, depth)?),
                "$nor" => Filter::Not(Box::new(Filter::Or(self.parse_filters(key, value, depth)?))),
                "$not" => {
                    let inner = value
                        .as_object()
                        .ok_or_else(|| wrong_operand(key, "an object"))?;
                    Filter::Not(Box::new(self.parse_filter(inner, depth)?))
                }
                _ if key.starts_with('$') => return Err(unknown_operator(key)),
                path => {
                    let tests = self.parse_field(value, depth)?.into_iter();
                    Filter::And(
                        tests
                            .map(|test| Filter::Field(path.to_owned(), test))
                            .collect(),
                    )
                }
            });
        }
        Ok(Filter::And(all))
    }

    fn parse_filters(
        &mut self,
        key: &str,
        given: &Value,
        depth: usize,
    ) -> Result<Vec<Filter>, Error> {
        let items = given.as_array().filter(|items| !items.is_empty());
        let items = items.ok_or_else(|| wrong_operand(key, "a list of filters"))?;
        let filters = items.iter().map(|item| {
            let inner = item.as_object();
            self.parse_filter(
                inner.ok_or_else(|| wrong_operand(key, "a list of filters"))?,
                depth,
            )
        });
        filters.collect()
    }

    /// Reads the condition of a field: operators, or the value itself.
    fn parse_field(&mut self, given: &Value, depth: usize) -> Result<Vec<Test>, Error> {
        match given.as_object().filter(|members| has_operator(members)) {
            Some(operators) => self.parse_tests(operators, depth),
            None => {
                self.count()?;
                Ok(vec![Test::Equal(given.clone())])
            }
        }
    }

    fn parse_tests(
        &mut self,
        operators: &Map<String, Value>,
        depth: usize,
    ) -> Result<Vec<Test>, Error> {
        let depth = go_deeper(depth)?;
        let mut tests = Vec::new();
        for (operator, operand) in operators {
            self.count()?;
            let list = || {
                operand
                    .as_array()
                    .ok_or_else(|| wrong_operand(operator, "a list"))
            };
            tests.push(match operator.as_str() {
                "$eq" => Test::Equal(operand.clone()),
                "$ne" => Test::Not(vec![Test::Equal(operand.clone())]),
                "$gt" => Test::Compare(&[Ordering::Greater], operand.clone()),
                "$gte" => Test::Compare(&[Ordering::Greater, Ordering::Equal], operand.clone()),
                "$lt" => Test::Compare(&[Ordering::Less], operand.clone()),
                "$lte" => Test::Compare(&[Ordering::Less, Ordering::Equal], operand.clone()),
                "$in" => Test::In(ValueSet::new(list()?)),
                "$nin" => Test::Not(vec![Test::In(ValueSet::new(list()?))]),
                // wire: a row has every column, so a null counts as absent (botpress-today.md §7)
                "$exists" => {
                    let expected = operand.as_bool();
                    Test::Exists(expected.ok_or_else(|| wrong_operand(operator, "a boolean"))?)
                }
                "$regex" => self.parse_pattern(operand, operators.get("$options"))?,
                "$options" if operators.contains_key("$regex") => continue,
                "$size" => {
                    let size = operand.as_u64();
                    Test::Size(size.ok_or_else(|| wrong_operand(operator, "a whole number"))?)
                }
                // wire: nothing says what it compares texts with (botpress-today.md §7)
                "$contains" => Test::Contains(operand.clone()),
                "$elemMatch" => match operand.as_object() {
                    Some(tests) if has_operator(tests) => {
                        Test::AnyItem(self.parse_tests(tests, depth)?)
                    }
                    Some(filter) => Test::AnyObject(Box::new(self.parse_filter(filter, depth)?)),
                    None => return Err(wrong_operand(operator, "an object")),
                },
                "$not" => match operand.as_object() {
                    Some(tests) => Test::Not(self.parse_tests(tests, depth)?),
                    None => return Err(wrong_operand(operator, "an object")),
                },
                _ => return Err(unknown_operator(operator)),
            });
        }
        Ok(tests)
    }

    fn parse_pattern(&mut self, given: &Value, options: Option<&Value>) -> Result<Test, Error> {
        self.patterns += 1;
        if self.patterns > MAX_PATTERNS {
            let rule = format!("must have at most {MAX_PATTERNS} regular expressions");
            return Err(invalid_filter(rule));
        }
        let pattern = given
            .as_str()
            .ok_or_else(|| wrong_operand("$regex", "a string"))?;
        let flags = match options {
            None => "",
            Some(Value::String(flags)) if flags.chars().all(|flag| "imsx".contains(flag)) => flags,
            Some(_) => {
                return Err(wrong_operand(
                    "$options",
                    "any of the letters i, m, s and x",
                ));
            }
        };
        let pattern = apply_options(pattern, flags);
        let compiled = Schema::compile(&json!({"pattern": pattern}), &PATTERN_LIMITS);
        let invalid = |problem| invalid_filter(format!("must have a valid \"$regex\": {problem}"));
        Ok(Test::Matches(Box::new(compiled.map_err(invalid)?)))
    }

    fn count(&mut self) -> Result<(), Error> {
        self.conditions += 1;
        if self.conditions > MAX_CONDITIONS {
            return Err(invalid_filter(format!(
                "must have at most {MAX_CONDITIONS} conditions"
            )));
        }
        Ok(())
    }
}

fn has_operator(members: &Map<String, Value>) -> bool {
    members.keys().any(|key| key.starts_with('$'))
}

fn go_deeper(depth: usize) -> Result<usize, Error> {
    let too_deep = || invalid_filter(format!("must not be nested deeper than {MAX_DEPTH} levels"));
    depth.checked_sub(1).ok_or_else(too_deep)
}

fn unknown_operator(operator: &str) -> Error {
    let operator = truncate_text(operator, 60);
    invalid_filter(format!("has the unknown operator \"{operator}\""))
}

fn wrong_operand(operator: &str, expected: &str) -> Error {
    invalid_filter(format!("must have {expected} for \"{operator}\""))
}

#[cfg(test)]
mod tests;
