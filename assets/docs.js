const ui = document.getElementById("ui");

/** On this machine the host of an agent goes first, so that its handle can be filled in at once. */
function withAgentHostFirst(document) {
  const [, agent] = location.hostname.match(/^(?:([a-z0-9-]+)\.)?localhost$/) ?? [];
  const isLocal = agent !== undefined || ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
  const operations = Object.values(document.paths ?? {}).flatMap((path) => Object.values(path));
  for (const place of [document, ...operations]) {
    const own = place.servers?.find((server) => server.variables?.handle && server.url.includes("{handle}.localhost"));
    if (!own || !isLocal) continue;
    place.servers = [own, ...place.servers.filter((server) => server !== own)];
    if (agent) own.variables.handle.default = agent;
  }
  return document;
}

fetch(ui.dataset.document)
  .then((response) => response.json())
  .then((document) => {
    SwaggerUIBundle({
      dom_id: "#ui",
      spec: withAgentHostFirst(document),
      deepLinking: true,
      persistAuthorization: true,
      displayRequestDuration: true,
      validatorUrl: "none",
    });
  })
  .catch((error) => {
    ui.textContent = `The document could not be loaded: ${error}`;
  });
