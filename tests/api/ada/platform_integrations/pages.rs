//! The pages: the form, its errors, the outcomes, who may use them.

use parlance::config::Profile;
use reqwest::{Method, header};
use serde_json::json;

use super::given::{Ada, INTEGRATIONS, code, filled_in, shop, tokens};
use crate::support::{OPERATOR_KEY, send};

#[tokio::test]
async fn the_form_shows_every_field() {
    let ada = Ada::start().await;
    let (id, _) = ada.create(shop()).await;
    let path = format!("/platform/integrations/{id}");
    let page = send(ada.visit(Method::GET, &path)).await.expect(200);
    for part in [
        "<h1>Connect to Cool Shop Knowledge Hub</h1>",
        "<legend>My Knowledge Hub credentials</legend>",
        "<label for=\"field-2\">Knowledge Hub URL <span class=\"mark\">required</span></label>",
        "<input type=\"password\" id=\"field-3\" name=\"/credentials/secretKey\" required autocomplete=\"off\">",
        "<input type=\"checkbox\" id=\"field-4\" name=\"/sync\" value=\"on\">",
        "inputmode=\"numeric\" id=\"field-5\" name=\"/limit\" value=\"50\"",
        "<textarea id=\"field-6\" name=\"/tags\"",
        "<option value=\"paid\">paid</option>",
        "name=\"/kinds\" value=\"guide\"",
        "<strong>example</strong>",
        "<li>read articles</li>",
        "mailto:help@coolshop.support",
    ] {
        assert!(page.text.contains(part), "{part} in {}", page.text);
    }
    assert!(!page.text.contains("{{"));
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let missing = send(ada.visit(Method::GET, "/platform/integrations/0")).await;
    assert!(
        missing
            .expect(404)
            .text
            .contains("Platform integration not found")
    );
}

#[tokio::test]
async fn errors_stand_beside_their_fields_and_what_was_typed_stays() {
    let ada = Ada::start().await;
    let (id, _) = ada.create(shop()).await;
    let path = format!("/platform/integrations/{id}");
    let typed = [
        ("/credentials/knowledgeHubUrl", "x\"'><b>"),
        ("/credentials/secretKey", "typed-password"),
        ("/sync", "on"),
        ("/limit", "many"),
        ("/plan", "stolen"),
        ("/kinds", "guide"),
    ];
    let page = ada.send_form(&path, &path, &typed).await.expect(400);
    for part in [
        "<title>Error: ",
        "role=\"alert\"",
        "<a href=\"#field-5\">Limit must be a whole number</a>",
        "aria-describedby=\"field-5-error-0\" aria-invalid=\"true\" value=\"many\"",
        "Plan must be one of &#34;free&#34;, &#34;paid&#34;",
        "value=\"x&#34;&#39;&#62;&#60;b&#62;\"",
        "name=\"/sync\" value=\"on\" checked",
        "value=\"guide\" checked",
        "Enter it again",
    ] {
        assert!(page.text.contains(part), "{part} in {}", page.text);
    }
    assert!(!page.text.contains("typed-password"));
    let empty = ada.send_form(&path, &path, &[]).await.expect(400);
    assert!(
        empty.text.contains("Secret key is required"),
        "{}",
        empty.text
    );
    // Nothing was installed.
    let connections = send(ada.visit(Method::GET, "/platform/connections")).await;
    assert!(connections.text.contains("Nothing is installed"));
}

#[tokio::test]
async fn a_filled_in_form_leads_to_the_callback_with_a_code() {
    let ada = Ada::start().await;
    let (id, _) = ada.create(shop()).await;
    let path = format!("/platform/integrations/{id}");
    let sent = ada.send_form(&path, &path, &filled_in()).await.expect(303);
    let location = sent.header("location").expect("an address");
    assert!(location.starts_with("http://127.0.0.1:9/callback?shop=1&code=ada_code_"));
    assert!(code(&sent).len() > 40);
    let page = send(ada.visit(Method::GET, "/platform/connections")).await;
    for part in [
        "https://hub.example",
        "incomplete",
        "Uninstall https://hub.example",
    ] {
        assert!(page.text.contains(part), "{part} in {}", page.text);
    }
    assert!(!page.text.contains("planted-form-password"));
}

