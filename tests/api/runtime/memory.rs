//! Memory of a program that the engine does not allocate itself: what is on its way, what the host
//! makes for the code, and what waits to be read.

use std::{sync::Arc, time::Duration};

use parlance::{
    engine::{EngineChoice, EngineError, Exception},
    kernel::clock::with_timeout,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::Semaphore,
};

use super::{Bench, handler, on, request};

/// A server that begins every answer with so many bytes and never ends it. It counts its connections.
struct Stalling {
    url: String,
    connections: Arc<Semaphore>,
}

impl Stalling {
    async fn start(bytes: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let connections = Arc::new(Semaphore::new(0));
        let counted = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.add_permits(1);
                tokio::spawn(async move {
                    let mut head = [0; 1024];
                    let _ = stream.read(&mut head).await;
                    let head = "HTTP/1.1 200 OK\r\ncontent-length: 9999999999\r\n\r\n";
                    let _ = stream.write_all(head.as_bytes()).await;
                    let chunk = vec![b'x'; 64 * 1024];
                    for _ in 0..bytes / chunk.len() {
                        if stream.write_all(&chunk).await.is_err() {
                            return;
                        }
                    }
                    // Until the other side closes it.
                    while stream.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) {}
                });
            }
        });
        Self { url, connections }
    }
}

/// The program has so much memory and no more: answers on their way would take 3 GB.
#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_on_their_way_count() {
    let stalling = Stalling::start(9_900_000).await;
    let directory = tempfile::tempdir().expect("a directory");
    let bundle = directory.path().join("bundle.js");
    let code = handler(&format!(
        "const all = Array.from({{ length: 300 }}, () => fetch('{}').catch((error) => String(error.cause)))
         return {{ body: await Promise.race(all) }}",
        stalling.url
    ));
    std::fs::write(&bundle, code).expect("written");
    let command = format!(
        "ulimit -d 700000; exec {} run {} --engine embedded",
        env!("CARGO_BIN_EXE_parlance"),
        bundle.display()
    );
    let output = tokio::process::Command::new("bash")
        .args(["-c", &command])
        .current_dir(directory.path())
        .output()
        .await
        .expect("it runs");
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(
        shown.contains("67108864 bytes, half of runtime.memory_bytes"),
        "{output:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_beyond_so_many_wait() {
    let stalling = Stalling::start(0).await;
    let bench = Bench::with(|settings| settings.max_fetches = 3);
    let code = handler(&format!(
        "for (let i = 0; i < 20; i++) fetch('{}').catch(() => {{}})
         await new Promise((done) => setTimeout(done, 1000))",
        stalling.url
    ));
    let program = on(bench.program(&code), EngineChoice::Embedded);
    let (answer, connected) = tokio::join!(
        bench.call(&program),
        with_timeout(
            Duration::from_secs(20),
            stalling.connections.acquire_many(3)
        ),
    );
    answer.expect("an answer");
    connected
        .expect("three connections")
        .expect("it is open")
        .forget();
    assert_eq!(stalling.connections.available_permits(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_error_names_the_limit_that_was_met() {
    let stalling = Stalling::start(16 * 1024 * 1024).await;
    let code = handler(&format!(
        "return {{ body: await fetch('{}').catch((error) => error.cause.message) }}",
        stalling.url
    ));
    for (memory, expected) in [
        (
            128,
            "longer than 10485760 bytes (outbound.max_response_bytes)",
        ),
        (
            16,
            "longer than 4194304 bytes (a quarter of runtime.memory_bytes)",
        ),
    ] {
        let bench = Bench::with(|settings| settings.memory_bytes = memory * 1024 * 1024);
        let program = on(bench.program(&code), EngineChoice::Embedded);
        let failed = bench.body(&program, "").await;
        assert!(failed.contains(expected), "{failed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn request_bodies_count_as_well() {
    let stalling = Stalling::start(0).await;
    let bench = Bench::with(|settings| settings.memory_bytes = 24 * 1024 * 1024);
    let code = handler(&format!(
        "const body = 'x'.repeat(1000000)
         const all = Array.from({{ length: 8 }}, () => fetch('{}', {{ method: 'POST', body }}))
         return {{ body: await Promise.race(all).catch((error) => String(error)) }}",
        stalling.url
    ));
    let program = on(bench.program(&code), EngineChoice::Embedded);
    let answer = bench.body(&program, "").await;
    assert!(answer.contains("half of runtime.memory_bytes"), "{answer}");
}

/// Bytes that the host makes for the code are the engine's own, and count.
#[tokio::test(flavor = "multi_thread")]
async fn bytes_of_every_kind_count_against_the_memory_of_a_program() {
    for kind in [
        "new TextEncoder().encode('x'.repeat(1 << 20))",
        "Buffer.from('x'.repeat(1 << 20))",
        "Buffer.from('eHh4'.repeat(1 << 18), 'base64')",
        "crypto.getRandomValues(new Uint8Array(65536))",
        "new ArrayBuffer(1 << 20)",
        "new Uint8Array(1 << 20)",
        "'x'.repeat(1 << 20) + kept.length",
        "new RegExp('(?:a|b|c|d){1,200}' + 'x'.repeat(1 << 16) + kept.length)",
        // The exception has no room either: the engine throws null.
        "(() => { for (;;) kept.push({}) })()",
        "(() => { const own = []; for (;;) own.push({ own }) })()",
    ] {
        let bench = Bench::with(|settings| {
            settings.memory_bytes = 32 * 1024 * 1024;
            settings.cpu_ms = 20_000;
            settings.timeout_seconds = 30;
        });
        let code = handler(&format!(
            "const kept = []; for (let i = 0; i < 600; i++) {{ kept.push({kind}) }} return {{ body: 'all' }}"
        ));
        let program = on(bench.program(&code), EngineChoice::Embedded);
        let failed = bench.call(&program).await;
        assert_eq!(failed, Err(EngineError::Memory(32 * 1024 * 1024)), "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_has_a_bound() {
    for engine in super::BOTH {
        let bench = Bench::with(|settings| settings.max_answer_bytes = 100_000);
        let code = handler("return { body: 'x'.repeat(Number(request.body)) }");
        let program = on(bench.program(&code), engine);
        bench.body(&program, "99000").await;
        let failed = bench.engine.call(&program, request("100001")).await;
        let text = "it is longer than 100000 bytes (runtime.max_answer_bytes)".to_owned();
        assert_eq!(failed, Err(EngineError::BadAnswer(text)), "{engine:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_that_the_server_keeps_of_the_code_are_cut() {
    let bench = Bench::new();
    let code = handler("throw new Error('x'.repeat(1000000))");
    let failed = bench
        .call(&on(bench.program(&code), EngineChoice::Embedded))
        .await;
    let Err(EngineError::Thrown(Exception { text, .. })) = failed else {
        panic!("{failed:?}");
    };
    assert!(text.len() < 20_000, "{}", text.len());
    let names = "for (let i = 0; i < 50; i++) { try { require(i + 'x'.repeat(50000)) } catch {} }
        throw new Error('x')";
    let bench = Bench::new();
    let failed = bench
        .call(&on(bench.program(names), EngineChoice::Embedded))
        .await;
    let Err(EngineError::Missing(text)) = failed else {
        panic!("{failed:?}");
    };
    assert!(text.len() < 20_000, "{}", text.len());
}
