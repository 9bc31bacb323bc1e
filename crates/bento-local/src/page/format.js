// Numbers, times and money as a reader takes them in at a glance.

const whole = new Intl.NumberFormat("en");

/** Milliseconds since the epoch, with the fraction that a `Date` leaves out. */
export function moment(text) {
  return Date.parse(`${text.slice(0, 19)}Z`) + Number(`0${text.slice(19, -1)}`) * 1_000;
}

/** 12,345 */
export function count(number) {
  return whole.format(number);
}

/** 12,345, or 1.2M where digits no longer help. */
export function compact(number) {
  if (number < 100_000) return whole.format(number);
  if (number < 1_000_000) return `${Math.round(number / 1_000)}k`;
  return `${(number / 1_000_000).toFixed(number < 10_000_000 ? 2 : 1)}M`;
}

/** 840 µs, 312 ms, 4.21 s, 2 min 05 s, 1 h 12 min, 3 d 04 h */
export function duration(ms) {
  if (ms < 1) return `${Math.round(ms * 1_000)} µs`;
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  const seconds = ms / 1_000;
  if (seconds < 9.995) return `${seconds.toFixed(2)} s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const total = Math.round(seconds);
  const two = (part) => String(part).padStart(2, "0");
  if (total < 3_600) return `${Math.floor(total / 60)} min ${two(total % 60)} s`;
  const hours = Math.floor(total / 3_600);
  if (hours < 48) return `${hours} h ${two(Math.floor((total % 3_600) / 60))} min`;
  return `${count(Math.floor(hours / 24))} d ${two(hours % 24)} h`;
}

/** The same for what still goes on, in whole seconds: 0 s, 42 s, 2 min 05 s. */
export function elapsed(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  return seconds < 60 ? `${seconds} s` : duration(seconds * 1_000);
}

/** A part of a whole: 0 %, 0.4 %, 12 % */
export function share(part, all) {
  const percent = all > 0 ? (100 * part) / all : 0;
  if (percent > 0 && percent < 0.05) return "<0.1 %";
  return `${percent === 0 || percent >= 9.95 ? Math.round(percent) : percent.toFixed(1)} %`;
}

/** $0.0042, $1.25; a dash where no price is known. */
export function cost(dollars) {
  if (dollars === null || dollars === undefined) return "–";
  if (dollars === 0) return "$0";
  if (dollars < 0.00005) return "<$0.0001";
  if (dollars < 1) return `$${dollars.toFixed(4)}`;
  return `$${dollars.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
}

/** "just now", "12 s ago", "3 min ago", "5 h ago", "2 d ago"; "in 3 h" where a clock is ahead */
export function ago(date, now = Date.now()) {
  const seconds = Math.round((now - date) / 1_000);
  // Clocks differ a little, and what has just come is no prophecy.
  if (seconds < -60) return `in ${distance(-seconds)}`;
  return seconds < 5 ? "just now" : `${distance(seconds)} ago`;
}

function distance(seconds) {
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h`;
  const days = Math.floor(hours / 24);
  return days < 1_000 ? `${days} d` : `${Math.floor(days / 365.25)} years`;
}

/** The exact time, where one points at a relative one. */
export function exact(date) {
  const local = date.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" });
  return `${local}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/** The beginning of an id, which is how one speaks of a run. */
export function reference(id) {
  return id.slice(0, 8);
}

/** 1 step, 2 steps */
export function plural(number, word) {
  return `${count(number)} ${word}${number === 1 ? "" : "s"}`;
}
