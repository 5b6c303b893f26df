//! `/chat`: the page of a bot's web chat, what it is made of, and the script for other pages.

use parlance::{
    config::Profile,
    domain::{bots::manage::NewBot, tenancy::agents},
};
use reqwest::Method;

use super::given::{Caller, Given, make_bot};
use crate::support::{Answer, TestServer, WORKSPACE, assert_answer, send};

async fn page(server: &TestServer, path: &str) -> Answer {
    send(server.request(Method::GET, path)).await
}

/// Switches the chat of the bot on, as its developer does.
async fn switch_on(given: &Given) {
    let path = format!("/v1/admin/bots/{}/webchat?type=sharableUrl", given.bot.id);
    let answer = Caller::member().get(&given.server, &path).await;
    answer.expect(200);
}

/// A server whose settings are other ones, with the bot's chat switched on.
async fn with_embedders(embedders: &[&str]) -> (Given, String) {
    let origins = embedders
        .iter()
        .map(|origin| (*origin).to_owned().try_into().expect("an origin"));
    let origins = origins.collect();
    let server = TestServer::with(|config| config.botpress.chat_embedders = Some(origins)).await;
    let given = Given::on(server).await;
    switch_on(&given).await;
    let page = page(&given.server, &format!("/chat/{}", given.bot.id)).await;
    let policy = page.header("content-security-policy").expect("a policy");
    let policy = policy.to_owned();
    (given, policy)
}

#[tokio::test]
async fn the_page_is_there_once_the_chat_is_switched_on() {
    let given = Given::new().await;
    let path = format!("/chat/{}", given.bot.id);
    let off = page(&given.server, &path).await.expect(404);
    assert!(off.text.contains("not switched on"), "{}", off.text);
    assert!(off.text.contains("type=sharableUrl"), "{}", off.text);
    assert!(!off.text.contains(&given.bot.name), "{}", off.text);
    // Nobody's page may have it in a frame and the button below a click.
    let policy = off.header("content-security-policy").expect("a policy");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    switch_on(&given).await;
    let on = page(&given.server, &path).await.expect(200);
    let bot = format!("data-bot=\"{}\"", given.bot.id);
    for place in [bot.as_str(), "data-api=\"/webhook/", "nobody answers until"] {
        assert!(on.text.contains(place), "{place}: {}", on.text);
    }
    assert!(!on.text.contains("{{"), "every place is filled");
    // By its handle too; both have the same conversation.
    let by_handle = format!("/chat/{}", handle(&given).await);
    let same = page(&given.server, &by_handle).await.expect(200);
    assert_eq!(same.text, on.text);
}

async fn handle(given: &Given) -> String {
    let store = given.server.server().app().store();
    let agent = store.read(|conn| agents::find_by_id(conn, &given.bot.id));
    agent.expect("an agent").handle
}

#[tokio::test]
async fn the_page_allows_no_script_but_its_own() {
    let given = Given::new().await;
    switch_on(&given).await;
    let page = page(&given.server, &format!("/chat/{}", given.bot.id)).await;
    assert_eq!(
        page.header("content-security-policy"),
        Some(
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
             img-src 'self' http: https:; media-src http: https:; base-uri 'none'; \
             form-action 'none'"
        )
    );
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
    ] {
        assert_eq!(page.header(name), Some(value), "{name}");
    }
    assert!(
        !page.text.contains("style="),
        "styles are in the style sheet"
    );
    assert!(!page.text.contains("javascript:"));
    let scripts = page.text.matches("<script").count();
    assert_eq!(scripts, page.text.matches(" src=\"/chat/assets/").count());
}

#[tokio::test]
async fn what_the_page_is_made_of_is_there() {
    let given = Given::new().await;
    switch_on(&given).await;
    let server = &given.server;
    let first = page(server, &format!("/chat/{}", given.bot.id)).await.text;
    let mut waiting: Vec<String> = ["href=\"", "src=\""]
        .iter()
        .flat_map(|start| first.split(start).skip(1))
        .map(|rest| rest.split('"').next().expect("an address").to_owned())
        .collect();
    let mut found = Vec::new();
    while let Some(path) = waiting.pop() {
        if found.contains(&path) {
            continue;
        }
        let part = page(server, &path).await;
        assert_eq!(part.status, 200, "{path}");
        assert!(part.header("etag").is_some(), "{path}");
        let imported = part.text.split("from \"./").skip(1);
        waiting.extend(imported.map(|rest| {
            let name = rest.split('"').next().expect("a name");
            format!("/chat/assets/{name}")
        }));
        assert!(!part.text.contains("innerHTML"), "{path}");
        found.push(path);
    }
    assert!(found.len() > 10, "{found:?}");
    let embed = page(server, "/chat/embed.js").await.expect(200);
    assert_eq!(
        embed.header("content-type"),
        Some("text/javascript; charset=utf-8")
    );
    page(server, "/chat/assets/none.js").await.expect(404);
}

