//! Where the keys of a span with many attributes stand. Few keys are looked through as fast.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::mem::size_of;

/// Positions by the hash of the key; of keys that share one, the first.
#[derive(Clone, Debug, Default)]
pub(super) struct Index(HashMap<u32, u32, BuildHasherDefault<Spread>>);

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

/// The numbers are hashes already.
#[derive(Debug, Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = (self.0 ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}
