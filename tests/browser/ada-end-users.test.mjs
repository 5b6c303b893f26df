// The Swagger UI of Ada's End Users API v1, by the vendor's own instructions: the handle in the page's
// address, the handle as a server variable, Authorize, Try it out.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startBrowser } from "./browser.mjs";
import { ADA_END_USERS_KEY, ADA_KEY, startServer } from "./server.mjs";

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

async function newEndUser() {
  const response = await fetch(`${server.url}/api/v2/end-users/`, {
    method: "POST",
    headers: { authorization: `Bearer ${ADA_KEY}` },
  });
  assert.equal(response.status, 201);
  return (await response.json()).end_user_id;
}

async function authorize(page) {
  await page.getByRole("button", { name: "Authorize" }).first().click();
  const dialog = page.locator(".modal-ux");
  await dialog.locator("input").first().fill(ADA_END_USERS_KEY);
  await dialog.getByRole("button", { name: "Apply credentials" }).first().click();
  await dialog.getByRole("button", { name: "Close" }).first().click();
}

/** Opens an operation, tries it out and returns the address, status and body it shows. */
async function tryOut(page, operation, fill) {
  const block = page.locator(`#operations-End-Users-${operation}`);
  await block.locator(".opblock-summary-control").click();
  await block.getByRole("button", { name: "Try it out" }).click();
  await fill?.(block);
  await block.getByRole("button", { name: "Execute" }).click();
  const answer = block.locator(".live-responses-table");
  await answer.waitFor();
  const status = await answer.locator("tbody .response-col_status").first().innerText();
  const body = await answer.locator(".highlight-code .microlight").first().innerText();
  const url = await block.locator(".request-url pre").innerText();
  return { url, status: Number.parseInt(status, 10), body: JSON.parse(body) };
}

for (const host of ["example.localhost", "127.0.0.1"]) {
  test(`the handle is a server variable of the page at ${host}`, async () => {
    const id = await newEndUser();
    const port = new URL(server.url).port;
    const context = await browser.newContext({ viewport: { width: 1280, height: 1000 } });
    const page = await context.newPage();
    await page.goto(`http://${host}:${port}/api/end-users/v1/docs`);
    await page.getByText("/{end_user_id}").first().waitFor();

    const servers = page.locator(".scheme-container .servers select");
    await servers.selectOption(`http://{handle}.localhost:${port}/api/end-users/v1`);
    const handle = page.locator(".scheme-container .servers table input");
    assert.equal(await handle.inputValue(), "example");
    await authorize(page);

    const own = `http://example.localhost:${port}/api/end-users/v1`;
    const listed = await tryOut(page, "v1GetEndUsers");
    assert.equal(listed.status, 200);
    assert.ok(listed.url.startsWith(`${own}/`), listed.url);
    assert.ok(listed.body.data.some((endUser) => endUser.end_user_id === id));

    const read = await tryOut(page, "v1GetEndUserById", (block) =>
      block.locator('tr[data-param-name="end_user_id"] input').fill(id),
    );
    assert.equal(read.status, 200);
    assert.equal(read.body.end_user_id, id);

    // PATCH has servers of its own, with the same variable.
    const changed = await tryOut(page, "updateEndUserById", async (block) => {
      await block.locator('tr[data-param-name="end_user_id"] input').fill(id);
      const select = block.locator(".servers select");
      await select.selectOption(`http://{handle}.localhost:${port}/api/end-users/v1`);
    });
    assert.equal(changed.status, 200);
    assert.equal(changed.url, `${own}/${id}`);
    assert.equal(changed.body.profile.first_name, "Augusta Ada");

    // Another handle is another instance, which does not know the key.
    await handle.fill("another");
    const block = page.locator("#operations-End-Users-v1GetEndUsers");
    await block.getByRole("button", { name: "Execute" }).click();
    const status = block.locator(".live-responses-table tbody .response-col_status").first();
    await status.filter({ hasText: "401" }).waitFor();
    const body = await block.locator(".highlight-code .microlight").first().innerText();
    assert.deepEqual(JSON.parse(body), { message: "Unauthorized" });
    await context.close();
  });
}
