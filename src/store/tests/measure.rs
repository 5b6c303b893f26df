//! Figures, on demand: `cargo test --lib store::tests::measure -- --ignored --nocapture`.

use super::*;
use crate::kernel::clock::Stopwatch;

const WRITERS: usize = 64;
const WRITES_EACH: usize = 500;
const READS: u32 = 200_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures, proves nothing"]
async fn measure() {
    let directory = TempDir::new_in(std::env::var("MEASURE_IN").unwrap_or("/tmp".into())).unwrap();
    let store = open(&directory);
    let watch = Stopwatch::start();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut times = Vec::with_capacity(WRITES_EACH);
                for number in 0..WRITES_EACH {
                    let watch = Stopwatch::start();
                    store
                        .write(move |connection| {
                            connection
                                .prepare_cached(
                                    "INSERT INTO item (name, body) VALUES (?1, zeroblob(300))",
                                )?
                                .execute([format!("{writer}-{number}")])?;
                            Ok(())
                        })
                        .await
                        .unwrap();
                    times.push(watch.elapsed());
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for writer in writers {
        times.extend(writer.await.unwrap());
    }
    let elapsed = watch.elapsed();
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!(
        "{:.0} writes/s, p50 {:?}, p99 {:?}, p99.9 {:?}, max {:?}; {:.1} jobs per commit",
        times.len() as f64 / elapsed.as_secs_f64(),
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0),
        metric(&store, "store_batch_size_sum") / metric(&store, "store_batch_size_count"),
    );
    let watch = Stopwatch::start();
    for number in 0..READS {
        store
            .read(|connection| {
                let mut statement =
                    connection.prepare_cached("SELECT name FROM item WHERE seq = ?1")?;
                Ok(statement.query_row([number % 30_000 + 1], |row| row.get::<_, String>(0))?)
            })
            .unwrap();
    }
    println!("{:?} per point read", watch.elapsed() / READS);
}
