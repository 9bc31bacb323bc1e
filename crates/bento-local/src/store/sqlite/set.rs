//! A set of runs by their keys, which are dense: one bit for each.

use std::iter;

/// Some of the runs whose keys lie between two bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RunSet {
    /// The key of the first bit.
    first: i64,
    bits: Vec<u64>,
}

const BITS: usize = u64::BITS as usize;

impl RunSet {
    /// None of the runs from `first` to `last`.
    pub(super) fn none_of(first: i64, last: i64) -> Self {
        let keys = last.checked_sub(first).and_then(|keys| usize::try_from(keys).ok());
        Self { first, bits: vec![0; keys.map_or(0, |keys| keys / BITS + 1)] }
    }

    /// Adds a run; one that came when the bounds had been drawn is left out.
    pub(super) fn add(&mut self, key: i64) {
        if let Some((word, bit)) = self.place(key)
            && let Some(bits) = self.bits.get_mut(word)
        {
            *bits |= bit;
        }
    }

    pub(super) fn has(&self, key: i64) -> bool {
        self.place(key).is_some_and(|(word, bit)| self.bits.get(word).is_some_and(|bits| bits & bit != 0))
    }

    pub(super) fn len(&self) -> usize {
        self.bits.iter().map(|bits| bits.count_ones() as usize).sum()
    }

    /// Keeps those that a set of the same bounds has, too.
    pub(super) fn keep(&mut self, other: &Self) {
        for (bits, others) in self.bits.iter_mut().zip(&other.bits) {
            *bits &= others;
        }
    }

    /// The keys, the smallest first.
    pub(super) fn keys(&self) -> impl Iterator<Item = i64> {
        let words = (self.first..).step_by(BITS).zip(&self.bits);
        words.flat_map(|(first, &bits)| {
            let mut left = bits;
            iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros())?;
                left &= left - 1;
                Some(first + i64::from(bit))
            })
        })
    }

    /// The word and the bit in it that stand for a key.
    fn place(&self, key: i64) -> Option<(usize, u64)> {
        let at = usize::try_from(key.checked_sub(self.first)?).ok()?;
        Some((at / BITS, 1 << (at % BITS)))
    }
}

#[cfg(test)]
mod tests {
    use super::RunSet;

    fn set(keys: &[i64]) -> RunSet {
        let mut set = RunSet::none_of(7, 300);
        for key in keys {
            set.add(*key);
        }
        set
    }

    #[test]
    fn a_set_has_what_was_put_in_it() {
        let keys = [7, 200, 70, 71, 7, 134, 300];
        let set = set(&keys);
        assert_eq!((set.keys().collect::<Vec<_>>(), set.len()), (vec![7, 70, 71, 134, 200, 300], 6));
        assert!(keys.iter().all(|key| set.has(*key)));
        assert!([i64::MIN, -1, 0, 6, 8, 72, 199, 201, 1 << 40, i64::MAX].iter().all(|key| !set.has(*key)));
        for (first, last) in [(0, -1), (i64::MIN, i64::MAX), (5, 4)] {
            let mut none = RunSet::none_of(first, last);
            none.add(5);
            assert_eq!(none.len(), 0);
        }
    }

    #[test]
    fn what_lies_outside_is_left_out() {
        let set = set(&[6, i64::MIN, i64::MAX, 1_000]);
        assert_eq!(set.len(), 0);
    }

    #[test]
    fn two_sets_have_in_common_what_both_have() {
        let mut some = set(&[10, 64, 65, 300]);
        some.keep(&set(&[300, 20, 65]));
        assert_eq!(some.keys().collect::<Vec<_>>(), [65, 300]);
        some.keep(&set(&[]));
        assert_eq!(some.len(), 0);
    }
}
