//! Pages of other origins may call.

use reqwest::Method;
use serde_json::json;

use super::given::Given;
use crate::support::send;

const ORIGIN: &str = "https://shop.example.com";

#[tokio::test]
async fn a_page_of_any_origin_may_ask_and_read() {
    let given = Given::new().await;
    let url = format!("{}/users", given.path);
    let preflight = given
        .server
        .request(Method::OPTIONS, &url)
        .header("origin", ORIGIN)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type,x-user-key");
    let allowed = send(preflight).await.expect(204);
    assert_eq!(allowed.header("access-control-allow-origin"), Some(ORIGIN));
    // The client sends withCredentials.
    let credentials = "access-control-allow-credentials";
    assert_eq!(allowed.header(credentials), Some("true"));
    let headers = allowed.header("access-control-allow-headers");
    assert_eq!(headers, Some("content-type,x-user-key"));
    let methods = allowed.header("access-control-allow-methods");
    assert_eq!(methods, Some("GET, POST, PUT, DELETE"));
    for origin in [ORIGIN, "http://localhost:3000"] {
        let request = given.server.request(Method::POST, &url);
        let made = send(request.header("origin", origin).json(&json!({}))).await;
        let made = made.expect(201);
        assert_eq!(made.header("access-control-allow-origin"), Some(origin));
        assert_eq!(made.header(credentials), Some("true"));
        let request = given.server.request(Method::GET, &format!("{url}/me"));
        let refused = send(request.header("origin", origin)).await.expect(401);
        assert_eq!(refused.header("access-control-allow-origin"), Some(origin));
    }
    let plain = send(given.server.request(Method::POST, &url).json(&json!({}))).await;
    assert_eq!(plain.header("access-control-allow-origin"), None);
}
