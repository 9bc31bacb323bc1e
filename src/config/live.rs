//! What the environment says of live mode.

use super::{Environment, LIVE_VARIABLE};

/// `BENTOLABS_LIVE` is set to something that is neither on nor off. What it is set to may be anything, and is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{LIVE_VARIABLE} is none of `1`, `true`, `yes`, `on` and `0`, `false`, `no`, `off`: live mode stays off"
)]
pub(crate) struct UnclearLive;

/// Whether the environment asks for live mode, if it speaks of it.
pub(crate) fn asked_live(environment: &dyn Environment) -> Result<Option<bool>, UnclearLive> {
    let Some(text) = environment.variable(LIVE_VARIABLE) else { return Ok(None) };
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(Some(true)),
        "" | "0" | "false" | "no" | "off" => Ok(Some(false)),
        _ => Err(UnclearLive),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{Explicit, Options, Secret, Wishes};
    use super::*;

    struct Says(Option<&'static str>);

    impl Environment for Says {
        fn variable(&self, name: &str) -> Option<String> {
            self.0.filter(|_| name == LIVE_VARIABLE).map(str::to_owned)
        }
    }

    #[test]
    fn the_environment_says_on_off_nothing_or_something_unclear() {
        for on in ["1", "true", "yes", "on", "TRUE", " Yes\n", "oN"] {
            assert_eq!(asked_live(&Says(Some(on))), Ok(Some(true)), "{on}");
        }
        for off in ["0", "false", "no", "off", "OFF", "", " \t"] {
            assert_eq!(asked_live(&Says(Some(off))), Ok(Some(false)), "{off}");
        }
        assert_eq!(asked_live(&Says(None)), Ok(None));
        for unclear in ["2", "alive", "on!", "bl_pk_hunter2"] {
            assert_eq!(asked_live(&Says(Some(unclear))), Err(UnclearLive), "{unclear}");
        }
    }

    #[test]
    fn explicit_beats_the_environment_and_live_mode_is_off_without_either() {
        let resolved = |wish: Option<bool>, interval, says| {
            let wishes = Wishes { live: wish, batch_interval: interval, ..Wishes::default() };
            let api_key = Some(Secret("bl_pk_1".to_owned()));
            let base_url = Some(Secret("http://host".to_owned()));
            let options = Options::resolve(&Explicit { api_key, base_url, wishes }, &Says(says));
            options.map(|options| (options.is_live(), options.batch_interval()))
        };
        let (usual, live) = (Duration::from_secs(5), Duration::from_millis(100));
        assert_eq!(resolved(None, None, None), Ok((false, usual)));
        assert_eq!(resolved(None, None, Some("1")), Ok((true, live)));
        assert_eq!(resolved(Some(false), None, Some("1")), Ok((false, usual)));
        assert_eq!(resolved(Some(true), None, Some("off")), Ok((true, live)));
        assert_eq!(
            resolved(None, None, Some("perhaps")),
            Ok((false, usual)),
            "no error: emission never fails"
        );
        let second = Duration::from_secs(1);
        assert_eq!(resolved(Some(true), Some(second), None), Ok((true, second)));
    }
}
