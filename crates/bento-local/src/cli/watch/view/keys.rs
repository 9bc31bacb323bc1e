//! The keys.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::text;
use super::bar::Bar;
use super::theme::{Role, Theme};

const KEYS: [(&str, &str); 18] = [
    ("q, Ctrl-C", "quit"),
    ("↑ ↓, j k", "one row"),
    ("PageUp PageDown", "one screen"),
    ("Home End, g G", "the first, the last"),
    ("Enter", "open a run; read a step"),
    ("Esc, Backspace", "back; all runs again"),
    ("/", "search runs; the next step of that name"),
    ("Ctrl-L", "draw the screen anew"),
    ("", ""),
    ("Runs", ""),
    ("s", "all, running, completed, failed, …"),
    ("", ""),
    ("A run", ""),
    ("Tab", "the tree, the step"),
    ("← →", "fold, unfold"),
    ("e", "the next step that failed"),
    ("n", "search on"),
    ("f", "follow the newest step"),
];

/// What stands around the keys.
const MARGIN: u16 = 2;

/// Draws the keys in the middle of the screen.
pub(super) fn draw(buffer: &mut Buffer, theme: Theme) {
    let keys = KEYS.iter().map(|(key, _)| text::width(key)).max().unwrap_or(0);
    let words = KEYS.iter().map(|(_, words)| text::width(words)).max().unwrap_or(0);
    let width = u16::try_from(keys + words + 2).unwrap_or(u16::MAX).saturating_add(2 * MARGIN);
    let height = u16::try_from(KEYS.len()).unwrap_or(u16::MAX).saturating_add(2);
    let screen = buffer.area;
    let (width, height) = (width.min(screen.width), height.min(screen.height));
    let (x, y) = ((screen.width - width) / 2, (screen.height - height) / 2);
    let area = Rect { x, y, width, height };
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            if let Some(cell) = buffer.cell_mut((x, y)) {
                cell.reset();
            }
        }
    }
    let inside = Rect { x: area.x + MARGIN.min(width), width: width.saturating_sub(2 * MARGIN), ..area };
    let lines = (area.y + 1..area.bottom().saturating_sub(1)).zip(KEYS);
    for (y, (key, words)) in lines {
        let mut bar = Bar::new(buffer, theme, Rect { y, height: 1, ..inside });
        let pad = " ".repeat(keys - text::width(key) + 2);
        bar.put(Role::Strong, key).put(Role::Plain, &pad).put(Role::Plain, words);
    }
    frame(buffer, area, theme);
}

fn frame(buffer: &mut Buffer, area: Rect, theme: Theme) {
    if area.width < 2 || area.height < 2 {
        return;
    }
    let (right, bottom) = (area.right() - 1, area.bottom() - 1);
    for y in area.top()..=bottom {
        for x in area.left()..=right {
            let corner = (x == area.x, x == right, y == area.y, y == bottom);
            let sign = match corner {
                (true, _, true, _) => "╭",
                (_, true, true, _) => "╮",
                (true, _, _, true) => "╰",
                (_, true, _, true) => "╯",
                (_, _, true, _) | (_, _, _, true) => "─",
                (true, ..) | (_, true, ..) => "│",
                _ => continue,
            };
            if let Some(cell) = buffer.cell_mut((x, y)) {
                cell.set_symbol(sign).set_style(theme.style(Role::Dim));
            }
        }
    }
}
