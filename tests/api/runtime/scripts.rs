//! Scripts in processes of their own: what they may use, and what becomes of them when they use more.

use std::time::Duration;

use futures_util::future::join_all;
use parlance::{
    engine::{
        Settings,
        script::{ExceededLimit, MAX_SOURCE_BYTES, ScriptError, Scripts},
    },
    kernel::clock::{Stopwatch, with_timeout},
};
use serde_json::{Value, json};

use crate::support::{Program as Command, WORKSPACE, client};

fn scripts(change: impl FnOnce(&mut Settings)) -> Scripts {
    let mut settings = Settings {
        executable: Some(env!("CARGO_BIN_EXE_parlance").into()),
        ..Settings::default()
    };
    change(&mut settings);
    Scripts::new(&settings)
}

/// Four calls that each make a text a thousand times as long.
const BOMB: &str = "a = to_string!(.a)\nr = to_string!(.r)\n\
    b = replace(a, \"x\", r)\nc = replace(b, \"x\", r)\nd = replace(c, \"x\", r)\nreplace(d, \"x\", r)";

fn bomb() -> Value {
    json!({"a": "x".repeat(1000), "r": "x".repeat(1000)})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_runs_and_its_worker_stays() {
    let scripts = scripts(|_| {});
    assert_eq!(scripts.idle_count(), 0, "the first script starts it");
    for number in 0..20 {
        let made = scripts.run(".n", &json!({"n": number})).await;
        assert_eq!(made, Ok(json!(number)));
        assert_eq!(scripts.idle_count(), 1);
    }
    scripts.check("true").await.expect("a script");
    let error = scripts.check("nothing(").await.expect_err("no script");
    assert!(matches!(error, ScriptError::Compile(_)), "{error}");
    assert_eq!(
        scripts.check(&" ".repeat(MAX_SOURCE_BYTES + 1)).await,
        Err(ExceededLimit::Length(MAX_SOURCE_BYTES + 1).into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_takes_too_much_memory_ends_its_worker_and_nothing_else() {
    let scripts = scripts(|settings| settings.script_memory_bytes = 16 * 1024 * 1024);
    for _ in 0..3 {
        let error = scripts.run(BOMB, &bomb()).await.expect_err("too much");
        assert_eq!(error, ScriptError::Memory(16 * 1024 * 1024));
        assert!(error.to_string().contains("runtime.script_memory_bytes"));
        assert_eq!(scripts.run("1", &json!({})).await, Ok(json!(1)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_script_leaves_behind_is_not_taken_from_the_next() {
    let scripts = scripts(|settings| settings.script_memory_bytes = 16 * 1024 * 1024);
    // 4 of 16 MB and what the allocator takes beside it, again and again.
    let large = "a = replace(to_string!(.a), \"x\", to_string!(.r))\nlength(a)";
    let object = json!({"a": "x".repeat(4_000), "r": "x".repeat(1000)});
    for _ in 0..10 {
        assert_eq!(scripts.run(large, &object).await, Ok(json!(4_000_000)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_past_its_time_is_ended() {
    let scripts = scripts(|_| {});
    scripts.run("1", &json!({})).await.expect("a worker");
    let items: Vec<u32> = (0..3000).collect();
    let looping = "count = 0\n\
        for_each(array!(.items)) -> |_i, one| { for_each(array!(.items)) -> |_j, other| { count = count + 1 } }\ncount";
    let items = json!({"items": items});
    assert_eq!(
        scripts.run(looping, &items).await,
        Err(ScriptError::TimedOut)
    );
    // One call of the library does not look at the time: its process is ended.
    let long = "a = replace(to_string!(.a), \"x\", to_string!(.r))\nmatch(a, r'(x+x+)+y')";
    let object = json!({"a": "x".repeat(20_000), "r": "x".repeat(1000)});
    let watch = Stopwatch::start();
    let ended = scripts.run(long, &object).await;
    assert!(
        watch.elapsed() < Duration::from_secs(6),
        "{:?}",
        watch.elapsed()
    );
    assert!(ended.is_err() || ended == Ok(json!(false)), "{ended:?}");
    assert_eq!(scripts.run("1", &json!({})).await, Ok(json!(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn deep_sources_are_refused_before_a_worker_sees_them() {
    let scripts = scripts(|_| {});
    let half = MAX_SOURCE_BYTES / 2 - 1;
    for source in [
        format!("{}1{}", "(".repeat(half), ")".repeat(half)),
        format!("1{}", "+1".repeat(half)),
        format!("{}true", "!".repeat(MAX_SOURCE_BYTES - 4)),
        format!("{}{}", "[".repeat(half), "]".repeat(half)),
    ] {
        let refused = scripts.run(&source, &json!({})).await;
        assert!(
            matches!(refused, Err(ScriptError::Bounds(_))),
            "{refused:?}"
        );
        assert_eq!(scripts.idle_count(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_is_nested_too_deeply_is_an_error() {
    let scripts = scripts(|_| {});
    let deep = format!("{}{}", "[".repeat(2000), "]".repeat(2000));
    for source in ["parse_json!(.a)", "parse_json(.a) ?? .a"] {
        // The parser of the library has a bound of its own, or the server has.
        let made = scripts.run(source, &json!({"a": deep})).await;
        assert!(
            matches!(made, Err(ScriptError::Failed(_)) | Ok(Value::String(_))),
            "{made:?}"
        );
        assert_eq!(scripts.run("1", &json!({})).await, Ok(json!(1)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_in_and_comes_out_is_bounded() {
    let scripts = scripts(|settings| {
        settings.script_input_bytes = 200_000;
        settings.script_output_bytes = 10_000;
    });
    let object = json!({"a": "x".repeat(300_000)});
    let error = scripts.run(".a", &object).await.expect_err("too large");
    assert_eq!(error, ScriptError::Input(200_000));
    assert!(error.to_string().contains("runtime.script_input_bytes"));
    let object = json!({"a": "x".repeat(20_000)});
    let error = scripts.run(".a", &object).await.expect_err("too large");
    assert_eq!(error, ScriptError::Output(10_000));
    assert!(error.to_string().contains("runtime.script_output_bytes"));
    assert_eq!(scripts.run("1", &object).await, Ok(json!(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn large_parts_of_the_library_fit_beside_a_script() {
    let scripts = scripts(|_| {});
    for source in [
        "parse_user_agent(\"Mozilla/5.0 (X11; Linux x86_64)\")",
        "parse_grok!(\"1.2.3.4 x\", \"%{IP:ip} %{WORD:w}\")",
        "parse_timestamp!(\"2026-01-01\", \"%F\", \"Europe/Berlin\")",
    ] {
        let made = scripts.run(source, &json!({})).await;
        assert!(
            !matches!(made, Err(ScriptError::Memory(_))),
            "{source}: {made:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_is_bounded_and_no_source_holds_up_all_others() {
    let scripts = scripts(|settings| settings.script_queue = 8);
    let items: Vec<u32> = (0..3000).collect();
    let items = json!({"items": items});
    let looping = "count = 0\n\
        for_each(array!(.items)) -> |_i, one| { for_each(array!(.items)) -> |_j, other| { count = count + 1 } }\ncount";
    scripts.run("1", &json!({})).await.expect("a worker");
    let hostile = join_all((0..20).map(|_| scripts.run(looping, &items)));
    let good = async {
        let mut slowest = Duration::ZERO;
        for _ in 0..5 {
            let watch = Stopwatch::start();
            assert_eq!(scripts.run("1", &json!({})).await, Ok(json!(1)));
            slowest = slowest.max(watch.elapsed());
        }
        slowest
    };
    let (hostile, _) = tokio::join!(hostile, good);
    let busy = hostile
        .iter()
        .filter(|one| **one == Err(ScriptError::Busy(8)));
    assert_eq!(busy.count(), 18, "a quarter of the queue is one source's");
    assert!(
        ScriptError::Busy(8)
            .to_string()
            .contains("runtime.script_queue")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_ends_when_it_is_idle_and_comes_back() {
    let scripts = scripts(|settings| settings.script_idle_seconds = 1);
    assert_eq!(scripts.run("1", &json!({})).await, Ok(json!(1)));
    let ended = with_timeout(Duration::from_secs(20), async {
        while scripts.idle_count() > 0 {
            tokio::task::yield_now().await;
        }
    });
    ended.await.expect("it ends");
    assert_eq!(scripts.run("2", &json!({})).await, Ok(json!(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_no_worker_is_an_error_that_says_so() {
    let scripts = scripts(|settings| settings.executable = Some("/bin/true".into()));
    let error = scripts.check("1").await.expect_err("no worker");
    assert!(error.is_transient(), "{error}");
}

/// The workers of a process, and whether each still runs.
fn workers_of(pid: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").expect("Linux");
    let pids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(|worker| {
        let read = |file: &str| std::fs::read_to_string(format!("/proc/{worker}/{file}"));
        let is_child = read("stat").is_ok_and(|stat| {
            let fields = stat.rsplit_once(") ").map(|(_, rest)| rest.to_owned());
            fields.is_some_and(|fields| fields.split(' ').nth(1) == Some(pid.to_string().as_str()))
        });
        is_child && read("cmdline").is_ok_and(|line| line.contains("script-worker"))
    })
    .collect()
}

fn runs(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    !status.is_empty() && !status.contains("State:\tZ")
}

/// A server of its own starts its workers itself, SIGUSR1 does nothing to it, and its workers end with
/// it although it is killed.
#[tokio::test(flavor = "multi_thread")]
async fn the_program_starts_workers_that_end_with_it() {
    let mut program = Command::new();
    program.serve(&[("PARLANCE_BOOTSTRAP__BOTPRESS_PAT", "bp_pat_workers")]);
    let pid = program.pid();
    assert_eq!(workers_of(pid), [0; 0], "the first script starts it");
    let signalled = std::process::Command::new("kill")
        .args(["-USR1", &pid.to_string()])
        .status();
    assert!(signalled.expect("kill runs").success());
    let make = client()
        .post(format!("{}/v1/admin/integrations", program.url()))
        .header("authorization", "Bearer bp_pat_workers")
        .header("x-workspace-id", WORKSPACE)
        .json(&json!({
            "name": "scripted", "version": "1.0.0",
            "identifier": {"extractScript": "parse_json!(.body).team"},
        }));
    let made = make.send().await.expect("an answer");
    assert_eq!(made.status(), 200, "{:?}", made.text().await);
    let workers = workers_of(pid);
    assert_eq!(workers.len(), 1);
    let environment = std::fs::read(format!("/proc/{}/environ", workers[0]));
    assert!(environment.expect("its environment").is_empty());
    program.kill();
    let ended = with_timeout(Duration::from_secs(20), async {
        while runs(workers[0]) {
            tokio::task::yield_now().await;
        }
    });
    ended.await.expect("it ends");
}
