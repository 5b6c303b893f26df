// Markdown to elements: what bots use of CommonMark, and tables and ~~strikethrough~~ beside it. HTML
// in it is shown as it is written.

import { element, link, loadable } from "./dom.js";

/** The most levels of lists and quotes in one another; what is deeper is text. */
const DEPTH = 8;
/** The longest text that is looked through, and how far the end of a span is looked for: a text made of
 * nothing but stars must not hold the page up. */
const TEXT_MAX = 20_000;
const SPAN_MAX = 1000;

const FENCE = /^ {0,3}(```+|~~~+)(.*)$/;
const HEADING = /^ {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$/;
const RULE = /^ {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])([ \t]+)(\S.*)$/;
const DIVIDER = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;

/** The elements of a Markdown text. */
export function markdown(text) {
  if (text.length > TEXT_MAX) return [element("p", { class: "plain-text" }, text)];
  return blocks(text.replace(/\r\n?/g, "\n").replace(/\t/g, "    ").split("\n"), 0);
}

function blocks(lines, depth) {
  const made = [];
  let paragraph = [];
  const end = () => {
    if (paragraph.length > 0) made.push(element("p", {}, inline(paragraph.join("\n"))));
    paragraph = [];
  };
  for (let at = 0; at < lines.length; ) {
    const line = lines[at];
    const taken =
      line.trim() === "" ? { next: at + 1 }
      : fence(lines, at) ?? heading(lines, at) ?? rule(lines, at) ?? quote(lines, at, depth)
        ?? list(lines, at, depth, paragraph.length > 0) ?? table(lines, at);
    if (taken) {
      end();
      if (taken.element) made.push(taken.element);
      at = taken.next;
    } else {
      paragraph.push(line.replace(/^ +/, ""));
      at += 1;
    }
  }
  end();
  return made;
}

function fence(lines, at) {
  const open = FENCE.exec(lines[at]);
  if (!open || (open[1][0] === "`" && open[2].includes("`"))) return null;
  const body = [];
  let next = at + 1;
  for (; next < lines.length; next += 1) {
    const line = lines[next].trim();
    if (line.length >= open[1].length && line === open[1][0].repeat(line.length)) {
      next += 1;
      break;
    }
    body.push(lines[next]);
  }
  return { element: element("pre", { tabindex: "0" }, element("code", {}, body.join("\n"))), next };
}

function heading(lines, at) {
  const found = HEADING.exec(lines[at]);
  if (!found) return null;
  // The page has the first two levels.
  const level = Math.min(found[1].length + 2, 6);
  return { element: element(`h${level}`, {}, inline(found[2])), next: at + 1 };
}

const rule = (lines, at) => (RULE.test(lines[at]) ? { element: element("hr"), next: at + 1 } : null);

function quote(lines, at, depth) {
  if (!QUOTE.test(lines[at]) || depth >= DEPTH) return null;
  const inner = [];
  let next = at;
  for (; next < lines.length && QUOTE.test(lines[next]); next += 1) inner.push(lines[next].replace(QUOTE, ""));
  return { element: element("blockquote", {}, blocks(inner, depth + 1)), next };
}

function list(lines, at, depth, within) {
  const first = ITEM.exec(lines[at]);
  if (!first || depth >= DEPTH) return null;
  const ordered = /\d/.test(first[2]);
  const start = ordered ? Number.parseInt(first[2], 10) : null;
  // A number within a paragraph begins a list only if it is 1.
  if (within && ordered && start !== 1) return null;
  const items = [];
  let next = at;
  while (next < lines.length) {
    const item = ITEM.exec(lines[next]);
    if (!item || /\d/.test(item[2]) !== ordered || RULE.test(lines[next])) break;
    const indent = item[1].length + item[2].length + Math.min(item[3].length, 4);
    const inner = [item[4]];
    next += 1;
    while (next < lines.length) {
      const line = lines[next];
      const blank = line.trim() === "";
      const inside = /^ */.exec(line)[0].length >= Math.min(indent, 2);
      if (blank && !/^ {2,}\S/.test(lines[next + 1] ?? "")) break;
      if (!blank && !inside) {
        if (ITEM.test(line) || opens(line) || lines[next - 1].trim() === "") break;
      }
      inner.push(line.replace(new RegExp(`^ {0,${indent}}`), ""));
      next += 1;
    }
    const made = blocks(inner, depth + 1);
    // A single paragraph stands without its element, so that the list is tight.
    items.push(element("li", {}, made.length > 0 && made[0].tagName === "P" ? [...made[0].childNodes, ...made.slice(1)] : made));
    if (lines[next]?.trim() === "" && ITEM.test(lines[next + 1] ?? "")) next += 1;
  }
  return { element: element(ordered ? "ol" : "ul", { start: ordered && start !== 1 ? start : null }, items), next };
}

const opens = (line) => FENCE.test(line) || HEADING.test(line) || QUOTE.test(line) || RULE.test(line);

const cells = (line) =>
  line.trim().replace(/^\|/, "").replace(/(?<!\\)\|$/, "").split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));

function table(lines, at) {
  if (!lines[at].includes("|") || !DIVIDER.test(lines[at + 1] ?? "") || !lines[at + 1].includes("-")) return null;
  const head = cells(lines[at]);
  if (head.length !== cells(lines[at + 1]).length) return null;
  const rows = [];
  let next = at + 2;
  for (; next < lines.length && lines[next].includes("|"); next += 1) {
    const row = cells(lines[next]);
    rows.push(element("tr", {}, head.map((_, column) => element("td", {}, inline(row[column] ?? "")))));
  }
  const made = element("table", {},
    element("thead", {}, element("tr", {}, head.map((cell) => element("th", { scope: "col" }, inline(cell))))),
    element("tbody", {}, rows));
  return { element: element("div", { class: "table", tabindex: "0" }, made), next };
}

// What may stand in a line, each with how it is read. The first that fits at a place is taken.
const SPANS = [
  [/^\\([!-/:-@[-`{-~])/, (found) => found[1]],
  [/^(`+)(?!`)([^]*?[^`])\1(?!`)/, (found) => element("code", {}, found[2].replace(/\n/g, " ").replace(/^ (.*) $/, "$1"))],
  [/^!\[([^\]\n]{0,500})\]\(\s*<?([^\s)>]+)>?(?:\s+"[^"\n]*")?\s*\)/, image],
  [/^\[((?:\\.|[^\]\\]){1,500})\]\(\s*<?((?:[^\s()<>]|\([^\s()<>]*\))+)>?(?:\s+"[^"\n]*")?\s*\)/, (found, depth) => link(found[2], {}, inline(found[1], depth + 1, false))],
  [/^<((?:https?:\/\/|mailto:)[^\s<>]+)>/, (found) => link(found[1], {}, found[1])],
  [/^(\*\*|__)(?=\S)([^]*?[^\s\\])\1/, (found, depth, links) => element("strong", {}, inline(found[2], depth + 1, links))],
  [/^(\*)(?=[^\s*])([^]*?[^\s\\*])\1(?!\*)/, (found, depth, links) => element("em", {}, inline(found[2], depth + 1, links))],
  [/^(_)(?=[^\s_])([^]*?[^\s\\_])\1(?![\p{L}\p{N}_])/u, (found, depth, links) => element("em", {}, inline(found[2], depth + 1, links))],
  [/^(~~)(?=\S)([^]*?\S)\1/, (found, depth, links) => element("del", {}, inline(found[2], depth + 1, links))],
];
const BARE = /^https?:\/\/[^\s<>"]+[^\s<>"'.,:;!?*_~)\]}]/;
/** Where something other than a letter may begin. */
const SPECIAL = /[\\`!\[<*_~\n]|(?<![\p{L}\p{N}])https?:\/\//u;

function image(found) {
  const src = loadable(found[2]);
  return src === null ? found[1] : element("img", { src, alt: found[1], loading: "lazy", referrerpolicy: "no-referrer" });
}

/** The nodes of a text within a paragraph. */
export function inline(text, depth = 0, links = true) {
  const made = [];
  let plain = "";
  let rest = text;
  const take = (node, length) => {
    if (plain !== "") made.push(plain);
    plain = "";
    made.push(node);
    rest = rest.slice(length);
  };
  while (rest !== "") {
    const at = rest.search(SPECIAL);
    if (at < 0) break;
    const before = at > 0 ? rest[at - 1] : plain.at(-1) ?? "";
    plain += rest.slice(0, at);
    rest = rest.slice(at);
    if (rest[0] === "\n") {
      plain = plain.replace(/ +$/, "");
      take(element("br"), 1);
      continue;
    }
    const bare = links && BARE.exec(rest.slice(0, SPAN_MAX));
    const [found, read] = bare ? [bare, (url) => link(url[0], {}, url[0])] : span(rest, before, depth, links);
    if (!found) {
      plain += rest[0];
      rest = rest.slice(1);
      continue;
    }
    take(read(found, depth, links), found[0].length);
  }
  plain += rest;
  if (plain !== "") made.push(plain);
  return made;
}

function span(rest, before, depth, links) {
  if (depth < DEPTH) {
    const near = rest.slice(0, SPAN_MAX);
    for (const [pattern, read] of SPANS) {
      const found = pattern.exec(near);
      if (!found) continue;
      // Within a word an underscore is a letter: snake_case.
      if (rest[0] === "_" && /[\p{L}\p{N}_]/u.test(before)) continue;
      if (!links && (rest[0] === "[" || rest[0] === "<")) continue;
      return [found, read];
    }
  }
  return [null, null];
}
