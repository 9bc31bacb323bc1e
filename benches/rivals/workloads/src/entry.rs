//! The program that every contender is: one workload, once, and what it found on one line.

use std::env;

use crate::outcome::Outcome;
use crate::{Contender, Failure, Settings, Workload, w1, w2, w3, w4, w5, w6, w7, w8};

/// Runs a closure and tells how often it allocated on the calling thread, where this program can tell.
pub type Allocations = fn(&mut dyn FnMut()) -> Option<u64>;

/// For programs that time: counting would cost the calls.
pub fn not_counted(run: &mut dyn FnMut()) -> Option<u64> {
    run();
    None
}

/// How long a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    Full,
    Quick,
}

impl Length {
    /// A fifth, where a rough figure is enough.
    pub(crate) const fn of(self, full: usize) -> usize {
        match self {
            Self::Full => full,
            Self::Quick => full / 5,
        }
    }
}

/// `contender WORKLOAD SINK VARIANT LENGTH [CHUNK]`: the command line is the business of the program that starts it.
pub fn run<C: Contender>(allocations: Allocations) -> Result<(), Failure> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [workload, sink, variant, length, rest @ ..] = arguments.as_slice() else {
        return Err("usage: contender WORKLOAD SINK VARIANT full|quick [CHUNK]".into());
    };
    let workload = Workload::by_name(workload).ok_or("no such workload")?;
    let length = if length == "quick" { Length::Quick } else { Length::Full };
    let chunk = match rest {
        [chunk, ..] => chunk.parse()?,
        [] => C::chunk(workload),
    };
    let mut outcome = Outcome::default();
    if let Some(reason) = C::unable(workload) {
        outcome.words("unable", reason);
    } else {
        let contender = C::start(Settings { sink, variant, workload })?;
        match workload {
            Workload::W1 => w1::run(&contender, allocations, length, &mut outcome)?,
            Workload::W2 => w2::run(&contender, length, &mut outcome)?,
            Workload::W3 => w3::run(&contender, length, &mut outcome)?,
            Workload::W4 => w4::run(&contender, chunk, length, &mut outcome)?,
            Workload::W5 => w5::run(&contender, chunk, length, &mut outcome)?,
            Workload::W6 => w6::run(&contender, length, &mut outcome)?,
            Workload::W7 => w7::run(&contender, sink, &mut outcome)?,
            Workload::W8 => w8::run(&contender, &mut outcome),
            Workload::W9 => return Err("W9 is about programs of their own".into()),
        }
        contender.stop();
    }
    say(&outcome.json());
    Ok(())
}

#[expect(clippy::print_stdout, reason = "this line is what the program is for")]
fn say(line: &str) {
    println!("{line}");
}
