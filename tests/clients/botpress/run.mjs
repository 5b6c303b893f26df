// See ./run.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";

import { ERRORS, catchEach } from "./errors.mjs";
import { useFiles } from "./files.mjs";
import { INTEGRATION, OPERATIONS } from "./operations.mjs";
import { TOKEN, WORKSPACE, start } from "./server.mjs";
import { TABLES } from "./tables.mjs";
import { TODAY, TODAY_INTEGRATION, UNKNOWN } from "./today.mjs";
import { FILES, TASKS, WORKFLOWS } from "./workflows.mjs";

const require = createRequire(import.meta.url);
const RESULTS = new URL("../../../docs/compatibility/botpress-clients.md", import.meta.url);

/** The versions, and the operations of the seed that they have no method for. */
const VERSIONS = {
  "0.7.0": [],
  "0.11.4": [],
  "0.29.1": ["getWorkspaceBillingDetails", "changeWorkspacePlan"],
  "1.45.0": ["getWorkspaceBillingDetails", "changeWorkspacePlan", "setWorkspacePaymentMethod"],
};

const listOperation = (name) => `list${name[0].toUpperCase()}${name.slice(1)}`;

/** Whole lists: with the client's own helpers if it has them, else page by page. */
async function list(client, name, query, member = name) {
  if (client.list) return client.list[name](query).collect();
  const found = [];
  let nextToken;
  do {
    const page = await client[listOperation(name)]({ ...query, nextToken });
    found.push(...page[member]);
    nextToken = page.meta.nextToken;
  } while (nextToken);
  return found;
}

