//! What is secret is found nowhere but sealed or hashed: not in files, logs, pages, answers.

use reqwest::{Method, header};
use serde_json::json;
use url::form_urlencoded::Serializer;

use super::given::{ADA_KEY, INTEGRATIONS, browser, code, filled_in, shop, tokens};
use crate::support::{Answer, Program, file_contains, send};

#[tokio::test]
async fn planted_secrets_are_found_nowhere() {
    let mut program = Program::new();
    program.serve(&[
        ("PARLANCE_BOOTSTRAP__ADA_KEY", ADA_KEY),
        ("PARLANCE_LOG__LEVEL", "trace"),
    ]);
    let browser = browser();
    let call =
        |method: Method, path: &str| browser.request(method, format!("{}{path}", program.url()));
    let made = send(
        call(Method::POST, INTEGRATIONS)
            .bearer_auth(ADA_KEY)
            .json(&shop()),
    )
    .await;
    let made = made.expect(200).json();
    let text = |name: &str| made[name].as_str().expect("a text").to_owned();
    let (id, client_secret) = (text("id"), text("client_secret"));
    let page = format!("/platform/integrations/{id}");
    let mut seen: Vec<Answer> = vec![send(call(Method::GET, &page)).await];
    let cookie = seen[0].header("set-cookie").expect("a session").to_owned();
    let (_, csrf) = seen[0]
        .text
        .split_once("name=\"csrf\" value=\"")
        .expect("a token");
    let csrf = csrf.split('"').next().expect("a token").to_owned();
    let form = |path: &str, fields: &[(&str, &str)]| {
        let mut body = Serializer::new(String::new());
        body.append_pair("csrf", &csrf).extend_pairs(fields);
        let request = call(Method::POST, path)
            .header(header::COOKIE, cookie.split(';').next().expect("a cookie"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        send(request.body(body.finish()))
    };
    let mut wrong = filled_in();
    wrong.push(("/credentials/knowledgeHubUrl", ""));
    wrong.remove(1);
    seen.push(form(&page, &wrong).await.expect(400));
    let code = code(&form(&page, &filled_in()).await.expect(303));
    let client = [
        ("client_id", id.as_str()),
        ("client_secret", client_secret.as_str()),
    ];
    let grant = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
    ];
    let token = "/api/platform_integrations/oauth/token";
    let first = tokens(&form(token, &[client, grant].concat()).await.expect(200));
    let grant = [
        ("grant_type", "refresh_token"),
        ("refresh_token", first.refresh.as_str()),
    ];
    let second = tokens(&form(token, &[client, grant].concat()).await.expect(200));
    let who = "/api/platform_integrations/oauth/self";
    let who = send(call(Method::GET, who).bearer_auth(&second.access))
        .await
        .expect(200);
    let installation = who.json()["platform_integration_installation_id"].clone();
    let installation = installation.as_str().expect("an id").to_owned();
    seen.push(who);
    let one = format!("{INTEGRATIONS}{id}/installations/{installation}");
    let patch = call(Method::PATCH, &one).bearer_auth(&second.access);
    send(patch.json(&json!({"status": "complete"})))
        .await
        .expect(200);
    for path in ["/platform/connections", "/metrics"] {
        seen.push(send(call(Method::GET, path)).await.expect(200));
    }
    seen.push(
        send(call(Method::GET, INTEGRATIONS).bearer_auth(ADA_KEY))
            .await
            .expect(200),
    );
    let fields = [
        ("handle", "example"),
        ("installation", installation.as_str()),
    ];
    form("/platform/connections/uninstall", &fields)
        .await
        .expect(303);
    seen.push(
        send(call(Method::GET, "/platform/connections"))
            .await
            .expect(200),
    );
    let mut secrets = vec![
        "planted-form-password".to_owned(),
        client_secret.clone(),
        code.clone(),
    ];
    for given in [first, second] {
        secrets.extend([given.access, given.refresh, given.client_secret]);
    }
    let mut found = search(&program, &secrets);
    assert!(program.terminate().success());
    found.extend(search(&program, &secrets));
    assert_eq!(found, [""; 0]);
    assert!(program.stderr().contains("POST"), "the log was on");
    for secret in &secrets {
        assert!(
            !seen.iter().any(|answer| answer.text.contains(secret)),
            "{secret} shows"
        );
    }
}

/// The files of the program's directory, its log among them, that hold one of these.
fn search(program: &Program, secrets: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(program.directory.path()).expect("a directory") {
        let path = entry.expect("an entry").path();
        for secret in secrets {
            if file_contains(&path, secret) {
                found.push(format!("{secret} in {}", path.display()));
            }
        }
    }
    found
}
