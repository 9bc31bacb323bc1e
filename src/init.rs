//! Start and stop, as a program sees them: `init`, its builder and guard, `flush`, `shutdown`, `status`.

mod builder;
mod status;

use std::panic::catch_unwind;
use std::time::Duration;

pub use builder::{Builder, builder, init, resolve_options};
pub use status::Status;

use crate::error::DeliveryError;
use crate::pipeline::{Telling, on_worker};
use crate::running::{self, OffTicket, emitted_off, latest};

/// Flushes when dropped, for at most five seconds, and shuts nothing down.
///
/// Keep it in a variable until `main` ends: `let _bento = bento::init()?;`. Dropping it early only flushes early.
///
/// ```
/// let guard = bento::builder().api_key("bl_pk_docs").base_url("http://localhost:8080").init()?;
/// drop(guard); // returns at once: nothing waits to be sent
/// assert!(bento::status().is_running());
/// # Ok::<(), bento::InitError>(())
/// ```
#[derive(Debug)]
#[must_use = "keep the guard until `main` ends, so that its drop flushes: `let _bento = bento::init()?;`"]
pub struct Guard(());

impl Drop for Guard {
    fn drop(&mut self) {
        flush_at_end();
    }
}

/// Waits as long as patience lasts. What is lost goes to the log, and remains to be told by the next flush.
fn flush_at_end() {
    let Some(running) = latest() else { return };
    let patience = running.patience();
    if !patience.is_zero()
        && let Err(error) = running.flush(patience, Telling::Silent)
    {
        log::warn!("bento: {error}");
    }
}

dtor::declarative::dtor! {
    /// Delivers what was emitted when `main` returns or the process exits without the guard. On Windows
    /// `std::process::exit` does not come by here, because it leaves without the C runtime.
    #[dtor(unsafe, method = at_module_exit)]
    fn at_exit() {
        // A panic must not cross into the C runtime that calls this.
        catch_unwind(|| {
            if let Some(running) = latest()
                && !on_worker()
            {
                running.client.end_open_spans();
                flush_at_end();
            }
        })
        .ok();
    }
}

/// Waits until everything emitted before the call was accepted by the backend, for at most `timeout`.
///
/// Works in sync code and inside any async runtime, where it blocks the calling thread: in async code prefer
/// [`flush_async`]. What waits for a retry is tried at once, unless the backend asked for a pause.
///
/// A span that was lost is told by the flushes under way when it was lost, or by the next one; later ones do not
/// repeat it. [`status`] keeps the totals.
///
/// ```
/// # use std::time::Duration;
/// if let Err(error) = bento::flush(Duration::from_secs(2)) {
///     eprintln!("{} spans did not arrive: {error}", error.undelivered());
/// }
/// ```
///
/// # Errors
///
/// [`DeliveryError`] tells how many spans emitted before the call were not accepted by then, and why.
pub fn flush(timeout: Duration) -> Result<(), DeliveryError> {
    let off = OffTicket::open();
    let delivered = latest().map_or(Ok(()), |running| running.flush(timeout, Telling::Told));
    off.close(delivered)
}

/// The same as [`flush`], without blocking a thread, on any executor.
///
/// Both the deadline and what counts as emitted before are fixed by the call, not by the first poll. Dropping the
/// future ends the waiting, not the sending.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # use std::time::Duration;
/// bento::flush_async(Duration::from_secs(2)).await?;
/// # Ok::<(), bento::DeliveryError>(())
/// # }).unwrap();
/// ```
///
/// # Errors
///
/// [`DeliveryError`] tells how many spans emitted before the call were not accepted by then, and why.
pub fn flush_async(timeout: Duration) -> impl Future<Output = Result<(), DeliveryError>> + Send + 'static {
    let off = OffTicket::open();
    let flush = latest().map(|running| running.flush_async(timeout));
    async move {
        let delivered = match flush {
            Some(flush) => flush.await,
            None => Ok(()),
        };
        off.close(delivered)
    }
}

/// Sends what is still open, marked as unfinished, delivers everything within `timeout`, and ends the worker.
///
/// Afterwards emission is counted and does nothing, until [`init`] starts afresh, with other credentials if wanted.
///
/// ```
/// # use std::time::Duration;
/// bento::shutdown(Duration::from_secs(5))?;
/// # Ok::<(), bento::DeliveryError>(())
/// ```
///
/// # Errors
///
/// [`DeliveryError`] tells how many spans the deadline cost.
pub fn shutdown(timeout: Duration) -> Result<(), DeliveryError> {
    let off = OffTicket::open();
    off.close(running::end(timeout))
}

/// How the SDK fares: what it accepted, delivered and lost, and what waits.
///
/// ```
/// let status = bento::status();
/// println!("{} delivered, {} lost: {}", status.delivered(), status.losses().total(), status.losses());
/// ```
pub fn status() -> Status {
    let mut status =
        latest().map_or_else(Status::default, |running| Status::of(&running.pipeline, &running.client));
    status.add_off(emitted_off(), running::failure());
    status
}
