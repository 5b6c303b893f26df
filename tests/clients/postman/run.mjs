// See ./run.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

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
 * The ids in the documents' examples name nothing on a new server, so each path variable gets the id
 * of something that is made through the API first.
 */
const SEEDS = {
  async end_user_id(call) {
    return (await call("/api/v2/end-users/", {})).end_user_id;
  },
  async job_id(call) {
    const identifiers = [{ type: "email", value: "nobody@example.com" }];
    return (await call("/api/v2/end-users/delete", { identifiers })).job_id;
  },
};

async function startServer() {
  const program = process.env.PARLANCE_PROGRAM;
  if (!program) throw new Error("PARLANCE_PROGRAM names the program to test; tests/run sets it");
  const directory = await mkdtemp(join(tmpdir(), "parlance-postman-"));
  const child = spawn(program, ["serve", "--listen", "127.0.0.1:0"], {
    cwd: directory,
    env: {
      PATH: process.env.PATH,
      PARLANCE_BOOTSTRAP__ADA_KEY: PLATFORM_KEY,
      PARLANCE_BOOTSTRAP__ADA_END_USERS_KEY: END_USERS_KEY,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const lines = createInterface({ input: child.stdout });
  const first = await Promise.race([
    new Promise((resolve) => lines.once("line", resolve)),
    ended.then((code) => Promise.reject(new Error(`the server ended with ${code}`))),
  ]);
  return {
    url: JSON.parse(first).url,
    async stop() {
      child.kill("SIGTERM");
      await ended;
      await rm(directory, { recursive: true });
    },
  };
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

async function check(server, { path, key }, ids) {
  const document = await (await fetch(server.url + path)).json();
  const operations = Object.values(document.paths).flatMap((operations) =>
    Object.keys(operations).filter((name) => METHODS.includes(name)),
  );
  const collection = await imported(document);
  for (const request of requests(collection.item)) {
    for (const variable of request.url.variable ?? []) {
      if (variable.key === "handle") continue;
      if (!ids[variable.key]) throw new Error(`add a seed for the path variable ${variable.key}`);
      variable.value = ids[variable.key];
    }
  }
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

const server = await startServer();
try {
  const call = async (path, body) => {
    const response = await fetch(server.url + path, {
      method: "POST",
      headers: { authorization: `Bearer ${PLATFORM_KEY}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const ids = {};
  for (const [name, seed] of Object.entries(SEEDS)) ids[name] = await seed(call);
  let failed = 0;
  for (const document of DOCUMENTS) failed += await check(server, document, ids);
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  await server.stop();
}
