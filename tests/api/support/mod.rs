//! What the tests share: a server of their own, calls to it, and what is shown of an answer.

pub mod answer;
pub mod pdf;
mod program;
mod server;

use std::time::Duration;

use parlance::kernel::clock::{sleep_real_time, system_now};

pub use answer::Answer;
pub use program::{Program, file_contains};
pub use server::{
    ADA_END_USERS_KEY, ADA_KEY, ALOOCHAT_KEY, BOTPRESS_PAT, COHERE_KEY, OPERATOR_KEY, TestServer,
    WORKSPACE, client, send,
};

/// Asserts that status and body of an answer are those of the snapshot.
macro_rules! assert_answer {
    ($answer:expr) => {
        insta::assert_snapshot!($answer.shown())
    };
    ($name:literal, $answer:expr) => {
        insta::assert_snapshot!($name, $answer.shown())
    };
}

pub(crate) use assert_answer;

/// Waits until something holds that comes about by itself.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..1000 {
        if holds().await {
            return;
        }
        sleep_real_time(Duration::from_millis(20)).await;
    }
    panic!("it does not come about: {what}");
}

/// Asserts that a number of seconds is the system's time, which a frozen clock does not show.
pub fn assert_is_system_time(seconds: &str) {
    let seconds: i64 = seconds.parse().expect("seconds");
    let off = system_now().as_seconds().abs_diff(seconds);
    assert!(off <= 60, "{seconds} is {off} s from the system's time");
}
