//! What is shown, drawn. The state is only read here.

mod bar;
mod columns;
mod keys;
mod list;
mod run;
#[cfg(test)]
mod tests;
mod theme;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use self::bar::Bar;
use self::theme::Role;
pub(super) use self::theme::Theme;
use super::layout;
use super::rows::{Run, RunState};
use super::state::{Link, Opened, State};
use super::text;
use crate::Timestamp;

/// What is looked at, for those who want to send there.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub(super) base_url: String,
    pub(super) workspace: String,
    /// A key is set, which is never shown.
    pub(super) has_key: bool,
}

impl Origin {
    fn place(&self) -> String {
        format!("{}  {}", self.workspace, self.base_url)
    }
}

/// Draws everything.
pub(super) fn draw(frame: &mut Frame<'_>, state: &State, origin: &Origin, theme: Theme) {
    let buffer = frame.buffer_mut();
    match &state.opened {
        Some(opened) => run::draw(buffer, state, opened, theme),
        None => list::draw(buffer, state, origin, theme),
    }
    let places = layout::list(state.size).status;
    status(buffer, state, theme, places);
    if state.shows_keys {
        keys::draw(buffer, theme);
    }
    if let Some(words) = &state.prompt {
        let columns = places.width.saturating_sub(1);
        let end = u16::try_from(text::width(words) + 1).unwrap_or(columns).min(columns);
        if !places.is_empty() {
            frame.set_cursor_position(Position::new(places.x + end, places.y));
        }
    }
}

/// The last line: what is typed or told, and how the backend is heard.
fn status(buffer: &mut Buffer, state: &State, theme: Theme, area: Rect) {
    let mut bar = Bar::new(buffer, theme, area);
    if let Some(words) = &state.prompt {
        // The end of what is typed is what one looks at.
        let room = bar.room().saturating_sub(2);
        let start = words.char_indices().map(|(at, _)| at).find(|&at| text::width(&words[at..]) <= room);
        bar.put(Role::Strong, "/").put(Role::Plain, &words[start.unwrap_or(words.len())..]);
        return;
    }
    match &state.link {
        // The tree stays, so that it is to be said here.
        Link::Live | Link::Polling if state.opened.as_ref().is_some_and(|opened| opened.is_missing) => {
            bar.put(Role::Bad, "✗ the backend no longer has this run")
        }
        Link::Connecting => bar.put(Role::Dim, "connecting …"),
        Link::Live => bar.put(Role::Good, "● live"),
        Link::Polling => bar.put(Role::Good, "● every second"),
        Link::Lost(_) => bar.put(Role::Bad, "✗ connection lost, retrying"),
        Link::Refused => bar.put(Role::Bad, "✗ the key is refused"),
    };
    if state.opened.as_ref().is_some_and(Opened::follows) {
        bar.put(Role::Warn, "  following");
    }
    let reason = match &state.link {
        Link::Lost(reason) => Some(reason.as_str()),
        Link::Refused => Some("set BENTOLABS_API_KEY and start again"),
        _ => None,
    };
    if let Some(told) = state.notice.as_deref().or(reason).or(state.failure.as_deref()) {
        bar.put(Role::Plain, "  ").put(Role::Warn, told);
        return;
    }
    let hints: &[&str] = match &state.opened {
        Some(_) => &["Tab step", "/ search", "e error", "f follow", "Esc back", "? keys", "q quit"],
        None => &["Enter open", "/ search", "s state", "? keys", "q quit"],
    };
    // The last ones say where the others are.
    for first in 0..hints.len() {
        let hints = hints[first..].join("  ");
        if text::width(&hints) + 1 < bar.room() {
            bar.put_right(Role::Dim, &hints);
            break;
        }
    }
}

/// How long a run has taken, or takes until now.
fn elapsed(run: &Run, now: Timestamp) -> String {
    let until_now = run.start_time.map(|start| now.since(start).as_secs_f64() * 1e3);
    let shown = match until_now {
        Some(until_now) if run.state == RunState::Running => until_now.max(run.duration_ms),
        _ => run.duration_ms,
    };
    text::duration(shown)
}
