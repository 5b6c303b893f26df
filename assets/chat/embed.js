// Puts a chat with a bot into a page of any site:
//
//   <script src="https://parlance.example.com/chat/embed.js" data-bot="…" defer></script>
//
// Options, each an attribute of the element: data-title, data-color, data-placeholder, data-theme
// ("light" | "dark", else as the visitor's system has it), data-position ("right" | "left"), data-width,
// data-height (such as "400px"), data-label (what the button is called), data-open ("true": open at once).
(() => {
  "use strict";
  const script = document.currentScript;
  if (!script) return console.error("parlance: embed.js must be an ordinary script, not a module");
  const options = script.dataset;
  const address = new URL(script.src);
  if (!options.bot) return console.error("parlance: the script needs data-bot, the id of a bot");
  const page = new URL(`${address.pathname.replace(/embed\.js$/, "")}${encodeURIComponent(options.bot)}`, address);
  page.searchParams.set("embedded", "");
  for (const name of ["title", "color", "placeholder", "theme"]) {
    if (options[name]) page.searchParams.set(name, options[name]);
  }
  const label = options.label || options.title || "Chat";
  const side = options.position === "left" ? "left" : "right";
  const length = (value, fallback) => (/^\d{1,4}(\.\d+)?(px|rem|em|vw|vh|%)?$/.test(value ?? "") ? value.replace(/\d$/, "$&px") : fallback);
  const dark = options.theme === "dark" || (options.theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);

  /** Black or white, whichever can be read on a colour. */
  function readable(color) {
    const canvas = document.createElement("canvas").getContext("2d");
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue] = canvas.getImageData(0, 0, 1, 1).data;
    return red * 0.299 + green * 0.587 + blue * 0.114 > 150 ? "#000" : "#fff";
  }

  const host = document.createElement("div");
  const root = host.attachShadow({ mode: "open" });
  const style = new CSSStyleSheet();
  // A style sheet made here is none that the site's policy would have to allow.
  style.replaceSync(`
    :host { all: initial; }
    button {
      position: fixed; bottom: 20px; ${side}: 20px; z-index: 2147483000;
      width: 60px; height: 60px; padding: 0; border: 0; border-radius: 50%;
      background: var(--color, #3455db); color: var(--on-color, #fff); cursor: pointer;
      box-shadow: 0 4px 16px rgb(0 0 0 / 30%);
    }
    button:focus-visible { outline: 3px solid currentcolor; outline-offset: -6px; }
    svg { width: 30px; height: 30px; fill: none; stroke: currentcolor; stroke-width: 1.8; stroke-linejoin: round; stroke-linecap: round; vertical-align: middle; }
    .count {
      position: absolute; top: -2px; right: -2px; min-width: 14px; padding: 2px 5px; border-radius: 11px;
      background: #b3261e; color: #fff; font: 700 13px/18px system-ui, sans-serif; text-align: center;
    }
    iframe {
      position: fixed; bottom: 92px; ${side}: 20px; z-index: 2147483000; border: 0; border-radius: 14px;
      width: min(${length(options.width, "400px")}, calc(100vw - 40px));
      height: min(${length(options.height, "620px")}, calc(100vh - 112px));
      background: ${dark ? "#12161d" : "#f6f7f9"}; color-scheme: ${dark ? "dark" : "light"};
      box-shadow: 0 8px 32px rgb(0 0 0 / 30%);
    }
    [hidden] { display: none; }
    @media (max-width: 480px) {
      iframe { inset: 0; width: 100%; height: 100%; border-radius: 0; }
      button[aria-expanded="true"] { display: none; }
    }`);
  root.adoptedStyleSheets = [style];

  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("aria-expanded", "false");
  if (options.color && CSS.supports("color", options.color)) {
    button.style.setProperty("--color", options.color);
    button.style.setProperty("--on-color", readable(options.color));
  }
  const icon = (path) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
    line.setAttribute("d", path);
    svg.append(line);
    return svg;
  };
  const talk = icon("M4 5h16v11H10l-4 4v-4H4z");
  const close = icon("M6 6l12 12M18 6L6 18");
  const count = document.createElement("span");
  count.className = "count";
  count.hidden = true;
  button.append(talk, count);
  const name = (unread) => button.setAttribute("aria-label", unread > 0 ? `${label}, ${unread} unread` : label);
  name(0);
  root.append(button);

  let frame = null;
  let isOpen = false;
  let isLoaded = false;
  const tell = (parlance) => isLoaded && frame.contentWindow.postMessage({ parlance }, page.origin);

  function show(open, byHand = true) {
    if (open && !frame) {
      // Not before somebody asks for it: a page that is only read loads nothing.
      frame = document.createElement("iframe");
      frame.title = label;
      frame.src = page.href;
      frame.addEventListener("load", () => {
        isLoaded = true;
        if (isOpen) tell(document.activeElement === host ? "entered" : "shown");
      });
      root.append(frame);
    }
    isOpen = open;
    frame.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    button.firstChild.replaceWith(open ? close : talk);
    // A chat that opens by itself leaves the focus where the visitor has it.
    if (byHand) (open ? frame : button).focus();
    tell(open ? (byHand ? "entered" : "shown") : "away");
  }

  // A browser may refuse a frame of another site its storage. What the chat keeps is then kept here.
  const place = `parlance.chat.${page.origin}${page.pathname}`;
  function keep(kept) {
    try {
      localStorage.setItem(place, JSON.stringify(kept));
    } catch {
      // The chat then forgets at a reload.
    }
  }
  function recall() {
    try {
      return JSON.parse(localStorage.getItem(place));
    } catch {
      return null;
    }
  }

  button.addEventListener("click", () => show(!isOpen));
  root.addEventListener("keydown", (event) => event.key === "Escape" && isOpen && show(false));
  addEventListener("message", (event) => {
    if (!frame || event.source !== frame.contentWindow || event.origin !== page.origin) return;
    const { parlance, count: unread, kept } = event.data ?? {};
    if (parlance === "close" && isOpen) show(false);
    if (parlance === "unread" && Number.isInteger(unread)) {
      count.textContent = unread > 99 ? "99+" : String(unread);
      count.hidden = unread === 0;
      name(unread);
    }
    if (parlance === "keep") keep(kept);
    if (parlance === "recall") frame.contentWindow.postMessage({ parlance: "recalled", kept: recall() }, page.origin);
  });

  const begin = () => {
    document.body.append(host);
    if (options.open === "true") show(true, false);
  };
  if (document.body) begin();
  else addEventListener("DOMContentLoaded", begin);
})();
