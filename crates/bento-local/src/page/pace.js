// How often something is asked: as soon as it may be, once at a time, and never so often that the server does little else.

/**
 * A question that is asked again when it is wanted: `least` milliseconds from one beginning to the next, and three times as
 * long as the answer took. `question(signal)` tells of its own failures: what it
 * throws is a fault of the page.
 */
export function paced(question, least) {
  let current = null;
  let isWanted = false;
  let earliest = 0;
  let timer = 0;

  async function start() {
    clearTimeout(timer);
    timer = 0;
    isWanted = false;
    const mine = new AbortController();
    current = mine;
    const began = performance.now();
    try {
      await question(mine.signal);
    } catch (error) {
      reportError(error);
    }
    if (current !== mine) return;
    current = null;
    earliest = began + Math.max(least, 3 * (performance.now() - began));
    if (isWanted) want();
  }

  function want() {
    isWanted = true;
    if (current || timer) return;
    const pause = earliest - performance.now();
    if (pause <= 0) start();
    else timer = setTimeout(start, pause);
  }

  function stop() {
    clearTimeout(timer);
    timer = 0;
    isWanted = false;
    current?.abort();
    current = null;
  }

  return {
    want,
    /** Asks at once, for something else: the answer that is under way is not waited for. */
    ask() {
      stop();
      start();
    },
    stop,
  };
}
