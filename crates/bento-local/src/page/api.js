// The one way to the server: questions, and streams of what changes.

import { store, stored } from "./storage.js";

const STORED_KEY = "bento-key";

/** What the server said no with. */
export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** What kept an answer from coming: no server, or no way to it. */
export class Away extends Error {}

/** Keeps a key, once the server has taken it. */
export async function tryKey(key) {
  if (!/^[\x21-\x7e]+$/.test(key)) throw new Refused(401, "A key has no blanks and no letters beyond ASCII: was it cut short?");
  await get("/workspaces", { headers: bearer(key) });
  store(STORED_KEY, key, "sessionStorage");
}

/** Whether this server wanted a key, and has one from its reader. */
export function hasKey() {
  return stored(STORED_KEY, "sessionStorage") !== null;
}

function headers() {
  const key = stored(STORED_KEY, "sessionStorage");
  return key ? bearer(key) : {};
}

function bearer(key) {
  return { Authorization: `Bearer ${key}` };
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
  const answer = await get(url, { headers: headers(), signal });
  return answer.json().catch(away);
}

async function get(url, options) {
  const answer = await fetch(url, { ...options, cache: "no-store" }).catch(away);
  if (!answer.ok) throw new Refused(answer.status, await detail(answer));
  return answer;
}

/** What a browser throws where it has no answer looks like a fault of ours, which is to be told from it. */
function away(error) {
  throw error.name === "AbortError" ? error : new Away(error.message);
}

async function detail(answer) {
  try {
    return (await answer.json()).detail ?? answer.statusText;
  } catch {
    return answer.statusText || `the server answered ${answer.status}`;
  }
}

/** The server says something every 15 s; after so long without a word it is gone, though nothing may have told us. */
const SILENCE = 45_000;

/**
 * Follows an event stream until it is closed: `on.ready` each time it is connected (so that what was missed is loaded),
 * `on.lost` when the connection goes, `on.refused` when the server will not have it, which ends it, and `on[event](data)` for
 * each event. While the page is not looked at nothing is held open: a browser has six connections for one server.
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
    let refusal = null;
    let silence = 0;
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(() => mine.abort(), SILENCE);
    };
    heard();
    try {
      const answer = await get(path, { headers: headers(), signal: mine.signal });
      for await (const { event, data } of events(answer.body, heard)) {
        if (current !== mine) break;
        pause = 0;
        tell(event, data);
      }
    } catch (error) {
      if (error instanceof Refused && [401, 403, 404].includes(error.status)) refusal = error;
    }
    clearTimeout(silence);
    if (current !== mine) return;
    current = null;
    if (refusal) {
      close();
      return tell("refused", refusal);
    }
    tell("lost");
    pause = Math.min(Math.max(250, pause * 2), 5_000);
    if (!closed) timer = setTimeout(connect, pause);
  }

  /** What goes wrong in there is a fault of the page, and says nothing of the connection. */
  function tell(event, data) {
    try {
      on[event]?.(data);
    } catch (error) {
      reportError(error);
    }
  }

  function disconnect() {
    clearTimeout(timer);
    current?.abort();
    current = null;
  }

  function close() {
    closed = true;
    document.removeEventListener("visibilitychange", look);
    disconnect();
  }

  const look = () => (document.hidden ? disconnect() : connect());
  document.addEventListener("visibilitychange", look);
  connect();
  return close;
}

/** The events of a `text/event-stream`, whose data is JSON on one line. */
async function* events(body, heard) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    heard();
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
