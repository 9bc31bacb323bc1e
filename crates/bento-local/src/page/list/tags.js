// How many tags stand whole behind a name: the name gives way to none of them.

/** What a tag has beside its text, what one has at most, and what is between them. */
const EDGES = 12;
const WIDEST = 160;
const GAP = 4;

/** What is kept free for "+2". */
const OTHERS = 26;

/** Texts whose width is known. */
const MOST_KNOWN = 4_000;
const known = new Map();
let pen = null;

/** How wide a text is; measured without the page being laid out for it. */
function width(text, style) {
  const key = style + text;
  let wide = known.get(key);
  if (wide === undefined) {
    pen ??= document.createElement("canvas").getContext("2d");
    pen.font = `${style} ${getComputedStyle(document.body).fontFamily}`;
    wide = Math.ceil(pen.measureText(text).width);
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(key, wide);
  }
  return wide;
}

/** How many of the tags fit into so many pixels behind the name; -1 where not even their number does. */
export function fitting(name, tags, room) {
  let left = room - width(name, "550 13px") - 2 * GAP;
  if (left < OTHERS) return -1;
  const wides = tags.map((tag) => Math.min(WIDEST, width(tag, "11px") + EDGES) + GAP);
  for (let shown = 0; shown < tags.length; shown += 1) {
    const isLast = shown === tags.length - 1;
    if (left < wides[shown] + (isLast ? 0 : OTHERS)) return shown;
    left -= wides[shown];
  }
  return tags.length;
}
