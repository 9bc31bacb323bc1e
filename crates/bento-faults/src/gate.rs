//! A gate that holds answers back.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::LONG;

/// Holds answers back until the test has seen what it wants to see: unlike a pause, it fits every machine.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    /// Lets through who waits, and who comes later.
    pub fn open(&self) {
        let (is_open, opened) = &*self.0;
        *is_open.lock().unwrap_or_else(PoisonError::into_inner) = true;
        opened.notify_all();
    }

    /// Waits for the gate to open, though not for ever: a test may fail before it does.
    pub(crate) fn pass(&self) {
        let (is_open, opened) = &*self.0;
        let closed = is_open.lock().unwrap_or_else(PoisonError::into_inner);
        drop(opened.wait_timeout_while(closed, LONG, |is_open| !*is_open));
    }
}
