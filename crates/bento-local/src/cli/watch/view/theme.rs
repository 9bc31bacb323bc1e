//! Signs and colours. Nothing is told by colour alone, and the colours are the terminal's own.

use ratatui::style::{Color, Modifier, Style};

use super::super::rows::{RunState, Step, StepStatus};

/// What moves while something runs, by tenths of a second.
const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// How texts look.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Theme {
    colors: bool,
    /// Tenths of a second, of which a second may be the first.
    beat: usize,
}

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Plain,
    Dim,
    Strong,
    Good,
    Bad,
    Warn,
    Running,
    Model,
}

impl Theme {
    /// Colours, or none.
    pub(in super::super) fn new(colors: bool) -> Self {
        Self { colors, beat: 0 }
    }

    /// The same at another moment.
    pub(in super::super) fn at(self, beat: usize) -> Self {
        Self { beat, ..self }
    }

    pub(super) fn style(self, role: Role) -> Style {
        let color = |color| if self.colors { Style::new().fg(color) } else { Style::new() };
        match role {
            Role::Plain => Style::new(),
            Role::Dim => Style::new().add_modifier(Modifier::DIM),
            Role::Strong => Style::new().add_modifier(Modifier::BOLD),
            Role::Good => color(Color::Green),
            Role::Bad => color(Color::Red).add_modifier(Modifier::BOLD),
            Role::Warn => color(Color::Yellow),
            Role::Running => color(Color::Blue),
            Role::Model => color(Color::Cyan),
        }
    }

    pub(super) fn run(self, state: RunState) -> (&'static str, Role) {
        match state {
            RunState::Running => (self.spinner(), Role::Running),
            RunState::Completed => ("✓", Role::Good),
            RunState::Failed => ("✗", Role::Bad),
            RunState::Cancelled => ("⊘", Role::Warn),
            RunState::Unfinished => ("…", Role::Warn),
            RunState::Other => ("?", Role::Dim),
        }
    }

    /// A step that has not ended runs only as long as its run is heard of.
    pub(super) fn step(self, step: &Step, of: RunState) -> (&'static str, Role) {
        match step.status {
            StepStatus::Done => ("✓", Role::Good),
            StepStatus::Error => ("✗", Role::Bad),
            StepStatus::Pending if of == RunState::Running => (self.spinner(), Role::Running),
            StepStatus::Pending => ("…", Role::Warn),
        }
    }

    fn spinner(self) -> &'static str {
        SPINNER[self.beat % SPINNER.len()]
    }
}
