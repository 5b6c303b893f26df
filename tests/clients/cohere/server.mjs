// The program under test, on a free port with a database of its own.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export const KEY = "co_clients_test_key";
export const OPERATOR_KEY = "plop_clients_test_key";

const program = process.env.PARLANCE_PROGRAM;
if (!program) throw new Error("PARLANCE_PROGRAM names the program to test; tests/run sets it");

/** Starts the program: its address, and how to stop it. */
export async function startServer(settings = {}) {
  const directory = await mkdtemp(join(tmpdir(), "parlance-cohere-"));
  const child = spawn(program, ["serve", "--listen", "127.0.0.1:0"], {
    cwd: directory,
    env: {
      PATH: process.env.PATH,
      PARLANCE_BOOTSTRAP__COHERE_KEY: KEY,
      PARLANCE_BOOTSTRAP__OPERATOR_KEY: OPERATOR_KEY,
      ...settings,
    },
    stdio: ["ignore", "pipe", process.env.SHOW_LOG ? "inherit" : "ignore"],
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
