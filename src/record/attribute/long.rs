//! Memory for long texts, which is used again: an allocator would give much of it back to the system and ask for it
//! again, which takes longer than to write it.

use std::sync::{Mutex, PoisonError};

use bento_fork::PerProcess;

/// So much is kept, in so many pieces at most.
const BYTES: usize = 4 * 1024 * 1024;
const PIECES: usize = 64;

#[derive(Default)]
struct Kept {
    pieces: Vec<String>,
    bytes: usize,
}

static KEPT: PerProcess<Mutex<Kept>> =
    PerProcess::new(Mutex::new(Kept { pieces: Vec::new(), bytes: 0 }), |_| Mutex::default());

/// The text in memory that is at most twice as large.
pub(super) fn own(text: &str) -> String {
    let mut memory = take(text.len()).unwrap_or_default();
    memory.push_str(text);
    memory
}

fn take(length: usize) -> Option<String> {
    let mut kept = KEPT.here().lock().unwrap_or_else(PoisonError::into_inner);
    let fits = |piece: &String| (length..=2 * length).contains(&piece.capacity());
    let index = kept.pieces.iter().rposition(fits)?;
    let piece = kept.pieces.swap_remove(index);
    kept.bytes -= piece.capacity();
    Some(piece)
}

/// Takes a text back that is no longer needed.
pub(super) fn give_back(mut text: String) {
    let mut kept = KEPT.here().lock().unwrap_or_else(PoisonError::into_inner);
    if kept.pieces.len() < PIECES && kept.bytes + text.capacity() <= BYTES {
        text.clear();
        kept.bytes += text.capacity();
        kept.pieces.push(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_gets_memory_that_fits_it_and_no_more_is_kept_than_the_bound() {
        for _ in 0..100 {
            give_back(String::with_capacity(100_000));
        }
        {
            let kept = KEPT.here().lock().unwrap_or_else(PoisonError::into_inner);
            assert!(kept.bytes <= BYTES && kept.pieces.len() <= PIECES);
        }
        let text = "x".repeat(60_000);
        let owned = own(&text);
        assert_eq!(owned, text);
        assert!(owned.capacity() <= 2 * text.len());
    }
}