/// The shop with a login that has two shapes.
fn with_login() -> serde_json::Value {
    let mut body = shop();
    body["configuration_fields"]["properties"]["login"] = json!({
        "type": "object",
        "title": "Login",
        "oneOf": [
            {"$ref": "#/definitions/token"},
            {"title": "User and password", "required": ["kind", "user"], "properties": {
                "kind": {"type": "string", "const": "basic"},
                "user": {"type": "string", "title": "User", "minLength": 3},
                "password": {"type": "string", "title": "Password", "format": "password"}}}
        ]
    });
    body["configuration_fields"]["definitions"] = json!({"token": {
        "title": "Token", "required": ["kind", "token"], "properties": {
            "kind": {"type": "string", "const": "token"},
            "token": {"type": "string", "title": "API token", "writeOnly": true}}}});
    body
}

#[tokio::test]
async fn a_choice_between_shapes_asks_for_the_fields_of_the_chosen_one() {
    let ada = Ada::start().await;
    let (id, secret) = ada.create(with_login()).await;
    let path = format!("/platform/integrations/{id}");
    let page = send(ada.visit(Method::GET, &path)).await.expect(200);
    for part in [
        "name=\"/login/kind\" value=\"\" checked",
        "name=\"/login/kind\" value=\"token\">",
        "name=\"/login/kind\" value=\"basic\">",
        "name=\"/login#0/token\" required autocomplete=\"off\"",
        "name=\"/login#1/user\"",
    ] {
        assert!(page.text.contains(part), "{part} in {}", page.text);
    }
    let mut typed = filled_in();
    typed.extend([
        ("/login/kind", "basic"),
        ("/login#0/token", ""),
        ("/login#1/user", "me"),
    ]);
    let page = ada.send_form(&path, &path, &typed).await.expect(400);
    for part in [
        "User must have at least 3 characters</a>",
        "value=\"basic\" checked",
        "name=\"/login#1/user\" required aria-describedby=\"field-11-error-0\" aria-invalid=\"true\" value=\"me\"",
    ] {
        assert!(page.text.contains(part), "{part} in {}", page.text);
    }
    typed.retain(|(name, _)| *name != "/login#1/user");
    typed.extend([("/login#1/user", "grace"), ("/login#0/token", "unused")]);
    let sent = ada.send_form(&path, &path, &typed).await.expect(303);
    let access = tokens(&ada.redeem(&id, &secret, &code(&sent)).await).access;
    let own = format!("{INTEGRATIONS}{id}/installations/self");
    let installed = ada.call(&access, Method::GET, &own, None).await.json();
    assert_eq!(
        installed["configuration"]["login"],
        json!({"kind": "basic", "user": "grace"})
    );
}

#[tokio::test]
async fn what_others_wrote_is_escaped() {
    let ada = Ada::start().await;
    let evil = "</textarea></title><script>alert(1)</script>{{body}}\"'";
    let mut body = shop();
    for name in ["name", "description", "author", "contact", "call_to_action"] {
        body[name] = json!(evil);
    }
    body["icon_url"] = json!("https://x.example/\"><script>alert(1)</script>");
    body["error_codes"] = json!({"e": evil});
    body["configuration_fields"]["title"] = json!(evil);
    let field = json!({"type": "array", "title": evil, "description": evil, "default": [evil],
                       "items": {"type": "string"}});
    body["configuration_fields"]["properties"][evil] = field;
    body["configuration_fields"]["properties"]["plan"]["enum"] = json!([evil]);
    let (id, _) = ada.create(body).await;
    let path = format!("/platform/integrations/{id}");
    let mut typed = filled_in();
    typed.retain(|(name, _)| *name != "/plan");
    typed[1].1 = evil;
    ada.send_form(&path, &path, &typed).await.expect(303);
    typed.push(("/limit", evil));
    typed.retain(|field| *field != ("/limit", "7"));
    let refused = ada.send_form(&path, &path, &typed).await.expect(400);
    let mut texts = vec![refused.text];
    for path in [
        path.clone(),
        format!("{path}/connections/success"),
        format!("{path}/connections/error?error={evil}"),
        format!("{path}/connections/error?code=e"),
        "/platform/connections".to_owned(),
        format!("/platform/connections?handle={evil}"),
    ] {
        texts.push(send(ada.visit(Method::GET, &path)).await.text);
    }
    assert!(texts[0].contains("{{body}}&#34;&#39;"), "{}", texts[0]);
    for text in texts {
        assert!(!text.contains("<script"), "{text}");
        let escaped = text.matches("&#60;script&#62;alert(1)&#60;").count();
        assert_eq!(text.matches("alert(1)").count(), escaped, "{text}");
    }
}

