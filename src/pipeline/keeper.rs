//! The thread that brings records to the disk before the worker sends them. There is one only where there is a spool.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use super::Shared;
use super::batch::Batch;
use super::queue::{Keep, Queue};
use super::spool::{Spool, SpoolFile};
use super::sync::thread::{self, JoinHandle};
use super::worker::enter_worker;
use crate::export::compress;
use crate::foreign::guarded;

pub(super) fn spawn(shared: Arc<Shared>, spool: Arc<Spool>) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name("bento-keeper".into()).spawn(move || {
        enter_worker();
        let mut keeper = Keeper { shared, spool, has_failed: false };
        if guarded(|| keeper.run()).is_err() {
            keeper.shared.queue().keep_nothing();
        }
    })
}

struct Keeper {
    shared: Arc<Shared>,
    spool: Arc<Spool>,
    /// Whether the log has been told that the disk takes nothing.
    has_failed: bool,
}

impl Keeper {
    fn run(&mut self) {
        let found = self.spool.adopt();
        self.shared.change(|queue| queue.adopt(found));
        self.shared.work.notify_one();
        self.shared.settled.notify_all();
        loop {
            match self.shared.next_keep() {
                Keep::Write(batch) => self.keep(batch),
                Keep::Stop => break,
                Keep::Wait(_) => {}
            }
        }
    }

    fn keep(&mut self, batch: Batch) {
        let file = match self.write(&batch) {
            Ok(file) => {
                self.has_failed = false;
                Some(file)
            }
            Err(error) => {
                if !std::mem::replace(&mut self.has_failed, true) {
                    let words =
                        format!("bento: the spool takes nothing, spans wait in memory alone: {error}");
                    guarded(|| log::warn!("{words}")).ok();
                }
                None
            }
        };
        let late = self.shared.queue().kept(batch, file, Instant::now());
        if let Some(late) = late {
            self.spool.remove(late);
        }
        self.shared.work.notify_one();
        self.shared.settled.notify_all();
    }

    /// Writes a batch, at the cost of the oldest that are on disk only.
    fn write(&self, batch: &Batch) -> io::Result<SpoolFile> {
        let (body, _) = compress(&batch.records(), Vec::new())?;
        loop {
            match self.spool.write(&body, batch.len()) {
                Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                    let Some(evicted) = self.shared.change(Queue::evict_spooled) else {
                        return Err(error);
                    };
                    for file in evicted {
                        self.spool.remove(file);
                    }
                }
                written => return written,
            }
        }
    }
}
