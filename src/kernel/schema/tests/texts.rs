//! Patterns, the texts that they match, and the texts of errors.

use serde_json::{Map, Value, json};

use super::{
    Location, Violation,
    hostile::{check, compile_schema, expect_compile_error, to_texts},
};
use crate::kernel::violation::{PathSegment, Rule, limit_violations};

#[test]
fn patterns_are_bounded_in_size_and_number() {
    for (schema, part) in [
        (json!({"pattern": "(".repeat(3000)}), "50 deep"),
        (json!({"pattern": "a".repeat(5000)}), "4096 bytes"),
        (
            json!({"pattern": "(((a{100}){100}){100}){100}"}),
            "written out",
        ),
        (
            json!({"patternProperties": {"((a{500}){500}){500}": true}}),
            "written out",
        ),
        (json!({"pattern": "(a"}), "a valid regular expression"),
    ] {
        let reason = expect_compile_error(&schema);
        assert!(reason.contains(part), "{reason}");
    }
    let many: Map<String, Value> = (0..100)
        .map(|number| (format!("a{{3000}}{number}"), json!(true)))
        .collect();
    assert!(
        expect_compile_error(&json!({"patternProperties": many})).contains("too large together")
    );
}

#[test]
fn matching_is_charged_by_the_size_of_text_and_pattern() {
    let lines = compile_schema(&json!({"items": {"pattern": "^(?=(a+)+b$)(a+)+b$"}}));
    let value = Value::Array(vec![json!("a".repeat(40) + "b"); 20_000]);
    let found = to_texts(&check(&lines, &value));
    assert!(found[0].contains("max_steps"), "{found:?}");
    let grows = compile_schema(&json!({"pattern": "(?:a|b)*a(?:a|b){1500}c"}));
    let found = to_texts(&check(&grows, &json!("a".repeat(300_000))));
    assert!(found[0].contains("max_steps"), "{found:?}");
    let usual = compile_schema(&json!({"pattern": "^[a-z ]+$", "maxLength": 500_000}));
    assert_eq!(check(&usual, &json!("a ".repeat(200_000))), []);
    let brackets = json!({"uniqueItems": true});
    let mut items = Vec::new();
    for number in 0..12_000_u32 {
        let mut item = json!(1);
        for bit in 0..14 {
            item = if number >> bit & 1 == 1 {
                json!([[item]])
            } else {
                json!([item])
            };
        }
        items.push(item);
    }
    let found = to_texts(&check(&compile_schema(&brackets), &json!(items)));
    assert!(found[0].contains("max_steps"), "{found:?}");
}

#[test]
fn what_is_shown_of_an_error_is_bounded() {
    let many: Vec<String> = (0..5_000).map(|n| format!("value {n} \u{1}")).collect();
    let schema = json!({"properties": {"a": {"items": {"enum": many}}}});
    let found = check(
        &compile_schema(&schema),
        &json!({"a": vec!["\u{2}".repeat(900); 5_000]}),
    );
    let limited = limit_violations(found);
    assert_eq!(limited.len(), 21);
    assert_eq!(limited[20].to_string(), "and at least 980 more");
    let size: usize = limited
        .iter()
        .map(|one| json!(one.to_string()).to_string().len())
        .sum();
    assert!(size < 16_000, "{size}");
    let key = "\"".repeat(10_000);
    let path = vec![PathSegment::Key(key); 30];
    let long = Violation {
        location: Location::Body,
        path,
        rule: Rule::Other("x".repeat(10_000)),
    };
    let limited = limit_violations(vec![long; 25]);
    assert_eq!(limited[20].to_string(), "and 5 more");
    let size: usize = limited
        .iter()
        .map(|one| json!(one.to_string()).to_string().len())
        .sum();
    assert!(size < 16_000, "{size}");
}
