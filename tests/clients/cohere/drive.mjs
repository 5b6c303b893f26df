// A connector that its users authorize at a real authorization server, registered.

import { CohereClient } from "cohere-ai";

import { startConnector } from "./connector.mjs";
import { CLIENT_ID, CLIENT_SECRET, allow, startProvider } from "./provider.mjs";
import { KEY, startServer } from "./server.mjs";

/** Starts program, provider and connector. */
export async function startDrive() {
  const server = await startServer();
  const callback = `${server.url}/v1/connectors/oauth/token`;
  const provider = await startProvider(callback);
  const connector = await startConnector(provider.isGood);
  const client = new CohereClient({ token: KEY, environment: server.url });
  const { connector: drive } = await client.connectors.create({
    name: "Drive",
    url: connector.url,
    oauth: {
      clientId: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      // Without its own query this provider gives no refresh token.
      authorizeUrl: `${provider.issuer}/auth?prompt=consent`,
      tokenUrl: `${provider.issuer}/token`,
      scope: "openid offline_access",
    },
  });
  return {
    server,
    callback,
    provider,
    connector,
    client,
    drive,
    /** How the authorization stands. */
    async status() {
      return (await client.connectors.get(drive.id)).connector.authStatus;
    },
    /** The address to authorize the connector at. */
    async begin(afterTokenRedirect) {
      return (await client.connectors.oAuthAuthorize(drive.id, { afterTokenRedirect })).redirectUrl;
    },
    /** Authorizes the connector, as a person with a browser does. */
    async authorize() {
      const back = await allow(provider.issuer, await this.begin());
      const page = await fetch(back);
      if (page.status !== 200) throw new Error(await page.text());
    },
    async stop() {
      await server.stop();
      provider.stop();
      connector.stop();
    },
  };
}
