//! The supported types.

use reqwest::Method;

use crate::support::{TestServer, assert_answer};

#[tokio::test]
async fn get_integration_types_returns_the_sample_and_the_two_it_leaves_out() {
    let server = TestServer::start().await;
    assert_answer!(
        server
            .aloochat(Method::GET, "/integrations/types", None)
            .await
    );
}

#[tokio::test]
async fn get_integration_types_returns_only_the_sample_if_told_so() {
    let server = TestServer::with(|config| config.aloochat.strict_types_sample = true).await;
    let types = server
        .aloochat(Method::GET, "/integrations/types", None)
        .await;
    let types = types.expect(200).json();
    let types: Vec<&str> = types
        .as_array()
        .expect("a list")
        .iter()
        .map(|listed| listed["type"].as_str().expect("a type"))
        .collect();
    // Seed 002, the sample answer, in its order.
    assert_eq!(
        types,
        [
            "shopify",
            "zendesk",
            "hubspot",
            "google_calendar",
            "gmail",
            "slack",
            "notion",
            "custom_api"
        ]
    );
}
