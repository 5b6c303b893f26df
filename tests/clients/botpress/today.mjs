// The other calls of @botpress/client 1.45.0 that the operations of the seed do not have. `it.bot` and `it.integration`
// are clients that call as a bot and as an integration installed in it.

import assert from "node:assert/strict";

const ids = (list) => list.map((one) => one.id);
const text = { type: "object", properties: { text: { type: "string" } } };

async function refused(type, call) {
  await assert.rejects(call, (error) => error.type === type || assert.fail(`${error.type}: ${error.message}`));
}

const INTERFACE = {
  name: "legible",
  version: "1.2.3",
  entities: { item: { schema: text } },
  events: { changed: { schema: text } },
  actions: { read: { input: { schema: text }, output: { schema: text } } },
  channels: {},
  public: true,
};
const PLUGIN = {
  name: "reader",
  version: "1.2.3",
  title: "Reader",
  code: { node: "module.exports = {}", browser: "export default {}" },
  configuration: { schema: text },
  visibility: "public",
};
const CHANNELS = {
  direct: {
    messages: { text: { schema: text } },
    conversation: { tags: { id: {} }, creation: { enabled: true, requiredTags: [] } },
    message: { tags: { id: {} } },
  },
};
export const TODAY_INTEGRATION = {
  name: "today",
  version: "0.2.0",
  channels: CHANNELS,
  user: { tags: { id: {} }, creation: { enabled: true, requiredTags: [] } },
  states: { cursor: { type: "integration", schema: text } },
};

