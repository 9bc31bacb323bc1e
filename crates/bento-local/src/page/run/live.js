// Where a run comes from: what is stored of it, page by page, and then what changes.

import { Refused, ask, follow } from "../api.js";

const FIRST = 1_000;
const MORE = 2_000;

/**
 * Loads a run and keeps to it until it is closed. Tells `on.run(row)`, `on.spans(rows)`, `on.loaded()` when all of them are
 * there, `on.missing()`, `on.failed(error)`, `on.connection(state)`. Rows may come again.
 */
export function feed(id, on) {
  const path = `/traces/${encodeURIComponent(id)}`;
  const closed = new AbortController();
  const { signal } = closed;
  let run = null;
  let text = "";
  let heard = 0;
  let stop = null;
  let timer = 0;
  let isLive = false;
  let isLoading = false;
  let isStale = false;
  let news = [];
  let frame = 0;

  function take(row) {
    run = row;
    text = JSON.stringify(row);
    on.run(row);
  }

  async function load() {
    isStale = isLoading;
    if (isLoading) return;
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
      if (error.name === "AbortError") return;
      if (error instanceof Refused && error.status === 404 && !run) on.missing();
      else if (!run || error.status === 401) return on.failed(error);
    } finally {
      isLoading = false;
    }
    later();
    if (isStale) load();
  }

  /** Whether anything has changed; what has ended and is the same as before need not be loaded again. */
  async function check() {
    if (isLoading) return;
    try {
      const row = await ask(path, {}, signal);
      if (JSON.stringify(row) !== text || (isLive && row.state === "running")) return load();
    } catch (error) {
      if (error.name === "AbortError") return;
    }
    later();
  }

  /** As long as there is no stream to hear it from, one has to ask. */
  function later() {
    clearTimeout(timer);
    if (signal.aborted || isLive || (run && run.state !== "running")) return;
    timer = setTimeout(() => (document.hidden ? later() : run ? check() : load()), run ? 1_000 : 2_000);
  }

  const events = {
    ready() {
      isLive = true;
      clearTimeout(timer);
      on.connection("live");
      isLoading ? (isStale = run.state === "running") : check();
    },
    lost() {
      if (isLive) on.connection("lost");
      isLive = false;
      later();
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
    reset: load,
  };

  function tellNews() {
    cancelAnimationFrame(frame);
    frame = 0;
    if (news.length > 0) on.spans(news.splice(0));
  }

  load();
  return () => {
    closed.abort();
    stop?.();
    clearTimeout(timer);
    cancelAnimationFrame(frame);
  };
}
