// The frame around the views: which one is shown, the colours, the keys.

import { Refused, ask, tryKey } from "./api.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { store, stored } from "./storage.js";
import { showRun } from "./run/run.js";
import { showRuns } from "./list/runs.js";

const main = document.getElementById("main");
const connection = document.getElementById("connection");

/**
 * The view that is shown: `keys` (what it says of its keys), `press(event, isWriting)`, `close()`; and `moved()`, if it can
 * show another address itself: it says whether it does.
 */
let view = null;

/** What a view may ask of the frame. */
const frame = {
  /** Whether the reader came by the browser's back or forward: the view may show what it showed before. */
  isReturn: false,
  /** Goes to another address of this page. */
  go(url) {
    history.pushState({ from: location.pathname + location.search }, "", url);
    show();
  },
  /** Makes the address say what is shown, so that it can be passed on. */
  note(url) {
    if (url !== location.pathname + location.search) history.replaceState(history.state, "", url);
  },
  /** Tells of which workspace that is what is shown; gives the address of its list. */
  isOf(workspace) {
    drawWorkspaces(workspace);
    return home(workspace);
  },
  title(text) {
    document.title = text ? `${text} · bento` : "bento";
  },
  /** `live`, `lost`, or nothing. */
  connection(state) {
    const words = { live: "Live", lost: "Connection lost, retrying" };
    connection.dataset.state = state ?? "";
    connection.textContent = words[state] ?? "";
  },
  /** Tells what went wrong; asks for the key where the server wants one. */
  failed(error) {
    if (error.name === "AbortError") return;
    if (error instanceof Refused && error.status === 401) askForKey();
    else main.replaceChildren(el("p", { class: "problem", role: "alert" }, problemText(error)));
  },
};

function problemText(error) {
  return error instanceof Refused ? error.message : `The server does not answer: ${error.message}`;
}

function show(isReturn = false) {
  frame.isReturn = isReturn;
  drawWorkspaces();
  if (view?.moved?.()) return;
  view?.close();
  main.replaceChildren();
  frame.connection();
  scrollTo(0, 0);
  const run = location.pathname.match(/^\/runs\/([^/]+)$/);
  view = run ? showRun(main, decoded(run[1]), frame) : showRuns(main, frame);
}

/** An address may be cut in the middle of a letter. */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/* Links inside the page change the view without a load. */
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-link]");
  if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  frame.go(link.getAttribute("href"));
});
history.scrollRestoration = "manual";
addEventListener("popstate", () => show(true));

/* Keys */
document.addEventListener("keydown", (event) => {
  if (event.metaKey || event.ctrlKey || event.altKey || document.querySelector("dialog[open]")) return;
  const isWriting = event.target.closest?.("input, select, textarea");
  if (event.key === "?" && !isWriting) showKeys();
  else view?.press?.(event, Boolean(isWriting));
});

function showKeys() {
  const rows = (view?.keys ?? []).concat([["?", "These keys"]]);
  const list = rows.flatMap(([keys, words]) => [
    el("dt", {}, keys.split(" ").flatMap((key, index) => [index > 0 && " ", el("kbd", {}, key)])),
    el("dd", {}, words),
  ]);
  const close = el("button", { class: "button", type: "button", onclick: () => dialog.close() }, "Close");
  const dialog = el("dialog", { "aria-label": "Keyboard shortcuts" }, el("h2", {}, "Keyboard"), el("dl", {}, list), el("p", {}, close));
  open(dialog);
}

function askForKey() {
  if (document.querySelector("dialog[open]")) return;
  view?.close();
  view = null;
  frame.connection();
  const again = el("button", { class: "button", type: "button", onclick: askForKey }, "Give the key");
  main.replaceChildren(el("section", { class: "empty" }, el("h1", {}, "This server has a key"), el("p", { class: "muted" }, "Its runs are shown to who has it."), el("p", {}, again)));
  const input = el("input", { type: "password", name: "key", autocomplete: "off", placeholder: "bl_pk_…", required: true });
  const problem = el("p", { class: "bad", role: "alert" });
  const send = async (event) => {
    event.preventDefault();
    problem.textContent = "";
    try {
      await tryKey(input.value.trim());
    } catch (error) {
      problem.textContent = problemText(error);
      input.value = "";
      return input.focus();
    }
    dialog.close();
    show();
    askForWorkspaces();
  };
  const form = el(
    "form", { onsubmit: send },
    el("label", {}, "This server has a key. It is kept until this tab is closed.", input),
    problem,
    el("button", { class: "button main", type: "submit" }, "Show the runs"),
  );
  const dialog = el("dialog", { "aria-label": "Key" }, el("h2", {}, "Key"), form);
  open(dialog);
}

function open(dialog) {
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

document.getElementById("keys").addEventListener("click", showKeys);

/* Colours: the system's, until one is chosen. */
const theme = document.getElementById("theme");

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function drawTheme() {
  theme.replaceChildren(icon(isDark() ? "sun" : "moon", 16));
  theme.title = isDark() ? "Light colours" : "Dark colours";
  theme.setAttribute("aria-label", theme.title);
}

theme.addEventListener("click", () => {
  const chosen = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = chosen;
  store("bento-theme", chosen);
  drawTheme();
});
const chosen = stored("bento-theme");
if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawTheme);
drawTheme();

/* Workspaces: said only where there are several, or where the address names another one. */
let workspaces = [];

async function askForWorkspaces() {
  workspaces = await ask("/workspaces").catch(() => []);
  drawWorkspaces();
}

function home(id) {
  return id && id !== "local" ? `/?ws=${encodeURIComponent(id)}` : "/";
}

function drawWorkspaces(here = new URLSearchParams(location.search).get("ws") ?? (location.pathname === "/" ? "local" : undefined)) {
  if (here) document.querySelector(".brand").setAttribute("href", home(here));
  if (workspaces.length < 2 || !here) return;
  const isKnown = workspaces.some(({ id }) => id === here);
  const options = (isKnown ? workspaces : [{ id: here, name: here }, ...workspaces]).map(({ id, name }) => el("option", { value: id, selected: id === here }, name));
  const pick = el("select", { "aria-label": "Workspace", onchange: () => frame.go(home(pick.value)) }, options);
  document.getElementById("workspace").replaceChildren(pick);
}

show();
askForWorkspaces();
