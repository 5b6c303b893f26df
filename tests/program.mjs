// The real program for a test in JavaScript: a free port, a directory of its own, ended with the test.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/**
 * Starts the program that PARLANCE_PROGRAM names, with settings from the environment and nothing else
 * of it. Resolves, once it is ready, to its address and ways to end it, and to start it again on the
 * same port and database. What it logs goes to `log`.
 */
export async function startProgram(settings = {}, log = "inherit") {
  const program = process.env.PARLANCE_PROGRAM;
  if (!program) throw new Error("PARLANCE_PROGRAM names the program to test; tests/run sets it");
  const directory = await mkdtemp(join(tmpdir(), "parlance-test-"));
  let running;

  async function start(listen) {
    const child = spawn(program, ["serve", "--listen", listen], {
      cwd: directory,
      env: { PATH: process.env.PATH, ...settings },
      stdio: ["ignore", "pipe", log],
    });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    const lines = createInterface({ input: child.stdout });
    const first = await Promise.race([
      new Promise((resolve) => lines.once("line", resolve)),
      ended.then((code) => Promise.reject(new Error(`the server ended with ${code}`))),
    ]);
    running = { child, ended };
    return JSON.parse(first).url;
  }

  async function end(signal) {
    running.child.kill(signal);
    await running.ended;
  }

  const url = await start("127.0.0.1:0");
  return {
    url,
    /** Its process id. */
    get pid() {
      return running.child.pid;
    },
    /** Ends it at once. */
    kill: () => end("SIGKILL"),
    /** Starts it again after it was ended. */
    start: () => start(new URL(url).host),
    async stop() {
      await end("SIGTERM");
      await rm(directory, { recursive: true });
    },
  };
}
