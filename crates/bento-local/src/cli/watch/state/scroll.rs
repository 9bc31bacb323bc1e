//! Which row is selected, and which part of a list is seen.

/// A place in a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Scroll {
    /// The selected row.
    pub(in super::super) index: usize,
    /// The first row that is seen.
    pub(in super::super) first: usize,
}

/// A way to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    By(isize),
    /// So many screens.
    Page(isize),
    First,
    Last,
}

impl Scroll {
    /// The row that is a step away in a list of so many rows, of which so many are seen.
    pub(super) fn target(self, step: Step, rows: usize, seen: usize) -> usize {
        let screen = isize::try_from(seen.saturating_sub(1).max(1)).unwrap_or(isize::MAX);
        let last = rows.saturating_sub(1);
        match step {
            Step::First => 0,
            Step::Last => last,
            Step::By(rows) => self.index.saturating_add_signed(rows).min(last),
            Step::Page(pages) => self.index.saturating_add_signed(pages.saturating_mul(screen)).min(last),
        }
    }

    /// Selects a row and shows it, with no more movement than that needs.
    pub(super) fn select(&mut self, index: usize, rows: usize, seen: usize) {
        self.index = index.min(rows.saturating_sub(1));
        let last = self.index;
        self.first = self.first.clamp((last + 1).saturating_sub(seen.max(1)), last);
        self.first = self.first.min(rows.saturating_sub(seen));
    }

    /// The selected row is at another place in the list now: it stays where it is on the screen, if that can be.
    pub(super) fn moved(&mut self, index: usize, rows: usize, seen: usize) {
        let line = self.index.saturating_sub(self.first);
        self.first = index.saturating_sub(line);
        self.select(index, rows, seen);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_selected_is_seen() {
        let mut scroll = Scroll::default();
        for (step, expected) in [
            (Step::By(-1), (0, 0)),
            (Step::By(9), (9, 0)),
            (Step::By(1), (10, 1)),
            (Step::Page(1), (19, 10)),
            (Step::Last, (99, 90)),
            (Step::By(1), (99, 90)),
            (Step::Page(-1), (90, 90)),
            (Step::By(-1), (89, 89)),
            (Step::First, (0, 0)),
        ] {
            let target = scroll.target(step, 100, 10);
            scroll.select(target, 100, 10);
            assert_eq!((scroll.index, scroll.first), expected, "{step:?}");
        }
        scroll.select(5, 0, 10);
        assert_eq!(scroll, Scroll::default());
        scroll.select(5, 100, 0);
        assert_eq!((scroll.index, scroll.first), (5, 5));
    }

    #[test]
    fn what_is_selected_stays_on_its_line() {
        let mut scroll = Scroll { index: 15, first: 10 };
        scroll.moved(18, 100, 10);
        assert_eq!((scroll.index, scroll.first), (18, 13));
        scroll.moved(2, 100, 10);
        assert_eq!((scroll.index, scroll.first), (2, 0));
        scroll.moved(4, 5, 10);
        assert_eq!((scroll.index, scroll.first), (4, 0));
    }
}
