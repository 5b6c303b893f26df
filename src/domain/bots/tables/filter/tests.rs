//! Tests of filters: examples, and a comparison with a naive model.

use proptest::prelude::*;

use super::*;

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("{other} is no object"),
    }
}

fn selects(filter: Value, row: Value) -> bool {
    let filter = Filter::parse(&object(filter)).expect("a filter");
    filter.matches(&object(row))
}

fn problem(filter: Value) -> String {
    let error = Filter::parse(&object(filter)).expect_err("a broken filter");
    error.broken_rules()[0].to_string()
}

#[test]
fn long_lists_are_compared_in_bounded_time() {
    let many: Vec<usize> = (100_000..108_000).collect();
    let filter = |operator: &str| {
        Filter::parse(&object(json!({"list": {operator: many}}))).expect("a filter")
    };
    let (within, without) = (filter("$in"), filter("$nin"));
    let row = |last| {
        let list: Vec<usize> = (0..20_000).chain([last]).collect();
        object(json!({"list": list}))
    };
    for _ in 0..10 {
        assert!(within.matches(&row(107_999)) && !without.matches(&row(107_999)));
        assert!(!within.matches(&row(108_000)) && without.matches(&row(108_000)));
    }
}

#[test]
fn every_operator_selects() {
    let row = || {
        json!({
            "city": "Bern", "size": 5, "price": 5.5, "tags": ["old", "new"], "gone": null, "on": true,
            "more": {"street": {"no": 7}}, "list": [{"a": 1, "b": 2}, {"a": 3}], "a.b": 1,
        })
    };
    for filter in [
        json!({}),
        json!({"city": "Bern"}),
        json!({"city": {"$eq": "Bern"}, "size": 5.0}),
        json!({"tags": "old"}),
        json!({"tags": ["old", "new"]}),
        json!({"gone": null, "never": null}),
        json!({"city": {"$ne": "Basel"}}),
        json!({"size": {"$gt": 4, "$lt": 6, "$gte": 5, "$lte": 5}}),
        json!({"price": {"$gt": 5}}),
        json!({"city": {"$gt": "Basel"}}),
        json!({"gone": {"$gte": null, "$lte": null}}),
        json!({"city": {"$in": ["Basel", "Bern"], "$nin": ["Chur"]}}),
        json!({"never": {"$nin": [1]}}),
        json!({"city": {"$exists": true}, "gone": {"$exists": false}, "never": {"$exists": false}}),
        json!({"city": {"$regex": "^b", "$options": "i"}}),
        json!({"city": {"$regex": "er"}}),
        json!({"tags": {"$regex": "^o"}}),
        json!({"$and": [{"city": "Bern"}, {"$or": [{"size": 1}, {"size": 5}]}]}),
        json!({"$nor": [{"city": "Basel"}, {"size": 1}]}),
        json!({"$not": {"city": "Basel"}}),
        json!({"city": {"$not": {"$eq": "Basel"}}}),
        json!({"tags": {"$size": 2, "$contains": "new"}}),
        json!({"city": {"$contains": "er"}}),
        json!({"list": {"$elemMatch": {"a": 1, "b": {"$gt": 1}}}}),
        json!({"tags": {"$elemMatch": {"$regex": "w$"}}}),
        json!({"more.street.no": 7, "more": {"street": {"no": 7.0}}}),
        json!({"a.b": 1}),
        json!({"on": true}),
    ] {
        assert!(selects(filter.clone(), row()), "{filter}");
    }
    for filter in [
        json!({"city": "bern"}),
        json!({"gone": {"$gt": null}}),
        json!({"city": {"$gt": 5}}),
        json!({"size": {"$lt": "9"}}),
        json!({"city": {"$regex": "^e"}}),
        json!({"size": {"$regex": "5"}}),
        json!({"list": {"$elemMatch": {"a": 3, "b": 2}}}),
        json!({"tags": {"$contains": "ol"}}),
        json!({"tags": {"$size": 1}}),
        json!({"more.street": {"no": 7, "x": 1}}),
        json!({"$nor": [{"city": "Bern"}]}),
    ] {
        assert!(!selects(filter.clone(), row()), "{filter}");
    }
}

#[test]
fn a_broken_filter_is_explained() {
    for (filter, part) in [
        (json!({"a": {"$near": 1}}), "\"$near\""),
        (json!({"$where": "1"}), "\"$where\""),
        (json!({"a": {"$gt": 1, "b": 2}}), "\"b\""),
        (json!({"a": {"$in": 1}}), "\"$in\""),
        (json!({"$or": []}), "\"$or\""),
        (json!({"a": {"$options": "i"}}), "\"$options\""),
        (json!({"a": {"$regex": "(", "$options": ""}}), "\"$regex\""),
        (
            json!({"a": {"$regex": "a", "$options": "u"}}),
            "\"$options\"",
        ),
        (
            json!({"a": {"$regex": "((((a{100}){100}){100}){100}){100}"}}),
            "\"$regex\"",
        ),
        (json!({"a": {"$size": -1}}), "\"$size\""),
        (json!({"a": "x".repeat(70_000)}), "bytes"),
        (json!({"$or": vec![json!({"a": 1}); 201]}), "200 conditions"),
        (
            json!({"$or": vec![json!({"a": {"$regex": "a"}}); 11]}),
            "10 regular",
        ),
    ] {
        let found = problem(filter);
        assert!(
            found
                .trim_start_matches("query parameter ")
                .starts_with("filter ")
                && found.contains(part),
            "{found}"
        );
    }
    let mut deep = json!({"a": 1});
    for _ in 0..10 {
        deep = json!({"$and": [deep]});
    }
    assert!(problem(deep).contains("10 levels"));
}

