//! The backend's process: it changes its weather by itself, and answers its parent line by line.

use std::io::{self, BufRead};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use bento_faults::{Answer, Keep, Plan, Received, Server};

use crate::ledger::Ledger;
use crate::weather::Weather;

#[derive(Debug)]
struct Sky {
    begun: Instant,
    calm: AtomicBool,
    /// The weather that the last request met.
    last: Mutex<Weather>,
    ledger: Mutex<Ledger>,
}

/// Serves until the input ends.
pub(crate) fn serve() -> io::Result<()> {
    let sky = Arc::new(Sky {
        begun: Instant::now(),
        calm: AtomicBool::new(false),
        last: Mutex::new(Weather::Fair),
        ledger: Mutex::default(),
    });
    let (above, books) = (Arc::clone(&sky), Arc::clone(&sky));
    let server = Plan::script(move |_, request| above.answer(request))
        .settled(move |request| books.ledger().enter(request))
        .keep(Keep::Nothing)
        .start();
    println!("{}", server.url());
    let weather = Arc::clone(&sky);
    thread::spawn(move || come_and_go(&weather, &server));
    for line in io::stdin().lock().lines() {
        match line?.as_str() {
            "calm" => {
                sky.calm.store(true, Ordering::Relaxed);
                println!("calm");
            }
            _ => println!("{}", serde_json::to_string(&sky.ledger().books())?),
        }
    }
    Ok(())
}

impl Sky {
    fn weather(&self) -> Weather {
        if self.calm.load(Ordering::Relaxed) { Weather::Fair } else { Weather::at(self.begun.elapsed()) }
    }

    fn answer(&self, request: &Received) -> Answer {
        let weather = self.weather();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = std::mem::replace(&mut *last, weather) != weather;
        if weather == Weather::RejectsOne {
            self.ledger().reject(1);
        }
        weather.answer(request, is_first)
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes the port when it is time, and opens it again.
fn come_and_go(sky: &Sky, server: &Server) {
    loop {
        if sky.weather() == Weather::Down {
            server.stop();
            while sky.weather() == Weather::Down {
                thread::sleep(Duration::from_millis(20));
            }
            server.resume();
        }
        thread::sleep(Duration::from_millis(20));
    }
}
