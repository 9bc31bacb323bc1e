// The runs over time, which is also the way to a part of that time.

import { el, set, write } from "../dom.js";
import { count, plural } from "../format.js";
import { between, tick } from "./window.js";

/** What the tallest bar stands for at least: one run alone is no peak. */
const LEAST_TOP = 4;

/** Pixels that a label below the bars has. */
const LABEL = 130;

/** The histogram; `on.narrow(from, to)` and `on.widen()` say what the reader wants to see. */
export function histogram(on) {
  const plot = el("div", { class: "histogram", role: "group", "aria-label": "Runs over time. Arrow keys move, Enter shows a bar's time alone, Escape all again." });
  const most = el("span", { class: "most", "aria-hidden": "true" });
  const part = el("div", { class: "part", hidden: true });
  const axis = el("div", { class: "axis", "aria-hidden": "true" });
  const tip = el("div", { class: "tip", "aria-hidden": "true", hidden: true }, el("b"), el("span"), el("span", { class: "bad" }));
  const box = el("div", { class: "histogram-box" }, most, plot, part, axis, tip);

  let grid = null;
  let bars = [];
  let buttons = [];
  /** The bar that Tab comes to, and where a stretch of several began. */
  let here = 0;
  let anchor = null;

  function draw(times, all) {
    grid = times;
    bars = all;
    const top = Math.max(LEAST_TOP, ...bars.map((bar) => bar.runs));
    while (buttons.length < bars.length) {
      const button = el("button", { type: "button", class: "bucket", tabindex: "-1" }, el("span", {}, el("span", {})));
      buttons.push(button);
      plot.append(button);
    }
    for (const button of buttons.splice(bars.length)) button.remove();
    bars.forEach((bar, index) => {
      const button = buttons[index];
      set(button, "data-bucket", new Date(bar.start).toISOString().replace(".000Z", "Z"));
      set(button, "data-runs", bar.runs);
      set(button, "data-errors", bar.errors);
      set(button, "aria-label", `${between(bar.start, bar.end)}: ${words(bar).join(", ")}`);
      const column = button.firstChild;
      grow(column, bar.runs / top);
      grow(column.firstChild, bar.runs > 0 ? bar.errors / bar.runs : 0);
    });
    here = Math.min(here, Math.max(0, bars.length - 1));
    buttons.forEach((button, index) => set(button, "tabindex", index === here ? 0 : -1));
    write(most, bars.some((bar) => bar.runs > 0) ? count(top) : "");
    drawAxis();
    const shown = buttons.findIndex((button) => button.matches(":hover, :focus-visible"));
    if (shown >= 0) show(shown);
    else tip.hidden = true;
  }

  function grow(element, part) {
    const height = `${Math.round(part * 1_000) / 10}%`;
    if (element.style.height !== height) element.style.height = height;
    set(element, "data-some", part > 0);
  }

  function drawAxis() {
    const every = Math.ceil(bars.length / Math.max(1, Math.floor(plot.clientWidth / LABEL)));
    const shown = grid ? bars.filter((_, index) => index % every === 0 && (index + every / 2 < bars.length || index === 0)) : [];
    while (axis.children.length > shown.length) axis.lastChild.remove();
    shown.forEach((bar, index) => {
      const label = axis.children[index] ?? axis.appendChild(el("span"));
      write(label, tick(bar.start, grid, shown[index - 1]?.start));
      label.style.left = `${(bars.indexOf(bar) / bars.length) * 100}%`;
    });
  }

  function words({ runs, errors }) {
    return [plural(runs, "run"), errors > 0 && `${count(errors)} with errors`].filter(Boolean);
  }

  function show(index) {
    const [from, to] = anchor === null ? [index, index] : [Math.min(anchor, index), Math.max(anchor, index)];
    const some = bars.slice(from, to + 1);
    const sum = (name) => some.reduce((all, bar) => all + bar[name], 0);
    const [runs, errors = ""] = words({ runs: sum("runs"), errors: sum("errors") });
    [between(bars[from].start, bars[to].end), runs, errors].forEach((text, place) => write(tip.children[place], text));
    tip.hidden = false;
    const width = plot.clientWidth;
    const middle = (width * (from + to + 1)) / 2 / bars.length;
    const half = tip.offsetWidth / 2;
    tip.style.left = `${Math.round(Math.max(0, Math.min(middle - half, width - 2 * half)))}px`;
    part.hidden = anchor === null;
    part.style.left = `${(100 * from) / bars.length}%`;
    part.style.width = `${(100 * (to + 1 - from)) / bars.length}%`;
  }

  function hide() {
    anchor = null;
    tip.hidden = true;
    part.hidden = true;
  }

  /** Shows the time from where the stretch began to this bar alone. */
  function narrow(index) {
    const [from, to] = [Math.min(anchor ?? index, index), Math.max(anchor ?? index, index)];
    const isAll = from === 0 && to === bars.length - 1;
    hide();
    if (!isAll) on.narrow(bars[from].start, bars[to].end);
  }

  function at(event) {
    const { left, width } = plot.getBoundingClientRect();
    return Math.max(0, Math.min(bars.length - 1, Math.floor(((event.clientX - left) / width) * bars.length)));
  }

  let isDragging = false;
  plot.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || bars.length === 0) return;
    isDragging = true;
    anchor = at(event);
    plot.setPointerCapture(event.pointerId);
    show(anchor);
  });
  plot.addEventListener("pointermove", (event) => {
    if (bars.length > 0 && (isDragging || event.pointerType === "mouse")) show(at(event));
  });
  plot.addEventListener("pointerup", (event) => {
    if (isDragging && anchor !== null) narrow(at(event));
    isDragging = false;
  });
  plot.addEventListener("pointercancel", () => {
    isDragging = false;
    hide();
  });
  plot.addEventListener("pointerleave", () => isDragging || hide());
  // A click by pointer was a drag over one bar; one of the keyboard or of a reading aid has no place.
  plot.addEventListener("click", (event) => {
    const index = buttons.indexOf(event.target.closest("button"));
    if (event.detail === 0 && index >= 0) narrow(index);
  });

  plot.addEventListener("focusin", (event) => {
    const index = buttons.indexOf(event.target);
    if (index < 0 || isDragging) return;
    move(index);
    if (event.target.matches(":focus-visible")) show(index);
  });
  plot.addEventListener("focusout", () => isDragging || hide());
  plot.addEventListener("keydown", (event) => {
    const to = { ArrowLeft: here - 1, ArrowRight: here + 1, Home: 0, End: bars.length - 1 }[event.key];
    if (to !== undefined && bars.length > 0) {
      anchor = event.shiftKey ? (anchor ?? here) : null;
      move(Math.max(0, Math.min(bars.length - 1, to)));
      buttons[here].focus();
      show(here);
    } else if (event.key === "Escape") {
      if (anchor === null) on.widen();
      anchor = null;
      isDragging = false;
      show(here);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });

  function move(index) {
    set(buttons[here], "tabindex", -1);
    here = index;
    set(buttons[here], "tabindex", 0);
  }

  const sizes = new ResizeObserver(drawAxis);
  sizes.observe(plot);
  return { box, draw, close: () => sizes.disconnect() };
}
