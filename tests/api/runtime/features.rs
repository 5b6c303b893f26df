//! What code can do, alike in both engines.

use parlance::engine::{EngineChoice, EngineError, Level};

use super::{BOTH, Bench, handler, on, request, with_env};

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_answers_with_status_headers_and_body() {
    let bench = Bench::new();
    for engine in BOTH {
        let code = handler(
            "return { status: 202, headers: { 'X-A': 1, none: null }, body: JSON.stringify(request) }",
        );
        let program = on(bench.program(&code), engine);
        let answer = bench.engine.call(&program, request("ü€😀")).await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status, 202);
        assert_eq!(answer.headers, [("X-A".to_owned(), "1".to_owned())].into());
        let seen: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
        assert_eq!(
            seen,
            serde_json::json!({
                "method": "POST", "path": "/", "query": "a=1", "body": "ü€😀",
                "headers": { "x-bot-id": "bot-1", "x-bp-operation": "ping" },
            })
        );
        bench.engine.drop_all().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_answered_is_200_and_an_empty_object() {
    let bench = Bench::new();
    for engine in BOTH {
        for code in [
            "exports.handler = () => undefined",
            "module.exports = { default: { handler: async () => ({}) } }",
        ] {
            let mut program = on(bench.program(code), engine);
            program.version = code.to_owned();
            let answer = bench.call(&program).await.expect("an answer");
            assert_eq!((answer.status, answer.body.as_str()), (200, "{}"));
        }
        bench.engine.drop_all().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_handler_throws_or_answers_wrongly_is_a_failure_that_says_so() {
    let bench = Bench::new();
    for engine in BOTH {
        for (body, failure) in [
            ("throw new TypeError('boo')", "TypeError: boo"),
            ("await Promise.reject(new Error('no'))", "Error: no"),
            ("throw 'a text'", "a text"),
            ("throw null", "null"),
            ("throw undefined", "undefined"),
            ("await null; throw 7", "7"),
            ("throw { a: 1 }", "{ a: 1 }"),
            (
                "throw { get [Symbol.for('nodejs.util.inspect.custom')]() { throw 1 } }",
                "a value that cannot be shown was thrown",
            ),
        ] {
            let mut program = on(bench.program(&handler(body)), engine);
            program.version = body.to_owned();
            let failed = bench.call(&program).await.expect_err("a failure");
            let text = format!("the handler failed: {failure}");
            assert_eq!(failed.to_string(), text, "{engine:?} {body}");
            assert!(!failed.is_transient());
        }
        let program = on(bench.program(&handler("return 7")), engine);
        let failed = bench.call(&program).await.expect_err("a failure");
        let text = failed.to_string();
        assert!(text.contains("neither an object nor undefined"), "{text}");
        assert!(!failed.is_transient());
        bench.engine.drop_all().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_cannot_be_loaded_says_why_and_is_left_alone_for_a_while() {
    let bench = Bench::new();
    for engine in BOTH {
        let mut program = on(bench.program("throw new Error('at load')"), engine);
        program.id = format!("{engine:?}");
        let failed = bench.call(&program).await.expect_err("a failure");
        assert!(
            matches!(&failed, EngineError::Load(thrown) if thrown.text == "Error: at load"),
            "{failed}"
        );
        let again = bench.call(&program).await.expect_err("a failure");
        assert!(
            matches!(&again, EngineError::Backoff { last, .. } if **last == failed),
            "{again}"
        );
        bench.clock.advance(std::time::Duration::from_secs(1));
        assert_eq!(bench.call(&program).await, Err(failed));
        let none = on(bench.program("exports.other = 1"), engine);
        let failed = bench.call(&none).await.expect_err("a failure");
        assert!(
            failed.to_string().contains("no function named handler"),
            "{failed}"
        );
        bench.engine.drop_all().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_have_level_bot_and_whom_they_are_for() {
    for engine in BOTH {
        let bench = Bench::new();
        let code = handler(
            "console.debug('one %s', { a: [1] })
             console.warn(JSON.stringify({ msg: 'two', visible_to_bot_owner: true }))
             console.error('three\\nfour')
             process.stdout.write('five\\n')",
        );
        let program = on(bench.program(&code), engine);
        bench.call(&program).await.expect("an answer");
        let lines = bench.lines(4).await;
        let shown: Vec<_> = lines
            .iter()
            .map(|line| (line.level, line.message.as_str(), line.visible_to_bot_owner))
            .collect();
        assert_eq!(
            shown,
            [
                (Level::Debug, "one { a: [Array] }", false),
                (Level::Warn, "two", true),
                (Level::Error, "three\nfour", false),
                (Level::Info, "five", false),
            ]
        );
        assert!(
            lines
                .iter()
                .all(|line| line.bot.as_deref() == Some("bot-1"))
        );
        assert!(lines.iter().all(|line| &*line.program == "prog"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_that_nobody_caught_is_logged() {
    for engine in BOTH {
        let bench = Bench::new();
        let code = handler(
            "const late = Promise.reject(new Error('caught')); late.catch(() => {})
             Promise.reject(new Error('left'))
             await new Promise((done) => setTimeout(done, 5))",
        );
        bench
            .call(&on(bench.program(&code), engine))
            .await
            .expect("an answer");
        let lines = bench.lines(1).await;
        let (first, stack) = lines[0].message.split_once('\n').expect("a stack");
        assert_eq!(first, "unhandled rejection: Error: left");
        assert!(stack.contains("bundle.js:2:"), "{stack}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_is_cut_and_a_call_has_so_many() {
    let bench = Bench::new();
    let code =
        handler("console.log('x'.repeat(100000)); for (let i = 0; i < 9000; i++) console.log(i)");
    let program = on(bench.program(&code), EngineChoice::Embedded);
    bench.call(&program).await.expect("an answer");
    let lines = bench.lines(2000).await;
    assert!(lines[0].message.len() < 20_000);
    assert_eq!(
        lines[1999].message,
        "further log lines of this call are dropped: a call can log 2000"
    );
    assert_eq!(bench.engine.stats().dropped_lines, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn code_has_its_own_variables_and_no_others() {
    let bench = Bench::new();
    for engine in BOTH {
        let code = handler("return { body: JSON.stringify(process.env) }");
        let program = with_env(on(bench.program(&code), engine), &[("BP_TOKEN", "t")]);
        assert_eq!(bench.body(&program, "").await, r#"{"BP_TOKEN":"t"}"#);
        bench.engine.drop_all().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn code_has_no_files_and_no_processes() {
    let bench = Bench::new();
    for (engine, body) in [
        (
            EngineChoice::Embedded,
            "require('fs').readFileSync('/etc/hostname')",
        ),
        (
            EngineChoice::Node,
            "require('fs').readFileSync('/etc/hostname')",
        ),
        (
            EngineChoice::Node,
            "require('fs').writeFileSync('/tmp/parlance-test', '')",
        ),
        (
            EngineChoice::Embedded,
            "require('child_process').execSync('true')",
        ),
        (
            EngineChoice::Node,
            "require('child_process').execSync('true')",
        ),
        (
            EngineChoice::Node,
            "new (require('worker_threads').Worker)('1', { eval: true })",
        ),
        (EngineChoice::Embedded, "process.exit(0)"),
        (EngineChoice::Embedded, "new Function('return require')()"),
    ] {
        let mut program = on(bench.program(&handler(body)), engine);
        program.version = body.to_owned();
        let answer = bench.call(&program).await;
        assert!(answer.is_err(), "{engine:?} {body}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn time_is_that_of_the_server() {
    let bench = Bench::new();
    let code =
        handler("return { body: new Date().toISOString() + ' ' + (Date.now() === +new Date()) }");
    let program = on(bench.program(&code), EngineChoice::Embedded);
    assert_eq!(
        bench.body(&program, "").await,
        "2026-03-01T12:00:00.000Z true"
    );
    bench.clock.advance(std::time::Duration::from_secs(60));
    assert_eq!(
        bench.body(&program, "").await,
        "2026-03-01T12:01:00.000Z true"
    );
}

/// Each expression is evaluated in both engines: Node.js itself says what is right.
#[tokio::test(flavor = "multi_thread")]
async fn the_modules_of_the_embedded_engine_do_what_those_of_node_do() {
    let bench = Bench::new();
    for (code, least) in [
        (include_str!("alike.js"), 60),
        (include_str!("alike_web.js"), 120),
    ] {
        let mut answers = Vec::new();
        for engine in BOTH {
            let program = on(bench.program(&handler(code)), engine);
            answers.push(bench.body(&program, "").await);
            bench.engine.drop_all().await;
        }
        let of = |text: &str| -> Vec<String> { serde_json::from_str(text).expect("JSON") };
        assert!(of(&answers[0]).len() > least);
        assert_eq!(of(&answers[0]), of(&answers[1]));
    }
}

/// Modules that public bundles name and hardly use: they must not need Node.js for that.
#[tokio::test(flavor = "multi_thread")]
async fn modules_that_bundles_name_are_there() {
    const CODE: &str = r"
        const lines = require('readline'), punycode = require('punycode/'.slice(0, -1))
        const { exec, spawn } = require('node:child_process')
        const channels = require('diagnostics_channel')
        require('dns'); require('perf_hooks'); require('worker_threads'); require('stream/promises')
        const { AsyncResource } = require('async_hooks')
        exports.handler = async () => {
            const closed = new Promise((done) => lines.createInterface({ input: null }).on('close', () => done('closed')))
            const told = new Promise((done) => exec('uname -a', (error) => done(error instanceof Error)))
            let refused = false
            try { spawn('true') } catch { refused = true }
            const channel = channels.channel('http.client.request.start')
            if (channel.hasSubscribers) throw new Error('nobody listens')
            channel.publish({})
            const names = ['b\u00fccher.example', '\u4f8b\u3048.\u30c6\u30b9\u30c8', 'plain.example', 'me@b\u00fccher.de']
            const ascii = names.map(punycode.toASCII)
            return { body: JSON.stringify({
                ascii,
                back: ascii.map(punycode.toUnicode).join() === names.join(),
                points: punycode.ucs2.encode(punycode.ucs2.decode('a\u{1f600}b')),
                code: punycode.encode('ma\u00f1ana') + ' ' + punycode.decode('maana-pta'),
                closed: await closed, told: await told, refused,
                scope: new AsyncResource('x').runInAsyncScope((one) => one + 1, null, 1),
            }) }
        }";
    let bench = Bench::new();
    let program = on(bench.program(CODE), EngineChoice::Embedded);
    let answer: serde_json::Value =
        serde_json::from_str(&bench.body(&program, "{}").await).expect("JSON");
    assert_eq!(
        answer,
        serde_json::json!({
            "ascii": ["xn--bcher-kva.example", "xn--r8jz45g.xn--zckzah", "plain.example", "me@xn--bcher-kva.de"],
            "back": true,
            "points": "a\u{1f600}b",
            "code": "maana-pta ma\u{f1}ana",
            "closed": "closed",
            "told": true,
            "refused": true,
            "scope": 2,
        })
    );
}

/// Clients give each request a timeout of a minute. A call that has answered does not wait for them.
#[tokio::test(flavor = "multi_thread")]
async fn timeouts_end_with_the_answer() {
    const CODE: &str = r"
        let rang = 0
        exports.handler = () => {
            for (let n = 0; n < 3000; n++) AbortSignal.timeout(60_000)
            AbortSignal.timeout(1).onabort = () => rang++
            return { body: String(rang) }
        }";
    let bench = Bench::new();
    let program = on(bench.program(CODE), EngineChoice::Embedded);
    for _ in 0..4 {
        assert_eq!(bench.body(&program, "").await, "0");
    }
}
