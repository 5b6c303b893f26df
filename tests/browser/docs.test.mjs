// The pages in Chromium, as a newcomer uses them.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startBrowser } from "./browser.mjs";
import { BOTPRESS_PAT, COHERE_KEY, KEY, startServer } from "./server.mjs";

let server;
let browser;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** A page that fails the test if it asks anything of another host or logs an error. */
async function openPage(path) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
  const problems = [];
  page.on("request", (request) => {
    const url = new URL(request.url());
    const local = url.origin === server.url || ["data:", "blob:"].includes(url.protocol);
    if (!local) problems.push(`asked ${url.origin}`);
  });
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  await page.goto(server.url + path);
  return { page, problems };
}

async function screenshot(page, name) {
  await page.screenshot({ path: `screenshots/${name}.png`, fullPage: true });
}

test("the landing page leads to the Swagger UI", async () => {
  const { page, problems } = await openPage("/");
  await page.getByRole("heading", { name: "Aloochat" }).waitFor();
  await screenshot(page, "landing");
  await page.locator('a[href="/docs/aloochat"]').click();
  await page.getByText("/integrations/types").first().waitFor();
  assert.equal(await page.title(), "Aloochat API · Parlance");
  assert.deepEqual(problems, []);
  await page.close();
});

/** Opens an operation, tries it out and returns the status and body it shows. */
async function tryOut(page, operation, fill) {
  const block = page.locator(`[id^="operations-"][id$="-${operation}"]`);
  await block.locator(".opblock-summary-control").click();
  await block.getByRole("button", { name: "Try it out" }).click();
  await fill?.(block);
  await block.getByRole("button", { name: "Execute" }).click();
  const answer = block.locator(".live-responses-table");
  await answer.waitFor();
  const status = await answer.locator("tbody .response-col_status").first().innerText();
  const body = await answer.locator(".highlight-code .microlight").first().innerText();
  return { status: Number.parseInt(status, 10), body: JSON.parse(body) };
}

/** Gives the Swagger UI a key. */
async function authorize(page, key) {
  await page.getByRole("button", { name: "Authorize" }).first().click();
  const dialog = page.locator(".modal-ux");
  await dialog.locator("input").first().fill(key);
  await dialog.getByRole("button", { name: "Apply credentials" }).first().click();
  await dialog.getByRole("button", { name: "Close" }).first().click();
}

test("authorize, create and list in the Swagger UI", async () => {
  const { page, problems } = await openPage("/docs/aloochat");
  await authorize(page, KEY);

  const created = await tryOut(page, "create_integration", async (block) => {
    const example = JSON.parse(await block.locator("textarea").inputValue());
    example.name = "Made in the browser";
    await block.locator("textarea").fill(JSON.stringify(example));
  });
  assert.equal(created.status, 200);
  assert.equal(created.body.name, "Made in the browser");
  assert.equal(created.body.config.access_token, undefined, "the secret is left out");

  const listed = await tryOut(page, "list_integrations");
  assert.equal(listed.status, 200);
  assert.deepEqual(listed.body, [created.body]);
  await screenshot(page, "swagger-ui");
  await page.locator(".live-responses-table").first().screenshot({ path: "screenshots/answer.png" });

  // The browser keeps the key over a reload.
  await page.reload();
  await page.getByText("/integrations/types").first().waitFor();
  const types = await tryOut(page, "get_integration_types");
  assert.equal(types.status, 200);
  assert.equal(types.body.length, 10);
  assert.deepEqual(problems, []);
  await page.close();
});

test("without a key, the Swagger UI shows the vendor's error", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${server.url}/docs/aloochat`);
  const refused = await tryOut(page, "get_integration_types");
  assert.equal(refused.status, 401);
  assert.deepEqual(refused.body, { detail: "Invalid or missing API key" });
  await context.close();
});

/** The operations of a document, as `GET /path`. */
async function operations(dialect) {
  const answer = await fetch(`${server.url}/openapi/${dialect}.json`);
  const methods = ["get", "post", "put", "patch", "delete"];
  const document = await answer.json();
  return Object.entries(document.paths).flatMap(([path, item]) =>
    methods.filter((method) => item[method]).map((method) => `${method.toUpperCase()} ${path}`));
}

/** What the Swagger UI shows of them, without the places that it allows lines to break at. */
async function shown(page) {
  await page.locator(".opblock").first().waitFor();
  const blocks = page.locator(".opblock .opblock-summary");
  return blocks.evaluateAll((all) => all.map((one) => {
    const method = one.querySelector(".opblock-summary-method").textContent;
    const path = one.querySelector(".opblock-summary-path").textContent;
    return `${method} ${path.replaceAll("\u200b", "")}`;
  }));
}

const DIALECTS = [
  {
    dialect: "botpress",
    title: "Botpress",
    key: BOTPRESS_PAT,
    operation: "getAccount",
    check: ({ account }) => assert.equal(account.email, "owner@example.localhost"),
  },
  {
    dialect: "cohere",
    title: "Cohere",
    key: COHERE_KEY,
    operation: "listConnectors",
    check: (body) => assert.deepEqual(body.connectors, []),
  },
];

for (const { dialect, title, key, operation, check } of DIALECTS) {
  test(`the Swagger UI of ${title} shows every operation and calls one`, async () => {
    const { page, problems } = await openPage(`/docs/${dialect}`);
    const expected = await operations(dialect);
    assert.deepEqual((await shown(page)).sort(), expected.sort());
    assert.equal(await page.locator(".errors-wrapper").count(), 0, "the document has no errors");
    await authorize(page, key);
    const answer = await tryOut(page, operation);
    assert.equal(answer.status, 200);
    check(answer.body);
    await screenshot(page, `swagger-ui-${dialect}`);
    assert.deepEqual(problems, []);
    await page.close();
  });
}
