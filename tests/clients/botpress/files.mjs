// The Files API with a client of today: upload, lists, filters, search, and the bytes.

import assert from "node:assert/strict";

/** Waits until a file has a status. */
async function untilStatus(client, id, status) {
  for (let tries = 0; tries < 200; tries += 1) {
    const { file } = await client.getFile({ id });
    if (file.status === status) return file;
    assert.notEqual(file.status, "indexing_failed", file.failedStatusReason);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the file does not become ${status}`);
}

/** Calls what the client has of it, as a bot. */
export async function useFiles(bot) {
  const content = "# Pumps\n\nClose the valve before you remove the pump.\n";
  const tags = { kind: "guide", team: "red" };
  const { file } = await bot.uploadFile({ key: "manuals/pump.md", content, index: true, tags });
  assert.equal(file.size, content.length);
  const indexed = await untilStatus(bot, file.id, "indexing_completed");
  assert.equal(await (await fetch(indexed.url)).text(), content);
  const bare = await fetch(indexed.url.split("?")[0]);
  assert.equal(bare.status, 403);
  const policies = ["public_content"];
  const made = await bot.uploadFile({ key: "open.txt", content: "open", accessPolicies: policies });
  assert.equal(await (await fetch(made.file.url)).text(), "open");
  const keys = async (query) => (await bot.listFiles(query)).files.map((one) => one.key);
  assert.deepEqual(await keys({}), ["open.txt", "manuals/pump.md"]);
  for (const [filter, expected] of [
    [{ kind: "guide" }, ["manuals/pump.md"]],
    [{ kind: ["guide", "other"] }, ["manuals/pump.md"]],
    [{ kind: { not: "guide" } }, ["open.txt"]],
    [{ kind: { not: ["guide", "other"] } }, ["open.txt"]],
  ]) {
    assert.deepEqual(await keys({ tags: filter }), expected, JSON.stringify(filter));
  }
  assert.deepEqual(await keys({ ids: [file.id] }), ["manuals/pump.md"]);
  const { passages } = await bot.searchFiles({ query: "remove pumps", tags: { kind: "guide" } });
  assert.ok(passages[0].content.includes("valve"), JSON.stringify(passages));
  const listed = await bot.listFilePassages({ id: "manuals/pump.md" });
  assert.equal(listed.passages.length, 1);
  const copied = await bot.copyFile({ idOrKey: "manuals/pump.md", destinationKey: "copy/of.md" });
  assert.equal(copied.file.tags.kind, "guide");
  await bot.updateFileMetadata({ id: "open.txt", tags: { kind: "new" } });
  assert.deepEqual((await bot.listFileTagValues({ tag: "kind" })).values, ["guide", "new"]);
  for (const id of ["manuals/pump.md", "copy/of.md", "open.txt"]) await bot.deleteFile({ id });
  assert.deepEqual(await keys({}), []);
}
