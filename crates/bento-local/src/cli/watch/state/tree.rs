//! A run's spans as a tree, in the order in which they are drawn.

use std::collections::{HashMap, HashSet};

use super::super::rows::Step;
use crate::SpanId;

/// The spans of a run, whatever arrived of them.
#[derive(Debug, Default)]
pub(in super::super) struct Tree {
    steps: Vec<Step>,
    by_id: HashMap<SpanId, usize>,
    folded: HashSet<SpanId>,
    /// Every span, each before those below it.
    nodes: Vec<Node>,
    /// The nodes that no fold hides.
    visible: Vec<usize>,
    is_stale: bool,
}

/// A span's place in the tree.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Node {
    step: usize,
    parent: Option<usize>,
    /// Behind the last node below this one.
    end: usize,
    pub(in super::super) depth: usize,
    /// It is the last of its siblings.
    pub(in super::super) is_last: bool,
}

/// A line of the tree.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Line<'a> {
    pub(in super::super) step: &'a Step,
    pub(in super::super) node: Node,
    /// Spans below it.
    pub(in super::super) below: usize,
    pub(in super::super) is_folded: bool,
    /// Failed spans that the fold hides.
    pub(in super::super) hidden_failures: usize,
}

impl Tree {
    /// Takes in a span; says whether it changed something.
    pub(super) fn insert(&mut self, step: Step) -> bool {
        if let Some(known) = self.by_id.get(&step.span_id).and_then(|&known| self.steps.get_mut(known)) {
            let changes = known.gives_way_to(&step);
            if changes {
                *known = step;
                self.is_stale = true;
            }
            return changes;
        }
        self.by_id.insert(step.span_id, self.steps.len());
        self.steps.push(step);
        self.is_stale = true;
        true
    }

    /// Brings the lines up to date; says whether they have changed.
    pub(super) fn settle(&mut self) -> bool {
        if !std::mem::take(&mut self.is_stale) {
            return false;
        }
        self.nodes = Growth::of(&self.steps, &self.by_id).nodes;
        self.unroll();
        true
    }

    fn unroll(&mut self) {
        self.visible.clear();
        let mut next = 0;
        while let Some(node) = self.nodes.get(next) {
            self.visible.push(next);
            next = if self.is_folded(node) { node.end } else { next + 1 };
        }
    }

    fn is_folded(&self, node: &Node) -> bool {
        !self.folded.is_empty() && self.folded.contains(&self.steps[node.step].span_id)
    }

    /// Spans that arrived.
    pub(in super::super) fn len(&self) -> usize {
        self.steps.len()
    }

    /// Lines that can be scrolled through.
    pub(in super::super) fn lines(&self) -> usize {
        self.visible.len()
    }

