//! Plugins in bots: their bindings, and what they add to the definition of the bot.

use serde_json::{Value, json};

use super::{
    plugins::{self, with_dependencies},
    stranger, text, tidy,
};
use crate::{
    botpress::{given::Caller, runtime::bot_logs},
    support::{TestServer, assert_answer, file_contains},
};

/// A server with a bot that has the integration `store` as `shop`, and the ids of what it can have.
struct Prepared {
    server: TestServer,
    /// Path of the bot.
    path: String,
    bot: String,
    interface: String,
    integration: String,
    plugin: String,
}

impl Prepared {
    async fn new() -> Self {
        Self::on(TestServer::start().await).await
    }

    async fn on(server: TestServer) -> Self {
        let (interface, integration, plugin) = with_dependencies(&server).await;
        let created = Caller::member()
            .post(&server, "/v1/admin/bots", json!({}))
            .await;
        let bot = text(&created.expect(200).json()["bot"]["id"]);
        let path = format!("/v1/admin/bots/{bot}");
        let prepared = Self {
            server,
            path,
            bot,
            interface,
            integration,
            plugin,
        };
        let installed = json!({"integrations": {"shop": {"integrationId": prepared.integration}}});
        prepared.put(installed).await;
        prepared
    }

    async fn put(&self, body: Value) -> Value {
        let updated = Caller::member().put(&self.server, &self.path, body).await;
        updated.expect(200).json()["bot"].clone()
    }

    async fn get(&self) -> Value {
        let read = Caller::member().get(&self.server, &self.path).await;
        read.expect(200).json()["bot"].clone()
    }

    /// The plugin, bound to the integration.
    fn bound(&self) -> Value {
        json!({
            "id": self.plugin,
            "configuration": {"foo": "bar", "item": {"id": "1", "color": "planted-color-51d0"}},
            "interfaces": {"item-source": {"integrationId": self.integration}},
            "integrations": {"store": {"integrationId": self.integration, "integrationAlias": "shop"}},
        })
    }

    /// The schema of an item as the bot's actions, events and states have it.
    fn items(bot: &Value) -> [Value; 3] {
        [
            &bot["actions"]["reader-1#doSomething"]["input"]["schema"]["properties"]["item"],
            &bot["events"]["reader-1#done"]["schema"]["properties"]["item"],
            &bot["states"]["reader-1#memory"]["schema"]["properties"]["last"],
        ]
        .map(|schema| schema["properties"].clone())
    }

    /// What deliveries and calls of the bot's own code carry.
    fn as_bot(&self) -> Caller {
        Caller::person().header("x-bot-id", &self.bot)
    }
}

#[tokio::test]
async fn update_bot_adds_a_plugin_with_its_definitions() {
    let mut prepared = Prepared::new().await;
    let added = prepared
        .put(json!({"plugins": {"reader-1": prepared.bound()}}))
        .await;
    assert_eq!(prepared.get().await, added);
    let of_book = json!({"id": {"type": "string"}, "color": {"type": "string"}});
    assert_eq!(Prepared::items(&added), [(); 3].map(|()| of_book.clone()));
    for owner in ["user", "conversation", "message"] {
        let tags = added[owner]["tags"].as_object().expect("tags");
        assert!(
            tags.keys().all(|name| name.starts_with("reader-1#")),
            "{tags:?}"
        );
        assert_eq!(tags.len(), 1);
    }
    let shown = serde_json::to_string_pretty(&added["plugins"]).expect("JSON");
    let shown = shown
        .replace(&prepared.server.server().url(), "http://server")
        .replace(&prepared.plugin, "{plugin}")
        .replace(&prepared.integration, "{integration}")
        .replace(&prepared.interface, "{interface}");
    insta::assert_snapshot!(shown);
    // The configuration is sealed.
    prepared.server.stop().await;
    let file = &prepared.server.config.store.path;
    assert!(!file_contains(file, "planted-color-51d0"));
}

