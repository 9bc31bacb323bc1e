//! The head of a request waits for the beginning of its body, so that both leave in one piece: a small request is one
//! write, one TLS record and one packet, and wakes the backend once.

use std::fmt;

use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

#[derive(Debug)]
pub(super) struct Whole;

impl<In: Transport> Connector<In> for Whole {
    type Out = Joined<In>;

    fn connect(
        &self,
        _: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        Ok(chained.map(|connection| Joined { connection, head: Vec::new() }))
    }
}

/// A connection on which no head goes ahead of its body.
pub(super) struct Joined<T> {
    connection: T,
    /// The head that waits.
    head: Vec<u8>,
}

impl<T: Transport> Transport for Joined<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.connection.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        let output = self.connection.buffers().output();
        let room = output.len();
        if self.head.is_empty() {
            let piece = output.get(..amount).unwrap_or_default();
            if piece.starts_with(b"POST ") && amount < room / 2 {
                self.head.extend_from_slice(piece);
                return Ok(());
            }
            return self.connection.transmit_output(amount, timeout);
        }
        // The body's piece makes room for the head; what of it finds none any more goes next.
        let head = self.head.len();
        let fitting = amount.min(room - head);
        let rest = output.get(fitting..amount).unwrap_or_default().to_vec();
        output.copy_within(..fitting, head);
        self.release(fitting, timeout)?;
        if rest.is_empty() {
            return Ok(());
        }
        if let Some(place) = self.connection.buffers().output().get_mut(..rest.len()) {
            place.copy_from_slice(&rest);
        }
        self.connection.transmit_output(rest.len(), timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        if !self.head.is_empty() {
            self.release(0, timeout)?;
        }
        self.connection.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.connection.is_open()
    }

    fn is_tls(&self) -> bool {
        self.connection.is_tls()
    }
}

impl<T: Transport> Joined<T> {
    /// Transmits the head, and so many bytes that stand behind its place.
    fn release(&mut self, behind: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        let amount = self.head.len() + behind;
        if let Some(place) = self.connection.buffers().output().get_mut(..self.head.len()) {
            place.copy_from_slice(&self.head);
        }
        self.head.clear();
        self.connection.transmit_output(amount, timeout)
    }
}

impl<T> fmt::Debug for Joined<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A head below may have the key in it.
        f.debug_struct("Joined").field("held", &self.head.len()).finish_non_exhaustive()
    }
}