    pub(in super::super) fn line(&self, line: usize) -> Option<Line<'_>> {
        let place = *self.visible.get(line)?;
        let node = self.nodes[place];
        let below = node.end - place - 1;
        let is_folded = below > 0 && self.is_folded(&node);
        let hidden = if is_folded { place + 1..node.end } else { 0..0 };
        let hidden_failures =
            self.nodes[hidden].iter().filter(|node| self.steps[node.step].has_failed()).count();
        Some(Line { step: &self.steps[node.step], node, below, is_folded, hidden_failures })
    }

    /// For each level above a line, from the top: whether more siblings follow there.
    pub(in super::super) fn open_above(&self, node: &Node) -> Vec<bool> {
        let mut open: Vec<_> = self.above(node).map(|node| !node.is_last).collect();
        open.reverse();
        open
    }

    fn above(&self, node: &Node) -> impl Iterator<Item = &Node> {
        std::iter::successors(node.parent.map(|parent| &self.nodes[parent]), |node| {
            node.parent.map(|parent| &self.nodes[parent])
        })
    }

    pub(in super::super) fn step(&self, id: SpanId) -> Option<&Step> {
        self.by_id.get(&id).map(|&step| &self.steps[step])
    }

    /// The line of a span; of the folded one that hides it.
    pub(super) fn line_of(&self, id: SpanId) -> Option<usize> {
        let place = self.place_of(id)?;
        match self.visible.binary_search(&place) {
            Ok(line) => Some(line),
            Err(behind) => behind.checked_sub(1),
        }
    }

    fn place_of(&self, id: SpanId) -> Option<usize> {
        let step = *self.by_id.get(&id)?;
        self.nodes.iter().position(|node| node.step == step)
    }

    /// The line of what is above a line.
    pub(super) fn parent_line(&self, line: usize) -> Option<usize> {
        let parent = self.nodes[*self.visible.get(line)?].parent?;
        self.visible.binary_search(&parent).ok()
    }

    /// Hides or shows what is below a span.
    pub(super) fn fold(&mut self, id: SpanId, fold: Fold) {
        let changed = match fold {
            Fold::Close => self.folded.insert(id),
            Fold::Open => self.folded.remove(&id),
        };
        if changed {
            self.unroll();
        }
    }

    /// Shows a span, whatever hides it.
    pub(super) fn reveal(&mut self, id: SpanId) {
        if self.folded.is_empty() {
            return;
        }
        if let Some(place) = self.place_of(id) {
            let above: Vec<_> =
                self.above(&self.nodes[place]).map(|node| self.steps[node.step].span_id).collect();
            for id in above {
                self.folded.remove(&id);
            }
            self.unroll();
        }
    }

    /// The next span after `id`, round to it again, that is like this.
    pub(super) fn next(&self, id: Option<SpanId>, is_it: impl Fn(&Step) -> bool) -> Option<SpanId> {
        let start = id.and_then(|id| self.place_of(id)).map_or(0, |place| place + 1);
        let (before, after) = self.nodes.split_at(start.min(self.nodes.len()));
        let steps = after.iter().chain(before).map(|node| &self.steps[node.step]);
        steps.into_iter().find(|step| is_it(step)).map(|step| step.span_id)
    }

    /// The first span that failed by itself: nothing below it has failed.
    pub(super) fn first_failure(&self) -> Option<SpanId> {
        let failed = |node: &Node| self.steps[node.step].has_failed();
        let first = self.nodes.iter().position(failed)?;
        let mut deepest = first;
        for place in first + 1..self.nodes[first].end {
            let inside = place < self.nodes[deepest].end;
            if inside && failed(&self.nodes[place]) {
                deepest = place;
            }
        }
        Some(self.steps[self.nodes[deepest].step].span_id)
    }

    /// The span that started last.
    pub(super) fn newest(&self) -> Option<SpanId> {
        self.steps.iter().max_by_key(|step| (step.start_time, step.span_id)).map(|step| step.span_id)
    }

    /// Spans that failed.
    pub(in super::super) fn failures(&self) -> usize {
        self.steps.iter().filter(|step| step.has_failed()).count()
    }
}

/// A way to change a fold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fold {
    Close,
    Open,
}

/// A tree that is put together.
struct Growth<'a> {
    steps: &'a [Step],
    /// Below each step, by start.
    children: Vec<Vec<usize>>,
    is_placed: Vec<bool>,
    nodes: Vec<Node>,
}

impl<'a> Growth<'a> {
    fn of(steps: &'a [Step], by_id: &HashMap<SpanId, usize>) -> Self {
        let mut order: Vec<usize> = (0..steps.len()).collect();
        order.sort_by_key(|&step| (steps[step].start_time, steps[step].span_id));
        let mut children = vec![Vec::new(); steps.len()];
        let mut tops = Vec::new();
        for &step in &order {
            // A span whose parent has not arrived stands at the top until then.
            match steps[step].parent_id.and_then(|parent| by_id.get(&parent)) {
                Some(&parent) => children[parent].push(step),
                None => tops.push(step),
            }
        }
        let (is_placed, nodes) = (vec![false; steps.len()], Vec::with_capacity(steps.len()));
        let mut growth = Self { steps, children, is_placed, nodes };
        for &top in &tops {
            growth.place(top);
        }
        // What cannot be reached from the top hangs on a circle, which is cut at its earliest span.
        for step in order {
            growth.place(step);
        }
        growth
    }

    /// Places a step and everything below it. There may be as many levels as steps, so that the stack is not the program's.
    fn place(&mut self, top: usize) {
        if std::mem::replace(&mut self.is_placed[top], true) {
            return;
        }
        let mut ahead = vec![(top, None, true)];
        let mut open: Vec<usize> = Vec::new();
        while let Some((step, parent, is_last)) = ahead.pop() {
            self.close(&mut open, parent);
            let place = self.nodes.len();
            let depth = open.len();
            self.nodes.push(Node { step, parent, end: place + 1, depth, is_last });
            open.push(place);
            let mut below = std::mem::take(&mut self.children[step]);
            below.retain(|&child| !std::mem::replace(&mut self.is_placed[child], true));
            let last = below.len().saturating_sub(1);
            let below = below.into_iter().enumerate();
            let below: Vec<_> = below.map(|(nth, child)| (child, Some(place), nth == last)).collect();
            ahead.extend(below.into_iter().rev());
        }
        self.close(&mut open, None);
        debug_assert!(self.nodes.len() <= self.steps.len());
    }

    /// Ends the open nodes that are not above what comes next.
    fn close(&mut self, open: &mut Vec<usize>, parent: Option<usize>) {
        while let Some(&last) = open.last().filter(|last| Some(**last) != parent) {
            self.nodes[last].end = self.nodes.len();
            open.pop();
        }
    }
}
