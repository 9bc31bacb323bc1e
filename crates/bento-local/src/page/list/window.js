// The stretch of time that is looked at, and the bars that it is cut into.

import { instant } from "./address.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const LENGTHS = { "1h": HOUR, "24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY };

/** Bars that fit. */
const MOST_BARS = 120;

/** How long a bar may be; each is cut from buckets of the server, which are a minute, an hour or a day. */
const STEPS = [1, 2, 5, 10, 15, 30].map((n) => n * MINUTE)
  .concat([1, 2, 3, 6, 12].map((n) => n * HOUR), [1, 2, 7, 14, 30, 90, 365].map((n) => n * DAY));

/** Days that the server counts one by one: beyond, a run is of a clock that was never set. */
const MOST_DAYS = 9_990;

/** What sums are asked with where the window is open: before and after every run. */
const EVER = { start: "1970-01-01T00:00:00Z", end: "2554-01-01T00:00:00Z" };

/** When the window of a list begins and ends; null where it is open. */
export function stretch({ range, from, to }, now) {
  if (from !== null || to !== null) return { start: from, end: to };
  return { start: range === "all" ? null : now - LENGTHS[range], end: null };
}

/** The window as the list's parameters. */
export function forRows({ start, end }) {
  return { start_time: start === null ? undefined : instant(start), end_time: end === null ? undefined : instant(end) };
}

/** The window as the sums' parameters. */
export function forSums({ start, end }) {
  return { start: start === null ? EVER.start : instant(start), end: end === null ? EVER.end : instant(end) };
}

/**
 * The window as the histogram shows it: where it is open it begins with the first run and ends now, or with a run that
 * comes from a clock ahead of ours by less than a day: one that is years ahead would leave no room for the others; and it is never so short that one run is all there is to see.
 */
export function forBars({ start, end }, bounds, now) {
  const last = end ?? (start === null ? Math.max(now, Math.min(bounds.newest + 1, now + DAY)) : now);
  const first = Math.max(start ?? Math.min(bounds.first, last - HOUR / 2), last - MOST_DAYS * DAY);
  const length = Math.max(1, last - first);
  const step = STEPS.find((step) => length / step <= MOST_BARS && (step >= HOUR || length <= DAY)) ?? STEPS.at(-1);
  const bucket = step < HOUR ? "minute" : step < DAY ? "hour" : "day";
  return { start: first, end: Math.max(last, first + 1), step, bucket };
}

/** Puts the server's buckets together into bars, each `{ start, end, runs, errors }`. */
export function bars({ step, bucket }, items) {
  const unit = { minute: MINUTE, hour: HOUR, day: DAY }[bucket];
  const all = [];
  for (const item of items) {
    const at = Date.parse(item.start);
    // Bars begin at full hours and days of the reader's clock, where the server's buckets let them.
    const zone = -new Date(at).getTimezoneOffset() * MINUTE;
    const shift = zone % unit === 0 ? zone : 0;
    const start = Math.floor((at + shift) / step) * step - shift;
    let bar = all.at(-1);
    if (bar === undefined || start > bar.start) all.push((bar = { start, end: start + step, runs: 0, errors: 0 }));
    bar.runs += item.trace_count;
    bar.errors += item.error_count;
  }
  return all;
}

const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const year = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const time = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

function date(at, now) {
  return (new Date(at).getFullYear() === new Date(now).getFullYear() ? day : year).format(at);
}

/** 12:00–13:00, 19 Nov 12:00–13:00, 19 Nov, 19–26 Nov: as short as it says which. */
export function between(start, end, now = Date.now()) {
  const [first, last] = [date(start, now), date(end, now)];
  const isDays = time.format(start) === "00:00" && time.format(end) === "00:00" && end > start;
  if (isDays) {
    const until = date(end - 1, now);
    return first === until ? first : `${first} – ${until}`;
  }
  const isToday = first === date(now, now);
  const from = isToday && first === last ? time.format(start) : `${first} ${time.format(start)}`;
  const isSameDay = first === last || end - start <= DAY / 2;
  return isSameDay ? `${from}–${time.format(end)}` : `${from} – ${last} ${time.format(end)}`;
}

/** What stands below a bar: its time, with its day where that is another one than the label before told. */
export function tick(start, { step }, before = Date.now()) {
  if (step >= DAY) return date(start, Date.now());
  const words = day.format(start);
  return words === day.format(before) ? time.format(start) : `${words} ${time.format(start)}`;
}