#[test]
fn required_values_are_found_through_and() {
    let filter = json!({"$and": [{"size": {"$gt": 1}}, {"key": {"$in": ["a", "b"]}}]});
    let filter = Filter::parse(&object(filter)).expect("a filter");
    assert_eq!(
        filter.required_values("key"),
        Some([json!("a"), json!("b")].as_slice())
    );
    assert_eq!(filter.required_values("size"), None);
    let filter = Filter::parse(&object(json!({"$or": [{"key": 1}]}))).expect("a filter");
    assert_eq!(filter.required_values("key"), None);
}

/// The same filters, as plainly as they can be evaluated, for rows of numbers, texts and null.
fn model(filter: &Value, row: &Value) -> bool {
    filter
        .as_object()
        .expect("a filter")
        .iter()
        .all(|(key, operand)| {
            let inner = || {
                operand
                    .as_array()
                    .expect("a list")
                    .iter()
                    .map(|one| model(one, row))
            };
            match key.as_str() {
                "$and" => inner().all(|holds| holds),
                "$or" => inner().any(|holds| holds),
                "$nor" => !inner().any(|holds| holds),
                field => model_field(operand, row.get(field).unwrap_or(&Value::Null)),
            }
        })
}

fn model_field(operand: &Value, value: &Value) -> bool {
    let Some(operators) = operand.as_object() else {
        return value == operand;
    };
    operators.iter().all(|(operator, operand)| {
        let ordered = match (value, operand) {
            (Value::Number(one), Value::Number(two)) => one.as_i64().partial_cmp(&two.as_i64()),
            (Value::String(one), Value::String(two)) => one.partial_cmp(two),
            (Value::Null, Value::Null) => Some(Ordering::Equal),
            _ => None,
        };
        match operator.as_str() {
            "$eq" => value == operand,
            "$ne" => value != operand,
            "$gt" => ordered == Some(Ordering::Greater),
            "$gte" => matches!(ordered, Some(Ordering::Greater | Ordering::Equal)),
            "$lt" => ordered == Some(Ordering::Less),
            "$lte" => matches!(ordered, Some(Ordering::Less | Ordering::Equal)),
            "$in" => operand.as_array().expect("a list").contains(value),
            "$nin" => !operand.as_array().expect("a list").contains(value),
            "$exists" => value.is_null() != (*operand == json!(true)),
            "$not" => !model_field(operand, value),
            other => panic!("{other} is no operator"),
        }
    })
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        (-2_i64..3).prop_map(Value::from),
        prop_oneof![Just("a"), Just("b"), Just("")].prop_map(Value::from),
    ]
}

fn condition() -> impl Strategy<Value = Value> {
    let compare = prop_oneof![
        Just("$eq"),
        Just("$ne"),
        Just("$gt"),
        Just("$gte"),
        Just("$lt"),
        Just("$lte")
    ];
    let lists = prop_oneof![Just("$in"), Just("$nin")];
    let plain = prop_oneof![
        (compare, scalar()).prop_map(|(operator, operand)| json!({operator: operand})),
        (lists, prop::collection::vec(scalar(), 0..3))
            .prop_map(|(operator, operand)| json!({operator: operand})),
        any::<bool>().prop_map(|expected| json!({"$exists": expected})),
    ];
    prop_oneof![
        scalar(),
        plain.clone(),
        plain.prop_map(|tests| json!({"$not": tests})),
    ]
}

fn field() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("x"), Just("y"), Just("z")]
}

fn filters() -> impl Strategy<Value = Value> {
    let plain = (field(), condition()).prop_map(|(field, test)| json!({field: test}));
    plain.prop_recursive(3, 20, 3, |inner| {
        let joint = prop_oneof![Just("$and"), Just("$or"), Just("$nor")];
        let joined = (joint, prop::collection::vec(inner.clone(), 1..3))
            .prop_map(|(operator, all)| json!({operator: all}));
        (joined, inner).prop_map(|(one, two)| {
            let mut both = object(one);
            both.extend(object(two));
            Value::Object(both)
        })
    })
}

proptest! {
    #[test]
    fn a_filter_selects_as_the_model_does(
        filter in filters(),
        (x, y) in (scalar(), scalar()),
    ) {
        let row = json!({"x": x, "y": y});
        prop_assert_eq!(selects(filter.clone(), row.clone()), model(&filter, &row));
    }
}
