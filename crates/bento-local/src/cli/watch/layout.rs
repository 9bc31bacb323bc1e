//! Where things stand on a terminal of a given size: the state has to know how much of a list is seen, and the view where.

use ratatui::layout::{Rect, Size};

/// From so many columns on, a step stands beside the tree instead of below it.
const WIDE: u16 = 100;

/// Up to so many rows there is room for one of both only.
const LOW: u16 = 12;

/// The list of runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ListPlaces {
    pub(super) title: Rect,
    pub(super) heading: Rect,
    pub(super) rows: Rect,
    pub(super) status: Rect,
}

/// One run. What has no room is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RunPlaces {
    pub(super) title: Rect,
    pub(super) tree: Rect,
    /// Above the selected step, with its name.
    pub(super) heading: Rect,
    pub(super) detail: Rect,
    /// Between the tree and the step, where they stand beside each other.
    pub(super) rule: Rect,
    pub(super) status: Rect,
}

/// What the keys move in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Focus {
    #[default]
    Tree,
    Detail,
}

/// The list of runs on a terminal of this size.
pub(super) fn list(size: Size) -> ListPlaces {
    let [title, body, status] = bars(size);
    let (heading, rows) = split_rows(body, 1.min(body.height));
    ListPlaces { title, heading, rows, status }
}

/// One run on a terminal of this size.
pub(super) fn run(size: Size, focus: Focus) -> RunPlaces {
    let [title, body, status] = bars(size);
    let nothing = Rect { width: 0, height: 0, ..body };
    let (tree, rule, step) = if size.height <= LOW {
        match focus {
            Focus::Tree => (body, nothing, nothing),
            Focus::Detail => (nothing, nothing, body),
        }
    } else if size.width >= WIDE {
        let left = body.width / 2;
        let tree = Rect { width: left - 1, ..body };
        let rule = Rect { x: left, width: 1, ..body };
        (tree, rule, Rect { x: left + 2, width: body.width - left - 2, ..body })
    } else {
        let (tree, step) = split_rows(body, body.height / 2);
        (tree, nothing, step)
    };
    let (heading, detail) = split_rows(step, 1.min(step.height));
    RunPlaces { title, tree, heading, detail, rule, status }
}

/// The first row, the last one, and what is between.
fn bars(size: Size) -> [Rect; 3] {
    let whole = Rect::new(0, 0, size.width, size.height);
    let (title, rest) = split_rows(whole, 1.min(whole.height));
    let (body, status) = split_rows(rest, rest.height.saturating_sub(1));
    [title, body, status]
}

fn split_rows(area: Rect, first: u16) -> (Rect, Rect) {
    let above = Rect { height: first, ..area };
    (above, Rect { y: area.y + first, height: area.height - first, ..area })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_stands_outside_or_on_top_of_something_else() {
        for (width, height) in
            (0..130).step_by(13).flat_map(|width| (0..40).map(move |height| (width, height)))
        {
            let size = Size { width, height };
            let list = list(size);
            check(size, &[list.title, list.heading, list.rows, list.status]);
            for focus in [Focus::Tree, Focus::Detail] {
                let run = run(size, focus);
                check(size, &[run.title, run.tree, run.heading, run.detail, run.rule, run.status]);
            }
        }
    }

    fn check(size: Size, areas: &[Rect]) {
        let whole = Rect::new(0, 0, size.width, size.height);
        for (place, area) in areas.iter().enumerate().filter(|(_, area)| !area.is_empty()) {
            assert_eq!(whole.intersection(*area), *area, "{size} {areas:?}");
            assert!(areas[place + 1..].iter().all(|other| !area.intersects(*other)), "{size} {areas:?}");
        }
    }
}
