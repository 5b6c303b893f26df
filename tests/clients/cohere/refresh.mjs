// A real authorization server's tokens end, change and are revoked while chats search with them.

import assert from "node:assert/strict";

import { Cohere } from "cohere-ai";

import { startDrive } from "./drive.mjs";
import { OPERATOR_KEY } from "./server.mjs";

const round = await startDrive();
const { client, connector, drive, provider, server } = round;

const chat = () =>
  client.chat({ message: "Which penguin is the tallest?", connectors: [{ id: drive.id }] });

const lastToken = () => connector.asked.at(-1).authorization.replace("Bearer ", "");
const refreshes = () => provider.events.filter(([, kind]) => kind === "refresh_token");

/** Moves the server's clock; the provider's stays. */
async function advance(seconds) {
  const answer = await fetch(`${server.url}/console/api/clock/advance`, {
    method: "POST",
    headers: { authorization: `Bearer ${OPERATOR_KEY}`, "content-type": "application/json" },
    body: JSON.stringify({ seconds }),
  });
  assert.equal(answer.status, 200, await answer.text());
}

try {
  await assert.rejects(chat(), (error) => {
    assert.equal(error.constructor, Cohere.BadRequestError);
    assert.match(error.body.message, /user is not authenticated for connector drive-/);
    return true;
  });
  await round.authorize();
  const answer = await chat();
  assert.match(answer.text, /emperor penguin/);
  assert.equal(answer.documents[0].title, "Emperor penguins");
  const first = lastToken();

  await advance(3600);
  await chat();
  assert.notEqual(lastToken(), first);
  assert.deepEqual(refreshes(), [["grant.success", "refresh_token"]]);

  // Of many at once one refreshes; this provider would revoke everything if two did.
  await advance(3600);
  await Promise.all(Array.from({ length: 10 }, chat));
  assert.equal(refreshes().length, 2);
  assert.ok(provider.events.every(([name]) => name === "grant.success"), "nothing is refused");
  assert.equal(await round.status(), "valid");

  await provider.revoke(lastToken());
  await assert.rejects(chat(), (error) => {
    assert.equal(error.constructor, Cohere.BadRequestError);
    assert.match(error.body.message, /has expired or was revoked/);
    return true;
  });
  assert.equal(await round.status(), "expired");
  await round.authorize();
  assert.equal(await round.status(), "valid");
  await chat();
  console.log("oidc-provider: tokens are refreshed, and their revocation is noticed");
} finally {
  await round.stop();
}
