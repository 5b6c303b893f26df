//! Filters of lists by tags: `tags.a=x`, several of them for any of the values, `tags.a.not=x`, `tags.a.exists=true`
//! (botpress-today.md §0.2, §6).

use poem::Request;
use serde_json::{Value, json};

use crate::{
    domain::bots::uploaded_files::tag_filter::{Condition, TagFilter},
    kernel::{Error, Result, Rule, Violation},
};

/// Maximum number of conditions.
const MAX_CONDITIONS: usize = 20;

/// Returns the filter as a parameter of the OpenAPI document.
pub fn filter_parameter() -> Value {
    json!({
        "name": "tags", "in": "query", "required": false, "style": "deepObject",
        "description": "Selects entries by tags, each as `tags.<name>=<value>`; several values of one tag select any of \
                        them. `tags.<name>.not=<value>` excludes values, and `tags.<name>.exists=true` or `false` \
                        selects by presence.",
        "schema": {"type": "object", "additionalProperties": {}},
    })
}

/// Operator of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    In,
    Not,
    Exists,
}

/// Parses the filter of a query. All conditions must hold.
///
/// # Errors
/// `Invalid` for too many conditions, and for a value of `exists` that is not boolean.
pub fn parse_filter(request: &Request) -> Result<TagFilter> {
    let query = request.uri().query().unwrap_or_default();
    let mut found: Vec<(String, Operator, Vec<String>)> = Vec::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let Some((tag, operator)) = parse_name(&name) else {
            continue;
        };
        let known = found
            .iter_mut()
            .find(|(known, other, _)| *known == tag && *other == operator);
        match known {
            Some((.., values)) => values.push(value.into_owned()),
            None => found.push((tag, operator, vec![value.into_owned()])),
        }
    }
    if found.len() > MAX_CONDITIONS {
        let rule = Rule::Other(format!("must have at most {MAX_CONDITIONS} conditions"));
        return Err(Violation::query("tags", rule).into());
    }
    let conditions = found.into_iter().map(|(tag, operator, values)| {
        let condition = match operator {
            Operator::In => Condition::In(values),
            Operator::Not => Condition::NotIn(values),
            Operator::Exists => Condition::Exists(parse_exists(&tag, &values)?),
        };
        Ok((tag, condition))
    });
    Ok(TagFilter(conditions.collect::<Result<_>>()?))
}

fn parse_exists(tag: &str, values: &[String]) -> Result<bool> {
    match values {
        [value] if value == "true" => Ok(true),
        [value] if value == "false" => Ok(false),
        _ => {
            let rule = Rule::Other("must be true or false".to_owned());
            Err(Error::from(Violation::query(
                format!("tags.{tag}.exists"),
                rule,
            )))
        }
    }
}

/// Parses the name of a parameter: `tags.a`, `tags.a.not`, `tags[a]` or `tags[a][not]`. A tag can contain dots.
// wire: a last part that is no operator belongs to the name of the tag (botpress-today.md §0.2)
fn parse_name(name: &str) -> Option<(String, Operator)> {
    let rest = name.strip_prefix("tags")?;
    if let Some(rest) = rest.strip_prefix('[') {
        let rest = rest.strip_suffix(']')?.trim_end_matches("][");
        let (tag, operator) = match rest.rsplit_once("][") {
            Some((tag, last)) => match parse_operator(last) {
                Some(operator) => (tag, operator),
                None if last.bytes().all(|byte| byte.is_ascii_digit()) => (tag, Operator::In),
                None => (rest, Operator::In),
            },
            None => (rest, Operator::In),
        };
        return Some((tag.to_owned(), operator));
    }
    let rest = rest.strip_prefix('.')?;
    let with_operator = rest
        .rsplit_once('.')
        .and_then(|(tag, last)| Some((tag, parse_operator(last)?)));
    let (tag, operator) = with_operator.unwrap_or((rest, Operator::In));
    Some((tag.to_owned(), operator))
}

fn parse_operator(text: &str) -> Option<Operator> {
    match text {
        "in" | "or" => Some(Operator::In),
        "not" => Some(Operator::Not),
        "exists" => Some(Operator::Exists),
        _ => None,
    }
}

/// Returns the values of a parameter that may be repeated; `None` if it is absent.
pub fn parse_list(request: &Request, parameter: &str) -> Option<Vec<String>> {
    let query = request.uri().query().unwrap_or_default();
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    let values = pairs.filter(|(name, _)| name == parameter);
    let values: Vec<String> = values.map(|(_, value)| value.into_owned()).collect();
    (!values.is_empty()).then_some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<Vec<(String, Condition)>> {
        let uri = format!("/v1/files?{query}").parse().expect("a URI");
        Ok(parse_filter(&Request::builder().uri(uri).finish())?.0)
    }

    #[test]
    fn each_spelling_of_a_condition_is_read() {
        let values = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        let one = |name: &str, condition| vec![(name.to_owned(), condition)];
        for (query, expected) in [
            (
                "tags.a=x&tags.a=y",
                one("a", Condition::In(values(&["x", "y"]))),
            ),
            ("tags[a]=x", one("a", Condition::In(values(&["x"])))),
            ("tags[a][]=x", one("a", Condition::In(values(&["x"])))),
            ("tags[a][0]=x", one("a", Condition::In(values(&["x"])))),
            ("tags.a.not=x", one("a", Condition::NotIn(values(&["x"])))),
            ("tags[a][not]=x", one("a", Condition::NotIn(values(&["x"])))),
            ("tags.a.exists=false", one("a", Condition::Exists(false))),
            ("tags.d.e=f", one("d.e", Condition::In(values(&["f"])))),
            (
                "tags.d.e.not=f",
                one("d.e", Condition::NotIn(values(&["f"]))),
            ),
            ("tags=&limit=3", Vec::new()),
        ] {
            assert_eq!(parse(query).expect(query), expected, "{query}");
        }
        assert!(parse("tags.a.exists=maybe").is_err());
    }
}
