// Talking with a bot in Chromium: the chat page, and the script that puts it into other pages. The bot's
// code runs in the server.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { developer, startLine, startSite, TYPES } from "./bot.mjs";
import { startBrowser } from "./browser.mjs";
import { startServer } from "./server.mjs";

let server;
let site;
let browser;
let manager;
let bot;

before(async () => {
  server = await startServer();
  site = await startSite();
  manager = developer(server);
  await manager.begin();
  bot = await manager.deploy("Coffee bot", site.url);
  assert.equal(await manager.webchat(bot, "sharableUrl"), `${server.url}/chat/${bot}`);
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await site?.stop();
  await server?.stop();
});

/** A visitor: a browser of their own, which asks nothing of strangers. */
async function visitor(options = {}, origins = []) {
  const context = await browser.newContext({ viewport: { width: 900, height: 900 }, ...options });
  context.setDefaultTimeout(15_000);
  const problems = [];
  context.on("request", (request) => {
    const { origin } = new URL(request.url());
    if (![server.url, site.url, site.foreign, ...origins].includes(origin)) problems.push(`asked ${origin}`);
  });
  context.on("weberror", (error) => problems.push(String(error.error())));
  context.on("console", (message) => {
    // A bot's broken film is one.
    const isKnown = message.location().url.endsWith("/none.webm") || message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !isKnown) problems.push(message.text());
  });
  return {
    context,
    problems,
    async open(path = `/chat/${bot}`) {
      const page = await context.newPage();
      await page.goto(path.startsWith("/") ? server.url + path : path);
      return page;
    },
    async leave() {
      assert.deepEqual(problems, []);
      await context.close();
    },
  };
}

async function say(page, text) {
  await page.getByLabel("Your message").fill(text);
  await page.keyboard.press("Enter");
}

/** The chat in a page, once its own code runs: what is pressed before does nothing. */
async function framed(page) {
  const chat = page.frameLocator("iframe");
  await chat.locator("body[data-state]").waitFor();
  return chat;
}

const answer = (page, text) => page.locator(".other").filter({ hasText: text }).last();

/** What is said, one line for each message, without the times. */
async function said(page) {
  const rows = await page.locator(".row").evaluateAll((all) =>
    all.map((row) => `${row.matches(".own") ? "you" : "bot"}: ${row.querySelector(".bubble")?.innerText}`));
  return rows;
}

async function screenshot(page, name) {
  await page.evaluate(() => Promise.all(document.getAnimations().map((each) => each.finished)));
  await page.screenshot({ path: `screenshots/chat-${name}.png` });
}

/** A window so high that the whole conversation is in it. */
async function screenshotOfAll(page, name) {
  const height = await page.evaluate(() => document.getElementById("log").scrollHeight);
  const { width } = page.viewportSize();
  await page.setViewportSize({ width, height: height + 220 });
  await page.waitForFunction(() => Array.from(document.images).every((image) => image.complete));
  await screenshot(page, name);
}

test("a message is answered", async () => {
  const guest = await visitor();
  const page = await guest.open();
  await page.getByText("Write the first message").waitFor();
  await screenshot(page, "empty");
  await say(page, "Hi there");
  await answer(page, "You said: Hi there").waitFor();
  await page.getByText("Connected").waitFor();
  assert.deepEqual(await said(page), ["you: Hi there", "bot: You said: Hi there"]);
  assert.equal(await page.title(), "Coffee bot");
  await guest.leave();
});

