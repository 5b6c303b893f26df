// Chat through Cohere's client for Node.

import assert from "node:assert/strict";

import { Cohere, CohereClient } from "cohere-ai";

const { PARLANCE_URL, PARLANCE_KEY, CONNECTOR_URL, CONNECTOR_TOKEN } = process.env;

const message = "Which of the penguins is the fastest swimmer?";
const client = new CohereClient({ token: PARLANCE_KEY, environment: PARLANCE_URL });
const serviceAuth = { type: "bearer", token: CONNECTOR_TOKEN };
const request = { name: "Penguin facts", url: CONNECTOR_URL, serviceAuth };
const { id } = (await client.connectors.create(request)).connector;

function isGrounded(answer) {
  assert.match(answer.text, /The gentoo penguin is the fastest swimmer\./);
  assert.equal(answer.searchQueries[0].text, message);
  assert.equal(answer.searchResults[0].connector.id, id);
  const known = answer.documents.map((document) => document.id);
  assert.ok(known.includes(`${id}_0`) && answer.citations.length > 0);
  const characters = [...answer.text];
  for (const { start, end, text, documentIds } of answer.citations) {
    assert.equal(characters.slice(start, end).join(""), text);
    assert.ok(documentIds.every((document) => known.includes(document)));
  }
}

const whole = await client.chat({ message, connectors: [{ id }] });
isGrounded(whole);
assert.equal(whole.finishReason, "COMPLETE");

const events = [];
for await (const event of await client.chatStream({ message, connectors: [{ id }] })) events.push(event);
const order = [...new Set(events.map((event) => event.eventType))];
assert.deepEqual(order, [
  "stream-start",
  "search-queries-generation",
  "search-results",
  "text-generation",
  "citation-generation",
  "stream-end",
]);
const texts = events.filter((event) => event.eventType === "text-generation");
assert.equal(texts.map((event) => event.text).join(""), whole.text);
isGrounded(events.at(-1).response);

const tea = { message: "Is tea hot?", documents: [{ snippet: "お茶は熱い。 Tea is hot 🍵 and green." }] };
const answer = await client.chat(tea);
const [citation] = answer.citations;
assert.equal([...answer.text].slice(citation.start, citation.end).join(""), citation.text);

const wrong = { id, userAccessToken: "wrong" };
const fails = (errorClass, connectors, said) =>
  assert.rejects(client.chat({ message, connectors }), (error) => {
    assert.equal(error.constructor, errorClass, `${error}`);
    assert.ok(error.body.message.includes(said), error.body.message);
    return true;
  });
await fails(Cohere.BadRequestError, [wrong], `connector ${id} failed with message`);
await fails(Cohere.NotFoundError, [{ id: "nothing-abc123" }], "connector 'nothing-abc123' not found.");
const goesOn = await client.chat({ message, connectors: [{ ...wrong, continueOnFailure: true }] });
assert.match(goesOn.searchResults[0].errorMessage, /401/);
await client.connectors.delete(id);
console.log("chat: cohere-ai for Node");
