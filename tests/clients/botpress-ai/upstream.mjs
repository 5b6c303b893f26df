// A stand-in for a model server with OpenAI's API. It answers by what the last message says.

import { createServer } from "node:http";

const read = async (request) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
};

/** The deltas of an answer to a chat completion. */
function answer({ messages, tools }) {
  const last = messages.at(-1);
  const text = typeof last.content === "string" ? last.content : "";
  if (last.role === "tool") return [{ content: `The result is ${text}.` }];
  if (tools) {
    const call = { index: 0, id: "call_1", function: { name: tools[0].function.name, arguments: "" } };
    return [
      { tool_calls: [call] },
      { tool_calls: [{ index: 0, function: { arguments: '{"city":"Bern"}' } }] },
    ];
  }
  // zai's questions.
  if (text.includes("is the following condition true or false")) {
    return [{ content: "Analysis: it ends with a question mark.\nFinal Answer: ■TRUE■\n" }, { content: "■END■" }];
  }
  return [{ content: "You said: " }, { content: text }];
}

export async function startUpstream() {
  const asked = [];
  const failures = [];
  const server = createServer(async (request, response) => {
    const body = await read(request);
    const failure = failures.shift();
    if (request.url === "/v1/audio/transcriptions") {
      response.end(JSON.stringify({ text: "Good morning.", duration: 1.5 }));
      return;
    }
    const question = JSON.parse(body);
    asked.push(question);
    if (failure) {
      response.writeHead(failure).end(JSON.stringify({ error: { message: `failure ${failure}` } }));
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    const send = (event) => response.write(`data: ${JSON.stringify(event)}\n\n`);
    for (const delta of answer(question)) send({ choices: [{ index: 0, delta }] });
    send({ choices: [{ index: 0, delta: {}, finish_reason: question.tools ? "tool_calls" : "stop" }] });
    send({ choices: [], usage: { prompt_tokens: 12, completion_tokens: 3 } });
    response.end("data: [DONE]\n\n");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/v1`,
    asked,
    /** Answers the next requests with these statuses. */
    fail: (...statuses) => failures.push(...statuses),
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}
