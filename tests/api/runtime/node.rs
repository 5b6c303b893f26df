//! Node.js children: when they are chosen, and what becomes of them.

use std::{process::Command, time::Duration};

use parlance::engine::{EngineChoice, EngineError, EngineKind, Settings};

use super::{Bench, handler, on, request};

const NEEDS_NODE: &str = "const { AsyncLocalStorage } = require('node:async_hooks')
    const storage = new AsyncLocalStorage()
    exports.handler = () => ({ body: storage.run('kept', () => storage.getStore()) })";

#[tokio::test(flavor = "multi_thread")]
async fn what_the_embedded_engine_cannot_load_runs_in_node() {
    let bench = Bench::new();
    let program = bench.program(NEEDS_NODE);
    assert_eq!(bench.body(&program, "").await, "kept");
    assert_eq!(bench.engine.stats().warm[0].engine, EngineKind::Node);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_uses_more_than_the_embedded_engine_has_runs_in_node_from_then_on() {
    let bench = Bench::new();
    let code = handler(
        "const zipped = require('zlib').gzipSync('x'.repeat(1000))
         return { body: String(zipped.length < 100) }",
    );
    let program = bench.program(&code);
    let embedded = on(bench.program(&code), EngineChoice::Embedded);
    let failed = bench.call(&embedded).await;
    let text =
        "Error: zlib.gzipSync is not there in the embedded engine; Node.js runs code that needs it"
            .to_owned();
    assert_eq!(failed, Err(EngineError::Missing(text)));
    let bench = Bench::new();
    assert_eq!(bench.body(&program, "").await, "true", "at the first call");
    assert_eq!(bench.engine.stats().warm[0].engine, EngineKind::Node);
    let line = &bench.lines(1).await[0].message;
    assert!(
        line.contains("zlib.gzipSync: from now on Node.js"),
        "{line}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_uses_a_global_of_node_runs_there_from_then_on() {
    let bench = Bench::new();
    let code = handler("return { body: typeof new CompressionStream('gzip').readable }");
    let program = bench.program(&code);
    let embedded = on(bench.program(&code), EngineChoice::Embedded);
    let failed = bench.call(&embedded).await;
    let text = "the global CompressionStream is not there in the embedded engine; Node.js runs code that needs it".to_owned();
    assert_eq!(failed, Err(EngineError::Missing(text)));
    let bench = Bench::new();
    assert_eq!(bench.body(&program, "").await, "object");
    // What is there nowhere is a mistake of the code.
    let mut program = bench.program(&handler("return nowhere"));
    program.version = "2".to_owned();
    let failed = bench.call(&program).await.expect_err("a failure");
    assert!(matches!(failed, EngineError::Thrown(_)), "{failed}");
}

/// Libraries catch the error and answer with one of their own. Calls that fail for other reasons are not repeated.
#[tokio::test(flavor = "multi_thread")]
async fn a_failure_after_a_missing_feature_that_the_code_caught_is_repeated_in_node() {
    let code = handler(
        "if (request.body === 'wait') {
           await new Promise((done) => setTimeout(done, 300))
           return { status: 400, body: 'its own' }
         }
         let text = 'none'
         try { text = String(require('zlib').gzipSync('x').length > 0) } catch (error) { text = error.message }
         return { status: request.body === 'probe' || text === 'true' ? 200 : 400, body: text }",
    );
    let bench = Bench::new();
    let program = bench.program(&code);
    let probe = bench.body(&program, "probe").await;
    assert!(probe.starts_with("zlib.gzipSync is not there"), "{probe}");
    assert_eq!(bench.engine.stats().warm[0].engine, EngineKind::Embedded);
    let waits = bench.engine.call(&program, request("wait"));
    let (waits, probe) = tokio::join!(waits, bench.engine.call(&program, request("probe")));
    assert_eq!(waits.expect("an answer").body, "its own");
    probe.expect("an answer");
    assert_eq!(bench.engine.stats().warm[0].engine, EngineKind::Embedded);
    assert_eq!(bench.body(&program, "").await, "true");
    assert_eq!(bench.engine.stats().warm[0].engine, EngineKind::Node);

    let no_node = Bench::with(|settings| settings.node_path = "/no/such/node".to_owned());
    let program = no_node.program(&code);
    for _ in 0..2 {
        let answer = no_node.call(&program).await.expect("an answer");
        assert_eq!(answer.status, 400, "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_needs_too_much_memory_to_load_runs_in_node() {
    let code = format!(
        "const kept = new Array(400000).fill(0).map((_, at) => ({{ at }})); {}",
        handler("return { body: String(kept.length) }")
    );
    let small = |settings: &mut Settings| settings.memory_bytes = 32 * 1024 * 1024;
    let bench = Bench::with(small);
    let embedded = on(bench.program(&code), EngineChoice::Embedded);
    let failed = bench.call(&embedded).await;
    assert_eq!(failed, Err(EngineError::Memory(32 * 1024 * 1024)));
    let bench = Bench::with(small);
    let program = bench.program(&code);
    assert_eq!(bench.body(&program, "").await, "400000");
    assert_eq!(bench.engine.stats().warm[0].engine, EngineKind::Node);
    let line = &bench.lines(1).await[0].message;
    let expected =
        "the code needs more than 33554432 bytes of memory: from now on Node.js runs the code";
    assert_eq!(line, expected);
    let no_node = Bench::with(|settings| {
        small(settings);
        settings.node_path = "/no/such/node".to_owned();
    });
    let failed = no_node.call(&no_node.program(&code)).await;
    assert_eq!(failed, Err(EngineError::Memory(32 * 1024 * 1024)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_code_only_tries_is_not_the_reason_of_its_failure() {
    let code = "try { process.binding('buffer') } catch {}
        try { require('encoding') } catch {}
        if (require('constants').O_RDONLY !== 0) throw new Error('no constants')
        throw new Error('the real reason')";
    let bench = Bench::new();
    let failed = bench
        .call(&bench.program(code))
        .await
        .expect_err("it fails");
    let EngineError::Load(exception) = &failed else {
        panic!("{failed:?}");
    };
    assert_eq!(exception.text, "Error: the real reason");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_named_where_nothing_can_run_the_code() {
    let missing = |failure: EngineError| match failure {
        EngineError::Missing(text) => text,
        other => panic!("{other}"),
    };
    let embedded = Bench::new();
    let only = on(embedded.program(NEEDS_NODE), EngineChoice::Embedded);
    let text = missing(embedded.call(&only).await.expect_err("it is missing"));
    assert_eq!(
        text,
        "the embedded engine does not have async_hooks.AsyncLocalStorage"
    );

    let no_node = Bench::with(|settings| settings.node_path = "/no/such/node".to_owned());
    let text = missing(
        no_node
            .call(&no_node.program(NEEDS_NODE))
            .await
            .expect_err("missing"),
    );
    assert!(
        text.contains("async_hooks") && text.contains("/no/such/node"),
        "{text}"
    );

    let production = Bench::of_profile(false, |_| {});
    let text = missing(
        production
            .call(&production.program(NEEDS_NODE))
            .await
            .expect_err("missing"),
    );
    assert!(
        text.contains("async_hooks") && text.contains("runtime.node_fallback"),
        "{text}"
    );

    let neither = Bench::new();
    let code = neither.program("require('no-such-module')");
    let text = missing(neither.call(&code).await.expect_err("missing"));
    assert!(
        text.contains("embedded") && text.contains("Node.js does not have"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_crashes_is_started_anew_with_growing_waits() {
    let bench = Bench::new();
    let code = handler(
        "if (request.body === 'crash') process.kill(process.pid, 'SIGKILL'); await 0; if (request.body === 'crash') await new Promise(() => {})",
    );
    let program = on(bench.program(&code), EngineChoice::Node);
    let crash = || bench.engine.call(&program, request("crash"));
    for _ in 0..2 {
        // The first time may be chance, so it is started at once.
        let failed = crash().await.expect_err("it crashes");
        assert!(
            matches!(&failed, EngineError::Stopped(text) if text.contains("signal: 9")),
            "{failed}"
        );
    }
    let failed = bench.call(&program).await.expect_err("it is left alone");
    assert!(
        matches!(failed, EngineError::Backoff { retry_in, .. } if retry_in == Duration::from_secs(1)),
        "{failed}"
    );
    bench.clock.advance(Duration::from_secs(1));
    assert!(matches!(crash().await, Err(EngineError::Stopped(_))));
    let failed = bench.call(&program).await.expect_err("it is left alone");
    assert!(
        matches!(failed, EngineError::Backoff { retry_in, .. } if retry_in == Duration::from_secs(2)),
        "{failed}"
    );
    bench.clock.advance(Duration::from_secs(2));
    bench.body(&program, "").await;
    // Answered once, it is as if it had never crashed.
    assert!(matches!(crash().await, Err(EngineError::Stopped(_))));
    bench.body(&program, "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_shows_its_memory_and_ends_when_it_is_dropped() {
    let bench = Bench::new();
    let code = handler("await new Promise((done) => setTimeout(done, 1200))");
    let program = on(bench.program(&code), EngineChoice::Node);
    bench.body(&program, "").await;
    let warm = bench.engine.stats().warm;
    let pid = warm[0].pid.expect("a process");
    assert!(warm[0].memory > 10_000_000, "{warm:?}");
    bench.engine.drop_all().await;
    while is_there(pid) {
        tokio::task::yield_now().await;
    }
}

fn is_there(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    !status.is_empty() && !status.contains("State:\tZ")
}

/// A program of its own is killed: its child, which loops, must go with it.
#[tokio::test(flavor = "multi_thread")]
async fn killing_the_server_leaves_no_child() {
    let directory = tempfile::tempdir().expect("a directory");
    let bundle = directory.path().join("loop.js");
    std::fs::write(&bundle, "exports.handler = () => { console.log('pid ' + process.pid); setImmediate(() => { for (;;) {} }); return new Promise(() => {}) }").expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlance"));
    let mut child = command
        .arg("run")
        .arg(&bundle)
        .args(["--engine", "node"])
        .env_remove("PARLANCE_PROGRAM")
        .current_dir(directory.path())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("it starts");
    let stderr = child.stderr.take().expect("it is piped");
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stderr), &mut line).expect("a line");
    let pid: u32 = line
        .trim()
        .rsplit(' ')
        .next()
        .expect("a word")
        .parse()
        .expect("a pid");
    assert!(is_there(pid));
    child.kill().expect("it is killed");
    child.wait().expect("it ends");
    while is_there(pid) {
        tokio::task::yield_now().await;
    }
}
