// A text of a step in the form that is best to read: a conversation, a tree of JSON, or as it is.

import { chatView, messagesOf } from "./chat.js";
import { jsonView } from "./json.js";
import { textView } from "./text.js";

/** Above that, reading JSON would be felt. */
const MOST = 8 * 1024 * 1024;

/** The forms that a text can be shown in, the best one first: `{ name, show() }`. */
export function formsOf(text) {
  const value = read(text);
  const forms = [];
  const messages = messagesOf(value);
  if (messages) forms.push({ name: "Chat", show: () => chatView(messages) });
  if (typeof value === "string") forms.push({ name: "Text", text: value });
  else if (value !== undefined) forms.push({ name: "JSON", show: () => jsonView(value) });
  forms.push({ name: forms.length > 0 ? "Raw" : "Text", text });
  return forms;
}

function read(text) {
  if (!/^\s*[[{"]/.test(text) || text.length > MOST) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Shows a text in the form of that name, or in the best one; `grow(text)` tells whether it could take a longer one in. */
export function payloadView(text, wanted) {
  const forms = formsOf(text);
  const form = forms.find(({ name }) => name === wanted) ?? forms[0];
  if (form.show) {
    try {
      return { forms, form: form.name, element: form.show(), grow: () => false };
    } catch (error) {
      // That is a fault of ours; the text can be read all the same.
      reportError(error);
      return payloadView(text, forms.at(-1).name);
    }
  }
  const view = textView(form.text);
  const grow = (next) => {
    if (forms.length > 1 || read(next) !== undefined) return false;
    view.update(next);
    return true;
  };
  return { forms, form: form.name, element: view.element, grow };
}

/** How much a text is: 12 B, 3.4 KB, 1.2 MB */
export function sizeOf(text) {
  const bytes = new Blob([text]).size;
  if (bytes < 1_000) return `${bytes} B`;
  return bytes < 999_500 ? `${(bytes / 1_000).toPrecision(3)} KB` : `${(bytes / 1_000_000).toPrecision(3)} MB`;
}
