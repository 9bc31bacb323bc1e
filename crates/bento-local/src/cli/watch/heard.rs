//! What the loop hears from the threads around it.

use std::io;
use std::sync::mpsc::SyncSender;
use std::thread;

use super::state::Event;

/// Something that a thread tells the loop.
#[derive(Debug)]
pub(super) enum Heard {
    Event(Event),
    /// The terminal has another size.
    Resized,
    /// The program is to end, for this reason.
    End(io::Result<()>),
}

/// Tells the loop that its thread has panicked: what is drawn would go on without it.
struct Alarm(SyncSender<Heard>);

impl Drop for Alarm {
    fn drop(&mut self) {
        if thread::panicking() {
            let _ = self.0.send(Heard::End(Err(io::Error::other("a part of it has panicked"))));
        }
    }
}

/// Starts a thread that talks to the loop. It ends with the program, whatever it waits for.
pub(super) fn spawn(
    name: &str,
    heard: SyncSender<Heard>,
    work: impl FnOnce(&SyncSender<Heard>) + Send + 'static,
) -> io::Result<thread::Thread> {
    let work = move || {
        let alarm = Alarm(heard);
        work(&alarm.0);
    };
    let thread = thread::Builder::new().name(format!("bento-{name}")).spawn(work)?;
    Ok(thread.thread().clone())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_panic_ends_the_program() -> Result<(), Box<dyn std::error::Error>> {
        let (tells, heard) = mpsc::sync_channel(1);
        spawn("test", tells, |_| std::panic::resume_unwind(Box::new("x")))?;
        assert!(matches!(heard.recv_timeout(Duration::from_secs(10))?, Heard::End(Err(_))));
        Ok(())
    }
}
