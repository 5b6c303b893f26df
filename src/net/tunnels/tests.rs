use super::*;

const ID: &str = "9b2f6f0e-41a5-4f0e-8a52-6fd4ffb1b1a1";

fn tunnels(settings: &Settings) -> Tunnels {
    let tunnels = Tunnels::new(settings, true);
    tunnels.add_own_url("http://127.0.0.1:4600");
    tunnels.reserve_ids(["inbox".to_owned()].into());
    tunnels
}

fn asked(path: &str) -> Request {
    Request {
        method: "POST".to_owned(),
        path: path.to_owned(),
        query: String::new(),
        headers: [("x-a".to_owned(), "1".to_owned())].into(),
        body: "{}".to_owned(),
    }
}

/// Waits for the next request and returns its id.
async fn next_request(session: &mut Session) -> String {
    let Outgoing::Frame(frame) = session.next_outgoing().await else {
        panic!("a frame");
    };
    let frame: serde_json::Value = serde_json::from_str(&frame).expect("JSON");
    frame["id"].as_str().expect("an id").to_owned()
}

fn answer_to(id: &str, status: u16) -> String {
    format!(r#"{{"type":"response","requestId":"{id}","status":{status}}}"#)
}

async fn ask(tunnels: Tunnels) -> Result<u16, TunnelError> {
    let request = asked("/");
    let answer = tunnels.send_request(ID, &request, Duration::from_secs(10));
    answer.await.map(|response| response.status)
}

#[tokio::test]
async fn a_newer_client_takes_over_and_an_older_one_still_answers_what_it_was_asked() {
    let tunnels = tunnels(&Settings::default());
    let mut old = tunnels.open(ID, None).expect("opened");
    let first = tokio::spawn(ask(tunnels.clone()));
    let id = next_request(&mut old).await;
    let mut new = tunnels.open(ID, None).expect("opened");
    let second = tokio::spawn(ask(tunnels.clone()));
    let other = next_request(&mut new).await;
    assert_eq!(old.receiver().receive(&answer_to(&id, 201)), Ok(()));
    assert_eq!(new.receiver().receive(&answer_to(&other, 202)), Ok(()));
    assert_eq!(first.await.expect("no panic"), Ok(201));
    assert_eq!(second.await.expect("no panic"), Ok(202));
    // The older client receives requests again when the newer one ends first.
    drop(new);
    let third = tokio::spawn(ask(tunnels.clone()));
    let id = next_request(&mut old).await;
    assert_eq!(old.receiver().receive(&answer_to(&id, 203)), Ok(()));
    assert_eq!(third.await.expect("no panic"), Ok(203));
    drop(old);
    assert_eq!(ask(tunnels.clone()).await, Err(TunnelError::NotConnected));
    let stats = tunnels.stats();
    assert_eq!((stats.open, stats.connections), (0, 2));
    assert_eq!(stats.requests, [3, 1, 0, 0, 0]);
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_no_one_waiting() {
    let tunnels = tunnels(&Settings::default());
    let mut session = tunnels.open(ID, None).expect("opened");
    let waits = tokio::spawn(ask(tunnels.clone()));
    next_request(&mut session).await;
    drop(session);
    assert_eq!(waits.await.expect("no panic"), Err(TunnelError::Lost));
}

#[tokio::test]
async fn what_waits_is_bounded_and_given_up_in_time() {
    let settings = Settings {
        max_requests: 1,
        max_tunnels: 1,
        ..Settings::default()
    };
    let tunnels = tunnels(&settings);
    let mut session = tunnels.open(ID, None).expect("opened");
    assert_eq!(tunnels.open("other", None).err(), Some(ConnectError::Full));
    let waits = tokio::spawn(ask(tunnels.clone()));
    let id = next_request(&mut session).await;
    assert_eq!(ask(tunnels.clone()).await, Err(TunnelError::Busy));
    session
        .receiver()
        .receive(&answer_to(&id, 200))
        .expect("taken");
    assert_eq!(waits.await.expect("no panic"), Ok(200));
    let short = Duration::from_millis(1);
    let request = asked("/");
    let late = tunnels.send_request(ID, &request, short).await;
    assert_eq!(late, Err(TunnelError::TimedOut(short)));
    // A late response is dropped, and its request no longer counts as pending.
    let id = next_request(&mut session).await;
    assert_eq!(session.receiver().receive(&answer_to(&id, 200)), Ok(()));
    assert!(session.has_no_pending());
}

#[tokio::test]
async fn only_so_many_clients_have_one_tunnel() {
    let tunnels = tunnels(&Settings::default());
    let open = || tunnels.open(ID, None).expect("opened");
    let mut first = open();
    let _others = [open(), open(), open(), open()];
    assert_eq!(
        first.next_outgoing().await,
        Outgoing::Close(CloseReason::CONFLICT)
    );
}

#[tokio::test]
async fn the_server_stops() {
    let tunnels = tunnels(&Settings::default());
    let mut session = tunnels.open(ID, None).expect("opened");
    tunnels.stop();
    assert_eq!(
        session.next_outgoing().await,
        Outgoing::Close(CloseReason::STOPPING)
    );
    assert_eq!(tunnels.open(ID, None).err(), Some(ConnectError::Stopping));
}

#[test]
fn a_url_of_this_server_is_a_tunnel_if_its_id_may_be_one() {
    let tunnels = tunnels(&Settings::default());
    let target = |url: &str| {
        let found = tunnels.find_target(url);
        found.map(|target| format!("{} {} {}", target.id, target.path, target.query))
    };
    let found = |path: &str, query: &str| Some(format!("{ID} {path} {query}"));
    assert_eq!(
        target(&format!("http://127.0.0.1:4600/{ID}")),
        found("/", "")
    );
    assert_eq!(
        target(&format!("http://127.0.0.1:4600/{ID}/a/b?c=d")),
        found("/a/b", "c=d")
    );
    assert_eq!(
        target(&format!("http://localhost:4600/{ID}/")),
        found("/", "")
    );
    assert_eq!(target(&format!("http://localhost:4601/{ID}")), None);
    let outside = format!("https://parlance.example.com/{ID}");
    assert_eq!(target(&outside), None);
    for url in [
        "http://127.0.0.1:4600/",
        "http://127.0.0.1:4600/inbox/x",
        "http://127.0.0.1:4600/some-bot/x",
    ] {
        assert_eq!(target(url), None, "{url}");
    }
    // A client tells the host by which it knows this server, and an id that was open stays a tunnel.
    drop(tunnels.open(ID, Some("parlance.example.com")));
    assert_eq!(target(&outside), found("/", ""));
    let other = outside.replace('9', "8");
    assert_eq!(target(&other), None, "nobody has opened it there");
    drop(tunnels.open("some-bot", None));
    assert!(target("http://127.0.0.1:4600/some-bot/x").is_some());
    assert_eq!(target("http://127.0.0.1:4600/other-bot/x"), None);
    assert_eq!(
        tunnels.open("inbox", None).err(),
        Some(ConnectError::InvalidId)
    );
    let off = Tunnels::new(&Settings::default(), false);
    off.add_own_url("http://127.0.0.1:4600");
    assert_eq!(
        off.find_target(&format!("http://127.0.0.1:4600/{ID}")),
        None
    );
}
