//! What code may use, and what becomes of it when it uses more.

use std::time::Duration;

use parlance::engine::{EngineChoice, EngineError};

use super::{BOTH, Bench, handler, on, request};

#[tokio::test(flavor = "multi_thread")]
async fn code_that_does_not_end_is_ended_and_loaded_anew() {
    for (engine, body) in [
        (EngineChoice::Embedded, "for (;;) {}"),
        (EngineChoice::Embedded, "for (;;) await null"),
        (
            EngineChoice::Embedded,
            "try { for (;;) {} } catch {} finally { for (;;) {} }",
        ),
        (
            EngineChoice::Embedded,
            "/^(a+)+$/.test('a'.repeat(40) + 'b')",
        ),
        (EngineChoice::Node, "for (;;) {}"),
    ] {
        let bench = Bench::with(|settings| settings.cpu_ms = 400);
        let code = handler(&format!("if (request.body === 'loop') {{ {body} }}"));
        let program = on(bench.program(&code), engine);
        bench.body(&program, "").await;
        let failed = bench.engine.call(&program, request("loop")).await;
        assert_eq!(
            failed,
            Err(EngineError::CpuTime(Duration::from_millis(400))),
            "{body}"
        );
        bench.body(&program, "").await;
        assert_eq!(bench.engine.stats().loaded.iter().sum::<u64>(), 2, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn time_that_a_call_waits_is_not_time_that_its_code_runs() {
    let bench = Bench::with(|settings| settings.cpu_ms = 300);
    let code =
        handler("for (let i = 0; i < 20; i++) await new Promise((done) => setTimeout(done, 25))");
    bench
        .body(&on(bench.program(&code), EngineChoice::Embedded), "")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_takes_so_long_and_no_longer() {
    for engine in BOTH {
        let bench = Bench::with(|settings| settings.timeout_seconds = 1);
        let code = handler("if (request.body === 'wait') await new Promise(() => {})");
        let program = on(bench.program(&code), engine);
        let failed = bench.engine.call(&program, request("wait")).await;
        assert_eq!(failed, Err(EngineError::TimedOut(Duration::from_secs(1))));
        bench.body(&program, "").await;
        assert_eq!(
            bench.engine.stats().loaded.iter().sum::<u64>(),
            1,
            "it is kept"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_takes_too_much_memory_fails_and_others_do_not() {
    for engine in BOTH {
        let bench = Bench::with(|settings| {
            settings.memory_bytes = 32 * 1024 * 1024;
            settings.cpu_ms = 20_000;
        });
        let code = handler(
            "if (request.body === 'grow') { const kept = []; for (;;) kept.push(new Array(1000).fill({})) }",
        );
        let program = on(bench.program(&code), engine);
        let failed = bench.engine.call(&program, request("grow")).await;
        assert_eq!(
            failed,
            Err(EngineError::Memory(32 * 1024 * 1024)),
            "{engine:?}"
        );
        bench.body(&program, "").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn too_deep_a_recursion_is_an_error_of_the_code() {
    let bench = Bench::new();
    for engine in BOTH {
        let code = handler(
            "const deep = (n) => 1 + deep(n + 1)
             if (request.body === 'deep') deep(0)",
        );
        let program = on(bench.program(&code), engine);
        let failed = bench.engine.call(&program, request("deep")).await;
        assert!(
            matches!(&failed, Err(EngineError::Thrown(thrown)) if thrown.text.contains("call stack size exceeded")),
            "{engine:?} {failed:?}"
        );
        bench.body(&program, "").await;
        bench.engine.drop_all().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_calls_run_at_once_and_the_rest_wait() {
    let bench = Bench::with(|settings| {
        settings.concurrency = 2;
        settings.timeout_seconds = 1;
    });
    let code = "let now = 0, most = 0
        exports.handler = async (request) => {
            if (request.body === 'hang') return new Promise(() => {})
            most = Math.max(most, ++now)
            await new Promise((done) => setTimeout(done, 5))
            now--
            return { body: String(most) }
        }";
    let program = on(bench.program(code), EngineChoice::Embedded);
    let calls = (0..10).map(|_| bench.body(&program, ""));
    let most = futures_util::future::join_all(calls).await;
    assert_eq!(most[9], "2");
    let hanging = || bench.engine.call(&program, request("hang"));
    let late = async {
        tokio::task::yield_now().await;
        bench.engine.call(&program, request("")).await
    };
    let (_, _, late) = tokio::join!(hanging(), hanging(), late);
    // Which of the two limits passes first is chance: both are a second.
    assert!(
        late == Err(EngineError::Busy(2)) || late.is_ok(),
        "{late:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_is_dropped_when_it_is_idle_and_comes_back() {
    for engine in BOTH {
        let bench = Bench::new();
        let working = tokio::spawn(bench.engine.clone().run(std::future::pending()));
        let code = "let calls = 0; exports.handler = () => ({ body: String(++calls) })";
        let program = on(bench.program(code), engine);
        assert_eq!(bench.body(&program, "").await, "1");
        bench.clock.advance(Duration::from_secs(299));
        assert_eq!(bench.body(&program, "").await, "2");
        bench.clock.advance(Duration::from_secs(299));
        bench.engine.drop_idle().await;
        assert_eq!(bench.engine.stats().warm.len(), 1);
        bench.clock.advance(Duration::from_secs(1));
        // The engine does by itself what `drop_idle` does: whichever comes first.
        bench.engine.drop_idle().await;
        while !bench.engine.stats().warm.is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(bench.body(&program, "").await, "1");
        working.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_thread_is_left_behind() {
    let threads = || {
        let tasks = std::fs::read_dir("/proc/self/task").expect("Linux");
        let names =
            tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
        names.filter(|name| name.trim() == "leak-test").count()
    };
    let bench = Bench::new();
    for round in 0..20 {
        let mut program = on(
            bench.program("exports.handler = () => {}"),
            EngineChoice::Embedded,
        );
        program.id = "leak-test".to_owned();
        program.version = round.to_string();
        bench.body(&program, "").await;
        // Another version takes the place of the one before.
        assert_eq!(threads(), 1, "round {round}");
    }
    bench.engine.drop_all().await;
    assert_eq!(threads(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_one_unused_for_longest_makes_room() {
    let bench = Bench::with(|settings| settings.max_warm = 2);
    let id = |id: &str| {
        let mut program = bench.program("exports.handler = () => {}");
        program.id = id.to_owned();
        program
    };
    for name in ["a", "b", "a", "c"] {
        bench.body(&id(name), "").await;
        bench.clock.advance(Duration::from_secs(1));
    }
    let warm = bench.engine.stats().warm;
    let warm: Vec<&str> = warm.iter().map(|warm| warm.program.as_str()).collect();
    assert_eq!(warm, ["a", "c"]);
}
