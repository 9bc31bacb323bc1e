//! How large a single value may become.

/// Bounds that are applied while a record is built, so that no later step meets an unbounded value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Bytes of text that one value may carry; the rest is cut at a character boundary and told by a marker.
    pub(crate) value_bytes: usize,
}

impl Limits {
    /// Bytes that a name or a key may have. They are no values, and a small limit must not make them alike.
    pub(crate) const NAMES: Self = Self { value_bytes: Self::DEFAULT_VALUE_BYTES };
    pub(crate) const DEFAULT_VALUE_BYTES: usize = 1024 * 1024;
}

impl Default for Limits {
    fn default() -> Self {
        Self { value_bytes: Self::DEFAULT_VALUE_BYTES }
    }
}

/// The longest prefix of `text` that has at most `limit` bytes and ends between two characters.
pub(crate) fn prefix(text: &str, limit: usize) -> &str {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Keeps the first `room` bytes of a list of texts; gives the size of the whole where that is less.
pub(crate) fn cut_all(texts: &mut Vec<String>, mut room: usize) -> Option<usize> {
    let size: usize = texts.iter().map(String::len).sum();
    if size <= room {
        return None;
    }
    texts.retain_mut(|text| {
        let had_room = room > 0;
        text.truncate(prefix(text, room).len());
        room -= text.len();
        had_room
    });
    Some(size)
}

#[cfg(test)]
mod tests {
    use super::{cut_all, prefix};

    #[test]
    fn a_list_is_cut_where_its_room_ends() {
        let mut texts = vec!["aé".to_owned(), "bcd".to_owned(), "e".to_owned()];
        assert_eq!(cut_all(&mut texts, 7), None);
        assert_eq!(cut_all(&mut texts, 4), Some(7));
        assert_eq!(texts, ["aé", "b"]);
    }

    #[test]
    fn a_cut_never_splits_a_character() {
        assert_eq!(prefix("héllo", 2), "h");
        assert_eq!(prefix("héllo", 3), "hé");
        assert_eq!(prefix("😀", 3), "");
        assert_eq!(prefix("abc", 10), "abc");
    }
}
