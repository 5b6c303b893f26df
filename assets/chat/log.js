// The list of messages: keeps its elements the same while what they show is the same, so that focus, films
// and what is read aloud stay undisturbed.

import { draw, drawOwn, optionsOf } from "./draw.js";
import { element, hidden } from "./dom.js";

/** How near to the end of the list it follows what comes, in pixels. */
const NEAR = 80;
/** After how long a pause the time is shown, in milliseconds. */
const PAUSE = 10 * 60_000;
/** How many messages back a question is looked for that an answer belongs to. */
const BACK = 50;

export class Log {
  constructor(conversation, { say }) {
    this.conversation = conversation;
    this.say = say;
    this.list = document.getElementById("log");
    this.scroller = document.getElementById("scroller");
    this.latest = document.getElementById("latest");
    /** Whether it follows what comes, and where its end was when it last did. */
    this.pinned = true;
    this.end = 0;
    /** Elements by what they show. */
    this.shown = new Map();
    /** The ids of messages that were shown before: what is drawn anew does not come in again. */
    this.known = new Set();
    this.latest.addEventListener("click", () => this.pin());
    this.scroller.addEventListener("scroll", () => this.look(), { passive: true });
    // Images make the list longer once they are there.
    new ResizeObserver(() => this.pinned && this.toEnd()).observe(this.list);
    new ResizeObserver(() => this.pinned && this.toEnd()).observe(this.scroller);
  }

  /** Follows what comes, unless somebody has scrolled up from the end: what makes the list longer is no scrolling. */
  look() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const isNear = scrollHeight - scrollTop - clientHeight < NEAR;
    this.pinned = isNear || (this.pinned && scrollTop >= this.end);
    if (this.pinned) this.latest.hidden = true;
  }

  pin() {
    this.pinned = true;
    this.latest.hidden = true;
    this.toEnd();
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.end = this.scroller.scrollTop;
  }

  /** Does something that puts messages before the others, without moving what is read. */
  async keepingPlace(work) {
    const { scrollHeight } = this.scroller;
    this.pinned = false;
    await work();
    this.scroller.scrollTop += this.scroller.scrollHeight - scrollHeight;
  }

  /** Shows the conversation as it is. */
  update() {
    this.look();
    const wanted = this.rows();
    const keys = new Set(wanted.map(({ key }) => key));
    // First out, then in: what stays is not moved, which would stop a film.
    for (const [key, row] of this.shown) if (!keys.has(key)) row.remove();
    const { loaded } = this.conversation;
    const shown = new Map();
    let before = this.list.firstElementChild;
    let last = null;
    for (const { key, id, make } of wanted) {
      const row = this.shown.get(key) ?? make();
      if (id !== undefined && !this.known.has(id)) {
        this.known.add(id);
        last = row;
        row.classList.toggle("fresh", loaded && row.matches(".other"));
      }
      shown.set(key, row);
      if (row === before) before = before.nextElementSibling;
      else this.list.insertBefore(row, before);
    }
    this.shown = shown;
    // What was there already is not read aloud.
    if (loaded && this.list.ariaLive !== "polite") {
      setTimeout(() => this.list.setAttribute("aria-live", "polite"), 500);
    }
    if (this.pinned) this.toEnd();
    else if (last !== null && last === this.list.lastElementChild) this.latest.hidden = false;
  }

  /** What is to be shown, from the first row to the last: each with what it depends on. */
  rows() {
    const { messages, pending, isOwn } = this.conversation;
    const { answered, labels } = answers(messages, pending, isOwn);
    const rows = [];
    let previous = null;
    for (const [index, message] of messages.entries()) {
      const at = new Date(message.createdAt);
      if (previous === null || at - new Date(previous.createdAt) > PAUSE) {
        rows.push({ key: `time ${message.id}`, make: () => time(at) });
      }
      const own = isOwn(message);
      const follows = previous !== null && isOwn(previous) === own;
      const answer = answered.get(index);
      const label = labels.get(index);
      rows.push({
        id: message.id,
        key: JSON.stringify([message.id, follows, answer, label]),
        make: () => this.row(own, follows, at, own ? ownContent(message.payload, label) : this.content(message.payload, answer)),
      });
      previous = message;
    }
    for (const [offset, sent] of pending.entries()) {
      const label = labels.get(messages.length + offset);
      rows.push({
        key: JSON.stringify([sent.mark, sent.state, sent.reason?.message, label]),
        make: () => this.pendingRow(sent, label),
      });
    }
    return rows;
  }

  content(payload, answer) {
    let byKeyboard = false;
    const content = draw(payload, {
      answered: answer,
      say: (value) => this.say(value, byKeyboard),
    });
    content.addEventListener("keydown", () => (byKeyboard = true), true);
    content.addEventListener("pointerdown", () => (byKeyboard = false), true);
    return content;
  }

  row(own, follows, at, content) {
    const who = own ? "You" : document.getElementById("title").textContent;
    return element("li", { class: `row ${own ? "own" : "other"}${follows ? " follows" : ""}` },
      hidden(`${who}:`), content,
      element("time", { class: "hidden", datetime: at.toISOString() }, at.toLocaleTimeString([], { timeStyle: "short" })));
  }

  pendingRow(sent, label) {
    const { conversation } = this;
    const failed = sent.state === "failed";
    const state = failed
      ? element("p", { class: "failed", role: "alert" }, `Not sent: ${reason(sent.reason, conversation.state)} `,
          element("button", { type: "button", class: "plain", click: () => conversation.retry(sent) }, "Try again"), " ",
          element("button", { type: "button", class: "plain", click: () => conversation.discard(sent) }, "Discard"))
      : element("p", { class: "soft sending" }, "Sending …");
    return element("li", { class: `row own ${sent.state}` }, hidden("You:"), ownContent(sent.payload, label), state);
  }
}

