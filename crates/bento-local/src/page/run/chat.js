// Messages between a user, a model and its tools, as a conversation.

import { el } from "../dom.js";
import { count } from "../format.js";
import { jsonView } from "./json.js";
import { briefText } from "./text.js";

/** Messages, and parts of one of them, that are drawn at a time. */
const AT_ONCE = 100;
const LONG = 20_000;
/** So deep results inside of results are drawn as such. */
const DEEP = 4;

/** The messages that a value is, on their own or as `messages`; null where it is something else. */
export function messagesOf(value) {
  if (value === null || typeof value !== "object") return null;
  const list = Array.isArray(value) ? value : Array.isArray(value.messages) ? value.messages : [value];
  return list.length > 0 && list.every(isMessage) ? list : null;
}

function isMessage(value) {
  if (value === null || typeof value !== "object" || typeof value.role !== "string") return false;
  return isWord(value.name) && isWord(value.tool_call_id) && ["content", "tool_calls", "parts"].some((key) => key in value);
}

/** Whether it can stand beside other words, or is not there at all: senders put anything anywhere. */
function isWord(value) {
  return value === undefined || value === null || typeof value === "string" || typeof value === "number";
}

/** Shows a conversation. */
export function chatView(messages) {
  return el("div", { class: "chat" }, series(messages, message, "messages"));
}

/** Things one after the other, as many at a time as can be drawn at once. */
function series(items, draw, words) {
  const [first, rest] = [items.slice(0, AT_ONCE), items.slice(AT_ONCE)];
  const drawn = first.map(draw);
  if (rest.length === 0) return drawn;
  const show = () => {
    const box = el("div", { class: "further" }, series(rest, draw, words));
    more.replaceWith(...box.childNodes);
  };
  const more = el("button", { class: "button", type: "button", onclick: show }, `${count(rest.length)} more ${words}`);
  return [drawn, more];
}

function message({ role, name, content, parts, tool_calls: calls, tool_call_id: answers }) {
  const head = el("div", { class: "who" }, role, beside(name), beside(answers));
  const bodies = [series([content ?? parts].flat(), (value) => part(value), "parts"), Array.isArray(calls) && series(calls, call, "calls")];
  return el("section", { class: "message", "data-role": role }, head, bodies);
}

function beside(word) {
  return word && el("span", { class: "muted mono" }, ` ${word}`);
}

/** A text, or a part of a message in one of the forms that providers have. */
function part(value, depth = 0) {
  if (value === null || value === undefined || value === "") return null;
  if (typeof value === "string") return el("div", { class: "said" }, briefText(value, LONG));
  if (typeof value.text === "string") return part(value.text);
  if (value.type === "tool_use") return call({ id: value.id, name: value.name, arguments: value.input });
  if (value.type === "tool_result" && depth < DEEP) return series([value.content].flat(), (inner) => part(inner, depth + 1), "parts");
  return jsonView(value);
}

function call(value) {
  if (value === null || typeof value !== "object") return jsonView(value);
  const { name, arguments: given } = value.function ?? value;
  if (!isWord(name) || !isWord(value.id)) return jsonView(value);
  const args = read(given);
  const isTree = args !== null && typeof args === "object";
  const head = el("div", {}, el("span", { class: "muted" }, "calls "), el("b", { class: "mono" }, `${name ?? "a tool"}`), beside(value.id));
  return el("div", { class: "call" }, head, isTree ? jsonView(args) : part(String(args ?? "")));
}

/** Arguments come as JSON, or in words where the model wrote what it liked. */
function read(given) {
  if (typeof given !== "string") return given;
  try {
    return JSON.parse(given);
  } catch {
    return given;
  }
}
