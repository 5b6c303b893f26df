// The official client, unmodified, with a bot that answers.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { start } from "./server.mjs";

const chat = createRequire(import.meta.url)("@botpress/chat");
const ENCRYPTION_KEY = "a-key-of-the-owner";

let server;
let shared;
let personal;

before(async () => {
  server = await start({ PARLANCE_WEBCHAT__HEARTBEAT_SECONDS: "1" });
  shared = await server.bot();
  personal = await server.bot({ encryptionKey: ENCRYPTION_KEY });
});
after(() => server.stop());

const connect = (props = {}) => chat.Client.connect({ apiUrl: shared.apiUrl, ...props });

/** The next signal of one type that is as wanted. */
const signal = (listener, type, wanted = () => true) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${type} came`)), 20_000);
    listener.onceOrMore(type, (data) => {
      if (!wanted(data)) return "keep-listening";
      clearTimeout(timer);
      resolve(data);
      return "stop-listening";
    });
  });

const close = async (listener) => {
  await listener.disconnect();
  listener.cleanup();
};

/** Sends a message and returns the bot's answer, both as they are heard and as they are listed. */
async function talk(client, conversationId, payload, metadata) {
  const listener = await client.listenConversation({ id: conversationId });
  const answered = signal(listener, "message_created", (message) => message.isBot);
  const own = signal(listener, "message_created", (message) => !message.isBot);
  const { message } = await client.createMessage({ conversationId, payload, metadata });
  const { isBot, ...heard } = await answered;
  const { isBot: isOwnBot, ...heardOwn } = await own;
  assert.equal(isBot, true);
  assert.equal(isOwnBot, false);
  assert.deepEqual(heardOwn, message);
  const { messages } = await client.listMessages({ conversationId });
  assert.deepEqual(messages.slice(0, 2), [heard, message]);
  await close(listener);
  return heard;
}

test("the base address and the webhook's id are enough", async () => {
  const client = new chat.Client({ baseApiUrl: `${server.url}/webhook`, webhookId: shared.webhookId });
  const { user, key } = await client.createUser({ name: "Ann" });
  assert.equal(user.name, "Ann");
  assert.equal(key.split(".").length, 3);
});

test("an address that is wrong is told at once", async () => {
  const client = new chat.Client({ apiUrl: `${server.url}/webhook/none` });
  await assert.rejects(client.createUser({}), chat.ChatClientError);
});

test("a user of the server's key talks with the bot", async () => {
  const client = await connect();
  const { conversation } = await client.createConversation({});
  const answer = await talk(client, conversation.id, { type: "text", text: "hello" });
  assert.deepEqual(answer.payload, { type: "text", text: "hello" });
  assert.equal(answer.userId, shared.id);
  const again = await connect({ userKey: client.user.key });
  assert.equal(again.user.id, client.user.id);
});

test("ids that the client chooses are kept to", async () => {
  const client = await connect({ userId: "ann-1" });
  assert.equal(client.user.id, "ann-1");
  await client.createConversation({ id: "support/ann-1" });
  const answer = await talk(client, "support/ann-1", { type: "text", text: "hello" });
  assert.equal(answer.conversationId, "support/ann-1");
  await assert.rejects(connect({ userId: "ann-1" }), chat.AlreadyExistsError);
  await assert.rejects(client.createConversation({ id: "support/ann-1" }), chat.AlreadyExistsError);
  await assert.rejects(connect({ userId: "ann+1" }), chat.InvalidPayloadError);
  await assert.rejects(client.getOrCreateConversation({ id: "x".repeat(71) }), chat.InvalidPayloadError);
});

test("an owner's encryption key makes and finds users", async () => {
  const props = { apiUrl: personal.apiUrl, userId: "customer-17", encryptionKey: ENCRYPTION_KEY };
  const client = await chat.Client.connect(props);
  assert.equal(client.user.id, "customer-17");
  const { conversation } = await client.getOrCreateConversation({ id: "one" });
  await talk(client, conversation.id, { type: "text", text: "hello" });
  const again = await chat.Client.connect(props);
  const { conversations } = await again.listConversations({});
  assert.deepEqual(conversations.map(({ id }) => id), ["one"]);
  await assert.rejects(chat.Client.connect({ apiUrl: personal.apiUrl }), chat.UnauthorizedError);
  const wrong = { ...props, encryptionKey: "another" };
  await assert.rejects(chat.Client.connect(wrong), chat.UnauthorizedError);
});

test("users are read, changed and deleted", async () => {
  const client = await connect();
  const profile = JSON.stringify({ plan: "pro" });
  const changed = await client.updateUser({ name: "Bob", pictureUrl: "https://example.com/b.png", profile });
  const { user } = await client.getUser({});
  assert.deepEqual(user, changed.user);
  assert.deepEqual([user.name, user.profile], ["Bob", profile]);
  const open = new chat.Client({ apiUrl: shared.apiUrl });
  const found = await open.getOrCreateUser({ "x-user-key": client.user.key, name: "Bobby" });
  assert.equal(found.user.name, "Bobby");
  await client.deleteUser({});
  await assert.rejects(client.getUser({}), chat.UnauthorizedError);
});

test("messages of every type come to the bot and back", async () => {
  const client = await connect();
  const { conversation } = await client.createConversation({});
  const actions = [{ action: "say", label: "Hi", value: "hi" }];
  const card = { type: "card", title: "Shoe", subtitle: "Red", imageUrl: "https://example.com/s.png", actions };
  const options = [{ label: "A", value: "a" }];
  for (const payload of [
    { type: "text", text: "hello" },
    { type: "markdown", markdown: "**hello**" },
    { type: "image", imageUrl: "https://example.com/i.png" },
    { type: "audio", audioUrl: "https://example.com/a.mp3" },
    { type: "video", videoUrl: "https://example.com/v.mp4" },
    { type: "file", fileUrl: "https://example.com/f.pdf", title: "F" },
    { type: "location", latitude: 1.5, longitude: 2 },
    card,
    { type: "carousel", items: [card] },
    { type: "choice", text: "?", options },
    { type: "dropdown", text: "?", options },
    { type: "bloc", items: [{ type: "text", text: "hello" }, { type: "image", imageUrl: "https://example.com/i.png" }] },
  ]) {
    const answer = await talk(client, conversation.id, payload, { n: 1 });
    assert.deepEqual(answer.payload, payload);
    assert.deepEqual(answer.metadata, { n: 1 });
  }
  const bloc = await talk(client, conversation.id, { type: "text", text: "bloc" });
  assert.deepEqual(bloc.payload.items.map(({ type }) => type), ["text", "markdown", "image"]);
});

test("a message is read and deleted by who wrote it", async () => {
  const client = await connect();
  const { conversation } = await client.createConversation({});
  const listener = await client.listenConversation({ id: conversation.id });
  const { message } = await client.createMessage({
    conversationId: conversation.id,
    payload: { type: "text", text: "hello" },
  });
  const found = await client.getMessage({ id: message.id });
  assert.deepEqual(found.message, message);
  const deleted = signal(listener, "message_deleted");
  await client.deleteMessage({ id: message.id });
  assert.equal((await deleted).id, message.id);
  await assert.rejects(client.getMessage({ id: message.id }), chat.ResourceNotFoundError);
  await close(listener);
});

test("custom events go both ways", async () => {
  const client = await connect();
  const { conversation } = await client.createConversation({});
  const listener = await client.listenConversation({ id: conversation.id });
  const back = signal(listener, "event_created", ({ isBot }) => isBot);
  const { event } = await client.createEvent({ conversationId: conversation.id, payload: { page: "/prices" } });
  const found = await client.getEvent({ id: event.id });
  assert.deepEqual(found.event, event);
  assert.deepEqual((await back).payload, { page: "/prices" });
  await close(listener);
});

test("participants are let in and taken out, with their streams", async () => {
  const client = new chat.Client({ apiUrl: shared.apiUrl });
  const [one, two, three] = await Promise.all([1, 2, 3].map(() => client.createUser({})));
  const as = ({ key }) => ({ "x-user-key": key });
  const { conversation } = await client.createConversation(as(one));
  const conversationId = conversation.id;
  const say = (user) => client.createMessage({ ...as(user), conversationId, payload: { type: "text", text: "hi" } });
  await assert.rejects(say(two), chat.ForbiddenError);
  const listener = await client.listenConversation({ ...as(one), id: conversationId });
  const added = signal(listener, "participant_added");
  const { participant } = await client.addParticipant({ ...as(one), conversationId, userId: two.user.id });
  assert.equal(participant.id, two.user.id);
  assert.equal((await added).participantId, two.user.id);
  await say(two);
  const of = await client.getParticipant({ ...as(one), conversationId, userId: two.user.id });
  assert.equal(of.participant.id, two.user.id);
  const all = await client.listParticipants({ ...as(two), conversationId });
  const ids = all.participants.map(({ id }) => id);
  assert.ok(ids.includes(one.user.id) && ids.includes(two.user.id));
  await assert.rejects(client.listParticipants({ ...as(three), conversationId }), chat.ForbiddenError);
  await assert.rejects(client.getConversation({ ...as(three), id: conversationId }), chat.ForbiddenError);
  const twos = await client.listenConversation({ ...as(two), id: conversationId });
  const cut = new Promise((resolve) => twos.on("error", resolve));
  const removed = signal(listener, "participant_removed");
  await client.removeParticipant({ ...as(one), conversationId, userId: two.user.id });
  assert.equal((await removed).participantId, two.user.id);
  await cut;
  assert.equal(twos.status, "disconnected");
  await assert.rejects(say(two), chat.ForbiddenError);
  const own = client.removeParticipant({ ...as(one), conversationId, userId: one.user.id });
  await assert.rejects(own, chat.InvalidPayloadError);
  await close(listener);
});

test("lists are paged to their end", async () => {
  const client = await connect();
  const ids = [];
  for (let index = 0; index < 45; index += 1) {
    ids.unshift((await client.createConversation({})).conversation.id);
  }
  const conversations = await client.list.conversations({}).collect();
  assert.deepEqual(conversations.map(({ id }) => id), ids);
  const conversationId = ids[0];
  for (let index = 0; index < 25; index += 1) {
    await client.createMessage({ conversationId, payload: { type: "text", text: `${index}` } });
  }
  const messages = await client.list.messages({ conversationId }).collect();
  const own = messages.filter(({ userId }) => userId === client.user.id);
  const words = own.map(({ payload }) => payload.text);
  assert.deepEqual(words, Array.from({ length: 25 }, (_, index) => `${24 - index}`));
  const participants = await client.list.participants({ conversationId }).collect({ limit: 5 });
  assert.equal(participants.at(0).id, client.user.id);
});

test("a conversation that is deleted is gone, with its streams", async () => {
  const client = await connect();
  const { conversation } = await client.createConversation({});
  const listener = await client.listenConversation({ id: conversation.id });
  const cut = new Promise((resolve) => listener.on("error", resolve));
  await client.deleteConversation({ id: conversation.id });
  await cut;
  await assert.rejects(client.getConversation({ id: conversation.id }), chat.ResourceNotFoundError);
  await assert.rejects(client.listMessages({ conversationId: conversation.id }), chat.ResourceNotFoundError);
});

test("who comes back finds what was said meanwhile", async () => {
  const client = await connect();
  const { conversation } = await client.createConversation({});
  const listener = await client.listenConversation({ id: conversation.id });
  await listener.disconnect();
  await client.createMessage({ conversationId: conversation.id, payload: { type: "text", text: "meanwhile" } });
  await listener.connect();
  const { messages } = await client.listMessages({ conversationId: conversation.id });
  assert.ok(messages.some(({ payload }) => payload.text === "meanwhile"));
  const heard = signal(listener, "message_created", ({ payload }) => payload.type === "choice");
  await client.createMessage({ conversationId: conversation.id, payload: { type: "text", text: "choose" } });
  assert.equal((await heard).payload.text, "Which one?");
  await close(listener);
});

test("a quiet stream says that it is alive", async () => {
  const client = await connect();
  const { conversation } = await client.createConversation({});
  const listener = await client.listenConversation({ id: conversation.id });
  assert.equal(await signal(listener, "unknown"), "ping");
  await close(listener);
});

test("errors are the client's own, and name the member", async () => {
  const client = await connect();
  const { conversation } = await client.createConversation({});
  const say = (payload) => client.createMessage({ conversationId: conversation.id, payload });
  await assert.rejects(say({ type: "text" }), (error) => {
    assert.ok(error instanceof chat.InvalidPayloadError);
    assert.match(error.message, /payload.*'text'/);
    assert.match(error.id, /^err_/);
    return true;
  });
  await assert.rejects(say({ type: "hologram" }), chat.InvalidPayloadError);
  await assert.rejects(client.getEvent({ id: "none" }), chat.ResourceNotFoundError);
  await assert.rejects(client.listMessages({ conversationId: conversation.id, nextToken: "x" }), chat.InvalidQueryError);
  const unknown = client.createEvent({ conversationId: "none", payload: {} });
  await assert.rejects(unknown, chat.ReferenceNotFoundError);
});

test("the server ends streams when it stops", async () => {
  const other = await start();
  const bot = await other.bot();
  const client = await chat.Client.connect({ apiUrl: bot.apiUrl });
  const { conversation } = await client.createConversation({});
  const listener = await client.listenConversation({ id: conversation.id });
  const cut = new Promise((resolve) => listener.on("error", resolve));
  const began = Date.now();
  await Promise.all([other.stop(), cut]);
  assert.ok(Date.now() - began < 5_000, "it waits for its streams");
});
