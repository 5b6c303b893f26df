// The API of the integration `chat`, as the official client speaks it, at the address of its webhook.

/** Why a call failed. `status` is 0 where nothing answered. */
export class Failed extends Error {
  constructor(status, message, retryAfter = null) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }

  /** Whether it makes sense to try again. */
  get passes() {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }

  /** Whether the user's key, or the conversation, is not known any more. */
  get forgotten() {
    return [401, 403, 404].includes(this.status);
  }
}

/** The longest that a stream may be silent: the server says something more often than that. */
const SILENCE = 60_000;
const TIMEOUT = 30_000;

export class Api {
  constructor(base) {
    this.base = base;
  }

  /** Whether the chat is there at all. */
  async stands() {
    try {
      await this.call("GET", "/hello", null);
      return true;
    } catch (error) {
      if (error.forgotten) return false;
      throw error;
    }
  }

  createUser() {
    return this.call("POST", "/users", null, {});
  }

  createConversation(key) {
    return this.call("POST", "/conversations", key, {});
  }

  createMessage(key, body) {
    return this.call("POST", "/messages", key, body);
  }

  /** A page of messages, the newest first. */
  listMessages(key, conversation, nextToken) {
    const query = nextToken ? `?${new URLSearchParams({ nextToken })}` : "";
    return this.call("GET", `/conversations/${encodeURIComponent(conversation)}/messages${query}`, key);
  }

  async call(method, path, key, body) {
    const headers = { accept: "application/json" };
    if (key) headers["x-user-key"] = key;
    if (body) headers["content-type"] = "application/json";
    const answer = await this.fetch(path, {
      method,
      headers,
      body: body ? JSON.stringify(body) : undefined,
      signal: AbortSignal.timeout(TIMEOUT),
    });
    const json = await answer.json().catch(() => null);
    // wire: an error may come with status 200, and then has a `code` (as the official client checks).
    const code = answer.ok ? json?.code : answer.status;
    if (json === null || (typeof code === "number" && code >= 400)) {
      const message = typeof json?.message === "string" ? json.message : `The server answered ${answer.status}`;
      throw new Failed(code ?? 502, message, Number(answer.headers.get("retry-after")) || null);
    }
    return json;
  }

  async fetch(path, options) {
    try {
      return await fetch(this.base + path, { cache: "no-store", credentials: "omit", ...options });
    } catch (error) {
      throw new Failed(0, String(error));
    }
  }

  /**
   * Reads what happens in a conversation until the stream ends, which is always an error. `opened` is
   * called once it stands, `told` with each signal.
   */
  async listen(key, conversation, { opened, told, signal }) {
    const silence = new AbortController();
    let timer;
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE);
    };
    heard();
    try {
      const answer = await this.fetch(`/conversations/${encodeURIComponent(conversation)}/listen`, {
        headers: { accept: "text/event-stream", "x-user-key": key },
        signal: AbortSignal.any([signal, silence.signal]),
      });
      const isStream = (answer.headers.get("content-type") ?? "").startsWith("text/event-stream");
      if (!answer.ok || !isStream) {
        const json = await answer.json().catch(() => null);
        throw new Failed(answer.ok ? json?.code ?? 502 : answer.status, json?.message ?? "There is no stream");
      }
      opened();
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { value, done } = await reader.read().catch((error) => {
          throw new Failed(0, String(error));
        });
        if (done) throw new Failed(0, "The stream has ended");
        heard();
        rest = events(rest + value, told);
      }
    } finally {
      clearTimeout(timer);
      silence.abort();
    }
  }
}

/** What keeps a stream open need not be JSON. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Tells the events that a text of a stream has whole, and returns what is left of it. */
function events(text, told) {
  const whole = text.replace(/\r\n/g, "\n").split("\n\n");
  const rest = whole.pop();
  for (const event of whole) {
    const lines = event.split("\n").filter((line) => line.startsWith("data:"));
    const data = lines.map((line) => line.slice(5).replace(/^ /, "")).join("\n");
    const signal = parsed(data);
    if (signal !== null) told(signal);
  }
  return rest;
}
