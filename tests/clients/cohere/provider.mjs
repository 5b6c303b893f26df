// A real authorization server, npm's oidc-provider, and a person with a browser who uses it.

import { Provider } from "oidc-provider";

export const CLIENT_ID = "parlance";
export const CLIENT_SECRET = "the-client-secret-of-parlance";

/**
 * Starts a provider on a free port. Its tokens end in an hour, refresh tokens change with each use,
 * and an old one that comes again revokes everything (its default for public and web clients alike).
 */
export async function startProvider(redirectUri) {
  const { createServer } = await import("node:http");
  let handle;
  const server = createServer((request, response) => handle(request, response));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const events = [];
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        redirect_uris: [redirectUri],
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
      },
    ],
    scopes: ["openid", "offline_access"],
    pkce: { required: () => true },
    rotateRefreshToken: true,
    ttl: { AccessToken: 3600, RefreshToken: 86_400, Grant: 86_400, Session: 86_400, Interaction: 600 },
    features: { devInteractions: { enabled: true }, revocation: { enabled: true } },
    cookies: { keys: ["tests"] },
  });
  for (const name of ["grant.success", "grant.error", "grant.revoked"]) {
    provider.on(name, (context) => events.push([name, context.oidc?.params?.grant_type]));
  }
  handle = provider.callback();
  return {
    issuer,
    events,
    /** Whether an access token is good, as a resource server would ask. */
    async isGood(token) {
      const found = await provider.AccessToken.find(token);
      return Boolean(found && !found.isExpired);
    },
    /** Takes back everything that an access token belongs to, as a person does in their settings. */
    async revoke(token) {
      const { grantId } = await provider.AccessToken.find(token);
      for (const kind of ["AccessToken", "RefreshToken", "AuthorizationCode"]) {
        await provider[kind].revokeByGrantId(grantId);
      }
      const grant = await provider.Grant.find(grantId);
      await grant?.destroy();
    },
    stop: () => server.close(),
  };
}

/** Logs in and consents in a browser of its own: the first address outside the provider. */
export async function allow(issuer, address) {
  const cookies = new Map();
  const visit = async (url, body) => {
    const { pathname } = new URL(url);
    const own = [...cookies.values()].filter(({ path }) => pathname.startsWith(path));
    const answer = await fetch(url, {
      method: body ? "POST" : "GET",
      redirect: "manual",
      headers: { cookie: own.map(({ pair }) => pair).join("; ") },
      body: body && new URLSearchParams(body),
    });
    for (const cookie of answer.headers.getSetCookie()) {
      const [pair, ...rest] = cookie.split("; ");
      const path = rest.find((part) => part.toLowerCase().startsWith("path="))?.slice(5) ?? "/";
      const key = `${pair.split("=")[0]} ${path}`;
      if (pair.endsWith("=")) cookies.delete(key);
      else cookies.set(key, { pair, path });
    }
    return answer;
  };
  let url = address;
  for (let step = 0; step < 12; step += 1) {
    if (!url.startsWith(issuer)) return url;
    let answer = await visit(url);
    if (answer.status === 200) {
      const page = await answer.text();
      const action = page.match(/action="([^"]+)"/)[1];
      const prompt = page.match(/name="prompt" value="([^"]+)"/)[1];
      answer = await visit(new URL(action, issuer).href, { prompt, login: "ada", password: "x" });
    }
    const location = answer.headers.get("location");
    if (!location) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
    url = new URL(location, issuer).href;
  }
  throw new Error("the provider does not come to an end");
}
