//! Scripts of integrations (`extractScript`, `fallbackHandlerScript`, `linkTemplateScript`): VRL,
//! without network, environment, system or log functions, within a bounded time.
//!
//! A script is another's text, and the compiler recurses as deeply as it is nested. So it is
//! compiled, run and dropped on a thread of its own with a large stack, which is only used as far
//! as it is needed.

use std::{
    ops::ControlFlow,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use serde_json::Value;
use tokio::sync::oneshot;
use vrl::{
    compiler::{
        Function, Program, TargetValue, TimeZone, compile,
        runtime::{Runtime, Terminate},
    },
    diagnostic::Formatter,
    value::{Secrets, Value as VrlValue},
};

use crate::kernel::clock::{Stopwatch, within};

/// The longest source, in bytes.
pub const LONGEST: usize = 16 * 1024;

/// How long a script may run.
pub const TIME: Duration = Duration::from_millis(100);

/// Stack of the thread: what the deepest source of [`LONGEST`] takes, and more.
const STACK: usize = 256 * 1024 * 1024;

/// How much longer the thread may take, with compiling.
const SLACK: Duration = Duration::from_secs(2);

/// Functions of the standard library that are not there: what they write would be in our log.
const LEFT_OUT: [&str; 1] = ["log"];

/// Why a script has no result. The texts are for whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// It is too long.
    #[error("the script has {0} bytes, and at most {LONGEST} are allowed")]
    TooLong(usize),
    /// It is no script.
    #[error("the script cannot be compiled: {0}")]
    Compile(String),
    /// It failed, or aborted.
    #[error("the script failed: {0}")]
    Failed(String),
    /// It took too long.
    #[error("the script ran for longer than {TIME:?}")]
    TimedOut,
}

/// Checks that a source is a script.
///
/// # Errors
/// `TooLong` or `Compile`.
pub async fn check(source: &str) -> Result<(), ScriptError> {
    on_a_thread(source, |source| compiled(source).map(drop)).await
}

/// Runs a script on an object, which it sees as `.`, and returns what its last expression yields.
///
/// # Errors
/// [`ScriptError`]
pub async fn run(source: &str, object: Value) -> Result<Value, ScriptError> {
    on_a_thread(source, move |source| resolve(&compiled(source)?, object)).await
}

/// Checks that a source is a script, where one cannot wait otherwise.
///
/// # Errors
/// As [`check`].
pub fn check_now(source: &str) -> Result<(), ScriptError> {
    on_a_thread_now(source, |source| compiled(source).map(drop))
}

/// Runs a script as [`run`] does, where one cannot wait otherwise.
///
/// # Errors
/// [`ScriptError`]
pub fn run_now(source: &str, object: Value) -> Result<Value, ScriptError> {
    on_a_thread_now(source, move |source| resolve(&compiled(source)?, object))
}

fn on_a_thread_now<T: Send + 'static>(
    source: &str,
    work: impl FnOnce(&str) -> Result<T, ScriptError> + Send + 'static,
) -> Result<T, ScriptError> {
    let (done, result) = mpsc::channel();
    start(source, move |source| drop(done.send(work(source))))?;
    result
        .recv_timeout(TIME + SLACK)
        .map_err(|error| match error {
            RecvTimeoutError::Timeout => ScriptError::TimedOut,
            RecvTimeoutError::Disconnected => defect(),
        })?
}

async fn on_a_thread<T: Send + 'static>(
    source: &str,
    work: impl FnOnce(&str) -> Result<T, ScriptError> + Send + 'static,
) -> Result<T, ScriptError> {
    let (done, result) = oneshot::channel();
    start(source, move |source| drop(done.send(work(source))))?;
    match within(TIME + SLACK, result).await {
        Ok(result) => result.map_err(|_| defect())?,
        Err(_) => Err(ScriptError::TimedOut),
    }
}

/// Starts the thread. Whoever asked may be gone when it is done.
fn start(source: &str, work: impl FnOnce(&str) + Send + 'static) -> Result<(), ScriptError> {
    if source.len() > LONGEST {
        return Err(ScriptError::TooLong(source.len()));
    }
    let source = source.to_owned();
    let thread = thread::Builder::new()
        .name("script".to_owned())
        .stack_size(STACK)
        .spawn(move || work(&source));
    thread.map_err(|error| ScriptError::Failed(error.to_string()))?;
    Ok(())
}

fn defect() -> ScriptError {
    ScriptError::Failed("the script engine has a defect".to_owned())
}

fn compiled(source: &str) -> Result<Program, ScriptError> {
    let mut functions: Vec<Box<dyn Function>> = vrl::stdlib::all();
    functions.retain(|function| !LEFT_OUT.contains(&function.identifier()));
    let compiled = compile(source, &functions);
    let compiled = compiled.map_err(|diagnostics| {
        let text = Formatter::new(source, diagnostics).to_string();
        ScriptError::Compile(text.trim().to_owned())
    })?;
    Ok(compiled.program)
}

