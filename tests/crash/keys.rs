//! Keys made and revoked by commands beside the running server.

use crate::{
    api::{Api, INTEGRATIONS, WORKSPACE},
    process::Home,
};

/// How many keys are made and revoked.
const KEYS: usize = 50;

#[tokio::test]
async fn a_key_works_at_once_and_is_refused_at_once() {
    let home = Home::new();
    let server = home.serve();
    for round in 0..KEYS {
        let made = home.run(&[
            "key",
            "create",
            "--api",
            "aloochat",
            "--workspace",
            WORKSPACE,
            "--json",
        ]);
        let made = made.json();
        let (key, id) = (made["key"].as_str(), made["id"].as_str());
        let api = Api::new(&server.url, key.expect("its value"));
        // Twice, so that the server has it in memory.
        assert_eq!(api.get(INTEGRATIONS).await.status, 200, "key {round}");
        assert_eq!(api.get(INTEGRATIONS).await.status, 200, "key {round}");
        let revoked = home.run(&["key", "revoke", id.expect("its id")]);
        assert_eq!(revoked.code, Some(0), "{revoked:?}");
        api.get(INTEGRATIONS).await.failed_with(401);
    }
    assert_eq!(server.api().get(INTEGRATIONS).await.status, 200);
    server.stop();
}

#[tokio::test]
async fn a_key_that_is_made_or_revoked_is_so_after_a_kill() {
    let home = Home::new();
    let server = home.serve();
    let make = || {
        let arguments = ["--api", "aloochat", "--workspace", WORKSPACE, "--json"];
        let made = home
            .run(&[&["key", "create"][..], &arguments].concat())
            .json();
        let text = |name: &str| made[name].as_str().expect("a text").to_owned();
        (text("key"), text("id"))
    };
    let (kept, _) = make();
    let (lost, id) = make();
    assert_eq!(home.run(&["key", "revoke", &id]).code, Some(0));
    server.kill();
    let server = home.serve();
    assert_eq!(
        Api::new(&server.url, &kept).get(INTEGRATIONS).await.status,
        200
    );
    Api::new(&server.url, &lost)
        .get(INTEGRATIONS)
        .await
        .failed_with(401);
    server.stop();
}
