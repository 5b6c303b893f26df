// A small integration of ours, as its developer would write it: it finishes installs that a browser
// brings, and learns of uninstalls.

import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

/** Starts the integration's server. `parlance` is where the API is, `key` the platform key. */
export async function startIntegration(parlance, key) {
  const installations = new Map();
  const uninstalled = [];
  const waiting = [];
  let client;

  async function call(path, token, options = {}) {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const answer = await fetch(parlance + path, { headers, ...options });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  async function token(fields) {
    const body = new URLSearchParams({ client_id: client.id, client_secret: client.client_secret, ...fields });
    const answer = await fetch(`${parlance}/api/platform_integrations/oauth/token`, { method: "POST", body });
    return { status: answer.status, body: await answer.json() };
  }

  /** What happens when a browser comes back from the form. */
  async function callback(url) {
    const page = `${parlance}/platform/integrations/${client.id}/connections`;
    const code = url.searchParams.get("code");
    const given = await token({ grant_type: "authorization_code", code });
    if (given.status !== 200) return `${page}/error?error_code=expired`;
    const access = given.body.access_token;
    const self = await call("/api/platform_integrations/oauth/self", access);
    const id = self.platform_integration_installation_id;
    const base = `/api/v2/platform-integrations/${client.id}/installations`;
    const installation = await call(`${base}/self`, access);
    if (installation.configuration.account.site.includes("unknown")) return `${page}/error?error_code=bad_site`;
    const body = JSON.stringify({ status: "complete" });
    const completed = await call(`${base}/${id}`, access, { method: "PATCH", body });
    installations.set(id, { ...given.body, handle: self.client_handle, installation: completed });
    return `${page}/success`;
  }

  /** What happens when an installation was removed. */
  function uninstall(request, url) {
    const id = url.searchParams.get("installation_id");
    const secret = installations.get(id).client_secret;
    const timestamp = request.headers["x-ada-timestamp-v2"];
    const text = `delete\n${origin}${url.pathname}\n\n${timestamp}`;
    const expected = createHmac("sha256", secret).update(text).digest("base64");
    const signature = request.headers["x-ada-signature-v2"] ?? "";
    const valid = signature.length === expected.length
      && timingSafeEqual(Buffer.from(signature), Buffer.from(expected));
    const told = { id, valid, url: request.url };
    const next = waiting.shift();
    if (next) next(told);
    else uninstalled.push(told);
    return valid ? 204 : 401;
  }

  const server = createServer((request, response) => {
    const url = new URL(request.url, origin);
    if (request.method === "DELETE" && url.pathname === "/uninstall") {
      response.writeHead(uninstall(request, url)).end();
    } else if (request.method === "GET" && url.pathname === "/callback") {
      callback(url).then(
        (location) => response.writeHead(302, { location }).end(),
        (error) => response.writeHead(500).end(String(error)),
      );
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;

  client = await call("/api/v2/platform-integrations/", key, {
    method: "POST",
    body: JSON.stringify({
      name: "Acme Docs",
      author: "Acme",
      description: "Copies the articles of Acme Docs into your agent’s knowledge, and keeps them up to date.",
      contact: "help@acme.test",
      uninstallation_url: `${origin}/uninstall`,
      oauth_callback_url: `${origin}/callback?from=parlance`,
      tags: ["knowledge"],
      scopes: ["articles:write", "knowledge_sources:write"],
      identifier_field_path: "account.site",
      call_to_action: "Connect to Acme Docs",
      error_codes: { bad_site: "That site was not found", expired: "That took too long" },
      configuration_fields: {
        title: "Your Acme Docs",
        description: "An administrator of Acme Docs finds all of this on the page “API”.",
        type: "object",
        required: ["account", "language"],
        properties: {
          account: {
            type: "object",
            title: "Account",
            required: ["site", "token"],
            properties: {
              site: { type: "string", title: "Site", description: "Such as docs.acme.test", minLength: 4 },
              token: { type: "string", title: "API token", format: "password" },
            },
          },
          language: { type: "string", title: "Language", enum: ["English", "Français", "العربية"] },
          sections: {
            type: "array",
            title: "Sections",
            description: "Which articles to copy; all if you choose none.",
            items: { type: "string", enum: ["Guides", "Questions", "Release notes"] },
          },
          leave_out: { type: "array", title: "Leave out", items: { type: "string" } },
          limit: { type: "integer", title: "At most", minimum: 1, default: 1000 },
          drafts: { type: "boolean", title: "Drafts too" },
        },
      },
    }),
  });

  return {
    id: client.id,
    origin,
    installations,
    call,
    refresh: (refresh_token) => token({ grant_type: "refresh_token", refresh_token }),
    /** The next uninstall that it is told of. */
    nextUninstall: () =>
      uninstalled.length > 0
        ? Promise.resolve(uninstalled.shift())
        : new Promise((resolve) => waiting.push(resolve)),
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}
