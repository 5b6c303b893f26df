// Users authorize a connector at a real authorization server.

import assert from "node:assert/strict";

import { startDrive } from "./drive.mjs";
import { allow } from "./provider.mjs";

const round = await startDrive();
const { callback, provider } = round;
try {
  assert.equal(round.drive.authStatus, undefined);
  const back = await allow(provider.issuer, await round.begin());
  assert.ok(back.startsWith(`${callback}?code=`), back);
  const page = await fetch(back);
  assert.equal(page.status, 200);
  assert.match(await page.text(), /Drive may now search on your behalf/);
  assert.equal(await round.status(), "valid");
  assert.equal((await fetch(back)).status, 400, "a state works once");
  assert.deepEqual(provider.events, [["grant.success", "authorization_code"]]);

  const after = await allow(provider.issuer, await round.begin("https://app.example/done?a=1"));
  const sent = await fetch(after, { redirect: "manual" });
  assert.equal(sent.status, 302);
  assert.equal(sent.headers.get("location"), "https://app.example/done?a=1");

  // The provider refuses a request without PKCE, and says so to the server.
  const weak = (await round.begin()).replace(/&code_challenge(_method)?=[^&]*/g, "");
  const denied = await allow(provider.issuer, weak);
  assert.match(denied, /[?&]error=invalid_request/);
  const refused = await fetch(denied);
  assert.equal(refused.status, 400);
  assert.match(await refused.text(), /Drive was not authorized/);

  // A code that another authorization was given for: the verifier does not fit.
  const [one, two] = [await round.begin(), await round.begin()];
  const code = new URL(await allow(provider.issuer, one)).searchParams.get("code");
  const mixed = new URL(callback);
  mixed.search = new URLSearchParams({ code, state: new URL(two).searchParams.get("state") });
  assert.match(await (await fetch(mixed)).text(), /Drive was not authorized: .*invalid_grant/);
  assert.equal(await round.status(), "valid", "what was authorized before is kept");
  console.log("oidc-provider: users authorize a connector");
} finally {
  await round.stop();
}
