//! `/hello`.

use reqwest::Method;

use super::given::Given;
use crate::support::assert_answer;

#[tokio::test]
async fn hello_is_answered_to_anyone() {
    let given = Given::new().await;
    let answer = given.call(None, Method::GET, "/hello", None).await;
    assert_answer!(answer.expect(200));
    // As the client asks.
    given
        .call(None, Method::GET, "/hello/", None)
        .await
        .expect(200);
}

#[tokio::test]
async fn hello_is_not_answered_elsewhere() {
    let given = Given::new().await;
    let request = given.server.request(Method::GET, "/webhook/none/hello");
    assert_answer!(crate::support::send(request).await.expect(404));
    let answer = given.call(None, Method::GET, "/helo", None).await;
    assert_answer!("no_operation", answer.expect(405));
    let answer = given.call(None, Method::PUT, "/hello", None).await;
    assert_answer!("no_method", answer.expect(405));
}
