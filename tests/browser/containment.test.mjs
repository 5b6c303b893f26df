// Pages of strangers, and pages that an integration's code makes, in Chromium: they act on nothing of this
// server. A wizard that leads through an authorization at a provider works all the same.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { developer } from "./bot.mjs";
import { startBrowser } from "./browser.mjs";
import { BOTPRESS_PAT, startServer } from "./server.mjs";

let server;
let browser;
let stranger;
let provider;
let webhook;

/** An integration whose wizard is three steps: a form, the provider, and what came of it. */
const WIZARD = (authorize) => `
exports.handler = async (request) => {
  if (request.headers["x-bp-operation"] !== "webhook_received") return { status: 200 };
  const { req } = JSON.parse(request.body);
  const page = (body) => ({ status: 200, headers: { "content-type": "text/html" }, body });
  const own = request.headers["x-webhook-id"];
  if (req.path === "/connect" && req.method === "POST")
    return { status: 302, headers: { location: "${authorize}?state=" + own + "&" + req.body } };
  if (req.path === "/connect")
    return page('<form method="post"><label>Team <input name="team"></label><button>Connect</button></form>');
  if (req.path === "/oauth") return page("<h1>Connected: " + req.query.split("team=")[1] + "</h1>");
  if (req.path === "/greedy") return {
    status: 200,
    headers: {
      "content-type": "text/html", "clear-site-data": '"*"', "service-worker-allowed": "/",
      "set-cookie": "parlance_pages=stolen; Path=/platform", "content-security-policy": "sandbox allow-same-origin allow-scripts",
    },
    body: \`<h1>Greedy</h1><script>
      (async () => {
        const out = {};
        const attempt = async (name, does) => {
          try { out[name] = String(await does()); } catch (error) { out[name] = "refused"; }
        };
        await attempt("origin", () => self.origin);
        await attempt("cookie", () => document.cookie);
        await attempt("storage", () => localStorage.length);
        await attempt("inbox", async () => (await fetch("/inbox/example.json")).text());
        await attempt("clear", async () => (await fetch("/inbox/example/clear", { method: "POST" })).status);
        await attempt("worker", () => navigator.serviceWorker.register(location.pathname + "/worker.js"));
        document.title = JSON.stringify(out);
      })();
    </script>\`,
  };
  return { status: 404 };
};`;

/** A site on a port of its own. */
function startSite(answer) {
  const site = createServer(answer);
  return new Promise((resolve) => {
    site.listen(0, "127.0.0.1", () => {
      const url = `http://127.0.0.1:${site.address().port}`;
      resolve({ url, stop: () => new Promise((done) => site.close(done)) });
    });
  });
}

