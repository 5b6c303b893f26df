// Drawing messages by their type. What is not as its type should be is shown as it came.

import { element, hidden, icon, link, linkable, loadable } from "./dom.js";
import { markdown } from "./markdown.js";

const PAPERCLIP = "M8 3h6l5 5v13H6V3zM14 3v6h5";
const PIN = "M12 21s-6-5.5-6-11a6 6 0 0112 0c0 5.5-6 11-6 11zM12 12a2 2 0 100-4 2 2 0 000 4z";
const OUT = "M9 5H5v14h14v-4M13 5h6v6M19 5l-9 9";
const BACK = "M15 5l-7 7 7 7";
const ON = "M9 5l7 7-7 7";

const isText = (value) => typeof value === "string" && value !== "";
const isChoice = (option) => option !== null && typeof option === "object" && isText(option.label) && isText(option.value);
const isCard = (card) => card !== null && typeof card === "object" && isText(card.title);

/** Each type with what it must have, and how it is drawn. `say` sends an answer. */
const TYPES = {
  text: [(given) => isText(given.text), (given) => bubble(markdown(given.text))],
  markdown: [(given) => isText(given.markdown), (given) => bubble(markdown(given.markdown))],
  image: [(given) => isText(given.imageUrl), (given) => picture(given.imageUrl, given.title ?? "Image", "picture")],
  audio: [(given) => isText(given.audioUrl), (given) => media("audio", given.audioUrl, given.title ?? "Audio")],
  video: [(given) => isText(given.videoUrl), (given) => media("video", given.videoUrl, given.title ?? "Video")],
  file: [(given) => isText(given.fileUrl), file],
  location: [(given) => Number.isFinite(given.latitude) && Number.isFinite(given.longitude), place],
  card: [isCard, card],
  carousel: [(given) => Array.isArray(given.items) && given.items.length > 0 && given.items.every(isCard), carousel],
  choice: [(given) => isText(given.text) && Array.isArray(given.options) && given.options.every(isChoice), choice],
  dropdown: [(given) => isText(given.text) && Array.isArray(given.options) && given.options.every(isChoice), dropdown],
  bloc: [(given) => Array.isArray(given.items) && given.items.length > 0, bloc],
};

/**
 * The element of a message's payload. `context` is `{say(value), answered}`: `answered` is the value
 * that the conversation already has as the answer to this message, if it has one.
 */
export function draw(payload, context) {
  const [fits, make] = (Object.hasOwn(TYPES, payload?.type) && TYPES[payload.type]) || [];
  if (fits?.(payload)) return make(payload, context);
  const type = isText(payload?.type) ? `of type “${payload.type}”` : "without a type";
  return element("div", { class: "bubble raw" },
    element("p", {}, `A message ${type}:`),
    element("pre", { tabindex: "0" }, JSON.stringify(payload, null, 2) ?? "nothing"));
}

/** What a user wrote: as it was written. */
export const drawOwn = (text) => bubble(element("p", { class: "plain-text" }, text));

const list = (value) => (Array.isArray(value) ? value : []);

/** The options that an answer may be one of. */
export function optionsOf(payload) {
  if (payload?.type === "choice" || payload?.type === "dropdown") return list(payload.options).filter(isChoice);
  const cards = payload?.type === "card" ? [payload] : payload?.type === "carousel" ? list(payload.items) : [];
  return cards.flatMap((card) => list(card?.actions)).filter((action) => isChoice(action) && action.action !== "url");
}

// Each text has the direction of its own language.
const bubble = (...children) => element("div", { class: "bubble", dir: "auto" }, ...children);

/** A link for what could not be shown. */
const instead = (text, address) =>
  element("p", { class: "instead" }, `${text} `, linkable(address) ? link(address, {}, address) : element("code", {}, address));

function picture(address, alt, name) {
  const src = loadable(address);
  if (src === null) return bubble(instead("An image with an address that is not opened:", address));
  const image = element("img", { src, alt, loading: "lazy", referrerpolicy: "no-referrer" });
  const whole = link(src, { class: name }, image);
  image.addEventListener("error", () => whole.replaceWith(bubble(instead("This image could not be loaded:", src))));
  return whole;
}

function media(name, address, label) {
  const src = loadable(address);
  if (src === null) return bubble(instead(`${label} with an address that is not opened:`, address));
  const player = element(name, { src, controls: true, preload: "metadata", "aria-label": label });
  player.addEventListener("error", () => player.replaceWith(bubble(instead(`${label} could not be loaded:`, src))));
  return element("div", { class: name }, player);
}

