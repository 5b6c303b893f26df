// Installing an Ada platform integration in Chromium, from the form to the uninstall.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startBrowser } from "./browser.mjs";
import { startIntegration } from "./integration.mjs";
import { ADA_KEY, startServer } from "./server.mjs";

let server;
let integration;
let browser;

before(async () => {
  server = await startServer();
  integration = await startIntegration(server.url, ADA_KEY);
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await integration?.stop();
  await server?.stop();
});

/** A page of a browser of its own, that fails the test if it asks anything of a stranger. */
async function openPage(path, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1100, height: 1000 }, ...options });
  const page = await context.newPage();
  const problems = [];
  page.on("request", (request) => {
    const origin = new URL(request.url()).origin;
    if (![server.url, integration.origin].includes(origin)) problems.push(`asked ${origin}`);
  });
  page.on("pageerror", (error) => problems.push(String(error)));
  await page.goto(server.url + path);
  return { page, problems, close: () => context.close() };
}

async function screenshot(page, name) {
  await page.screenshot({ path: `screenshots/${name}.png`, fullPage: true });
}

test("install, refresh, uninstall", async () => {
  // Without scripts: the pages do not need them.
  const { page, problems, close } = await openPage(`/platform/integrations/${integration.id}`, {
    javaScriptEnabled: false,
  });
  await page.getByRole("heading", { level: 1, name: "Acme Docs" }).waitFor();
  await screenshot(page, "install-form");
  await page.getByRole("group", { name: "Account" }).getByLabel("Site").fill("docs.acme.test");
  await page.getByLabel("API token").fill("acme-token");
  await page.getByLabel("Language").selectOption("Français");
  await page.getByLabel("Guides").check();
  await page.getByLabel("Release notes").check();
  await page.getByLabel("Leave out").fill("internal\nold");
  await page.getByLabel("Drafts too").check();
  await page.getByRole("button", { name: "Connect to Acme Docs" }).click();
  await page.getByRole("heading", { name: "Connected", exact: true }).waitFor();
  assert.equal(page.url(), `${server.url}/platform/integrations/${integration.id}/connections/success`);
  await screenshot(page, "install-success");

  const [[id, given]] = integration.installations;
  assert.equal(given.handle, "example");
  assert.equal(given.installation.status, "complete");
  assert.deepEqual(given.installation.configuration, {
    account: { site: "docs.acme.test", token: "acme-token" },
    language: "Français",
    sections: ["Guides", "Release notes"],
    leave_out: ["internal", "old"],
    limit: 1000,
    drafts: true,
  });

  const refreshed = await integration.refresh(given.refresh_token);
  assert.equal(refreshed.status, 200);
  const self = "/api/platform_integrations/oauth/self";
  const who = await integration.call(self, refreshed.body.access_token);
  assert.equal(who.platform_integration_installation_id, id);

  await page.getByRole("link", { name: "See connections" }).click();
  const connection = page.getByRole("listitem").filter({ hasText: "docs.acme.test" });
  await connection.getByText("complete", { exact: true }).waitFor();
  await connection.getByText("Uninstall", { exact: false }).first().click();
  await screenshot(page, "connections");
  const told = integration.nextUninstall();
  await connection.getByRole("button", { name: "Uninstall docs.acme.test" }).click();
  await page.getByText("Nothing is installed").waitFor();
  const { id: gone, valid, url } = await told;
  assert.deepEqual({ gone, valid, url }, { gone: id, valid: true, url: `/uninstall?installation_id=${id}` });
  await assert.rejects(integration.call(self, refreshed.body.access_token), /401/);
  assert.equal((await integration.refresh(refreshed.body.refresh_token)).body.error, "invalid_grant");
  await page.goto(`${server.url}/platform/connections`);
  await screenshot(page, "connections-empty");
  assert.deepEqual(problems, []);
  await close();
});

test("an invalid form says what is wrong, beside the fields", async () => {
  const { page, problems, close } = await openPage(`/platform/integrations/${integration.id}`);
  await page.getByLabel("Site").fill("x");
  await page.getByLabel("API token").fill("acme-token");
  await page.getByLabel("At most").fill("many");
  await page.getByLabel("Guides").check();
  await page.getByRole("button", { name: "Connect to Acme Docs" }).click();
  const summary = page.getByRole("alert");
  await summary.waitFor();
  await screenshot(page, "install-errors");
  assert.match(await page.title(), /^Error: Acme Docs/);
  const focused = await page.evaluate(() => document.activeElement.getAttribute("role"));
  assert.equal(focused, "alert");
  for (const label of ["Site", "Language", "At most"]) {
    const field = page.getByLabel(label);
    assert.equal(await field.getAttribute("aria-invalid"), "true", label);
    const ids = (await field.getAttribute("aria-describedby")).split(" ");
    const texts = await Promise.all(ids.map((id) => page.locator(`#${id}`).innerText()));
    assert.ok(texts.some((text) => text.startsWith(label)), `${label}: ${texts}`);
  }
  // What was typed is kept, but for the password.
  assert.equal(await page.getByLabel("Site").inputValue(), "x");
  assert.equal(await page.getByLabel("At most").inputValue(), "many");
  assert.equal(await page.getByLabel("API token").inputValue(), "");
  assert.ok(await page.getByLabel("Guides").isChecked());
  // The summary leads to the field.
  await summary.getByRole("link", { name: /^At most/ }).click();
  const id = await page.evaluate(() => document.activeElement.id);
  assert.equal(id, await page.getByLabel("At most").getAttribute("id"));
  assert.deepEqual(problems, []);
  await close();
});

/** Moves the focus with the Tab key until it is on a field with this label. */
async function tabTo(page, label) {
  const wanted = await page.getByLabel(label, { exact: false }).first().getAttribute("id");
  for (let steps = 0; steps < 40; steps += 1) {
    await page.keyboard.press("Tab");
    if ((await page.evaluate(() => document.activeElement.id)) === wanted) return;
  }
  throw new Error(`${label} cannot be reached with the Tab key`);
}

test("the form can be filled in with the keyboard alone, and the integration can refuse", async () => {
  const { page, problems, close } = await openPage(`/platform/integrations/${integration.id}`);
  await tabTo(page, "Site");
  await page.keyboard.type("unknown.acme.test");
  await tabTo(page, "API token");
  await page.keyboard.type("acme-token");
  await tabTo(page, "Language");
  await page.keyboard.type("Eng");
  await tabTo(page, "Questions");
  await page.keyboard.press("Space");
  assert.ok(await page.getByLabel("Questions").isChecked());
  await tabTo(page, "Drafts too");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Not connected" }).waitFor();
  await page.getByText("That site was not found").waitFor();
  await screenshot(page, "install-refused");
  assert.deepEqual(problems, []);
  await close();
});

test("the form fits a telephone", async () => {
  const { page, close } = await openPage(`/platform/integrations/${integration.id}`, {
    viewport: { width: 360, height: 740 },
  });
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 360, `${width} px`);
  await screenshot(page, "install-telephone");
  await close();
});
