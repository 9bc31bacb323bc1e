// What the list shows, as its address says it: all of it, so that an address can be passed on.

export const STATES = ["all", "running", "completed", "failed", "cancelled", "unfinished"];
export const RANGES = ["1h", "24h", "7d", "30d", "all"];
export const NEWEST = "-start_time";
const SORTS = ["start_time", "duration", "cost", "total_tokens", "span_count"];

/** What an address asks for; what it does not say, or says wrongly, is as if nothing were chosen. */
export function read(search) {
  const said = new URLSearchParams(search);
  const one = (name, known, otherwise) => (known.includes(said.get(name)) ? said.get(name) : otherwise);
  const moment = (name) => {
    const at = Date.parse(said.get(name) ?? "");
    return Number.isNaN(at) || at < 0 ? null : at;
  };
  const [from, to] = [moment("from"), moment("to")];
  const isStretch = from === null || to === null || from < to;
  return {
    ws: said.get("ws") || "local",
    state: one("state", STATES, "all"),
    q: (said.get("q") ?? "").slice(0, 1_000),
    range: one("range", RANGES, "all"),
    from: isStretch ? from : null,
    to: isStretch ? to : null,
    sort: one("sort", SORTS.flatMap((name) => [name, `-${name}`]), NEWEST),
  };
}

/** The address of what is shown. */
export function address({ ws, state, q, range, from, to, sort }) {
  const said = new URLSearchParams();
  if (ws !== "local") said.set("ws", ws);
  if (state !== "all") said.set("state", state);
  if (q) said.set("q", q);
  if (range !== "all") said.set("range", range);
  if (from !== null) said.set("from", instant(from));
  if (to !== null) said.set("to", instant(to));
  if (sort !== NEWEST) said.set("sort", sort);
  // Colons may stand in a query, and times are easier to read with them.
  const query = said.toString().replaceAll("%3A", ":");
  return query ? `/?${query}` : "/";
}

/** A moment as the API reads it. */
export function instant(ms) {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}

/** Whether the histogram's reader has taken a part of the window. */
export function isNarrowed({ from, to }) {
  return from !== null || to !== null;
}

/** Whether runs are left out for another reason than their time. */
export function isFiltered({ state, q }) {
  return state !== "all" || q.trim() !== "";
}
