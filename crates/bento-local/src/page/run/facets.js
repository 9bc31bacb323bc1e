// What else there is of a step: its error, its attributes, what happened on the way. Each with the text to copy.

import { el } from "../dom.js";
import { duration, exact, moment } from "../format.js";
import { jsonView } from "./json.js";
import { payloadView } from "./payload.js";
import { briefText, textView } from "./text.js";

const LONG = 2_000;
/** What went in is shown with the error unless it is longer. */
const WHOLE = 20_000;

function exceptions(span) {
  return span?.events.filter(({ name }) => name === "exception") ?? [];
}

/** Whether there is an error to be shown. */
export function isError(row, span) {
  return row.status === "ERROR" || exceptions(span).length > 0;
}

/** The message, where it came from as far as that was recorded, and what had gone in. */
export function errorView(span) {
  const said = span.status_message ?? "";
  const parts = exceptions(span).map(({ attributes }) => ({
    type: textOf(attributes["exception.type"]),
    message: textOf(attributes["exception.message"]),
    trace: textOf(attributes["exception.stacktrace"]),
  }));
  const isTold = said !== "" && parts.some(({ message }) => message === said);
  if (said !== "" && !isTold) parts.unshift({ message: said });
  const known = parts.filter(({ type, message, trace }) => type || message || trace);
  const elements = known.map(({ type, message, trace }) => el(
    "div", { class: "mishap" },
    type && el("p", { class: "mono" }, type),
    message && el("div", { class: "message-of" }, textView(message).element),
    trace && el("div", { class: "trace mono" }, textView(trace).element),
  ));
  const text = known.map(({ type, message, trace }) => [[type, message].filter(Boolean).join(": "), trace].filter(Boolean).join("\n")).join("\n\n");
  const nothing = el("p", { class: "muted none" }, "It failed, and nothing was recorded of why.");
  const asked = span.input && span.input.length <= WHOLE ? payloadView(span.input).element : null;
  const words = span.kind === "tool" ? "Args" : "Input";
  const cause = asked && [el("h3", {}, words), el("div", { class: "asked" }, asked)];
  return { element: el("div", { class: "payload" }, elements.length > 0 ? elements : el("div", { class: "mishap" }, nothing), cause), text };
}

/** Every attribute that is not among the facts. */
export function pairsView(span) {
  const element = Object.keys(span.attributes).length > 0 ? pairs(span.attributes) : el("p", { class: "muted none" }, "There are no others than those above.");
  return { element: el("div", { class: "payload" }, element), text: JSON.stringify(span.attributes, null, 2) };
}

/** What happened, in the order in which it did. */
export function eventsView(span, start) {
  const elements = span.events.slice(0, 500).map(({ name, time, attributes }) => el(
    "section", { class: "event" },
    el("p", {}, el("b", {}, name), " ", el("span", { class: "muted", title: exact(new Date(moment(time))) }, `+${duration(Math.max(0, moment(time) - start))}`)),
    Object.keys(attributes).length > 0 && pairs(attributes),
  ));
  return { element: el("div", { class: "payload" }, elements), text: JSON.stringify(span.events, null, 2) };
}

function pairs(attributes) {
  const rows = Object.entries(attributes).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, valueOf(value))]);
  return el("dl", { class: "pairs mono" }, rows);
}

function valueOf(value) {
  return value !== null && typeof value === "object" ? jsonView(value) : briefText(String(value), LONG);
}

function textOf(value) {
  return value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);
}
