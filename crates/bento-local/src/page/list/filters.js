// The bar above the list: which runs, by state, words and time.

import { el, set, write } from "../dom.js";
import { compact, count } from "../format.js";
import { icon } from "../icons.js";
import { RANGES, STATES, isNarrowed } from "./address.js";
import { between } from "./window.js";

const WORDS = { "1h": "the last hour", "24h": "the last 24 hours", "7d": "the last 7 days", "30d": "the last 30 days", all: "all time" };

/** As-you-type waits for a pause in the typing, and for a word of one letter longer: it is the beginning of another. */
const PAUSE = 150;
const LONG_PAUSE = 800;

/** A state or a range as it stands on its button. */
export function title(name) {
  return name[0].toUpperCase() + name.slice(1);
}

/** The window in words: "the last hour", "12:00–13:00". */
export function windowWords({ range, from, to }) {
  if (from === null && to === null) return WORDS[range];
  if (to === null) return `the time since ${between(from, Date.now())}`;
  return from === null ? `the time before ${between(to, to)}` : between(from, to);
}

/** The bar; `on.state(name)`, `on.range(name)`, `on.q(text)` and `on.widen()` say what the reader chose. */
export function filterBar(on) {
  const choice = (data, name, shown, ...more) =>
    el("button", { type: "button", [`data-${data}`]: name, "aria-pressed": "false", ...shown }, ...more);
  const states = STATES.map((name) =>
    choice("filter", name, { onclick: () => on.state(name) }, title(name), " ", el("span", { class: "count" })));
  const ranges = RANGES.map((name) =>
    choice("range", name, { onclick: () => on.range(name), title: title(WORDS[name]) }, name === "all" ? "All" : name));
  const search = el("input", {
    type: "search", name: "q", placeholder: "Search name, id, user, text", "aria-label": "Search runs",
    autocomplete: "off", spellcheck: "false", maxlength: "1000", title: "Words of names, ids, users, models, tags, inputs, outputs, errors (/)",
  });
  const chip = el("button", { type: "button", class: "chip", onclick: on.widen, hidden: true });

  let typed = 0;
  const flush = () => {
    const isLate = typed !== 0;
    clearTimeout(typed);
    typed = 0;
    if (isLate) on.q(search.value);
    return isLate;
  };
  search.addEventListener("input", () => {
    clearTimeout(typed);
    const pause = /(^|\s)\S$/.test(search.value) ? LONG_PAUSE : PAUSE;
    typed = setTimeout(flush, search.value ? pause : 0);
  });

  const bar = el(
    "div", { class: "list-bar", role: "search", "aria-label": "Runs" },
    el("label", { class: "search" }, icon("search"), search),
    el("div", { class: "segments", role: "group", "aria-label": "State" }, states),
    el("span", { class: "grow" }),
    chip,
    el("div", { class: "segments", role: "group", "aria-label": "Time window" }, ranges),
  );

  return {
    bar,
    search,
    /** Asks for what was typed without waiting; whether something was. */
    flush,
    /** Shows what is chosen. */
    choose(view) {
      for (const button of states) {
        set(button, "aria-pressed", String(button.dataset.filter === view.state));
        // It is offered where there are some, which `counts` says.
        if (button.dataset.filter === "unfinished" && view.state === "unfinished") button.hidden = false;
      }
      const isPart = isNarrowed(view);
      for (const button of ranges) set(button, "aria-pressed", String(!isPart && button.dataset.range === view.range));
      if (document.activeElement !== search || view.q !== search.value.trim()) search.value = view.q;
      chip.hidden = !isPart;
      if (isPart) {
        const words = windowWords(view);
        chip.replaceChildren(words, icon("failed", 12));
        set(chip, "aria-label", `${words}: show ${WORDS[view.range]} again`);
        set(chip, "title", `Show ${WORDS[view.range]} again`);
      }
    },
    /** Shows how many runs there are of each state. */
    counts(counts, view) {
      for (const button of states) {
        const name = button.dataset.filter;
        const number = counts[name === "all" ? "trace_count" : `${name}_count`] ?? 0;
        const shown = button.querySelector(".count");
        write(shown, compact(number));
        set(shown, "title", number >= 100_000 ? count(number) : undefined);
        set(button, "data-some", number > 0);
        if (name === "unfinished") button.hidden = number === 0 && view.state !== name;
      }
    },
    close() {
      clearTimeout(typed);
    },
  };
}
