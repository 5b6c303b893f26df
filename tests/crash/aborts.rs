//! Clients that are gone before they have their answer: they reset the connection, abort a stream, or stop
//! waiting. What is stored of theirs is delivered, and for that nothing else has to happen.

#![expect(
    clippy::disallowed_methods,
    reason = "real clients give up at a real moment"
)]

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use reqwest::Method;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpSocket, TcpStream},
};

use crate::{
    conversation::{Api, PAT, Told, bot, list, message, setting},
    kill::{seed, setting as setting_of},
    process::Home,
    say,
};

const ROUNDS: u64 = 8;
/// Less than half a minute, after which dispatchers look by themselves.
const AT_ONCE: Duration = Duration::from_secs(12);

/// Somebody who writes numbers into a conversation.
struct Writer {
    api: Api,
    user: String,
    conversation: String,
    rng: StdRng,
    next: i64,
    acknowledged: HashSet<i64>,
}

impl Writer {
    /// Writes for a while, and is gone in the middle of the last call.
    async fn run(mut self, time: Duration) -> Self {
        let begun = Instant::now();
        while begun.elapsed() < time {
            let number = self.next;
            self.next += 1;
            let patience = Duration::from_micros(self.rng.random_range(0..12_000));
            match self.rng.random_range(0..4) {
                0 => {
                    if self.whole(number).await {
                        self.acknowledged.insert(number);
                    }
                }
                1 => drop(tokio::time::timeout(patience, self.whole(number)).await),
                2 => self.abort(number, patience).await,
                _ => self.reset(number, patience).await,
            }
        }
        let number = self.next;
        self.next += 1;
        self.reset(number, Duration::from_millis(2)).await;
        self
    }

    async fn whole(&self, number: i64) -> bool {
        let body = message((&self.user, &self.conversation), number);
        let answer = self.api.call(Method::POST, "/v1/chat/messages", &body);
        answer.await.is_ok()
    }

    /// Sends the whole request over HTTP/2 and resets the stream, and not the connection.
    async fn abort(&self, number: i64, patience: Duration) {
        let (address, mut connection) = self.connect().await;
        let body = message((&self.user, &self.conversation), number).to_string();
        let mut headers = vec![
            (":method", "POST".to_owned()),
            (":scheme", "http".to_owned()),
            (":authority", address),
            (":path", "/v1/chat/messages".to_owned()),
            ("content-type", "application/json".to_owned()),
        ];
        headers.extend(self.api.headers());
        let headers: Vec<u8> = headers.iter().flat_map(literal).collect();
        let mut request = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        request.extend(frame(SETTINGS, 0, 0, &[]));
        request.extend(frame(HEADERS, END_HEADERS, 1, &headers));
        request.extend(frame(DATA, END_STREAM, 1, body.as_bytes()));
        connection.write_all(&request).await.expect("it is sent");
        tokio::time::sleep(patience).await;
        let cancel = 8_u32.to_be_bytes();
        let reset = frame(RST_STREAM, 0, 1, &cancel);
        connection.write_all(&reset).await.expect("it is sent");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }

    async fn connect(&self) -> (String, TcpStream) {
        let url = self.api.url.read().expect("an address").clone();
        let address = url.strip_prefix("http://").expect("a plain address");
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_zero_linger().expect("it can be reset");
        let connected = socket.connect(address.parse().expect("an address"));
        (address.to_owned(), connected.await.expect("a connection"))
    }

    /// Sends the whole request and resets the connection.
    async fn reset(&self, number: i64, patience: Duration) {
        let (address, mut connection) = self.connect().await;
        let body = message((&self.user, &self.conversation), number).to_string();
        let headers = self.api.headers().into_iter();
        let headers: String = headers
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let request = format!(
            "POST /v1/chat/messages HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n{headers}\r\n{body}",
            body.len(),
        );
        let sent = connection.write_all(request.as_bytes()).await;
        sent.expect("it is sent");
        tokio::time::sleep(patience).await;
    }
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("it is short");
    let mut frame = length.to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// A header of HTTP/2 as it is written without a table.
fn literal((name, value): &(&str, String)) -> Vec<u8> {
    let text = |text: &str| {
        let length = u8::try_from(text.len()).expect("it is short");
        assert!(length < 127, "its length is one byte");
        [&[length], text.as_bytes()].concat()
    };
    [vec![0], text(name), text(value)].concat()
}

fn is_told(told: &Told, conversation: &str, number: i64) -> bool {
    let told = told.lock().expect("what was told");
    let known = told.get(conversation);
    known.is_some_and(|known| known.contains(&number))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_stored_of_clients_that_are_gone_is_delivered_by_itself() {
    let mut rng = StdRng::seed_from_u64(seed("aborts"));
    let told = Told::default();
    let bot_url = bot(told.clone()).await;
    let home = Home::new().with("PARLANCE_BOOTSTRAP__BOTPRESS_PAT", PAT);
    let server = home.serve();
    let (api, user, conversations) = setting(&Api::new(&server.url), &bot_url).await;
    let mut writers: Vec<Writer> = conversations
        .iter()
        .map(|conversation| Writer {
            api: api.clone(),
            user: user.clone(),
            conversation: conversation.clone(),
            rng: StdRng::seed_from_u64(rng.random()),
            next: 0,
            acknowledged: HashSet::new(),
        })
        .collect();
    let (mut stored, mut acknowledged) = (0, 0);
    for round in 0..setting_of("PARLANCE_CRASH_ROUNDS").unwrap_or(ROUNDS) {
        let time = Duration::from_millis(rng.random_range(100..500));
        let running = writers.into_iter().map(|writer| writer.run(time));
        writers = futures_util::future::join_all(running).await;
        // A request that the server had begun to read by then may still be stored.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let begun = Instant::now();
        (stored, acknowledged) = (0, 0);
        for writer in &writers {
            let listed = list(&api, &writer.conversation).await;
            let lost = writer
                .acknowledged
                .iter()
                .find(|number| !listed.contains(number));
            assert_eq!(lost, None, "acknowledged and not stored");
            stored += listed.len();
            acknowledged += writer.acknowledged.len();
            for number in listed {
                while !is_told(&told, &writer.conversation, number) {
                    assert!(begun.elapsed() < AT_ONCE, "round {round}: {number} waits");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }
    server.stop();
    say(&format!(
        "aborts: {stored} messages stored, {acknowledged} of them acknowledged, all were delivered"
    ));
    assert!(
        acknowledged > 0 && stored > acknowledged,
        "{acknowledged} of {stored}"
    );
}
