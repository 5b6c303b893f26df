//! A bot in the embedded engine that asks a model.

use parlance::domain::bots::manage::NewBot;
use serde_json::json;

use super::with_model;
use crate::{
    botpress::given::{Caller, make_bot},
    cohere::model::Speech,
    support::WORKSPACE,
};

/// Reads a stream of lines as the vendor's client does, and returns its texts and its last line.
const CODE: &str = r#"
async function* chunks(body) {
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      if (value) yield value
    }
  } finally {
    reader.releaseLock()
  }
}
async function* lines(body) {
  const decoder = new TextDecoder('utf-8')
  let rest = ''
  for await (const chunk of chunks(body)) {
    rest += decoder.decode(chunk, { stream: true })
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      yield JSON.parse(rest.slice(0, end))
      rest = rest.slice(end + 1)
    }
  }
  rest += decoder.decode()
  if (rest.trim()) yield JSON.parse(rest)
}
exports.handler = async (request) => {
  const headers = {
    authorization: `Bearer ${process.env.BP_TOKEN}`,
    'X-Bot-Id': request.headers['x-bot-id'],
    'content-type': 'application/json',
  }
  const response = await fetch(`${process.env.BP_API_URL}/v2/cognitive/generate-text-stream`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ messages: [{ role: 'user', content: 'Hello' }], stream: true }),
    signal: AbortSignal.timeout(60001),
  })
  const texts = []
  let last
  for await (const line of lines(response.body)) {
    if (line.output) texts.push(line.output)
    last = line
  }
  return {
    status: 200,
    body: JSON.stringify({ output: { texts, stopReason: last.metadata.stopReason } }),
  }
}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn generate_text_stream_is_read_by_a_bot_in_the_engine() {
    let (given, _) = with_model(Speech::Says(vec!["Grüß ", "dich 😀", "!"]), |config| {
        config.runtime.engine = parlance::engine::EngineChoice::Embedded;
    })
    .await;
    let server = &given.server;
    let bot = make_bot(server, WORKSPACE, NewBot::default()).await;
    let caller = Caller::person().header("x-bot-id", bot.id.as_str());
    let action = json!({"title": "Ask", "input": {"schema": {"type": "object"}}, "output": {"schema": {"type": "object"}}});
    let path = format!("/v1/admin/bots/{}", bot.id);
    let body = json!({"code": CODE, "actions": {"ask": action}});
    Caller::member().put(server, &path, body).await.expect(200);
    let body = json!({"type": "ask", "input": {}});
    let answer = caller
        .post(server, "/v1/chat/actions", body)
        .await
        .expect(200);
    assert_eq!(
        answer.json()["output"],
        json!({"texts": ["Grüß ", "dich 😀", "!"], "stopReason": "stop"})
    );
}
