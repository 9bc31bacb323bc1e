// What a run is, on two lines.

import { copyButton } from "../copy.js";
import { el, set, write } from "../dom.js";
import { ago, compact, cost, count, duration, exact, moment, reference } from "../format.js";
import { icon } from "../icons.js";

const WORDS = { running: "Running · live", completed: "Completed", failed: "Failed", cancelled: "Cancelled", unfinished: "Unfinished" };

export class Header {
  #state = el("span", { class: "state", role: "status" });
  #name = el("h1", { class: "cut" });
  #copy;
  #duration = el("span", { class: "number" });
  #started = el("span", {});
  #facts = el("ul", { class: "facts-of" });
  #run = null;
  #shown = "";

  constructor(id, back) {
    this.#copy = copyButton(`Copy the run's id, ${id}`, () => id, reference(id));
    this.#copy.classList.add("mono");
    const first = el("div", { class: "first" }, back, this.#state, this.#name, el("span", { class: "grow" }), this.#copy);
    this.element = el("header", { class: "run-head" }, first, this.#facts);
    this.element.hidden = true;
  }

  show(run) {
    this.#run = run;
    this.element.hidden = false;
    if (this.#state.dataset.runState !== run.state) {
      set(this.#state, "data-run-state", run.state);
      set(this.#state, "data-state", run.state);
      this.#state.replaceChildren(icon(run.state, 12), WORDS[run.state] ?? run.state);
    }
    write(this.#name, run.name || "(no name)");
    set(this.#name, "title", run.name);
    const facts = factsOf(run);
    const shown = JSON.stringify(facts);
    if (shown !== this.#shown) {
      this.#shown = shown;
      const fixed = [fact("Time", this.#duration), fact("Started", this.#started)];
      this.#facts.replaceChildren(...fixed, ...facts.map(([label, text, kind]) => fact(label, text, kind)));
    }
    this.tick(Date.now());
  }

  /** Time goes on. */
  tick(now, end = null) {
    const run = this.#run;
    if (!run) return;
    const start = moment(run.start_time);
    const isCounting = run.state === "running" && end !== null;
    set(this.#facts, "data-counting", isCounting);
    write(this.#duration, duration(isCounting ? Math.max(0, end - start) : run.duration_ms));
    write(this.#started, ago(start, now));
    set(this.#started, "title", exact(new Date(start)));
  }
}

function fact(label, content, kind) {
  return el("li", { class: kind }, el("span", { class: "muted" }, label), " ", content);
}

function factsOf(run) {
  const others = run.models.length - 1;
  return [
    ["Steps", count(run.span_count)],
    run.error_count > 0 && ["Failed", count(run.error_count), "bad"],
    run.total_tokens > 0 && ["Tokens", `${compact(run.input_tokens)} → ${compact(run.output_tokens)}`],
    run.cost !== null && ["Cost", cost(run.cost)],
    others >= 0 && [others > 0 ? "Models" : "Model", run.models.slice(0, 3).join(", ") + (others > 2 ? ` +${others - 2}` : "")],
    run.trigger && ["Trigger", run.trigger],
    run.user_id && ["User", run.user_id.slice(0, 80)],
    run.session_id && ["Session", run.session_id.slice(0, 80)],
    run.version && ["Version", run.version.slice(0, 40)],
    run.tags.length > 0 && ["Tags", run.tags.slice(0, 12).join(", ").slice(0, 200)],
  ].filter(Boolean);
}
