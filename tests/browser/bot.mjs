// A bot of ours, as its code is deployed: it answers with the type of message that it is asked for.

import { createServer } from "node:http";
import { connect, createServer as createListener } from "node:net";
import { BOTPRESS_PAT } from "./server.mjs";

/** What the bot says, by what it is asked for. `MEDIA` stands for where the files are. */
const cards = [
  ["Espresso", "Short and strong."],
  ["Flat white", "With milk, softly."],
  ["Filter", "A whole pot."],
  ["Cold brew", "Twelve hours in the cold."],
].map(([title, subtitle], index) => ({
  title,
  subtitle,
  imageUrl: `MEDIA/image-${index}.svg`,
  actions: [
    { action: "postback", label: "Order", value: `order-${index}` },
    { action: "url", label: "Read more", value: `https://example.com/${index}` },
    { action: "say", label: "Ask about it", value: `tell me about ${title}` },
  ],
}));

const MESSAGES = {
  text: { text: "Hello, I am **the bot**. Look at https://example.com/a_b_c\nOn a second line." },
  markdown: {
    markdown: [
      "# A title", "", "Some *text* with [a link](https://example.com) and [none](javascript:alert(1)).", "",
      "- one", "- two", "  - **nested**", "", "1. first", "2. second", "", "> quoted", "",
      "```js", "const a = '<b>';", "```", "", "| cup | size |", "|---|---|", "| small | 1 |", "",
      "<img src=x onerror=alert(1)> in snake_case_words",
    ].join("\n"),
  },
  image: { imageUrl: "MEDIA/image-0.svg" },
  choice: {
    text: "Which size?",
    options: [{ label: "Small", value: "size-s" }, { label: "Medium", value: "size-m" }, { label: "Large", value: "size-l" }],
  },
  dropdown: {
    text: "Which country?",
    options: ["France", "Ghana", "Japan", "Peru"].map((label) => ({ label, value: label.toLowerCase() })),
  },
  card: cards[0],
  carousel: { items: cards },
  file: { fileUrl: "MEDIA/Price%20list.txt" },
  audio: { audioUrl: "MEDIA/sound.wav" },
  video: { videoUrl: "MEDIA/none.webm" },
  location: { latitude: 48.8584, longitude: 2.2945, title: "Eiffel Tower", address: "5 Avenue Anatole France, Paris" },
};

/** The types that the bot can be asked for. */
export const TYPES = Object.keys(MESSAGES);

const bundle = (media) => `
const messages = ${JSON.stringify(MESSAGES).replaceAll("MEDIA", media)};
exports.handler = async (request) => {
  const { event } = JSON.parse(request.body || "{}");
  if (request.headers["x-bp-operation"] !== "event_received" || event.type !== "message_created") return { status: 200 };
  const bot = request.headers["x-bot-id"];
  const { message } = event.payload;
  const say = async (type, payload) => {
    const answer = await fetch(process.env.BP_API_URL + "/v1/chat/messages", {
      method: "POST",
      headers: { authorization: "Bearer " + process.env.BP_TOKEN, "x-bot-id": bot, "content-type": "application/json" },
      body: JSON.stringify({ type, payload, conversationId: message.conversationId, userId: bot, tags: {} }),
    });
    if (!answer.ok) throw new Error(await answer.text());
  };
  const { text: said, value } = message.payload;
  // What begins with this is answered when the site gives its page.
  const text = said.startsWith("later, ") ? said.slice(7) : said;
  if (text !== said) await fetch("${media}/later");
  if (text === "everything") for (const type of Object.keys(messages)) await say(type, messages[type]);
  else if (text.startsWith("count ")) for (let i = 1; i <= Number(text.slice(6)); i += 1) await say("text", { text: "number " + i });
  else if (messages[text]) await say(text, messages[text]);
  else await say("text", { text: "You said: " + text + (value ? " (value " + value + ")" : "") });
  return { status: 200 };
};`;

/** Calls Botpress's API as the developer of bots. */
export function developer(server) {
  let workspace;
  const call = async (method, path, body) => {
    const headers = { authorization: `Bearer ${BOTPRESS_PAT}`, "content-type": "application/json" };
    if (workspace) headers["x-workspace-id"] = workspace;
    const answer = await fetch(server.url + path, { method, headers, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  return {
    call,
    async begin() {
      workspace = (await call("GET", "/v1/admin/workspaces")).workspaces[0].id;
    },
    /** Makes a bot with this code, and none without it. */
    async deploy(name, media) {
      const { bot } = await call("POST", "/v1/admin/bots", { name });
      if (media) await call("PUT", `/v1/admin/bots/${bot.id}`, { code: bundle(media) });
      return bot.id;
    },
    async webchat(bot, type) {
      return (await call("GET", `/v1/admin/bots/${bot}/webchat?type=${type}`)).code;
    },
  };
}

/** A second of silence. */
function silence() {
  const wav = Buffer.alloc(44 + 8000, 128);
  wav.write("RIFF", 0);
  wav.writeUInt32LE(36 + 8000, 4);
  wav.write("WAVEfmt ", 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(8000, 24);
  wav.writeUInt32LE(8000, 28);
  wav.writeUInt16LE(1, 32);
  wav.writeUInt16LE(8, 34);
  wav.write("data", 36);
  wav.writeUInt32LE(8000, 40);
  return wav;
}

function file(path) {
  if (path === "/sound.wav") return ["audio/wav", silence()];
  if (path.startsWith("/image-")) {
    const hue = Number(path[7]) * 70;
    const picture = `<rect width="600" height="340" fill="hsl(${hue},40%,60%)"/><circle cx="300" cy="170" r="110" fill="hsl(${hue},50%,40%)"/>`;
    return ["image/svg+xml", `<svg xmlns="http://www.w3.org/2000/svg" width="600" height="340">${picture}</svg>`];
  }
  return null;
}

/** A server of files and pages on an origin of its own. `pages` are HTML by path, or will be. */
export async function startSite(pages = {}) {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, "http://site").pathname;
    const page = await pages[path];
    const [type, body] = page ? ["text/html; charset=utf-8", page] : file(path) ?? [null, null];
    if (type === null) return response.writeHead(404).end();
    return response.writeHead(200, { "content-type": type }).end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    pages,
    url: `http://127.0.0.1:${server.address().port}`,
    /** The same on another site for a browser. */
    foreign: `http://localhost:${server.address().port}`,
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A line to the server that can be cut. */
export async function startLine(address) {
  const { hostname, port } = new URL(address);
  const ends = new Set();
  let isCut = false;
  const listener = createListener((near) => {
    if (isCut) return near.destroy();
    const far = connect(Number(port), hostname);
    for (const [end, opposite] of [[near, far], [far, near]]) {
      ends.add(end);
      end.on("error", () => {});
      end.on("close", () => {
        ends.delete(end);
        opposite.destroy();
      });
    }
    return near.pipe(far).pipe(near);
  });
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const cut = () => {
    isCut = true;
    for (const end of ends) end.destroy();
  };
  return {
    url: `http://127.0.0.1:${listener.address().port}`,
    cut,
    mend: () => (isCut = false),
    stop() {
      cut();
      return new Promise((resolve) => listener.close(resolve));
    },
  };
}
