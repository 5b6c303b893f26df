//! The stack of what code throws, with places in the bundle or, where that carries a map, in its sources.

use std::process::Output;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use parlance::engine::{EngineChoice, EngineError, Level};
use serde_json::json;

use super::{BOTH, Bench, on};

/// A bundle whose line `n` was made from the line `10 + n` of its source.
pub fn mapped(code: &str) -> String {
    let lines = vec!["AACA"; code.lines().count() - 1];
    let map = json!({
        "version": 3,
        "sources": ["../../src/index.ts"],
        "sourcesContent": ["// …"],
        "names": [],
        "mappings": format!("AAUA;{}", lines.join(";")),
    });
    let map = BASE64_STANDARD.encode(map.to_string());
    format!("{code}\n//# sourceMappingURL=data:application/json;base64,{map}\n")
}

const THROWING: &str = "exports.handler = async () => {
    await null
    inner()
}
function inner() {
    throw new TypeError('boo')
}";

async fn stack(bench: &Bench, code: &str, engine: EngineChoice) -> String {
    let failed = bench.call(&on(bench.program(code), engine)).await;
    let failed = failed.expect_err("it throws");
    assert_eq!(failed.to_string(), "the handler failed: TypeError: boo");
    let exception = failed.exception().expect("an exception");
    exception.stack.clone().expect("a stack")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_has_the_places_in_the_bundle() {
    for engine in BOTH {
        let found = stack(&Bench::new(), THROWING, engine).await;
        let lines: Vec<&str> = found.lines().collect();
        assert!(
            lines[0].starts_with("    at inner (bundle.js:6:"),
            "{found}"
        );
        assert!(lines[1].contains("bundle.js:3:"), "{found}");
        assert_eq!(lines.len(), 2, "only the bundle's own: {found}");
        // The first line stands behind what a bundle is wrapped in.
        let one_line = "exports.handler = () => { throw new TypeError('boo') }";
        let found = stack(&Bench::new(), one_line, engine).await;
        let column = found.split("bundle.js:1:").nth(1).expect("the first line");
        let column: usize = column.trim_end_matches(')').parse().expect("a column");
        assert!((27..=46).contains(&column), "{engine:?} {found}");
        // A line that is no JavaScript is still a line.
        let with_shebang = format!("#!/usr/bin/env node\n{THROWING}");
        let found = stack(&Bench::new(), &with_shebang, engine).await;
        assert!(found.contains("inner (bundle.js:7:"), "{found}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_has_the_places_in_the_sources_where_the_bundle_carries_their_map() {
    for engine in BOTH {
        let bench = Bench::new();
        for _ in 0..2 {
            let found = stack(&bench, &mapped(THROWING), engine).await;
            assert!(
                found.starts_with("    at inner (src/index.ts:16:1)\n"),
                "{found}"
            );
            assert!(found.contains("src/index.ts:13:1"), "{found}");
        }
        let off = Bench::with(|settings| settings.source_map_bytes = 0);
        let found = stack(&off, &mapped(THROWING), engine).await;
        assert!(found.contains("inner (bundle.js:6:"), "{found}");
        let small = Bench::with(|settings| settings.source_map_bytes = 100);
        let found = stack(&small, &mapped(THROWING), engine).await;
        assert!(found.contains("inner (bundle.js:6:"), "{found}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_cannot_be_loaded_says_where() {
    for engine in BOTH {
        let bench = Bench::new();
        let code = mapped("const x = 1\nthrow new Error('at load')");
        let failed = bench.call(&on(bench.program(&code), engine)).await;
        let Err(EngineError::Load(thrown)) = failed else {
            panic!("{failed:?}");
        };
        let stack = thrown.stack.expect("a stack");
        assert!(
            stack
                .lines()
                .next()
                .is_some_and(|line| line.contains("src/index.ts:12:1")),
            "{stack}"
        );
    }
    let bench = Bench::new();
    let code = "const x = 1\nlet let = 2";
    let program = on(bench.program(code), EngineChoice::Embedded);
    let failed = bench.call(&program).await.expect_err("no JavaScript");
    assert!(failed.to_string().contains(" at bundle.js:2:"), "{failed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_catches_is_a_line_with_its_stack() {
    for engine in BOTH {
        let bench = Bench::new();
        let code = "exports.handler = async () => {
    setTimeout(() => { inner() }, 5)
    Promise.reject(new Error('left alone'))
    await new Promise((done) => setTimeout(done, 50))
}
function inner() {
    Promise.reject(new RangeError('later'))
}";
        let program = on(bench.program(code), engine);
        bench.call(&program).await.expect("an answer");
        let lines = bench.lines(2).await;
        for (line, (text, place)) in lines.iter().zip([
            ("unhandled rejection: Error: left alone", "bundle.js:3:"),
            (
                "unhandled rejection: RangeError: later",
                "inner (bundle.js:7:",
            ),
        ]) {
            assert_eq!(line.level, Level::Error);
            assert!(line.uncaught, "{line:?}");
            let (first, stack) = line.message.split_once('\n').expect("a stack");
            assert_eq!(first, text);
            assert!(stack.contains(place), "{stack}");
        }
        bench.engine.drop_all().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_ends_for_an_exception_says_which() {
    let bench = Bench::new();
    let code = "exports.handler = async () => {
    setTimeout(() => { throw new Error('nobody') }, 1)
    await new Promise((done) => setTimeout(done, 5000))
}";
    let program = on(bench.program(code), EngineChoice::Node);
    let failed = bench.call(&program).await.expect_err("its process ended");
    assert!(matches!(failed, EngineError::Stopped(_)), "{failed}");
    let line = bench.uncaught_line().await;
    let (first, stack) = line.message.split_once('\n').expect("a stack");
    assert_eq!(first, "uncaught exception: Error: nobody");
    assert!(stack.contains("bundle.js:2:"), "{stack}");
}

fn run(code: &str, engine: &str) -> Output {
    let directory = tempfile::tempdir().expect("a directory");
    let bundle = directory.path().join("index.cjs");
    std::fs::write(&bundle, code).expect("written");
    std::process::Command::new(env!("CARGO_BIN_EXE_parlance"))
        .args(["run", "index.cjs", "--engine", engine])
        .current_dir(directory.path())
        .output()
        .expect("it runs")
}

#[test]
fn the_command_shows_the_stack_and_names_the_sources_in_the_log() {
    for engine in ["embedded", "node"] {
        let code = mapped(
            "exports.handler = async () => {
    console.error(new Error('logged'))
    throw new TypeError('boo')
}",
        );
        let output = run(&code, engine);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{said}");
        assert!(said.contains("src/index.ts:12:1"), "{engine}: {said}");
        let (_, error) = said.split_once("error: the handler").expect("an error");
        assert!(
            error.starts_with(" failed: TypeError: boo\n    at "),
            "{said}"
        );
        assert!(error.contains("src/index.ts:13:1"), "{said}");
    }
}
