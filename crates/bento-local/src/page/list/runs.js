// The list of runs.

import { ask } from "../api.js";
import { el } from "../dom.js";

export function showRuns(main, frame) {
  frame.title("");
  ask("/workspaces/local/traces", { limit: 50 })
    .then(({ items }) => main.append(el("ul", {}, items.map((run) => el("li", {}, el("a", { href: `/runs/${run.id}`, "data-link": true }, run.name))))))
    .catch(frame.failed);
  return { close() {} };
}
