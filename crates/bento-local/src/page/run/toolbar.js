// Above the steps: the search among them, what failed, and the time axis.

import { el, set, write } from "../dom.js";
import { count, plural } from "../format.js";
import { mark, stride } from "./axis.js";

/** A mark of the axis with its words, and some air, in pixels. */
const LABEL = 64;

export class Toolbar {
  #input = el("input", { type: "search", name: "step", placeholder: "Filter steps", "aria-label": "Filter steps", autocomplete: "off", spellcheck: "false" });
  #found = el("span", { class: "muted found", role: "status" });
  #failed = el("button", { class: "button failed", type: "button", title: "Next step that failed (n)" });
  #follow = el("button", { class: "button follow", type: "button", title: "Follow the newest step (f)" }, "Follow");
  #fold = el("button", { class: "quiet fold", type: "button", title: "Unfold or fold all (x)" });
  #total = el("span", { class: "muted" });
  #marks = el("div", { class: "marks", "aria-hidden": "true" });
  #version = -1;
  #isOpen = false;

  constructor(on) {
    const filter = () => on.filter(this.#input.value.trim());
    this.#input.addEventListener("input", filter);
    this.clear = () => {
      this.#input.value = "";
      filter();
    };
    this.#failed.addEventListener("click", on.nextFailed);
    this.#follow.addEventListener("click", on.follow);
    this.toggleFold = () => on.foldAll(!this.#isOpen);
    this.#fold.addEventListener("click", this.toggleFold);
    const tools = el("div", { class: "step-tools" }, this.#input, this.#found, el("span", { class: "grow" }), this.#failed, this.#follow, this.#fold);
    const scale = el("div", { class: "scale" }, el("span", { class: "lead" }, this.#total), this.#marks);
    this.element = el("div", { class: "toolbar" }, tools, scale);
  }

  focus() {
    this.#input.select();
  }

  has(target) {
    return target === this.#input;
  }

  set query(query) {
    if (this.#input.value.trim() !== query) this.#input.value = query;
  }

  show({ steps, run, axis, isFollowing, isRunning }) {
    write(this.#found, steps.query ? `${count(steps.rows.filter(({ isMatch }) => isMatch).length)} found` : "");
    write(this.#failed, `${count(steps.failed)} failed`);
    this.#failed.hidden = steps.failed === 0;
    set(this.#follow, "aria-pressed", String(isFollowing));
    this.#follow.hidden = run.state !== "running";
    this.#isOpen = steps.rows.length === steps.size;
    write(this.#fold, this.#isOpen ? "Fold all" : "Unfold all");
    this.#fold.hidden = steps.size < 3 || steps.query !== "";
    write(this.#total, plural(steps.size, "step"));
    if (this.#version !== axis.version) this.#scale(axis);
    set(this.element.parentElement, "data-running", isRunning ? "" : null);
  }

  #scale({ length, version }) {
    this.#version = version;
    const most = Math.floor(this.#marks.clientWidth / LABEL);
    const step = stride(length, Math.min(4, Math.max(2, most)));
    const marks = [];
    for (let at = 0; at < length * 0.9; at += step) {
      const label = el("span", {}, mark(at));
      label.style.left = `${(at / length) * 100}%`;
      marks.push(label);
    }
    this.#marks.replaceChildren(...marks);
    this.element.parentElement.style.setProperty("--stride", `${(step / length) * 100}%`);
  }
}
