//! Two threads that emit at a rate.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const THREADS: u32 = 2;
const PAUSE: Duration = Duration::from_millis(1);

/// What the threads did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Emitted {
    pub(crate) spans: u64,
    pub(crate) longest: Duration,
    /// How long a pause of a millisecond took at most: what the machine itself does to a thread.
    pub(crate) longest_pause: Duration,
}

/// Spans named `n0`, `n1`, … from two threads, until told to end.
pub(crate) struct Emission {
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Emitted>>,
}

impl Emission {
    /// Begins to emit so many spans a second.
    pub(crate) fn begin(rate: u32) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let threads = (0..THREADS)
            .map(|thread| {
                let over = Arc::clone(&over);
                thread::spawn(move || emit(thread, f64::from(rate) / f64::from(THREADS), &over))
            })
            .collect();
        Self { over, threads }
    }

    pub(crate) fn end(self) -> Emitted {
        self.over.store(true, Ordering::Relaxed);
        let threads = self.threads.into_iter().map(|thread| thread.join().unwrap_or_default());
        threads.fold(Emitted::default(), |sum, one| Emitted {
            spans: sum.spans + one.spans,
            longest: sum.longest.max(one.longest),
            longest_pause: sum.longest_pause.max(one.longest_pause),
        })
    }
}

/// Emits what is due, and pauses. What could not be emitted in time, because the machine was busy, is made up for.
fn emit(thread: u32, rate: f64, over: &AtomicBool) -> Emitted {
    let mut emitted = Emitted::default();
    let mut due = 0.0;
    let mut last = Instant::now();
    while !over.load(Ordering::Relaxed) {
        due += last.elapsed().as_secs_f64() * rate;
        last = Instant::now();
        while due >= 1.0 {
            due -= 1.0;
            let number = emitted.spans * u64::from(THREADS) + u64::from(thread);
            let start = Instant::now();
            bento::track_ai(format!("n{number}"))
                .user_id("u42")
                .model("gpt-4o")
                .input("What is the weather like in Lisbon today")
                .output("It is twenty-two degrees and sunny in Lisbon, with some wind")
                .tokens(14, 16)
                .send();
            emitted.longest = emitted.longest.max(start.elapsed());
            emitted.spans += 1;
        }
        let start = Instant::now();
        thread::sleep(PAUSE);
        emitted.longest_pause = emitted.longest_pause.max(start.elapsed());
    }
    emitted
}
