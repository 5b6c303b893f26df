// The chat page: what is shown of a conversation, and what is done with it.

import { Api } from "./api.js";
import { Conversation } from "./conversation.js";
import { Failures } from "./failures.js";
import { Log } from "./log.js";
import { applyOptions } from "./options.js";
import { Storage } from "./storage.js";

const get = (id) => document.getElementById(id);
const { bot, name, api, failures: failuresPath } = document.body.dataset;
const { title, embedded } = applyOptions(location.search, name);

const STATES = {
  new: "",
  connecting: "Connecting …",
  live: "Connected",
  retrying: "Connection lost. Trying again …",
  off: "This chat is switched off.",
  lost: "The earlier conversation is no longer there. The next message begins a new one.",
  closed: "This chat is only for users that its owner has let in.",
};
/** After how long without an answer the page says so, in milliseconds. */
const PATIENCE = 20_000;

const conversation = new Conversation(new Api(api), new Storage(bot, embedded), show);
const log = new Log(conversation, {
  say: (value, byKeyboard) => {
    say(value, value);
    // The button that was pressed is gone or disabled; a finger needs no focus, and it would open the keyboard.
    if (byKeyboard || matchMedia("(pointer: fine)").matches) text.focus();
  },
});
/** Only where the server tells. */
const failures = failuresPath ? new Failures(failuresPath, showFailure) : null;
const text = get("text");
let unread = 0;
let seen = null;

function show() {
  const { state, messages, pending } = conversation;
  const offline = !navigator.onLine && state !== "live" && state !== "new";
  const words = offline ? "You are offline." : STATES[state];
  if (get("state").textContent !== words) get("state").textContent = words;
  document.body.dataset.state = offline ? "offline" : state;
  get("renew").hidden = !conversation.kept.conversation;
  get("older").hidden = conversation.before === null;
  get("empty").hidden = !conversation.loaded || messages.length + pending.length > 0;
  log.update();
  count();
  wait();
}

/** Shows why the bot's code has failed. The next message takes it away. */
function showFailure({ text: words, stack }) {
  get("failure-text").textContent = words;
  get("failure-stack").textContent = stack ?? "";
  get("failure-stack").hidden = !stack;
  get("failure").hidden = false;
}
get("failure-close").addEventListener("click", () => (get("failure").hidden = true));

/** Sends what the user says. */
function say(words, value) {
  get("failure").hidden = true;
  failures?.watch();
  return conversation.say(words, value);
}

/** Counts what has come from others while nobody looked, in the title and at the button of an embedding page. */
function count() {
  const ids = conversation.messages.filter((message) => !conversation.isOwn(message)).map(({ id }) => id);
  // What is there when a conversation is read for the first time is not new; all that comes after is.
  if (seen === null || !conversation.loaded) {
    seen = conversation.loaded ? new Set(ids) : null;
    return;
  }
  const fresh = ids.filter((id) => !seen.has(id)).length;
  for (const id of ids) seen.add(id);
  if (fresh > 0 && (document.hidden || !looking)) unread += fresh;
  tell();
}

/** Whether an embedding page shows the chat. */
let looking = !embedded;

function tell() {
  if (!document.hidden && looking) unread = 0;
  document.title = unread > 0 ? `(${unread}) ${title}` : title;
  if (embedded) parent.postMessage({ parlance: "unread", count: unread }, "*");
}

/** Says when an answer does not come: the bot may have failed, which only its owner can see. */
let patience = null;
function wait() {
  const last = conversation.messages.at(-1);
  const waiting = last && conversation.isOwn(last) && conversation.pending.length === 0 ? last.id : null;
  if (waiting === patience?.id) return;
  clearTimeout(patience?.timer);
  get("wait").hidden = true;
  patience = null;
  const age = last ? Date.now() - Date.parse(last.createdAt) : 0;
  if (waiting === null) return;
  // Of what was said long ago nobody waits for an answer.
  if (age > PATIENCE * 3) return;
  patience = { id: waiting, timer: setTimeout(() => (get("wait").hidden = false), PATIENCE) };
}

/** Lets the field grow with what is in it. */
function fit() {
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight + 2}px`;
}

get("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const words = text.value.trim();
  if (words === "") return text.focus();
  text.value = "";
  fit();
  log.pin();
  say(words);
});
text.addEventListener("input", fit);
text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  get("composer").requestSubmit();
});

get("older").addEventListener("click", async () => {
  get("older").disabled = true;
  await log.keepingPlace(() => conversation.older()).catch(() => {});
  get("older").disabled = false;
});
get("renew").addEventListener("click", () => {
  if (conversation.messages.length === 0) return conversation.renew();
  get("sure").returnValue = "";
  get("sure").showModal();
});
get("sure").addEventListener("close", () => {
  if (get("sure").returnValue !== "yes") return;
  seen = new Set();
  conversation.renew();
  text.focus();
});

document.addEventListener("visibilitychange", tell);
if (embedded) {
  const close = () => parent.postMessage({ parlance: "close" }, "*");
  get("close").hidden = false;
  get("close").addEventListener("click", close);
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !get("sure").open) close();
  });
  addEventListener("message", (event) => {
    const told = event.source === parent && event.data?.parlance;
    if (!["entered", "shown", "away"].includes(told)) return;
    looking = told !== "away";
    if (told === "entered") text.focus();
    tell();
  });
} else if (matchMedia("(pointer: fine)").matches) {
  text.focus();
}
conversation.start();
