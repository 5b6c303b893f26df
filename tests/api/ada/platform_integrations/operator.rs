//! Approving and archiving by the operator.

use reqwest::Method;
use serde_json::json;

use super::given::{ADA_KEY, Ada, INTEGRATIONS, shop};
use crate::support::{OPERATOR_KEY, Program, assert_answer, send};

#[tokio::test]
async fn update_single_platform_integration_is_for_those_in_development() {
    let ada = Ada::start().await;
    let (id, _) = ada.create(shop()).await;
    let act = async |verb: &str| {
        let path = format!("/console/api/integrations/{id}/{verb}");
        ada.call(OPERATOR_KEY, Method::POST, &path, None).await
    };
    for (verb, status) in [("approve", "approved"), ("archive", "archived")] {
        assert_eq!(act(verb).await.expect(200).json()["status"], status);
        assert_eq!(
            act(verb).await.expect(409).json()["error"]["kind"],
            "conflict"
        );
        let path = format!("{INTEGRATIONS}{id}");
        let refused = ada
            .call(ADA_KEY, Method::PATCH, &path, Some(json!({"name": "x"})))
            .await;
        insta::assert_snapshot!(format!("update_{status}"), refused.shown());
    }
    let page = format!("/platform/integrations/{id}");
    let page = send(ada.visit(Method::GET, &page)).await.expect(403);
    assert!(page.text.contains("can no longer be installed"));
    assert_eq!(
        act("approve").await.expect(200).json()["status"],
        "approved"
    );
    let listed = ada
        .call(OPERATOR_KEY, Method::GET, "/console/api/integrations", None)
        .await;
    assert_answer!("console_list", listed);
    let path = "/console/api/integrations/0/approve";
    let missing = ada.call(OPERATOR_KEY, Method::POST, path, None).await;
    assert_answer!("console_missing", missing);
    ada.call(ADA_KEY, Method::POST, path, None)
        .await
        .expect(401);
}

#[tokio::test]
async fn the_command_approves_and_archives() {
    let mut program = Program::new();
    program.serve(&[("PARLANCE_BOOTSTRAP__ADA_KEY", ADA_KEY)]);
    let client = crate::support::client();
    let url = format!("{}{INTEGRATIONS}", program.url());
    let made = send(client.post(url).bearer_auth(ADA_KEY).json(&shop())).await;
    let made = made.expect(200).json();
    let id = made["id"].as_str().expect("an id");
    assert_eq!(
        program.stdout(&["integration", "approve", id]),
        "approved\n"
    );
    assert!(
        !program
            .run(&["integration", "approve", id])
            .status
            .success()
    );
    let archived = program.stdout(&["integration", "archive", id, "--json"]);
    assert!(archived.contains("\"status\":\"archived\""), "{archived}");
    let listed = program.stdout(&["integration", "list"]);
    assert!(
        listed.contains(id) && listed.contains("example"),
        "{listed}"
    );
}
