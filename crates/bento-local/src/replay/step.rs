//! Steps that take their time, so that a run can be watched while it is replayed.

use std::pin::pin;
use std::task::{Context, Waker};
use std::thread::sleep;
use std::time::Duration;

use bento::TrackAi;
use futures_util::{Stream as _, stream};

/// How long a piece of an answer takes at least: whoever watches sees no shorter ones.
const PIECE: Duration = Duration::from_millis(50);

/// Emits a call of a model whose answer comes piece by piece within `time`.
pub(super) fn speak(call: TrackAi, answer: &str, time: Duration) {
    let count = usize::try_from(time.as_nanos() / PIECE.as_nanos()).unwrap_or(usize::MAX).max(1);
    let pieces = pieces(answer, count);
    let pause = time / u32::try_from(pieces.len()).unwrap_or(u32::MAX).max(1);
    let count = pieces.len();
    let mut chunks = pin!(call.stream(stream::iter(pieces)));
    let mut context = Context::from_waker(Waker::noop());
    // A model that says nothing and calls a tool takes its time, too.
    for _ in 0..count.max(1) {
        sleep(pause);
        let _piece = chunks.as_mut().poll_next(&mut context);
    }
    let _end = chunks.as_mut().poll_next(&mut context);
}

/// A text in so many pieces at most, all of about the same length; of an empty one there are none.
fn pieces(mut text: &str, count: usize) -> Vec<&str> {
    let length = text.len().div_ceil(count).max(1);
    let mut pieces = Vec::new();
    while !text.is_empty() {
        let end = (length.min(text.len())..=text.len()).find(|end| text.is_char_boundary(*end));
        let (piece, rest) = text.split_at(end.unwrap_or(text.len()));
        pieces.push(piece);
        text = rest;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_of_a_text_are_the_text() {
        for text in ["", "a", "Lisbon", "é😀é😀é", &"x".repeat(1_000)] {
            for count in [1, 2, 3, 7, 5_000] {
                let pieces = pieces(text, count);
                assert_eq!(pieces.concat(), text);
                assert!(pieces.len() <= count && pieces.iter().all(|piece| !piece.is_empty()), "{pieces:?}");
            }
        }
    }
}
