// Where a run comes from: what is stored of it, page by page, and then what changes.

import { Away, Refused, ask, follow } from "../api.js";
import { paced } from "../pace.js";

const FIRST = 1_000;
const MORE = 2_000;
/** Milliseconds between two questions: after a run that goes on without a stream, one that is not there, one that has ended. */
const PAUSES = { going: 1_000, away: 2_000, over: 15_000 };
/** So long after its end a run keeps its stream, of which a browser has six. */
const LINGER = 30_000;

/**
 * Loads a run and keeps to it until it is closed. Tells `on.run(row)`, `on.spans(rows)`, `on.loaded()` when all of them are
 * there, `on.missing()` and `on.gone()` when it is not on the server, or not any more, `on.failed(error)` when there is no
 * answer, `on.connection(state)`. Rows may come again, and what is away may be there again.
 */
export function feed(id, on) {
  const path = `/traces/${encodeURIComponent(id)}`;
  const closed = new AbortController();
  let run = null;
  let text = "";
  let heard = 0;
  let stop = null;
  let timer = 0;
  let lingering = 0;
  let isLive = false;
  let isLoading = false;
  let isGone = false;
  let isBarred = false;
  let news = [];
  let frame = 0;

  const loads = paced(load, 250);

  function take(row) {
    run = row;
    isGone = false;
    text = JSON.stringify(row);
    on.run(row);
    linger();
  }

  async function load(signal) {
    isLoading = true;
    try {
      const before = heard;
      const [row, first] = await Promise.all([ask(path, {}, signal), ask(`${path}/spans`, { limit: FIRST }, signal)]);
      if (heard === before) take(row);
      on.spans(first.items);
      stop ??= follow(`${path}/stream`, events);
      for (let next = first.next_cursor; next; ) {
        const page = await ask(`${path}/spans`, { limit: MORE, after_id: next }, signal);
        on.spans(page.items);
        next = page.next_cursor;
      }
      on.loaded();
    } catch (error) {
      failed(error);
    } finally {
      isLoading = false;
    }
    later();
  }

  function failed(error) {
    if (error.name === "AbortError") return;
    if (!(error instanceof Refused || error instanceof Away)) return reportError(error);
    isBarred = error.status === 401;
    if (error.status === 404) gone();
    else if (error.status === 401 || !run) on.failed(error);
  }

  /** It is not on the server; it may come, or come again. */
  function gone() {
    if (stop) unfollow();
    if (!run) return on.missing();
    if (!isGone) on.gone();
    isGone = true;
  }

  /** Whether anything has changed; what has ended and is the same as before need not be loaded again. */
  async function check() {
    if (isLoading) return;
    try {
      const row = await ask(path, {}, closed.signal);
      if (JSON.stringify(row) !== text || (isLive && row.state === "running")) return loads.want();
    } catch (error) {
      failed(error);
    }
    later();
  }

  /** As long as there is no stream to hear it from, one has to ask. */
  function later() {
    clearTimeout(timer);
    if (closed.signal.aborted || isLive || isBarred) return;
    const isAway = !run || isGone;
    const again = () => (document.hidden ? later() : isAway ? loads.want() : check());
    timer = setTimeout(again, PAUSES[isAway ? "away" : run.state === "running" ? "going" : "over"]);
  }

  /** Lets go of the stream when nothing is to be expected of it. */
  function linger() {
    clearTimeout(lingering);
    if (run.state !== "running") lingering = setTimeout(unfollow, LINGER);
  }

  function unfollow() {
    stop?.();
    stop = null;
    isLive = false;
    on.connection(null);
    later();
  }

  const events = {
    ready() {
      isLive = true;
      clearTimeout(timer);
      on.connection("live");
      isLoading ? loads.want() : check();
    },
    lost() {
      if (isLive) on.connection("lost");
      isLive = false;
      later();
    },
    refused(error) {
      unfollow();
      failed(error);
    },
    span(row) {
      news.push(row);
      frame ||= requestAnimationFrame(tellNews);
    },
    run(row) {
      heard += 1;
      tellNews();
      take(row);
    },
    reset: loads.want,
  };

  function tellNews() {
    cancelAnimationFrame(frame);
    frame = 0;
    if (news.length > 0) on.spans(news.splice(0));
  }

  loads.want();
  return () => {
    closed.abort();
    stop?.();
    loads.stop();
    clearTimeout(timer);
    clearTimeout(lingering);
    cancelAnimationFrame(frame);
  };
}