async function call(method, path, headers, body) {
  const answer = await fetch(server.url + path, {
    method,
    headers: { authorization: `Bearer ${BOTPRESS_PAT}`, "content-type": "application/json", ...headers },
    body: body && JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

before(async () => {
  server = await startServer();
  stranger = await startSite((request, response) => {
    response.setHeader("content-type", "text/html");
    const to = new URL(request.url, "http://x").searchParams.get("to");
    response.end(to
      ? `<form method="post" action="${to}"><input name="status" value="503"><button>Win a prize</button></form>`
      : "<h1>Nothing</h1>");
  });
  // It sends browsers back at once.
  provider = await startSite((request, response) => {
    const { searchParams } = new URL(request.url, "http://x");
    const back = `${server.url}/webhook/oauth?state=${searchParams.get("state")}&team=${searchParams.get("team")}`;
    response.writeHead(302, { location: back });
    response.end();
  });
  const manager = developer(server);
  await manager.begin();
  const bot = await manager.deploy("Wizard");
  const { workspaces } = await call("GET", "/v1/admin/workspaces");
  const inWorkspace = { "x-workspace-id": workspaces[0].id };
  const { integration } = await call("POST", "/v1/admin/integrations", inWorkspace, {
    name: "wizard", version: "0.1.0", code: WIZARD(`${provider.url}/authorize`),
  });
  const { bot: changed } = await call("PUT", `/v1/admin/bots/${bot}`, inWorkspace, {
    integrations: { [integration.id]: { enabled: true } },
  });
  webhook = new URL(changed.integrations[integration.id].webhookUrl).pathname;
  browser = await startBrowser(
    // A name of a stranger's that leads to this machine.
    "--host-resolver-rules=MAP evil.example 127.0.0.1",
  );
});

after(async () => {
  await browser?.close();
  await provider?.stop();
  await stranger?.stop();
  await server?.stop();
});

async function fill(name, body) {
  await fetch(`${server.url}/inbox/${name}`, { method: "POST", body });
}

async function kept(name) {
  return (await fetch(`${server.url}/inbox/${name}.json`)).json();
}

test("a page that has its own name lead to this machine reads and changes nothing", async () => {
  await fill("rebound", "a secret");
  const page = await browser.newPage();
  const { port } = new URL(server.url);
  const answer = await page.goto(`http://evil.example:${port}/inbox/rebound.json`);
  assert.equal(answer.status(), 421);
  // To the browser, what is shown now is a page of the stranger's name.
  assert.equal(await page.evaluate(() => self.origin), `http://evil.example:${port}`);
  const seen = await page.evaluate(async () => {
    const read = await fetch("/inbox/rebound.json");
    const cleared = await fetch("/inbox/rebound/clear", { method: "POST" });
    return { read: read.status, text: await read.text(), cleared: cleared.status };
  });
  assert.deepEqual({ read: seen.read, cleared: seen.cleared }, { read: 421, cleared: 421 });
  assert.ok(seen.text.includes("server.allowed_hosts") && !seen.text.includes("a secret"), seen.text);
  assert.equal((await kept("rebound")).requests.length, 1);
  // By its own names the server answers.
  for (const host of ["127.0.0.1", "localhost", "chat.localhost"]) {
    assert.equal((await page.goto(`http://${host}:${port}/`)).status(), 200, host);
  }
  await page.close();
});

test("forms of other sites are refused, and those of this server's pages work", async () => {
  await fill("forms", "kept");
  const page = await browser.newPage();
  for (const path of ["/inbox/forms/settings", "/inbox/forms/clear", "/platform/connections/uninstall", "/platform/sign-in"]) {
    await page.goto(`${stranger.url}/?to=${encodeURIComponent(server.url + path)}`);
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.url() === server.url + path),
      page.getByRole("button").click(),
    ]);
    assert.equal(answer.status(), 403, path);
  }
  const before = await kept("forms");
  assert.equal(before.status, 200);
  assert.equal(before.requests.length, 1);
  await page.goto(`${server.url}/inbox/forms`);
  await page.getByLabel("Answer with").selectOption("500");
  await page.getByRole("button", { name: "Set" }).click();
  await page.getByText("New ones are answered with 500").waitFor();
  await page.getByRole("button", { name: "Clear" }).click();
  await page.getByText("Nothing has arrived yet").waitFor();
  assert.deepEqual((await kept("forms")).requests, []);
  await page.close();
});

test("an integration's wizard leads through a form and a provider", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${server.url}${webhook}/connect`);
  await page.getByLabel("Team").fill("blue");
  await page.getByRole("button", { name: "Connect" }).click();
  await page.getByRole("heading", { name: "Connected: blue" }).waitFor();
  assert.ok(page.url().startsWith(`${server.url}/webhook/oauth?state=`), page.url());
  await context.close();
});

test("a page that an integration's code makes is nobody's", async () => {
  await fill("example", "a secret");
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${server.url}/platform/connections`);
  const session = async () => (await context.cookies(`${server.url}/platform`)).map(({ name, value }) => [name, value]);
  const before = await session();
  assert.deepEqual(before.map(([name]) => name), ["parlance_pages"]);
  await page.goto(`${server.url}${webhook}/greedy`);
  await page.waitForFunction(() => document.title.startsWith("{"));
  const seen = JSON.parse(await page.title());
  assert.deepEqual(seen, {
    origin: "null", cookie: "refused", storage: "refused", inbox: "refused", clear: "refused", worker: "refused",
  });
  assert.deepEqual(await session(), before, "the session is what it was");
  assert.equal((await kept("example")).requests.length, 1);
  await context.close();
});

test("no page but a chat can be put into a stranger's", async () => {
  const page = await browser.newPage();
  await page.goto(stranger.url);
  for (const path of ["/", "/docs/aloochat", "/inbox/", "/platform/connections", "/chat/example"]) {
    const framed = await page.evaluate(async (address) => {
      const frame = document.createElement("iframe");
      const loaded = new Promise((resolve) => frame.addEventListener("load", resolve));
      frame.src = address;
      document.body.append(frame);
      await loaded;
      return true;
    }, server.url + path);
    assert.ok(framed);
    const frame = page.frames().at(-1);
    assert.ok(frame.url().startsWith("chrome-error:"), `${path} is shown: ${frame.url()}`);
  }
  await page.close();
});
