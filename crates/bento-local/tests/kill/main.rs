//! The server is killed, again and again, at random moments while spans come in: what it said 200 to is there afterwards.
//!
//! Ten times, since a kill takes up to a second where others want the disk too: `BENTO_KILLS=50` makes it fifty. `BENTO_SEED`
//! sets which moments and spans.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../agent/mod.rs"]
mod agent;
mod ledger;
mod sender;
mod server;

use std::thread;
use std::time::Duration;

use fastrand::Rng;

use sender::Sender;
use server::Server;

/// Connections that send at one time.
const SENDERS: u64 = 4;

/// The kill comes within that many milliseconds.
const LOAD: u64 = 300;

/// Runs that are looked at after each restart.
const SAMPLE: usize = 25;

#[test]
fn what_was_acknowledged_survives_sigkill() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.db");
    let (kills, seed) = (number("BENTO_KILLS", 10), number("BENTO_SEED", 1));
    let mut rng = Rng::with_seed(seed);
    let mut senders: Vec<_> = (0..SENDERS).map(|number| Sender::new(seed << 8 | number)).collect();
    let mut kept_unsaid = 0;
    for round in 0..kills {
        let mut server = Server::start(&file);
        let mut sample: Vec<_> = senders.iter().flat_map(|sender| sender.ledger.runs()).collect();
        rng.shuffle(&mut sample);
        for run in sample.into_iter().take(SAMPLE) {
            run.check(&server);
        }
        let moment = Duration::from_millis(rng.u64(..=LOAD));
        thread::scope(|scope| {
            let url = server.url();
            for sender in &mut senders {
                let url = url.clone();
                scope.spawn(move || sender.send_until_it_fails(&url));
            }
            thread::sleep(moment);
            server.kill();
        });
        let sent: usize = senders.iter().map(|sender| sender.ledger.acknowledged()).sum();
        assert!(round < 5 || sent > 0, "something has to arrive for the test to tell anything");
    }
    let server = Server::start(&file);
    for Sender { ledger, .. } in &senders {
        ledger.runs().iter().for_each(|run| run.check(&server));
        kept_unsaid += ledger.check_bodies(&server);
    }
    let acknowledged: usize = senders.iter().map(|sender| sender.ledger.acknowledged()).sum();
    let surplus = server.spans() - acknowledged - kept_unsaid;
    assert_eq!(surplus, 0, "{acknowledged} spans were acknowledged, {kept_unsaid} kept without a word");
    assert!(acknowledged > 20 * usize::try_from(kills).unwrap(), "{acknowledged}");
    drop(server);
    let database = rusqlite::Connection::open(&file).unwrap();
    let checked: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(checked, "ok");
}

fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).map_or(usual, |number| number.parse().unwrap())
}
