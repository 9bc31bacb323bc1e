// What the runs of the table add up to.

import { el, set, write } from "../dom.js";
import { compact, cost, count, duration, share } from "../format.js";

const NAMES = [["runs", "Runs"], ["errors", "With errors"], ["tokens", "Tokens"], ["cost", "Cost"], ["time", "Average time"]];

/** The totals; `draw(sums)` with an answer of the summary. */
export function totals() {
  const values = {};
  const list = el(
    "dl", { class: "totals" },
    NAMES.map(([name, words]) => {
      values[name] = el("dd", { "data-total": name });
      return el("div", {}, el("dt", {}, words), values[name]);
    }),
  );
  const part = el("span", { class: "muted" });
  const errors = document.createTextNode("");
  values.errors.append(errors, part);
  return {
    list,
    draw(sums) {
      const { trace_count: runs, error_count: failed, input_tokens: read, output_tokens: written } = sums;
      write(values.runs, count(runs));
      write(part, failed > 0 ? ` · ${share(failed, runs)}` : "");
      errors.data = count(failed);
      set(values.errors, "data-some", failed > 0);
      write(values.tokens, `${compact(read)} → ${compact(written)}`);
      set(values.tokens, "title", `${count(read)} in, ${count(written)} out`);
      write(values.cost, cost(sums.cost));
      write(values.time, sums.avg_duration_ms === null ? "–" : duration(sums.avg_duration_ms));
    },
  };
}
