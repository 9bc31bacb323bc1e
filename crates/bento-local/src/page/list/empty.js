// Where there is nothing to list: why, and what to do.

import { hasKey } from "../api.js";
import { el } from "../dom.js";

function block(words, text) {
  const copy = el("button", { class: "button", type: "button", "aria-label": `Copy ${words}` }, "Copy");
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text).then(() => copy.replaceChildren("Copied"), () => copy.replaceChildren("Not allowed"));
    setTimeout(() => copy.replaceChildren("Copy"), 1_500);
  });
  return el("div", { class: "snippet" }, el("pre", { tabindex: "0", role: "region", "aria-label": words }, el("code", {}, text)), copy);
}

/** No run at all: the way to the first one. */
export function noRuns({ ws }) {
  const key = hasKey() ? "bl_pk_…" : `bl_pk_${ws}`;
  const code = `fn main() -> Result<(), Box<dyn std::error::Error>> {
    let _bento = bento::builder().api_key("${key}").base_url("${location.origin}").init()?;
    let turn = bento::begin("user_turn").input("What is the capital of France?").start();
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

/** Nothing to show for a reason, and ways out of it, each `[words, what it does]`. */
export function nothing(head, words, ...ways) {
  const buttons = ways.map(([name, act]) => el("button", { class: "button", type: "button", onclick: act }, name));
  return el("section", { class: "empty" }, el("h2", {}, head), words && el("p", { class: "muted" }, words), el("p", { class: "ways" }, buttons));
}
