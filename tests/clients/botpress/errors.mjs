// Each typed error that a caller can bring about, caught as the class that the client has for it. The
// two that only a defect or a stop of the server brings about are read from bodies of that form.

import assert from "node:assert/strict";

import { INTEGRATION } from "./operations.mjs";

const missing = "00000000-0000-4000-8000-000000000000";
const many = (count, call) => Promise.all(Array.from({ length: count }, call));

/** For each type what brings it about, through the client's own methods where they can. */
export const ERRORS = {
  Unauthorized: (it) => it.as({ token: "bp_pat_unknown" }).getAccount({}),
  Forbidden: (it) => it.as({ workspaceId: missing }).listBots({}),
  ResourceNotFound: (it) => it.person.getBot({ id: missing }),
  InvalidPayload: (it) => it.person.createWorkspace({ name: "" }),
  InvalidQuery: (it) => it.person.listBots({ nextToken: "broken" }),
  InvalidJsonSchema: (it) => it.person.createBot({ events: { ping: { schema: { type: 5 } } } }),
  InvalidDataFormat: (it) =>
    it.person.createBot({
      configuration: { data: { a: 1 }, schema: { type: "object", properties: { a: { type: "string" } } } },
    }),
  InvalidIdentifier: (it) => it.person.createBot({ events: { "Bad name": { schema: {} } } }),
  ReferenceNotFound: (it) =>
    it.person.chargeWorkspaceUnpaidInvoices({ id: it.workspace, invoiceIds: [missing] }),
  AlreadyExists: async (it) => {
    await it.person.createIntegration({ ...INTEGRATION, name: "twice" });
    await it.person.createIntegration({ ...INTEGRATION, name: "twice" });
  },
  RelationConflict: async (it) => {
    const { integration } = await it.person.createIntegration({ ...INTEGRATION, name: "used" });
    const { bot } = await it.person.createBot({});
    const integrations = { [integration.id]: { enabled: true, configuration: {} } };
    await it.person.updateBot({ id: bot.id, integrations });
    await it.person.deleteIntegration({ id: integration.id });
  },
  QuotaExceeded: async (it) => {
    for (let number = 0; number < 4; number += 1) {
      const email = `member-${number}@example.localhost`;
      await it.person.createWorkspaceMember({ email, role: "viewer" });
    }
  },
  LimitExceeded: async (it) => {
    for (let number = 0; number < 4; number += 1) {
      await it.person.createPersonalAccessToken({ note: "one too many" });
    }
  },
  // 0.29.1 and later have no method that changes the plan.
  PaymentRequired: (it) => {
    const path = `/v1/admin/workspaces/${it.workspace}/change-plan`;
    return it.raw("PUT", path, JSON.stringify({ plan: "premium" }));
  },
  Runtime: async (it) => {
    const { integration } = await it.person.createIntegration({ ...INTEGRATION, name: "silent" });
    const { bot } = await it.person.createBot({});
    const integrations = { [integration.id]: { enabled: true, configuration: {} } };
    await it.person.updateBot({ id: bot.id, integrations });
    await it.as({ botId: bot.id }).callAction({ type: "silent:whisper", input: { text: "x" } });
  },
  RateLimited: async (it) => {
    const { bot } = await it.person.createBot({});
    const caller = it.as({ botId: bot.id });
    await many(310, () => caller.getUser({ id: bot.id }));
  },
  PayloadTooLarge: (it) => it.raw("POST", "/v1/admin/workspaces", JSON.stringify({ name: "x".repeat(1_100_000) })),
  UnsupportedMediaType: (it) => it.raw("POST", "/v1/admin/bots", "name: x", "text/plain"),
  MethodNotFound: (it) => it.raw("GET", "/v1/admin/nothing"),
  Internal: (it) => it.read("Internal", 500),
  Unknown: (it) => it.read("Unknown", 500),
};

/** Brings each about; what did not come as its class. */
export async function catchEach(it, client) {
  const wrong = [];
  for (const [type, provoke] of Object.entries(ERRORS)) {
    try {
      await provoke(it);
      wrong.push(`${type}: nothing was refused`);
    } catch (error) {
      try {
        assert.equal(error.type, type, `${type}: ${error.type}: ${error.message}`);
        assert.ok(client.isApiError(error), `${type}: not an error of the client`);
        assert.ok(error instanceof client[`${type}Error`], `${type}: of another class`);
      } catch (unlike) {
        wrong.push(unlike.message);
      }
    }
  }
  return wrong;
}
