//! Calls that cause calls, and requests that code sends.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, OnceLock},
};

use parlance::engine::{EngineChoice, EngineError, Program};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::{BOTH, Bench, handler, on, request, with_env};

type Answering = Pin<Box<dyn Future<Output = String> + Send>>;

/// A server on the loopback that answers each request with what `answer` makes of its whole text.
async fn serve(answer: impl Fn(String) -> Answering + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(one(stream, Arc::clone(&answer)));
        }
    });
    url
}

async fn one(mut stream: TcpStream, answer: Arc<impl Fn(String) -> Answering + Send + Sync>) {
    let mut text = Vec::new();
    let mut chunk = [0; 65536];
    loop {
        let read = stream.read(&mut chunk).await.expect("a request");
        text.extend_from_slice(&chunk[..read]);
        let shown = String::from_utf8_lossy(&text);
        let Some((head, body)) = shown.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.lines().find_map(|line| {
            let line = line.to_ascii_lowercase();
            line.strip_prefix("content-length: ")?.parse::<usize>().ok()
        });
        if body.len() >= length.unwrap_or(0) || read == 0 {
            break;
        }
    }
    let answer = answer(String::from_utf8_lossy(&text).into_owned()).await;
    // Whoever asked may have given up.
    let _ = stream.write_all(answer.as_bytes()).await;
}

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_may_cause_a_call_of_itself_and_wait_for_it() {
    for engine in BOTH {
        let bench = Arc::new(Bench::new());
        // Each call down to zero asks the server, which calls the same program again.
        let code = handler(
            "const depth = Number(request.body)
             if (depth === 0) return { body: 'bottom' }
             const answer = await fetch(process.env.BP_API_URL, { method: 'POST', body: String(depth - 1) })
             return { body: depth + ' ' + await answer.text() }",
        );
        let known = Arc::new(OnceLock::<Program>::new());
        let again = (Arc::clone(&bench), Arc::clone(&known));
        let url = serve(move |text| {
            let (bench, known) = again.clone();
            Box::pin(async move {
                let (_, body) = text.split_once("\r\n\r\n").expect("a body");
                let program = known.get().expect("it is known");
                ok(&bench.body(program, body).await)
            })
        })
        .await;
        let program = with_env(on(bench.program(&code), engine), &[("BP_API_URL", &url)]);
        known.set(program.clone()).expect("only once");
        assert_eq!(bench.body(&program, "5").await, "5 4 3 2 1 bottom");
        assert_eq!(bench.engine.stats().loaded.iter().sum::<u64>(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_one_program_interleave_and_keep_their_own_bot() {
    let bench = Bench::new();
    let code = "let here = 0
        exports.handler = async (request) => {
            here++
            while (here < 2) await new Promise((done) => setTimeout(done, 1))
            await null
            console.log(request.body)
            return { body: request.body }
        }";
    let program = on(bench.program(code), EngineChoice::Embedded);
    let mut other = request("b");
    other
        .headers
        .insert("x-bot-id".to_owned(), "bot-2".to_owned());
    // Neither ends before the other has begun.
    let (one, two) = tokio::join!(
        bench.engine.call(&program, request("a")),
        bench.engine.call(&program, other)
    );
    assert_eq!(
        (one.expect("a").body, two.expect("b").body),
        ("a".to_owned(), "b".to_owned())
    );
    let mut lines: Vec<_> = bench
        .lines(2)
        .await
        .into_iter()
        .map(|line| (line.message, line.bot))
        .collect();
    lines.sort();
    let line = |text: &str, bot: &str| (text.to_owned(), Some(Arc::from(bot)));
    assert_eq!(lines, [line("a", "bot-1"), line("b", "bot-2")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_call_that_does_not_end_does_not_take_the_others_with_it() {
    let bench = Bench::with(|settings| settings.cpu_ms = 300);
    let code = handler(
        "if (request.body === 'loop') for (;;) {}
         await new Promise((done) => setTimeout(done, 600))
         return { body: 'whole' }",
    );
    let program = on(bench.program(&code), EngineChoice::Embedded);
    let looping = bench.engine.call(&program, request("loop"));
    let (one, two) = tokio::join!(bench.body(&program, ""), looping);
    assert_eq!(one, "whole");
    assert!(matches!(two, Err(EngineError::CpuTime(_))), "{two:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fetch_and_xhr_send_what_they_are_told() {
    let bench = Bench::new();
    let url = serve(|text| {
        Box::pin(async move {
            if text.starts_with("GET /away") {
                "HTTP/1.1 302 Found\r\nlocation: /there\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_owned()
            } else if text.starts_with("GET /never") {
                std::future::pending().await
            } else {
                let head = text.lines().filter(|line| !line.starts_with("host:"));
                ok(&head.collect::<Vec<_>>().join("|"))
            }
        })
    })
    .await;
    let code = handler(
        "const { URL: base } = process.env
         const sent = await fetch(base + '/x?q=1', { method: 'put', headers: { 'X-A': 'ü'.normalize('NFD')[0] }, body: 'grüß' })
         const moved = await fetch(base + '/away')
         const kept = await fetch(base + '/away', { redirect: 'manual' })
         const aborted = await fetch(base + '/never', { signal: AbortSignal.timeout(20) }).catch((error) => error.name)
         const refused = await fetch('http://127.0.0.1:1/').catch((error) => error.message)
         const xhr = await new Promise((done) => {
           const request = new XMLHttpRequest()
           request.open('POST', base + '/xhr')
           request.setRequestHeader('X-B', '2')
           request.responseType = 'text'
           request.onloadend = () => done([request.status, request.response, request.getResponseHeader('connection')])
           request.send('body')
         })
         return { body: JSON.stringify([await sent.text(), moved.url.slice(base.length), moved.redirected, kept.status, aborted, refused, ...xhr]) }",
    );
    let program = on(bench.program(&code), EngineChoice::Embedded);
    let program = with_env(program, &[("URL", &url)]);
    let body = bench.body(&program, "").await;
    insta::assert_snapshot!(body);
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_and_streams_are_sent_whole_and_answers_can_be_streamed() {
    let bench = Bench::new();
    let url = serve(|text| Box::pin(async move { ok(&text) })).await;
    let code = handler(
        "const { URL: base } = process.env
         const form = new FormData()
         form.append('a', 'grüß')
         form.append('f', new Blob(['file'], { type: 'text/plain' }), 'f.txt')
         const shown = (text) => text.replace(/formdata-\\w+/g, 'boundary').split('\\r\\n').filter((line) => !/^(host|accept)/i.test(line))
         const sent = await fetch(base, { method: 'POST', body: form })
         const stream = new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode('in two ')); c.enqueue(new TextEncoder().encode('parts')); c.close() } })
         const streamed = await fetch(base, { method: 'POST', body: stream, duplex: 'half' })
         let text = ''
         for await (const chunk of streamed.body.pipeThrough(new TextDecoderStream())) text += chunk
         const xhr = await new Promise((done) => {
           const request = new XMLHttpRequest()
           request.open('POST', base)
           request.responseType = 'blob'
           request.onloadend = () => done(request.response)
           request.send(form)
         })
         return { body: JSON.stringify([shown(await sent.text()), shown(text), shown(await xhr.text())], null, 1) }",
    );
    let program = on(bench.program(&code), EngineChoice::Embedded);
    let program = with_env(program, &[("URL", &url)]);
    insta::assert_snapshot!(bench.body(&program, "").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn production_reaches_this_servers_api_and_nothing_else_of_this_machine() {
    let bench = Bench::of_profile(false, |_| {});
    let own = serve(|_| Box::pin(async { ok("own") })).await;
    let other = serve(|_| Box::pin(async { ok("other") })).await;
    bench.outbound.set_own_url(&own);
    let code = handler(
        "try { return { body: await (await fetch(request.body)).text() } } catch (error) { return { body: error.cause.message } }",
    );
    let program = bench.program(&code);
    assert_eq!(bench.body(&program, &own).await, "own");
    let refused = bench.body(&program, &other).await;
    assert!(refused.contains("outbound.allow"), "{refused}");
}
