// The calls of @botpress/client 1.45.0 about workflows, and those of its Files API that `files.mjs` does not make.
// `it.bot` is a client that calls as the bot.

import assert from "node:assert/strict";

const ids = (list) => list.map((one) => one.id);

async function refused(type, call) {
  await assert.rejects(call, (error) => error.type === type || assert.fail(`${error.type}: ${error.message}`));
}

export const WORKFLOWS = {
  async createWorkflow(it) {
    const body = { name: "import", status: "listening", input: { from: "x" }, tags: { kind: "job" } };
    it.workflow = (await it.bot.createWorkflow(body)).workflow;
    assert.deepEqual(it.workflow.input, { from: "x" });
    const child = { name: "part", status: "pending", parentWorkflowId: it.workflow.id };
    it.child = (await it.bot.createWorkflow(child)).workflow;
    assert.equal(it.child.status, "pending");
    await refused("InvalidPayload", it.bot.createWorkflow({ name: "import", status: "in_progress" }));
  },
  async getWorkflow({ bot, workflow }) {
    assert.deepEqual((await bot.getWorkflow({ id: workflow.id })).workflow, workflow);
  },
  async getOrCreateWorkflow({ bot, workflow }) {
    const body = { name: "import", status: "listening", tags: { kind: "job" } };
    const same = await bot.getOrCreateWorkflow({ ...body, discriminateByStatusGroup: "active" });
    assert.equal(same.workflow.id, workflow.id);
    const byTag = { ...body, tags: { ...body.tags, n: "1" }, discriminateByTags: ["kind"] };
    assert.equal((await bot.getOrCreateWorkflow(byTag)).workflow.id, workflow.id);
  },
  async listWorkflows({ bot, workflow, child, list }) {
    assert.deepEqual(ids(await list(bot, "workflows", { tags: { kind: "job" } })), [workflow.id]);
    assert.deepEqual(ids(await list(bot, "workflows", { parentWorkflowId: workflow.id })), [child.id]);
    const statuses = ["listening", "paused"];
    assert.deepEqual(ids(await list(bot, "workflows", { name: "import", statuses })), [workflow.id]);
  },
  async updateWorkflow({ bot, workflow, child }) {
    const later = new Date(Date.now() + 3_600_000).toISOString();
    const extended = await bot.updateWorkflow({ id: workflow.id, timeoutAt: later, status: "paused" });
    assert.deepEqual([extended.workflow.timeoutAt, extended.workflow.status], [later, "paused"]);
    const ended = await bot.updateWorkflow({ id: child.id, status: "completed", output: { n: 1 } });
    assert.deepEqual(ended.workflow.output, { n: 1 });
    await refused("RelationConflict", bot.updateWorkflow({ id: child.id, status: "listening" }));
  },
  async deleteWorkflow({ bot, workflow, child }) {
    for (const { id } of [child, workflow]) await bot.deleteWorkflow({ id });
    await refused("ResourceNotFound", bot.getWorkflow({ id: workflow.id }));
  },
};

export const FILES = {
  async upsertFile(it) {
    const key = "notes/today.txt";
    const { file } = await it.bot.upsertFile({ key, size: 5, tags: { of: "client" }, metadata: { n: 1 } });
    assert.equal(file.status, "upload_pending");
    const sent = await fetch(file.uploadUrl, { method: "PUT", body: "hello" });
    assert.equal(sent.status, 200);
    it.file = (await it.bot.getFile({ id: key })).file;
  },
  async getFile({ bot, file }) {
    assert.deepEqual([file.status, file.size, file.metadata], ["upload_completed", 5, { n: 1 }]);
    assert.equal((await bot.getFile({ id: file.id })).file.key, file.key);
  },
  async setFilePassages({ bot, file }) {
    const passages = [{ content: "Hello there.", type: "title" }, { content: "A second passage.", pageNumber: 2 }];
    await bot.setFilePassages({ id: file.id, passages });
    const listed = await bot.listFilePassages({ id: file.id });
    assert.deepEqual(listed.passages.map((one) => one.meta.pageNumber), [undefined, 2]);
  },
  async listFileTags({ bot }) {
    assert.deepEqual((await bot.listFileTags({})).tags, ["of"]);
  },
  async createKnowledgeBase(it) {
    const made = await it.bot.createKnowledgeBase({ name: "Manuals", tags: { team: "red" } });
    it.base = made.knowledgeBase;
    assert.equal(it.base.name, "Manuals");
  },
  async listKnowledgeBases({ bot, base, list }) {
    assert.deepEqual(ids(await list(bot, "knowledgeBases", { tags: { team: "red" } })), [base.id]);
  },
  async updateKnowledgeBase({ bot, base }) {
    const changed = await bot.updateKnowledgeBase({ id: base.id, name: "Guides", tags: { team: null } });
    assert.deepEqual([changed.knowledgeBase.name, changed.knowledgeBase.tags], ["Guides", {}]);
  },
  async deleteKnowledgeBase({ bot, base, file }) {
    await bot.updateFileMetadata({ id: file.id, tags: { kbId: base.id } });
    await bot.deleteKnowledgeBase({ id: base.id });
    assert.deepEqual((await bot.listKnowledgeBases({})).knowledgeBases, []);
    await refused("ResourceNotFound", bot.getFile({ id: file.id }));
  },
};

/** The calls about tasks. Version 1.45.0 has them no more. */
export const TASKS = {
  async createTask(it) {
    const { conversation } = await it.integration.createConversation({ channel: "direct", tags: { id: "task" } });
    const body = { conversationId: conversation.id, type: "call", title: "Call", data: { n: 1 }, tags: { kind: "job" } };
    it.task = (await it.bot.createTask(body)).task;
    assert.deepEqual([it.task.status, it.task.data], ["pending", { n: 1 }]);
  },
  async getTask({ bot, task }) {
    assert.deepEqual((await bot.getTask({ id: task.id })).task, task);
  },
  async listTasks({ bot, task }) {
    assert.deepEqual(ids((await bot.listTasks({ tags: { kind: "job" } })).tasks), [task.id]);
  },
  async updateTask({ bot, task }) {
    const changed = await bot.updateTask({ id: task.id, status: "in_progress", comment: "on it" });
    assert.equal(changed.task.status, "in_progress");
  },
  async listActivities({ bot, botId, task }) {
    const { activities } = await bot.listActivities({ botId, taskId: task.id });
    assert.equal(activities[0].category, "task_status");
  },
  async deleteTask({ bot, task }) {
    await bot.deleteTask({ id: task.id });
    await refused("ResourceNotFound", bot.getTask({ id: task.id }));
  },
};
