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
