//! What live mode takes of a caller, by what the same call takes without: `cargo bench --bench live`.
//!
//! The SDK is started anew for each turn, off and on by turns, at one sink. Only calls on a warm SDK are timed; everything
//! is delivered before the next turn begins. What counts is the ratio.

#![expect(clippy::print_stdout, reason = "a benchmark reports")]

use std::error::Error;
use std::time::Duration;

mod measured {
    pub(crate) mod chat;
    pub(crate) mod filter;
    pub(crate) mod quantile;
    pub(crate) mod sink;
    pub(crate) mod small;
    pub(crate) mod thread_time;
    pub(crate) mod trajectory;
}
use measured::filter::is_wanted;
use measured::quantile::quantile;
use measured::sink::{self, Sink};
use measured::thread_time::thread_time;
use measured::{chat, small, trajectory};

/// More than anything here takes.
const LONG: Duration = Duration::from_secs(60);

struct Work {
    name: &'static str,
    rounds: usize,
    /// In each turn. Their forms are fewer than a batch, so that no worker begins meanwhile, of which the scheduler may
    /// think that it should have the caller's core.
    calls: usize,
    call: fn(usize),
}

fn turn(number: usize) {
    let exchange = small::pick(number);
    let turn = bento::begin("user_turn").user_id(&exchange.user).convo_id(&exchange.conversation);
    turn.input(&exchange.input).start().output(&exchange.output).finish().ok();
}

fn tool(number: usize) {
    let exchange = small::pick(number);
    bento::tool_span("search").input(&exchange.input).start().output(&exchange.output);
}

/// A text of 4 KiB, as a question with its context.
fn long_turn(number: usize) {
    use std::sync::LazyLock;
    static CHATS: LazyLock<Vec<String>> =
        LazyLock::new(|| (0..16).map(|seed| chat::text(seed, 4096)).collect());
    bento::begin("user_turn").input(&CHATS[number % 16]).start().finish().ok();
}

const TRAJECTORIES: usize = 180 / trajectory::SPANS as usize;

const WORKS: [Work; 5] = [
    Work { name: "small span, sent once", rounds: 300, calls: 200, call: small::send },
    Work { name: "`begin` to `finish`", rounds: 300, calls: 200, call: turn },
    Work { name: "`begin` to `finish`, input of 4 KiB", rounds: 300, calls: 200, call: long_turn },
    Work { name: "tool span", rounds: 300, calls: 200, call: tool },
    Work { name: "trajectory of 6 spans", rounds: 300, calls: TRAJECTORIES, call: |_| trajectory::send() },
];

fn main() -> Result<(), Box<dyn Error>> {
    if sink::is_sink() {
        return Ok(());
    }
    let mut sink = Sink::start()?;
    println!("ns per call on the caller's thread\n");
    println!("| call | off p50 | off p99 | on p50 | on p99 | ratio |");
    println!("|---|---:|---:|---:|---:|---:|");
    for work in WORKS.iter().filter(|work| is_wanted(work.name)) {
        let (mut times, mut delivered, before) = ([Vec::new(), Vec::new()], 0, sink.arrived()?.spans);
        // The first round warms up and does not count.
        for round in 0..=work.rounds {
            for (is_live, times) in [false, true].into_iter().zip(&mut times) {
                let time = one_turn(work, is_live, sink.url())?;
                times.extend((round > 0).then_some(time));
                delivered += bento::status().delivered();
            }
        }
        assert_eq!(sink.arrived()?.spans - before, delivered, "not all spans have arrived");
        let ratios: Vec<f64> = times[0].iter().zip(&times[1]).map(|(off, on)| on / off).collect();
        print!("| {} ", work.name);
        for times in &times {
            print!("| {:.0} | {:.0} ", quantile(times, 0.5), quantile(times, 0.99));
        }
        println!("| **{:.2}** |", quantile(&ratios, 0.5));
    }
    Ok(())
}

/// Nanoseconds a call.
#[expect(clippy::cast_precision_loss, reason = "nobody needs the last of fifteen digits")]
fn one_turn(work: &Work, is_live: bool, url: &str) -> Result<f64, Box<dyn Error>> {
    // One interval for both: what is compared is what the caller does.
    let builder = bento::builder().api_key("bl_pk_bench").base_url(url).live(is_live);
    let _bento = builder.batch_interval(Duration::from_secs(5)).init()?;
    for number in 0..work.calls {
        (work.call)(number);
    }
    bento::flush(LONG)?;
    let start = thread_time();
    for number in 0..work.calls {
        (work.call)(number);
    }
    let time = thread_time() - start;
    bento::shutdown(LONG)?;
    let status = bento::status();
    assert_eq!(status.losses().total(), status.withheld(), "spans were lost");
    Ok(time * 1e9 / work.calls as f64)
}
