//! What was measured on the way, and the sums in the end.

use std::thread;
use std::time::{Duration, Instant};

use bento::{DeliveryError, Status};
use bento_faults::machine::{descriptors, resident_bytes, threads};

use crate::emit::Emitted;
use crate::ledger::Books;

const SAMPLE: Duration = Duration::from_secs(5);
/// What the first buffers and the first full queue take is no growth.
const WARM_UP: Duration = Duration::from_secs(20);
const MIB: f64 = 1_048_576.0;

/// Memory over time.
#[derive(Debug)]
pub(crate) struct Report {
    rate: u32,
    begun: Instant,
    samples: Vec<Sample>,
    threads: usize,
    descriptors: usize,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    minutes: f64,
    mib: f64,
}

impl Report {
    pub(crate) fn begin(rate: u32) -> Self {
        Self { rate, begun: Instant::now(), samples: Vec::new(), threads: 0, descriptors: 0 }
    }

    /// Looks at this process every few seconds, until so much time has passed.
    pub(crate) fn watch(&mut self, end: Duration) {
        let mut next = Duration::ZERO;
        loop {
            let passed = self.begun.elapsed();
            self.sample(passed);
            if passed >= end {
                return;
            }
            next += SAMPLE;
            thread::sleep(next.min(end).saturating_sub(self.begun.elapsed()));
        }
    }

    fn sample(&mut self, passed: Duration) {
        self.threads = self.threads.max(threads().map_or(0, |threads| threads.len()));
        self.descriptors = self.descriptors.max(descriptors().unwrap_or(0));
        let Some(bytes) = resident_bytes() else { return };
        let kib = f64::from(u32::try_from(bytes / 1024).unwrap_or(u32::MAX));
        self.samples.push(Sample { minutes: passed.as_secs_f64() / 60.0, mib: kib * 1024.0 / MIB });
    }

    /// Prints everything, and says whether every span is accounted for.
    pub(crate) fn print(
        &self,
        emitted: &Emitted,
        books: &Books,
        flushes: &[Result<(), DeliveryError>],
    ) -> bool {
        let status = bento::status();
        let unaccounted = unaccounted(emitted, &status, books);
        let row = |name: &str, value: String| println!("{name:<34} {value}");
        row("emitted", format!("{} (aim: {} a second)", emitted.spans, self.rate));
        row("delivered", status.delivered().to_string());
        row("lost", format!("{}: {}", status.losses().total(), status.losses()));
        row("still waiting", status.waiting().to_string());
        row("unaccounted", unaccounted.to_string());
        row("accepted by the backend", format!("{} in {} requests", books.accepted, books.requests));
        row("rejected by the backend", books.rejected.to_string());
        let unanswered = books.duplicated_unanswered;
        row("duplicated", format!("{}, of which {unanswered} had had no answer", books.duplicated));
        row("requests sent again", status.retries().to_string());
        row("panics", status.panics().to_string());
        row("resident memory at each minute", self.minutes());
        row("its slope", self.slope().map_or("–".to_owned(), |slope| format!("{slope:+.3} MiB a minute")));
        row("threads at most", self.threads.to_string());
        row("open files at most", self.descriptors.to_string());
        let millis = |duration: Duration| duration.as_secs_f64() * 1e3;
        let (longest, pause) = (millis(emitted.longest), millis(emitted.longest_pause));
        row(
            "longest emission",
            format!("{longest:.2} ms (and {pause:.2} ms the longest pause of 1 ms on this machine)"),
        );
        let verdicts = flushes.iter().map(|flush| match flush {
            Ok(()) => "Ok".to_owned(),
            Err(error) => error.to_string(),
        });
        row("last flush and shutdown", verdicts.collect::<Vec<_>>().join(" | "));
        unaccounted == 0 && books.duplicated == unanswered && books.unheard_of == 0
    }

    fn minutes(&self) -> String {
        let mut next = 0.0;
        let mut texts = Vec::new();
        for sample in &self.samples {
            if sample.minutes >= next {
                texts.push(format!("{:.1}", sample.mib));
                next += 1.0;
            }
        }
        texts.join(", ") + " MiB"
    }

    /// The slope of the straight line that comes nearest to the samples (least squares).
    fn slope(&self) -> Option<f64> {
        let warm = WARM_UP.as_secs_f64() / 60.0;
        let samples: Vec<Sample> =
            self.samples.iter().copied().filter(|sample| sample.minutes >= warm).collect();
        let count = f64::from(u32::try_from(samples.len()).ok().filter(|count| *count > 1)?);
        let mean_x = samples.iter().map(|sample| sample.minutes).sum::<f64>() / count;
        let mean_y = samples.iter().map(|sample| sample.mib).sum::<f64>() / count;
        let over =
            samples.iter().map(|sample| (sample.minutes - mean_x) * (sample.mib - mean_y)).sum::<f64>();
        let under = samples.iter().map(|sample| (sample.minutes - mean_x).powi(2)).sum::<f64>();
        Some(over / under)
    }
}

/// Spans that are missing, or are too many, in the SDK's books or between them and the backend's.
fn unaccounted(emitted: &Emitted, status: &Status, books: &Books) -> u64 {
    let told = status.delivered() + status.losses().total() + status.waiting();
    let arrived = status.delivered() + status.rejected();
    emitted.spans.abs_diff(told)
        + books.accepted.abs_diff(arrived)
        + books.rejected.abs_diff(status.rejected())
}
