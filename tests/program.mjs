// The real program for a test in JavaScript: a free port, a directory of its own, ended with the test.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/**
 * Starts the program that PARLANCE_PROGRAM names, with settings from the environment and nothing else
 * of it. Resolves, once it is ready, to its address and a way to end it.
 */
export async function startProgram(settings = {}) {
  const program = process.env.PARLANCE_PROGRAM;
  if (!program) throw new Error("PARLANCE_PROGRAM names the program to test; tests/run sets it");
  const directory = await mkdtemp(join(tmpdir(), "parlance-test-"));
  const child = spawn(program, ["serve", "--listen", "127.0.0.1:0"], {
    cwd: directory,
    env: { PATH: process.env.PATH, ...settings },
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