#[tokio::test]
async fn deploy_bot_version_puts_plugins_back() {
    let prepared = Prepared::new().await;
    let before = prepared
        .put(json!({"plugins": {"reader-1": prepared.bound()}}))
        .await;
    let versions = format!("{}/versions", prepared.path);
    let stored = Caller::member()
        .post(
            &prepared.server,
            &versions,
            json!({"name": "with reader-1"}),
        )
        .await;
    let version = text(&stored.expect(200).json()["version"]["id"]);
    let changed = json!({"plugins": {"reader-1": null, "reader-2": prepared.bound()}});
    let changed = prepared.put(changed).await;
    assert!(changed["plugins"]["reader-1"].is_null());
    let path = format!("{versions}/deploy");
    Caller::member()
        .post(&prepared.server, &path, json!({"versionId": version}))
        .await
        .expect(200);
    let after = prepared.get().await;
    for member in ["plugins", "actions", "events", "states", "user", "message"] {
        assert_eq!(after[member], before[member], "{member}");
    }
}

#[tokio::test]
async fn update_bot_ignores_what_plugins_own() {
    let prepared = Prepared::new().await;
    let plugins = json!({"reader-1": prepared.bound()});
    let added = prepared.put(json!({"plugins": plugins})).await;
    let event = json!({"schema": {"type": "object"}});
    // The vendor's command line sends back what it does not know.
    let again = prepared
        .put(json!({
            "plugins": plugins,
            "states": {"reader-1#memory": null},
            "events": {"reader-1#done": null, "own": event},
            "actions": {"reader-1#doSomething": null},
            "user": {"tags": {"reader-1#level": null}},
            "conversation": {"tags": {"reader-1#topic": null}},
            "message": {"tags": {"reader-1#kind": {"title": "Other"}}},
        }))
        .await;
    for member in [
        "states",
        "actions",
        "user",
        "conversation",
        "message",
        "plugins",
    ] {
        assert_eq!(again[member], added[member], "{member}");
    }
    assert!(again["events"]["own"].is_object());
    assert!(again["events"]["reader-1#done"].is_object());
    // The name of no plugin is a bad name.
    let body = json!({"events": {"other#done": event}});
    let refused = Caller::member()
        .put(&prepared.server, &prepared.path, body)
        .await;
    assert_eq!(refused.expect(400).json()["type"], "InvalidIdentifier");
    let body = json!({"plugins": {"reader-1": null}, "events": {"reader-1#done": null}});
    let removed = prepared.put(body).await;
    assert_eq!(removed["plugins"], json!({}));
    let names: Vec<_> = removed["events"]
        .as_object()
        .expect("events")
        .keys()
        .collect();
    assert_eq!(names, ["own"]);
    assert_eq!(removed["states"], json!({}));
}

#[tokio::test]
async fn update_bot_keeps_what_a_plugin_patch_leaves_out() {
    let prepared = Prepared::new().await;
    let mut bound = prepared.bound();
    bound["enabled"] = json!(false);
    prepared.put(json!({"plugins": {"reader-1": bound}})).await;
    let kept = prepared
        .put(json!({"plugins": {"reader-1": {"id": prepared.plugin}}}))
        .await;
    let plugin = &kept["plugins"]["reader-1"];
    assert_eq!(plugin["enabled"], false);
    assert_eq!(plugin["configuration"]["foo"], "bar");
    let alias = &plugin["interfaces"]["item-source"]["integrationInterfaceAlias"];
    assert_eq!(alias, "readable<book>");
}

