//! `bento watch`: the newest runs and what happens in them, on a terminal.
//!
//! `source` and `input` are threads that tell the loop what they hear; the loop gives it to `state`, which is pure, does
//! what that wishes, and lets `view` draw it on the `screen`. `rows`, `text` and `layout` are the ground they share.

mod heard;
mod input;
mod layout;
mod rows;
mod screen;
mod source;
mod state;
mod text;
mod view;

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime};

use clap::Args;

use self::heard::Heard;
use self::screen::Screen;
use self::source::Source;
use self::state::{Effect, Event, State};
use self::view::{Origin, Theme};
use super::error::CliError;
use super::output;
use super::remote::{self, Backend, Workspace};
use crate::client::FetchError;
use crate::{Timestamp, TraceId};

/// How long news wait for one another to be drawn together. Keys wait for nobody.
const FRAME: Duration = Duration::from_millis(33);

/// How often something is drawn that moves by itself, and how often the time.
const BEAT: Duration = Duration::from_millis(150);
const SECOND: Duration = Duration::from_secs(1);

/// What threads may tell before the loop has heard it. Then they wait, and with them the backend.
const WAITING: usize = 1_024;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bento watch                            # the newest runs, as they come
  bento watch TRACE_ID                   # one run, step by step
  NO_COLOR=1 bento watch --workspace w2

Keys: arrows or j k, Enter opens, Esc goes back, / searches, ? shows all keys, q quits.")]
pub(super) struct Watch {
    /// The run's trace id, 32 hex digits; without it, the newest runs
    trace_id: Option<String>,
    #[command(flatten)]
    backend: Backend,
    #[command(flatten)]
    workspace: Workspace,
}

impl Watch {
    pub(super) fn run(self) -> Result<ExitCode, CliError> {
        let trace = self.trace_id.map(|id| id.parse::<TraceId>()).transpose().map_err(FetchError::from)?;
        if !io::stdout().is_terminal() {
            let told = "there is no terminal to watch on: `bento traces list` prints runs, `bento traces show` one of them";
            return Err(CliError::Usage(told.to_owned()));
        }
        let (client, workspace) = (self.backend.client()?, self.workspace.id());
        // What is wrong is told before the screen is taken.
        match trace {
            Some(trace) => source::look_for_run(&client, trace)?,
            None => source::look_for_runs(&client, workspace)?,
        }
        let has_key = remote::key().is_some();
        let origin = Origin { base_url: self.backend.address()?, workspace: workspace.to_owned(), has_key };

        let (tells, heard) = mpsc::sync_channel(WAITING);
        let source = Source::start(client, workspace, tells.clone())?;
        let screen = Screen::take()?;
        input::start(tells)?;
        let state = State::new(trace, screen::size(), now());
        let theme = Theme::new(output::color());
        Watching { state, source, screen, heard, origin, theme }.go_on()?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Everything that the loop needs.
struct Watching {
    state: State,
    source: Source,
    screen: Screen,
    heard: Receiver<Heard>,
    origin: Origin,
    theme: Theme,
}

impl Watching {
    /// Hears, does and draws until the end is wished for.
    fn go_on(mut self) -> io::Result<()> {
        let start = Instant::now();
        loop {
            // Not every change of size is told: one that comes together with a key is lost on the way.
            if screen::size() != self.state.size {
                self.redraw()?;
            }
            self.state.settle();
            for effect in self.state.take_effects() {
                match effect {
                    Effect::Ask(question) => self.source.ask(question),
                    Effect::Watch(number, target) => self.source.watch(number, target)?,
                    Effect::Quit => return Ok(()),
                }
            }
            let beat = start.elapsed().as_millis() / BEAT.as_millis();
            let theme = self.theme.at(usize::try_from(beat).unwrap_or_default());
            let Self { state, screen, origin, .. } = &mut self;
            screen.draw(|frame| view::draw(frame, state, origin, theme))?;
            let waits = if self.state.is_moving() { BEAT } else { SECOND };
            if let Some(end) = self.hear(Instant::now(), waits) {
                return end;
            }
            self.state.apply(Event::Tick(now()));
        }
    }

    /// Draws everything anew, in the size that the terminal has now.
    fn redraw(&mut self) -> io::Result<()> {
        let size = self.screen.resize()?;
        self.state.apply(Event::Resized(size.width, size.height));
        Ok(())
    }

    /// Takes in what comes until it is time to draw; gives the end, if that came.
    fn hear(&mut self, drawn: Instant, waits: Duration) -> Option<io::Result<()>> {
        let mut until = drawn + waits;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            match self.heard.recv_timeout(left) {
                Ok(Heard::Event(event)) => {
                    let is_key = matches!(event, Event::Key(_));
                    self.state.apply(event);
                    if is_key {
                        break;
                    }
                    until = until.min(drawn + FRAME);
                }
                Ok(Heard::Resized) => match self.redraw() {
                    Ok(()) => break,
                    Err(error) => return Some(Err(error)),
                },
                Ok(Heard::End(end)) => return Some(end),
                Err(RecvTimeoutError::Timeout) => break,
                // The source is ours, and with it a sender.
                Err(RecvTimeoutError::Disconnected) => return Some(Ok(())),
            }
        }
        None
    }
}

fn now() -> Timestamp {
    Timestamp::of(SystemTime::now())
}
