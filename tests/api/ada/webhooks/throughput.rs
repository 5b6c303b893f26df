//! Deliveries a second: `cargo test --test api throughput -- --ignored --nocapture`.

use std::time::Duration;

use parlance::kernel::clock::Stopwatch;

use super::{agent, create, receiver::Receiver, settled, start};
use parlance::domain::{
    audit::Actor,
    webhooks::{self, Event},
};
use serde_json::json;

const MESSAGES: usize = 20_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn deliveries_a_second_to_a_loopback_receiver() {
    let server = start().await;
    let receiver = Receiver::start().await;
    create(&server, receiver.url()).await;
    let agent = agent(&server);
    let emitted = server
        .server()
        .domain()
        .change_as(Actor::System, move |change| {
            for index in 0..MESSAGES {
                let event = Event {
                    event_type: "v1.end_user.updated",
                    data: json!({"end_user_id": "66f0c0ffee0000000000b001", "index": index}),
                    tags: vec!["66f0c0ffee0000000000b001".to_owned()],
                };
                webhooks::emit(change, &agent, &event)?;
            }
            Ok(())
        });
    emitted.await.expect("they are emitted");
    let watch = Stopwatch::start();
    settled(&server).await;
    let took = watch.elapsed();
    assert_eq!(receiver.count(), MESSAGES);
    let rate = MESSAGES as f64 / took.as_secs_f64();
    println!("{rate:.0} deliveries/s ({MESSAGES} in {took:?})");
    assert!(took < Duration::from_secs(60));
}
