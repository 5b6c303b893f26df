//! Builds the issues of failed deliveries, and those that programs report in their logs.

use serde_json::Value;

use super::attempt::AttemptedCall;
use crate::domain::bots::{
    manage::issues::{Category, IssueData, IssueValue, Occurrence},
    protocol::{CallFailure, FailureCause},
};

/// Builds an issue from a log line that the program marked as one.
pub(super) fn parse_issue(issue: &Value, title: &str) -> Occurrence {
    let text = |name: &str| issue[name].as_str().unwrap_or_default().to_owned();
    let values = |name: &str| -> IssueData {
        let members = issue[name].as_object().into_iter().flatten();
        let datum = |value: &Value| {
            let raw = match value.get("raw").unwrap_or(value) {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let pretty = value.get("pretty").and_then(Value::as_str);
            IssueValue {
                raw,
                pretty: pretty.map(str::to_owned),
            }
        };
        members
            .map(|(name, value)| (name.clone(), datum(value)))
            .collect()
    };
    let category = issue["category"].as_str().and_then(Category::parse);
    Occurrence {
        code: text("code"),
        category: category.unwrap_or(Category::UserCode),
        title: title.to_owned(),
        description: text("description"),
        resolution_link: issue["resolutionLink"].as_str().map(str::to_owned),
        group_data: values("groupBy"),
        data: values("data"),
    }
}

/// Builds the issue of a failed call.
pub(super) fn build_issue(tried: &AttemptedCall, failed: &CallFailure) -> Occurrence {
    let datum = |raw: &str| IssueValue {
        raw: raw.to_owned(),
        pretty: None,
    };
    let code = match &tried.request_ref.integration {
        Some(_) => "integration_call_failed",
        None => "bot_call_failed",
    };
    let mut grouped: IssueData = [
        ("operation".to_owned(), datum(tried.request_ref.operation)),
        ("type".to_owned(), datum(&tried.request_ref.kind)),
    ]
    .into();
    if let Some((_, name)) = &tried.request_ref.integration {
        grouped.insert("integration".to_owned(), datum(name));
    }
    let mut data: IssueData = [("error".to_owned(), datum(&failed.text))].into();
    if let Some(stack) = tried.request_ref.stack_for_bot(failed) {
        data.insert("stack".to_owned(), datum(stack));
    }
    Occurrence {
        code: code.to_owned(),
        category: match failed.cause {
            FailureCause::Code | FailureCause::Loading => Category::UserCode,
            FailureCause::Limits => Category::Limits,
            FailureCause::Configuration => Category::Configuration,
            FailureCause::Other => Category::Other,
        },
        title: format!(
            "{} failed in {}",
            tried.request_ref.operation,
            tried.request_ref.receiver_name()
        ),
        description: tried.request_ref.describe_failure(&failed.text),
        resolution_link: None,
        group_data: grouped,
        data,
    }
}
