// The runs as rows: kept by id, changed in place.

import { el, set, write } from "../dom.js";
import { ago, compact, cost, count, duration, elapsed, exact, plural, reference } from "../format.js";
import { icon } from "../icons.js";
import { title } from "./filters.js";

/** Columns: the name that styles know, the word above, what the server sorts by. */
const COLUMNS = [
  ["state", "State"], ["ref", "Run"], ["name", "Name"], ["models", "Models"], ["steps", "Steps", "span_count"],
  ["tokens", "Tokens", "total_tokens"], ["cost", "Cost", "cost"], ["time", "Time", "duration"],
  ["trigger", "Trigger"], ["started", "Started", "start_time"],
];

/** The table; `on.sort(by)` and `on.open(href, event)` say what the reader wants. */
export function table(on) {
  const heads = COLUMNS.map(([name, words, by]) => {
    const shown = by ? el("button", { type: "button", onclick: () => on.sort(by) }, words) : words;
    return el("th", { class: `c-${name}`, role: "columnheader", scope: "col", "data-by": by }, shown);
  });
  const body = el("tbody", { role: "rowgroup" });
  const runs = el(
    "table", { class: "runs", role: "table", "aria-label": "Runs" },
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, heads)),
    body,
  );
  /** What stands in the table, by id: `{ row, run, … }`. */
  const rows = new Map();

  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    // A link does by itself what its reader wants of it, and who marks text wants no other page.
    if (!row || event.target.closest("a") || !getSelection().isCollapsed) return;
    on.open(row.querySelector("a").getAttribute("href"), event);
  });

  function draw(items) {
    const focused = body.contains(document.activeElement) ? document.activeElement : null;
    const ids = new Set(items.map((run) => run.id));
    for (const [id, { row }] of rows) {
      if (!ids.has(id)) {
        row.remove();
        rows.delete(id);
      }
    }
    const now = Date.now();
    let place = body.firstChild;
    for (const run of items) {
      let shown = rows.get(run.id);
      if (!shown) rows.set(run.id, (shown = build(run)));
      if (shown.run !== run) fill(shown, run, now);
      if (shown.row === place) place = place.nextSibling;
      else body.insertBefore(shown.row, place);
    }
    if (focused && focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
  }

  /** What changes with time alone. */
  function tick(now) {
    for (const shown of rows.values()) drawTimes(shown, now);
  }

  /** Shows what the rows are sorted by. */
  function sorted(sort) {
    for (const head of heads) {
      const isThis = head.dataset.by && head.dataset.by === sort.replace("-", "");
      set(head, "aria-sort", isThis ? (sort.startsWith("-") ? "descending" : "ascending") : undefined);
    }
  }

  /** The link in the row that has the focus, and the one so many rows on. */
  function link(steps) {
    const here = document.activeElement?.closest?.("tr[data-run]");
    if (!here || !body.contains(here)) return body.querySelector("tr a");
    let row = here;
    for (let left = Math.abs(steps); left > 0 && row; left -= 1) row = steps > 0 ? row.nextSibling : row.previousSibling;
    return (row ?? here).querySelector("a");
  }

  return { runs, body, draw, tick, sorted, link };
}

/** An empty row for a run. */
function build(run) {
  const cells = {};
  const cell = (name, look, ...children) => (cells[name] = el("td", { class: `c-${name} ${look}`, role: "cell" }, ...children));
  const href = `/runs/${run.id}`;
  const parts = {
    state: el("span", { class: "state" }),
    link: el("a", { href, "data-link": true, class: "cut" }),
    tags: el("span", { class: "tags" }),
    errors: el("span", { class: "errors" }),
    steps: el("span"),
    started: el("time"),
  };
  const row = el(
    "tr", { "data-run": run.id, role: "row" },
    cell("state", "", parts.state),
    cell("ref", "mono", reference(run.id)),
    cell("name", "", parts.link, parts.tags),
    cell("models", "cut"),
    cell("steps", "number", parts.errors, parts.steps),
    cell("tokens", "number"),
    cell("cost", "number"),
    cell("time", "number"),
    cell("trigger", "cut"),
    cell("started", "number", parts.started),
  );
  set(cells.ref, "title", run.id);
  return { row, cells, ...parts, run: null };
}

function fill(shown, run, now) {
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
  set(shown.link, "title", run.name);
  if (was?.tags.join("\n") !== run.tags.join("\n")) {
    shown.tags.replaceChildren(...run.tags.map((tag) => el("span", { class: "tag" }, tag)));
    set(shown.tags, "title", run.tags.join(", ") || undefined);
  }
  const [model, ...others] = run.models;
  write(cells.models, others.length > 0 ? `${model} +${others.length}` : (model ?? ""));
  set(cells.models, "title", run.models.join(", ") || undefined);
  write(shown.steps, count(run.span_count));
  if (was?.error_count !== run.error_count) {
    const failed = run.error_count > 0;
    shown.errors.replaceChildren(...(failed ? [icon("failed", 10), count(run.error_count), el("span", { class: "unseen" }, " failed of ")] : []));
    set(shown.errors, "title", failed ? `${plural(run.error_count, "failed step")}` : undefined);
  }
  write(cells.tokens, run.total_tokens > 0 ? compact(run.total_tokens) : "–");
  set(cells.tokens, "title", run.total_tokens > 0 ? `${count(run.input_tokens)} in, ${count(run.output_tokens)} out` : undefined);
  write(cells.cost, cost(run.cost));
  write(cells.trigger, run.trigger ?? "");
  set(cells.trigger, "title", run.trigger ?? undefined);
  set(shown.started, "datetime", run.start_time);
  set(shown.started, "title", exact(new Date(shown.start)));
  drawTimes(shown, now);
}

function drawTimes({ run, start, cells, started }, now) {
  write(started, ago(start, now));
  write(cells.time, run.state === "running" ? elapsed(now - start) : duration(run.duration_ms));
}
