//! TLS where there is none, none where there is TLS, and certificates that nobody trusts.

use std::time::Duration;

use bento_faults::{Answer, Plan, Received};

use crate::fault::{Arrived, Fault, Flushed, Stage, fault};
use crate::life::{LONG, Life, start};

pub(crate) fn faults() -> Vec<Fault> {
    let mut faults = vec![
        fault("http-to-a-tls-port", unreachable).against(|| Plan::ok().untrusted_tls()).never_reached(),
        fault("no-such-host", unreachable)
            .on(|| Stage::of(Plan::ok()).url("http://host.invalid".to_owned()))
            .never_reached(),
    ];
    if cfg!(feature = "tls") {
        faults.extend(encrypted());
    }
    faults
}

fn encrypted() -> Vec<Fault> {
    vec![
        fault("untrusted-certificate", |life| {
            let _bento = start();
            life.deliver(20, LONG);
        })
        .on(|| over_tls(Plan::ok().untrusted_tls()))
        .loses("certificate not trusted", 20),
        fault("https-to-a-plain-port", unreachable).on(|| over_tls(Plan::ok())).never_reached(),
        through_proxy("https-proxy-refuses", Answer::status(407)),
        through_proxy("https-proxy-hangs", Answer::hang()),
        through_proxy("https-proxy-redirects", Answer::status(302).header("Location", "http://127.0.0.1:9/")),
    ]
}

/// A tunnel that never stands. Whoever was to build it learns the backend's name, and not the key.
fn through_proxy(name: &'static str, answer: Answer) -> Fault {
    let stage = move || {
        let stage = Stage::of(Plan::always(answer.clone()));
        let proxy = format!("http://user:hunter2@{}", stage.server.address());
        stage.url("https://host.invalid".to_owned()).env("HTTPS_PROXY", proxy)
    };
    fault(name, unreachable).on(stage).never_reached().check(|seen| {
        let is_discreet =
            |request: &Received| request.method() == "CONNECT" && !request.head.contains("bl_pk");
        match &seen.requests[..] {
            [] => Err("nobody asked the proxy".to_owned()),
            requests if requests.iter().all(is_discreet) => Ok(()),
            requests => Err(format!("the proxy was told {:?}", requests[0].head)),
        }
    })
}

fn over_tls(plan: Plan) -> Stage {
    let stage = Stage::of(plan);
    let url = format!("https://localhost:{}", stage.server.address().port());
    stage.url(url)
}

/// What cannot be reached is tried again until there is no more time.
fn unreachable(life: &mut Life) {
    let _bento = start();
    life.emit(20);
    life.flush(Duration::from_secs(1)).ok();
    life.shutdown(Duration::from_secs(1)).ok();
    life.status();
    life.leave();
}

impl Fault {
    fn never_reached(self) -> Self {
        self.arrived(Arrived::Exactly(0))
            .lost(vec![("shutdown deadline passed", 20)])
            .flushes(vec![Flushed::Waiting(20), Flushed::Lost(20)])
    }
}
