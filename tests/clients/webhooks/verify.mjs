// Delivers examples from the real program to a receiver here, verifies them with the libraries of
// npm, and writes them to standard output for those of PyPI: one JSON object a line.

import assert from "node:assert/strict";
import { createServer } from "node:http";

import { Webhook as StandardWebhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";

import { startProgram } from "../../program.mjs";

const ADA_KEY = "ada_clients_test_key";
const OPERATOR_KEY = "plop_clients_test_key";
const EVENTS = ["v1.end_user.created", "v1.end_user.updated", "v1.conversation.message"];

const received = [];
let arrived = () => {};
const receiver = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    received.push({ headers: request.headers, body: Buffer.concat(chunks).toString("utf8") });
    response.end("ok");
    arrived();
  });
});
await new Promise((resolve) => receiver.listen(0, "127.0.0.1", resolve));

const server = await startProgram({
  PARLANCE_BOOTSTRAP__ADA_KEY: ADA_KEY,
  PARLANCE_BOOTSTRAP__OPERATOR_KEY: OPERATOR_KEY,
});

async function call(key, method, path, body) {
  const answer = await fetch(`${server.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
  return answer.json();
}

/** Verifies a delivery with both libraries, under each set of header names that they take. */
function verify(secret, { headers, body }, type) {
  const only = (prefix) =>
    Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith(prefix)));
  const standard = new StandardWebhook(secret);
  const svix = new SvixWebhook(secret);
  assert.equal(standard.verify(body, only("webhook-")).type, type);
  assert.equal(svix.verify(body, only("svix-")).type, type);
  assert.equal(svix.verify(body, only("webhook-")).type, type);
  assert.throws(() => standard.verify(`${body} `, only("webhook-")));
  assert.throws(() => svix.verify(`${body} `, only("svix-")));
}

try {
  const hook = `http://127.0.0.1:${receiver.address().port}/hook`;
  const { id } = await call(ADA_KEY, "POST", "/api/v2/webhooks/", { url: hook });
  const path = `/api/v2/webhooks/${id}/secret/`;
  const { key: before } = await call(ADA_KEY, "GET", path);
  let secrets = [before];
  // Once with one secret, and once while the old one signs along.
  for (let round = 0; round < 2; round += 1) {
    for (const type of EVENTS) {
      const next = new Promise((resolve) => (arrived = resolve));
      const example = `/console/api/webhooks/${id}/example`;
      const { message_id: message } = await call(OPERATOR_KEY, "POST", example, {
        event_type: type,
      });
      await next;
      const delivery = received.at(-1);
      assert.equal(delivery.headers["svix-id"], message);
      const count = delivery.headers["svix-signature"].split(" ").length;
      assert.equal(count, secrets.length);
      for (const secret of secrets) {
        verify(secret, delivery, type);
        const { headers, body } = delivery;
        process.stdout.write(`${JSON.stringify({ secret, headers, body, type })}\n`);
      }
    }
    await call(ADA_KEY, "POST", `${path}rotate/`, {});
    const { key: after } = await call(ADA_KEY, "GET", path);
    secrets = [after, before];
  }
  console.error(`npm svix and standardwebhooks verified ${received.length} deliveries`);
} finally {
  await server.stop();
  receiver.close();
}
