//! Code in Node.js must not end the server, or touch any other process: each known way is tried from a
//! bundle, and each measure of the system apart. Only signals that do nothing are sent.

use std::process::{Command, Output};

use parlance::engine::{EngineChoice, EngineKind};
use tokio::signal::unix::{SignalKind, signal};

use super::{Bench, handler, on};

/// The known ways: each is an expression that throws, unless it has reached something.
const WAYS: [&str; 34] = [
    "process.kill(process.ppid, 0)",
    "process.kill(String(process.ppid), 0)",
    "process.kill({ valueOf: () => process.ppid }, 0)",
    "process.kill(0, 0)",
    "process.kill(-1, 0)",
    "process.kill(1, 0)",
    "process._kill(process.ppid, 0) === 0 || fail()",
    "(delete process.kill, process.kill(process.ppid, 0))",
    "Object.getPrototypeOf(process).kill(process.ppid, 0)",
    "process._debugProcess(process.ppid)",
    "process._debugEnd()",
    "process.binding('process_methods')",
    "process.binding('process_wrap')",
    "process.binding('spawn_sync')",
    "process._linkedBinding('process_wrap')",
    "process.dlopen({ exports: {} }, '/lib/x86_64-linux-gnu/libc.so.6')",
    "process.execve('/bin/true', ['true'])",
    "process.setuid(0)",
    "process.report.writeReport('/tmp/parlance-test-report')",
    "import('node:process').then((module) => module.kill(process.ppid, 0))",
    "import('node:process').then((module) => module.default._kill(process.ppid, 0))",
    "require('module').createRequire('/x.js')('process').kill(process.ppid, 0)",
    "require('vm').runInThisContext('process.kill(process.ppid, 0)')",
    "require('vm').runInNewContext('p.constructor.constructor(\"return process\")().kill(p.ppid, 0)', { p: process })",
    "require('child_process').spawn('kill', ['-0', String(process.ppid)])",
    "require('child_process').execFileSync('kill', ['-0', String(process.ppid)])",
    "new (require('child_process').ChildProcess)()._handle",
    "require('cluster').fork()",
    "new (require('worker_threads').Worker)('1', { eval: true })",
    "new (require('inspector').Session)().connect()",
    "require('inspector').open(0)",
    "require('os').setPriority(process.ppid, 19)",
    "require('fs').writeFileSync('/proc/' + process.ppid + '/oom_score_adj', '1000')",
    "require('v8').setFlagsFromString('--expose-gc')",
];

#[tokio::test(flavor = "multi_thread")]
async fn code_in_node_reaches_no_other_process() {
    let mut user = signal(SignalKind::user_defined1()).expect("signals work");
    let bench = Bench::new();
    let code = handler(
        "const fail = () => { throw new Error('refused') }
         try { return { body: 'reached: ' + String(await eval(request.body)) } }
         catch (error) { return { body: 'refused: ' + error.message } }",
    );
    let program = on(bench.program(&code), EngineChoice::Node);
    let mut reached = Vec::new();
    for way in WAYS {
        let answer = bench.body(&program, way).await;
        if !answer.starts_with("refused: ") {
            reached.push(format!("{way}: {answer}"));
        }
    }
    assert_eq!(reached, [""; 0]);
    let own = bench.body(&program, "process.kill(process.pid, 0)").await;
    assert_eq!(own, "reached: true");
    let pid = bench.engine.stats().warm[0].pid.expect("a process");
    assert_eq!(bench.engine.stats().warm[0].engine, EngineKind::Node);
    assert_ne!(group_of(pid), group_of(std::process::id()));
    // No way that is tried here sends it, so that one that does is noticed.
    let sent = tokio::select! {
        biased;
        _ = user.recv() => true,
        () = std::future::ready(()) => false,
    };
    assert!(!sent);
}

/// A way that no runner closes: as an emitter a child process shows its handle before it is refused.
#[tokio::test(flavor = "multi_thread")]
async fn handles_that_leak_reach_no_other_process() {
    let bench = Bench::new();
    let code = "const seen = []
        const events = require('events')
        const { init } = events
        events.init = function (options) { seen.push(this); return init.call(this, options) }
        exports.handler = async () => {
            try { require('cluster').fork() } catch {}
            const kills = seen.filter((one) => one._handle?.kill).map((one) => one._handle.kill(0))
            return { body: JSON.stringify(kills) }
        }";
    let program = on(bench.program(code), EngineChoice::Node);
    let kills = bench.body(&program, "").await;
    assert!(!kills.contains("[0"), "{kills}");
}