function time(at) {
  const today = at.toDateString() === new Date().toDateString();
  const words = at.toLocaleString([], today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" });
  return element("li", { class: "time" }, element("time", { datetime: at.toISOString() }, words));
}

function ownContent(payload, label) {
  const isText = payload?.type === "text" && typeof payload.text === "string";
  return isText ? drawOwn(label ?? payload.text) : draw(payload, { say: () => {} });
}

/** Why a message was not sent, in words. */
function reason(error, state) {
  if (error.status === 0) return navigator.onLine ? "the server cannot be reached." : "you are offline.";
  if (error.isClosed) return "the chat is only for users that its owner has let in.";
  if (error.forgotten && state === "off") return "this chat is switched off.";
  if (error.forgotten) return "the conversation is no longer there.";
  if (error.status === 429) return "too many messages in a short time.";
  if (error.status >= 500) return "the server could not take it.";
  return `${error.message}${/[.!?]$/.test(error.message) ? "" : "."}`;
}

/**
 * Which messages are answered, and with what, and what answers are called: by their places in the
 * conversation. An answer belongs to the last question that it is an option of.
 */
function answers(messages, pending, isOwn) {
  const answered = new Map();
  const labels = new Map();
  const said = [...messages.map((message) => (isOwn(message) ? message.payload : null)), ...pending.map((sent) => sent.payload)];
  for (const [index, payload] of said.entries()) {
    const value = payload?.value ?? payload?.text;
    if (typeof value !== "string") continue;
    for (let back = Math.min(index, messages.length) - 1; back >= Math.max(0, index - BACK); back -= 1) {
      if (isOwn(messages[back])) continue;
      const option = optionsOf(messages[back].payload).find((each) => each.value === value);
      if (option === undefined) continue;
      answered.set(back, value);
      if (payload.value !== undefined) labels.set(index, option.label);
      break;
    }
  }
  return { answered, labels };
}
