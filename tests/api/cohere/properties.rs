//! Properties: whatever is sent is stored as it was meant, or refused in the vendor's error body.

use proptest::prelude::*;
use reqwest::Method;
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

use super::{created, path_of, plain};
use crate::support::TestServer;

const DEAD: &str = "http://127.0.0.1:9/search";

/// Values that fields may or may not have.
fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,300}".prop_map(Value::from),
        prop::collection::vec(".{0,5}", 0..3).prop_map(Value::from),
        Just(json!(DEAD)),
        Just(json!({"type": "bearer", "token": "t"})),
        Just(json!({"type": "basic"})),
        Just(json!({"scope": null, "client_id": "i"})),
        Just(
            json!({"client_id": "i", "client_secret": "s", "authorize_url": "https://a.test/?x=%FF",
            "token_url": "https://a.test/"})
        ),
    ]
}

fn body() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        Just("name"),
        Just("description"),
        Just("url"),
        Just("excludes"),
        Just("oauth"),
        Just("service_auth"),
        Just("active"),
        Just("continue_on_failure"),
        Just("auth_type"),
        Just("serviceAuth"),
    ];
    let fields = prop::collection::vec((name, value()), 0..5);
    fields.prop_map(|fields| {
        let fields = fields.into_iter();
        Value::Object(
            fields
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        )
    })
}

/// The members that are shown as they were sent.
fn kept(sent: &Value) -> Map<String, Value> {
    let members = sent.as_object().expect("an object").clone().into_iter();
    let shown = [
        "name",
        "description",
        "url",
        "active",
        "continue_on_failure",
    ];
    members
        .filter(|(name, value)| shown.contains(&name.as_str()) && !value.is_null())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_body_is_kept_or_refused(bodies in prop::collection::vec((body(), any::<bool>()), 1..12)) {
        let runtime = Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let server = TestServer::with(|config| {
                config.connectors.test_on_registration = false;
                config.connectors.test_on_update = false;
            })
            .await;
            let path = path_of(&created(&server, plain("x", DEAD)).await);
            for (mut sent, creates) in bodies {
                let answer = if creates {
                    if sent.get("name").is_none_or(Value::is_null) {
                        sent["name"] = json!("x");
                    }
                    if sent.get("url").is_none_or(Value::is_null) {
                        sent["url"] = json!(DEAD);
                    }
                    server.cohere(Method::POST, "/connectors", Some(sent.clone())).await
                } else {
                    server.cohere(Method::PATCH, &path, Some(sent.clone())).await
                };
                if answer.status == 400 {
                    prop_assert!(answer.json()["message"].is_string(), "{sent} {}", answer.text);
                    continue;
                }
                prop_assert_eq!(answer.status.as_u16(), 200, "{} {}", sent, answer.text);
                prop_assert!(!answer.text.contains("null") || sent.to_string().contains("null"));
                let shown = &answer.json()["connector"];
                for (name, value) in kept(&sent) {
                    prop_assert_eq!(&shown[&name], &value, "{}", sent);
                }
                let found = server.cohere(Method::GET, &path_of(shown), None).await;
                prop_assert_eq!(&found.json()["connector"], shown);
            }
            Ok(())
        })?;
    }

    #[test]
    fn an_id_is_a_slug_and_six_characters(name in ".{1,255}") {
        let id = parlance::kernel::ids::ConnectorId::new_slugged(&name).to_string();
        let (slug, end) = id.rsplit_once('-').expect("a hyphen");
        let small = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        prop_assert!(end.len() == 6 && end.chars().all(small));
        prop_assert!(slug.chars().all(|c| small(c) || c == '-'));
        prop_assert!((1..=64).contains(&slug.len()) && !slug.starts_with('-') && !slug.ends_with('-'));
    }
}
