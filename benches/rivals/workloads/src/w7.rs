//! W7: more spans than can be delivered, to a sink that takes 50 ms for an answer.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Instant;

use crate::outcome::{Figure, Outcome, nanoseconds, percentile};
use crate::text::Talk;
use crate::{Bound, Contender, Failure, Goal};

pub const TITLE: &str = "overload: 100,000 small spans in a tight loop, answers after 50 ms";

pub const FIGURES: &[Figure] = &[
    Figure::higher("delivered", "delivered when flush returned", 0),
    Figure::lower("drops", "drops known to the program", 0),
    Figure::higher("accounted", "delivered + known drops", 0),
    Figure::higher("rate", "deliveries/s", 0),
    Figure::lower("p50", "caller ns: p50", 0),
    Figure::lower("p99", "p99", 0),
    Figure::lower("peak", "peak memory, MB", 1),
];

pub const GOALS: &[Goal] = &[
    Goal::new("accounted", Bound::Exactly(CALLS as f64)),
    Goal::new("rate", Bound::AtLeastOf(2.0, "otel")),
    Goal::new("p99", Bound::AtMostOf(1.0, "otel")),
];

const CALLS: u32 = 100_000;

pub(crate) fn run<C: Contender>(contender: &C, sink: &str, outcome: &mut Outcome) -> Result<(), Failure> {
    let talk = Talk::new();
    let calls = talk.calls();
    let mut times = vec![0.0; CALLS as usize];
    let start = Instant::now();
    for (time, call) in times.iter_mut().zip(calls.iter().cycle()) {
        let begin = Instant::now();
        contender.call(call);
        *time = nanoseconds(begin.elapsed());
    }
    let said = contender.flush();
    let wall = start.elapsed();
    let delivered = delivered(sink)?;
    outcome.count("delivered", delivered);
    outcome.figure("rate", delivered as f64 / wall.as_secs_f64());
    outcome.figure("p50", percentile(&mut times, 50));
    outcome.figure("p99", percentile(&mut times, 99));
    outcome.figure("peak", crate::clock::peak()? as f64 / 1e6);
    if let Some(drops) = contender.known_drops() {
        outcome.count("drops", drops);
        outcome.count("accounted", delivered + drops);
    } else {
        outcome.words("drops", "no way to know");
        outcome.words("accounted", "–");
    }
    outcome.words("flush", said.map_or_else(|error| error.to_string(), |()| "Ok".into()));
    Ok(())
}

/// What has arrived by now. The sink is asked from here, because what arrives after the flush is another figure.
fn delivered(sink: &str) -> Result<u64, Failure> {
    let authority = sink.trim_start_matches("http://");
    let mut stream = TcpStream::connect(authority)?;
    write!(stream, "GET /spans HTTP/1.1\r\nhost: {authority}\r\n\r\n")?;
    // The sink ends the connection where the client has nothing more to ask.
    stream.shutdown(Shutdown::Write)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (_, body) = answer.split_once("\r\n\r\n").ok_or("the sink's answer has no body")?;
    Ok(body.trim().parse()?)
}
