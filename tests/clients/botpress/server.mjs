// A server of the program under test, on a database of its own.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export const TOKEN = "bp_pat_clients_key";
export const WORKSPACE = "11111111-1111-1111-aaaa-111111111111";

/** Starts the program with small quotas, so that each can be hit. */
export async function start() {
  const directory = await mkdtemp(join(tmpdir(), "parlance-botpress-"));
  const child = spawn(process.env.PARLANCE_PROGRAM, ["serve", "--listen", "127.0.0.1:0"], {
    cwd: directory,
    env: {
      PATH: process.env.PATH,
      PARLANCE_BOOTSTRAP__BOTPRESS_PAT: TOKEN,
      PARLANCE_PLANS__COMMUNITY__MEMBERS: "3",
      PARLANCE_PLANS__MAX_TOKENS: "3",
      PARLANCE_LIMITS__BOTPRESS_CHAT__PER_MINUTE: "300",
      PARLANCE_SERVER__BODY_LIMIT_BYTES: "1000000",
    },
    stdio: ["ignore", "pipe", "ignore"],
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
