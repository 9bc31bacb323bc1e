// The time axis of a run.

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const STEPS = [MINUTE, 2 * MINUTE, 3 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, 24 * HOUR];

/**
 * From when to when it goes, in milliseconds. While a run goes on there is room at its end, which grows in leaps: in
 * between the bars stand still.
 */
export function axisOf(start, end, isRunning) {
  let length = Math.max(end - start, 0.001);
  if (isRunning) length = 2 * SECOND * 1.5 ** Math.max(0, Math.ceil(Math.log(length / (1.9 * SECOND)) / Math.log(1.5)));
  return { start, length };
}

/** How far apart the marks are, so that there are that many of them at most. */
export function stride(length, most) {
  const least = length / most;
  if (least > 30 * SECOND) return STEPS.find((step) => step >= least) ?? Math.ceil(least / (24 * HOUR)) * 24 * HOUR;
  const power = 10 ** Math.floor(Math.log10(least));
  return power * [1, 2, 2.5, 5, 10].find((factor) => power * factor >= least);
}

/** What stands at a mark: 0, 200 ms, 1.5 s, 2 min, 3 h, 4 d */
export function mark(ms) {
  const [unit, word] = ms >= 48 * HOUR ? [24 * HOUR, "d"] : ms >= HOUR ? [HOUR, "h"] : ms >= MINUTE ? [MINUTE, "min"] : ms >= SECOND ? [SECOND, "s"] : ms >= 1 ? [1, "ms"] : [0.001, "µs"];
  return ms === 0 ? "0" : `${Number((ms / unit).toPrecision(3))} ${word}`;
}
