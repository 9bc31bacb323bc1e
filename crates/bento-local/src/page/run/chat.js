// Messages between a user, a model and its tools, as a conversation.

import { el } from "../dom.js";
import { count } from "../format.js";
import { jsonView } from "./json.js";
import { briefText } from "./text.js";

const AT_ONCE = 100;
const LONG = 20_000;

/** The messages that a value is, on their own or as `messages`; null where it is something else. */
export function messagesOf(value) {
  if (value === null || typeof value !== "object") return null;
  const list = Array.isArray(value) ? value : Array.isArray(value.messages) ? value.messages : [value];
  return list.length > 0 && list.every(isMessage) ? list : null;
}

function isMessage(value) {
  return value !== null && typeof value === "object" && typeof value.role === "string" && ["content", "tool_calls", "parts"].some((key) => key in value);
}

/** Shows a conversation, as much of it at a time as can be drawn at once. */
export function chatView(messages) {
  const element = el("div", { class: "chat" });
  let done = 0;
  const more = el("button", { class: "button", type: "button", onclick: add });
  function add() {
    const part = messages.slice(done, done + AT_ONCE);
    done += part.length;
    more.before(...part.map(message));
    more.textContent = `${count(messages.length - done)} more messages`;
    if (done >= messages.length) more.remove();
  }
  element.append(more);
  add();
  return element;
}

function message({ role, name, content, parts, tool_calls: calls, tool_call_id: answers }) {
  const head = el("div", { class: "who" }, role, name && el("span", { class: "muted mono" }, ` ${name}`), answers && el("span", { class: "muted mono" }, ` ${answers}`));
  const bodies = [content ?? parts].flat().map(part).concat((Array.isArray(calls) ? calls : []).map(call));
  return el("section", { class: "message", "data-role": role }, head, bodies);
}

/** A text, or a part of a message in one of the forms that providers have. */
function part(value) {
  if (value === null || value === undefined || value === "") return null;
  if (typeof value === "string") return el("div", { class: "said" }, briefText(value, LONG));
  if (typeof value.text === "string") return part(value.text);
  if (value.type === "tool_use") return call({ id: value.id, name: value.name, arguments: value.input });
  if (value.type === "tool_result") return [value.content].flat().map(part);
  return jsonView(value);
}

function call(value) {
  if (value === null || typeof value !== "object") return jsonView(value);
  const { name, arguments: given } = value.function ?? value;
  let read = given;
  try {
    if (typeof given === "string") read = JSON.parse(given);
  } catch {
    // Models write what they like; it is shown as it is.
  }
  const isTree = read !== null && typeof read === "object";
  return el("div", { class: "call" }, el("div", {}, el("span", { class: "muted" }, "calls "), el("b", { class: "mono" }, String(name ?? "a tool")), value.id && el("span", { class: "muted mono" }, ` ${value.id}`)), isTree ? jsonView(read) : part(String(read ?? "")));
}