/** The last part of an address's path, as a name. */
function nameOf(address) {
  const url = linkable(address);
  if (url === null) return address;
  const { pathname, host } = new URL(url);
  const last = pathname.split("/").findLast((part) => part !== "") ?? host;
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

function file(given) {
  const title = isText(given.title) ? given.title : nameOf(given.fileUrl);
  return link(given.fileUrl, { class: "bubble attached", dir: "auto" }, icon(PAPERCLIP), element("span", {}, hidden("File: "), title));
}

function place(given) {
  const at = `${given.latitude}, ${given.longitude}`;
  const query = new URLSearchParams({ mlat: given.latitude, mlon: given.longitude });
  const map = `https://www.openstreetmap.org/?${query}#map=16/${given.latitude}/${given.longitude}`;
  const title = isText(given.title) ? given.title : isText(given.address) ? given.address : "Location";
  return element("div", { class: "bubble place", dir: "auto" }, icon(PIN), element("div", {},
    element("p", { class: "strong" }, title),
    isText(given.address) && given.address !== title ? element("p", {}, given.address) : null,
    element("p", {}, link(map, {}, "Open the map"), " ", element("span", { class: "soft" }, at))));
}

/** An action of a card: a link, or a button that says its value. */
function action(given, context) {
  if (given.action === "url") {
    return link(given.value, { class: "action" }, given.label, icon(OUT), hidden(" (opens a new tab)"));
  }
  const said = context.answered === given.value;
  return element("button", {
    type: "button",
    class: "action",
    "aria-pressed": said ? "true" : null,
    click: () => context.say(given.value),
  }, given.label);
}

function card(given, context) {
  const actions = list(given.actions).filter(isChoice);
  return element("article", { class: "card" },
    isText(given.imageUrl) ? picture(given.imageUrl, "", "cover") : null,
    element("div", { class: "words", dir: "auto" },
      element("h3", {}, given.title),
      isText(given.subtitle) ? element("p", {}, given.subtitle) : null),
    actions.length > 0 ? element("div", { class: "actions" }, actions.map((each) => action(each, context))) : null);
}

function carousel(given, context) {
  const count = given.items.length;
  const track = element("ul", { class: "track", tabindex: "0", "aria-label": `${count} cards; arrow keys move` },
    given.items.map((each, index) => element("li", { "aria-label": `${index + 1} of ${count}` }, card(each, context))));
  const step = (way) => () => {
    const width = track.firstElementChild.getBoundingClientRect().width;
    track.scrollBy({ left: way * (width + 12) });
  };
  const back = element("button", { type: "button", class: "step", title: "Previous card", click: step(-1) }, icon(BACK), hidden("Previous card"));
  const on = element("button", { type: "button", class: "step", title: "Next card", click: step(1) }, icon(ON), hidden("Next card"));
  const turn = () => {
    back.disabled = track.scrollLeft < 4;
    on.disabled = track.scrollLeft + track.clientWidth > track.scrollWidth - 4;
    steps.hidden = back.disabled && on.disabled;
  };
  const steps = element("div", { class: "steps" }, back, on);
  track.addEventListener("scroll", turn, { passive: true });
  new ResizeObserver(turn).observe(track);
  return element("section", { class: "carousel", "aria-roledescription": "carousel", "aria-label": `${count} cards` }, track, steps);
}

function choice(given, context) {
  const done = context.answered !== undefined;
  const buttons = given.options.map((option) =>
    element("button", {
      type: "button",
      class: "action",
      disabled: done,
      "aria-pressed": done ? String(option.value === context.answered) : null,
      click: () => context.say(option.value),
    }, option.label));
  return element("div", { class: "asks", role: "group", "aria-label": given.text },
    bubble(markdown(given.text)), element("div", { class: "options" }, buttons));
}

let numbers = 0;

function dropdown(given, context) {
  const id = `select-${(numbers += 1)}`;
  const done = context.answered !== undefined;
  const options = given.options.map((option) =>
    element("option", { value: option.value, selected: option.value === context.answered }, option.label));
  const select = element("select", { id, required: true, disabled: done, "aria-label": given.text },
    element("option", { value: "" }, "Choose …"), options);
  // A button of its own: with the keyboard, a list changes at every step.
  const form = element("form", {
    class: "choose",
    submit: (event) => {
      event.preventDefault();
      if (select.value !== "") context.say(select.value);
    },
  }, select, element("button", { type: "submit", class: "action", disabled: done }, "Choose"));
  return element("div", { class: "asks", role: "group", "aria-label": given.text }, bubble(markdown(given.text)), form);
}

function bloc(given, context) {
  // wire: the chat's items have their fields beside `type`, those of the webchat in a `payload`.
  const items = given.items.map((item) => ({ ...item, ...(typeof item?.payload === "object" ? item.payload : {}) }));
  return element("div", { class: "bloc" }, items.map((item) => draw(item, context)));
}
