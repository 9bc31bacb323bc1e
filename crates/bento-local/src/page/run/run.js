// One run.

import { ask } from "../api.js";
import { el } from "../dom.js";

export function showRun(main, id, frame) {
  frame.title(id);
  ask(`/traces/${id}`)
    .then((run) => main.append(el("h1", {}, run.name)))
    .catch(frame.failed);
  return { close() {} };
}