#[tokio::test]
async fn update_bot_refuses_plugins_without_what_they_need() {
    let prepared = Prepared::new().await;
    for (name, pointer, value) in [
        (
            "plugin",
            "/id",
            json!("00000000-0000-4000-8000-000000000000"),
        ),
        ("configuration", "/configuration", json!({"foo": 1})),
        ("entity", "/configuration/item", json!({"color": 5})),
        ("unbound", "/interfaces", json!({})),
        ("integration", "/integrations", json!({})),
        (
            "unknown",
            "/interfaces/item-source/integrationId",
            json!("none"),
        ),
        (
            "alias",
            "/interfaces/item-source/integrationAlias",
            json!("none"),
        ),
        (
            "key",
            "/interfaces/item-source/integrationInterfaceAlias",
            json!("none"),
        ),
    ] {
        let mut bound = prepared.bound();
        let (parent, member) = pointer.rsplit_once('/').expect("a pointer");
        bound.pointer_mut(parent).expect("a member")[member] = value;
        let body = json!({"plugins": {"reader-1": bound}});
        let refused = Caller::member()
            .put(&prepared.server, &prepared.path, body)
            .await;
        let refused = tidy(
            &prepared.server,
            refused.expect(400),
            &[
                (&prepared.integration, "{integration}"),
                (&prepared.plugin, "{plugin}"),
            ],
        );
        insta::assert_snapshot!(format!("update_bot_plugin_{name}"), refused.shown());
    }
    let body = json!({"plugins": {"a#b": prepared.bound()}});
    let refused = Caller::member()
        .put(&prepared.server, &prepared.path, body)
        .await;
    assert_eq!(refused.expect(400).json()["type"], "InvalidIdentifier");
    assert_eq!(prepared.get().await["plugins"], json!({}));
}

#[tokio::test]
async fn update_bot_logs_that_plugins_have_no_recurring_events() {
    let prepared = Prepared::new().await;
    let body = json!({
        "code": "module.exports.handler = async () => ({status: 200})",
        "plugins": {"reader-1": prepared.bound()},
    });
    prepared.put(body).await;
    let logs = bot_logs(&prepared.server);
    let first = logs[0].as_str().expect("a line");
    assert!(first.starts_with("warn Recurring events"), "{logs:?}");
}

#[tokio::test]
async fn update_bot_bounds_plugins() {
    let server = TestServer::with(|config| config.bounds.bot_plugins = 1).await;
    let prepared = Prepared::on(server).await;
    let body = json!({"plugins": {"a": prepared.bound(), "b": prepared.bound()}});
    let refused = Caller::member()
        .put(&prepared.server, &prepared.path, body)
        .await;
    assert!(refused.expect(413).text.contains("bounds.bot_plugins"));
}

#[tokio::test]
async fn update_plugin_changes_the_bots_that_have_it() {
    let prepared = Prepared::new().await;
    prepared
        .put(json!({"plugins": {"reader-1": prepared.bound()}}))
        .await;
    let path = format!("{}/{}", plugins::ALL, prepared.plugin);
    let refused = Caller::member().delete(&prepared.server, &path).await;
    assert_answer!("delete_plugin_of_a_bot", refused.expect(409));
    let body = json!({"type": "reader-1#later", "payload": {}});
    let events = "/v1/chat/events";
    let unknown = prepared
        .as_bot()
        .post(&prepared.server, events, body.clone())
        .await;
    assert_eq!(unknown.expect(400).json()["type"], "ReferenceNotFound");
    let later = json!({"events": {"later": {"schema": {"type": "object"}}}});
    Caller::member()
        .put(&prepared.server, &path, later)
        .await
        .expect(200);
    assert!(prepared.get().await["events"]["reader-1#later"].is_object());
    let created = prepared.as_bot().post(&prepared.server, events, body).await;
    assert!(created.status.is_success(), "{}", created.text);
}

