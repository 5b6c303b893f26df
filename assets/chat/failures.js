// What has failed in the code of the bot: a server in profile dev tells those who talk with a bot that is being made.
// The chat's own API says nothing of it.

/** How often it is asked after a message was sent, and for how long, in milliseconds. */
const EVERY = 700;
const FOR = 60_000;

export class Failures {
  /** `told` is called with each failure: `{text, stack}`. */
  constructor(path, told) {
    this.path = path;
    this.told = told;
    this.until = 0;
    this.running = false;
    /** The failures before this one are of no interest. */
    this.after = this.ask(null).then(({ last }) => last);
  }

  async ask(after) {
    const query = after === null ? "" : `?after=${after}`;
    const answer = await fetch(this.path + query, { cache: "no-store", credentials: "omit" });
    if (!answer.ok) throw new Error(`The server answered ${answer.status}`);
    return answer.json();
  }

  /** Looks for failures for a while: somebody has written something. */
  async watch() {
    this.until = Date.now() + FOR;
    if (this.running) return;
    this.running = true;
    let after = await this.after.catch(() => 0);
    while (Date.now() < this.until) {
      await new Promise((resolve) => setTimeout(resolve, EVERY));
      // The page itself says when the connection is lost.
      const found = await this.ask(after).catch(() => null);
      if (found === null) continue;
      after = found.last;
      for (const failure of found.failures) this.told(failure);
    }
    this.after = Promise.resolve(after);
    this.running = false;
  }
}
