// JSON as a tree to be folded; what is folded has not been built yet.

import { el } from "../dom.js";
import { count } from "../format.js";
import { briefText } from "./text.js";

/** As many lines are there at first. */
const LINES = 200;
/** As many entries of one list or object are built at a time. */
const ENTRIES = 100;
const LONG = 2_000;

/** Shows a value, unfolded level by level as far as it stays short. */
export function jsonView(value) {
  const folded = [];
  const element = el("div", { class: "json" }, entry(null, value, folded));
  let lines = 1;
  for (let next = folded.shift(); next; next = folded.shift()) {
    const more = Math.min(next.size, ENTRIES);
    if (lines + more > LINES) continue;
    lines += more;
    next.unfold(folded);
  }
  return element;
}

/** One line, or a head with what is folded below it. */
function entry(key, value, folded) {
  const label = key === null ? [] : [el("span", { class: "key" }, String(key)), ": "];
  if (value === null || typeof value !== "object") return el("div", { class: "line" }, label, scalar(value));
  const isList = Array.isArray(value);
  const keys = isList ? null : Object.keys(value);
  const size = isList ? value.length : keys.length;
  if (size === 0) return el("div", { class: "line" }, label, isList ? "[]" : "{}");
  const brief = el("span", { class: "muted brief" }, ` ${previewOf(value, isList ? null : keys)}`);
  const head = el("summary", {}, label, el("span", { class: "muted" }, isList ? `[${count(size)}]` : `{${count(size)}}`), brief);
  const details = el("details", {}, head);
  let isBuilt = false;

  function build(inner) {
    if (isBuilt) return;
    isBuilt = true;
    const body = el("div", { class: "inner" });
    let done = 0;
    const more = el("button", { class: "button", type: "button", onclick: () => add([]) });
    function add(into) {
      const end = Math.min(size, done + (done === 0 ? ENTRIES : 10 * ENTRIES));
      const fresh = document.createDocumentFragment();
      for (; done < end; done += 1) fresh.append(isList ? entry(done, value[done], into) : entry(keys[done], value[keys[done]], into));
      more.before(fresh);
      more.textContent = `${count(size - done)} more`;
      if (done === size) more.remove();
    }
    body.append(more);
    add(inner);
    details.append(body);
  }

  details.addEventListener("toggle", () => details.open && build([]));
  folded.push({ size, unfold(inner) {
    build(inner);
    details.open = true;
  } });
  return details;
}

function scalar(value) {
  const type = value === null ? "null" : typeof value;
  if (type !== "string") return el("span", { class: type }, String(value));
  return el("span", { class: "string" }, '"', briefText(value, LONG), '"');
}

/** What is in it, in a few words. */
function previewOf(value, keys) {
  const parts = [];
  let length = 0;
  for (const key of keys ?? value.keys()) {
    if (length > 70 || parts.length > 5) {
      parts.push("…");
      break;
    }
    const part = `${keys ? `${key.slice(0, 30)}: ` : ""}${wordOf(value[key])}`;
    length += part.length;
    parts.push(part);
  }
  return parts.join(", ");
}

function wordOf(value) {
  if (Array.isArray(value)) return `[${value.length}]`;
  if (value !== null && typeof value === "object") return "{…}";
  return typeof value === "string" ? JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value) : String(value);
}
