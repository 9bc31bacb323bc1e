//! A set of runs by their keys, which are dense: one bit for each.

use std::iter;

/// The runs in which a word stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RunSet {
    /// The key of the first bit.
    first: i64,
    bits: Vec<u64>,
}

const BITS: usize = u64::BITS as usize;

impl RunSet {
    /// Of keys in any order, each as often as it likes.
    pub(super) fn of(keys: &[i64]) -> Self {
        let (Some(&first), Some(&last)) = (keys.iter().min(), keys.iter().max()) else {
            return Self::default();
        };
        let mut bits = vec![0; place(first, last).map_or(0, |(word, _)| word + 1)];
        for (word, bit) in keys.iter().filter_map(|key| place(first, *key)) {
            bits[word] |= bit;
        }
        Self { first, bits }
    }

    pub(super) fn has(&self, key: i64) -> bool {
        place(self.first, key)
            .is_some_and(|(word, bit)| self.bits.get(word).is_some_and(|bits| bits & bit != 0))
    }

    pub(super) fn len(&self) -> usize {
        self.bits.iter().map(|bits| bits.count_ones() as usize).sum()
    }

    /// Only those that the other set has too.
    pub(super) fn keep(&mut self, other: &Self) {
        let common: Vec<_> = self.keys().filter(|key| other.has(*key)).collect();
        *self = Self::of(&common);
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
}

/// The word and the bit in it that stand for a key.
fn place(first: i64, key: i64) -> Option<(usize, u64)> {
    let at = usize::try_from(key.checked_sub(first)?).ok()?;
    Some((at / BITS, 1 << (at % BITS)))
}

#[cfg(test)]
mod tests {
    use super::RunSet;

    #[test]
    fn a_set_has_what_was_put_in_it() {
        let keys = [7, 200, 70, 71, 7, 134];
        let set = RunSet::of(&keys);
        assert_eq!((set.keys().collect::<Vec<_>>(), set.len()), (vec![7, 70, 71, 134, 200], 5));
        assert!(keys.iter().all(|key| set.has(*key)));
        assert!([i64::MIN, -1, 0, 6, 8, 72, 199, 201, 1 << 40, i64::MAX].iter().all(|key| !set.has(*key)));
        assert_eq!(RunSet::of(&[]), RunSet::default());
    }

    #[test]
    fn two_sets_have_in_common_what_both_have() {
        let mut set = RunSet::of(&[1, 64, 65, 300]);
        set.keep(&RunSet::of(&[300, 2, 65, 1_000]));
        assert_eq!(set.keys().collect::<Vec<_>>(), [65, 300]);
        set.keep(&RunSet::default());
        assert_eq!(set.len(), 0);
    }
}
