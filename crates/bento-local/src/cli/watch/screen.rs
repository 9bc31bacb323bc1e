//! The terminal, taken for a while and given back as it was, whatever happens.

use std::io::{self, BufWriter, Stdout, Write};
use std::panic;

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{self, Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen};
use ratatui::layout::{Rect, Size};
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};

/// Where the size of standard output is not to be had.
const USUAL: Size = Size { width: 80, height: 24 };

/// Bytes of a screen that are written at once.
const PIECE: usize = 64 << 10;

/// Without a look at where the cursor stands: not every terminal answers, and the keys are read elsewhere.
const CLEAR: Clear = Clear(ClearType::All);

/// The terminal while it is ours. Dropping it gives it back.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
}

impl Screen {
    /// Takes the terminal. A panic gives it back before it is told.
    pub(super) fn take() -> io::Result<Self> {
        let told = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            give_back();
            told(panic);
        }));
        terminal::enable_raw_mode()?;
        let taken = Self::enter();
        if taken.is_err() {
            give_back();
        }
        taken
    }

    fn enter() -> io::Result<Self> {
        let mut out = BufWriter::with_capacity(PIECE, io::stdout());
        execute!(out, EnterAlternateScreen, CLEAR)?;
        // Standard output is what is drawn on; the controlling terminal may be another one.
        let viewport = Viewport::Fixed(Rect::from(((0, 0).into(), size())));
        let terminal = Terminal::with_options(CrosstermBackend::new(out), TerminalOptions { viewport })?;
        Ok(Self { terminal })
    }

    /// The terminal has another size now, or shows what it should not: all of it is drawn anew.
    pub(super) fn resize(&mut self) -> io::Result<Size> {
        let size = size();
        execute!(self.terminal.backend_mut(), CLEAR)?;
        self.terminal.resize(Rect::from(((0, 0).into(), size)))?;
        Ok(size)
    }

    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(draw).map(drop)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// The size of the terminal that standard output is.
pub(super) fn size() -> Size {
    let size = terminal_size::terminal_size_of(io::stdout());
    size.map_or(USUAL, |(width, height)| Size { width: width.0, height: height.0 })
}

/// As it was. There is nobody left to tell if that fails.
fn give_back() {
    let _ = terminal::disable_raw_mode();
    let _ = execute!(io::stdout(), LeaveAlternateScreen, Show);
    let _ = io::stdout().flush();
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::File;
    use std::io::Read as _;
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};
    use std::{env, thread};

    use rustix::fs::{Mode, OFlags};
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::tcgetattr;

    use super::*;

    const PANICS: &str = "BENTO_TEST_PANICS";

    /// Takes the screen that it runs on, and panics.
    #[test]
    #[expect(clippy::panic, reason = "it is what is tried")]
    fn taken_for_a_panic() -> io::Result<()> {
        if env::var_os(PANICS).is_none() {
            return Ok(());
        }
        let _screen = Screen::take()?;
        panic!("on purpose")
    }

    #[test]
    fn a_panic_gives_the_terminal_back_before_it_is_told() -> Result<(), Box<dyn std::error::Error>> {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
        grantpt(&controller)?;
        unlockpt(&controller)?;
        let name = ptsname(&controller, Vec::new())?;
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let open = || rustix::fs::open(name.as_c_str(), flags, Mode::empty()).map(Stdio::from);
        let terminal = rustix::fs::open(name.as_c_str(), flags, Mode::empty())?;
        let before = tcgetattr(&terminal)?.local_modes;
        let mut command = Command::new(env::current_exe()?);
        command.args(["--exact", "cli::watch::screen::tests::taken_for_a_panic", "--nocapture"]);
        command.env(PANICS, "1").stdin(open()?).stdout(open()?).stderr(open()?);
        let mut child = command.spawn()?;
        drop(command);
        let shown = thread::spawn(move || {
            let (mut controller, mut shown, mut piece) = (File::from(controller), Vec::new(), [0; 4096]);
            while let Ok(length @ 1..) = controller.read(&mut piece) {
                shown.extend(&piece[..length]);
            }
            String::from_utf8_lossy(&shown).into_owned()
        });
        let deadline = Instant::now() + Duration::from_secs(60);
        let status = loop {
            match child.try_wait()? {
                Some(status) => break status,
                None if Instant::now() > deadline => child.kill()?,
                None => thread::sleep(Duration::from_millis(2)),
            }
        };
        assert_eq!(status.code(), Some(101), "{status}");
        assert_eq!(tcgetattr(&terminal)?.local_modes, before);
        drop(terminal);
        let shown = shown.join().map_err(|_| "the reader")?;
        let place = |text: &str| shown.find(text).ok_or_else(|| format!("no {text:?} in {shown:?}"));
        let (taken, back) = (place("\x1b[?1049h")?, place("\x1b[?1049l")?);
        assert!(taken < back && back < place("panicked at")? && back < place("\x1b[?25h")?, "{shown:?}");
        Ok(())
    }
}
