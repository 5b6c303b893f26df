// See ./run.

import { createRequire } from "node:module";

import { startProgram } from "../../program.mjs";

const require = createRequire(import.meta.url);
const converter = require("openapi-to-postmanv2");
const newman = require("newman");

const PLATFORM_KEY = "ada_postman_key";
const END_USERS_KEY = "ada_eu_postman_key";

/** The documents, each where a user finds it, and the key that its requests are authorized with. */
const DOCUMENTS = [
  { path: "/api/end-users/v1/spec", key: END_USERS_KEY },
  { path: "/openapi/ada.json", key: PLATFORM_KEY },
];

/**
 * The ids in the documents' examples name nothing on a new server, so each request gets what it needs
 * made through the API first: the values of its path variables, and where it is not the agent's key
 * that authorizes it, the token; and the body where that must name what was made.
 */
const SEEDS = [
  { path: "end-users/:end_user_id", seed: async (api) => ({ end_user_id: await endUser(api) }) },
  { path: "/:end_user_id", seed: async (api) => ({ end_user_id: await endUser(api) }) },
  {
    path: "jobs/:job_id",
    async seed(api) {
      const identifiers = [{ type: "email", value: "nobody@example.com" }];
      return { job_id: (await api.post("/api/v2/end-users/delete", { identifiers })).job_id };
    },
  },
  {
    path: "webhooks/:id",
    async seed(api) {
      const url = "http://127.0.0.1:9/webhooks";
      return { id: (await api.post("/api/v2/webhooks/", { url })).id };
    },
  },
  {
    path: "platform-integrations/:id/installations/self",
    async seed(api) {
      const { integration, token } = await installed(api);
      return { id: integration.id, token };
    },
  },
  {
    path: "platform-integrations/:platform_integration_id/installations/:installation_id",
    async seed(api) {
      const { integration, installation, token } = await installed(api);
      return { platform_integration_id: integration.id, installation_id: installation, token };
    },
  },
  {
    path: "platform-integrations/:id",
    seed: async (api) => ({ id: (await integrationOf(api)).id }),
  },
  {
    path: "platform_integrations/oauth/token",
    async seed(api) {
      const { integration, code } = await codeOf(api);
      return { form: tokenForm(integration, code) };
    },
  },
  {
    path: "platform_integrations/oauth/self",
    seed: async (api) => ({ token: (await installed(api)).token }),
  },
];

async function endUser(api) {
  return (await api.post("/api/v2/end-users/", {})).end_user_id;
}

function integrationOf(api) {
  return api.post("/api/v2/platform-integrations/", {
    name: "Postman",
    author: "Postman",
    description: "For one request",
    contact: "help@example.com",
    uninstallation_url: "http://127.0.0.1:9/uninstall",
    oauth_callback_url: "http://127.0.0.1:9/callback",
    tags: ["knowledge"],
    scopes: ["articles:read"],
    identifier_field_path: "site",
    configuration_fields: {
      type: "object",
      required: ["site"],
      properties: { site: { type: "string" } },
    },
  });
}

/** Fills in the page of a new integration, as an administrator does, and takes the code. */
async function codeOf(api) {
  const integration = await integrationOf(api);
  const page = `${api.url}/platform/integrations/${integration.id}`;
  const shown = await fetch(page);
  const html = await shown.text();
  const fields = [...html.matchAll(/<input[^>]*>/g)].map(([input]) => ({
    name: /name="([^"]*)"/.exec(input)?.[1],
    value: /value="([^"]*)"/.exec(input)?.[1] || "https://site.example.com",
  }));
  const form = new URLSearchParams(fields.map(({ name, value }) => [name, value]));
  const cookie = shown.headers.get("set-cookie").split(";")[0];
  const sent = { method: "POST", body: form, headers: { cookie }, redirect: "manual" };
  const answer = await fetch(page, sent);
  if (answer.status !== 303) throw new Error(`the form: ${answer.status} ${await answer.text()}`);
  return { integration, code: new URL(answer.headers.get("location")).searchParams.get("code") };
}

