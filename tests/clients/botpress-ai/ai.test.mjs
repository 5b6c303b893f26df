// The official clients, unmodified, with a model server that answers.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client } from "@botpress/client";
import { Cognitive, CognitiveBeta } from "@botpress/cognitive";
import { Zai } from "@botpress/zai";

import { startProgram } from "../../program.mjs";
import { startUpstream } from "./upstream.mjs";

const TOKEN = "bp_pat_ai_clients";
const WORKSPACE = "11111111-1111-1111-aaaa-111111111111";

let upstream;
let server;
let client;
let model;

before(async () => {
  upstream = await startUpstream();
  server = await startProgram({
    PARLANCE_BOOTSTRAP__BOTPRESS_PAT: TOKEN,
    PARLANCE_ANSWERS__UPSTREAM__URL: upstream.url,
    PARLANCE_ANSWERS__UPSTREAM__MODEL: "small-model",
    PARLANCE_AI__MODELS: '["best=large-model"]',
    PARLANCE_AI__TRANSCRIPTION_MODEL: "whisper",
  });
  const admin = new Client({ apiUrl: server.url, token: TOKEN, workspaceId: WORKSPACE });
  const { bot } = await admin.createBot({});
  const { integration } = await admin.getPublicIntegration({ name: "local-llm", version: "latest" });
  await admin.updateBot({
    id: bot.id,
    integrations: { "local-llm": { integrationId: integration.id, enabled: true, configuration: {} } },
  });
  for (let status = ""; status !== "registered"; ) {
    status = (await admin.getBot({ id: bot.id })).bot.integrations["local-llm"].status;
  }
  client = new Client({ apiUrl: server.url, token: TOKEN, botId: bot.id });
  model = new CognitiveBeta({ apiUrl: server.url, token: TOKEN, botId: bot.id });
});
after(async () => {
  await server.stop();
  await upstream.stop();
});

const hello = { messages: [{ role: "user", content: "Hello" }] };

test("a text is generated", async () => {
  const answer = await model.generateText({ ...hello, model: "best", temperature: 0.1 });
  assert.equal(answer.output, "You said: Hello");
  assert.equal(answer.metadata.model, "local:large-model");
  assert.equal(answer.metadata.stopReason, "stop");
  assert.deepEqual(answer.metadata.usage, { inputTokens: 12, inputCost: 0, outputTokens: 3, outputCost: 0 });
  assert.equal(upstream.asked.at(-1).model, "large-model");
});

test("a stream ends with metadata", async () => {
  const chunks = [];
  for await (const chunk of model.generateTextStream(hello)) chunks.push(chunk);
  assert.deepEqual(chunks.map((chunk) => chunk.output).filter(Boolean), ["You said: ", "Hello"]);
  const last = chunks.at(-1);
  assert.ok(last.finished && last.metadata.usage.outputTokens === 3);
});

test("tools are called, and their results are read", async () => {
  const tools = [{ name: "weather", description: "Weather of a city", parameters: { type: "object" } }];
  const answer = await model.generateText({ ...hello, tools, toolControl: { mode: "required" } });
  assert.equal(answer.metadata.stopReason, "tool_calls");
  assert.deepEqual(answer.toolCalls, [{ id: "call_1", name: "weather", input: { city: "Bern" } }]);
  const [call] = answer.toolCalls;
  const toolCalls = [{ id: call.id, type: "function", function: { name: call.name, arguments: call.input } }];
  const messages = [
    ...hello.messages,
    { role: "assistant", type: "tool_calls", content: null, toolCalls },
    { role: "user", type: "tool_result", toolResultCallId: call.id, content: "sunny" },
  ];
  assert.equal((await model.generateText({ messages })).output, "The result is sunny.");
});

test("models are listed, and audio is transcribed", async () => {
  const models = await model.listModels();
  assert.deepEqual(models.map((one) => one.id), ["local:small-model", "local:whisper", "local:large-model"]);
  const heard = await model.transcribeAudio({ url: "data:audio/wav;base64,UklGRg==" });
  assert.equal(heard.output, "Good morning.");
  assert.equal(heard.metadata.durationSeconds, 1.5);
});

test("a failure that may pass is repeated, and a refusal is not", async () => {
  upstream.fail(503, 500);
  const before = upstream.asked.length;
  assert.equal((await model.generateText(hello)).output, "You said: Hello");
  assert.equal(upstream.asked.length - before, 3);
  upstream.fail(400);
  await assert.rejects(model.generateText(hello), (error) => {
    assert.equal(error.response.status, 400);
    assert.match(error.response.data.message, /failure 400/);
    return true;
  });
  assert.equal(upstream.asked.length - before, 4);
});

test("the client for several providers uses it", async () => {
  const cognitive = new Cognitive({ client, __experimental_beta: true });
  const { output } = await cognitive.generateContent({ ...hello, model: "auto", systemPrompt: "Be brief." });
  assert.equal(output.choices[0].content, "You said: Hello");
  assert.deepEqual(upstream.asked.at(-1).messages[0], { role: "system", content: "Be brief." });
});

test("the older way calls an action of local-llm", async () => {
  const type = "local-llm:generateContent";
  const { output } = await client.callAction({ type, input: hello });
  assert.equal(output.choices[0].content, "You said: Hello");
  const listed = await client.callAction({ type: "local-llm:listLanguageModels", input: {} });
  assert.equal(listed.output.models[0].id, "local:small-model");
});

test("zai checks a condition", async () => {
  const zai = new Zai({ client: new Cognitive({ client, __experimental_beta: true }), modelId: "auto" });
  assert.equal(await zai.check("Is it raining?", "is a question"), true);
});
