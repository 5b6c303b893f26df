// Runs a command with the program and a connector beside it, whose addresses are in its environment:
// node with-server.mjs COMMAND…

import { spawn } from "node:child_process";

import { startConnector } from "./connector.mjs";
import { KEY, startServer } from "./server.mjs";

const TOKEN = "connector-token-1";

const connector = await startConnector(async (token) => token === TOKEN);
const server = await startServer();
const [command, ...rest] = process.argv.slice(2);
const suite = spawn(command, rest, {
  env: {
    ...process.env,
    PARLANCE_URL: server.url,
    PARLANCE_KEY: KEY,
    CONNECTOR_URL: connector.url,
    CONNECTOR_TOKEN: TOKEN,
  },
  stdio: "inherit",
});
const status = await new Promise((resolve) => suite.once("exit", (code) => resolve(code ?? 1)));
await server.stop();
connector.stop();
process.exit(status);
