// The real program for a test: a free port, a directory of its own, ended with the test.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export const KEY = "aloo_browser_test_key";
export const ADA_KEY = "ada_browser_test_key";
export const ADA_END_USERS_KEY = "ada_eu_browser_test_key";

/** Starts the program with settings from the environment and resolves, once it is ready, to its address and a way to end it. */
export async function startServer(settings = {}) {
  const program = process.env.PARLANCE_PROGRAM;
  if (!program) throw new Error("PARLANCE_PROGRAM names the program to test; tests/run sets it");
  const directory = await mkdtemp(join(tmpdir(), "parlance-browser-"));
  const child = spawn(program, ["serve", "--listen", "127.0.0.1:0"], {
    cwd: directory,
    env: {
      PATH: process.env.PATH,
      PARLANCE_BOOTSTRAP__ALOOCHAT_KEY: KEY,
      PARLANCE_BOOTSTRAP__ADA_KEY: ADA_KEY,
      PARLANCE_BOOTSTRAP__ADA_END_USERS_KEY: ADA_END_USERS_KEY,
      ...settings,
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
