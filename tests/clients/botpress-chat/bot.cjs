// A bot, as it is deployed: it repeats messages and custom events, and has an answer of its own for
// some words.
const { BP_API_URL, BP_TOKEN } = process.env;

exports.handler = async (request) => {
  const bot = request.headers["x-bot-id"];
  const call = async (path, body) => {
    const answer = await fetch(BP_API_URL + path, {
      method: "POST",
      headers: { authorization: `Bearer ${BP_TOKEN}`, "content-type": "application/json", "x-bot-id": bot },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(await answer.text());
  };
  const say = (conversationId, type, payload) =>
    call("/v1/chat/messages", { conversationId, userId: bot, type, payload, tags: {} });

  const { event } = JSON.parse(request.body);
  if (event?.type === "message_created") {
    const { conversationId, type, payload } = event.payload.message;
    if (payload.text === "choose") {
      const options = [{ label: "Red", value: "r" }, { label: "Blue", value: "b" }];
      await say(conversationId, "choice", { text: "Which one?", options });
    } else if (payload.text === "stream") {
      const part = (signal) =>
        call("/v1/chat/actions", { type: "chat:publishMessageStream", input: { conversationId, signal } });
      const createdAt = new Date().toISOString();
      for (const [sequence, delta] of ["good ", "day"].entries()) {
        await part({ type: "delta", streamId: "s1", createdAt, clientMessageId: "m1", sequence, delta });
      }
      await say(conversationId, "text", { text: "good day", metadata: { streamId: "s1" } });
      await part({ type: "abort", streamId: "s2" });
    } else if (payload.text === "bloc") {
      const items = [
        { type: "text", payload: { text: "one" } },
        { type: "markdown", payload: { markdown: "**two**" } },
        { type: "image", payload: { imageUrl: "https://example.com/three.png" } },
      ];
      await say(conversationId, "bloc", { items });
    } else {
      await say(conversationId, type, payload);
    }
  }
  if (event?.type === "chat:custom") {
    const { conversationId, payload } = event.payload;
    await call("/v1/chat/actions", { type: "chat:sendEvent", input: { conversationId, payload } });
  }
  return { status: 200, body: "{}" };
};
