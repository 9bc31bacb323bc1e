// The list of steps as it is drawn: only the rows on screen exist, each of the same height.

import { el, set, write } from "../dom.js";
import { compact, cost, duration } from "../format.js";
import { icon, kindIcon } from "../icons.js";

/** Of a row, in pixels; a finger needs more of them. */
const HEIGHT = matchMedia("(pointer: coarse)").matches ? 36 : 28;
/** Rows kept ready beyond the edges. */
const BEYOND = 8;

export class Tree {
  #body = el("div", { role: "none", class: "rows" });
  #drawn = new Map();
  #spare = [];
  #view = { rows: [], selected: null, axis: { start: 0, length: 1, version: 0 }, now: 0, isRunning: false, isFound: false };
  #frame = 0;
  #watch;

  /** `on.select(id)` and `on.fold(id)` are told what a pointer does. */
  constructor(on) {
    this.element = el("div", { role: "tree", class: "tree", tabindex: "0", "aria-label": "Steps", "aria-busy": "true" }, this.#body);
    this.element.addEventListener("scroll", () => this.#soon(), { passive: true });
    this.element.addEventListener("click", (event) => {
      const id = event.target.closest(".step")?.dataset.span;
      if (id) event.target.closest(".chevron") ? on.fold(id) : on.select(id);
    });
    this.element.addEventListener("dblclick", (event) => {
      const id = event.target.closest(".chevron") ? null : event.target.closest(".step")?.dataset.span;
      if (id) on.fold(id);
    });
    this.element.style.setProperty("--row", `${HEIGHT}px`);
    this.#watch = new ResizeObserver(() => this.#soon());
    this.#watch.observe(this.element);
  }

  close() {
    this.#watch.disconnect();
    cancelAnimationFrame(this.#frame);
  }

  /** How many rows fit. */
  get page() {
    return Math.max(1, Math.floor(this.element.clientHeight / HEIGHT) - 1);
  }

  /** Shows the rows, those that are looked at at the same place as before. */
  show(view) {
    const anchor = this.#anchor();
    this.#view = view;
    this.#body.style.height = `${view.rows.length * HEIGHT}px`;
    set(this.element, "aria-busy", view.rows.length === 0 ? "true" : null);
    const at = anchor ? view.rows[anchor.node.index] === anchor.node ? anchor.node.index : -1 : -1;
    if (at >= 0 && at * HEIGHT + anchor.below !== this.element.scrollTop) this.element.scrollTop = at * HEIGHT + anchor.below;
    this.draw();
  }

  #anchor() {
    const { scrollTop } = this.element;
    const node = scrollTop > 0 && this.#view.rows[Math.floor(scrollTop / HEIGHT)];
    return node ? { node, below: scrollTop % HEIGHT } : null;
  }

  /** Brings a row into sight: to the middle from afar, else moving as little as possible. */
  reach(index) {
    const { scrollTop, clientHeight } = this.element;
    const top = index * HEIGHT;
    if (index < 0) return;
    if (top < scrollTop - 2 * HEIGHT || top > scrollTop + clientHeight + HEIGHT) this.element.scrollTop = top - clientHeight / 2;
    else if (top < scrollTop) this.element.scrollTop = top;
    else if (top + HEIGHT > scrollTop + clientHeight) this.element.scrollTop = top + HEIGHT - clientHeight;
  }

  #soon() {
    this.#frame ||= requestAnimationFrame(() => this.draw());
  }

  draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const { scrollTop, clientHeight } = this.element;
    const { rows } = this.#view;
    const from = Math.max(0, Math.floor(scrollTop / HEIGHT) - BEYOND);
    const to = Math.min(rows.length, Math.ceil((scrollTop + clientHeight) / HEIGHT) + BEYOND);
    const wanted = new Set(rows.slice(from, to));
    for (const [node, row] of this.#drawn) {
      if (wanted.has(node)) continue;
      this.#drawn.delete(node);
      this.#spare.push(row);
      row.element.remove();
    }
    let active = null;
    let next = this.#body.firstChild;
    for (const node of wanted) {
      const row = this.#drawn.get(node) ?? this.#spare.pop() ?? makeRow();
      this.#drawn.set(node, row);
      paint(row, node, this.#view);
      if (row.element === next) next = next.nextSibling;
      else this.#body.insertBefore(row.element, next);
      if (node === this.#view.selected) active = row.element.id;
    }
    set(this.element, "aria-activedescendant", active);
  }

  /** Lets the bars of what has not ended grow. */
  tick(now) {
    this.#view.now = now;
    for (const [node, row] of this.#drawn) if (node.isPending) stretch(row, node, this.#view);
  }
}

function makeRow() {
  const row = {
    guides: el("span", { class: "guides" }),
    chevron: el("span", { class: "chevron" }, icon("chevron", 12)),
    kind: el("span", { class: "kind" }),
    name: el("span", { class: "name cut" }),
    facts: el("span", { class: "facts muted" }),
    inside: el("span", { class: "inside muted" }),
    failures: el("span", { class: "failures" }),
    mark: el("span", { class: "mark" }),
    time: el("span", { class: "time number" }),
    bar: el("span", { class: "bar-waterfall" }),
  };
  const lead = el("span", { class: "lead" }, row.guides, row.chevron, row.kind, row.name, row.inside, row.failures, row.facts);
  row.element = el("div", { class: "step", role: "treeitem" }, lead, row.mark, row.time, el("span", { class: "track" }, row.bar));
  return row;
}

/** Writes what differs from what the row shows. */
function paint(row, node, view) {
  const { element } = row;
  const data = node.row;
  const isOpen = node.children.length > 0 && (view.isFound ? node.isNear && node.children.some((child) => child.isNear) : Boolean(node.open));
  const isAlive = node.isPending && view.isRunning;
  const sign = `${node.index} ${view.selected === node} ${isOpen} ${isAlive} ${node.level} ${node.count} ${node.failures} ${node.note} ${view.axis.version} ${node.siblings.length} ${view.isFound && node.isMatch}`;
  if (row.node === node && row.data === data && row.sign === sign) return;
  const hidden = isOpen ? 0 : node.count;
  const time = isAlive ? "" : node.isPending ? "–" : duration(data.duration_ms);
  const name = data.name.slice(0, 300) || "(no name)";
  if (row.node !== node) {
    element.id = `step-${node.id}`;
    element.dataset.span = node.id;
  }
  Object.assign(row, { node, data, sign });
  element.style.transform = `translateY(${node.index * HEIGHT}px)`;
  set(element, "data-status", data.status);
  set(element, "aria-level", node.level + 1);
  set(element, "aria-selected", String(view.selected === node));
  set(element, "aria-expanded", node.children.length > 0 ? String(isOpen) : null);
  set(element, "aria-setsize", node.siblings.length);
  set(element, "aria-posinset", placeOf(node));
  set(element, "data-origin", node.isFailed && node.failures === 0);
  set(element, "data-found", view.isFound && !node.isMatch ? "near" : null);
  const state = node.isFailed ? "failed" : isAlive ? "running" : node.isPending ? "unfinished" : "";
  if (row.state !== state) row.mark.replaceChildren(...(state ? [icon(state, 13), unseen(state)] : []));
  row.state = state;
  const inside = node.failures > 0 && hidden > 0 ? `${node.failures} failed` : "";
  set(element, "title", name.length > 30 ? name : null);
  row.guides.style.width = `${Math.min(node.level, 12) * 14 + Math.max(0, node.level - 12) * 3}px`;
  if (row.kind.dataset.kind !== data.kind) {
    row.kind.dataset.kind = data.kind;
    row.kind.replaceChildren(kindIcon(data.kind), unseen(data.kind));
  }
  write(row.name, name);
  const facts = factsOf(node);
  if (row.said !== facts.join()) row.facts.replaceChildren(...facts.map((fact) => el("span", {}, fact)));
  row.said = facts.join();
  write(row.inside, hidden > 0 ? `${compact(hidden)} inside` : "");
  write(row.failures, inside);
  write(row.time, time);
  stretch(row, node, view);
}

/** For those who hear what others see. */
function unseen(text) {
  return el("span", { class: "unseen" }, text);
}

/** Which of its siblings a step is; they are in order, so that it need not be sought among thousands. */
function placeOf({ at, siblings }) {
  let [from, to] = [0, siblings.length - 1];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (siblings[middle].at < at) from = middle + 1;
    else to = middle;
  }
  return from + 1;
}

function factsOf({ row, note }) {
  const tokens = row.input_tokens !== null || row.output_tokens !== null;
  return [
    note, row.model,
    tokens && `${compact(row.input_tokens ?? 0)} → ${compact(row.output_tokens ?? 0)}`,
    row.cost !== null && cost(row.cost),
  ].filter(Boolean);
}

function stretch(row, node, { axis, now, isRunning }) {
  const isAlive = node.isPending && isRunning;
  const end = isAlive ? Math.max(now, node.end) : node.end;
  const left = Math.min(Math.max(0, (node.start - axis.start) / axis.length), 1) * 100;
  const width = Math.min(Math.max(0, (end - node.start) / axis.length) * 100, 100 - left);
  row.bar.style.left = `${left}%`;
  row.bar.style.width = `${width}%`;
  if (isAlive) write(row.time, duration(Math.max(0, end - node.start)));
}
