// What is known of a step in a few words.

import { copyButton } from "../copy.js";
import { el } from "../dom.js";
import { compact, cost, duration, exact } from "../format.js";

/** How long it took, or has taken until now. */
export function timeOf(node, view, now) {
  if (!node.isPending) return duration(node.row.duration_ms);
  return view.isRunning ? duration(Math.max(0, now - node.start, node.end - node.start)) : "did not end";
}

/** The facts as a sign to compare them by, and what makes their elements around the one with the time. */
export function factsOf(node, span, view, select) {
  const { row } = node;
  const text = (value, most = 80) => value && (value.length > most ? `${value.slice(0, most)}…` : value);
  const tokens = row.input_tokens !== null || row.output_tokens !== null;
  const offset = node.start - view.start;
  const facts = [
    ["Start", `+${duration(Math.max(0, offset))}`, exact(new Date(node.start))],
    ["Kind", text(row.kind)],
    ["Model", text(row.model)],
    ["Provider", text(row.provider)],
    tokens && ["Tokens", `${compact(row.input_tokens ?? 0)} → ${compact(row.output_tokens ?? 0)}`],
    row.cost !== null && ["Cost", cost(row.cost)],
    span && ["User", text(span.user_id)],
    span && ["Session", text(span.session_id)],
    span && span.tags.length > 0 && ["Tags", text(span.tags.join(", "), 200)],
    span && span.service_name && ["Service", text([span.service_name, span.service_version].filter(Boolean).join(" "))],
  ].filter((fact) => fact && fact[1]);
  const parent = node.parent?.row.name ?? row.parent_id;
  const make = (time) => {
    const items = facts.map(([label, value, title]) => item(label, el("span", { title }, value)));
    const up = (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
      event.preventDefault();
      select(node.parent.id);
    };
    const link = node.parent ? el("a", { href: `?span=${encodeURIComponent(node.parent.id)}`, onclick: up }, text(parent, 40) || "(no name)") : el("span", { class: "mono" }, `${parent} (not here)`);
    const copy = copyButton(`Copy the step's id, ${node.id}`, () => node.id, node.id);
    copy.classList.add("mono");
    return [item("Time", time), ...items, row.parent_id && item("Parent", link), el("li", { class: "id" }, copy)].filter(Boolean);
  };
  return { sign: JSON.stringify([node.id, facts, parent]), make };
}

function item(label, content) {
  return el("li", {}, el("span", { class: "muted" }, label), " ", content);
}
