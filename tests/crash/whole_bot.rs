//! SIGKILL in the middle of a bot in the embedded engine that works in workflows on a table, on files and with a model:
//! each workflow that was created completes, with one row, one file and one answer.

#![expect(
    clippy::disallowed_methods,
    reason = "a real process is killed at a real moment"
)]

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use poem::{EndpointExt, Request, Response, Server, endpoint::make, listener::TcpAcceptor};
use rand::{SeedableRng, rngs::StdRng};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    conversation::{Api, PAT},
    database,
    kill::seed,
    process::Home,
    say,
    workflow::{Kills, count, wait_for_none},
};

const KILLS: Kills = Kills {
    number: 6,
    clients: 2,
    pause: Duration::from_millis(40),
    life_ms: 200..1_500,
};

/// A bot that does in each round of a workflow its next step, and each step so that it may be repeated. It writes down
/// each round that it begins.
const BOT: &str = concat!(
    include_str!("../bot_api.js"),
    r"
    exports.handler = async ({ headers, body }) => {
        const { event } = JSON.parse(body)
        const api = apiOf(headers)
        const { workflow } = event.payload
        const update = (body) => api('PUT', '/v1/chat/workflows/' + workflow.id, body)
        if (workflow.status === 'pending') await update({ status: 'in_progress', eventId: event.id })
        await api('POST', '/v1/tables/roundsTable/rows', { rows: [{ event: event.id }] })
        const step = Number(workflow.tags.step ?? 0)
        if (step === 0) {
            const { output } = await api('POST', '/v2/cognitive/generate-text', {
                messages: [{ role: 'user', content: workflow.id }],
                options: { requestId: workflow.id },
            })
            const row = { job: workflow.id, answer: output }
            await api('POST', '/v1/tables/jobsTable/rows/upsert', { keyColumn: 'job', rows: [row] })
            return update({ tags: { step: '1' } })
        }
        if (step === 1) {
            const filter = { job: workflow.id }
            const { rows } = await api('POST', '/v1/tables/jobsTable/rows/find', { filter })
            const bytes = rows[0].answer
            const { file } = await api('PUT', '/v1/files', { key: workflow.id + '.txt', size: bytes.length, index: true })
            const sent = await fetch(file.uploadUrl, { method: 'PUT', body: bytes })
            if (sent.status !== 200) throw new Error(await sent.text())
            return update({ tags: { step: '2' } })
        }
        return update({ status: 'completed', output: { job: workflow.id } })
    }"
);

/// A model server that answers each question with its own words.
async fn model(asked: Arc<AtomicUsize>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let endpoint = make(move |mut request: Request| {
        let asked = Arc::clone(&asked);
        async move {
            let body = request.take_body().into_vec().await.expect("a body");
            let body: Value = serde_json::from_slice(&body).expect("JSON");
            asked.fetch_add(1, Relaxed);
            let question = body.pointer("/messages/0/content").expect("a question");
            let text = format!("answer to {}", question.as_str().expect("a text"));
            let chunk = json!({"choices": [{"delta": {"content": text}, "finish_reason": "stop"}]});
            tokio::time::sleep(Duration::from_millis(5)).await;
            let response = Response::builder().content_type("text/event-stream");
            Ok::<_, poem::Error>(response.body(format!("data: {chunk}\n\ndata: [DONE]\n\n")))
        }
    });
    let acceptor = TcpAcceptor::from_tokio(listener).expect("an acceptor");
    tokio::spawn(Server::new_with_acceptor(acceptor).run(endpoint.boxed()));
    url
}

/// Deploys the bot with its tables.
async fn deploy(api: &Api) -> Api {
    let body = json!({"name": "whole", "code": BOT});
    let made = api.call(Method::POST, "/v1/admin/bots", &body).await;
    let made = made.expect("an answer");
    let bot = api.as_bot(made["bot"]["id"].as_str().expect("an id"));
    let text = json!({"type": "string"});
    for body in [
        json!({"name": "jobsTable", "keyColumn": "job", "schema": {"job": text, "answer": text}}),
        json!({"name": "roundsTable", "schema": {"event": text}}),
    ] {
        let made = bot.call(Method::POST, "/v1/tables", &body).await;
        made.expect("a table");
    }
    bot
}

