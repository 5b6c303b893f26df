// Connectors through Cohere's client for Node.

import assert from "node:assert/strict";

import { Cohere, CohereClient, CohereClientV2 } from "cohere-ai";

const { PARLANCE_URL, PARLANCE_KEY, CONNECTOR_URL, CONNECTOR_TOKEN } = process.env;

const OAUTH = {
  clientId: "the-client",
  clientSecret: "the-client-secret",
  authorizeUrl: "https://provider.example/authorize?access_type=offline",
  tokenUrl: "https://provider.example/token",
  scope: "read",
};
const serviceAuth = { type: "bearer", token: CONNECTOR_TOKEN };

/** Asserts that a call fails with this class, status and beginning of the message. */
async function fails(errorClass, status, message, call) {
  const error = await call().then(
    () => assert.fail("it succeeded"),
    (error) => error,
  );
  assert.equal(error.constructor, errorClass, `${error}`);
  assert.equal(error.statusCode, status);
  assert.ok(error.body.message.startsWith(message), error.body.message);
}

for (const [Client, suffix] of [[CohereClient, ""], [CohereClient, "/v1"], [CohereClientV2, ""]]) {
  const options = { token: PARLANCE_KEY, environment: PARLANCE_URL + suffix };
  const { connectors } = new Client({ ...options, clientName: "client-tests" });
  const request = {
    name: "Penguin facts",
    url: CONNECTOR_URL,
    description: "About penguins",
    excludes: ["tags"],
    serviceAuth,
  };
  const { connector: created } = await connectors.create(request);
  assert.match(created.id, /^penguin-facts-[a-z0-9]{6}$/);
  assert.equal(created.authType, "service_auth");
  assert.equal(created.active, true);
  assert.ok(created.createdAt instanceof Date);
  assert.deepEqual((await connectors.get(created.id)).connector, created);
  const listed = await connectors.list({ limit: 1.1, offset: 0 });
  assert.deepEqual(listed.connectors.map(({ id }) => id), [created.id]);
  assert.equal(listed.totalCount, 1);
  const changes = { name: "Renamed", active: false, continueOnFailure: true };
  const { connector: updated } = await connectors.update(created.id, changes);
  assert.deepEqual(
    [updated.id, updated.name, updated.active, updated.continueOnFailure],
    [created.id, "Renamed", false, true],
  );
  const { connector: drive } = await connectors.create({ name: "Drive", url: CONNECTOR_URL, oauth: OAUTH });
  assert.equal(drive.oauth.authorizeUrl, OAUTH.authorizeUrl);
  assert.equal(drive.oauth.clientId, undefined);
  assert.equal(drive.authStatus, undefined);
  const begun = await connectors.oAuthAuthorize(drive.id, { afterTokenRedirect: "https://app.example/" });
  assert.ok(begun.redirectUrl.startsWith(`${OAUTH.authorizeUrl}&response_type=code`), begun.redirectUrl);

  const unreachable = `connector not reachable at ${CONNECTOR_URL}. error: request failed with status code 401`;
  await fails(Cohere.BadRequestError, 400, unreachable, () =>
    connectors.create({ name: "x", url: CONNECTOR_URL }));
  await fails(Cohere.BadRequestError, 400, "invalid request: oauth and service_auth", () =>
    connectors.create({ name: "x", url: CONNECTOR_URL, oauth: OAUTH, serviceAuth }));
  await fails(Cohere.NotFoundError, 404, "connector 'a/b' not found.", () => connectors.get("a/b"));
  const stranger = new Client({ ...options, token: "co_unknown" });
  await fails(Cohere.UnauthorizedError, 401, "invalid api token", () => stranger.connectors.list());
  await fails(Cohere.NotFoundError, 404, "POST /v1/tokenize is not part of this server", () =>
    new CohereClient(options).tokenize({ text: "hello", model: "command" }));
  assert.equal((await new CohereClient(options).checkApiKey()).valid, true);
  for (const { id } of [created, drive]) assert.deepEqual(await connectors.delete(id), {});
  await fails(Cohere.NotFoundError, 404, "connector 'penguin-facts-", () => connectors.get(created.id));
}
console.log("Cohere's client for Node: connectors work");
