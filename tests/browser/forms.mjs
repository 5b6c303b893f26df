// Ten forms in the shapes that public connectors have: what each asks for, how a person fills it in, and
// the configuration that must come of it.

const constant = (value, more = {}) => ({ type: "string", const: value, ...more });
const secret = (title) => ({ type: "string", title, airbyte_secret: true });
const text = (title, more = {}) => ({ type: "string", title, ...more });

export const FORMS = [
  {
    name: "a code host with a token or OAuth, told apart by a const",
    identifier: "repository",
    schema: {
      $schema: "http://json-schema.org/draft-07/schema#",
      type: "object",
      required: ["credentials", "repository"],
      additionalProperties: true,
      properties: {
        credentials: {
          type: "object",
          title: "Authentication",
          description: "Choose how to sign in.",
          order: 0,
          oneOf: [
            {
              type: "object",
              title: "OAuth",
              required: ["access_token"],
              properties: { option_title: constant("OAuth Credentials"), access_token: secret("Access token") },
            },
            {
              type: "object",
              title: "Personal access token",
              required: ["personal_access_token"],
              properties: { option_title: constant("PAT Credentials"), personal_access_token: secret("Token") },
            },
          ],
        },
        repository: text("Repository", { pattern: "^[\\w.-]+/[\\w.-]+$" }),
      },
    },
    async fill(page) {
      await page.getByLabel("Personal access token").check();
      await page.getByLabel("Token", { exact: false }).and(page.locator("[name='/credentials#1/personal_access_token']")).fill("pat-1");
      await page.getByLabel("Repository").fill("acme/docs");
    },
    configuration: {
      credentials: { option_title: "PAT Credentials", personal_access_token: "pat-1" },
      repository: "acme/docs",
    },
  },
  {
    name: "a database whose encryption has modes, some without fields",
    identifier: "host",
    schema: {
      type: "object",
      required: ["host", "port", "ssl_mode"],
      properties: {
        host: text("Host"),
        port: { type: "integer", title: "Port", minimum: 0, maximum: 65536, default: 5432 },
        ssl_mode: {
          type: "object",
          title: "SSL mode",
          oneOf: [
            { title: "disable", required: ["mode"], properties: { mode: constant("disable") } },
            { title: "require", required: ["mode"], properties: { mode: constant("require") } },
            {
              title: "verify-ca",
              required: ["mode", "ca_certificate"],
              properties: { mode: constant("verify-ca"), ca_certificate: secret("CA certificate") },
            },
          ],
        },
      },
    },
    async fill(page) {
      await page.getByLabel("Host").fill("db.acme.test");
      await page.getByLabel("require", { exact: true }).check();
    },
    configuration: { host: "db.acme.test", port: 5432, ssl_mode: { mode: "require" } },
  },
  {
    name: "a tunnel with a number for its port in one of three shapes",
    identifier: "database",
    schema: {
      type: "object",
      required: ["database"],
      properties: {
        database: text("Database"),
        tunnel_method: {
          type: "object",
          title: "SSH tunnel",
          oneOf: [
            { title: "No tunnel", required: ["tunnel_method"], properties: { tunnel_method: constant("NO_TUNNEL") } },
            {
              title: "Key",
              required: ["tunnel_method", "tunnel_host", "tunnel_port"],
              properties: {
                tunnel_method: constant("SSH_KEY_AUTH"),
                tunnel_host: text("Jump server"),
                tunnel_port: { type: "integer", title: "Jump server port", default: 22 },
              },
            },
            {
              title: "Password",
              required: ["tunnel_method", "tunnel_host"],
              properties: { tunnel_method: constant("SSH_PASSWORD_AUTH"), tunnel_host: text("Jump server") },
            },
          ],
        },
      },
    },
    async fill(page) {
      await page.getByLabel("Database").fill("shop");
      await page.getByLabel("Key", { exact: true }).check();
      await page.locator("[name='/tunnel_method#1/tunnel_host']").fill("jump.acme.test");
    },
    configuration: {
      database: "shop",
      tunnel_method: { tunnel_method: "SSH_KEY_AUTH", tunnel_host: "jump.acme.test", tunnel_port: 22 },
    },
  },
  {
    name: "models of Python: references, and null beside each optional type",
    identifier: "workspace",
    schema: {
      title: "ConnectorConfig",
      type: "object",
      properties: {
        workspace: text("Workspace"),
        region: { allOf: [{ $ref: "#/$defs/Region" }], title: "Region", default: "eu" },
        page_size: { anyOf: [{ type: "integer", minimum: 1 }, { type: "null" }], default: null, title: "Page size" },
        account: { $ref: "#/$defs/Account" },
      },
      required: ["workspace", "account"],
      $defs: {
        Region: { enum: ["eu", "us"], title: "Region", type: "string" },
        Account: {
          type: "object",
          title: "Account",
          properties: { name: text("Account name"), note: { anyOf: [text("Note"), { type: "null" }] } },
          required: ["name"],
        },
      },
    },
    async fill(page) {
      await page.getByLabel("Workspace").fill("acme");
      await page.getByLabel("Account name").fill("Grace");
      await page.getByLabel("Region").selectOption("us");
    },
    configuration: { workspace: "acme", account: { name: "Grace" }, region: "us" },
  },
  {
    name: "a discriminated union of two models",
    identifier: "site",
    schema: {
      type: "object",
      properties: {
        site: text("Site", { format: "uri" }),
        login: {
          title: "Login",
          discriminator: { propertyName: "type", mapping: { basic: "#/$defs/Basic", bearer: "#/$defs/Bearer" } },
          oneOf: [{ $ref: "#/$defs/Basic" }, { $ref: "#/$defs/Bearer" }],
        },
      },
      required: ["site", "login"],
      $defs: {
        Basic: {
          type: "object",
          title: "Basic",
          properties: { type: constant("basic"), user: text("User"), password: text("Password", { writeOnly: true }) },
          required: ["type", "user", "password"],
        },
        Bearer: {
          type: "object",
          title: "Bearer",
          properties: { type: constant("bearer"), token: text("Token", { format: "password" }) },
          required: ["type", "token"],
        },
      },
    },
    async fill(page) {
      await page.getByLabel("Site").fill("https://docs.acme.test");
      await page.getByLabel("Basic").check();
      await page.getByLabel("User").fill("grace");
      await page.getByLabel("Password").fill(" s3cret ");
    },
    configuration: {
      site: "https://docs.acme.test",
      login: { type: "basic", user: "grace", password: " s3cret " },
    },
  },
  {
    name: "values with titles",
    identifier: "store",
    schema: {
      type: "object",
      required: ["store", "plan"],
      properties: {
        store: text("Store"),
        plan: { title: "Plan", oneOf: [{ const: "s", title: "Small" }, { const: "l", title: "Large" }] },
        every: { title: "Every", type: "integer", oneOf: [{ const: 1, title: "Hour" }, { const: 24, title: "Day" }] },
        kinds: { type: "array", title: "Kinds", items: { anyOf: [{ const: "a", title: "Articles" }, { const: "q", title: "Questions" }] } },
      },
    },
    async fill(page) {
      await page.getByLabel("Store").fill("acme");
      await page.getByLabel("Plan").selectOption({ label: "Large" });
      await page.getByLabel("Every").selectOption({ label: "Day" });
      await page.getByLabel("Questions").check();
    },
    configuration: { store: "acme", plan: "l", every: 24, kinds: ["q"] },
  },
  {
    name: "a bucket whose files have a format with options of its own, two levels deep",
    identifier: "bucket",
    schema: {
      type: "object",
      required: ["bucket", "format"],
      properties: {
        bucket: text("Bucket"),
        globs: { type: "array", title: "Globs", items: { type: "string" } },
        format: {
          title: "Format",
          type: "object",
          oneOf: [
            {
              title: "CSV",
              type: "object",
              required: ["filetype"],
              properties: {
                filetype: constant("csv"),
                delimiter: text("Delimiter", { default: "," }),
                header: {
                  type: "object",
                  title: "Header",
                  oneOf: [
                    { title: "From the file", required: ["from"], properties: { from: constant("file") } },
                    {
                      title: "Given",
                      required: ["from", "names"],
                      properties: { from: constant("given"), names: { type: "array", title: "Names", items: { type: "string" } } },
                    },
                  ],
                },
              },
            },
            { title: "JSON lines", type: "object", required: ["filetype"], properties: { filetype: constant("jsonl") } },
          ],
        },
      },
    },
    async fill(page) {
      await page.getByLabel("Bucket").fill("acme-docs");
      await page.getByLabel("Globs").fill("**/*.csv");
      await page.getByLabel("CSV").check();
      await page.getByLabel("Given").check();
      await page.getByLabel("Names").fill("id\ntext");
    },
    configuration: {
      bucket: "acme-docs",
      globs: ["**/*.csv"],
      format: { filetype: "csv", delimiter: ",", header: { from: "given", names: ["id", "text"] } },
    },
  },
  {
    name: "fixed values and types with null",
    identifier: "url",
    schema: {
      type: "object",
      required: ["url", "api_version", "token"],
      properties: {
        url: text("Address", { format: "uri" }),
        api_version: constant("2024-01", { title: "Version" }),
        token: { type: ["string", "null"], title: "Token", format: "password" },
        drafts: { type: "boolean", title: "Drafts", default: true },
      },
    },
    async fill(page) {
      await page.getByLabel("Address").fill("https://acme.test");
    },
    configuration: { url: "https://acme.test", api_version: "2024-01", token: null, drafts: true },
  },
  {
    name: "an e-mail account with rules for its texts",
    identifier: "account.email",
    schema: {
      properties: {
        account: {
          properties: { email: text("E-mail", { format: "email" }), since: text("Since", { pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" }) },
          required: ["email"],
        },
        lookback: { type: "number", title: "Days back", exclusiveMinimum: 0 },
      },
      required: ["account"],
    },
    async fill(page) {
      await page.getByLabel("E-mail").fill("grace@acme.test");
      await page.getByLabel("Since").fill("2026-01-31");
      await page.getByLabel("Days back").fill("1.5");
    },
    configuration: { account: { email: "grace@acme.test", since: "2026-01-31" }, lookback: 1.5 },
  },
  {
    name: "an optional login that is left out",
    identifier: "name",
    schema: {
      type: "object",
      required: ["name"],
      properties: {
        name: text("Name"),
        login: {
          type: "object",
          title: "Login",
          oneOf: [
            { title: "Key", required: ["kind", "key"], properties: { kind: constant("key"), key: secret("API key") } },
            { title: "Session", required: ["kind"], properties: { kind: constant("session") } },
          ],
        },
      },
    },
    async fill(page) {
      await page.getByLabel("Name").fill("acme");
      await page.getByLabel("Key", { exact: true }).check();
      await page.getByLabel("None").check();
    },
    configuration: { name: "acme" },
  },
];
