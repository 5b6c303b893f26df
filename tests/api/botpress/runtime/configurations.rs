//! Named configurations of integrations: an installation has one of them, or the default one.

use serde_json::{Value, json};

use super::Pair;
use crate::{
    botpress::given::Caller,
    support::{Answer, TestServer, assert_answer},
};

/// The configurations that the integration declares beside its default one.
fn configurations() -> Value {
    let object = |name: &str| {
        json!({
            "type": "object", "properties": {name: {"type": "string"}}, "required": [name],
            "additionalProperties": false,
        })
    };
    let link = "id = to_string!(.webhookId)\n\"https://example.com/{{ id }}\"";
    json!({
        "manual": {"title": "By hand", "description": "With a token", "schema": object("token")},
        "app-own": {
            "schema": {"type": "object"},
            "identifier": {"required": true, "linkTemplateScript": link},
        },
    })
}

async fn change(server: &TestServer, id: &str, body: Value) -> Answer {
    let path = format!("/v1/admin/integrations/{id}");
    Caller::member().put(server, &path, body).await
}

impl Pair {
    async fn with_configurations() -> Self {
        let pair = Self::start().await;
        let body = json!({"configurations": configurations()});
        change(&pair.given.server, pair.given.integration.id.as_str(), body)
            .await
            .expect(200);
        pair
    }

    async fn configured(&self, body: Value) -> Answer {
        let path = format!("/v1/admin/bots/{}", self.given.bot.id);
        let body = json!({"integrations": {self.given.integration.id.as_str(): body}});
        let answer = Caller::member().put(&self.given.server, &path, body).await;
        self.settled().await;
        answer
    }

    /// The installation after a change.
    async fn configured_ok(&self, body: Value) -> Value {
        let answer = self.configured(body).await.expect(200).json();
        answer["bot"]["integrations"][self.given.integration.id.as_str()].clone()
    }

    /// The type of configuration that the integration was last told, if it was told one.
    fn told_type(&self) -> Option<String> {
        let asked = self.integration.asked();
        let headers = &asked.last().expect("it was asked").headers;
        let mut headers = headers.iter();
        let found = headers.find(|(name, _)| name == "x-bp-configuration-type");
        found.map(|(_, value)| value.clone())
    }
}

#[tokio::test]
async fn an_installation_has_a_configuration_of_the_type_that_it_names() {
    let pair = Pair::with_configurations().await;
    let first = pair
        .configured_ok(json!({"configuration": {"greeting": "Hi"}}))
        .await;
    assert_eq!(first["configurationType"], Value::Null);
    assert_eq!(
        pair.told_type(),
        None,
        "an empty one would be taken for a type"
    );
    let token = json!({"token": "t"});
    let manual = pair
        .configured_ok(json!({"configurationType": "manual", "configuration": token}))
        .await;
    assert_eq!(manual["configurationType"], "manual");
    assert_eq!(manual["configuration"], token);
    assert_eq!(pair.told_type().as_deref(), Some("manual"));
    assert_eq!(
        pair.integration.asked().last().expect("it").configuration(),
        token
    );
    // Absent members stay.
    let same = pair.configured_ok(json!({"enabled": true})).await;
    assert_eq!(same["configurationType"], "manual");
    let path = super::webhooks::webhook(&pair.given.server);
    super::webhooks::post(&pair.given.server, &path, "x")
        .await
        .expect(200);
    assert_eq!(pair.told_type().as_deref(), Some("manual"));
    let default = json!({"configurationType": null, "configuration": {"greeting": "Hi"}});
    let back = pair.configured_ok(default).await;
    assert_eq!(back["configurationType"], Value::Null);
    assert_eq!(pair.told_type(), None);
    // One that was taken out and is installed anew begins with the default one.
    pair.configured_ok(json!({"configurationType": "manual", "configuration": token}))
        .await;
    pair.configured(Value::Null).await.expect(200);
    let anew = pair
        .configured_ok(json!({"configuration": {"greeting": "Hi"}}))
        .await;
    assert_eq!(anew["configurationType"], Value::Null);
}

#[tokio::test]
async fn an_installation_whose_type_is_gone_can_be_switched_off() {
    let pair = Pair::with_configurations().await;
    let token = json!({"token": "t"});
    pair.configured_ok(json!({"configurationType": "manual", "configuration": token}))
        .await;
    let (server, id) = (&pair.given.server, pair.given.integration.id.as_str());
    let gone = json!({"configurations": {"manual": null}});
    change(server, id, gone).await.expect(200);
    let off = pair.configured_ok(json!({"enabled": false})).await;
    assert_eq!(off["enabled"], false);
    pair.configured(json!({"enabled": true})).await.expect(400);
    let other =
        json!({"enabled": true, "configurationType": null, "configuration": {"greeting": "Hi"}});
    assert_eq!(pair.configured_ok(other).await["enabled"], true);
}

