//! What changes, as the backend tells it; where it tells nothing, the time to ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::super::heard::{self, Heard};
use super::super::rows::{Run, Step};
use super::super::state::{Event, News, Target};
use crate::cli::ask::path;
use crate::client::{FetchError, Listened, Subscription};
use crate::event_stream::{EventError, ServerEvent};

/// How often a backend is asked that tells nothing.
const POLL: Duration = Duration::from_secs(1);

/// How often it is asked until it is tried again to listen to what was not there, at first and at last.
const FIRST_POLLS: u32 = 2;
const LAST_POLLS: u32 = 10;

/// How long it takes until a connection that broke is tried again, at first and at last.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LAST_WAIT: Duration = Duration::from_secs(10);

/// Listens until it is dropped.
pub(super) struct Listener {
    subscription: Arc<Subscription>,
    has_ended: Arc<AtomicBool>,
    thread: Thread,
}

/// The thread's side.
struct Ear<'a> {
    subscription: Arc<Subscription>,
    has_ended: Arc<AtomicBool>,
    number: u64,
    heard: &'a SyncSender<Heard>,
}

/// What this is told at.
pub(super) fn path_of(workspace: &str, target: Target) -> String {
    match target {
        Target::Runs => path(&["workspaces", workspace, "traces", "stream"]),
        Target::Run(trace) => path(&["traces", &trace.to_string(), "stream"]),
    }
}

/// Nobody listens any more.
struct Ended;

impl Listener {
    pub(super) fn start(
        subscription: Subscription,
        number: u64,
        heard: SyncSender<Heard>,
    ) -> std::io::Result<Self> {
        let (subscription, has_ended) = (Arc::new(subscription), Arc::new(AtomicBool::new(false)));
        let (subscribed, ends) = (Arc::clone(&subscription), Arc::clone(&has_ended));
        let thread = heard::spawn("listen", heard, move |heard| {
            let ear = Ear { subscription: subscribed, has_ended: ends, number, heard };
            let Err(Ended) = ear.listen();
        })?;
        Ok(Self { subscription, has_ended, thread })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.has_ended.store(true, Ordering::Release);
        self.subscription.end();
        self.thread.unpark();
    }
}

impl Ear<'_> {
    fn listen(&self) -> Result<std::convert::Infallible, Ended> {
        let (mut wait, mut polls) = (FIRST_WAIT, FIRST_POLLS);
        loop {
            let lost = match self.subscription.listen() {
                Ok(Listened::Stream(stream)) => {
                    polls = FIRST_POLLS;
                    let mut reason = "the backend ended the stream".to_owned();
                    for event in stream {
                        match event {
                            Ok(event) => {
                                self.pass_on(&event)?;
                                wait = FIRST_WAIT;
                            }
                            Err(EventError::TooLarge) => self.tell(News::Ready)?,
                            Err(EventError::Read(error)) => {
                                reason = error.to_string();
                                break;
                            }
                        }
                    }
                    News::Lost(crate::terminal::clean(&reason, 400))
                }
                Ok(Listened::Missing) => {
                    // A run that is gone may come again.
                    for _ in 0..polls {
                        self.poll()?;
                    }
                    polls = (polls * 2).min(LAST_POLLS);
                    continue;
                }
                Ok(Listened::None) => loop {
                    self.poll()?;
                },
                Err(FetchError::Refused { status: 401, .. }) => News::Refused,
                Err(error) => News::Lost(crate::terminal::clean(&error.to_string(), 400)),
            };
            self.tell(lost)?;
            self.rest(wait)?;
            wait = (wait * 2).min(LAST_WAIT);
        }
    }

    /// Says that it is time to ask, and waits until it is again.
    fn poll(&self) -> Result<(), Ended> {
        self.tell(News::Poll)?;
        self.rest(POLL)
    }

    /// What is not understood may have been a change: everything is to be asked for again.
    fn pass_on(&self, event: &ServerEvent) -> Result<(), Ended> {
        let news = match event.name.as_str() {
            "run" => serde_json::from_str::<Run>(&event.data).map(|run| News::Run(Box::new(run))),
            "span" => serde_json::from_str::<Step>(&event.data).map(|step| News::Step(Box::new(step))),
            "ready" | "reset" => Ok(News::Ready),
            // A word of a later version.
            _ => return Ok(()),
        };
        self.tell(news.unwrap_or(News::Ready))
    }

    fn tell(&self, news: News) -> Result<(), Ended> {
        if self.has_ended.load(Ordering::Acquire) {
            return Err(Ended);
        }
        self.heard.send(Heard::Event(Event::News(self.number, news))).map_err(|_| Ended)
    }

    fn rest(&self, time: Duration) -> Result<(), Ended> {
        let end = Instant::now() + time;
        loop {
            if self.has_ended.load(Ordering::Acquire) {
                return Err(Ended);
            }
            match end.checked_duration_since(Instant::now()) {
                Some(left) if !left.is_zero() => thread::park_timeout(left),
                _ => return Ok(()),
            }
        }
    }
}
