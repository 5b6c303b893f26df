// Forms of public connectors in Chromium: each is filled in as a person would, and gives the configuration
// that its schema describes.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { startBrowser } from "./browser.mjs";
import { FORMS } from "./forms.mjs";
import { ADA_KEY, startServer } from "./server.mjs";

let server;
let browser;
let callback;
/** The addresses that browsers were sent to with a code. */
const codes = [];

before(async () => {
  server = await startServer();
  callback = createServer((request, response) => {
    const url = new URL(request.url, "http://127.0.0.1");
    // The browser also asks for an icon.
    if (url.pathname === "/callback") codes.push(url.searchParams.get("code"));
    response.end("<title>Back at the integration</title>");
  });
  await new Promise((resolve) => callback.listen(0, "127.0.0.1", resolve));
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  callback?.close();
  await server?.stop();
});

async function call(path, key, options = {}) {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const response = await fetch(server.url + path, { ...options, headers });
  return { status: response.status, body: await response.json() };
}

async function integration({ name, schema, identifier }) {
  const made = await call("/api/v2/platform-integrations/", ADA_KEY, {
    method: "POST",
    body: JSON.stringify({
      name: name.slice(0, 160),
      author: "Acme",
      description: name,
      contact: "help@acme.test",
      uninstallation_url: "http://127.0.0.1:9/uninstall",
      oauth_callback_url: `http://127.0.0.1:${callback.address().port}/callback`,
      tags: ["knowledge"],
      scopes: [],
      identifier_field_path: identifier,
      configuration_fields: schema,
      icon_url: "http://127.0.0.1:9/no-such-icon.png",
    }),
  });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  return made.body;
}

/** The configuration that the newest code leads to. */
async function configuration({ id, client_secret }) {
  const body = new URLSearchParams({
    grant_type: "authorization_code",
    client_id: id,
    client_secret,
    code: codes.at(-1),
  });
  const response = await fetch(`${server.url}/api/platform_integrations/oauth/token`, { method: "POST", body });
  const { access_token } = await response.json();
  const installed = await call(`/api/v2/platform-integrations/${id}/installations/self`, access_token);
  return installed.body.configuration;
}

/** A page without scripts: the forms do not need them. */
async function openForm({ id }, viewport = { width: 1100, height: 1000 }) {
  const context = await browser.newContext({ viewport, javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(`${server.url}/platform/integrations/${id}`);
  return { page, close: () => context.close() };
}

const submit = (page) => page.getByRole("button", { name: "Install" }).click();

for (const [index, form] of FORMS.entries()) {
  test(form.name, async () => {
    const made = await integration(form);
    const { page, close } = await openForm(made);
    await form.fill(page);
    await page.screenshot({ path: `screenshots/form-${index}.png`, fullPage: true });
    await submit(page);
    await page.waitForURL(/\/callback\?code=/);
    assert.deepEqual(await configuration(made), form.configuration);
    await close();
  });
}

test("the fields of a choice come and go with it, and errors are beside them", async () => {
  const made = await integration(FORMS[4]);
  const { page, close } = await openForm(made, { width: 390, height: 800 });
  const user = page.getByLabel("User");
  const token = page.getByLabel("Token");
  assert.ok(!(await user.isVisible()) && !(await token.isVisible()));
  // Without a choice.
  await page.getByLabel("Site").fill("https://docs.acme.test");
  await submit(page);
  await page.getByRole("alert").getByRole("link", { name: /^Login/ }).waitFor();
  // By keyboard: the arrow keys choose, Tab leads into the fields.
  await page.getByLabel("Bearer").focus();
  await page.keyboard.press("Space");
  assert.ok((await token.isVisible()) && !(await user.isVisible()));
  await page.keyboard.press("ArrowUp");
  assert.ok((await user.isVisible()) && !(await token.isVisible()));
  await page.keyboard.press("Tab");
  await page.keyboard.type("grace");
  await submit(page);
  const link = page.getByRole("alert").getByRole("link", { name: /^Password/ });
  await link.waitFor();
  await page.screenshot({ path: "screenshots/form-errors-390.png", fullPage: true });
  assert.equal(await user.inputValue(), "grace");
  assert.ok(await page.getByLabel("Basic").isChecked());
  assert.equal(await page.getByLabel("Password").getAttribute("aria-invalid"), "true");
  await link.click();
  assert.match(page.url(), /#field-\d+$/);
  const width = await page.evaluate(() => document.documentElement.scrollWidth).catch(() => 0);
  assert.ok(width <= 390, `${width} px`);
  // An icon that cannot be loaded takes no room.
  const icon = await page.locator("img.icon").boundingBox();
  assert.ok(!icon || icon.width <= 1 || icon.height <= 1, JSON.stringify(icon));
  await close();
});