#[tokio::test]
async fn a_configuration_keeps_to_the_schema_of_its_type() {
    let pair = Pair::with_configurations().await;
    for (kind, configuration) in [
        (json!("manual"), json!({"greeting": "Hi"})),
        (json!("manual"), json!({})),
        (json!(null), json!({"token": "t"})),
    ] {
        let body = json!({"configurationType": kind, "configuration": configuration});
        let refused = pair.configured(body).await.expect(400);
        assert_eq!(
            refused.json()["type"],
            "InvalidDataFormat",
            "{}",
            refused.text
        );
    }
    // The configuration that is there must keep to it too.
    let refused = pair
        .configured(json!({"configurationType": "manual"}))
        .await;
    assert_eq!(refused.expect(400).json()["type"], "InvalidDataFormat");
    let unknown = json!({"configurationType": "none", "configuration": {}});
    let mut unknown = pair.configured(unknown).await;
    unknown.text = unknown
        .text
        .replace(pair.given.integration.id.as_str(), "[integration]");
    assert_eq!(unknown.json()["type"], "InvalidPayload");
    let message = unknown.json()["message"].clone();
    let expected = "request/body/integrations/[integration]/configurationType must be null or one of: app-own, manual";
    assert_eq!(message, expected);
    assert_eq!(unknown.status, 400);
}

#[tokio::test]
async fn an_installation_is_linked_as_its_type_says() {
    let pair = Pair::with_configurations().await;
    let body = json!({"configurationType": "app-own", "configuration": {}});
    let waits = pair.configured_ok(body).await;
    assert_eq!(waits["status"], "unregistered");
    let link = format!(
        "It has to be linked first: https://example.com/{}",
        waits["webhookId"].as_str().expect("an id")
    );
    assert_eq!(waits["statusReason"], link.as_str());
    assert!(pair.integration.asked().is_empty());
    // An integration that moves registers those that need no link, or have one.
    let (server, id) = (&pair.given.server, pair.given.integration.id.as_str());
    let moved = super::stand::Stand::start().await;
    change(server, id, json!({"url": moved.url()}))
        .await
        .expect(200);
    pair.settled().await;
    assert!(moved.asked().is_empty());
    let integration = pair.given.as_integration();
    let body = json!({"identifier": "team-1"});
    integration
        .post(server, "/v1/chat/integrations/configure", body)
        .await
        .expect(200);
    pair.settled().await;
    assert_eq!(moved.asked().len(), 1);
    assert_eq!(
        moved.asked()[0].header("x-bp-configuration-type"),
        "app-own"
    );
    let back = super::stand::Stand::start().await;
    change(server, id, json!({"url": back.url()}))
        .await
        .expect(200);
    pair.settled().await;
    assert_eq!(back.asked().len(), 1, "it is linked");
}

#[tokio::test]
async fn configurations_are_shown_changed_and_removed() {
    let pair = Pair::with_configurations().await;
    let (server, id) = (&pair.given.server, pair.given.integration.id.as_str());
    let shown = async || {
        let path = format!("/v1/admin/integrations/{id}");
        let found = Caller::member().get(server, &path).await.expect(200).json();
        found["integration"]["configurations"].clone()
    };
    let all = shown().await;
    assert_eq!(all["manual"]["title"], "By hand");
    assert_eq!(all["manual"]["description"], "With a token");
    assert_eq!(all["manual"]["identifier"], json!({"required": false}));
    assert_eq!(all["manual"]["schema"]["required"], json!(["token"]));
    assert_eq!(all["app-own"]["identifier"]["required"], true);
    let body = json!({"configurations": {
        "manual": {"title": "Otherwise"},
        "app-own": {"identifier": {"required": false, "linkTemplateScript": null}},
        "third": {"schema": {"type": "object"}},
    }});
    change(server, id, body).await.expect(200);
    let all = shown().await;
    assert_eq!(all["manual"]["title"], "Otherwise");
    assert_eq!(all["manual"]["schema"]["required"], json!(["token"]));
    assert_eq!(all["app-own"]["identifier"], json!({"required": false}));
    change(
        server,
        id,
        json!({"configurations": {"manual": null, "app-own": null}}),
    )
    .await
    .expect(200);
    let names: Vec<_> = shown()
        .await
        .as_object()
        .expect("some")
        .keys()
        .cloned()
        .collect();
    assert_eq!(names, ["third"]);
    let script = json!({"identifier": {"linkTemplateScript": "((("}});
    let refused = change(server, id, json!({"configurations": {"third": script}})).await;
    let message = refused.expect(400).json()["message"].clone();
    let message = message.as_str().expect("a text").to_owned();
    assert!(
        message.contains("configurations/third/identifier/linkTemplateScript"),
        "{message}"
    );
    for name in ["", "a b", "ä", "a\r\nb", &"x".repeat(201)] {
        let refused = change(server, id, json!({"configurations": {name: {}}})).await;
        assert_eq!(
            refused.expect(400).json()["type"],
            "InvalidIdentifier",
            "{name:?}"
        );
    }
    let many: serde_json::Map<_, _> = (0..101).map(|n| (format!("c{n}"), json!({}))).collect();
    let refused = change(server, id, json!({"configurations": many})).await;
    assert_answer!("too_many_configurations", refused);
}
