// The list of runs: what is chosen, what the server says of it, and the parts that show it.

import { Refused } from "../api.js";
import { el, write } from "../dom.js";
import { count, plural } from "../format.js";
import { RANGES, STATES, address, isFiltered, isNarrowed, read } from "./address.js";
import { noRuns, nothing } from "./empty.js";
import { filterBar, title } from "./filters.js";
import { histogram } from "./histogram.js";
import { loads } from "./load.js";
import { MOST_ROWS, Rows } from "./rows.js";
import { table } from "./table.js";
import { totals } from "./totals.js";

/** What was shown when the reader left for a run, for when he comes back: `{ url, rows, sums, scroll, focus }`. */
let kept = null;

const KEYS = [
  ["j k", "Next and previous run (or the arrow keys)"], ["Enter", "Open the run"], ["/", "Search"],
  ["1 … 5", "All, running, completed, failed, cancelled (6: unfinished)"], ["f", "The next of these"],
  ["t", "The next time window"], ["r", "Show the new runs that wait"], ["Esc", "Clear search, time and filter"],
];

export function showRuns(main, frame) {
  let view = read(location.search);
  let rows = new Rows(view.sort);
  let sums = null;
  let isLoaded = false;
  /** Whether the number of runs was told to who does not see it. */
  let isSaid = false;
  /** What went wrong with the rows, until there are some again. */
  let problem = null;
  /** Whether the reader is on a row by the keyboard, which then stays where it is. */
  let isReading = false;
  let isTyping = false;
  let isMore = false;

  const bar = filterBar({
    state: (state) => go({ state }),
    range: (range) => go({ range, from: null, to: null }),
    q: (q) => go({ q: q.trim() }, isTyping),
    widen,
  });
  const chart = histogram({ narrow: (from, to) => go({ from, to }), widen });
  const numbers = totals();
  const list = table({ sort, open });
  const fresh = el("button", { type: "button", class: "fresh", hidden: true, onclick: showFresh });
  const more = el("button", { type: "button", class: "button more", hidden: true, onclick: showMore }, "Show more");
  const rest = el("p", { class: "muted rest", hidden: true });
  const said = el("span", { class: "unseen", role: "status" });
  const none = el("div", {});
  const sumsRow = el("section", { class: "list-sums", "aria-label": "Totals" }, numbers.list, chart.box);
  const box = el(
    "div", { class: "list", "data-loading": true },
    el("h1", { class: "unseen" }, "Runs"), bar.bar, sumsRow, el("div", { class: "fresh-place" }, fresh), list.runs, none, more, rest, said,
  );
  main.append(box);

  const asks = loads(() => view, {
    rows: takeRows,
    length: () => rows.items.length,
    sums: takeSums,
    run(run) {
      if (rows.patch(run, view.state)) draw();
    },
    failed,
    // Rows without sums are still rows, and the next sums come by themselves.
    uncounted: (error) => error instanceof Refused || frame.connection("lost"),
    connection(state) {
      if (state === "live") problem = null;
      frame.connection(state);
    },
  });

  /* What is chosen */

  function go(change, isSame = false) {
    const url = address({ ...view, ...change });
    if (url === address(view)) return;
    isTyping = "q" in change;
    if (isSame) {
      frame.note(url);
      moved();
    } else {
      frame.go(url);
    }
  }

  function moved() {
    if (location.pathname !== "/") return false;
    const before = view;
    view = read(location.search);
    if (address(view) !== address(before)) begin(view.ws !== before.ws);
    else if (!frame.isReturn) showFresh();
    return true;
  }

  /** Asks for another view; what is shown stays until the answer is there. */
  function begin(isOther) {
    problem = null;
    isLoaded = false;
    isSaid = false;
    isReading = false;
    choose();
    asks.change(isOther);
  }

  function choose() {
    frame.title(view.q ? `“${view.q}”` : view.state === "all" ? "" : `${title(view.state)} runs`);
    bar.choose(view);
    list.sorted(view.sort);
  }

  function widen() {
    if (isNarrowed(view)) go({ from: null, to: null });
  }

  function sort(by) {
    go({ sort: view.sort === `-${by}` ? by : `-${by}` });
  }

  function open(href, event) {
    if (event.metaKey || event.ctrlKey) window.open(href, "_blank", "noopener");
    else frame.go(href);
  }

  /* What the server says */

  function takeRows(page, isAnew) {
    if (!isLoaded) {
      isLoaded = true;
      rows = new Rows(view.sort);
      scrollTo(0, Math.min(scrollY, top()));
    }
    problem = null;
    if (!list.hasFocus()) isReading = false;
    rows.take(page, isReading || scrollY > top() + 8, isAnew);
    draw();
  }

  function takeSums(all) {
    sums = all;
    bar.counts(all.counts, view);
    numbers.draw(all.totals);
    chart.draw(all.grid, all.bars);
    if (!isSaid) write(said, plural(all.totals.trace_count, "run"));
    isSaid = true;
    draw();
  }
  function failed(error) {
    if (error instanceof Refused) {
      if (error.status === 401) return frame.failed(error);
      problem = error;
      return draw();
    }
    frame.connection("lost");
  }

  /* What is shown */

  /** Where the rows begin: who has scrolled beyond looks at rows, which stay where they are. */
  function top() {
    return list.runs.offsetTop;
  }

  function draw() {
    const isVoid = rows.items.length === 0 && Boolean(sums?.isVoid);
    const isNone = problem !== null || (isLoaded && rows.items.length === 0 && sums !== null);
    bar.bar.hidden = sumsRow.hidden = isVoid && !problem;
    list.runs.hidden = isNone;
    list.draw(problem ? [] : rows.items);
    drawNone(isNone, isVoid);
    const waiting = rows.waiting;
    fresh.hidden = waiting === 0;
    write(fresh, `${waiting >= 100 ? "100+ new runs" : plural(waiting, "new run")} ↑`);
    more.hidden = isNone || !rows.hasMore;
    rest.hidden = isNone || rows.hasMore || rows.cursor === null;
    write(rest, `These are the first ${count(MOST_ROWS)}. Narrow the time or search to see the others.`);
    if (isLoaded || problem) box.removeAttribute("data-loading");
  }

  let reason = "";
  function drawNone(isNone, isVoid) {
    const now = !isNone ? "" : problem ? `problem ${problem.message}` : isVoid ? `void ${view.ws}` : address(view);
    if (now === reason) return;
    reason = now;
    const ways = { go, leave: frame.go };
    none.replaceChildren(...(isNone ? [isVoid && !problem ? noRuns(view) : nothing(view, problem, ways)] : []));
  }

  function showFresh() {
    rows.release();
    isReading = false;
    list.leave();
    scrollTo(0, 0);
    draw();
  }

  async function showMore() {
    if (isMore || !rows.hasMore || !isLoaded) return;
    isMore = true;
    const { cursor } = rows;
    const these = rows;
    try {
      const page = await asks.more(cursor);
      these.append(page, cursor);
      if (these === rows) draw();
    } catch (error) {
      if (error.name !== "AbortError") failed(error);
    } finally {
      isMore = false;
    }
  }

  // Further rows come before the reader is at the end.
  const nearEnd = new IntersectionObserver(([entry]) => entry.isIntersecting && showMore(), { rootMargin: "600px" });
  nearEnd.observe(more);

  const clock = setInterval(() => document.hidden || list.tick(Date.now()), 1_000);

  /* Keys */

  function focusRow(steps) {
    if (list.move(steps)) isReading = true;
  }

  function next(all, now) {
    return all[(all.indexOf(now) + 1) % all.length];
  }

  function offered() {
    return STATES.filter((name) => !bar.bar.querySelector(`[data-filter="${name}"]`).hidden);
  }

  function escape(isWriting) {
    if (isWriting && !view.q && !bar.search.value) document.activeElement.blur();
    else if (isWriting) {
      bar.search.value = "";
      go({ q: "" }, isTyping);
    } else if (isNarrowed(view)) widen();
    else if (isFiltered(view)) go({ state: "all", q: "" });
    else {
      isReading = false;
      list.leave();
    }
  }

  const actions = {
    j: () => focusRow(1), k: () => focusRow(-1), ArrowDown: () => focusRow(1), ArrowUp: () => focusRow(-1),
    "/": () => bar.search.select(),
    f: () => go({ state: next(offered(), view.state) }),
    t: () => go({ range: next(RANGES, view.range), from: null, to: null }),
    r: () => rows.waiting > 0 && showFresh(),
    Escape: () => escape(false),
  };
  STATES.forEach((state, index) => (actions[index + 1] = () => go({ state })));

  function press(event, isWriting) {
    const isSearch = event.target === bar.search;
    if (isWriting && !isSearch) return;
    if (isSearch && !["Escape", "ArrowDown", "Enter"].includes(event.key)) return;
    const act = isSearch ? { Escape: () => escape(true), ArrowDown: actions.j, Enter: () => bar.flush() || actions.j() }[event.key] : actions[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  /* Beginning, and coming back */

  choose();
  if (frame.isReturn && kept?.url === address(view)) {
    ({ rows, sums } = kept);
    isLoaded = true;
    if (sums) takeSums(sums);
    draw();
    scrollTo(0, kept.scroll);
    list.look();
    list.focus(kept.focus);
  }
  asks.change(true);

  return {
    keys: KEYS,
    press,
    moved,
    close() {
      const run = location.pathname.match(/^\/runs\/([0-9a-f]+)/)?.[1];
      kept = { url: address(view), rows, sums, scroll: scrollY, focus: run };
      nearEnd.disconnect();
      clearInterval(clock);
      for (const part of [bar, chart, list]) part.close();
      asks.close();
    },
  };
}