const OPEN: &str = "SELECT count(*) FROM workflows WHERE status NOT IN ('completed', 'failed')";
/// Files that wait for their passages, and bytes and passages that no file has.
const REST: &str = "
    SELECT (SELECT count(*) FROM files WHERE status = 'indexing_pending')
         + (SELECT count(*) FROM blobs) - (SELECT count(*) FROM files)
         + (SELECT count(*) FROM file_passage_sets WHERE complete = 0 OR doomed = 1)";
const FILES: &str = "
    SELECT key, coalesce(failure, status), bytes FROM files JOIN blob_chunks ON blob_chunks.blob_seq = files.blob_seq";

/// The rows of a query of two texts and bytes.
fn rows(file: &rusqlite::Connection, sql: &str) -> Vec<(String, String, String)> {
    let mut statement = file.prepare(sql).expect("SQL");
    let rows = statement.query_map([], |row| {
        let bytes: Vec<u8> = row.get(2)?;
        Ok((
            row.get(0)?,
            row.get(1)?,
            String::from_utf8_lossy(&bytes).into_owned(),
        ))
    });
    let rows = rows.expect("rows").collect::<rusqlite::Result<_>>();
    rows.expect("rows")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_with_workflows_tables_files_and_a_model_resumes() {
    let mut rng = StdRng::seed_from_u64(seed("whole bot"));
    let asked = Arc::<AtomicUsize>::default();
    let home = Home::new()
        .with("PARLANCE_BOOTSTRAP__BOTPRESS_PAT", PAT)
        .with("PARLANCE_BOTS__WORKFLOW_PAUSE_SECONDS", "0")
        .with(
            "PARLANCE_ANSWERS__UPSTREAM__URL",
            &model(Arc::clone(&asked)).await,
        );
    let server = home.serve();
    let api = deploy(&Api::new(&server.url)).await;
    let (server, acknowledged) = KILLS.run(&mut rng, &home, server, &api).await;
    wait_for_none(&home, [OPEN, REST]).await;
    server.stop();
    let file = database::open(&home.database());
    database::assert_sound(&file);
    let ended = rows(
        &file,
        "SELECT id, status, CAST(coalesce(failure_reason, '') AS BLOB) FROM workflows",
    );
    let ended: HashMap<_, _> = ended
        .into_iter()
        .map(|(id, status, reason)| (id, (status, reason)))
        .collect();
    for id in &acknowledged {
        assert_eq!(
            ended.get(id),
            Some(&("completed".to_owned(), String::new())),
            "{id}"
        );
    }
    assert_eq!(count(&home, OPEN), 0, "some are not completed");
    // One row and one file of each, each with the answer to it.
    let written = rows(
        &file,
        "SELECT data ->> '1', data ->> '2', x'' FROM bot_table_rows JOIN bot_tables ON bot_tables.seq = bot_table_rows.seq >> 31
         WHERE name = 'jobsTable'",
    );
    assert_eq!(written.len(), ended.len());
    for (job, answer, _) in &written {
        assert!(ended.contains_key(job), "{job}");
        assert_eq!(answer, &format!("answer to {job}"));
    }
    let files = rows(&file, FILES);
    assert_eq!(files.len(), ended.len());
    for (key, status, bytes) in &files {
        // A file at which the server ended three times is not read again.
        let is_over = [
            "indexing_completed",
            "the server ended while it read the file",
        ];
        assert!(is_over.contains(&status.as_str()), "{key}: {status}");
        assert_eq!(format!("{bytes}.txt"), format!("answer to {key}"));
    }
    assert_eq!(count(&home, REST), 0);
    // Only a kill has a round told again, and each kill at most once.
    let again =
        "SELECT coalesce(max(times), 0) FROM (SELECT count(*) - 1 AS times FROM bot_table_rows
        JOIN bot_tables ON bot_tables.seq = bot_table_rows.seq >> 31
        WHERE name = 'roundsTable' GROUP BY data ->> '1')";
    assert!(usize::try_from(count(&home, again)).expect("a count") <= KILLS.number);
    say(&format!(
        "whole bot: {} kills, {} workflows acknowledged, {} questions to the model",
        KILLS.number,
        acknowledged.len(),
        asked.load(Relaxed)
    ));
    assert!(!acknowledged.is_empty());
}
