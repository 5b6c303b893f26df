//! The engine within a server: metrics, its own address, and `parlance run`.

use parlance::engine::Program;
use reqwest::Method;

use super::{handler, request, with_env};
use crate::support::{Program as Command, TestServer, send};

#[tokio::test(flavor = "multi_thread")]
async fn metrics_show_what_is_warm() {
    let mut server = TestServer::start().await;
    let engine = server.server().app().engine().clone();
    let mut program = Program {
        id: "prog".to_owned(),
        version: "1".to_owned(),
        code: "exports.handler = (request) => { if (request.body) throw new Error('x') }".into(),
        env: std::collections::BTreeMap::new(),
        limits: engine.settings().default_limits(),
        engine: None,
    };
    engine.call(&program, request("")).await.expect("an answer");
    engine
        .call(&program, request("x"))
        .await
        .expect_err("a failure");
    program.id = "other".to_owned();
    engine.call(&program, request("")).await.expect("an answer");
    let metrics = send(server.request(Method::GET, "/metrics"))
        .await
        .expect(200);
    let lines = metrics.text.lines().filter(|line| line.contains("runtime"));
    let shown = lines.map(|line| {
        // Memory differs from build to build.
        match line.strip_prefix("parlance_runtime_memory_bytes{") {
            Some(line) => {
                let (labels, bytes) = line.split_once("} ").expect("a value");
                assert!(bytes.parse::<u64>().expect("a number") > 100_000);
                format!("parlance_runtime_memory_bytes{{{labels}}} [bytes]")
            }
            None => line.to_owned(),
        }
    });
    insta::assert_snapshot!(shown.collect::<Vec<_>>().join("\n"));
    server.stop().await;
    assert_eq!(engine.stats().warm, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_reaches_the_api_in_production() {
    let server = TestServer::with(|config| {
        config.server.profile = parlance::config::Profile::Production;
    })
    .await;
    let engine = server.server().app().engine().clone();
    let code =
        handler("return { body: await (await fetch(process.env.BP_API_URL + '/healthz')).text() }");
    let program = Program {
        id: "prog".to_owned(),
        version: "1".to_owned(),
        code: code.as_str().into(),
        env: std::collections::BTreeMap::new(),
        limits: engine.settings().default_limits(),
        engine: None,
    };
    let program = with_env(program, &[("BP_API_URL", &server.server().url())]);
    let answer = engine.call(&program, request("")).await.expect("an answer");
    let direct = send(server.request(Method::GET, "/healthz"))
        .await
        .expect(200);
    assert_eq!(answer.body, direct.text);
}

#[test]
fn run_prints_answer_and_lines() {
    let program = Command::new();
    let code = handler(
        "console.warn('w'); if (request.body === '{}') throw new Error('no body'); return { status: 201, headers: request.headers, body: request.body + process.env.A }",
    );
    std::fs::write(program.path("bundle.js"), code).expect("written");
    std::fs::write(program.path("body.json"), "{\"a\":1}").expect("written");
    let good = program.run(&[
        "run",
        "bundle.js",
        "--operation",
        "action_triggered",
        "--type",
        "add",
        "--body",
        "@body.json",
        "--configuration",
        "{\"b\":2}",
        "--env",
        "A=x",
        "--header",
        "X-Bot-Id: mine",
    ]);
    assert!(good.status.success());
    insta::assert_snapshot!(String::from_utf8_lossy(&good.stdout));
    assert_eq!(String::from_utf8_lossy(&good.stderr), "warn: w\n");
    let bad = program.run(&["run", "bundle.js"]);
    assert_eq!(bad.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&bad.stderr),
        "warn: w\nerror: the handler failed: Error: no body\n    at bundle.js:1:95\n"
    );
    for (arguments, says) in [
        (&["run", "none.js"][..], "cannot read none.js"),
        (
            &["run", "bundle.js", "--env", "NO_SUCH_VARIABLE"],
            "there is no NO_SUCH_VARIABLE",
        ),
        (
            &["run", "bundle.js", "--header", "x"],
            "is not `name: value`",
        ),
    ] {
        let bad = program.run(arguments);
        assert!(
            String::from_utf8_lossy(&bad.stderr).contains(says),
            "{arguments:?}"
        );
    }
}