#[tokio::test]
async fn the_outcome_pages_show_the_texts_of_the_codes() {
    let ada = Ada::start().await;
    let (id, _) = ada.create(shop()).await;
    let path = format!("/platform/integrations/{id}/connections");
    let success = send(ada.visit(Method::GET, &format!("{path}/success"))).await;
    assert!(success.expect(200).text.contains("<h1>Connected</h1>"));
    for (query, text) in [
        ("error_code=error_403", "Unauthorized"),
        ("code=error_404", "&#60;b&#62;Not Found&#60;/b&#62;"),
        ("error=error_403", "Unauthorized"),
        ("error=unknown", "could not be set up"),
        ("", "could not be set up"),
    ] {
        let page = send(ada.visit(Method::GET, &format!("{path}/error?{query}"))).await;
        assert!(page.expect(200).text.contains(text), "{query}");
    }
}

#[tokio::test]
async fn a_form_from_elsewhere_is_refused() {
    let ada = Ada::start().await;
    let (id, _) = ada.create(shop()).await;
    let path = format!("/platform/integrations/{id}");
    let foreign = ada
        .visit(Method::POST, &path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    send(foreign.body("csrf=guess")).await.expect(403);
    // The token of one session with the cookie of another.
    let mine = send(ada.visit(Method::GET, &path)).await;
    let mut shown = send(ada.visit(Method::GET, &path)).await;
    shown.text = mine.text;
    ada.send_shown(&shown, &path, &filled_in())
        .await
        .expect(403);
}

#[tokio::test]
async fn the_agent_is_selected_by_host_query_or_form() {
    let ada = Ada::start().await;
    ada.other_agent().await;
    let (id, _) = ada.create(shop()).await;
    let path = format!("/platform/integrations/{id}");
    let page = send(ada.visit(Method::GET, &path)).await;
    assert!(
        page.text.contains("<option value=\"other\">"),
        "{}",
        page.text
    );
    let mut unchosen = filled_in();
    unchosen[0].1 = "";
    let refused = ada.send_form(&path, &path, &unchosen).await.expect(400);
    assert!(
        refused.text.contains("Choose the agent"),
        "{}",
        refused.text
    );
    let by_host = ada
        .visit(Method::GET, &path)
        .header("host", "other.localhost:4600");
    assert!(send(by_host).await.text.contains("<strong>other</strong>"));
    let by_query = send(ada.visit(Method::GET, &format!("{path}?handle=other"))).await;
    assert!(by_query.text.contains("<strong>other</strong>"));
    send(ada.visit(Method::GET, &format!("{path}?handle=nobody")))
        .await
        .expect(404);
    ada.send_form(&path, &path, &filled_in()).await.expect(303);
    let mine = send(ada.visit(Method::GET, "/platform/connections?handle=example")).await;
    assert!(mine.text.contains("https://hub.example"));
    let other = send(ada.visit(Method::GET, "/platform/connections?handle=other")).await;
    assert!(other.text.contains("Nothing is installed"));
}

#[tokio::test]
async fn in_production_the_pages_need_an_operator_key() {
    let ada = Ada::with(|config| config.server.profile = Profile::Production).await;
    let (id, _) = ada.create(shop()).await;
    let path = format!("/platform/integrations/{id}");
    let shown = send(ada.visit(Method::GET, &path)).await.expect(401);
    assert!(!shown.text.contains("Cool Shop"));
    let refused = ada.send_shown(&shown, &path, &filled_in()).await;
    assert_eq!(refused.status, 401);
    let sign_in = "/platform/sign-in";
    let fields = |key| [("next", path.as_str()), ("operator_key", key)];
    let wrong = ada
        .send_form(&path, sign_in, &fields("ada_test_key_1"))
        .await
        .expect(401);
    assert!(wrong.text.contains("not a valid operator key"));
    let away = [
        ("next", "//elsewhere.example"),
        ("operator_key", OPERATOR_KEY),
    ];
    let away = ada.send_form(&path, sign_in, &away).await.expect(303);
    assert_eq!(away.header("location"), Some("/platform/connections"));
    let signed_in = ada
        .send_form(&path, sign_in, &fields(OPERATOR_KEY))
        .await
        .expect(303);
    assert_eq!(signed_in.header("location"), Some(path.as_str()));
    let cookie = signed_in
        .header("set-cookie")
        .expect("a session")
        .to_owned();
    assert!(cookie.ends_with("; Path=/platform; HttpOnly; SameSite=Lax"));
    let cookie = cookie.split(';').next().expect("a cookie").to_owned();
    let open = || {
        send(
            ada.visit(Method::GET, &path)
                .header("cookie", cookie.as_str()),
        )
    };
    assert!(open().await.expect(200).text.contains("Cool Shop"));
    ada.server
        .clock
        .advance(std::time::Duration::from_secs(3600));
    open().await.expect(401);
}

#[tokio::test]
async fn a_session_at_an_https_address_is_for_tls_alone() {
    let ada = Ada::with(|config| {
        config.server.profile = Profile::Production;
        let url = "https://parlance.example.com".to_owned();
        config.server.public_url = Some(url.try_into().expect("an address"));
    })
    .await;
    let shown = send(ada.visit(Method::GET, "/platform/connections")).await;
    let cookie = shown.header("set-cookie").expect("a session");
    assert!(cookie.ends_with("; SameSite=Lax; Secure"), "{cookie}");
}

#[tokio::test]
async fn answers_that_ask_for_much_are_refused_on_the_page() {
    let ada = Ada::with(|config| config.schemas.max_steps = 20_000).await;
    let mut body = shop();
    // It looks ahead, so it may go back and try again.
    let pattern = "^(?=(a+)+$)a+$";
    body["configuration_fields"]["properties"]["code"] =
        json!({"type": "string", "title": "Code", "pattern": pattern});
    let (id, _) = ada.create(body).await;
    let path = format!("/platform/integrations/{id}");
    let many = "x\r\n".repeat(30_000);
    let long = format!("{}!", "a".repeat(30_000));
    for (field, value, part) in [
        ("/tags", many.as_str(), "schemas.max_steps"),
        ("/code", long.as_str(), "Code"),
    ] {
        let mut fields = filled_in();
        fields.retain(|(name, _)| *name != field);
        fields.push((field, value));
        let page = ada.send_form(&path, &path, &fields).await.expect(400);
        assert!(page.text.contains(part), "{field}: {}", page.text);
    }
    ada.install(&id).await;
}

#[tokio::test]
async fn secrets_of_a_list_are_not_sent_back() {
    let ada = Ada::start().await;
    let mut body = shop();
    body["configuration_fields"]["properties"]["tokens"] = json!({
        "type": "array", "title": "Tokens", "items": {"type": "string", "airbyte_secret": true}});
    body["configuration_fields"]["properties"]["pem"] = json!({
        "type": "string", "title": "Key file", "writeOnly": true, "multiline": true});
    let (id, _) = ada.create(body).await;
    let path = format!("/platform/integrations/{id}");
    let mut typed = filled_in();
    typed.retain(|(name, _)| *name != "/limit");
    typed.extend([
        ("/limit", "many"),
        ("/tokens", "planted-one\r\nplanted-two"),
        ("/pem", "planted-begin\r\nplanted-end"),
    ]);
    let page = ada.send_form(&path, &path, &typed).await.expect(400);
    assert!(!page.text.contains("planted-"), "{}", page.text);
    assert_eq!(page.text.matches("class=\"masked\"").count(), 2);
    assert!(page.text.matches("Enter it again").count() >= 3);
}
