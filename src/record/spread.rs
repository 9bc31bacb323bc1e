//! Numbers as keys of a map.

use std::hash::{BuildHasherDefault, Hasher};

/// For maps by numbers that nobody outside the process chooses.
pub(crate) type BuildSpread = BuildHasherDefault<Spread>;

/// Spreads numbers over all bits, in a multiplication each.
#[derive(Debug, Default)]
pub(crate) struct Spread(u64);

impl Hasher for Spread {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}
