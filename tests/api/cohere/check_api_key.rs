//! `POST /v1/check-api-key`

use reqwest::Method;

use crate::support::{TestServer, assert_answer};

#[tokio::test]
async fn check_api_key_of_a_valid_key() {
    let server = TestServer::start().await;
    let answer = server.cohere(Method::POST, "/check-api-key", None).await;
    assert_answer!("valid_key", answer);
}
