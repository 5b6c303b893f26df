// Building elements. Texts become text nodes: nothing that a bot sends is ever read as HTML.

/** An element. Attributes that are null, undefined or false are left out; functions are listeners. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") made.addEventListener(key, value);
    else made.setAttribute(key, value === true ? "" : String(value));
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

/** What only screen readers read. */
export const hidden = (text) => element("span", { class: "hidden" }, text);

/** An icon, from the path of a line in a square of 24. */
export function icon(path) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(space, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

const LINKED = ["http:", "https:", "mailto:"];
const LOADED = ["http:", "https:"];

function checked(text, schemes) {
  if (typeof text !== "string") return null;
  try {
    const url = new URL(text.trim());
    return schemes.includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** An address that a link may lead to, or null: no javascript:, no data:, nothing relative. */
export const linkable = (text) => checked(text, LINKED);

/** An address that an image, a sound or a film may be loaded from, or null. */
export const loadable = (text) => checked(text, LOADED);

/** A link to an address from outside; its text alone if nothing may lead there. */
export function link(address, attributes, ...children) {
  const href = linkable(address);
  if (href === null) return element("span", { class: "dead", title: "This address is not opened" }, ...children);
  return element("a", { ...attributes, href, target: "_blank", rel: "noopener noreferrer" }, ...children);
}
