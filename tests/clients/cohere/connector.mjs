// A connector that speaks the open protocol and wants a token: POST /search with {"query": …} is
// answered with {"results": […]}, errors with RFC 7807's problem+json. Whether a token is good is
// asked of whoever starts it.

import { createServer } from "node:http";

const DOCUMENTS = [
  { id: "1", title: "Emperor penguins", text: "The emperor penguin is the tallest of all penguins." },
  { id: "2", title: "Gentoo penguins", text: "The gentoo penguin is the fastest swimmer." },
  { id: 3, title: "Holidays", text: "Everyone has thirty days of holidays.", tags: ["team", "rules"] },
];

/** Starts a connector on a free port: its address, and what it was asked. */
export async function startConnector(isGood) {
  const asked = [];
  const server = createServer(async (request, response) => {
    const answer = (status, body, type = "application/json") => {
      response.writeHead(status, { "content-type": type, "x-connector-id": "CLIENT_TESTS" });
      response.end(JSON.stringify(body));
    };
    const problem = (status, title, detail) =>
      answer(status, { type: "about:blank", title, status, detail }, "application/problem+json");
    let body = "";
    for await (const chunk of request) body += chunk;
    if (request.method !== "POST" || request.url !== "/search") return problem(404, "Not Found", "");
    const authorization = request.headers.authorization;
    const token = authorization?.match(/^Bearer (.+)$/)?.[1];
    asked.push({ authorization, body: JSON.parse(body) });
    if (!token) return problem(401, "Unauthorized", "No authorization token provided");
    if (!(await isGood(token))) return problem(401, "Unauthorized", "Invalid token");
    const { query } = JSON.parse(body);
    if (typeof query !== "string" || query === "") return problem(400, "Bad Request", "query");
    const words = query.toLowerCase().split(/\W+/);
    const found = (text) => words.some((word) => word && text.toLowerCase().includes(word));
    answer(200, { results: DOCUMENTS.filter(({ text }) => found(text)) });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}/search`;
  return { url, asked, stop: () => server.close() };
}