fn resolve(program: &Program, object: Value) -> Result<Value, ScriptError> {
    let mut target = TargetValue {
        value: VrlValue::from(object),
        metadata: VrlValue::Object(std::collections::BTreeMap::new()),
        secrets: Secrets::default(),
    };
    let watch = Stopwatch::start();
    let mut control = || match watch.elapsed() {
        spent if spent > TIME => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let mut runtime = Runtime::default();
    let resolved =
        runtime.resolve_with_control(&mut target, program, &TimeZone::default(), &mut control);
    let value = resolved.map_err(|end| match end {
        Terminate::Interrupted => ScriptError::TimedOut,
        other => ScriptError::Failed(other.to_string()),
    })?;
    serde_json::to_value(value).map_err(|error| ScriptError::Failed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    async fn ran(source: &str, object: Value) -> Value {
        let result = run(source, object).await;
        result.unwrap_or_else(|error| panic!("{error}"))
    }

    #[tokio::test]
    async fn an_identifier_is_taken_out_of_a_body_or_a_query() {
        let source = "body = parse_json!(.body)\nto_string!(body.organizationId)";
        let object =
            json!({ "body": "{\"organizationId\":\"o-1\"}", "query": "", "method": "POST" });
        assert_eq!(ran(source, object).await, json!("o-1"));

        let source = "query = parse_query_string!(.query)\n\
            state = decode_percent!(query.state)\n\
            if starts_with!(state, \"wh_\") { split(state, \"_\")[1] } else { null }";
        assert_eq!(
            ran(source, json!({ "query": "state=wh%5F42" })).await,
            json!("42")
        );
        assert_eq!(
            ran(source, json!({ "query": "state=other" })).await,
            Value::Null
        );
    }

    #[tokio::test]
    async fn a_signature_is_checked() {
        let source = "signature = encode_base16(hmac(to_string!(.body), to_string!(.secrets.KEY)))\n\
            if signature != .headers.\"x-signature\" { { \"status\": 401, \"body\": encode_json({ \"ok\": false }) } } else { { \"status\": 200 } }";
        let object = |signature: &str| {
            json!({
                "body": "what do ya want for nothing?", "secrets": { "KEY": "Jefe" },
                "headers": { "x-signature": signature },
            })
        };
        let right = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(ran(source, object(right)).await, json!({ "status": 200 }));
        assert_eq!(
            ran(source, object("x")).await,
            json!({ "status": 401, "body": "{\"ok\":false}" })
        );
    }

    #[tokio::test]
    async fn a_link_is_filled_in() {
        let source = "webhookId = to_string!(.webhookId)\nwebhookUrl = to_string!(.webhookUrl)\n\
            \"https://example.com/authorize?state={{ webhookId }}&redirect_uri={{ webhookUrl }}/oauth\"";
        let object = json!({ "webhookId": "w1", "webhookUrl": "https://hooks.example" });
        assert_eq!(
            ran(source, object).await,
            json!(
                "https://example.com/authorize?state=w1&redirect_uri=https://hooks.example/oauth"
            )
        );
    }

    #[tokio::test]
    async fn nothing_reaches_outside() {
        for source in [
            "get_env_var!(\"HOME\")",
            "get_hostname!()",
            "dns_lookup!(\"localhost\")",
            "reverse_dns!(\"127.0.0.1\")",
            "http_request!(\"http://127.0.0.1/\")",
            "log(\"x\")",
        ] {
            let error = check(source).await.expect_err(source);
            let text = error.to_string();
            assert!(
                text.contains("call to undefined function"),
                "{source}: {text}"
            );
        }
    }

    #[tokio::test]
    async fn errors_say_where_and_what() {
        let error = check("body = parse_json(.body)")
            .await
            .expect_err("it is fallible");
        let text = error.to_string();
        assert!(
            text.contains("unhandled fallible assignment") && text.contains("parse_json(.body)"),
            "{text}"
        );
        let error = run("parse_json!(.body)", json!({ "body": "{" })).await;
        let text = error.expect_err("no JSON").to_string();
        assert!(
            text.starts_with("the script failed: function call error for \"parse_json\""),
            "{text}"
        );
        assert!(matches!(
            check(&" ".repeat(LONGEST + 1)).await,
            Err(ScriptError::TooLong(_))
        ));
    }

    #[tokio::test]
    async fn deep_sources_are_compiled_or_refused_and_never_a_crash() {
        let half = LONGEST / 2 - 1;
        for source in [
            format!("{}1{}", "(".repeat(half), ")".repeat(half)),
            format!("1{}", "+1".repeat(half)),
            format!("{}true", "!".repeat(LONGEST - 4)),
            format!("{}{}", "[".repeat(half), "]".repeat(half)),
        ] {
            // Either will do; it must return.
            let _ = run(&source, json!({})).await;
        }
    }

    #[tokio::test]
    async fn a_script_that_takes_long_is_ended() {
        let items: Vec<u32> = (0..3000).collect();
        let source = "count = 0\n\
            for_each(array!(.items)) -> |_i, one| { for_each(array!(.items)) -> |_j, other| { count = count + 1 } }\ncount";
        let error = run(source, json!({ "items": items })).await;
        assert_eq!(error, Err(ScriptError::TimedOut));
    }
}