#[tokio::test]
async fn what_the_code_leads_to_works_at_once_and_stays_the_same() {
    let given = Given::new().await;
    switch_on(&given).await;
    let path = format!("/chat/{}", given.bot.id);
    let first = page(&given.server, &path).await.expect(200).text;
    let (_, api) = first.split_once("data-api=\"").expect("an address");
    let (api, _) = api.split_once('"').expect("its end");
    page(&given.server, &format!("{api}/hello"))
        .await
        .expect(200);
    switch_on(&given).await;
    assert_eq!(page(&given.server, &path).await.text, first);
}

#[tokio::test]
async fn get_bot_webchat_says_that_there_is_no_chat_on_this_server() {
    let server = TestServer::with(|config| config.webchat.enabled = false).await;
    let given = Given::on(server).await;
    let path = format!("/v1/admin/bots/{}/webchat?type=sharableUrl", given.bot.id);
    let answer = Caller::member().get(&given.server, &path).await;
    assert_answer!("get_bot_webchat_none_here", answer.expect(404));
    let page = page(&given.server, &format!("/chat/{}", given.bot.id)).await;
    page.expect(404);
}

#[tokio::test]
async fn a_name_is_text() {
    let server = TestServer::start().await;
    let given = Given::running(
        server,
        |bot| bot.name = Some("<b onload=\"x\">'{{api}}".to_owned()),
        |_| {},
    )
    .await;
    switch_on(&given).await;
    let page = page(&given.server, &format!("/chat/{}", given.bot.id)).await;
    let name = "&#60;b onload=&#34;x&#34;&#62;&#39;{{api}}";
    assert!(
        page.text.contains(&format!("<title>{name}</title>")),
        "{}",
        page.text
    );
    assert!(page.text.contains(&format!("data-name=\"{name}\"")));
    assert!(!page.text.contains("<b onload"));
}

#[tokio::test]
async fn a_bot_that_is_not_there_has_a_page_that_says_so() {
    let given = Given::new().await;
    for path in [
        "/chat/none",
        "/chat/%3Cscript%3E",
        "/chat/a%22b",
        "/chat/a/b",
        "/chat/",
    ] {
        let answer = page(&given.server, path).await.expect(404);
        assert_eq!(
            answer.header("content-type"),
            Some("text/html; charset=utf-8"),
            "{path}"
        );
        assert!(
            answer.text.contains("<h1>Nothing here</h1>"),
            "{}",
            answer.text
        );
        assert!(!answer.text.contains("<script>"), "{}", answer.text);
    }
    let other = send(given.server.request(Method::DELETE, "/chat/none")).await;
    other.expect(405);
}

#[tokio::test]
async fn the_settings_say_which_pages_the_chat_may_be_put_into() {
    let (_given, none) = with_embedders(&[]).await;
    assert!(none.ends_with("; frame-ancestors 'none'"), "{none}");
    let (_given, some) =
        with_embedders(&["https://shop.example.com", "http://localhost:3000"]).await;
    let end = "; frame-ancestors 'self' https://shop.example.com http://localhost:3000";
    assert!(some.ends_with(end), "{some}");
}

#[tokio::test]
async fn in_development_the_page_switches_the_chat_on_and_no_other_page_does() {
    let given = Given::new().await;
    let path = format!("/chat/{}", given.bot.id);
    let off = page(&given.server, &path).await.expect(404);
    assert!(off.text.contains("<form method=\"post\""), "{}", off.text);
    let post = || given.server.request(Method::POST, &path);
    send(post().header("sec-fetch-site", "cross-site"))
        .await
        .expect(403);
    send(post().header("origin", "https://example.com"))
        .await
        .expect(403);
    page(&given.server, &path).await.expect(404);
    let own = post().header("sec-fetch-site", "same-origin");
    // It leads back to the page, which is the chat now.
    let on = send(own).await.expect(200);
    assert!(on.text.contains("data-api="), "{}", on.text);
    // Twice is once.
    send(post()).await.expect(200);
    send(given.server.request(Method::POST, "/chat/none"))
        .await
        .expect(404);
}

#[tokio::test]
async fn in_production_only_those_who_manage_the_bot_switch_the_chat_on() {
    let server = TestServer::with(|config| {
        config.server.profile = Profile::Production;
    })
    .await;
    let bot = make_bot(&server, WORKSPACE, NewBot::default()).await;
    let path = format!("/chat/{}", bot.id);
    let off = page(&server, &path).await.expect(404);
    assert!(!off.text.contains("<form"), "{}", off.text);
    send(server.request(Method::POST, &path)).await.expect(403);
    page(&server, &path).await.expect(404);
}
