use std::time::Duration;

use poem::{EndpointExt, endpoint::make};

use super::*;
use crate::{
    http::{Metrics, errors::Failure, origin::OriginResolver, request_state::Limits},
    kernel::Result,
};

/// Renders the kind and message of the error, so that a test sees which error reached the dialect.
struct Plain;

impl RenderError for Plain {
    fn render(&self, error: &Error) -> Response {
        Response::builder()
            .status(StatusCode::IM_A_TEAPOT)
            .body(format!("{:?}: {}", error.kind(), error.message()))
    }
}

async fn answer_of<F, Fut>(handler: F) -> Response
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<&'static str>> + Send + 'static,
{
    let inner = make(move |_| {
        let answer = handler();
        async move {
            answer
                .await
                .map_err(|error| poem::Error::from(Failure(error)))
        }
    });
    let stack = MiddlewareStack::new(
        inner.map_to_response().boxed(),
        "test",
        Arc::new(Plain),
        RequestState::new(
            None,
            OriginResolver::default(),
            Limits {
                body: 10,
                time: Duration::from_millis(20),
                code_body: usize::MAX,
                body_memory: usize::MAX,
            },
            Metrics::new(|_| {}),
        ),
    );
    stack.call(Request::default()).await.expect("an answer")
}

async fn text(response: Response) -> String {
    response.into_body().into_string().await.expect("a text")
}

#[tokio::test]
async fn a_panic_becomes_an_error_of_the_dialect() {
    let response = answer_of(|| async { panic!("a defect") }).await;
    assert_eq!(response.status(), StatusCode::IM_A_TEAPOT);
    assert!(response.headers().contains_key(REQUEST_ID));
    assert_eq!(text(response).await, "Internal: a handler panicked");
}

#[tokio::test]
async fn a_request_that_hangs_is_given_up() {
    let response = answer_of(std::future::pending).await;
    assert_eq!(text(response).await, "Timeout: The request took too long");
}

#[tokio::test]
async fn an_error_that_passes_says_when_to_come_back() {
    let retry_after = Duration::from_secs(7);
    let response = answer_of(move || async move {
        Err(Error::new(
            Kind::Unavailable { retry_after },
            "The disk is full",
        ))
    })
    .await;
    assert_eq!(response.header("retry-after"), Some("7"));
    let response = answer_of(|| async { Ok("fine") }).await;
    assert_eq!(response.header("retry-after"), None);
    assert_eq!(text(response).await, "fine");
}
