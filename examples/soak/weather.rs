//! What the backend is like at a moment: well, and in between each fault in its turn.

use std::time::Duration;

use bento_faults::{Answer, Parting, Received};

/// How long each fault lasts, and how long all is well between two of them.
const SPELL: Duration = Duration::from_secs(2);

/// One way of being unwell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    Fair,
    Unavailable,
    Throttled,
    ResetsAfterRequest,
    CutsHead,
    Garbage,
    RejectsOne,
    Refuses,
    TakesSmall,
    Late,
    ClosesIdle,
    LargeAnswer,
    /// The port is closed.
    Down,
    /// The first request of the spell is left without an answer.
    Hangs,
    /// The first request of the spell gets one byte at a time.
    Trickles,
}

const TURNS: [Weather; 14] = {
    use Weather::{
        ClosesIdle, CutsHead, Down, Garbage, Hangs, LargeAnswer, Late, Refuses, RejectsOne,
        ResetsAfterRequest, TakesSmall, Throttled, Trickles, Unavailable,
    };
    [
        Unavailable,
        Late,
        ResetsAfterRequest,
        RejectsOne,
        Throttled,
        Garbage,
        TakesSmall,
        Down,
        CutsHead,
        LargeAnswer,
        Refuses,
        ClosesIdle,
        Hangs,
        Trickles,
    ]
};

impl Weather {
    /// The weather so long after the beginning.
    pub(crate) fn at(passed: Duration) -> Self {
        let spells = usize::try_from(passed.as_secs() / SPELL.as_secs()).unwrap_or(0);
        if spells % 2 == 0 { Self::Fair } else { TURNS[spells / 2 % TURNS.len()] }
    }

    /// What becomes of a request, of which it is known whether it is the first of its spell.
    pub(crate) fn answer(self, request: &Received, is_first: bool) -> Answer {
        match self {
            Self::Unavailable => Answer::status(503),
            Self::Throttled => Answer::status(429).header("Retry-After", "1"),
            Self::ResetsAfterRequest => Answer::reset(),
            Self::CutsHead => Answer::ok().cut_after(12, Parting::Close),
            Self::Garbage => Answer::raw([0xff; 600]),
            Self::RejectsOne => Answer::partial_success("\"1\"", "one too many"),
            Self::Refuses => Answer::status(400),
            Self::TakesSmall if request.wire_bytes > 8_000 => Answer::status(413),
            Self::Late => Answer::ok().late(Duration::from_millis(300)),
            Self::ClosesIdle => Answer::ok().then_close(),
            Self::LargeAnswer => Answer::status(200).generated(8 << 20),
            Self::Hangs if is_first => Answer::hang(),
            Self::Trickles if is_first => {
                Answer::status(200).body("{}").trickled_head(Duration::from_millis(400))
            }
            Self::Fair | Self::Down | Self::TakesSmall | Self::Hangs | Self::Trickles => Answer::ok(),
        }
    }
}
