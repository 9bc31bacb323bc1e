//! E-mail addresses.

use once_cell::sync::Lazy;
use regex::Regex;

use super::place::after_escape;
use super::{Edits, Pattern};

const MASK: &str = "[e-mail]";

/// Letters of Latin scripts count beyond ASCII; of others they do not, because these are written without blanks around
/// an address.
static ADDRESS: Pattern = Lazy::new(|| {
    let letters = r"A-Za-z0-9\u{C0}-\u{24F}";
    let local = format!("[{letters}._%+-]{{1,64}}");
    let domain = format!(r"(?:[{letters}](?:[{letters}-]{{0,62}}[{letters}])?\.){{1,8}}");
    Regex::new(&format!(
        r"{local}(?:@|%40){domain}(?:xn--[a-z0-9-]{{2,59}}|[A-Za-z\u{{C0}}-\u{{24F}}]{{2,24}})"
    ))
    .ok()
});

/// What looks like the end of a host, and is the end of a file's name: `logo@2x.png`.
const FILES: [&str; 9] = ["png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "ts"];

pub(super) fn find(text: &str, edits: &mut Edits) {
    let Some(address) = &*ADDRESS else { return };
    for found in address.find_iter(text) {
        let start = after_escape(text.as_bytes(), found.start());
        let Some((local, domain)) = text
            .get(start..found.end())
            .and_then(|address| address.split_once('@').or_else(|| address.split_once("%40")))
        else {
            continue;
        };
        let is_file =
            domain.rsplit('.').next().is_some_and(|end| FILES.contains(&end.to_lowercase().as_str()));
        // `git@` is how repositories are addressed.
        if !local.is_empty() && local != "git" && !is_file {
            edits.replace(start..found.end(), MASK);
        }
    }
}