#[tokio::test(flavor = "multi_thread")]
async fn native_code_and_files_stay_closed() {
    let bench = Bench::new();
    for body in [
        "require('/x.node')",
        "require('module')._extensions['.node']({}, '/x.node')",
        "require('fs').readFileSync('/proc/' + process.ppid + '/environ')",
        "require('fs').readFileSync(Buffer.from('/etc/hostname'))",
        "require('fs').openSync('/proc/' + process.ppid + '/mem', 'r+')",
        "process.abort === undefined || require('trace_events').createTracing({ categories: ['v8'] })",
    ] {
        let mut program = on(bench.program(&handler(body)), EngineChoice::Node);
        program.version = body.to_owned();
        let answer = bench.call(&program).await;
        assert!(answer.is_err(), "{body}: {answer:?}");
    }
}

/// Runs a command of the shell as Node.js would be run, without some measures.
fn launched(arguments: &[&str], script: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_parlance"))
        .args(["node-launcher", "--memory-bytes", "1000000000"])
        .args(arguments)
        .args(["--", "/bin/sh", "-c", script])
        .output()
        .expect("it runs")
}

fn works(output: &Output) -> bool {
    output.status.success()
}

/// Which measures are in force.
fn measures(arguments: &[&str]) -> serde_json::Value {
    let mut with_report = vec!["--report"];
    with_report.extend(arguments);
    let output = launched(&with_report, "true");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error} {output:?}"))
}

#[test]
fn each_measure_of_the_system_alone_keeps_signals_from_the_server() {
    const SIGNAL: &str = "kill -0 $PPID";
    const BOTH: [&str; 4] = ["--without", "signals", "--without", "calls"];
    assert!(works(&launched(&BOTH, SIGNAL)), "nothing is in the way");
    let in_force = measures(&[]);
    if in_force["calls"] == true {
        assert!(!works(&launched(&["--without", "signals"], SIGNAL)));
        assert!(works(&launched(&["--without", "signals"], "kill -0 $$")));
        assert!(!works(&launched(
            &["--without", "signals"],
            "renice 19 $PPID"
        )));
    }
    // Since Linux 6.12.
    if in_force["signals"] == true {
        assert!(!works(&launched(&["--without", "calls"], SIGNAL)));
        assert!(works(&launched(&["--without", "calls"], "kill -0 $$")));
    }
    assert!(!works(&launched(&[], SIGNAL)));
    assert!(
        in_force["calls"] == true || in_force["signals"] == true,
        "this system has neither: {in_force}"
    );
}

#[test]
fn files_are_closed_where_the_kernel_can() {
    let directory = tempfile::tempdir().expect("a directory");
    let secret = directory.path().join("parlance.db");
    std::fs::write(&secret, "secret").expect("written");
    let read = format!("cat {}", secret.display());
    let write = format!("echo x > {}", directory.path().join("new").display());
    let open = ["--without", "files"];
    assert!(works(&launched(&open, &read)));
    if measures(&[])["files"] == true {
        for command in [
            &read,
            &write,
            &"echo 0 > /proc/$PPID/oom_score_adj".to_owned(),
        ] {
            assert!(!works(&launched(&[], command)), "{command}");
        }
        assert!(works(&launched(&[], "cat /etc/resolv.conf > /dev/null")));
    }
    // Nothing is written in any case: files may have no bytes.
    launched(&open, &write);
    let written = std::fs::read(directory.path().join("new")).unwrap_or_default();
    assert!(written.is_empty());
}

#[test]
fn another_user_is_taken_where_the_server_is_root() {
    let output = launched(&["--uid", "65534"], "id -u; id -g; id -G; kill -0 $PPID");
    if !is_root() {
        assert!(!works(&output));
        return;
    }
    let shown = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        shown.lines().collect::<Vec<_>>(),
        ["65534"; 3],
        "{output:?}"
    );
    const NEITHER: [&str; 6] = [
        "--uid",
        "65534",
        "--without",
        "signals",
        "--without",
        "calls",
    ];
    assert!(!works(&launched(&NEITHER, "kill -0 $PPID")));
}

/// The setting does what the launcher can, or Node.js is not used.
#[tokio::test(flavor = "multi_thread")]
async fn the_user_of_the_settings_is_taken_or_named() {
    let bench = Bench::with(|settings| settings.node_uid = 65534);
    let code = handler("return { body: String(process.getuid()) }");
    let program = on(bench.program(&code), EngineChoice::Node);
    match bench.call(&program).await {
        Ok(answer) => assert_eq!(answer.body, "65534"),
        Err(failure) => {
            assert!(!is_root(), "{failure}");
            let text = failure.to_string();
            assert!(text.contains("runtime.node_uid"), "{text}");
        }
    }
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().expect("id is there");
    output.stdout == b"0\n"
}

/// The process group of a process.
fn group_of(pid: u32) -> String {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("Linux");
    let (_, rest) = stat.rsplit_once(") ").expect("a name");
    rest.split(' ').nth(2).expect("a group").to_owned()
}
