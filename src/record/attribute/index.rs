//! Where the keys of a span with many attributes stand. Few keys are looked through as fast.

use std::collections::HashMap;
use std::mem::size_of;

use crate::record::BuildSpread;

/// Positions by the hash of the key; of keys that share one, the first.
#[derive(Clone, Debug, Default)]
pub(super) struct Index(HashMap<u32, u32, BuildSpread>);

impl Index {
    /// With fewer keys there is none.
    pub(super) const WORTHWHILE: usize = 64;

    pub(super) fn add(&mut self, hash: u32, position: u32) {
        self.0.entry(hash).or_insert(position);
    }

    pub(super) fn first(&self, hash: u32) -> Option<usize> {
        self.0.get(&hash).map(|position| *position as usize)
    }

    pub(super) fn heap_size(&self) -> usize {
        self.0.capacity() * size_of::<(u32, u32)>()
    }
}
