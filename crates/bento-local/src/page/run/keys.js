// The keys of a run.

/** What the page says of them. */
export const KEYS = [
  ["j k", "Next or previous step (also ↓ ↑)"],
  ["← →", "Fold or unfold; to the parent or the first child"],
  ["x", "Unfold or fold all"],
  ["n p", "Next or previous step that failed"],
  ["Enter", "Into the step's text"],
  ["[ ]", "Previous or next tab"],
  ["1 – 5", "Input, output, error, attributes, events"],
  ["c", "Copy the text"],
  ["/", "Filter the steps"],
  ["f", "Follow the newest step"],
  ["Esc", "Back to the runs (also u)"],
];

/** What takes the keys for a run whose parts are given. */
export function presser(run) {
  const { steps, tree, detail, toolbar } = run;
  const choose = (node) => node && run.select(node, { isByHand: true });

  function move(by) {
    const at = steps.indexOf(run.selected());
    choose(steps.rows[Math.min(Math.max(0, at + by), steps.rows.length - 1)]);
  }

  function left() {
    const node = run.selected();
    if (node?.open && node.children.length > 0 && !steps.query) run.fold(node.id, false);
    else choose(node?.parent);
  }

  function right() {
    const node = run.selected();
    if (!node || node.children.length === 0) return;
    if (!node.open && !steps.query) run.fold(node.id, true);
    else choose(steps.rows.slice(node.index + 1).find(({ parent }) => parent === node));
  }

  const back = () => (run.hasSheet() ? run.closeSheet() : run.leave());
  const anywhere = {
    j: () => move(1), k: () => move(-1),
    n: () => run.nextFailed(1), e: () => run.nextFailed(1), p: () => run.nextFailed(-1),
    x: () => toolbar.toggleFold(), f: () => run.follow(), c: () => detail.copy(), "/": () => toolbar.focus(),
    "[": () => detail.step(-1), "]": () => detail.step(1),
    Escape: back, Backspace: back, u: back,
  };
  const inTree = {
    ArrowDown: () => move(1), ArrowUp: () => move(-1), PageDown: () => move(tree.page), PageUp: () => move(-tree.page),
    Home: () => choose(steps.rows[0]), End: () => choose(steps.rows.at(-1)),
    ArrowLeft: left, ArrowRight: right, h: left, l: right,
    Enter: () => run.enter(), " ": () => run.selected() && run.fold(run.selected().id),
  };

  /** In the search: out of it, with what was found. */
  function write(event) {
    if (!toolbar.has(event.target) || !["Escape", "Enter", "ArrowDown"].includes(event.key)) return;
    event.preventDefault();
    tree.element.focus();
    if (event.key === "Escape") toolbar.clear();
    else choose(steps.rows.find(({ isMatch }) => isMatch));
  }

  return (event, isWriting) => {
    if (isWriting) return write(event);
    const { target, key } = event;
    const isIdle = target === document.body || target.id === "main";
    const action = (isIdle || tree.element.contains(target) ? inTree[key] : undefined) ?? anywhere[key] ?? (/^[1-5]$/.test(key) ? () => detail.nth(Number(key)) : undefined);
    if (!action || (!run.selected() && action !== back)) return;
    event.preventDefault();
    action();
  };
}
