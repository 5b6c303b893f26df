// The 70 operations of the seed, in an order in which each finds what it needs: what they are called
// with, and what must come of it. `it.person`, `it.bot` and `it.integration` are clients of one version,
// each as whom it calls; what is made is kept in `it`.

import assert from "node:assert/strict";

const schema = (name, type) => ({ type: "object", properties: { [name]: { type } } });

/** What the integration declares. */
export const INTEGRATION = {
  name: "whint",
  version: "0.1.0",
  title: "Whint",
  description: "For tests",
  configuration: { schema: schema("greeting", "string") },
  channels: {
    direct: {
      messages: { text: { schema: schema("text", "string") } },
      conversation: { tags: { id: {} }, creation: { enabled: true, requiredTags: [] } },
      message: { tags: { id: {} } },
    },
  },
  user: { tags: { id: {} }, creation: { enabled: true, requiredTags: [] } },
  states: { cursor: { type: "integration", schema: schema("position", "number") } },
  events: { ping: { schema: schema("at", "string") } },
  actions: {
    whisper: { input: { schema: schema("text", "string") }, output: { schema: schema("text", "string") } },
  },
};

const BOT = {
  name: "helper",
  user: { tags: { plan: { title: "Plan" } } },
  conversation: { tags: { topic: { title: "Topic" } } },
  message: { tags: { origin: { title: "Origin" } } },
  states: {
    profile: { type: "user", schema: schema("age", "number") },
    counters: { type: "bot", schema: schema("count", "number") },
  },
  events: { reminder: { schema: schema("text", "string") } },
};

const ids = (list) => list.map((one) => one.id);
const day = 86_400_000;
const around = () => {
  const now = Date.now();
  return [new Date(now - day).toISOString(), new Date(now + day).toISOString()];
};

/** What an operation is refused with, which is its only answer for now. */
async function refused(type, call) {
  await assert.rejects(call, (error) => error.type === type || assert.fail(`${error.type}: ${error.message}`));
}

