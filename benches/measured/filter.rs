//! Which of a benchmark's tables are asked for: `cargo bench --bench growth -- depth`.

/// Whether `name` has the word in it that stands on the command line. Without one everything is wanted.
pub(crate) fn is_wanted(name: &str) -> bool {
    // Cargo itself adds `--bench`.
    let word = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    word.is_none_or(|word| name.to_lowercase().contains(&word.to_lowercase()))
}
