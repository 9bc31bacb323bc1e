//! Keys, the size of the terminal, and the wish that the program ends.

use std::io;
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::{Duration, Instant};

use ratatui::crossterm::event::{self, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::crossterm::terminal;

use super::heard::{self, Heard};
use super::state::{Event, Key};
use crate::cli::serve::Stop;

/// How long the terminal may take to be given back.
const PATIENCE: Duration = Duration::from_secs(2);

/// Tells what happens at the terminal; if that cannot be read any more, the end.
pub(super) fn start(heard: SyncSender<Heard>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // In this mode of the terminal Ctrl-C is a key; the system's wish is none.
    let (mut stop, mut hangup) =
        runtime.block_on(async { io::Result::Ok((Stop::listen()?, Hangup::listen()?)) })?;
    heard::spawn("end", heard.clone(), move |heard| {
        runtime.block_on(async {
            tokio::select! {
                () = stop.wait() => {}
                () = hangup.wait() => {}
            }
        });
        end(heard);
    })?;
    heard::spawn("keys", heard, read)?;
    Ok(())
}

/// The system's word that nobody is at the terminal any more, which may live on, as that of a session that is left.
#[cfg(unix)]
struct Hangup(tokio::signal::unix::Signal);

#[cfg(unix)]
impl Hangup {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::hangup()).map(Self)
    }

    async fn wait(&mut self) {
        self.0.recv().await;
    }
}

/// The console's word that its window is being closed.
#[cfg(windows)]
struct Hangup(tokio::signal::windows::CtrlClose);

#[cfg(windows)]
impl Hangup {
    fn listen() -> io::Result<Self> {
        tokio::signal::windows::ctrl_close().map(Self)
    }

    async fn wait(&mut self) {
        self.0.recv().await;
    }
}

/// Ends the program, which may be writing to a terminal that nobody reads, as one at the other end of a dead line: then
/// it is not waited for.
fn end(heard: &SyncSender<Heard>) {
    let last = Instant::now() + PATIENCE;
    while heard.try_send(Heard::End(Ok(()))).is_err() && Instant::now() < last {
        thread::sleep(PATIENCE / 100);
    }
    thread::sleep(last.saturating_duration_since(Instant::now()));
    let _ = terminal::disable_raw_mode();
    std::process::exit(1);
}

fn read(heard: &SyncSender<Heard>) {
    loop {
        let tell = match event::read() {
            Ok(event::Event::Key(key)) if is_redraw(key) => Some(Heard::Resized),
            Ok(event::Event::Key(key)) => key_of(key).map(|key| Heard::Event(Event::Key(key))),
            Ok(event::Event::Resize(..)) => Some(Heard::Resized),
            Ok(_) => None,
            Err(error) => {
                let _ = heard.send(Heard::End(Err(error)));
                return;
            }
        };
        if tell.is_some_and(|tell| heard.send(tell).is_err()) {
            return;
        }
    }
}

/// Ctrl-L, as everywhere.
fn is_redraw(key: KeyEvent) -> bool {
    key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('l')
}

fn key_of(KeyEvent { code, modifiers, kind, .. }: KeyEvent) -> Option<Key> {
    if kind == KeyEventKind::Release {
        return None;
    }
    if modifiers.contains(KeyModifiers::CONTROL) {
        return match code {
            KeyCode::Char('c' | 'C') => Some(Key::Interrupt),
            // So some terminals send backspace.
            KeyCode::Char('h') => Some(Key::Backspace),
            _ => None,
        };
    }
    match code {
        KeyCode::Up => Some(Key::Up),
        KeyCode::Down => Some(Key::Down),
        KeyCode::Left => Some(Key::Left),
        KeyCode::Right => Some(Key::Right),
        KeyCode::PageUp => Some(Key::PageUp),
        KeyCode::PageDown => Some(Key::PageDown),
        KeyCode::Home => Some(Key::Home),
        KeyCode::End => Some(Key::End),
        KeyCode::Enter => Some(Key::Enter),
        KeyCode::Tab | KeyCode::BackTab => Some(Key::Tab),
        KeyCode::Esc => Some(Key::Escape),
        KeyCode::Backspace => Some(Key::Backspace),
        KeyCode::Char(c) => Some(Key::Char(c)),
        _ => None,
    }
}
