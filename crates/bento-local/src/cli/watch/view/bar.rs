//! One line of a terminal, filled from both ends.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::super::text;
use super::theme::{Role, Theme};

/// A line that is written from its left end, and from its right end where there is room.
pub(super) struct Bar<'a> {
    buffer: &'a mut Buffer,
    theme: Theme,
    /// What is free of the line.
    free: Rect,
}

impl<'a> Bar<'a> {
    /// The first line of an area; what stands outside of the terminal is not written.
    pub(super) fn new(buffer: &'a mut Buffer, theme: Theme, area: Rect) -> Self {
        let line = Rect { height: area.height.min(1), ..area };
        let free = line.intersection(buffer.area);
        Self { buffer, theme, free }
    }

    /// Writes at the left, cut to what is free.
    pub(super) fn put(&mut self, role: Role, text: &str) -> &mut Self {
        let style = self.theme.style(role);
        self.put_styled(style, text)
    }

    pub(super) fn put_styled(&mut self, style: Style, text: &str) -> &mut Self {
        if !self.free.is_empty() {
            let text = text::cut(text, self.free.width.into());
            let (end, _) =
                self.buffer.set_stringn(self.free.x, self.free.y, text, self.free.width.into(), style);
            self.free.width -= end - self.free.x;
            self.free.x = end;
        }
        self
    }

    /// Writes at the right, if all of it fits.
    pub(super) fn put_right(&mut self, role: Role, text: &str) -> &mut Self {
        let columns = u16::try_from(text::width(text)).unwrap_or(u16::MAX);
        if columns > 0 && columns < self.free.width && !self.free.is_empty() {
            let x = self.free.right() - columns;
            let style = self.theme.style(role);
            self.buffer.set_stringn(x, self.free.y, text, columns.into(), style);
            // A column stays between both.
            self.free.width -= columns + 1;
        }
        self
    }

    /// Columns that are free.
    pub(super) fn room(&self) -> usize {
        if self.free.is_empty() { 0 } else { self.free.width.into() }
    }
}
