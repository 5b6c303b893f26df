//! `cargo bench --bench folders`: how fast a folder of 100,000 documents of 2 kB is indexed and
//! searched, within the server's own process and through its HTTP. It measures, writes a report to
//! standard output, and ends by itself. `FOLDER_DOCUMENTS=10000` makes it smaller.

use std::{
    env, fs,
    io::{self, Write},
    path::Path,
    time::Duration,
};

use parlance::{
    config::Config,
    domain::retrieval::folders::{self, FolderSettings},
    kernel::{Clock, Secret, clock::Stopwatch},
    server::Server,
};
use serde_json::json;

const TOKEN: &str = "bench-token";
const BYTES: usize = 2000;
const WORDS: u64 = 50_000;
const SEARCHES: usize = 2000;
const CONNECTIONS: usize = 4;

/// A small generator of pseudo-random numbers: every run sees the same documents.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A word of a vocabulary in which, as in a language, few words are most of a text.
    fn word(&mut self) -> String {
        let even = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        let rank = (WORDS as f64).powf(even) as u64;
        let mut word = String::new();
        let mut rest = rank + 30;
        while rest > 0 {
            word.push(char::from(b'a' + (rest % 26) as u8));
            word.push(char::from(b"aeiou"[(rest % 5) as usize]));
            rest /= 26;
        }
        word
    }

    fn sentence(&mut self, words: usize) -> String {
        let words: Vec<String> = (0..words).map(|_| self.word()).collect();
        words.join(" ")
    }
}

fn write_documents(folder: &Path, count: usize) -> io::Result<()> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for number in 0..count {
        let directory = folder.join(format!("{:03}", number / 1000));
        fs::create_dir_all(&directory)?;
        let mut text = format!("# {}\n\n", random.sentence(4));
        while text.len() < BYTES {
            text.push_str(&random.sentence(12));
            text.push_str(".\n");
        }
        fs::write(directory.join(format!("{number}.md")), text)?;
    }
    Ok(())
}

fn percentile(sorted: &[Duration], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let index = (last as f64 * share).round() as usize;
    sorted
        .get(index)
        .map_or(0.0, |time| time.as_secs_f64() * 1000.0)
}

async fn measure(count: usize) -> Result<(), Box<dyn std::error::Error>> {
    let mut out = io::stdout().lock();
    let directory = tempfile::tempdir()?;
    let documents = directory.path().join("documents");
    write_documents(&documents, count)?;
    let mut config = Config::default();
    config.server.listen = "127.0.0.1:0".parse()?;
    config.store.path = directory.path().join("bench.db");
    config.connectors.folder = vec![FolderSettings {
        name: "bench".to_owned(),
        path: documents,
        token: Some(Secret::new(TOKEN)),
    }];
    let start = Stopwatch::start();
    let server = Server::start(&config, Clock::system()).await?;
    // The server indexes by itself; this waits for it, and then compares once more.
    let mut scanned = server.app().folders().get("bench")?.subscribe_to_scans();
    scanned.wait_for(Option::is_some).await?;
    let indexed = start.elapsed();
    let again = Stopwatch::start();
    let files = folders::scan(server.app(), "bench").await?.files;
    writeln!(out, "documents                {files}")?;
    writeln!(
        out,
        "indexed in               {:.1} s (target 120 s)",
        indexed.as_secs_f64()
    )?;
    writeln!(
        out,
        "compared again in        {:.2} s",
        again.elapsed().as_secs_f64()
    )?;
    let size = fs::metadata(&config.store.path)?.len();
    writeln!(out, "database                 {:.0} MB", size as f64 / 1e6)?;
    let url = format!("{}/folders/bench/search", server.url());
    let searching = (0..CONNECTIONS).map(|connection| {
        let url = url.clone();
        tokio::spawn(async move {
            let client = reqwest::Client::new();
            let mut random = Random(77 + connection as u64);
            let mut times = Vec::new();
            for _ in 0..SEARCHES / CONNECTIONS {
                let length = 2 + (random.next() % 9) as usize;
                let query = json!({"query": random.sentence(length)});
                let start = Stopwatch::start();
                let answer = client
                    .post(&url)
                    .bearer_auth(TOKEN)
                    .json(&query)
                    .send()
                    .await?;
                answer.error_for_status()?.bytes().await?;
                times.push(start.elapsed());
            }
            Ok::<_, reqwest::Error>(times)
        })
    });
    let mut times = Vec::new();
    for connection in searching.collect::<Vec<_>>() {
        times.extend(connection.await??);
    }
    times.sort();
    let milliseconds = [0.5, 0.9, 0.99, 1.0].map(|share| percentile(&times, share));
    let [p50, p90, p99, max] = milliseconds;
    writeln!(
        out,
        "searches                 {} at {CONNECTIONS} connections",
        times.len()
    )?;
    writeln!(
        out,
        "p50 / p90 / p99 / max    {p50:.1} / {p90:.1} / {p99:.1} / {max:.1} ms (target p99 50 ms)"
    )?;
    server.stop().await;
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let count = env::var("FOLDER_DOCUMENTS").ok();
    let count = count.map_or(Ok(100_000), |count| count.parse())?;
    // Only fails if a TLS library was named before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokio::runtime::Runtime::new()?.block_on(measure(count))
}
