// The texts of steps, asked for one at a time: a few are kept, so that going back and forth is quick.

import { ask } from "../api.js";

const MOST_STEPS = 40;
const MOST_CHARACTERS = 24_000_000;

export class Texts {
  #kept = new Map();
  #characters = 0;

  /** What is kept of a step, be it of an earlier form. */
  of(node) {
    return this.#kept.get(node.id)?.span;
  }

  isCurrent(node) {
    return this.#kept.get(node.id)?.row === node.row;
  }

  async load(node, signal) {
    const { row } = node;
    const span = await ask(`/spans/${encodeURIComponent(node.id)}`, { trace_id: row.trace_id }, signal);
    this.#drop(node.id);
    const size = (span.input?.length ?? 0) + (span.output?.length ?? 0) + 10_000;
    this.#kept.set(node.id, { row, span, size });
    this.#characters += size;
    for (const id of this.#kept.keys()) {
      if (id === node.id || (this.#kept.size <= MOST_STEPS && this.#characters <= MOST_CHARACTERS)) break;
      this.#drop(id);
    }
    return span;
  }

  #drop(id) {
    this.#characters -= this.#kept.get(id)?.size ?? 0;
    this.#kept.delete(id);
  }
}
