// One conversation: what is in it, what is on its way, and the connection that it is heard through.
// It knows nothing of the page; `changed` is called whenever something is to be shown anew.

import { Failed } from "./api.js";

/** How long to wait before each attempt to connect again, in milliseconds; the last one from then on. */
const WAITS = [1000, 2000, 4000, 8000, 15_000];
/** A browser has few connections for one server, and a stream takes one: a page that nobody has looked at for so
 * long lets go of it, and from then on asks so often. In milliseconds. */
const UNSEEN = 30_000;
const ASK_EVERY = 30_000;
/** After this many pages of what was missed, the conversation is read anew from its end. */
const PAGES_MAX = 20;
/** Where the mark stands that tells an own message from another with the same text. */
const MARK = "parlanceMark";

export class Conversation {
  constructor(api, storage, changed) {
    this.api = api;
    this.storage = storage;
    this.changed = changed;
    this.kept = storage.read();
    this.clear();
    storage.follow(() => this.follow());
    addEventListener("online", () => this.wake?.());
    addEventListener("offline", () => this.show(this.state));
    document.addEventListener("visibilitychange", () => document.hidden || this.wake?.());
  }

  clear() {
    /** The messages, the oldest first: `{id, createdAt, userId, payload, metadata}`. */
    this.messages = [];
    /** What is on its way: `{mark, payload, state: "sending" | "failed", reason}`. */
    this.pending = [];
    /** The ids of messages that are known to have none missing before them. */
    this.settled = new Set();
    /** The token of the page before the first message, if there is one. */
    this.before = null;
    /** Whether the messages that were there have been read. */
    this.loaded = false;
    /** "new" | "connecting" | "live" | "retrying", "off" if there is no chat, "lost" if there is but without this conversation, "closed" if it makes no users */
    this.state = "new";
  }

  get isOwn() {
    return (message) => message.userId === this.kept.user;
  }

  /** Connects, if there is a conversation already. */
  async start() {
    await this.storage.ready();
    this.kept = this.storage.read();
    if (this.kept.conversation) this.run();
    else this.show("new");
  }

  show(state) {
    this.state = state;
    if (state === "new") this.loaded = true;
    this.changed();
  }

  /** Another tab has begun a conversation, or left this one. */
  follow() {
    const kept = this.storage.read();
    if (kept.conversation === this.kept.conversation && kept.key === this.kept.key) return;
    this.stop();
    const { pending } = this;
    this.kept = kept;
    this.clear();
    this.pending = pending;
    this.start();
  }

  /** Leaves the conversation: the next message begins another. */
  renew() {
    this.stop();
    this.kept = { ...this.kept, conversation: undefined };
    this.storage.write(this.kept);
    this.clear();
    this.show("new");
  }

  stop() {
    this.running?.abort();
    this.running = null;
    this.wake = null;
  }

  /** Listens until it is stopped, and connects again whenever the connection is lost. */
  async run() {
    const running = new AbortController();
    this.running?.abort();
    this.running = running;
    for (let attempt = 0; !running.signal.aborted; attempt += 1) {
      if (this.state !== "live") this.show(attempt === 0 ? "connecting" : "retrying");
      const failed = await this.hear(running, () => (attempt = 0));
      if (running.signal.aborted) return;
      if (failed === null) {
        await this.rest(running);
        attempt = -1;
        continue;
      }
      const state = await this.stateAfter(failed);
      if (running.signal.aborted) return;
      this.show(state);
      if (state === "lost") return this.lose();
      await this.pause(failed.retryAfter ? failed.retryAfter * 1000 : WAITS[Math.min(attempt, WAITS.length - 1)]);
    }
  }

  /** What a failed call says of the chat. */
  async stateAfter(failed) {
    if (failed.isClosed) return "closed";
    if (!failed.forgotten) return "retrying";
    const stands = await this.api.stands().catch(() => null);
    return stands === null ? "retrying" : stands ? "lost" : "off";
  }

  /** The user or the conversation is gone: the next message begins anew. */
  lose() {
    this.stop();
    this.kept = {};
    this.storage.write({});
    this.messages = [];
    this.before = null;
    this.settled.clear();
    this.changed();
  }

  /** Asks now and then what there is, until somebody looks. */
  async rest(running) {
    for (;;) {
      await this.pause(ASK_EVERY);
      if (running.signal.aborted || !document.hidden) return;
      const { key, conversation } = this.kept;
      // What fails is tried again, or told once somebody looks.
      await this.catchUp(key, conversation, new Set(this.settled)).catch(() => {});
      this.changed();
    }
  }

  /** Hears one connection to its end, and returns why it ended; null if it was let go because nobody looks. */
  async hear(running, stood) {
    const one = new AbortController();
    const stop = () => one.abort();
    running.signal.addEventListener("abort", stop, { once: true });
    let unseen = null;
    let isLetGo = false;
    const look = () => {
      clearTimeout(unseen);
      if (!document.hidden) return;
      unseen = setTimeout(() => {
        isLetGo = true;
        stop();
      }, UNSEEN);
    };
    document.addEventListener("visibilitychange", look, { signal: one.signal });
    look();
    const { key, conversation } = this.kept;
    let broken = null;
    const opened = () => {
      // The stream first, then the list: what comes between is in both, and nothing is in neither.
      this.catchUp(key, conversation, new Set(this.settled)).then(
        () => {
          if (one.signal.aborted) return;
          stood();
          this.show("live");
        },
        (error) => {
          broken = error;
          one.abort();
        },
      );
    };
    const told = (signal) => one.signal.aborted || this.told(signal);
    const failed = await this.api.listen(key, conversation, { opened, told, signal: one.signal }).catch((error) => error);
    one.abort();
    clearTimeout(unseen);
    running.signal.removeEventListener("abort", stop);
    if (isLetGo) return null;
    const reason = broken ?? failed;
    return reason instanceof Failed ? reason : new Failed(0, String(reason));
  }