#[tokio::test]
async fn update_integration_changes_the_entities_of_plugins() {
    let prepared = Prepared::new().await;
    prepared
        .put(json!({"plugins": {"reader-1": prepared.bound()}}))
        .await;
    let path = format!("/v1/admin/integrations/{}", prepared.integration);
    let size = json!({"type": "object", "properties": {"size": {"type": "number"}}});
    let body = json!({"entities": {"book": {"schema": size}}});
    let event = |item: Value| json!({"type": "reader-1#done", "payload": {"item": item}});
    let events = "/v1/chat/events";
    let create = async |item: Value| {
        prepared
            .as_bot()
            .post(&prepared.server, events, event(item))
            .await
            .status
            .as_u16()
    };
    assert!(create(json!({"size": "large"})).await < 300);
    assert_eq!(create(json!({"color": 5})).await, 400);
    Caller::member()
        .put(&prepared.server, &path, body)
        .await
        .expect(200);
    let of_size = json!({"size": {"type": "number"}});
    assert_eq!(
        Prepared::items(&prepared.get().await),
        [(); 3].map(|()| of_size.clone())
    );
    assert_eq!(create(json!({"size": "large"})).await, 400);
    assert!(create(json!({"color": 5})).await < 300);
}

#[tokio::test]
async fn plugins_use_states_and_tags_under_their_aliases() {
    let prepared = Prepared::new().await;
    prepared
        .put(json!({"plugins": {"reader-1": prepared.bound()}}))
        .await;
    let (server, bot) = (&prepared.server, prepared.as_bot());
    let tags = json!({"reader-1#level": "high"});
    let user = bot
        .post(server, "/v1/chat/users", json!({"tags": tags}))
        .await;
    assert!(user.status.is_success(), "{}", user.text);
    assert_eq!(user.json()["user"]["tags"], tags);
    let found = bot
        .get(server, "/v1/chat/users?tags[reader-1%23level]=high")
        .await;
    assert_eq!(
        found.expect(200).json()["users"]
            .as_array()
            .expect("users")
            .len(),
        1
    );
    let undeclared = json!({"tags": {"reader-2#level": "high"}});
    bot.post(server, "/v1/chat/users", undeclared)
        .await
        .expect(400);
}

#[tokio::test]
async fn transfer_bot_leaves_no_private_plugin_behind() {
    let prepared = Prepared::new().await;
    prepared
        .put(json!({"plugins": {"reader-1": prepared.bound()}}))
        .await;
    let path = format!("{}/{}", plugins::ALL, prepared.plugin);
    let private = json!({"visibility": "private"});
    Caller::member()
        .put(&prepared.server, &path, private)
        .await
        .expect(200);
    let other = Caller::person()
        .post(
            &prepared.server,
            "/v1/admin/workspaces",
            json!({"name": "Second"}),
        )
        .await
        .json();
    let target = other["workspace"]["id"]
        .as_str()
        .or(other["id"].as_str())
        .expect("an id");
    let body = json!({"targetWorkspaceId": target});
    let path = format!("{}/transfer", prepared.path);
    let refused = Caller::member().post(&prepared.server, &path, body).await;
    assert_eq!(refused.expect(409).json()["type"], "RelationConflict");
}

#[tokio::test]
async fn bots_of_others_have_public_plugins() {
    let prepared = Prepared::new().await;
    let server = &prepared.server;
    let other = stranger(server).await;
    let created = other
        .post(server, "/v1/admin/bots", json!({}))
        .await
        .expect(200)
        .json();
    let path = format!("/v1/admin/bots/{}", text(&created["bot"]["id"]));
    let body = json!({
        "integrations": {"shop": {"integrationId": prepared.integration}},
        "plugins": {"reader-1": prepared.bound()},
    });
    let added = other
        .put(server, &path, body.clone())
        .await
        .expect(200)
        .json();
    assert_eq!(added["bot"]["plugins"]["reader-1"]["name"], "reader");
    let private = json!({"visibility": "private"});
    let plugin = format!("{}/{}", plugins::ALL, prepared.plugin);
    Caller::member()
        .put(server, &plugin, private)
        .await
        .expect(200);
    // A bot keeps a plugin that it could not get now.
    other.put(server, &path, body.clone()).await.expect(200);
    let gone = json!({"plugins": {"reader-1": null}});
    other.put(server, &path, gone).await.expect(200);
    let refused = other.put(server, &path, body).await.expect(400);
    assert_eq!(refused.json()["type"], "ReferenceNotFound");
}