/** A client that notes which of its methods are called. */
function noting(client, names) {
  return new Proxy(client, {
    get(target, name) {
      names.add(name);
      const member = target[name];
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

/** The methods of a client that call an operation. */
function methodsOf(client) {
  const names = new Set();
  for (let level = client; level !== Object.prototype; level = Object.getPrototypeOf(level)) {
    for (const name of Object.getOwnPropertyNames(level)) names.add(name);
  }
  const others = ["constructor", "axiosInstance", "_call", "_run"];
  return [...names].filter((name) => typeof client[name] === "function" && !others.includes(name)).sort();
}

/** What the operations of one version work with; the names of called methods go to `names`. */
async function prepare(client, url, names) {
  const as = (more) =>
    noting(new client.Client({ apiUrl: url, token: TOKEN, workspaceId: WORKSPACE, ...more }), names);
  const raw = async (method, path, body, type = "application/json") => {
    const headers = { authorization: `Bearer ${TOKEN}`, "x-workspace-id": WORKSPACE };
    if (body !== undefined) headers["content-type"] = type;
    const answer = await fetch(`${url}${path}`, { method, headers, body });
    const value = await answer.json();
    if (!answer.ok) throw client.errorFrom(value);
    return value;
  };
  const read = (type, code) => {
    const id = "err_1700000000000x1A2B3C4D";
    throw client.errorFrom({ id, code, type, message: "m", description: "d", status: code });
  };
  const shared = { ...INTEGRATION, name: "shared", public: true };
  const it = { as, raw, read, list, workspace: WORKSPACE, person: as({}) };
  it.inSecond = (workspaceId) => as({ workspaceId });
  it.actAs = (botId, integrationId) => {
    it.bot = as({ botId });
    it.integration = as({ botId, integrationId });
  };
  try {
    it.published = (await raw("POST", "/v1/admin/integrations", JSON.stringify(shared))).integration;
  } catch (error) {
    console.error(`no public integration: ${error.message}`);
  }
  return it;
}

/** The version that has the Files API. */
const NEWEST = "1.45.0";

/** A client of a new bot. */
async function newBot(it) {
  const body = JSON.stringify({ name: "files" });
  const { bot } = await it.raw("POST", "/v1/admin/bots", body);
  return it.as({ botId: bot.id });
}

/** What later versions have beside the operations of the seed. */
const LATER = { "0.29.1": TASKS, "1.45.0": { ...TABLES, ...WORKFLOWS, ...FILES, ...TODAY } };

/** A new bot with an integration, for the operations of a later version. */
async function prepareLater(it) {
  const { integration } = await it.person.createIntegration(TODAY_INTEGRATION);
  const states = { counter: { type: "bot", schema: { type: "object", properties: { text: { type: "string" } } } } };
  const events = { tick: { schema: { type: "object" } } };
  const { bot } = await it.person.createBot({ name: "later", states, events });
  const integrations = { [integration.id]: { enabled: true } };
  await it.person.updateBot({ id: bot.id, integrations });
  const as = { botId: bot.id, integrationId: integration.id };
  return { ...it, botId: bot.id, installed: integration, bot: it.as({ botId: bot.id }), integration: it.as(as) };
}

/** Asserts that each method was called, but for those that the API does not have, and for the deletion of the caller. */
async function assertComplete({ person }, names) {
  for (const name of UNKNOWN) {
    await assert.rejects(person[name]({ id: "x" }), { type: "MethodNotFound" }, name);
  }
  await assert.rejects(person.deleteAccount({}), { type: "Forbidden" });
  const missed = methodsOf(person).filter((name) => !names.has(name));
  assert.deepEqual(missed, []);
}

/** Calls everything that one version has; what failed. */
async function run(version, absent) {
  const client = require(`botpress-client-${version}`);
  const server = await start();
  const failed = {};
  const problems = [];
  const names = new Set();
  let called = 0;
  try {
    const it = await prepare(client, server.url, names);
    const lacking = Object.keys(OPERATIONS).filter((name) => typeof it.person[name] !== "function");
    assert.deepEqual(lacking.sort(), [...absent].sort(), `what ${version} has no method for`);
    for (const [name, operation] of Object.entries(OPERATIONS)) {
      if (absent.includes(name)) continue;
      called += 1;
      await operation(it).catch((error) => {
        failed[name] = error.message.split("\n")[0];
      });
    }
    const later = LATER[version] && (await prepareLater(it));
    for (const [name, operation] of Object.entries(LATER[version] ?? {})) {
      await operation(later).catch((error) => {
        problems.push(`${name}: ${error.message.split("\n")[0]}`);
      });
    }
    for (const wrong of await catchEach(it, client)) failed[`error ${wrong}`] = "";
    if (version === NEWEST) {
      await useFiles(await newBot(it));
      await assertComplete(it, names);
    }
  } finally {
    await server.stop();
  }
  const errors = Object.keys(failed).filter((name) => name.startsWith("error ")).length;
  const operations = Object.keys(failed).length - errors;
  return { version, called, operations, errors, failed, problems };
}

assert.equal(Object.keys(OPERATIONS).length, 70);
assert.equal(Object.keys(ERRORS).length, 21);
const results = [];
for (const [version, absent] of Object.entries(VERSIONS)) results.push(await run(version, absent));

const rows = results.map(({ version, called, operations, errors }) => {
  const works = called - operations;
  return `| ${version} | ${called} | ${works} | ${21 - errors} of 21 |`;
});
const others = results
  .filter(({ version }) => LATER[version])
  .map(({ version, problems }) => {
    const later = Object.keys(LATER[version]).length;
    return `${later - problems.length} of ${later} with ${version}`;
  });
const table = `Results of the official \`@botpress/client\` with this server (\`tests/clients/botpress/run\`), for the 70 operations
and the 21 typed errors. "Has": operations for which the version has a method; "Work": those that work; "Errors":
errors that the client catches as their classes.

| \`@botpress/client\` | Has | Work | Errors |
|---|---|---|---|
${rows.join("\n")}

Other operations that work: ${others.join(", ")}. Each method of 1.45.0 is called.
`;
console.log(table);
let failures = 0;
for (const { version, failed, problems } of results) {
  const later = Object.keys(LATER[version] ?? {}).length;
  if (later) console.log(`${version}: ${later - problems.length} of ${later} other operations work`);
  failures += problems.length;
  for (const problem of problems) console.log(`${version} ${problem}`);
  for (const [name, message] of Object.entries(failed)) {
    failures += 1;
    console.log(`${version} ${name}: ${message}`);
  }
}
if (process.env.UPDATE_DOCS) await writeFile(RESULTS, table);
const committed = await readFile(RESULTS, "utf8").catch(() => "");
if (committed !== table) {
  failures += 1;
  console.log("docs/compatibility/botpress-clients.md says otherwise: write it anew with UPDATE_DOCS=1");
}
process.exitCode = failures ? 1 : 0;