  /** Waits, or until there is a reason to try at once. Half of it is chance, so that not all come back together. */
  pause(milliseconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds * (0.5 + Math.random() / 2));
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    }).finally(() => (this.wake = null));
  }

  told({ type, data }) {
    if (type === "message_created" && data?.conversationId === this.kept.conversation) {
      this.add(data);
      if (this.state === "live") this.settled.add(data.id);
      this.changed();
    } else if (type === "message_deleted") {
      this.messages = this.messages.filter((message) => message.id !== data?.id);
      this.changed();
    }
  }

  /** Reads what is there, back to one of the messages that were known while all was well. */
  async catchUp(key, conversation, known) {
    const missed = [];
    let token = null;
    for (let pages = 0; ; pages += 1) {
      const page = await this.api.listMessages(key, conversation, token);
      if (this.kept.conversation !== conversation) return;
      missed.push(...page.messages);
      token = page.meta?.nextToken ?? null;
      const reached = page.messages.some((message) => known.has(message.id));
      if (reached) break;
      if (token === null || known.size === 0 || pages >= PAGES_MAX) {
        // There is no telling what lies between this and what was known.
        if (token !== null && known.size > 0) this.messages = [];
        this.before = token;
        break;
      }
    }
    for (const message of missed.reverse()) this.add(message);
    this.settled = new Set(this.messages.map((message) => message.id));
    this.loaded = true;
  }

  /** Reads the page before the first message. */
  async older() {
    const { key, conversation } = this.kept;
    const page = await this.api.listMessages(key, conversation, this.before);
    if (this.kept.conversation !== conversation) return;
    for (const message of page.messages) {
      if (this.has(message.id)) continue;
      this.messages.unshift(message);
      this.settled.add(message.id);
    }
    this.before = page.meta?.nextToken ?? null;
    this.changed();
  }

  has(id) {
    return this.messages.some((message) => message.id === id);
  }

  /** Puts a message where it belongs, once. One of this page's own takes the place of what was on its way. */
  add(message) {
    const mark = message.metadata?.[MARK];
    if (mark !== undefined) this.pending = this.pending.filter((sent) => sent.mark !== mark);
    if (this.has(message.id)) return;
    const at = Date.parse(message.createdAt);
    let place = this.messages.length;
    while (place > 0 && Date.parse(this.messages[place - 1].createdAt) > at) place -= 1;
    this.messages.splice(place, 0, message);
  }

  /** Sends a text; `value` is beside it where a button was pressed. */
  say(text, value) {
    // wire: the vendor's webchat answers with the value as the text and beside it.
    const payload = value === undefined ? { type: "text", text } : { type: "text", text: value, value };
    const sent = { mark: mark(), payload, state: "sending", reason: null };
    this.pending.push(sent);
    this.changed();
    return this.send(sent);
  }

  retry(sent) {
    sent.state = "sending";
    this.changed();
    return this.send(sent);
  }

  discard(sent) {
    this.pending = this.pending.filter((other) => other !== sent);
    this.changed();
  }

  /** One message after the other, so that they arrive as they were written. */
  send(sent) {
    this.sending = (this.sending ?? Promise.resolve()).then(async () => {
      // A list may have shown meanwhile that it has arrived.
      if (!this.pending.includes(sent)) return;
      try {
        const { key, conversation } = await this.begin();
        const { message } = await this.api.createMessage(key, {
          conversationId: conversation,
          payload: sent.payload,
          metadata: { [MARK]: sent.mark },
        });
        this.pending = this.pending.filter((other) => other !== sent);
        if (this.kept.conversation === conversation) this.add(message);
      } catch (error) {
        sent.state = "failed";
        sent.reason = error;
        const state = await this.stateAfter(error);
        if (state !== "retrying") this.show(state);
        if (state === "lost") this.lose();
      }
      this.changed();
    });
    return this.sending;
  }

  /** The user and the conversation, made if there are none. */
  async begin() {
    await this.storage.ready();
    if (this.kept.key && this.kept.conversation) return this.kept;
    return this.storage.alone(async () => {
      // Another tab may have been quicker.
      const stored = this.storage.read();
      this.kept = stored.conversation ? stored : await this.make(stored.key ? stored : this.kept);
      this.storage.write(this.kept);
      this.run();
      return this.kept;
    });
  }

  /** A new conversation, and a user where there is none, or none that is still known. */
  async make(kept) {
    const made = kept.key && (await this.api.createConversation(kept.key).catch((error) => {
      if (!error.forgotten) throw error;
    }));
    if (made) return { ...kept, conversation: made.conversation.id };
    const { user, key } = await this.api.createUser().catch((error) => {
      // The chat's owner signs the keys of its users, and this page has none.
      error.isClosed = error.status === 401;
      throw error;
    });
    const { conversation } = await this.api.createConversation(key);
    return { key, user: user.id, conversation: conversation.id };
  }
}

/** A text that nobody else has. `crypto.randomUUID` is only there on safe origins. */
function mark() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
