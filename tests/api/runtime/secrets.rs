//! Variables of programs are in no log and in no process list.

use parlance::engine::EngineChoice;

use super::{BOTH, Bench, handler, on, with_env};
use crate::support::Program as Server;

const PLANTED: &str = "planted-4f1c9a77-secret";

#[tokio::test(flavor = "multi_thread")]
async fn no_text_of_ours_shows_a_variable() {
    let bench = Bench::new();
    for engine in BOTH {
        let code = "if (process.env.FAIL) throw new Error('at load'); exports.handler = () => {}";
        for variables in [
            &[("BP_TOKEN", PLANTED)][..],
            &[("BP_TOKEN", PLANTED), ("FAIL", "1")],
        ] {
            let mut program = with_env(on(bench.program(code), engine), variables);
            program.version = variables.len().to_string();
            let answer = bench.call(&program).await;
            let shown = format!("{answer:?} {program:?} {:?}", bench.engine.stats());
            assert!(!shown.contains(PLANTED), "{shown}");
        }
        bench.engine.drop_all().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_childs_variables_are_in_neither_its_arguments_nor_its_environment() {
    let bench = Bench::new();
    let program = on(bench.program(&handler("return {}")), EngineChoice::Node);
    let program = with_env(program, &[("BP_TOKEN", PLANTED)]);
    bench.body(&program, "").await;
    let pid = bench.engine.stats().warm[0].pid.expect("a process");
    for file in ["cmdline", "environ"] {
        let text = std::fs::read(format!("/proc/{pid}/{file}")).expect("readable");
        assert!(!text.is_empty());
        let found = String::from_utf8_lossy(&text).contains(PLANTED);
        assert!(!found, "{file}");
    }
}

#[test]
fn the_log_at_trace_has_no_variable() {
    let server = Server::new();
    let bundle = server.path("bundle.js");
    let code = "exports.handler = async () => { await fetch('http://127.0.0.1:1/', { headers: { authorization: process.env.BP_TOKEN } }).catch(() => {}); throw new Error('x') }";
    std::fs::write(&bundle, code).expect("written");
    let given = format!("BP_TOKEN={PLANTED}");
    for engine in ["embedded", "node"] {
        let bundle = bundle.to_str().expect("UTF-8");
        let arguments = ["run", bundle, "--engine", engine, "--env", &given];
        let mut command = server.command(&arguments);
        let output = command.env("PARLANCE_LOG__LEVEL", "trace").output();
        let output = output.expect("it runs");
        let shown = [output.stdout, output.stderr].concat();
        let shown = String::from_utf8_lossy(&shown);
        assert!(shown.contains("the handler failed: Error: x"), "{shown}");
        assert!(!shown.contains(PLANTED), "{shown}");
    }
}
