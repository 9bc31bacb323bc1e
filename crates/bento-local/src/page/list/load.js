// What the list asks the server: rows and sums, again when something changed.

import { ask, follow } from "../api.js";
import { paced } from "../pace.js";
import { bars, forBars, forRows, forSums, stretch } from "./window.js";

const PAGE = 100;
/** As many rows are asked for at once when those that are shown have to be had anew. */
const MOST_ANEW = 1_000;

/** While a server has no event stream, it is asked this often. */
const POLL = 2_000;

/** The window moves on with time, also when nothing arrives. */
const DRIFT = 30_000;

/**
 * Keeps asking for what `view()` is: `on.rows(page, isAnew)`, with as many as `on.length()` where all are had anew, `on.sums(sums)`, `on.run(run)` for one that changed, `on.failed(error)`
 * of rows and `on.uncounted(error)` of sums, and `on.connection(state)`. `change()` is for another view, `more(cursor)` gives a further page, `close()` ends all.
 */
export function loads(view, on) {
  let unfollow = () => {};
  let poll = 0;
  /** How often something was missed of which nothing was loaded yet; 0 for not at all. */
  let missed = 0;
  let further = new AbortController();

  const path = () => `/workspaces/${encodeURIComponent(view().ws)}/traces`;
  const filters = ({ q, state }) => ({ q: q.trim(), state: state === "all" ? undefined : state });

  const rows = paced(async (signal) => {
    const window = forRows(stretch(view(), Date.now()));
    const mine = missed;
    const limit = mine ? Math.min(Math.max(PAGE, on.length()), MOST_ANEW) : PAGE;
    const tell = (page) => {
      if (missed === mine) missed = 0;
      on.rows(page, mine > 0);
    };
    await told(signal, tell, on.failed, () => ask(path(), { ...filters(view()), ...window, sort: view().sort, limit }, signal));
  }, 250);

  const sums = paced(async (signal) => {
    await told(signal, on.sums, on.uncounted, () => add(signal));
  }, 1_000);

  async function told(signal, tell, complain, question) {
    let answer;
    try {
      answer = await question();
    } catch (error) {
      if (!signal.aborted) complain(error);
      return;
    }
    if (!signal.aborted) tell(answer);
  }

  /** Counts by state, totals, and the bars: all of one window. */
  async function add(signal) {
    const { q, state } = filters(view());
    const now = Date.now();
    const window = stretch(view(), now);
    const end = (sort) => ask(path(), { sort, limit: 1 }, signal);
    const sum = (state) => ask(`${path()}/summary`, { q, state, ...forSums(window) }, signal);
    const [first, newest, counts, some] = await Promise.all([
      end("start_time"), end("-start_time"), sum(undefined), state && sum(state),
    ]);
    const totals = some ?? counts;
    if (first.items.length === 0) return { isVoid: true, counts, totals, grid: null, bars: [] };
    const start = ({ items }) => Date.parse(items[0].start_time);
    const grid = forBars(window, { first: start(first), newest: start(newest) }, now);
    const timeline = { q, state, bucket: grid.bucket, ...forSums(grid) };
    const { items } = await ask(`${path()}/timeline`, timeline, signal);
    return { isVoid: false, counts, totals, grid, bars: bars(grid, items) };
  }

  function touch() {
    rows.want();
    sums.want();
  }

  /** What changed meanwhile may be any of the rows that are shown. */
  function miss() {
    missed += 1;
    touch();
  }

  const whileSeen = (what) => () => document.hidden || what();
  const look = whileSeen(() => poll && touch());
  const drift = setInterval(whileSeen(sums.want), DRIFT);
  document.addEventListener("visibilitychange", look);

  function listen() {
    unfollow();
    clearInterval(poll);
    poll = 0;
    unfollow = follow(`${path()}/stream`, {
      ready() {
        on.connection("live");
        miss();
      },
      run(run) {
        on.run(run);
        touch();
      },
      reset: miss,
      lost() {
        on.connection("lost");
        // The server may be there and have too many that listen.
        touch();
      },
      refused({ status }) {
        if (status === 404) poll = setInterval(whileSeen(touch), POLL);
      },
    });
  }

  return {
    /** Asks for all of another view; `isOther` when it is another workspace, with another stream. */
    change(isOther) {
      further.abort();
      further = new AbortController();
      rows.ask();
      sums.ask();
      if (isOther) listen();
    },
    /** The page of rows behind a cursor. */
    more(cursor) {
      const window = forRows(stretch(view(), Date.now()));
      const page = { ...filters(view()), ...window, sort: view().sort, limit: PAGE, cursor };
      return ask(path(), page, further.signal);
    },
    close() {
      unfollow();
      clearInterval(poll);
      clearInterval(drift);
      document.removeEventListener("visibilitychange", look);
      for (const question of [rows, sums]) question.stop();
      further.abort();
    },
  };
}