export const OPERATIONS = {
  async getAccount({ person }) {
    assert.equal((await person.getAccount({})).account.email, "owner@example.localhost");
  },
  async createPersonalAccessToken(it) {
    it.pat = (await it.person.createPersonalAccessToken({ note: "a note" })).pat;
    assert.match(it.pat.value, /^bp_pat_\w{36}$/);
  },
  async listPersonalAccessTokens({ person, pat }) {
    const { pats } = await person.listPersonalAccessTokens({});
    const { value, ...shown } = pat;
    assert.deepEqual(pats[0], shown);
  },
  async deletePersonalAccessToken({ person, pat }) {
    await person.deletePersonalAccessToken({ id: pat.id });
    assert.ok(!ids((await person.listPersonalAccessTokens({})).pats).includes(pat.id));
  },
  async createWorkspace(it) {
    it.second = await it.person.createWorkspace({ name: "Second" });
    assert.equal(it.second.accountType, "free");
  },
  async getWorkspace({ person, second }) {
    assert.deepEqual(await person.getWorkspace({ id: second.id }), second);
  },
  async listWorkspaces({ person, second, list }) {
    assert.ok(ids(await list(person, "workspaces", {})).includes(second.id));
  },
  async updateWorkspace({ person, second }) {
    const changed = await person.updateWorkspace({ id: second.id, name: "Renamed", spendingLimit: 20 });
    assert.deepEqual([changed.name, changed.spendingLimit], ["Renamed", 20]);
  },
  async setWorkspacePaymentMethod({ person, second }) {
    const answer = await person.setWorkspacePaymentMethod({
      id: second.id,
      stripePaymentMethodId: "pm_card_visa",
    });
    assert.equal(answer.status, "succeeded");
    assert.equal(answer.paymentMethod.lastDigits, "4242");
  },
  async changeWorkspacePlan({ person, second }) {
    const answer = await person.changeWorkspacePlan({ id: second.id, plan: "premium" });
    assert.equal(answer.accountType, "premium");
  },
  async getWorkspaceBillingDetails({ person, second }) {
    const { currentPeriod } = await person.getWorkspaceBillingDetails({ id: second.id });
    assert.equal(currentPeriod.usage.userMessages.status, "OK");
  },
  async listWorkspaceInvoices({ person, second }) {
    assert.deepEqual((await person.listWorkspaceInvoices({ id: second.id })).invoices, []);
  },
  async chargeWorkspaceUnpaidInvoices({ person, second }) {
    const answer = await person.chargeWorkspaceUnpaidInvoices({ id: second.id });
    assert.deepEqual(answer, { chargedInvoices: [], failedInvoices: [] });
  },
  async listWorkspaceUsages({ person, workspace }) {
    const { usages } = await person.listWorkspaceUsages({ id: workspace, type: "bot_count" });
    assert.equal(usages[0].type, "bot_count");
  },
  async getWorkspaceQuota({ person, workspace }) {
    const { quota } = await person.getWorkspaceQuota({ id: workspace, type: "workspace_member_count" });
    assert.equal(quota.value, 3);
  },
  async listWorkspaceQuotas({ person, workspace }) {
    assert.equal((await person.listWorkspaceQuotas({ id: workspace })).quotas.length, 19);
  },
  async getUsage({ person, workspace }) {
    const { usage } = await person.getUsage({ id: workspace, type: "workspace_member_count" });
    assert.equal(usage.value, 1);
  },
  async createWorkspaceMember(it) {
    const body = { email: "ann@example.localhost", role: "viewer" };
    it.invited = await it.person.createWorkspaceMember(body);
    assert.equal(it.invited.email, body.email);
  },
  async listWorkspaceMembers({ person, invited, list }) {
    assert.ok(ids(await list(person, "workspaceMembers", {}, "members")).includes(invited.id));
  },
  async updateWorkspaceMember({ person, invited }) {
    const changed = await person.updateWorkspaceMember({ id: invited.id, role: "developer" });
    assert.equal(changed.role, "developer");
  },
  async deleteWorkspaceMember({ person, invited }) {
    await person.deleteWorkspaceMember({ id: invited.id });
    assert.ok(!ids((await person.listWorkspaceMembers({})).members).includes(invited.id));
  },
  async getAuditRecords({ person, workspace }) {
    const { records } = await person.getAuditRecords({ id: workspace });
    assert.equal(records[0].action, "REMOVE_WORKSPACE_MEMBER");
  },
  async createIntegration(it) {
    it.made = (await it.person.createIntegration(INTEGRATION)).integration;
    assert.equal(it.made.name, INTEGRATION.name);
  },
  async getIntegration({ person, made }) {
    assert.deepEqual((await person.getIntegration({ id: made.id })).integration, made);
  },
  async getIntegrationByName({ person, made }) {
    const { name, version } = made;
    assert.equal((await person.getIntegrationByName({ name, version })).integration.id, made.id);
  },
  async listIntegrations({ person, made, list }) {
    assert.deepEqual(ids(await list(person, "integrations", { name: made.name })), [made.id]);
  },
  async updateIntegration({ person, made }) {
    const { integration } = await person.updateIntegration({ id: made.id, title: "Changed" });
    assert.equal(integration.title, "Changed");
  },
  async getIntegrationLogs({ person, made }) {
    const [timeStart, timeEnd] = around();
    const { logs } = await person.getIntegrationLogs({ id: made.id, timeStart, timeEnd });
    assert.ok(Array.isArray(logs));
  },
  async listPublicIntegrations({ person, list }) {
    const found = await list(person, "publicIntegrations", { name: "shared" }, "integrations");
    assert.deepEqual(found.map((one) => one.name), ["shared"]);
  },
  async getPublicIntegrationById({ person, published }) {
    const { integration } = await person.getPublicIntegrationById({ id: published.id });
    assert.equal(integration.name, "shared");
  },
  async getPublicIntegration({ person, published }) {
    const { integration } = await person.getPublicIntegration({ name: "shared", version: "latest" });
    assert.equal(integration.id, published.id);
  },
  async createBot(it) {
    it.helper = (await it.person.createBot(BOT)).bot;
    assert.equal(it.helper.name, "helper");
  },
  async getBot({ person, helper }) {
    assert.deepEqual((await person.getBot({ id: helper.id })).bot, helper);
  },
  async listBots({ person, helper, list }) {
    assert.ok(ids(await list(person, "bots", {})).includes(helper.id));
    // Current versions send these; the others leave out what they do not know.
    const query = { pageSize: 5, integrationNames: ["whint"], pluginNames: [] };
    assert.ok((await person.listBots(query)).bots);
  },
  async updateBot(it) {
    const integrations = { [it.made.id]: { enabled: true, configuration: { greeting: "Hello" } } };
    const { bot } = await it.person.updateBot({ id: it.helper.id, integrations });
    assert.equal(Object.values(bot.integrations)[0].name, "whint");
    it.actAs(bot.id, it.made.id);
  },
  async createUser(it) {
    const body = { tags: { "whint:id": "7" }, name: "Ann" };
    it.user = (await it.integration.createUser(body)).user;
    assert.equal(it.user.tags["whint:id"], "7");
  },
  async getUser({ bot, user }) {
    assert.equal((await bot.getUser({ id: user.id })).user.name, "Ann");
  },
  async getOrCreateUser({ integration, user }) {
    const body = { tags: { "whint:id": "7" } };
    assert.equal((await integration.getOrCreateUser(body)).user.id, user.id);
  },
  async updateUser({ bot, user }) {
    const answer = await bot.updateUser({ id: user.id, tags: { plan: "gold" } });
    assert.equal(answer.user.tags.plan, "gold");
  },
  async listUsers({ bot, user, list }) {
    assert.ok((await bot.listUsers({ pageSize: 5 })).users);
    assert.deepEqual(ids(await list(bot, "users", { tags: { plan: "gold" } })), [user.id]);
  },
  async createConversation(it) {
    const body = { channel: "direct", tags: { "whint:id": "c1" } };
    it.conversation = (await it.integration.createConversation(body)).conversation;
    assert.equal(it.conversation.integration, "whint");
  },
  async getConversation({ bot, conversation }) {
    const { id } = conversation;
    assert.equal((await bot.getConversation({ id })).conversation.channel, "direct");
  },
  async getOrCreateConversation({ integration, conversation }) {
    const body = { channel: "direct", tags: { "whint:id": "c1" } };
    const found = await integration.getOrCreateConversation(body);
    assert.equal(found.conversation.id, conversation.id);
  },
  async updateConversation({ bot, conversation }) {
    const answer = await bot.updateConversation({ id: conversation.id, tags: { topic: "x" } });
    assert.equal(answer.conversation.tags.topic, "x");
  },
  async listConversations({ bot, conversation, list }) {
    assert.deepEqual(ids(await list(bot, "conversations", { tags: { topic: "x" } })), [conversation.id]);
  },
  async createMessage(it) {
    it.message = (
      await it.integration.createMessage({
        conversationId: it.conversation.id,
        userId: it.user.id,
        type: "text",
        payload: { text: "Hello" },
        tags: { "whint:id": "m1" },
      })
    ).message;
    assert.equal(it.message.direction, "incoming");
  },
  async getMessage({ bot, message }) {
    assert.deepEqual((await bot.getMessage({ id: message.id })).message.payload, { text: "Hello" });
  },
  async getOrCreateMessage({ integration, conversation, user, message }) {
    const answer = await integration.getOrCreateMessage({
      conversationId: conversation.id,
      userId: user.id,
      type: "text",
      payload: { text: "Hello" },
      tags: { "whint:id": "m1" },
    });
    assert.equal(answer.message.id, message.id);
  },
  async updateMessage({ bot, message }) {
    const answer = await bot.updateMessage({ id: message.id, tags: { origin: "test" } });
    assert.equal(answer.message.tags.origin, "test");
  },
  async listMessages({ bot, conversation, message, list }) {
    const found = await list(bot, "messages", { conversationId: conversation.id });
    assert.deepEqual(ids(found), [message.id]);
  },
  async createEvent(it) {
    it.event = (await it.bot.createEvent({ type: "reminder", payload: { text: "now" } })).event;
    assert.equal(it.event.type, "reminder");
  },
  async getEvent({ bot, event }) {
    assert.deepEqual((await bot.getEvent({ id: event.id })).event.payload, { text: "now" });
  },
  async listEvents({ bot, event, list }) {
    assert.deepEqual(ids(await list(bot, "events", { type: "reminder" })), [event.id]);
  },
  async setState({ bot, user }) {
    const at = { type: "user", id: user.id, name: "profile" };
    assert.equal((await bot.setState({ ...at, payload: { age: 7 } })).state.payload.age, 7);
  },
  async getState({ bot, user }) {
    const { state } = await bot.getState({ type: "user", id: user.id, name: "profile" });
    assert.equal(state.payload.age, 7);
  },
  async patchState({ bot, user }) {
    const at = { type: "user", id: user.id, name: "profile" };
    assert.equal((await bot.patchState({ ...at, payload: { age: 8 } })).state.payload.age, 8);
  },
  // The integration has no code that could answer.
  async callAction({ bot }) {
    await refused("Runtime", bot.callAction({ type: "whint:whisper", input: { text: "x" } }));
  },
  async getBotLogs({ person, helper }) {
    const [timeStart, timeEnd] = around();
    const { logs } = await person.getBotLogs({ id: helper.id, timeStart, timeEnd });
    assert.ok(Array.isArray(logs));
  },
  async getBotWebchat({ person, helper }) {
    const { code } = await person.getBotWebchat({ id: helper.id, type: "preconfigured" });
    assert.equal(typeof code, "string");
  },
  async getBotAnalytics({ person, helper }) {
    const [startDate, endDate] = around();
    const { records } = await person.getBotAnalytics({ id: helper.id, startDate, endDate });
    const total = records.reduce((sum, record) => sum + record.userMessages, 0);
    assert.equal(total, 1);
  },
  async listBotIssues({ person, helper, list }) {
    assert.deepEqual(await list(person, "botIssues", { id: helper.id }, "issues"), []);
  },
  // Nothing has gone wrong in the bot, so that it has no issue.
  async listBotIssueEvents({ person, helper }) {
    await refused("ResourceNotFound", person.listBotIssueEvents({ id: helper.id, issueId: "none" }));
  },
  async deleteBotIssue({ person, helper }) {
    await refused("ResourceNotFound", person.deleteBotIssue({ id: helper.id, issueId: "none" }));
  },
  async deleteMessage({ bot, message }) {
    await bot.deleteMessage({ id: message.id });
    await refused("ResourceNotFound", bot.getMessage({ id: message.id }));
  },
  async deleteConversation({ bot, conversation }) {
    await bot.deleteConversation({ id: conversation.id });
    await refused("ResourceNotFound", bot.getConversation({ id: conversation.id }));
  },
  async deleteUser({ bot, user }) {
    await bot.deleteUser({ id: user.id });
    await refused("ResourceNotFound", bot.getUser({ id: user.id }));
  },
  async transferBot({ person, second, inSecond }) {
    const { bot } = await person.createBot({ name: "mover" });
    await person.transferBot({ id: bot.id, targetWorkspaceId: second.id });
    assert.equal((await inSecond(second.id).getBot({ id: bot.id })).bot.name, "mover");
  },
  async deleteBot({ person, helper }) {
    await person.deleteBot({ id: helper.id });
    await refused("ResourceNotFound", person.getBot({ id: helper.id }));
  },
  async deleteIntegration({ person, made }) {
    await person.deleteIntegration({ id: made.id });
    await refused("ResourceNotFound", person.getIntegration({ id: made.id }));
  },
  async deleteWorkspace({ person, second }) {
    await person.deleteWorkspace({ id: second.id });
    await refused("ResourceNotFound", person.getWorkspace({ id: second.id }));
  },
};
