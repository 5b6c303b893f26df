// See ./run.

import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startProgram } from "../../program.mjs";

const EXAMPLES = process.env.SCHEMATHESIS_EXAMPLES ?? "3";
const SEED = process.env.SCHEMATHESIS_SEED ?? "1";

const CHECKS = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "unsupported_method",
  "allow_header_conformance",
].join(",");

const WORKSPACE = "11111111-1111-1111-aaaa-111111111111";
const KEYS = {
  ada: "ada_schemathesis_key",
  endUsers: "ada_eu_schemathesis_key",
  aloochat: "aloo_schemathesis_key",
  cohere: "co_schemathesis_key",
  botpress: "bp_pat_schemathesis_key",
  operator: "plop_schemathesis_key",
  folder: "schemathesis-folder-token",
};
const FOLDER = "manuals";

const directory = await mkdtemp(join(tmpdir(), "parlance-schemathesis-"));
await writeFile(join(directory, "backups.md"), "# Backups\n\nA backup is made while the server runs.\n");
const server = await startProgram({
  PARLANCE_BOOTSTRAP__ADA_KEY: KEYS.ada,
  PARLANCE_BOOTSTRAP__ADA_END_USERS_KEY: KEYS.endUsers,
  PARLANCE_BOOTSTRAP__ALOOCHAT_KEY: KEYS.aloochat,
  PARLANCE_BOOTSTRAP__COHERE_KEY: KEYS.cohere,
  PARLANCE_BOOTSTRAP__BOTPRESS_PAT: KEYS.botpress,
  PARLANCE_BOOTSTRAP__OPERATOR_KEY: KEYS.operator,
  PARLANCE_CONNECTORS__FOLDER: `[{name="${FOLDER}",path="${directory}",token="${KEYS.folder}"}]`,
  // A refused call would test nothing.
  ...Object.fromEntries(
    ["ADA", "ADA_END_USERS", "ADA_END_USERS_V1"].flatMap((name) =>
      ["SECOND", "MINUTE", "DAY"].map((per) => [`PARLANCE_LIMITS__${name}__PER_${per}`, "0"]),
    ),
  ),
  PARLANCE_LOG__LEVEL: "error",
});

/** Makes something through the Botpress API, for the ids that its documents need. */
async function botpress(method, path, body, headers = {}) {
  const answer = await fetch(`${server.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${KEYS.botpress}`,
      "x-workspace-id": WORKSPACE,
      "content-type": "application/json",
      ...headers,
    },
    body: body && JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

const { bot } = await botpress("POST", "/v1/admin/bots", { name: "schemathesis" });
const hub = await botpress("GET", "/v1/admin/hub/integrations?name=chat");
const chatId = hub.integrations[0].id;
const installed = await botpress("PUT", `/v1/admin/bots/${bot.id}`, { integrations: { [chatId]: {} } });
const chat = `${server.url}/webhook/${installed.bot.integrations[chatId].webhookId}`;
const made = await fetch(`${chat}/users`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: "{}",
});
const { key: userKey } = await made.json();

/** The documents: where the operations are, and what the calls are made with. */
const DOCUMENTS = {
  ada: { url: "/api", headers: { authorization: `Bearer ${KEYS.ada}` } },
  "ada-end-users-v1": {
    url: "/api/end-users/v1",
    headers: { authorization: `Bearer ${KEYS.endUsers}` },
  },
  aloochat: { url: "/api/public", headers: { "x-api-key": KEYS.aloochat } },
  cohere: { url: "/v1", headers: { authorization: `Bearer ${KEYS.cohere}` } },
  connector: {
    url: "/folders",
    headers: { authorization: `Bearer ${KEYS.folder}` },
    parameters: { "path.name": FOLDER },
  },
  chat: { url: chat.slice(server.url.length), headers: { "x-user-key": userKey } },
  console: { url: "/console/api", headers: { authorization: `Bearer ${KEYS.operator}` } },
  // Last, for it may delete the bot that the chat is of.
  botpress: {
    url: "",
    headers: {
      authorization: `Bearer ${KEYS.botpress}`,
      "x-workspace-id": WORKSPACE,
      "x-bot-id": bot.id,
    },
  },
};

async function test(name, { url, headers, parameters = {} }) {
  const config = `${directory}.toml`;
  const lines = Object.entries(parameters).map(([key, value]) => `${JSON.stringify(key)} = ${JSON.stringify(value)}`);
  await writeFile(config, ["[parameters]", ...lines, ""].join("\n"));
  const options = [
    ["--url", `${server.url}${url}`],
    ["--checks", CHECKS],
    ["--max-examples", EXAMPLES],
    ["--seed", SEED],
    ["--phases", "examples,coverage,fuzzing"],
    ["--suppress-health-check", "all"],
    ["--warnings", "off"],
    ["--request-timeout", "30"],
    ...Object.entries(headers).map(([header, value]) => ["--header", `${header}:${value}`]),
  ];
  const command = ["--config-file", config, "run", `${server.url}/openapi/${name}.json`, ...options.flat()];
  const child = spawn(".venv/bin/schemathesis", [...command, "--continue-on-failure", "--no-shrink"], {
    stdio: "inherit",
  });
  return new Promise((resolve) => child.once("exit", (code) => resolve(code ?? 1)));
}

/** How many calls of the documents' operations were answered with a success. */
async function successes() {
  const page = await (await fetch(`${server.url}/metrics`)).text();
  const counts = page
    .split("\n")
    .filter((line) => /^parlance_http_requests_total\{.*status="2/.test(line))
    // The server's own pages, this one too.
    .filter((line) => !line.includes('dialect="parlance"'))
    .map((line) => Number(line.split(" ").at(-1)));
  return counts.reduce((sum, count) => sum + count, 0);
}

try {
  const page = await (await fetch(`${server.url}/`)).text();
  const published = new Set([...page.matchAll(/\/openapi\/([a-z0-9-]+)\.json/g)].map(([, name]) => name));
  const untested = [...published].filter((name) => !(name in DOCUMENTS));
  if (untested.length > 0) throw new Error(`not tested: ${untested.join(", ")}`);

  const only = process.argv.slice(2);
  const failed = [];
  for (const [name, document] of Object.entries(DOCUMENTS)) {
    if (only.length > 0 && !only.includes(name)) continue;
    console.log(`== ${name}`);
    const before = await successes();
    if ((await test(name, document)) !== 0) failed.push(name);
    // Calls that are all refused would show nothing.
    if ((await successes()) <= before) failed.push(`${name} (no call succeeded)`);
  }
  if (failed.length > 0) {
    console.error(`schemathesis: failed: ${failed.join(", ")}`);
    process.exitCode = 1;
  }
} finally {
  await server.stop();
  await rm(directory, { recursive: true });
  await rm(`${directory}.toml`, { force: true });
}
