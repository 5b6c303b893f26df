// Version 1.0 of the chat: WebSockets, message streams and the webhook. The registry has no client of this version, so
// the WebSocket is that of Node.js, with the address and the signals that the client uses; 0.7.6 stays for bots that
// have it.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { start } from "./server.mjs";

const chat = createRequire(import.meta.url)("@botpress/chat");

let server;
let current;

before(async () => {
  server = await start({ PARLANCE_WEBCHAT__HEARTBEAT_SECONDS: "1" });
  current = await server.bot();
});
after(() => server.stop());

/** A WebSocket as the client opens it; the signals are read one by one. */
async function listen(bot, conversationId, userKey) {
  const address = bot.apiUrl.replace(/^http/, "ws");
  const socket = new WebSocket(`${address}/conversations/${conversationId}/listen?x-user-key=${encodeURIComponent(userKey)}`);
  const heard = [];
  let wake = () => {};
  socket.onmessage = ({ data }) => {
    heard.push(data === "ping" ? { type: "ping" } : JSON.parse(data));
    wake();
  };
  const closed = new Promise((resolve) => (socket.onclose = resolve));
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error("the handshake is refused"));
  });
  return {
    socket,
    closed,
    /** The next signal that is wanted; the others before it are dropped. */
    async next(wanted = ({ type }) => type !== "ping") {
      const end = Date.now() + 20_000;
      for (;;) {
        while (heard.length > 0) {
          const signal = heard.shift();
          if (wanted(signal)) return signal;
        }
        assert.ok(Date.now() < end, "no such signal came");
        await new Promise((resolve) => {
          wake = resolve;
          setTimeout(resolve, 1_000);
        });
      }
    },
    async close() {
      socket.close();
      await closed;
    },
  };
}

const ofBot = ({ type, data }) => type === "message_created" && data.isBot;

test("a WebSocket hears what the official client hears", async () => {
  const client = await chat.Client.connect({ apiUrl: current.apiUrl, userId: "ann" });
  const { conversation } = await client.createConversation({ id: "support/ann" });
  const conversationId = conversation.id;
  const listener = await client.listenConversation({ id: conversationId });
  const heard = new Promise((resolve) => {
    listener.onceOrMore("message_created", (message) => {
      if (!message.isBot) return "keep-listening";
      resolve(message);
      return "stop-listening";
    });
  });
  const socket = await listen(current, conversationId, client.user.key);
  const { message } = await client.createMessage({ conversationId, payload: { type: "text", text: "héllo" } });
  const own = await socket.next();
  assert.deepEqual(own, { type: "message_created", data: { ...message, isBot: false } });
  const answer = await socket.next();
  assert.deepEqual(answer, { type: "message_created", data: await heard });
  assert.equal((await socket.next(() => true)).type, "ping");
  await socket.close();
  await listener.disconnect();
  listener.cleanup();
});

test("a WebSocket is refused without the right, and ends with it", async () => {
  const client = new chat.Client({ apiUrl: current.apiUrl });
  const [one, two] = await Promise.all([1, 2].map(() => client.createUser({})));
  const { conversation } = await client.createConversation({ "x-user-key": one.key });
  await assert.rejects(listen(current, conversation.id, two.key));
  await assert.rejects(listen(current, conversation.id, "wrong"));
  const as = { "x-user-key": one.key, conversationId: conversation.id };
  await client.addParticipant({ ...as, userId: two.user.id });
  const socket = await listen(current, conversation.id, two.key);
  await client.removeParticipant({ ...as, userId: two.user.id });
  assert.equal((await socket.closed).code, 1001);
});

test("a message is shown while the bot writes it", async () => {
  const client = await chat.Client.connect({ apiUrl: current.apiUrl });
  const { conversation } = await client.createConversation({});
  const conversationId = conversation.id;
  const socket = await listen(current, conversationId, client.user.key);
  await client.createMessage({ conversationId, payload: { type: "text", text: "stream" } });
  const seen = [];
  for (let aborted = false; !aborted || seen.length < 6;) {
    const signal = await socket.next();
    seen.push(signal);
    aborted ||= signal.type === "message_stream_abort";
  }
  const deltas = seen.filter(({ type }) => type === "message_stream_delta").map(({ data }) => data);
  assert.deepEqual(deltas.map(({ sequence, delta }) => [sequence, delta]), [[0, "good "], [1, "day"]]);
  assert.deepEqual([deltas[0].streamId, deltas[0].userId, deltas[0].clientMessageId], ["s1", current.id, "m1"]);
  const types = seen.map(({ type }) => type);
  const complete = types.indexOf("message_stream_complete");
  assert.equal(types[complete + 1], "message_created");
  const { isBot, ...created } = seen[complete + 1].data;
  assert.equal(isBot, true);
  assert.deepEqual(seen[complete].data, { streamId: "s1", message: created });
  assert.deepEqual(created.metadata, { streamId: "s1" });
  const { data } = seen.find(({ type }) => type === "message_stream_abort");
  assert.deepEqual(data, { streamId: "s2", conversationId });
  await socket.close();
});

test("signals come to the webhook", async () => {
  const posted = [];
  let wake = () => {};
  const receiver = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    posted.push({ secret: request.headers["x-secret-key"], ...JSON.parse(text) });
    response.end();
    wake();
  });
  await new Promise((listening) => receiver.listen(0, "127.0.0.1", listening));
  const webhookUrl = `http://127.0.0.1:${receiver.address().port}`;
  const bot = await server.bot({ webhookUrl, webhookSecret: "hush" });
  const client = await chat.Client.connect({ apiUrl: bot.apiUrl });
  const { conversation } = await client.createConversation({});
  await client.createMessage({ conversationId: conversation.id, payload: { type: "text", text: "hello" } });
  while (posted.length < 2) await new Promise((resolve) => (wake = resolve));
  assert.deepEqual(posted.map(({ secret, type, data }) => [secret, type, data.isBot]), [
    ["hush", "message_created", false],
    ["hush", "message_created", true],
  ]);
  receiver.close();
  receiver.closeAllConnections();
});

test("a bot with 0.7.6 has the same API", async () => {
  const old = await server.bot({}, "0.7.6");
  const client = await chat.Client.connect({ apiUrl: old.apiUrl });
  const { conversation } = await client.createConversation({});
  const socket = await listen(old, conversation.id, client.user.key);
  await client.createMessage({ conversationId: conversation.id, payload: { type: "text", text: "hello" } });
  assert.equal((await socket.next(ofBot)).data.payload.text, "hello");
  await socket.close();
});

test("a WebSocket ends with the server", async () => {
  const other = await start();
  const bot = await other.bot();
  const client = await chat.Client.connect({ apiUrl: bot.apiUrl });
  const { conversation } = await client.createConversation({});
  const socket = await listen(bot, conversation.id, client.user.key);
  const began = Date.now();
  await Promise.all([other.stop(), socket.closed]);
  assert.ok(Date.now() - began < 5_000, "it waits for its sockets");
});
