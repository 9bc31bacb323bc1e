//! `bento completions`

use crate::program::run;

#[test]
fn every_shell_gets_a_script_of_its_own() {
    let mut scripts = Vec::new();
    for (shell, mark) in [
        ("bash", "complete -F _bento"),
        ("zsh", "#compdef bento"),
        ("fish", "complete -c bento"),
        ("powershell", "Register-ArgumentCompleter"),
        ("elvish", "set edit:completion"),
    ] {
        let script = run(&["completions", shell], &[]).printed();
        assert!(script.contains(mark) && script.contains("list-spans"), "{shell}: {script}");
        scripts.push(script);
    }
    scripts.sort();
    scripts.dedup();
    assert_eq!(scripts.len(), 5);
    run(&["completions", "tcsh"], &[]).failed(2);
}
