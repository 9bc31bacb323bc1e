//! `bento watch`, on a terminal with somebody at the keys.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::num::NonZero;
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use bento_local::{Config, Server};
use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::{Termios, Winsize, tcgetattr, tcsetwinsize};
use serde_json::json;

use crate::program::{NOBODY, SECRET, answer, bento, canned, finish, run};
use crate::terminal::open;
use crate::traces::{BAD, GOOD, send, server, span};

/// How long it may take until something is seen.
const DEADLINE: Duration = Duration::from_secs(30);

/// A program on a terminal.
struct Seen {
    /// Until its end is waited for.
    child: Option<Child>,
    keys: File,
    screen: Arc<(Mutex<vt100::Parser>, Condvar)>,
    /// The side that the program has, and how it was set before.
    terminal: OwnedFd,
    before: Termios,
}

impl Seen {
    fn start(columns: u16, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let (controller, open) = open(columns);
        let terminal = open();
        let before = tcgetattr(&terminal).unwrap();
        let mut command = bento(arguments, environment);
        command.stdin(Stdio::from(open())).stdout(Stdio::from(open())).stderr(Stdio::from(open()));
        let child = Some(command.spawn().unwrap());
        let keys = File::from(controller);
        let screen = Arc::new((Mutex::new(vt100::Parser::new(size(24), size(columns), 0)), Condvar::new()));
        let (mut shown, drawn) = (keys.try_clone().unwrap(), Arc::clone(&screen));
        thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = shown.read(&mut piece) {
                drawn.0.lock().unwrap().process(&piece[..length]);
                drawn.1.notify_all();
            }
        });
        Self { child, keys, screen, terminal, before }
    }

    /// Waits until all of these are on the screen, or on none of its lines if they begin with `!`.
    fn sees(&self, texts: &[&str]) {
        let seen = |screen: &vt100::Screen| {
            let contents = screen.contents();
            texts.iter().all(|text| match text.strip_prefix('!') {
                Some(text) => !contents.contains(text),
                None => contents.contains(text),
            })
        };
        self.waits(seen, &format!("{texts:?}"));
    }

    fn waits(&self, until: impl Fn(&vt100::Screen) -> bool, what: &str) {
        let (screen, drawn) = &*self.screen;
        let waiting = |parser: &mut vt100::Parser| !until(parser.screen());
        let (parser, late) = drawn.wait_timeout_while(screen.lock().unwrap(), DEADLINE, waiting).unwrap();
        let contents = parser.screen().contents();
        assert!(!late.timed_out(), "{what} is not seen:\n{contents}");
        assert!(!contents.contains(SECRET.trim_start_matches("bl_pk_")), "{contents}");
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    fn resize(&self, rows: u16, columns: u16) {
        self.screen.0.lock().unwrap().screen_mut().set_size(size(rows), size(columns));
        let winsize = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&self.terminal, winsize).unwrap();
        // The system tells those alone whose own terminal it is.
        self.signal(Signal::WINCH);
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(self.child.as_ref().unwrap()), signal).unwrap();
    }

    /// Waits for the end, which leaves the terminal as it was.
    fn ends(mut self, code: i32) {
        self.waits(|screen| !screen.alternate_screen() && !screen.hide_cursor(), "the terminal as it was");
        // It is set back before, and nothing else changes it.
        let modes = |termios: &Termios| (termios.local_modes, termios.input_modes, termios.output_modes);
        assert_eq!(modes(&tcgetattr(&self.terminal).unwrap()), modes(&self.before));
        assert_eq!(finish(self.child.take().unwrap()).code, Some(code));
    }
}

