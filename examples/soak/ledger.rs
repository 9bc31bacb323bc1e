//! The backend's books, in memory that grows by three bits a span.

use bento_faults::{Fate, Received};
use serde::{Deserialize, Serialize};

/// Which spans came, by their number.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    accepted: Bits,
    unanswered: Bits,
    books: Books,
}

/// The sums.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Books {
    pub(crate) requests: u64,
    /// Different spans in requests that were answered with success.
    pub(crate) accepted: u64,
    /// Spans that were rejected in such an answer.
    pub(crate) rejected: u64,
    /// Spans that came again.
    pub(crate) duplicated: u64,
    /// Those of them that had never been answered with success before, so that their sender had to send them again.
    pub(crate) duplicated_unanswered: u64,
    /// Spans whose name is no number.
    pub(crate) unheard_of: u64,
}

impl Ledger {
    pub(crate) fn books(&self) -> Books {
        self.books
    }

    pub(crate) fn reject(&mut self, spans: u64) {
        self.books.rejected += spans;
    }

    /// Enters a request whose fate is certain.
    pub(crate) fn enter(&mut self, request: &Received) {
        self.books.requests += 1;
        let is_accepted = match request.fate {
            Fate::Accepted => true,
            Fate::Unanswered => false,
            Fate::Refused | Fate::Unread => return,
        };
        for span in request.spans() {
            let number = span.name.strip_prefix('n').and_then(|number| number.parse::<usize>().ok());
            let Some(number) = number else {
                self.books.unheard_of += 1;
                continue;
            };
            let was_accepted = self.accepted.has(number);
            if was_accepted || self.unanswered.has(number) {
                self.books.duplicated += 1;
                self.books.duplicated_unanswered += u64::from(!was_accepted);
            }
            if is_accepted {
                self.books.accepted += u64::from(!was_accepted);
                self.accepted.add(number);
            } else {
                self.unanswered.add(number);
            }
        }
    }
}

/// A set of small numbers.
#[derive(Debug, Default)]
struct Bits(Vec<u64>);

impl Bits {
    fn has(&self, number: usize) -> bool {
        self.0.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    fn add(&mut self, number: usize) {
        if self.0.len() <= number / 64 {
            self.0.resize(number / 64 + 1, 0);
        }
        if let Some(word) = self.0.get_mut(number / 64) {
            *word |= 1 << (number % 64);
        }
    }
}
