// The one way to the server: questions, and streams of what changes.

const STORED_KEY = "bento-key";

/** What the server said no with. */
export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export function remember(key) {
  sessionStorage.setItem(STORED_KEY, key);
}

/** Whether this server wanted a key, and has one from its reader. */
export function hasKey() {
  return sessionStorage.getItem(STORED_KEY) !== null;
}

function headers() {
  const key = sessionStorage.getItem(STORED_KEY);
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/** Asks for JSON; parameters that are empty are left out, lists repeat. */
export async function ask(path, parameters = {}, signal = undefined) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of [value].flat()) {
      if (one !== undefined && one !== null && one !== "") query.append(name, one);
    }
  }
  const url = query.size > 0 ? `${path}?${query}` : path;
  const answer = await fetch(url, { headers: headers(), signal, cache: "no-store" });
  if (!answer.ok) throw new Refused(answer.status, await detail(answer));
  return answer.json();
}

async function detail(answer) {
  try {
    return (await answer.json()).detail ?? answer.statusText;
  } catch {
    return answer.statusText || `the server answered ${answer.status}`;
  }
}

/**
 * Follows an event stream until it is closed: `on.ready` each time it is connected (so that what was missed is loaded),
 * `on.lost` when the connection goes, `on.refused` when the server will not have it, and `on[event](data)` for each event. While the page is not looked at nothing is
 * held open: a browser has six connections for one server.
 */
export function follow(path, on) {
  let current = null;
  let pause = 0;
  let timer = 0;
  let closed = false;

  async function connect() {
    clearTimeout(timer);
    if (closed || current || document.hidden) return;
    const mine = new AbortController();
    current = mine;
    try {
      const answer = await fetch(path, { headers: headers(), signal: mine.signal, cache: "no-store" });
      if (!answer.ok) throw new Refused(answer.status, await detail(answer));
      for await (const { event, data } of events(answer.body)) {
        pause = 0;
        on[event]?.(data);
      }
    } catch (error) {
      if (error instanceof Refused && [401, 403, 404].includes(error.status) && !closed) {
        closed = true;
        on.refused?.(error);
      }
    }
    if (current === mine) current = null;
    if (mine.signal.aborted || closed) return;
    on.lost?.();
    pause = Math.min(Math.max(250, pause * 2), 5_000);
    timer = setTimeout(connect, pause);
  }

  function disconnect() {
    clearTimeout(timer);
    current?.abort();
    current = null;
  }

  const look = () => (document.hidden ? disconnect() : connect());
  document.addEventListener("visibilitychange", look);
  connect();
  return () => {
    closed = true;
    document.removeEventListener("visibilitychange", look);
    disconnect();
  };
}

/** The events of a `text/event-stream`, whose data is JSON on one line. */
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      let event = "message";
      let data = "";
      for (const line of block.split("\n")) {
        if (line.startsWith("event:")) event = line.slice(6).trim();
        else if (line.startsWith("data:")) data += line.slice(5).trim();
      }
      if (data) yield { event, data: JSON.parse(data) };
    }
  }
}
