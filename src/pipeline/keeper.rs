//! The thread that brings records to the disk before the worker sends them. There is one only where there is a spool.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use super::batch::Batch;
use super::own_thread::enter_worker;
use super::queue::{Keep, Queue};
use super::shared::Shared;
use super::spool::{Spool, SpoolFile, WriteError};
use super::sync::thread::{self, JoinHandle};
use crate::config::Settings;
use crate::export::Compressor;
use crate::foreign::guarded;
use crate::record::{SpanRecord, recycle_all};

pub(super) fn spawn(shared: Arc<Shared>, spool: Arc<Spool>) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name("bento-keeper".into()).spawn(move || {
        enter_worker();
        let mut keeper = Keeper { shared, spool, compressor: Compressor::default(), has_failed: false };
        if guarded(|| keeper.run()).is_err() {
            keeper.shared.queue().keep_nothing();
        }
    })
}

struct Keeper {
    shared: Arc<Shared>,
    spool: Arc<Spool>,
    compressor: Compressor,
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

    fn keep(&mut self, mut batch: Batch) {
        recycle_all(batch.superseded.drain(..).map(|entry| entry.record));
        let files = match self.write_pieces(&batch.records()) {
            Ok(files) => {
                self.has_failed = false;
                files
            }
            Err(error) => {
                if !std::mem::replace(&mut self.has_failed, true) {
                    let words =
                        format!("bento: the spool takes nothing, spans wait in memory alone: {error}");
                    guarded(|| log::warn!("{words}")).ok();
                }
                Vec::new()
            }
        };
        let late = self.shared.queue().kept(batch, files, Instant::now());
        self.spool.remove(late);
        self.shared.work.notify_one();
        self.shared.settled.notify_all();
    }

    /// Writes a batch in as many files as its body needs: escapes can make JSON several times larger than the records
    /// were when the batch was cut.
    fn write_pieces(&mut self, records: &[&SpanRecord]) -> Result<Vec<SpoolFile>, WriteError> {
        let Self { shared, spool, compressor, .. } = self;
        let written = compressor.compress(records, |body, size| {
            let fits = size <= Settings::BATCH_BYTES || records.len() == 1;
            fits.then(|| write(shared, spool, body, records.len()))
        })?;
        if let Some(file) = written {
            return Ok(vec![file?]);
        }
        let (first, second) = records.split_at(records.len() / 2);
        let mut files = self.write_pieces(first)?;
        match self.write_pieces(second) {
            Ok(more) => files.extend(more),
            Err(error) => {
                self.spool.remove(files);
                return Err(error);
            }
        }
        Ok(files)
    }
}

/// Writes a body, at the cost of the oldest that are on disk only.
fn write(shared: &Shared, spool: &Spool, body: &[u8], spans: usize) -> Result<SpoolFile, WriteError> {
    loop {
        match spool.write(body, spans) {
            Err(WriteError::Bound) => {
                let evicted = shared.change(Queue::evict_spooled).ok_or(WriteError::Bound)?;
                spool.remove(evicted);
            }
            written => return written,
        }
    }
}
