// Where there is nothing to list: why, and what to do.

import { hasKey } from "../api.js";
import { copyButton } from "../copy.js";
import { el } from "../dom.js";
import { address, isFiltered, isNarrowed, read } from "./address.js";
import { windowWords } from "./filters.js";

function block(words, text) {
  const copy = copyButton(`Copy ${words}`, () => text);
  return el("div", { class: "snippet" }, el("pre", { tabindex: "0", role: "region", "aria-label": words }, el("code", {}, text)), copy);
}

/** No run at all: the way to the first one. */
export function noRuns({ ws }) {
  const key = hasKey() ? "bl_pk_…" : `bl_pk_${ws}`;
  const code = `fn main() -> Result<(), Box<dyn std::error::Error>> {
    let _bento = bento::builder()
        .api_key("${key}")
        .base_url("${location.origin}")
        .init()?;
    let turn = bento::begin("user_turn").input("The capital of France?").start();
    bento::track_ai("answer").model("gpt-4o").output("Paris").tokens(14, 2).send();
    turn.output("Paris").finish()?;
    Ok(())
}`;
  const environment = `export BENTOLABS_BASE_URL=${location.origin}\nexport BENTOLABS_API_KEY=${key}`;
  return el(
    "section", { class: "empty" },
    el("h2", {}, "No runs yet"),
    el("p", { class: "muted" }, "Send the first one; it shows up here by itself."),
    block("the command that adds the library", "cargo add bentolabs-sdk"),
    block("the code of a first run", code),
    el("p", { class: "muted" }, "A program that has bento already needs no change:"),
    block("the environment of this server", environment),
    hasKey() && el("p", { class: "muted" }, "The key is the one that this server was started with."),
  );
}

/** No run for what was asked, or a question that was not answered: why, and the ways out of it. */
export function nothing(view, problem, { go, leave }) {
  const all = address({ ...read(""), ws: view.ws });
  if (problem?.status === 404) {
    return said(`There is no workspace “${view.ws}”`, null, ["Show the workspace “local”", () => leave("/")]);
  }
  if (problem) return said("The server did not answer this", problem.message, ["Show all runs", () => leave(all)]);
  const isTimed = isNarrowed(view) || view.range !== "all";
  const kind = view.state === "all" ? "run" : `${view.state} run`;
  const words = [`No ${kind}`, view.q && `matches “${view.q}”`, isTimed && `in ${windowWords(view)}`];
  const ways = [
    isFiltered(view) && ["Clear filters", () => go({ state: "all", q: "" })],
    isTimed && ["Look at all time", () => go({ range: "all", from: null, to: null })],
  ];
  return said(words.filter(Boolean).join(" "), null, ...ways.filter(Boolean));
}

function said(head, words, ...ways) {
  const buttons = ways.map(([name, act]) => el("button", { class: "button", type: "button", onclick: act }, name));
  return el("section", { class: "empty" }, el("h2", {}, head), words && el("p", { class: "muted" }, words), el("p", { class: "ways" }, buttons));
}
