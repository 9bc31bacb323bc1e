// Small drawings, on a grid of 16.

import { svg } from "./dom.js";

const SIGNS = {
  // States
  completed: ["M3.500 8.500l3 3 6-7"],
  failed: ["M4.500 4.500l7 7M11.500 4.500l-7 7"],
  running: ["M8 2.500a5.500 5.500 0 1 1-5.500 5.500"],
  cancelled: ["M8 2.500a5.500 5.500 0 1 0 0 11a5.500 5.500 0 1 0 0-11", "M4.200 4.200l7.600 7.600"],
  unfinished: ["M3 8h.01M8 8h.01M13 8h.01"],
  // Controls
  chevron: ["M6 4l4 4-4 4"],
  copy: ["M5.500 5.500h7v8h-7z", "M3.500 10.500v-8h7"],
  search: ["M7 2.500a4.500 4.500 0 1 0 0 9a4.500 4.500 0 1 0 0-9", "M10.300 10.300l3.200 3.200"],
  back: ["M10 3.500L5.500 8l4.500 4.500"],
  sun: ["M8 5.200a2.800 2.800 0 1 0 0 5.600a2.800 2.800 0 1 0 0-5.600", "M8 1.500v1.300M8 13.200v1.300M1.500 8h1.300M13.200 8h1.300M3.400 3.400l.9.9M11.700 11.700l.9.9M12.600 3.400l-.9.9M4.300 11.700l-.9.9"],
  moon: ["M13 9.800A5.500 5.500 0 0 1 6.200 3a5.500 5.500 0 1 0 6.800 6.800z"],
};

/** Kinds of steps: a sender may name others, so that they stand alone. */
const KINDS = {
  llm: ["M8 1.800l1.700 4.500 4.500 1.700-4.500 1.700L8 14.200l-1.700-4.500L1.800 8l4.500-1.700z"],
  tool: ["M10.200 2.200a3.600 3.600 0 0 0-3.300 5L2.300 11.800a1.300 1.300 0 0 0 1.900 1.900l4.600-4.600a3.600 3.600 0 0 0 4.600-4.700L11.300 6.500 9.500 4.700l2.100-2.100a3.600 3.600 0 0 0-1.400-.4z"],
  agent: ["M3 5.500h10v7.500H3z", "M8 5.500V3", "M6 8.700v1.300M10 8.700v1.300"],
  retriever: ["M7 2.500a4.500 4.500 0 1 0 0 9a4.500 4.500 0 1 0 0-9", "M10.300 10.300l3.200 3.200"],
  embedding: ["M3 4h.01M8 4h.01M13 4h.01M3 8h.01M8 8h.01M13 8h.01M3 12h.01M8 12h.01M13 12h.01"],
  chain: ["M6.500 9.500l3-3", "M7.500 4.800l1.300-1.300a2.600 2.600 0 0 1 3.700 3.700L11.200 8.500", "M8.500 11.200l-1.300 1.300a2.600 2.600 0 0 1-3.700-3.700L4.800 7.500"],
  other: ["M8 4.500a3.500 3.500 0 1 0 0 7a3.500 3.500 0 1 0 0-7"],
};

/** A drawing by name, for eyes only: what it means is said in words beside it. */
export function icon(name, size = 14) {
  return draw(SIGNS[name] ?? KINDS.other, size, name === "running" ? "spin" : undefined);
}

/** What is drawn for a kind of step. */
export function kindIcon(kind, size = 14) {
  return draw(Object.hasOwn(KINDS, kind) ? KINDS[kind] : KINDS.other, size);
}

function draw(paths, size, kind) {
  return svg(
    "svg",
    {
      viewBox: "0 0 16 16", width: size, height: size, "aria-hidden": "true", fill: "none", stroke: "currentColor",
      "stroke-width": "1.600", "stroke-linecap": "round", "stroke-linejoin": "round",
      class: kind,
    },
    paths.map((d) => svg("path", { d })),
  );
}
