// What the page keeps over reloads, for each bot: the user's key and the conversation.

/** How long an embedding page has to say what it kept, in milliseconds. */
const RECALLED_WITHIN = 2000;

/**
 * `{key, user, conversation}` of a bot. In a frame of another site the browser may refuse its storage; the
 * embedding page then keeps it, which is where the conversation was begun and where alone it can go on.
 */
export class Storage {
  constructor(bot, embedded) {
    this.name = `parlance.chat.${bot}`;
    this.kept = {};
    this.isRefused = false;
    try {
      this.kept = JSON.parse(localStorage.getItem(this.name)) ?? {};
    } catch {
      this.isRefused = true;
    }
    this.isAbroad = this.isRefused && embedded;
  }

  /** Resolves once what was kept can be read. */
  ready() {
    this.recalled ??= this.isAbroad ? this.recall() : Promise.resolve();
    return this.recalled;
  }

  async recall() {
    const answered = new Promise((resolve) => {
      addEventListener("message", ({ source, data }) => {
        if (source === parent && data?.parlance === "recalled") resolve(data.kept);
      });
      setTimeout(resolve, RECALLED_WITHIN);
    });
    parent.postMessage({ parlance: "recall" }, "*");
    const kept = await answered;
    const isOurs = kept !== null && typeof kept === "object" && ["key", "user"].every((name) => typeof kept[name] === "string");
    if (isOurs) this.kept = { key: kept.key, user: kept.user, conversation: kept.conversation };
  }

  read() {
    if (this.isRefused) return this.kept;
    try {
      return JSON.parse(localStorage.getItem(this.name)) ?? {};
    } catch {
      return this.kept;
    }
  }

  write(kept) {
    this.kept = kept;
    if (this.isAbroad) parent.postMessage({ parlance: "keep", kept }, "*");
    if (this.isRefused) return;
    try {
      localStorage.setItem(this.name, JSON.stringify(kept));
    } catch {
      // Full: it is kept until the page is left.
      this.isRefused = true;
    }
  }

  /** Calls `changed` when another tab has written. */
  follow(changed) {
    addEventListener("storage", (event) => {
      if (event.key === this.name || event.key === null) changed();
    });
  }

  /** Runs `work` when no other tab does, so that two tabs do not make two users at once. */
  async alone(work) {
    let begun = false;
    const once = () => {
      begun = true;
      return work();
    };
    try {
      return await (navigator.locks?.request(this.name, once) ?? once());
    } catch (error) {
      // Locks go with the storage, and may be refused with it.
      if (begun) throw error;
      return work();
    }
  }
}