function tokenForm(integration, code) {
  return {
    grant_type: "authorization_code",
    client_id: integration.id,
    client_secret: integration.client_secret,
    code,
  };
}

async function installed(api) {
  const { integration, code } = await codeOf(api);
  const oauth = `${api.url}/api/platform_integrations/oauth`;
  const body = new URLSearchParams(tokenForm(integration, code));
  const given = await (await fetch(`${oauth}/token`, { method: "POST", body })).json();
  const headers = { authorization: `Bearer ${given.access_token}` };
  const self = await (await fetch(`${oauth}/self`, { headers })).json();
  const installation = self.platform_integration_installation_id;
  return { integration, installation, token: given.access_token };
}

/** Gives a request what it needs. */
async function prepare(request, api) {
  const path = `/${request.url.path.join("/")}`.replace(/\/$/, "");
  const made = SEEDS.find((entry) => path.includes(entry.path));
  const { token, form, ...ids } = made ? await made.seed(api) : {};
  for (const variable of request.url.variable ?? []) {
    if (variable.key === "handle") continue;
    if (!ids[variable.key]) throw new Error(`add a seed for ${variable.key} of ${path}`);
    variable.value = ids[variable.key];
  }
  if (token) request.auth = { type: "bearer", bearer: [{ key: "token", value: token, type: "string" }] };
  if (form) {
    const urlencoded = Object.entries(form).map(([key, value]) => ({ key, value }));
    request.body = { mode: "urlencoded", urlencoded };
  }
}

/** The collection that Postman makes of a document. */
function imported(document) {
  const options = {
    parametersResolution: "Example",
    requestParametersResolution: "Example",
    exampleParametersResolution: "Example",
  };
  return new Promise((resolve, reject) => {
    converter.convertV2({ type: "json", data: document }, options, (error, result) => {
      if (error) reject(error);
      else if (!result.result) reject(new Error(result.reason));
      else resolve(result.output[0].data);
    });
  });
}

function* requests(items) {
  for (const item of items) {
    if (item.item) yield* requests(item.item);
    else yield item.request;
  }
}

function run(collection, key) {
  const envVar = [{ key: "bearerToken", value: key }];
  return new Promise((resolve, reject) => {
    newman.run({ collection, envVar, reporters: [] }, (error, summary) =>
      error ? reject(error) : resolve(summary.run.executions),
    );
  });
}

const METHODS = ["get", "post", "put", "patch", "delete"];

async function check(api, { path, key }) {
  const document = await (await fetch(api.url + path)).json();
  const operations = Object.values(document.paths).flatMap((operations) =>
    Object.keys(operations).filter((name) => METHODS.includes(name)),
  );
  const collection = await imported(document);
  for (const request of requests(collection.item)) await prepare(request, api);
  const executions = await run(collection, key);
  let failed = 0;
  for (const { item, response, requestError } of executions) {
    const status = response?.code ?? String(requestError);
    const good = response && status < 400;
    if (!good) failed += 1;
    console.log(`${good ? "ok  " : "FAIL"} ${status} ${item.request.method} ${item.request.url}`);
    if (!good && response) console.log(`     ${response.text()}`);
  }
  if (executions.length !== operations.length) {
    console.log(`FAIL ${path} has ${operations.length} operations, ${executions.length} were run`);
    failed += 1;
  }
  return failed;
}

const server = await startProgram({
  PARLANCE_BOOTSTRAP__ADA_KEY: PLATFORM_KEY,
  PARLANCE_BOOTSTRAP__ADA_END_USERS_KEY: END_USERS_KEY,
  PARLANCE_LIMITS__ADA__PER_SECOND: "0",
  PARLANCE_LIMITS__ADA__PER_MINUTE: "0",
});
try {
  const api = {
    url: server.url,
    async post(path, body) {
      const response = await fetch(server.url + path, {
        method: "POST",
        headers: { authorization: `Bearer ${PLATFORM_KEY}`, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
      return response.json();
    },
  };
  let failed = 0;
  for (const document of DOCUMENTS) failed += await check(api, document);
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  await server.stop();
}