/// A test that fails leaves nobody behind.
impl Drop for Seen {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

fn size(cells: u16) -> NonZero<u16> {
    NonZero::new(cells).unwrap()
}

fn somewhere(server: &Server) -> [(&str, &str); 2] {
    [("BENTOLABS_BASE_URL", server.url()), ("BENTOLABS_API_KEY", SECRET)]
}

#[test]
fn a_run_appears_and_is_looked_into() {
    let server = Server::start(Config::default()).unwrap();
    let mut seen = Seen::start(80, &["watch"], &somewhere(&server));
    seen.sees(&["No runs yet", server.url(), "# BENTOLABS_API_KEY is set already"]);
    seen.waits(vt100::Screen::alternate_screen, "a screen of its own");

    let mut answer = span(GOOD, 2, 1, "answer");
    let text = json!({"key": "output.value", "value": {"stringValue": "To Lisbon\u{1b}[2J, of course."}});
    answer["attributes"].as_array_mut().unwrap().push(text);
    send(server.url(), "bl_pk_test", &[span(GOOD, 1, 0, "turn"), answer]);
    seen.sees(&["✓ turn", "completed", "!No runs yet"]);
    seen.press("\r");
    seen.sees(&["▾✓ turn", "└─✓ answer", "gpt-4o", "Where to?"]);
    seen.press("j");
    seen.sees(&["── ✓ answer", "Output", "To Lisbon [2J, of course."]);

    // More comes while one looks, and the selection stays.
    send(server.url(), "bl_pk_test", &[span(GOOD, 5, 1, "afterthought")]);
    seen.sees(&["└─✓ afterthought", "── ✓ answer"]);
    seen.press("\u{1b}");
    seen.sees(&["STARTED", "✓ turn", "!afterthought"]);
    seen.press("q");
    seen.ends(0);
}

#[test]
fn a_run_is_seen_while_it_happens() {
    let server = Server::start(Config::default()).unwrap();
    let mut seen = Seen::start(80, &["watch"], &somewhere(&server));
    seen.sees(&["No runs yet", "● live"]);
    let pending = |id, parent, name| {
        let mut span = span(GOOD, id, parent, name);
        let pending = json!({"key": "bento.pending", "value": {"boolValue": true}});
        span["attributes"].as_array_mut().unwrap().push(pending);
        span
    };
    send(server.url(), "bl_pk_test", &[pending(1, 0, "turn")]);
    seen.sees(&[" turn", "running"]);
    seen.press("\r");
    seen.sees(&[" turn  running", "1 step", "Where to?", "● live"]);
    send(server.url(), "bl_pk_test", &[pending(2, 1, "search")]);
    seen.sees(&["▾", " search", "!✓"]);
    let mut failed = span(GOOD, 2, 1, "search");
    failed["status"] = json!({"code": 2, "message": "timeout"});
    send(server.url(), "bl_pk_test", &[failed]);
    seen.sees(&["└─✗ search", "✗ 1 failed", " turn  running"]);
    send(server.url(), "bl_pk_test", &[span(GOOD, 1, 0, "turn")]);
    seen.sees(&["✗ turn  failed", "▾✓ turn", "└─✗ search"]);
    // What was selected stays so, and `e` goes to the error.
    seen.sees(&["── ✓ turn"]);
    seen.press("e");
    seen.sees(&["── ✗ search", "Error", "timeout"]);
    seen.press("q");
    seen.ends(0);
}

#[test]
fn one_run_is_opened_where_it_failed() {
    let server = server();
    let mut seen = Seen::start(100, &["watch", BAD], &somewhere(&server));
    seen.sees(&["✗ second turn", "✗ 1 failed", "└─✗ search [2J", "Error", "timeout"]);
    seen.resize(10, 40);
    // The last line is drawn in its new place.
    seen.sees(&["└─✗ search [2J", "!timeout", "q quit"]);
    seen.press("\t");
    seen.sees(&["Error", "timeout", "!└─✗"]);
    // Ctrl-C is a key here.
    seen.press("\u{3}");
    seen.ends(0);
}

#[test]
fn what_ends_it_leaves_the_terminal_as_it_was() {
    let server = server();
    for signal in [Signal::TERM, Signal::HUP] {
        let seen = Seen::start(80, &["watch"], &somewhere(&server));
        seen.sees(&["second turn"]);
        seen.signal(signal);
        seen.ends(0);
    }
}

#[test]
fn a_backend_that_goes_away_takes_nothing_off_the_screen() {
    let server = server();
    let mut seen = Seen::start(80, &["watch"], &somewhere(&server));
    seen.sees(&["✗ second turn", "✓ turn"]);
    server.stop();
    seen.sees(&["connection lost, retrying", "✗ second turn", "✓ turn"]);
    seen.press("q");
    seen.ends(0);
}

#[test]
fn a_run_that_is_gone_is_told_and_is_live_when_it_comes_again() {
    let server = server();
    let (url, port) = (server.url().to_owned(), server.addr().port());
    let mut seen = Seen::start(100, &["watch", BAD], &somewhere(&server));
    seen.sees(&["second turn", "● live"]);
    server.stop();
    seen.sees(&["connection lost, retrying", "second turn"]);
    // It comes back with nothing in its memory.
    let server = Server::start(Config::default().port(port)).unwrap();
    assert_eq!(server.url(), url);
    seen.sees(&["✗ the backend no longer has this run", "second turn"]);
    send(&url, "bl_pk_test", &[span(BAD, 1, 0, "second turn"), span(BAD, 9, 1, "another")]);
    seen.sees(&["● live", "another", "!no longer"]);
    seen.press("q");
    seen.ends(0);
}

#[test]
fn what_cannot_be_watched_is_told_before_the_screen_is_taken() {
    let server = server();
    for (arguments, environment, told) in [
        (&["watch"][..], &[("BENTOLABS_BASE_URL", NOBODY)][..], "`bento serve` starts one"),
        (&["watch", "6bf92f3577b34da6a3ce929d0e0e4736"], &somewhere(&server), "there is no run 6bf9"),
        (&["watch", "--workspace", "other"], &somewhere(&server), "other"),
    ] {
        let seen = Seen::start(200, arguments, environment);
        seen.sees(&["bento: ", told]);
        assert!(!seen.screen.0.lock().unwrap().screen().alternate_screen());
        seen.ends(1);
    }
    let told = run(&["watch", "--api-base", NOBODY], &[]).failed(2);
    assert!(told.contains("no terminal") && told.contains("`bento traces list`"), "{told}");
    run(&["watch", "4bf9"], &[]).failed(1);
    let (url, _requests) = canned(vec![answer(401, r#"{"detail":"another key"}"#)]);
    let seen = Seen::start(200, &["watch", "--api-base", &url], &[]);
    seen.sees(&["another key", "Set BENTOLABS_API_KEY"]);
    seen.ends(1);
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let server = server();
    for (environment, colored) in [(&[][..], true), (&[("NO_COLOR", "1")], false)] {
        let mut seen = Seen::start(80, &["watch", "--api-base", server.url()], environment);
        seen.sees(&["✗ second turn"]);
        let color = |screen: &vt100::Screen| screen.cell(2, 0).map(vt100::Cell::fgcolor);
        let color = color(seen.screen.0.lock().unwrap().screen()).unwrap();
        assert_eq!(color != vt100::Color::Default, colored, "{color:?}");
        seen.press("q");
        seen.ends(0);
    }
}
