// The steps of a run as a tree: who caused whom, what is folded, what failed inside. It knows nothing of the page.

import { moment } from "../format.js";

/** As many rows are unfolded without being asked for. */
const ROOM = 300;

export class Steps {
  /** What is to be seen, from top to bottom. */
  rows = [];
  /** How many of all steps failed. */
  failed = 0;
  query = "";
  #nodes = new Map();
  #sorted = [];
  #order = [];
  #tops = [];
  #isLoose = false;

  get size() {
    return this.#nodes.size;
  }

  get(id) {
    return this.#nodes.get(id);
  }

  /** When the first step began and when the last one that is known of ended. */
  get bounds() {
    let [start, end] = [Infinity, -Infinity];
    for (const node of this.#sorted) {
      if (node.start < start) start = node.start;
      if (node.end > end) end = node.end;
    }
    return { start, end };
  }

  /** Takes rows in, new and changed ones, in any order and any number of times; tells whether that changed anything. */
  merge(rows) {
    let isChanged = false;
    for (const row of rows) {
      const known = this.#nodes.get(row.id);
      if (known && !replaces(row, known.row)) continue;
      isChanged = true;
      const node = known ?? { id: row.id, children: [], open: undefined, byHand: false };
      this.#isLoose ||= !known || known.row.parent_id !== row.parent_id || known.row.start_time !== row.start_time;
      node.row = row;
      node.start = moment(row.start_time);
      node.end = moment(row.end_time);
      node.isFailed = row.status === "ERROR";
      node.isPending = row.status === "PENDING";
      if (known) continue;
      this.#nodes.set(row.id, node);
      this.#sorted.push(node);
    }
    if (this.#isLoose) this.#tie();
    if (isChanged) {
      this.#sum();
      this.#unfold();
      this.look();
    }
    return isChanged;
  }

  /** Who caused whom. No parent that is missing, and no circle, loses a step. */
  #tie() {
    this.#isLoose = false;
    this.#sorted.sort((a, b) => compare(a.row.start_time, b.row.start_time) || compare(a.id, b.id));
    for (const node of this.#sorted) {
      node.children.length = 0;
      // Who a failure is inside of is known anew: children may have come before their parents.
      node.isShown = node.isForced = false;
      node.at = -1;
    }
    const [roots, orphans] = [[], []];
    for (const node of this.#sorted) {
      const parent = this.#nodes.get(node.row.parent_id);
      node.parent = parent === node ? null : (parent ?? null);
      node.note = null;
      if (node.parent) parent.children.push(node);
      else if (node.row.parent_id === null) roots.push(node);
      else orphans.push(node);
    }
    for (const node of orphans) node.note = node.row.parent_id === node.id ? "its own parent" : "parent not here";
    this.#tops = roots.concat(orphans);
    for (const node of this.#sorted) node.siblings = node.parent?.children ?? this.#tops;
    this.#order = [];
    this.#walk(this.#tops);
    if (this.#order.length === this.#sorted.length) return;
    for (let node of this.#sorted) {
      if (node.at >= 0) continue;
      const met = new Set();
      for (; !met.has(node); node = node.parent) met.add(node);
      node.parent.children.splice(node.parent.children.indexOf(node), 1);
      node.parent = null;
      node.siblings = this.#tops;
      node.note = "its parents go in a circle";
      this.#tops.push(node);
      this.#walk([node]);
    }
  }

  /** Puts them in order, each parent before its children. */
  #walk(tops) {
    const rest = [...tops].reverse();
    while (rest.length > 0) {
      const node = rest.pop();
      node.level = node.parent ? node.parent.level + 1 : 0;
      node.at = this.#order.push(node) - 1;
      for (let index = node.children.length; index--; ) rest.push(node.children[index]);
    }
  }

  #sum() {
    this.failed = 0;
    for (const node of this.#order) node.count = node.failures = 0;
    for (let at = this.#order.length; at--; ) {
      const node = this.#order[at];
      if (node.isFailed) this.failed += 1;
      if (!node.parent) continue;
      node.parent.count += node.count + 1;
      node.parent.failures += node.failures + (node.isFailed ? 1 : 0);
    }
  }

  /** Level by level as far as there is room, and wherever something failed. What was decided once stays. */
  #unfold() {
    this.#decide(this.#tops);
    for (const node of this.#sorted) {
      if (!node.isFailed || node.isShown) continue;
      node.isShown = true;
      for (let above = node.parent; above && !above.isForced; above = above.parent) {
        above.isForced = true;
        if (!above.byHand) above.open = true;
      }
    }
  }

  #decide(from) {
    let room = ROOM - from.length;
    let level = from;
    while (level.length > 0) {
      const below = [];
      for (const node of level) {
        if (node.children.length === 0) continue;
        node.open ??= node.level === 0 || node.children.length <= room;
        if (!node.open) continue;
        room -= node.children.length;
        for (const child of node.children) below.push(child);
      }
      level = below;
    }
  }

  /** Works out anew what is to be seen. */
  look() {
    const order = this.#order;
    this.rows = [];
    if (this.query) return this.#find();
    for (let at = 0; at < order.length; ) {
      const node = order[at];
      node.index = this.rows.push(node) - 1;
      at += node.open ? 1 : 1 + node.count;
    }
  }

  #find() {
    const sought = this.query.toLowerCase();
    for (const node of this.#order) {
      node.isMatch = `${node.row.name} ${node.row.kind} ${node.row.model ?? ""}`.toLowerCase().includes(sought);
      node.isNear = node.isMatch;
    }
    for (let at = this.#order.length; at--; ) {
      const node = this.#order[at];
      if (node.isNear && node.parent) node.parent.isNear = true;
    }
    for (const node of this.#order) if (node.isNear) node.index = this.rows.push(node) - 1;
  }

  /** Where a step is to be seen; -1 inside of a folded one. */
  indexOf(node) {
    return node && this.rows[node.index] === node ? node.index : -1;
  }

  fold(node, isOpen) {
    node.open = isOpen;
    node.byHand = true;
    if (isOpen) this.#decide(node.children);
    this.look();
  }

  foldAll(isOpen) {
    for (const node of this.#order) {
      if (node.children.length > 0) [node.open, node.byHand] = [isOpen || node.level === 0, true];
    }
    this.look();
  }

  /** Opens what a step is inside of; tells whether anything had to be. */
  reveal(node) {
    let isChanged = false;
    for (let above = node.parent; above; above = above.parent) {
      if (above.open) continue;
      above.open = isChanged = true;
    }
    if (this.query && !node.isNear) [this.query, isChanged] = ["", true];
    if (isChanged) this.look();
    return isChanged;
  }

  /** The step where things first went wrong: the deepest one, whose failure went up to those above. */
  firstFailed() {
    return this.#order.find((node) => node.isFailed && node.failures === 0);
  }

  /** The next step that failed, or the one before, around the ends. */
  nextFailed(from, direction) {
    const failed = this.#order.filter((node) => node.isFailed);
    if (direction < 0) failed.reverse();
    return failed.find((node) => (node.at - (from?.at ?? -1)) * direction > 0) ?? failed[0];
  }

  /** The step that began last: it stays when it ends, until the next one begins. */
  newest() {
    return this.#sorted.at(-1);
  }

  first() {
    return this.#tops[0];
  }
}

function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A complete form stays, and a later one replaces an earlier one. */
function replaces(row, known) {
  if (row.status === "PENDING" && (known.status !== "PENDING" || row.end_time < known.end_time)) return false;
  for (const name in row) if (row[name] !== known[name]) return true;
  return false;
}