export const TODAY = {
  async validateIntegrationCreation({ person }) {
    await person.validateIntegrationCreation({ ...TODAY_INTEGRATION, name: "tomorrow" });
    const broken = { ...TODAY_INTEGRATION, name: "tomorrow", version: "one" };
    await refused("InvalidPayload", person.validateIntegrationCreation(broken));
    assert.deepEqual((await person.listIntegrations({ name: "tomorrow" })).integrations, []);
  },
  async validateIntegrationUpdate({ person, installed }) {
    await person.validateIntegrationUpdate({ id: installed.id, title: "Changed" });
    assert.notEqual((await person.getIntegration({ id: installed.id })).integration.title, "Changed");
  },
  async createInterface(it) {
    it.interface = (await it.person.createInterface(INTERFACE)).interface;
    assert.equal(it.interface.name, "legible");
  },
  async getInterface({ person, interface: made }) {
    assert.deepEqual((await person.getInterface({ id: made.id })).interface, made);
  },
  async getInterfaceByName({ person, interface: made }) {
    const found = await person.getInterfaceByName({ name: "legible", version: ">=1.0.0 <2.0.0" });
    assert.equal(found.interface.id, made.id);
  },
  async listInterfaces({ person, interface: made, list }) {
    assert.deepEqual(ids(await list(person, "interfaces", { name: "legible" })), [made.id]);
  },
  async updateInterface({ person, interface: made }) {
    const changed = await person.updateInterface({ ...INTERFACE, id: made.id, title: "Legible" });
    assert.equal(changed.interface.title, "Legible");
  },
  async listPublicInterfaces({ person, interface: made }) {
    const { interfaces } = await person.listPublicInterfaces({ name: "legible" });
    assert.deepEqual(ids(interfaces), [made.id]);
  },
  async getPublicInterfaceById({ person, interface: made }) {
    assert.equal((await person.getPublicInterfaceById({ id: made.id })).interface.name, "legible");
  },
  async getPublicInterface({ person, interface: made }) {
    const found = await person.getPublicInterface({ name: "legible", version: "latest" });
    assert.equal(found.interface.id, made.id);
  },
  async createPlugin(it) {
    it.plugin = (await it.person.createPlugin(PLUGIN)).plugin;
    assert.equal(it.plugin.name, "reader");
  },
  async getPlugin({ person, plugin }) {
    assert.deepEqual((await person.getPlugin({ id: plugin.id })).plugin, plugin);
  },
  async getPluginByName({ person, plugin }) {
    const found = await person.getPluginByName({ name: "reader", version: "latest" });
    assert.equal(found.plugin.id, plugin.id);
  },
  async getPluginCode({ person, plugin }) {
    const { code } = await person.getPluginCode({ id: plugin.id, platform: "node" });
    assert.ok([PLUGIN.code.node, Buffer.from(PLUGIN.code.node).toString("base64")].includes(code), code);
  },
  async getDereferencedPlugin({ person, plugin, installed }) {
    const found = await person.getDereferencedPlugin({ id: plugin.id, interfaces: { source: installed.id } });
    assert.equal(found.plugin.id, plugin.id);
  },
  async updatePlugin({ person, plugin }) {
    const changed = await person.updatePlugin({ id: plugin.id, title: "Reads" });
    assert.equal(changed.plugin.title, "Reads");
  },
  async listPlugins({ person, plugin, list }) {
    assert.deepEqual(ids(await list(person, "plugins", { name: "reader" })), [plugin.id]);
  },
  async listPublicPlugins({ person, plugin }) {
    assert.deepEqual(ids((await person.listPublicPlugins({ name: "reader" })).plugins), [plugin.id]);
  },
  async getPublicPluginById({ person, plugin }) {
    assert.equal((await person.getPublicPluginById({ id: plugin.id })).plugin.name, "reader");
  },
  async getPublicPlugin({ person, plugin }) {
    const found = await person.getPublicPlugin({ name: "reader", version: "1.2.3" });
    assert.equal(found.plugin.id, plugin.id);
  },
  async getDereferencedPublicPluginById({ person, plugin, installed }) {
    const found = await person.getDereferencedPublicPluginById({ id: plugin.id, interfaces: { source: installed.id } });
    assert.equal(found.plugin.id, plugin.id);
  },
  async getPublicPluginCode({ person, plugin }) {
    assert.ok((await person.getPublicPluginCode({ id: plugin.id, platform: "browser" })).code);
  },
  async deletePlugin({ person, plugin }) {
    await person.deletePlugin({ id: plugin.id });
    await refused("ResourceNotFound", person.getPlugin({ id: plugin.id }));
  },
  async deleteInterface({ person, interface: made }) {
    await person.deleteInterface({ id: made.id });
    await refused("ResourceNotFound", person.getInterface({ id: made.id }));
  },
  async initializeIncomingMessage(it) {
    const made = await it.integration.initializeIncomingMessage({
      user: { tags: { id: "7" }, discriminateByTags: ["id"] },
      conversation: { channel: "direct", tags: { id: "c" }, discriminateByTags: ["id"] },
      message: { type: "text", payload: { text: "Hello" }, tags: { id: "m" }, discriminateByTags: ["id"] },
    });
    assert.equal(made.message.payload.text, "Hello");
    Object.assign(it, { incoming: made.message, user: made.user, conversation: made.conversation });
  },
  async importMessages({ integration, user, conversation }) {
    const old = {
      type: "text",
      payload: { text: "Before" },
      tags: { id: "old" },
      userId: user.id,
      conversationId: conversation.id,
      createdAt: "2020-01-01T00:00:00.000Z",
      discriminateByTags: ["id"],
    };
    const { messages } = await integration.importMessages({ messages: [old, old] });
    assert.equal(messages[0].id, messages[1].id);
  },
  async listTagValues({ bot }) {
    const { tags } = await bot.listTagValues({ type: "user", key: "today:id" });
    assert.equal(tags.length, 1);
  },
  async getParticipant({ bot, user, conversation }) {
    const found = await bot.getParticipant({ id: conversation.id, userId: user.id });
    assert.equal(found.participant.id, user.id);
  },
  async listParticipants({ bot, user, conversation, list }) {
    assert.deepEqual(ids(await list(bot, "participants", { id: conversation.id })), [user.id]);
  },
  async removeParticipant({ bot, user, conversation }) {
    await bot.removeParticipant({ id: conversation.id, userId: user.id });
    assert.deepEqual((await bot.listParticipants({ id: conversation.id })).participants, []);
  },
  async addParticipant({ bot, user, conversation }) {
    const added = await bot.addParticipant({ id: conversation.id, userId: user.id });
    assert.equal(added.participant.id, user.id);
  },
  async cancelScheduledEvent({ bot }) {
    const later = new Date(Date.now() + 3_600_000).toISOString();
    const { event } = await bot.createEvent({ type: "tick", payload: {}, schedule: { dateTime: later } });
    await bot.cancelScheduledEvent({ id: event.id });
    await refused("RelationConflict", bot.cancelScheduledEvent({ id: event.id }));
  },
  async getOrSetState({ bot, botId }) {
    const at = { type: "bot", id: botId, name: "counter" };
    for (const text of ["1", "2"]) {
      const { state } = await bot.getOrSetState({ ...at, payload: { text } });
      assert.deepEqual(state.payload, { text: "1" });
    }
  },
  async setStateExpiry({ bot, botId }) {
    const { state } = await bot.setStateExpiry({ type: "bot", id: botId, name: "counter", expiry: 60_000 });
    assert.deepEqual(state.payload, { text: "1" });
  },
  async configureIntegration({ integration }) {
    await integration.configureIntegration({ identifier: "team-7" });
  },
  async trackAnalytics({ bot }) {
    await bot.trackAnalytics({ name: "sold", count: 2 });
  },
  async listActivities({ bot, botId }) {
    await refused("ResourceNotFound", bot.listActivities({ botId, taskId: "none" }));
  },
  async listActionRuns({ person, botId }) {
    const { data } = await person.listActionRuns({ id: botId, integrationName: "today" });
    assert.deepEqual(data, []);
  },
  async getBotIssue({ person, botId }) {
    await refused("ResourceNotFound", person.getBotIssue({ id: botId, issueId: "none" }));
  },
  async createBotVersion(it) {
    it.version = (await it.person.createBotVersion({ id: it.botId, name: "first" })).version;
    assert.equal(it.version.name, "first");
  },
  async listBotVersions({ person, botId, version }) {
    assert.deepEqual(ids((await person.listBotVersions({ id: botId })).versions), [version.id]);
  },
  async getBotVersion({ person, botId, version }) {
    const { url } = await person.getBotVersion({ id: botId, versionId: version.id });
    assert.equal((await fetch(url)).status, 200);
  },
  async deployBotVersion({ person, botId, version }) {
    await person.deployBotVersion({ id: botId, versionId: version.id });
  },
  async publishFromBotJson({ person, botId }) {
    await person.publishFromBotJson({ id: botId, botJson: { name: "x" } });
  },
  async getBotJson({ person, botId }) {
    assert.ok(await person.getBotJson({ id: botId }));
  },
  async createIntegrationShareableId(it) {
    const at = { botId: it.botId, integrationId: it.installed.id };
    it.shareable = (await it.person.createIntegrationShareableId(at)).shareableId;
    assert.ok(it.shareable);
  },
  async getIntegrationShareableId({ person, botId, installed, shareable }) {
    const found = await person.getIntegrationShareableId({ botId, integrationId: installed.id });
    assert.deepEqual(found, { shareableId: shareable, isExpired: false });
  },
  async deleteIntegrationShareableId({ person, botId, installed }) {
    await person.deleteIntegrationShareableId({ botId, integrationId: installed.id });
  },
  async unlinkSandboxedConversations({ person, botId, installed }) {
    await person.unlinkSandboxedConversations({ botId, integrationId: installed.id });
  },
  async createBotApiKey(it) {
    it.bak = await it.person.createBotApiKey({ botId: it.botId, note: "n" });
    assert.ok(it.bak.value);
  },
  async listBotApiKeys({ person, botId, bak }) {
    assert.deepEqual(ids((await person.listBotApiKeys({ botId })).baks), [bak.id]);
  },
  async deleteBotApiKey({ person, botId, bak }) {
    await person.deleteBotApiKey({ id: bak.id });
    assert.deepEqual((await person.listBotApiKeys({ botId })).baks, []);
  },
  async createIntegrationApiKey(it) {
    it.iak = await it.person.createIntegrationApiKey({ integrationId: it.installed.id });
    assert.ok(it.iak.value);
  },
  async listIntegrationApiKeys({ person, installed, iak }) {
    const { iaks } = await person.listIntegrationApiKeys({ integrationId: installed.id });
    assert.deepEqual(ids(iaks), [iak.id]);
  },
  async deleteIntegrationApiKey({ person, iak }) {
    await person.deleteIntegrationApiKey({ id: iak.id });
  },
  async requestIntegrationVerification({ person, installed }) {
    await person.requestIntegrationVerification({ integrationId: installed.id });
  },
  async getBotAllowlist({ person, botId }) {
    assert.equal((await person.getBotAllowlist({ botId })).setting, "ALL_WORKSPACE_USERS");
  },
  async updateBotAllowlist({ person, botId }) {
    await person.updateBotAllowlist({ botId, setting: "ALL_WORKSPACE_USERS" });
  },
  async introspect({ person, botId, workspace }) {
    const found = await person.introspect({ botId });
    assert.deepEqual([found.workspaceId, found.botId], [workspace, botId]);
  },
  async runVrl({ person }) {
    const ran = await person.runVrl({ data: { n: 1 }, script: ".n = 2\n.n" });
    assert.deepEqual(ran, { data: { n: 2 }, result: 2 });
  },
  async updateAccount({ person }) {
    assert.equal((await person.updateAccount({ displayName: "Ann" })).account.displayName, "Ann");
  },
  async setAccountPreference({ person }) {
    await person.setAccountPreference({ key: "theme", value: { dark: true } });
  },
  async getAccountPreference({ person }) {
    assert.deepEqual((await person.getAccountPreference({ key: "theme" })).value, { dark: true });
  },
  async setWorkspacePreference({ person }) {
    await person.setWorkspacePreference({ key: "theme", value: [1] });
  },
  async getWorkspacePreference({ person }) {
    assert.deepEqual((await person.getWorkspacePreference({ key: "theme" })).value, [1]);
  },
  async getWorkspaceMember({ person }) {
    assert.equal((await person.getWorkspaceMember({})).role, "owner");
  },
  async checkHandleAvailability({ person }) {
    assert.equal((await person.checkHandleAvailability({ handle: "quite-free" })).available, true);
  },
  async getPublicWorkspace({ person, workspace }) {
    await person.updateWorkspace({ id: workspace, isPublic: true });
    assert.equal((await person.getPublicWorkspace({ id: workspace })).id, workspace);
  },
  async listPublicWorkspaces({ person, workspace, list }) {
    assert.deepEqual(ids(await list(person, "publicWorkspaces", {}, "workspaces")), [workspace]);
  },
  async getUpcomingInvoice({ person, workspace }) {
    assert.equal(typeof (await person.getUpcomingInvoice({ id: workspace })).total, "number");
  },
  async breakDownWorkspaceUsageByBot({ person, workspace }) {
    const { data } = await person.breakDownWorkspaceUsageByBot({ id: workspace, type: "table_row_count" });
    assert.ok(Array.isArray(data));
  },
  async getAllWorkspaceQuotaCompletion({ person, workspace }) {
    assert.ok((await person.getAllWorkspaceQuotaCompletion({}))[workspace]);
  },
  async getMultipleUsages({ person, workspace }) {
    const query = { types: ["bot_count", "workspace_member_count"], ids: [workspace] };
    assert.equal((await person.getMultipleUsages(query)).usages.length, 2);
  },
  async listUsageHistory({ person, workspace }) {
    const { usages } = await person.listUsageHistory({ id: workspace, type: "bot_count" });
    assert.equal(usages[0].type, "bot_count");
  },
  async listUsageActivity({ person, botId }) {
    const { data } = await person.listUsageActivity({ id: botId, type: "ai_spend" });
    assert.deepEqual(data, []);
  },
  async listUsageActivityDaily({ person, botId }) {
    const { data } = await person.listUsageActivityDaily({ id: botId, type: "ai_spend" });
    assert.deepEqual(data, []);
  },
  async changeAISpendQuota({ person }) {
    await person.changeAISpendQuota({ monthlySpendingLimit: 5 });
  },
};

/** Methods of the client whose operations `@botpress/api` 1.70.2 does not have. */
export const UNKNOWN = [
  "captureObservation",
  "migrateWorkspaceToV4",
  "rotateBotSigningSecrets",
  "rotateIntegrationSigningSecrets",
];
