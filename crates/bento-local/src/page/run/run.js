// One run: what it is, its steps, and the one that is looked at; all of it as it happens.

import { el, set } from "../dom.js";
import { icon } from "../icons.js";
import { axisOf } from "./axis.js";
import { Detail } from "./detail.js";
import { divider } from "./divider.js";
import { Header } from "./header.js";
import { KEYS, presser } from "./keys.js";
import { feed } from "./live.js";
import { Steps } from "./steps.js";
import { Toolbar } from "./toolbar.js";
import { Tree } from "./tree.js";

const NARROW = matchMedia("(max-width: 760px)");
/** Safari refuses more than 100 changes of the address in half a minute. */
const BETWEEN_NOTES = 350;

/** Shows a run in `main` until it is closed. */
export function showRun(main, id, frame) {
  const steps = new Steps();
  let list = history.state?.from ?? "/";
  const back = el("a", { class: "button back", href: list, title: "Back to the runs (Esc)", "aria-label": "Back to the runs", onclick: leave }, icon("back", 16));
  const header = new Header(id, back);
  const open = (to) => {
    select(steps.get(to), { isByHand: true });
    if (NARROW.matches && !isSheet) openSheet();
  };
  const tree = new Tree({ select: open, fold });
  const toolbar = new Toolbar({ filter, nextFailed: () => nextFailed(1), follow, foldAll });
  const up = el("button", { class: "button up", type: "button", "aria-label": "Back to the steps", onclick: closeSheet }, icon("back", 16));
  const detail = new Detail({ select: (to) => select(steps.get(to), { isByHand: true }), tab: note }, up);
  const left = el("div", { class: "steps-pane" }, toolbar.element, tree.element);
  const panes = el("div", { class: "panes" }, left);
  panes.append(divider(panes), detail.element);
  const missing = el("div", { class: "empty", role: "status", hidden: true });
  const gone = el("p", { class: "notice", role: "status", hidden: true }, "This run is no longer on the server. What was loaded of it stays here until you leave.");
  const whole = el("div", { class: "run" }, header.element, gone, panes, missing);
  panes.hidden = true;
  main.append(whole);
  frame.title(`Run ${id.slice(0, 8)}`);

  let run = null;
  let connection = null;
  let selected = null;
  let sought = new URLSearchParams(location.search);
  let isByHand = sought.has("span");
  let isFollowing = false;
  let isLoaded = false;
  let isSheet = sought.has("span");
  let bounds = { start: 0, end: 0 };
  let axis = { start: 0, length: 1, version: 0 };
  let drawing = 0;
  let ticking = 0;
  let noting = 0;
  let notedAt = -BETWEEN_NOTES;

  /* What comes in */
  const stop = feed(id, {
    run(row) {
      const isFirst = !run;
      const wasRunning = run?.state === "running";
      run = row;
      missing.hidden = gone.hidden = true;
      panes.hidden = false;
      if (isFirst && document.activeElement === document.body) tree.element.focus({ preventScroll: true });
      if (isFirst) {
        const home = frame.isOf(row.workspace_id);
        if (!history.state?.from) back.href = list = home;
      }
      header.show(row);
      tellConnection();
      frame.title(row.name || `Run ${id.slice(0, 8)}`);
      if (isFirst && row.state === "running" && !isByHand) isFollowing = true;
      if (row.state !== "running") isFollowing = false;
      if (isFirst || wasRunning !== (row.state === "running")) keepTime();
      soon();
    },
    spans(rows) {
      if (!steps.merge(rows)) return;
      bounds = steps.bounds;
      settle();
      selected && run ? soon() : draw();
    },
    loaded() {
      isLoaded = true;
      settle();
      soon();
    },
    missing: showMissing,
    gone() {
      gone.hidden = false;
      // Whatever goes on with it, nobody hears of it here.
      if (run.state !== "running") return;
      run = { ...run, state: "unfinished" };
      isFollowing = false;
      header.show(run);
      keepTime();
      soon();
    },
    failed(error) {
      if (error.status === 401) return frame.failed(error);
      say("failed", el("h1", {}, "The server does not answer"), el("p", { class: "muted" }, error.message), el("p", {}, "It is asked again until it does."));
    },
    connection(state) {
      connection = state;
      tellConnection();
      if (state === "live") soon();
    },
  });

  /** That it is live is worth a word only while there is something to come. */
  function tellConnection() {
    frame.connection(connection === "live" && run?.state !== "running" ? null : connection);
  }

  function showMissing() {
    say(
      "missing",
      el("h1", {}, "This run is not here"),
      el("p", {}, "No run has the id ", el("code", {}, id), "."),
      el("p", { class: "muted" }, "It may not have arrived yet: programs send what they did every few seconds, or when they flush. It is shown here as soon as it comes."),
      el("p", {}, el("a", { class: "button", href: "/", "data-link": true }, "All runs")),
    );
  }

  /** Says why there is nothing to see; once, for it is read out. */
  function say(reason, ...words) {
    missing.hidden = false;
    if (missing.dataset.reason === reason) return;
    missing.dataset.reason = reason;
    missing.replaceChildren(...words);
  }

  /** Decides what is looked at, as long as nobody else has. */
  function settle() {
    const wish = sought.get("span");
    const asked = wish && steps.get(wish);
    if (asked) {
      const tab = sought.get("tab");
      sought = new URLSearchParams();
      return select(asked, { tab });
    }
    if (wish && !isLoaded) return;
    if (isFollowing) return select(steps.newest());
    if (selected) return;
    const isAllKnown = isLoaded || run?.error_count === 0;
    const node = steps.firstFailed() ?? (isAllKnown ? steps.first() : null);
    if (node) select(node, { tab: wish ? null : sought.get("tab") });
  }

  /* What is looked at */
  function select(node, { isByHand: byHand = false, tab = null } = {}) {
    if (!node) return;
    if (byHand) {
      isByHand = true;
      isFollowing &&= node === selected;
    }
    if (node === selected && !tab) return;
    selected = node;
    steps.reveal(node);
    toolbar.query = steps.query;
    draw();
    tree.reach(steps.indexOf(node));
    detail.show(node, viewOf(), tab);
  }

  function viewOf() {
    return { start: bounds.start, isRunning: isGoing() };
  }

  /** The server knows by what it hears, and when, whatever the clocks of those who send say. */
  function isGoing() {
    return run?.state === "running";
  }

  /** Makes the address say what is shown; not too often, for browsers count. */
  function note() {
    clearTimeout(noting);
    const early = notedAt + BETWEEN_NOTES - performance.now();
    if (early > 0) noting = setTimeout(note, early);
    else noteNow();
  }

  function noteNow() {
    const isShown = selected && detail.element.dataset.span === selected.id && (!NARROW.matches || isSheet);
    const isBare = selected && NARROW.matches && !isSheet;
    if (!isShown && !isBare) return;
    notedAt = performance.now();
    frame.note(isShown ? `${location.pathname}?span=${encodeURIComponent(selected.id)}&tab=${detail.tab}` : location.pathname);
  }

  function fold(at, isOpen) {
    const node = steps.get(at);
    if (!node || node.children.length === 0 || steps.query) return;
    steps.fold(node, isOpen ?? !node.open);
    refold();
  }

  function foldAll(isOpen) {
    steps.foldAll(isOpen);
    refold();
  }

  /** What is selected is never inside of something folded. */
  function refold() {
    let node = selected;
    while (node?.parent && steps.indexOf(node) < 0) node = node.parent;
    if (node && node !== selected) select(node, { isByHand: true });
    else draw();
  }

  function filter(query) {
    steps.query = query;
    steps.look();
    draw();
    tree.reach(steps.indexOf(selected));
  }

  function nextFailed(direction) {
    const node = steps.nextFailed(selected, direction);
    if (node) select(node, { isByHand: true });
  }

  function follow() {
    isFollowing = !isFollowing && run?.state === "running";
    if (isFollowing) {
      isByHand = false;
      select(steps.newest());
    }
    soon();
  }

  /* Drawing */
  function soon() {
    drawing ||= requestAnimationFrame(draw);
  }

  function draw() {
    cancelAnimationFrame(drawing);
    drawing = 0;
    if (!run) return;
    const now = Date.now();
    const isRunning = isGoing();
    measure(now, isRunning);
    tree.show({ rows: steps.rows, selected, axis, now, isRunning, isFound: steps.query !== "" });
    toolbar.show({ steps, run, axis, isFollowing, isRunning });
    header.tick(now, isRunning ? Math.max(now, bounds.end) : null);
    if (selected) detail.show(selected, viewOf());
  }

  function measure(now, isRunning) {
    const next = axisOf(bounds.start, isRunning ? Math.max(now, bounds.end) : bounds.end, isRunning);
    if (next.start !== axis.start || next.length !== axis.length) axis = { ...next, version: axis.version + 1 };
  }

  function keepTime() {
    clearInterval(ticking);
    ticking = setInterval(tick, run.state === "running" ? 100 : 10_000);
  }

  function tick() {
    if (document.hidden) return;
    const now = Date.now();
    const before = axis.version;
    const isRunning = isGoing();
    measure(now, isRunning);
    if (axis.version !== before) return draw();
    header.tick(now, isRunning ? Math.max(now, bounds.end) : null);
    if (!isRunning) return;
    tree.tick(now);
    detail.tick(now);
  }

  /* On a narrow screen a step lies over the list of steps */
  function openSheet() {
    noteNow();
    history.pushState({ ...history.state, isSheet: true }, "", location.pathname);
    showSheet(true);
  }

  function closeSheet() {
    if (history.state?.isSheet) history.back();
    else showSheet(false);
  }

  function showSheet(isOpen) {
    isSheet = isOpen;
    arrange();
    noteNow();
    if (NARROW.matches) (isOpen ? up : tree.element).focus({ preventScroll: true });
  }

  function arrange() {
    set(whole, "data-sheet", isSheet ? "open" : null);
    const isOver = isSheet && NARROW.matches;
    for (const under of [left, header.element]) under.inert = isOver;
    note();
  }
  NARROW.addEventListener("change", arrange);
  arrange();

  function leave(event) {
    if (event && (event.metaKey || event.ctrlKey || event.shiftKey || event.button > 0)) return;
    event?.preventDefault();
    if (history.state?.from && !history.state.isSheet) history.back();
    else frame.go(list);
  }

  const press = presser({
    steps, tree, detail, toolbar, select, fold, foldAll, nextFailed, follow, leave,
    selected: () => selected,
    enter() {
      if (NARROW.matches) openSheet();
      detail.focus();
    },
    hasSheet: () => isSheet && NARROW.matches,
    closeSheet,
  });

  return {
    keys: KEYS,
    press,
    /** The browser went back or forth; tells whether that is still this run. */
    moved() {
      if (location.pathname !== `/runs/${encodeURIComponent(id)}`) return false;
      const asked = new URLSearchParams(location.search);
      const node = steps.get(asked.get("span"));
      showSheet(Boolean(node));
      if (node) select(node, { tab: asked.get("tab") });
      return true;
    },
    close() {
      stop();
      tree.close();
      detail.close();
      clearInterval(ticking);
      clearTimeout(noting);
      cancelAnimationFrame(drawing);
      NARROW.removeEventListener("change", arrange);
      frame.connection(null);
    },
  };
}
