// The calls of the Tables API that @botpress/client 1.45.0 has, and what must come of them. `it.bot` is a client that
// calls as the bot.

import assert from "node:assert/strict";

const table = "citiesTable";

/** Waits until the newest job of a table has ended. */
async function ended(bot, name) {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const [job] = (await bot.getTableJobs({ table: name })).jobs;
    if (["completed", "failed"].includes(job.status)) return job;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the job does not end");
}

export const TABLES = {
  async createTable({ bot }) {
    const schema = { name: { type: "string" }, people: { type: "number" } };
    const made = await bot.createTable({ name: table, keyColumn: "name", schema, tags: { of: "client" } });
    assert.equal(made.table.schema.properties.people.type, "number");
  },
  async getOrCreateTable({ bot }) {
    const { created } = await bot.getOrCreateTable({ table, schema: { name: "Bern" } });
    assert.equal(created, false);
  },
  async listTables({ bot }) {
    const { tables } = await bot.listTables({ tags: { of: "client" } });
    assert.deepEqual(tables.map((one) => one.name), [table]);
  },
  async createTableRows({ bot }) {
    const rows = [{ name: "Bern", people: "133" }, { name: "Bern" }];
    const made = await bot.createTableRows({ table, rows });
    assert.equal(made.rows[0].people, 133);
    assert.equal(made.errors.length, 1);
  },
  async updateTableRows({ bot }) {
    const changed = await bot.updateTableRows({ table, rows: [{ id: 1, people: 134 }] });
    assert.equal(changed.rows[0].people, 134);
  },
  async upsertTableRows({ bot }) {
    const rows = [{ name: "Bern", people: 135 }, { name: "Basel", people: 173 }];
    const written = await bot.upsertTableRows({ table, keyColumn: "name", rows });
    assert.deepEqual([written.inserted.length, written.updated.length], [1, 1]);
  },
  async getTableRow({ bot }) {
    assert.equal((await bot.getTableRow({ table, id: 1 })).row.people, 135);
  },
  async findTableRows({ bot }) {
    const filter = { people: { $gt: 140 } };
    const found = await bot.findTableRows({ table, filter, orderBy: "people", orderDirection: "desc" });
    assert.deepEqual(found.rows.map((row) => row.name), ["Basel"]);
    const broken = bot.findTableRows({ table, filter: { people: { $near: 1 } } });
    await assert.rejects(broken, (error) => error.type === "InvalidQuery");
  },
  async getTable({ bot }) {
    assert.equal((await bot.getTable({ table })).rows, 2);
  },
  async updateTable({ bot }) {
    const changed = await bot.updateTable({ table, schema: { note: { type: "string" } } });
    assert.ok(changed.table.schema.properties.note);
  },
  async renameTableColumn({ bot }) {
    const renamed = await bot.renameTableColumn({ table, name: "note", newName: "remark" });
    assert.ok(renamed.table.schema.properties.remark);
  },
  async duplicateTable({ bot }) {
    const copy = await bot.duplicateTable({ sourceTableId: table, tableName: "copyTable" });
    assert.equal(copy.rows, 2);
  },
  async exportTable(it) {
    await it.bot.exportTable({ table, format: "csv", compress: false });
    const job = await ended(it.bot, table);
    assert.equal(job.status, "completed");
    it.exported = job.outputFileId;
  },
  async importTable({ bot, exported }) {
    await bot.importTable({ table: "copyTable", fileId: exported });
    assert.equal((await ended(bot, "copyTable")).status, "completed");
  },
  async getTableJobs({ bot }) {
    assert.equal((await bot.getTableJobs({ table })).jobs[0].type, "export");
  },
  async deleteTableRows({ bot }) {
    const { deletedRows } = await bot.deleteTableRows({ table, filter: { name: "Basel" } });
    assert.equal(deletedRows, 1);
  },
  async deleteTable({ bot }) {
    await bot.deleteTable({ table });
    await assert.rejects(bot.getTable({ table }), (error) => error.type === "ResourceNotFound");
  },
};
