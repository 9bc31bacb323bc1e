// The line between the steps and the one that is looked at: to be moved with a pointer or with keys.

import { el } from "../dom.js";
import { store, stored } from "../storage.js";

const STORED = "bento-split";
const [LEAST, MOST, USUAL] = [25, 75, 52];

/** A divider of `whole`, which has the share of its left side, in percent, as `--split`. */
export function divider(whole) {
  const element = el("div", {
    class: "divider", role: "separator", tabindex: "0", "aria-orientation": "vertical", "aria-label": "Width of the steps",
    "aria-valuemin": LEAST, "aria-valuemax": MOST, title: "Drag, or arrow keys",
  });
  let share = USUAL;

  function move(to, isKept = true) {
    share = Math.min(MOST, Math.max(LEAST, to));
    whole.style.setProperty("--split", `${share}%`);
    element.setAttribute("aria-valuenow", Math.round(share));
    if (isKept) store(STORED, share.toFixed(1));
  }

  element.addEventListener("pointerdown", (event) => {
    element.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  element.addEventListener("pointermove", (event) => {
    if (!element.hasPointerCapture(event.pointerId)) return;
    const { left, width } = whole.getBoundingClientRect();
    move(((event.clientX - left) / width) * 100);
  });
  element.addEventListener("dblclick", () => move(USUAL));
  element.addEventListener("keydown", (event) => {
    const to = { ArrowLeft: share - 2, ArrowRight: share + 2, Home: LEAST, End: MOST }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    move(to);
  });
  move(Number(stored(STORED)) || USUAL, false);
  return element;
}