for (const [look, options] of [
  ["light", {}],
  ["dark", { colorScheme: "dark" }],
  ["telephone", { viewport: { width: 360, height: 740 }, hasTouch: true }],
]) {
  test(`every type of message is drawn, ${look}`, async () => {
    const guest = await visitor(options);
    const page = await guest.open();
    await say(page, "everything");
    await page.getByText("Eiffel Tower").waitFor();
    await page.getByText("Video could not be loaded").waitFor();
    assert.equal(await page.locator(".other").count(), TYPES.length);
    await page.getByRole("link", { name: "https://example.com/a_b_c" }).waitFor();
    await page.getByRole("heading", { name: "A title" }).waitFor();
    await page.getByRole("cell", { name: "small" }).waitFor();
    await page.getByText("<img src=x onerror=alert(1)> in snake_case_words").waitFor();
    assert.equal(await page.getByRole("link", { name: "none", exact: true }).count(), 0);
    await page.getByRole("link", { name: "Image" }).waitFor();
    await page.getByRole("group", { name: "Which size?" }).getByRole("button").nth(2).waitFor();
    await page.getByRole("combobox", { name: "Which country?" }).waitFor();
    assert.equal(await page.getByRole("article").count(), 5);
    const more = page.getByRole("link", { name: /^Read more/ }).first();
    assert.equal(await more.getAttribute("href"), "https://example.com/0");
    assert.equal(await more.getAttribute("rel"), "noopener noreferrer");
    await page.getByRole("link", { name: "File: Price list.txt" }).waitFor();
    await page.waitForFunction(() => document.querySelector("audio").duration === 1);
    assert.ok((await page.locator("audio").boundingBox()).width >= 250);
    const map = page.getByRole("link", { name: "Open the map" });
    assert.match(await map.getAttribute("href"), /^https:\/\/www\.openstreetmap\.org\/\?mlat=48\.8584&mlon=2\.2945#/);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.equal(width, page.viewportSize().width);
    await screenshot(page, look);
    await screenshotOfAll(page, `${look}-all`);
    await guest.leave();
  });
}

test("what is asked can be answered with a press, once", async () => {
  const guest = await visitor();
  const page = await guest.open();
  await say(page, "choice");
  await page.getByRole("button", { name: "Medium" }).click();
  await answer(page, "You said: size-m (value size-m)").waitFor();
  const medium = page.getByRole("button", { name: "Medium" });
  assert.equal(await medium.getAttribute("aria-pressed"), "true");
  assert.ok(await page.getByRole("button", { name: "Small" }).isDisabled());
  await say(page, "dropdown");
  await page.getByRole("combobox", { name: "Which country?" }).selectOption("Japan");
  await page.getByRole("button", { name: "Choose" }).click();
  await answer(page, "You said: japan (value japan)").waitFor();
  await say(page, "card");
  await page.getByRole("button", { name: "Order" }).click();
  await answer(page, "You said: order-0 (value order-0)").waitFor();
  await page.getByRole("button", { name: "Ask about it" }).click();
  await answer(page, "You said: tell me about Espresso").waitFor();
  // What was pressed is called as the button is, here and after a reload.
  const own = ["choice", "Medium", "dropdown", "Japan", "card", "Order", "Ask about it"];
  const ours = async () => (await page.locator(".own .bubble").allInnerTexts()).map((text) => text.trim());
  assert.deepEqual(await ours(), own);
  await screenshot(page, "answered");
  await page.reload();
  await answer(page, "You said: tell me about Espresso").waitFor();
  assert.deepEqual(await ours(), own);
  assert.ok(await page.getByRole("button", { name: "Small" }).isDisabled());
  await guest.leave();
});

/** Moves the focus with a key until it is on this. */
async function moveTo(page, locator, key = "Shift+Tab") {
  for (let steps = 0; steps < 40; steps += 1) {
    if (await locator.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press(key);
  }
  throw new Error(`${locator} cannot be reached with ${key}`);
}

test("the keyboard is enough", async () => {
  const guest = await visitor();
  const page = await guest.open();
  // The field has the focus from the start.
  await page.keyboard.type("carousel");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.press("Backspace");
  await page.keyboard.press("Enter");
  const track = page.getByRole("list", { name: "4 cards" });
  await track.waitFor();
  await moveTo(page, track);
  const before = await track.evaluate((element) => element.scrollLeft);
  const moved = () => track.evaluate((element, from) => element.scrollLeft > from + 100, before);
  // A key that comes before the list is on the screen moves nothing.
  for (let presses = 0; presses < 200 && !(await moved()); presses += 1) {
    await page.keyboard.press("ArrowRight");
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
  assert.ok(await moved());
  await screenshot(page, "keyboard");
  await moveTo(page, page.getByRole("button", { name: "Order" }).last(), "Tab");
  await page.keyboard.press("Enter");
  await answer(page, "You said: order-3").waitFor();
  // It comes back to the field.
  await page.keyboard.type("choice");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Large" }).waitFor();
  await moveTo(page, page.getByRole("button", { name: "Large" }));
  await page.keyboard.press("Space");
  await answer(page, "You said: size-l").waitFor();
  await page.keyboard.type("dropdown");
  await page.keyboard.press("Enter");
  const select = page.getByRole("combobox", { name: "Which country?" });
  await select.waitFor();
  await moveTo(page, select);
  await page.keyboard.type("Per");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await answer(page, "You said: peru").waitFor();
  await guest.leave();
});

test("a screen reader is told of what comes, and of nothing that was there", async () => {
  const guest = await visitor();
  const page = await guest.open();
  await say(page, "one");
  await answer(page, "You said: one").waitFor();
  const log = page.getByRole("log", { name: "Messages" });
  await page.reload();
  assert.equal(await log.getAttribute("aria-live"), "off");
  await answer(page, "You said: one").waitFor();
  await page.waitForFunction(() => document.getElementById("log").getAttribute("aria-live") === "polite");
  const spoken = await page.locator(".row").last().innerText();
  assert.match(spoken, /^Coffee bot:\s+You said: one/);
  const unnamed = await page.locator("button, a, select, textarea").evaluateAll((all) =>
    all.filter((each) => !(each.innerText.trim() || each.ariaLabel || each.labels?.length)).length);
  assert.equal(unnamed, 0);
  await guest.leave();
});

test("two tabs have one conversation, which is kept, until a new one is begun", async () => {
  const guest = await visitor();
  const first = await guest.open();
  const second = await guest.open();
  await second.getByText("Write the first message").waitFor();
  await say(first, "from the first");
  await answer(second, "You said: from the first").waitFor();
  await say(second, "from the second");
  await answer(first, "You said: from the second").waitFor();
  await answer(second, "You said: from the second").waitFor();
  const all = ["you: from the first", "bot: You said: from the first", "you: from the second", "bot: You said: from the second"];
  assert.deepEqual(await said(first), all);
  assert.deepEqual(await said(second), all);
  await first.reload();
  await answer(first, "You said: from the second").waitFor();
  assert.deepEqual(await said(first), all);
  await first.getByRole("button", { name: "New conversation" }).click();
  await screenshot(first, "renew");
  await first.getByRole("button", { name: "Keep this one" }).click();
  assert.deepEqual(await said(first), all);
  await first.getByRole("button", { name: "New conversation" }).click();
  await first.getByRole("button", { name: "Start a new one" }).click();
  await first.getByText("Write the first message").waitFor();
  await second.getByText("Write the first message").waitFor();
  await say(second, "fresh");
  await answer(first, "You said: fresh").waitFor();
  assert.deepEqual(await said(first), ["you: fresh", "bot: You said: fresh"]);
  await guest.leave();
});

test("nothing is lost or shown twice when the connection is", async () => {
  const line = await startLine(server.url);
  const guest = await visitor({}, [line.url]);
  const page = await guest.open(`${line.url}/chat/${bot}`);
  await say(page, "one");
  await answer(page, "You said: one").waitFor();
  await page.getByText("Connected").waitFor();
  // The same visitor in another browser, whose line is well.
  const kept = await page.evaluate(() => Object.entries(localStorage));
  const friend = await visitor();
  const other = await friend.open();
  await other.evaluate((all) => all.forEach(([name, value]) => localStorage.setItem(name, value)), kept);
  await other.reload();
  await answer(other, "You said: one").waitFor();
  line.cut();
  await page.getByText("Connection lost. Trying again").waitFor();
  await say(page, "lost?");
  await page.getByText("Not sent: the server cannot be reached.").waitFor();
  await screenshot(page, "retrying");
  await guest.context.setOffline(true);
  await page.getByText("You are offline.").waitFor();
  await guest.context.setOffline(false);
  await say(other, "count 60");
  await answer(other, "number 60").waitFor();
  line.mend();
  await answer(page, "number 60").waitFor();
  await page.getByText("Connected").waitFor();
  await page.getByRole("button", { name: "Try again" }).click();
  await answer(page, "You said: lost?").waitFor();
  await answer(other, "You said: lost?").waitFor();
  const numbers = Array.from({ length: 60 }, (_, index) => `bot: number ${index + 1}`);
  const all = ["you: one", "bot: You said: one", "you: count 60", ...numbers, "you: lost?", "bot: You said: lost?"];
  assert.deepEqual(await said(page), all);
  assert.deepEqual(await said(other), all);
  // After a reload the end is there at once, and what is before it when it is asked for.
  await page.reload();
  await answer(page, "You said: lost?").waitFor();
  const older = page.getByRole("button", { name: "Show earlier messages" });
  for (let pages = 0; pages < 10 && (await older.isVisible()); pages += 1) {
    const count = await page.locator(".row").count();
    await older.click();
    await page.waitForFunction((known) => document.querySelectorAll(".row").length > known, count);
  }
  assert.deepEqual(await said(page), all);
  await friend.leave();
  await guest.leave();
  await line.stop();
});

test("one who reads further up is not moved, and is told of what comes", async () => {
  const guest = await visitor({ viewport: { width: 600, height: 500 } });
  const page = await guest.open();
  const other = await guest.open();
  await say(page, "count 20");
  await answer(page, "number 20").waitFor();
  await page.getByRole("main").evaluate((main) => (main.scrollTop = 0));
  await say(other, "more");
  await page.getByRole("button", { name: "New messages" }).waitFor();
  assert.equal(await page.getByRole("main").evaluate((main) => main.scrollTop), 0);
  await screenshot(page, "further-up");
  await page.getByRole("button", { name: "New messages" }).click();
  await page.waitForFunction(() => {
    const main = document.querySelector("main");
    return main.scrollHeight - main.scrollTop - main.clientHeight < 2;
  });
  await guest.leave();
});

test("a message of a type that nobody knows is shown as it came", async () => {
  const guest = await visitor();
  const page = await guest.open();
  await say(page, "one");
  await answer(page, "You said: one").waitFor();
  await page.route(/\/messages$/, async (route) => {
    if (route.request().method() !== "GET") return route.continue();
    const response = await route.fetch();
    const list = await response.json();
    const [last] = list.messages;
    list.messages.unshift({ ...last, id: "strange", payload: { type: "hologram", depth: 3 } });
    list.messages.unshift({ ...last, id: "broken", payload: { type: "choice", text: "Which?", options: "none" } });
    return route.fulfill({ response, json: list });
  });
  await page.reload();
  await page.getByText("A message of type “hologram”:").waitFor();
  await page.getByText("A message of type “choice”:").waitFor();
  await page.getByText('"depth": 3').waitFor();
  await screenshot(page, "unknown");
  await guest.leave();
});

test("what a bot says stays text, however it is written", async () => {
  const guest = await visitor();
  const page = await guest.open();
  const { found, slowest } = await page.evaluate(async () => {
    const { markdown } = await import("/chat/assets/markdown.js");
    const { draw } = await import("/chat/assets/draw.js");
    const addresses = ["javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:x", "file:///etc/passwd", "//example.com", "/chat", "\u0001javascript:alert(1)", "blob:http://x/1"];
    const parts = ["*", "**", "_", "`", "```", "[", "](", ")", "!", "<", ">", "\n", "\n\n", "- ", "1. ", "> ", "|", "|---|", "# ", "~~", "\\", "a", " ", "<img src=x onerror=alert(1)>", "<script>alert(1)</script>", "http://x.y/", "&lt;", ...addresses];
    let seed = 7;
    const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
    const texts = [
      "![a](http://x.y/) [a](http://x.y/)",
      ...addresses.flatMap((address) => [`[a](${address})`, `[a](<${address}>)`, `![a](${address})`, `<${address}>`]),
      ...["*", "**", "_", "`", "[", "](", "[a](", "> ", "- ", "|a", "~~", "\\", "![", "<http://", "# ", "a*"].map((part) => part.repeat(4000)),
      ...Array.from({ length: 2000 }, () => Array.from({ length: 30 }, () => parts[Math.floor(random() * parts.length)]).join("")),
    ];
    const payloads = addresses.flatMap((address) => [
      { type: "image", imageUrl: address }, { type: "audio", audioUrl: address }, { type: "video", videoUrl: address }, { type: "file", fileUrl: address },
      { type: "card", title: "<b>", imageUrl: address, actions: [{ action: "url", label: "<i>", value: address }] },
    ]);
    const place = document.createElement("div");
    let slowest = 0;
    for (const text of texts) {
      const begun = performance.now();
      place.append(...markdown(text));
      slowest = Math.max(slowest, performance.now() - begun);
    }
    for (const payload of payloads) place.append(draw(payload, { say: () => {} }));
    const found = { elements: new Set(), attributes: new Set(), addresses: new Set() };
    for (const each of place.querySelectorAll("*")) {
      found.elements.add(each.localName);
      for (const { name, value } of each.attributes) {
        found.attributes.add(name);
        if (name === "href" || name === "src") found.addresses.add(new URL(value).protocol);
      }
    }
    return { slowest, found: Object.fromEntries(Object.entries(found).map(([name, set]) => [name, [...set].sort()])) };
  });
  const elements = "a article blockquote br code del div em h3 h4 h5 h6 hr img li ol p path pre span strong svg table tbody td th thead tr ul".split(" ");
  const attributes = "alt aria-hidden class d dir href loading referrerpolicy rel scope src start tabindex target title viewBox".split(" ");
  assert.deepEqual(found.elements.filter((name) => !elements.includes(name)), []);
  assert.deepEqual(found.attributes.filter((name) => !attributes.includes(name)), []);
  assert.deepEqual(found.addresses.filter((name) => name !== "http:"), []);
  for (const name of ["a", "blockquote", "code", "em", "h3", "img", "li", "pre", "strong", "table"]) assert.ok(found.elements.includes(name), name);
  // One text must not hold the page up; it takes a few milliseconds.
  assert.ok(slowest < 1000, `${slowest} ms`);
  // Images of those texts lead nowhere that the page may ask.
  guest.problems.length = 0;
  await guest.leave();
});

test("a chat that is switched off says so, and comes back by itself", async () => {
  const guest = await visitor();
  const page = await guest.open();
  await say(page, "one");
  await answer(page, "You said: one").waitFor();
  const isCall = (url) => url.pathname.startsWith("/webhook/");
  const gone = { id: "err", code: 404, type: "ResourceNotFound", message: "There is no such webhook" };
  await page.route(isCall, (route) => route.fulfill({ status: 404, json: gone }));
  await page.reload();
  await page.getByText("This chat is switched off.").waitFor();
  await say(page, "anyone?");
  await page.getByText("Not sent: this chat is switched off.").waitFor();
  await screenshot(page, "switched-off");
  await page.unroute(isCall);
  await page.getByText("Connected").waitFor();
  await page.getByRole("button", { name: "Try again" }).click();
  await answer(page, "You said: anyone?").waitFor();
  assert.equal((await said(page)).length, 4);
  await guest.leave();
});

test("a conversation that is gone makes place for another", async () => {
  const guest = await visitor();
  const page = await guest.open();
  await say(page, "one");
  await answer(page, "You said: one").waitFor();
  await page.evaluate((name) => {
    localStorage.setItem(name, JSON.stringify({ ...JSON.parse(localStorage.getItem(name)), key: "none.of.these" }));
  }, `parlance.chat.${bot}`);
  await page.reload();
  await page.getByText("The earlier conversation is no longer there.").waitFor();
  await say(page, "two");
  await answer(page, "You said: two").waitFor();
  assert.deepEqual(await said(page), ["you: two", "bot: You said: two"]);
  await guest.leave();
});

test("a page that nobody looks at lets go of its stream, and misses nothing", async () => {
  const guest = await visitor();
  const other = await guest.open();
  await say(other, "one");
  await answer(other, "You said: one").waitFor();
  await guest.context.clock.install();
  const page = await guest.open();
  const streams = new Set();
  page.on("request", (request) => request.url().endsWith("/listen") && streams.add(request));
  await page.reload();
  await page.getByText("Connected").waitFor();
  assert.equal(streams.size, 1);
  const ended = page.waitForEvent("requestfailed", (request) => streams.has(request));
  const look = (isHidden) => page.evaluate((hidden) => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event("visibilitychange"));
  }, isHidden);
  await look(true);
  await page.clock.runFor(31_000);
  await ended;
  await say(other, "two");
  await answer(other, "You said: two").waitFor();
  assert.equal((await said(page)).length, 2);
  await page.clock.runFor(31_000);
  await answer(page, "You said: two").waitFor();
  assert.equal(await page.title(), "(1) Coffee bot");
  await look(false);
  await say(other, "three");
  await answer(page, "You said: three").waitFor();
  await answer(other, "You said: three").waitFor();
  assert.equal(streams.size, 2);
  assert.equal(await page.title(), "Coffee bot");
  assert.deepEqual(await said(page), await said(other));
  await guest.leave();
});

test("who waits in vain is told why that may be", async () => {
  const silent = await manager.deploy("Silent bot");
  await manager.webchat(silent, "sharableUrl");
  const guest = await visitor();
  await guest.context.clock.install();
  const page = await guest.open(`/chat/${silent}`);
  await say(page, "anyone?");
  await page.locator(".row.own:not(.sending)").waitFor();
  assert.equal(await page.getByText("No answer so far.").isVisible(), false);
  await page.clock.runFor(21_000);
  await page.getByText("No answer so far.").waitFor();
  await guest.leave();
});

test("a chat that is not there says so", async () => {
  const guest = await visitor();
  const silent = await manager.deploy("Silent bot");
  const page = await guest.open(`/chat/${silent}`);
  await page.getByRole("heading", { name: "No web chat yet" }).waitFor();
  await screenshot(page, "off");
  await page.getByRole("button", { name: "Switch it on" }).click();
  await page.getByText("This bot has no code yet").waitFor();
  await screenshot(page, "no-code");
  await page.goto(`${server.url}/chat/none`);
  await page.getByRole("heading", { name: "Nothing here" }).waitFor();
  await screenshot(page, "nothing");
  await guest.leave();
});

const words = "<h1>A shop</h1><p>All about coffee.</p>";

test("a page of another site has the chat in its corner", async () => {
  const code = await manager.webchat(bot, "preconfigured");
  site.pages["/shop"] = `<!doctype html><html lang="en"><title>Shop</title><body>${words}${code}</body></html>`;
  const guest = await visitor({ viewport: { width: 900, height: 800 } });
  const page = await guest.open(`${site.foreign}/shop`);
  const launcher = page.getByRole("button", { name: /^Chat/ });
  assert.equal(await page.locator("iframe").count(), 0);
  await launcher.click();
  const chat = await framed(page);
  // The field has the focus, across the frame.
  await chat.getByLabel("Your message").and(chat.locator(":focus")).waitFor();
  await page.keyboard.type("Hello from the shop");
  await page.keyboard.press("Enter");
  await chat.getByText("You said: Hello from the shop").waitFor();
  await screenshot(page, "embedded");
  await page.keyboard.press("Escape");
  await page.locator("iframe").waitFor({ state: "hidden" });
  await launcher.and(page.locator(":focus")).waitFor();
  await page.reload();
  await launcher.click();
  await chat.getByText("You said: Hello from the shop").waitFor();
  await chat.getByRole("button", { name: "Close the chat" }).click();
  await page.locator("iframe").waitFor({ state: "hidden" });
  await guest.leave();
});

test("what comes while the chat in a page is closed is counted at its button", async () => {
  site.pages["/shop"] = `<!doctype html><html lang="en"><body>${words}${await manager.webchat(bot, "preconfigured")}</body></html>`;
  const guest = await visitor();
  const page = await guest.open(`${site.foreign}/shop`);
  await page.getByRole("button", { name: "Chat" }).click();
  const chat = await framed(page);
  let answers;
  site.pages["/later"] = new Promise((resolve) => {
    answers = resolve;
  });
  await chat.getByLabel("Your message").fill("later, count 2");
  await chat.getByLabel("Your message").press("Enter");
  await page.keyboard.press("Escape");
  await page.locator("iframe").waitFor({ state: "hidden" });
  answers("now");
  await page.getByRole("button", { name: "Chat, 2 unread" }).waitFor();
  await screenshot(page, "unread");
  await page.getByRole("button", { name: /^Chat/ }).click();
  await page.getByRole("button", { name: "Chat", exact: true }).waitFor();
  await guest.leave();
});

test("the options of the code are kept, and the site's own policy is enough", async () => {
  const code = (await manager.webchat(bot, "configurable"))
    .replace('data-title="Coffee bot"', 'data-title="Shop &amp; help"')
    .replace('data-color="#3455db"', 'data-color="#ffcc00"')
    .replace(/data-placeholder="[^"]*"/, 'data-placeholder="Ask us"')
    .replace('data-position="right"', 'data-position="left"')
    .replace('data-theme="auto"', 'data-theme="dark"')
    .replace('data-open="false"', 'data-open="true"')
    .replace('data-label="Chat"', 'data-label="Ask"');
  const policy = `<meta http-equiv="content-security-policy" content="default-src 'none'; script-src ${server.url}; frame-src ${server.url}">`;
  site.pages["/options"] = `<!doctype html><html lang="en"><head>${policy}</head><body>${words}${code}</body></html>`;
  const guest = await visitor();
  const page = await guest.open(`${site.foreign}/options`);
  const chat = await framed(page);
  await chat.getByRole("heading", { name: "Shop & help" }).waitFor();
  await chat.getByPlaceholder("Ask us").fill("Hello");
  await chat.getByPlaceholder("Ask us").press("Enter");
  await chat.getByText("You said: Hello").waitFor();
  assert.equal(await chat.locator("html").getAttribute("data-theme"), "dark");
  const { x } = await page.locator("iframe").boundingBox();
  assert.equal(x, 20);
  await page.getByRole("button", { name: "Ask" }).waitFor();
  await screenshot(page, "options");
  await page.setViewportSize({ width: 360, height: 700 });
  await screenshot(page, "options-telephone");
  await guest.leave();
});

test("the page that the chat fills works too", async () => {
  site.pages["/full"] = await manager.webchat(bot, "fullscreen");
  const guest = await visitor();
  const page = await guest.open(`${site.foreign}/full`);
  const chat = await framed(page);
  await chat.getByLabel("Your message").fill("Hello");
  await chat.getByLabel("Your message").press("Enter");
  await chat.getByText("You said: Hello").waitFor();
  assert.equal(await page.title(), "Coffee bot");
  await guest.leave();
});

test("a bot that fails is told of, with the place in its code", async () => {
  const { bot: broken } = await manager.call("POST", "/v1/admin/bots", {
    name: "Broken bot",
    code: `exports.handler = async (request) => {
      const { event } = JSON.parse(request.body || "{}")
      if (event?.type === "message_created") inner(event.payload.message.payload.text)
    }
    function inner(text) {
      if (text !== "well") throw new TypeError("<b>no</b> " + text)
    }`,
  });
  await manager.webchat(broken.id, "sharableUrl");
  const guest = await visitor();
  const page = await guest.open(`/chat/${broken.id}`);
  const banner = page.getByRole("alert");
  await say(page, "hello");
  await banner.getByText("TypeError: <b>no</b> hello").waitFor();
  await banner.getByText(/at inner \(bundle\.js:6:\d+\)/).waitFor();
  await screenshot(page, "failure");
  await say(page, "again");
  await banner.getByText("TypeError: <b>no</b> again").waitFor();
  await banner.getByRole("button", { name: "Dismiss" }).click();
  await banner.waitFor({ state: "hidden" });
  await say(page, "well");
  await page.getByText("Connected").waitFor();
  await page.waitForTimeout(1500);
  assert.equal(await banner.count(), 0);
  await guest.leave();
});
