// What the page keeps from one time to the next, where the browser lets it; else until it is left.

const kept = new Map();

/** What is kept by that name, or null; in `localStorage`, or in `sessionStorage`, which each tab has of its own. */
export function stored(name, place = "localStorage") {
  try {
    return window[place].getItem(name) ?? kept.get(name) ?? null;
  } catch {
    return kept.get(name) ?? null;
  }
}

export function store(name, value, place = "localStorage") {
  try {
    window[place].setItem(name, value);
  } catch {
    kept.set(name, value);
  }
}
