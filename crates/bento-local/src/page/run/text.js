// Long texts, in pieces that are laid out only where they are looked at; the browser's own search finds what is in them.

import { el } from "../dom.js";
import { count } from "../format.js";

const PIECE = 8_192;
/** As much is put on the page at a time. */
const PART = 2 * 1024 * 1024;
/** Characters on a line, and the height of one, as far as that can be known before. */
const COLUMNS = 90;
const LINE = 18;

/** Shows a text; `update(text)` makes it another, and only adds where it has grown. */
export function textView(text) {
  const element = el("div", { class: "text" });
  const more = el("button", { class: "button", type: "button", onclick: () => show(shown + PART) });
  let whole = "";
  let shown = 0;
  let last = null;
  let lastLength = 0;

  function update(next) {
    if (next === whole) return;
    const isGrown = whole !== "" && next.startsWith(whole);
    const wasAll = shown === whole.length;
    whole = next;
    if (!isGrown) {
      element.replaceChildren();
      [shown, last] = [0, null];
    }
    if (!isGrown || wasAll) show(Math.max(PART, shown + (isGrown ? PART : 0)));
    else offer();
  }

  function show(end) {
    end = Math.min(end, whole.length);
    if (last && lastLength < PIECE && shown < end) {
      const to = Math.min(end, shown + PIECE - lastLength);
      last.firstChild.appendData(whole.slice(shown, to));
      lastLength += to - shown;
      shown = to;
    }
    const fresh = document.createDocumentFragment();
    while (shown < end) {
      const piece = whole.slice(shown, breakBefore(whole, Math.min(end, shown + PIECE), shown));
      last = el("span", { class: "piece" }, piece);
      last.style.containIntrinsicSize = `auto 0 auto ${LINE * linesOf(piece)}px`;
      lastLength = piece.length;
      shown += piece.length;
      fresh.append(last);
    }
    element.append(fresh);
    offer();
  }

  function offer() {
    if (shown < whole.length) {
      more.textContent = `Show more (${count(whole.length - shown)} characters)`;
      element.append(more);
    } else more.remove();
  }

  update(text);
  return { element, update };
}

/** A piece ends with a line where it can, for each piece begins a new one; and never within a character. */
function breakBefore(text, end, start) {
  if (end === text.length) return end;
  const line = text.lastIndexOf("\n", end - 1);
  if (line > start) return line + 1;
  const code = text.charCodeAt(end - 1);
  return code >= 0xd800 && code < 0xdc00 ? end - 1 : end;
}

function linesOf(text) {
  let lines = 0;
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf("\n", from);
    const to = end < 0 ? text.length : end;
    lines += Math.max(1, Math.ceil((to - from) / COLUMNS));
    from = to + 1;
  }
  return lines;
}

/** A text of which only the beginning is shown where it is long, and the rest when asked for. */
export function briefText(text, most) {
  if (text.length <= most) return [text];
  const rest = el("button", { class: "button rest", type: "button", onclick: () => {
    const { element } = textView(text);
    rest.previousSibling.remove();
    rest.replaceWith(element);
  } }, `Show all ${count(text.length)} characters`);
  return [el("span", {}, `${text.slice(0, most)}…`), rest];
}
