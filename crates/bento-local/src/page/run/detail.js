// The step that is looked at: what it is, and its texts in tabs.

import { copyButton } from "../copy.js";
import { el, set, write } from "../dom.js";
import { icon, kindIcon } from "../icons.js";
import { store, stored } from "../storage.js";
import { errorView, eventsView, isError, pairsView } from "./facets.js";
import { factsOf, timeOf } from "./facts.js";
import { payloadView, sizeOf } from "./payload.js";
import { Texts } from "./texts.js";

const TABS = ["input", "output", "error", "attributes", "events"];
const WORDS = { input: "Input", output: "Output", error: "Error", attributes: "Attributes", events: "Events" };
const TOOL_WORDS = { ...WORDS, input: "Args", output: "Result" };
/** So long the former step stays while the next one's texts are on their way. */
const PATIENCE = 150;
/** The texts of a step that goes on are asked for again no sooner than that. */
const AGAIN = 200;

export class Detail {
  #texts = new Texts();
  #node = null;
  #view = null;
  #span = null;
  /** The tab that was chosen for this step, and the one chosen last. */
  #own = null;
  #wanted = null;
  #form = null;
  #shown = {};
  #copied = "";
  #asked = null;
  #timers = { bare: 0, ask: 0 };
  #askedAt = 0;

  #kind = el("span", { class: "kind" });
  #name = el("h2", { class: "cut" });
  #state = el("span", { class: "state" });
  #time = el("span", { class: "number" });
  #facts = el("ul", { class: "facts-of" });
  #tabs = el("div", { role: "tablist", "aria-label": "Of this step" });
  #forms = el("div", { class: "forms", role: "group", "aria-label": "Shown as" });
  #size = el("span", { class: "muted number size" });
  #wrap = el("button", { class: "quiet wrap", type: "button", title: "Wrap long lines" }, "Wrap");
  #panel = el("div", { role: "tabpanel", class: "panel", id: "panel", tabindex: "0" });

