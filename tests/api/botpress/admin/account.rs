//! The caller's account.

use crate::{
    botpress::given::Caller,
    support::{TestServer, assert_answer},
};

#[tokio::test]
async fn get_account_shows_who_calls() {
    let server = TestServer::start().await;
    let answer = Caller::person().get(&server, "/v1/admin/account/me").await;
    assert_answer!(answer.expect(200));
}

#[tokio::test]
async fn get_account_needs_a_token_of_a_person() {
    let given = crate::botpress::given::Given::new().await;
    let path = "/v1/admin/account/me";
    let unknown = Caller::with("bp_pat_unknown")
        .get(&given.server, path)
        .await;
    assert_answer!("get_account_unknown_token", unknown.expect(401));
    let bot = Caller::with(&given.bot_token)
        .get(&given.server, path)
        .await;
    assert_answer!("get_account_bot_token", bot.expect(403));
}
