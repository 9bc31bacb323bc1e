// The runs as a table: rows kept by id and changed in place; of a long list only those near the screen exist.

import { el, set } from "../dom.js";
import { build, drawTimes, fill, fit } from "./row.js";

/** Columns: the name that styles know, the word above, what the server sorts by. */
const COLUMNS = [
  ["state", "State"], ["ref", "Run"], ["name", "Name"], ["models", "Models"], ["steps", "Steps", "span_count"],
  ["tokens", "Tokens", "total_tokens"], ["cost", "Cost", "cost"], ["time", "Time", "duration"],
  ["trigger", "Trigger"], ["started", "Started", "start_time"],
];

/** A list that is no longer is there as a whole: for find-in-page, and for who reads it aloud. */
const WHOLE = 200;

/** Rows above and below the screen that exist, and by how many they come and go. */
const AROUND = 40;
const CHUNK = 20;

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
  let items = [];
  /** The rows that exist, by id: `{ row, run, … }`; and from which to which of the list they are. */
  const rows = new Map();
  let first = 0;
  let last = 0;
  /** The run that has the focus, or had it before its row was scrolled away. */
  let here = null;

  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    // A link does by itself what its reader wants of it, and who marks text wants no other page.
    if (!row || event.target.closest("a") || !getSelection().isCollapsed) return;
    on.open(row.querySelector("a").getAttribute("href"), event);
  });
  body.addEventListener("focusin", (event) => (here = event.target.closest("tr").dataset.run));

  function height() {
    return body.firstChild?.offsetHeight || 34;
  }

  /** Which rows are to exist, from where the screen is. */
  function range(all) {
    if (all.length <= WHOLE) return [0, all.length];
    const each = height();
    const top = -body.getBoundingClientRect().top / each;
    const from = Math.floor((top - AROUND) / CHUNK) * CHUNK;
    const to = Math.ceil((top + innerHeight / each + AROUND) / CHUNK) * CHUNK;
    return [from, to].map((at) => Math.max(0, Math.min(all.length, at)));
  }

  function draw(all) {
    items = all;
    [first, last] = range(all);
    const each = height();
    const shown = all.slice(first, last);
    const focused = body.contains(document.activeElement) ? document.activeElement : null;
    const ids = new Set(shown.map((run) => run.id));
    for (const [id, { row }] of rows) {
      if (!ids.has(id)) {
        row.remove();
        rows.delete(id);
      }
    }
    const now = Date.now();
    const isPart = shown.length < all.length;
    let place = body.firstChild;
    shown.forEach((run, index) => {
      let one = rows.get(run.id);
      if (!one) rows.set(run.id, (one = build(run)));
      if (one.run !== run) fill(one, run, now);
      if (one.row === place) place = place.nextSibling;
      else body.insertBefore(one.row, place);
      set(one.row, "aria-rowindex", isPart ? first + index + 2 : undefined);
    });
    set(runs, "aria-rowcount", isPart ? all.length + 1 : undefined);
    body.style.paddingTop = `${first * each}px`;
    body.style.paddingBottom = `${(all.length - last) * each}px`;
    fitAll();
    if (focused && focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
  }

  function fitAll() {
    const room = body.querySelector(".c-name")?.clientWidth;
    if (room) for (const one of rows.values()) fit(one, room);
  }

  /** Follows the screen. */
  function look() {
    const [from, to] = range(items);
    if (from !== first || to !== last) draw(items);
  }

  let frame = 0;
  const follow = () => (frame ||= requestAnimationFrame(() => {
    frame = 0;
    look();
  }));
  const refit = () => draw(items);
  addEventListener("scroll", follow, { passive: true });
  addEventListener("resize", refit, { passive: true });

  /** What changes with time alone. */
  function tick(now) {
    for (const one of rows.values()) drawTimes(one, now);
  }

  /** Shows what the rows are sorted by. */
  function sorted(sort) {
    for (const head of heads) {
      const isThis = head.dataset.by && head.dataset.by === sort.replace("-", "");
      set(head, "aria-sort", isThis ? (sort.startsWith("-") ? "descending" : "ascending") : undefined);
    }
  }

  /** Puts the focus so many rows further, or on the first row; whether there is one. */
  function move(steps) {
    if (items.length === 0) return false;
    const at = items.findIndex((run) => run.id === here);
    const to = at < 0 ? 0 : Math.max(0, Math.min(items.length - 1, at + steps));
    if (!rows.has(items[to].id)) {
      scrollBy(0, body.getBoundingClientRect().top + to * height() - innerHeight / 2);
      look();
    }
    focus(items[to].id);
    rows.get(items[to].id)?.row.scrollIntoView({ block: "nearest" });
    return true;
  }

  /** Puts the focus on a run, if its row is there. */
  function focus(id) {
    rows.get(id)?.link.focus({ preventScroll: true });
  }

  return {
    runs, draw, look, tick, sorted, move, focus,
    /** Whether the reader is on a row. */
    hasFocus: () => body.contains(document.activeElement),
    /** Goes back to before the first row. */
    leave() {
      here = null;
      if (body.contains(document.activeElement)) document.activeElement.blur();
    },
    close() {
      cancelAnimationFrame(frame);
      removeEventListener("scroll", follow);
      removeEventListener("resize", refit);
    },
  };
}