  /** `on.select(id)` where a step is named, `on.tab()` when the tab is another one; `back` stands before the name. */
  constructor(on, back) {
    this.on = on;
    const head = el("div", { class: "first" }, back, this.#kind, this.#name, this.#state);
    const copy = copyButton("Copy this text (c)", () => (this.#shown.id === this.#node?.id ? this.#copied : ""));
    this.copy = () => copy.click();
    const tools = el("div", { class: "tools" }, this.#forms, this.#size, this.#wrap, copy);
    this.element = el("section", { class: "detail", "aria-label": "The selected step" }, el("div", { class: "step-head" }, head, this.#facts), this.#tabs, tools, this.#panel);
    this.element.hidden = true;
    this.#tabs.addEventListener("click", (event) => this.choose(event.target.closest("[role=tab]")?.dataset.tab));
    this.#tabs.addEventListener("keydown", (event) => this.#walk(event));
    this.#wrap.addEventListener("click", () => this.#setWrap(this.#wrap.getAttribute("aria-pressed") !== "true"));
    this.#setWrap(stored("bento-wrap") !== "no");
  }

  close() {
    this.#asked?.abort();
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
  }

  /** The tab that is shown. */
  get tab() {
    return this.#shown.tab ?? null;
  }

  focus() {
    this.#panel.focus();
  }

  /** Shows a step; `view` has the start of its run, and whether that goes on; `tab` is the one asked for. */
  show(node, view, tab = null) {
    this.#view = view;
    if (node === this.#node && !tab) return this.#refresh();
    this.#asked?.abort();
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#node = node;
    this.#own = TABS.includes(tab) ? tab : null;
    const kept = this.#texts.of(node);
    if (kept) this.#draw(kept);
    else this.#timers.bare = setTimeout(() => this.#draw(null), this.#span ? PATIENCE : 2 * PATIENCE);
    // Who runs through the steps with a key held down asks for the texts of the one that he stops at.
    const isFast = performance.now() - this.#askedAt < 80;
    this.#askedAt = performance.now();
    if (!kept || !this.#texts.isCurrent(node)) this.#ask(isFast ? 80 : 0);
  }

  /** What is known of the step has changed. */
  #refresh() {
    if (this.element.dataset.span === this.#node.id) this.#drawHead();
    if (this.#texts.isCurrent(this.#node) || this.#timers.ask || this.#asked) return;
    this.#ask(Math.max(0, AGAIN - (performance.now() - this.#askedAt)));
  }

  #ask(delay) {
    const node = this.#node;
    this.#timers.ask = setTimeout(async () => {
      this.#timers.ask = 0;
      this.#askedAt = performance.now();
      const mine = (this.#asked = new AbortController());
      let problem = null;
      const span = await this.#texts.load(node, mine.signal).catch((error) => ((problem = error), null));
      if (mine.signal.aborted) return;
      this.#asked = null;
      clearTimeout(this.#timers.bare);
      if (span) this.#draw(span);
      else if (!this.#texted) this.#draw(null, problem);
      if (span && !this.#texts.isCurrent(node)) this.#refresh();
    }, delay);
  }

  /** Takes up another tab, by its name. */
  choose(tab) {
    if (!tab || !this.#names().includes(tab) || (tab === this.#shown.tab && this.#shown.id === this.#node.id)) return;
    this.#own = this.#wanted = tab;
    this.#draw(this.#texted);
    this.on.tab();
  }

  /** The texts of the step that is selected; the panel may still show those of the one before. */
  get #texted() {
    return this.#span?.id === this.#node.id ? this.#span : null;
  }

  /** The next tab, or the one before. */
  step(direction) {
    const names = this.#names();
    this.choose(names[(names.indexOf(this.#shown.tab) + direction + names.length) % names.length]);
  }

  /** A tab by its number. */
  nth(number) {
    this.choose(TABS[number - 1]);
  }

  #walk(event) {
    const names = this.#names();
    const at = names.indexOf(this.#shown.tab);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: names.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.choose(names[(to + names.length) % names.length]);
    this.#tabs.querySelector("[aria-selected=true]").focus();
  }

  #names() {
    const has = { input: true, output: true, error: isError(this.#node.row, this.#texted), attributes: true, events: this.#texted?.events.length > 0 };
    return TABS.filter((tab) => has[tab]);
  }

  #pick(names) {
    const wish = [this.#own, "error", this.#wanted].find((tab) => names.includes(tab));
    if (wish) return wish;
    const span = this.#texted;
    // A tool that is at work has nothing to say yet; a model may begin at any moment.
    const isSilent = !this.#node.isPending || this.#node.row.kind === "tool";
    return isSilent && span?.output === null && span.input !== null ? "input" : "output";
  }

  tick(now) {
    if (this.#node?.isPending && this.element.dataset.span === this.#node.id) write(this.#time, timeOf(this.#node, this.#view, now));
  }

  #drawHead() {
    const { row, isFailed, isPending } = this.#node;
    const state = isFailed ? "failed" : isPending ? (this.#view.isRunning ? "running" : "unfinished") : "completed";
    if (this.#kind.dataset.kind !== row.kind) {
      this.#kind.dataset.kind = row.kind;
      this.#kind.replaceChildren(kindIcon(row.kind, 16));
    }
    const name = row.name || "(no name)";
    write(this.#name, name.slice(0, 400));
    set(this.#name, "title", name.slice(0, 2_000));
    if (this.#state.dataset.state !== state) {
      this.#state.dataset.state = state;
      this.#state.replaceChildren(icon(state, 12), state[0].toUpperCase() + state.slice(1));
    }
    write(this.#time, timeOf(this.#node, this.#view, Date.now()));
    set(this.#facts, "data-counting", state === "running");
    const { sign, make } = factsOf(this.#node, this.#span, this.#view, this.on.select);
    if (this.#facts.dataset.sign === sign) return;
    this.#facts.dataset.sign = sign;
    this.#facts.replaceChildren(...make(this.#time));
  }

  #draw(span, problem = null) {
    this.#span = span;
    this.element.hidden = false;
    set(this.element, "data-span", this.#node.id);
    this.#drawHead();
    const names = this.#names();
    const tab = this.#pick(names);
    const isOther = this.#shown.id !== this.#node.id || this.#shown.tab !== tab;
    this.#drawTabs(names, tab);
    set(this.#panel, "aria-busy", span || problem ? null : "true");
    if (span) this.#drawPanel(span, tab);
    else {
      this.#copied = "";
      this.#tools([], null);
      this.#panel.replaceChildren(problem ? this.#problemView(problem) : "");
    }
    this.#shown = span ? { ...this.#shown, id: this.#node.id, tab } : { id: this.#node.id, tab };
    if (isOther) this.on.tab();
  }

  #problemView(problem) {
    const again = el("button", { class: "button", type: "button", onclick: () => this.#ask(0) }, "Ask again");
    return el("p", { class: "problem", role: "alert" }, `Its texts did not come: ${problem.message} `, again);
  }

  #drawTabs(names, tab) {
    const words = this.#node.row.kind === "tool" ? TOOL_WORDS : WORDS;
    const present = new Map([...this.#tabs.children].map((child) => [child.dataset.tab, child]));
    names.forEach((name, index) => {
      const button = present.get(name) ?? el("button", { role: "tab", type: "button", id: `tab-${name}`, "data-tab": name, "aria-controls": "panel" });
      present.delete(name);
      write(button, words[name]);
      set(button, "title", `${words[name]} (${TABS.indexOf(name) + 1})`);
      set(button, "aria-selected", String(name === tab));
      set(button, "tabindex", name === tab ? "0" : "-1");
      if (this.#tabs.children[index] !== button) this.#tabs.insertBefore(button, this.#tabs.children[index] ?? null);
    });
    for (const button of present.values()) button.remove();
    set(this.#panel, "aria-labelledby", `tab-${tab}`);
  }

  #drawPanel(span, tab) {
    const isSame = this.#shown.id === span.id && this.#shown.tab === tab && this.#shown.form === this.#form && this.#shown.span;
    if (isSame && this.#shown.span === span) return;
    const panel = this.#panel;
    const wasAtEnd = panel.scrollHeight - panel.scrollTop - panel.clientHeight < 8;
    const isGrown = isSame && this.#drawSame(span, tab);
    if (!isGrown) {
      const { scrollTop, scrollLeft } = panel;
      this.#drawNew(span, tab);
      panel.scrollTop = isSame ? scrollTop : 0;
      panel.scrollLeft = isSame ? scrollLeft : 0;
    }
    this.#shown = { ...this.#shown, id: span.id, tab, form: this.#form, span };
    if (isSame && wasAtEnd && this.#node.isPending) panel.scrollTop = panel.scrollHeight;
  }

  #drawSame(span, tab) {
    if (tab !== "input" && tab !== "output") return false;
    const text = span[tab];
    const before = this.#shown.span[tab];
    if (text === before) return text !== null || span.status === this.#shown.span.status;
    if (!text || !before || !this.#shown.grow?.(text)) return false;
    this.#copied = text;
    write(this.#size, sizeOf(text));
    return true;
  }

  #drawNew(span, tab) {
    this.#shown.grow = null;
    if (tab === "input" || tab === "output") return this.#drawText(span[tab], tab);
    const view = { error: errorView, attributes: pairsView, events: eventsView }[tab](span, this.#view.start);
    this.#copied = view.text;
    this.#tools([], null);
    this.#panel.replaceChildren(view.element);
  }

  #drawText(text, tab) {
    this.#copied = text ?? "";
    if (!text) {
      this.#tools([], null);
      const words = tab === "output" && this.#node.isPending && this.#view.isRunning ? "Nothing has come out yet." : `No ${(this.#node.row.kind === "tool" ? TOOL_WORDS : WORDS)[tab].toLowerCase()} ${text === "" ? "but an empty text." : "was recorded."}`;
      this.#panel.replaceChildren(el("p", { class: "payload muted none" }, words));
      return;
    }
    const view = payloadView(text, this.#form);
    this.#shown.grow = view.grow;
    this.#tools(view.forms, view.form);
    write(this.#size, sizeOf(text));
    this.#panel.replaceChildren(el("div", { class: "payload", "data-form": view.form.toLowerCase() }, view.element));
  }

  /** The forms that there are to choose from. */
  #tools(forms, shown) {
    if (!shown) write(this.#size, "");
    const several = forms.length > 1 ? forms : [];
    const pick = (name) => () => {
      this.#form = name;
      this.#drawPanel(this.#span, this.#shown.tab);
      this.#forms.querySelector("[aria-pressed=true]")?.focus();
    };
    this.#forms.hidden = several.length === 0;
    this.#forms.replaceChildren(...several.map(({ name }) => el("button", { type: "button", "aria-pressed": String(name === shown), onclick: pick(name) }, name)));
  }

  #setWrap(isWrapped) {
    set(this.#wrap, "aria-pressed", String(isWrapped));
    set(this.#panel, "data-wrap", String(isWrapped));
    store("bento-wrap", isWrapped ? "yes" : "no");
  }
}
