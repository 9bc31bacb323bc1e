// The rows that are loaded: pages put together, and new ones that wait until the reader wants them.

/** Rows that are kept at most: a longer list is one to be narrowed. */
export const MOST_ROWS = 5_000;

const VALUES = {
  start_time: (run) => run.start_time,
  duration: (run) => run.duration_ms,
  cost: (run) => run.cost ?? -1,
  total_tokens: (run) => run.total_tokens,
  span_count: (run) => run.span_count,
};

/** Compares rows as the server does that sorts them. */
export function order(sort) {
  const value = VALUES[sort.replace("-", "")];
  const sign = sort.startsWith("-") ? -1 : 1;
  return (one, other) => {
    const [a, b] = [value(one), value(other)];
    return sign * (a < b ? -1 : a > b ? 1 : 0);
  };
}

/**
 * The first page anew, and behind it what was loaded of the list before. Where the two do not meet there may be runs
 * between them: the list begins again.
 */
export function merge(page, { items, cursor }, compare) {
  const ids = new Set(page.items.map((run) => run.id));
  const last = page.items.at(-1);
  if (!page.next_cursor || !items.some((run) => ids.has(run.id))) return { items: page.items, cursor: page.next_cursor };
  const rest = items.filter((run) => !ids.has(run.id) && compare(run, last) >= 0);
  // A list that is watched for long at its top grows there; what is behind is had again by going there.
  if (page.items.length + rest.length > MOST_ROWS) return { items: page.items, cursor: page.next_cursor };
  return { items: page.items.concat(rest), cursor: rest.length > 0 ? cursor : page.next_cursor };
}

/** The rows of one list. */
export class Rows {
  items = [];
  cursor = null;
  /** The newest first page, while the reader looks at something that is not to move. */
  held = null;

  constructor(sort) {
    this.compare = order(sort);
  }

  /**
   * Takes the first page; with `isReading`, nothing that stands is moved for new rows: they wait. With `isAnew` the page is
   * all there is: what was loaded before is of a time that nothing is known of.
   */
  take(page, isReading, isAnew = false) {
    this.held = page;
    if (isAnew) {
      const ids = new Set(page.items.map((run) => run.id));
      this.items = this.items.filter((run) => ids.has(run.id));
      this.cursor = page.next_cursor;
    }
    if (!isReading || this.items.length === 0 || this.waiting === 0) return this.release();
    const now = new Map(page.items.map((run) => [run.id, run]));
    this.items = this.items.map((run) => now.get(run.id) ?? run);
  }

  /** How many new rows wait. */
  get waiting() {
    if (!this.held) return 0;
    const shown = new Set(this.items.map((run) => run.id));
    return this.held.items.filter((run) => !shown.has(run.id)).length;
  }

  /** Lets the new rows in. */
  release() {
    if (!this.held) return;
    ({ items: this.items, cursor: this.cursor } = merge(this.held, this, this.compare));
    this.held = null;
  }

  /** Adds the page that begins at a cursor, if the list still ends there. */
  append(page, cursor) {
    if (cursor !== this.cursor) return;
    const ids = new Set(this.items.map((run) => run.id));
    this.items = this.items.concat(page.items.filter((run) => !ids.has(run.id)));
    this.cursor = page.next_cursor;
  }

  /** Takes what one run is now, if it is here; it goes if it is no longer what `state` asks for. */
  patch(run, state) {
    const at = this.items.findIndex((other) => other.id === run.id);
    if (at < 0) return false;
    this.items = this.items.with(at, run);
    if (state !== "all" && run.state !== state && !this.held) this.items = this.items.toSpliced(at, 1);
    return true;
  }

  get hasMore() {
    return this.cursor !== null && this.items.length < MOST_ROWS;
  }
}
