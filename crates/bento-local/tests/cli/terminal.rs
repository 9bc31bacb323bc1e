//! What the program does differently where a person looks at it: on a terminal of so many columns.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::thread;

use rustix::fs::{Mode, OFlags};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::program::{SECRET, bento, finish};
use crate::traces::{BAD, GOOD, server};

/// A terminal of so many columns: the side that shows what comes, and a way to open the side that programs see.
pub(crate) fn open(columns: u16) -> (OwnedFd, impl Fn() -> OwnedFd) {
    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    // A program that had it would keep its own terminal from ever going away.
    fcntl_setfd(&controller, FdFlags::CLOEXEC).unwrap();
    grantpt(&controller).unwrap();
    unlockpt(&controller).unwrap();
    let name = ptsname(&controller, Vec::new()).unwrap();
    let open = move || -> OwnedFd {
        rustix::fs::open(name.as_c_str(), OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())
            .unwrap()
    };
    // While nobody has it open, some systems forget its size.
    let terminal = open();
    tcsetwinsize(&terminal, Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    (controller, open)
}

/// Runs a command whose standard output and error are a terminal, and gives what it showed.
fn on_terminal(columns: u16, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let (controller, open) = open(columns);
    let mut command = bento(arguments, environment);
    let child = command.stdout(Stdio::from(open())).stderr(Stdio::from(open())).spawn().unwrap();
    // It holds the terminal open, which would then never end.
    drop(command);
    let shown = thread::spawn(move || {
        let (mut controller, mut shown, mut piece) = (File::from(controller), Vec::new(), [0; 4096]);
        // When nobody has it open any more, Linux says so by an error, and others by an end.
        while let Ok(length @ 1..) = controller.read(&mut piece) {
            shown.extend(&piece[..length]);
        }
        String::from_utf8(shown).unwrap()
    });
    assert_eq!(finish(child).code, Some(0));
    let shown = shown.join().unwrap().replace("\r\n", "\n");
    assert!(!shown.contains(SECRET.trim_start_matches("bl_pk_")), "{shown}");
    shown
}

#[test]
fn lists_are_tables_as_wide_as_the_terminal() {
    let server = server();
    let environment = [("BENTOLABS_BASE_URL", server.url()), ("BENTOLABS_API_KEY", SECRET)];
    for columns in [20, 60, 80, 100, 250] {
        let shown = on_terminal(columns, &["traces", "list"], &environment);
        let table: Vec<_> = shown.lines().filter(|line| !line.contains("more columns")).collect();
        assert!(table.len() == 3 && table[0].starts_with("id"), "{shown}");
        assert!(table.iter().all(|line| line.chars().count() <= usize::from(columns)), "{columns}: {shown}");
        assert_eq!(table[0].contains("span_count"), columns > 80, "{shown}");
        assert_eq!(table[1].contains(BAD), columns > 20, "{shown}");
        let told = ["name", "status", "start", "ms", "tokens"].iter().all(|key| table[0].contains(key));
        assert_eq!(told, columns > 60, "{shown}");
    }
    let shown = on_terminal(60, &["traces", "get", GOOD], &environment);
    assert!(shown.lines().any(|line| line.starts_with("name  ") && line.ends_with(" turn")), "{shown}");
    let empty = on_terminal(60, &["traces", "list", "--status", "ok", "--q", "nothing"], &environment);
    assert_eq!(empty, "There is nothing to show.\n");
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let server = server();
    let show = ["traces", "show", GOOD, "--api-base", server.url()];
    assert!(on_terminal(100, &show, &[]).contains("\u{1b}[32mok"));
    assert!(on_terminal(100, &show, &[("NO_COLOR", "")]).contains("\u{1b}[32mok"));
    assert!(!on_terminal(100, &show, &[("NO_COLOR", "1")]).contains('\u{1b}'));
}

#[test]
fn progress_is_shown_where_somebody_sees_it() {
    let server = server();
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/chat.json");
    let arguments = ["replay", data, "--api-base", server.url()];
    let shown = on_terminal(100, &arguments, &[("TERM", "xterm")]);
    assert!(shown.contains("/2 runs"), "{shown:?}");
    assert!(shown.lines().last().unwrap().contains("2 runs: 7 of 7 spans delivered"), "{shown:?}");
}
