// One run as a row of the table.

import { el, set, write } from "../dom.js";
import { ago, compact, cost, count, duration, elapsed, exact, plural, reference } from "../format.js";
import { icon } from "../icons.js";
import { title } from "./filters.js";
import { fitting } from "./tags.js";

/** An empty row for a run; `fill` writes into it. */
export function build(run) {
  const cells = {};
  const cell = (name, look, ...children) => (cells[name] = el("td", { class: `c-${name} ${look}`, role: "cell" }, ...children));
  const href = `/runs/${run.id}`;
  const parts = {
    state: el("span", { class: "state" }),
    link: el("a", { href, "data-link": true, class: "cut" }),
    tags: el("span", { class: "tags" }),
    model: el("span", { class: "cut" }),
    others: el("span", {}),
    errors: el("span", { class: "errors" }),
    steps: el("span"),
    started: el("time"),
  };
  const row = el(
    "tr", { "data-run": run.id, role: "row" },
    cell("state", "", parts.state),
    cell("ref", "mono", reference(run.id)),
    cell("name", "", parts.link, parts.tags),
    cell("models", "", parts.model, parts.others),
    cell("steps", "number", parts.errors, parts.steps),
    cell("tokens", "number"),
    cell("cost", "number"),
    cell("time", "number"),
    cell("trigger", "cut"),
    cell("started", "number", parts.started),
  );
  set(cells.ref, "title", run.id);
  return { row, cells, ...parts, run: null, fitted: "" };
}

/** Writes what a run is now, where it differs from what stands there. */
export function fill(shown, run, now) {
  const { row, cells } = shown;
  const was = shown.run;
  shown.run = run;
  shown.start = Date.parse(run.start_time);
  set(row, "data-state", run.state);
  set(row, "data-status", run.status);
  if (was?.state !== run.state) {
    set(shown.state, "data-state", run.state);
    shown.state.replaceChildren(icon(run.state, 12), el("span", {}, title(run.state)));
  }
  write(shown.link, run.name || "(no name)");
  set(shown.link, "title", run.name + (run.tags.length > 0 ? ` (${run.tags.join(", ")})` : ""));
  const [model, ...others] = run.models;
  write(shown.model, model ?? "");
  write(shown.others, others.length > 0 ? `+${others.length}` : "");
  set(cells.models, "title", run.models.join(", ") || undefined);
  write(shown.steps, count(run.span_count));
  if (was?.error_count !== run.error_count) {
    const failed = run.error_count > 0;
    shown.errors.replaceChildren(...(failed ? [icon("failed", 10), count(run.error_count), el("span", { class: "unseen" }, " failed of ")] : []));
    set(shown.errors, "title", failed ? `${plural(run.error_count, "failed step")}` : undefined);
  }
  write(cells.tokens, run.total_tokens > 0 ? compact(run.total_tokens) : "–");
  set(cells.tokens, "title", run.total_tokens > 0 ? `${count(run.input_tokens)} in, ${count(run.output_tokens)} out` : undefined);
  cells.tokens.classList.toggle("none", run.total_tokens === 0);
  write(cells.cost, cost(run.cost));
  write(cells.trigger, run.trigger ?? "");
  set(cells.trigger, "title", run.trigger ?? undefined);
  set(shown.started, "datetime", run.start_time);
  set(shown.started, "title", exact(new Date(shown.start)));
  drawTimes(shown, now);
}

/** Shows as many tags as fit behind the name, each whole, and the number of the others. */
export function fit(shown, room) {
  const { name, tags } = shown.run;
  const fitted = `${room} ${name} ${tags.join("\n")}`;
  if (tags.length === 0 ? shown.tags.childElementCount === 0 : shown.fitted === fitted) return;
  shown.fitted = fitted;
  const number = fitting(name, tags, room);
  const some = tags.slice(0, Math.max(0, number)).map((tag) => el("span", { class: "tag" }, tag));
  const others = number >= 0 && number < tags.length && el("span", { class: "tag" }, `+${tags.length - number}`);
  shown.tags.replaceChildren(...some, ...(others ? [others] : []));
  set(shown.tags, "title", tags.join(", ") || undefined);
}

/** Writes what changes with time alone. */
export function drawTimes({ run, start, cells, started }, now) {
  write(started, ago(start, now));
  write(cells.time, run.state === "running" ? elapsed(now - start) : duration(run.duration_ms));
}
