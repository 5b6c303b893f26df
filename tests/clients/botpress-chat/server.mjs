// A server with bots whose chat is installed.

import { readFile } from "node:fs/promises";
import { startProgram } from "../../program.mjs";

const TOKEN = "bp_pat_chat_clients";
const WORKSPACE = "11111111-1111-1111-aaaa-111111111111";

export async function start(settings = {}) {
  const server = await startProgram({ PARLANCE_BOOTSTRAP__BOTPRESS_PAT: TOKEN, ...settings });
  const call = async (method, path, body) => {
    const answer = await fetch(server.url + path, {
      method,
      headers: {
        authorization: `Bearer ${TOKEN}`,
        "content-type": "application/json",
        "x-workspace-id": WORKSPACE,
      },
      body: body && JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json();
  };
  const code = await readFile(new URL("bot.cjs", import.meta.url), "utf8");
  return {
    ...server,
    /** A new bot: where its chat is. */
    async bot(configuration = {}, version = "latest") {
      const { integration } = await call("GET", `/v1/admin/hub/integrations/chat/${version}`);
      const { bot } = await call("POST", "/v1/admin/bots", { code });
      const installed = await call("PUT", `/v1/admin/bots/${bot.id}`, {
        integrations: { [integration.id]: { enabled: true, configuration } },
      });
      const { webhookId } = installed.bot.integrations[integration.id];
      return { id: bot.id, webhookId, apiUrl: `${server.url}/webhook/${webhookId}` };
    },
  };
}
