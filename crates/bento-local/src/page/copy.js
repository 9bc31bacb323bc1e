// What is copied, and that it was.

import { el } from "./dom.js";
import { icon } from "./icons.js";

async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Away from this machine a page without TLS has no clipboard of its own.
  const area = el("textarea", { class: "unseen", "aria-hidden": "true" });
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

/** A button that copies what `text()` says, and tells so for a moment. */
export function copyButton(label, text, face = "Copy") {
  const words = el("span", { class: "face" }, face);
  let timer = 0;
  const button = el("button", { class: "quiet copy", type: "button", title: label }, icon("copy", 13), words, el("span", { class: "unseen" }, label), el("span", { class: "unseen", role: "status" }));
  button.addEventListener("click", async () => {
    const said = await copy(text()).then(() => "Copied", () => "Not copied");
    words.textContent = button.lastChild.textContent = said;
    clearTimeout(timer);
    timer = setTimeout(() => {
      words.textContent = face;
      button.lastChild.textContent = "";
    }, 1_500);
  });
  return button;
}
