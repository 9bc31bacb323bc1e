//! Answers that no further try will change: counted, told, not repeated, and followed nowhere.

use bento_faults::{Answer, Plan, Server};

use crate::fault::{Arrived, Fault, Flushed, Stage, fault};
use crate::life::{LONG, Life, start};
use crate::run::KEY;

const SPANS: usize = 20;

pub(crate) fn faults() -> Vec<Fault> {
    let mut faults = vec![
        refused("final-400", 400, "refused with status 400"),
        refused("final-401", 401, "refused with status 401"),
        refused("final-403", 403, "refused with status 403"),
        refused("final-404", 404, "refused with status 404"),
        refused("final-405", 405, "refused with status 405"),
        refused("final-408", 408, "refused with status 408"),
        refused("final-415", 415, "refused with status 415"),
        refused("final-500", 500, "refused with status 500"),
        refused("final-501", 501, "refused with status 501"),
        refused("final-304", 304, "refused with status 304"),
        redirected("redirect-301", 301, "refused with status 301"),
        redirected("redirect-302", 302, "refused with status 302"),
        redirected("redirect-307", 307, "refused with status 307"),
        redirected("redirect-308", 308, "refused with status 308"),
        echoes("answer-echoes-key", KEY),
        echoes("answer-echoes-part-of-key", "unknown: Zq7hush"),
    ];
    faults.extend(partial());
    faults
}

fn deliver(life: &mut Life) {
    let _bento = start();
    life.deliver(SPANS, LONG);
}

fn refused(name: &'static str, status: u16, reason: &'static str) -> Fault {
    fault(name, deliver)
        .against(move || Plan::always(Answer::status(status).body(r#"{"message":"because"}"#)))
        .loses(reason, SPANS as u64)
        .requests(1)
}

fn redirected(name: &'static str, status: u16, reason: &'static str) -> Fault {
    let stage = move || {
        let elsewhere = Server::ok();
        let location = format!("{}/v1/traces", elsewhere.url());
        let mut stage = Stage::of(Plan::always(Answer::status(status).header("Location", location)));
        stage.decoys.push(elsewhere);
        stage
    };
    fault(name, deliver).on(stage).loses(reason, SPANS as u64).requests(1)
}

fn echoes(name: &'static str, words: &'static str) -> Fault {
    fault(name, deliver)
        .against(move || Plan::always(Answer::status(401).body(words)))
        .loses("refused with status 401", SPANS as u64)
}

fn partial() -> [Fault; 4] {
    let rejected = |name, rejected: &'static str, spans: u64| {
        fault(name, deliver)
            .against(move || Plan::always(Answer::partial_success(rejected, "too old")))
            // Which of them were rejected the backend does not say: all came.
            .arrived(Arrived::All)
            .lost(if spans > 0 { vec![("rejected by the backend", spans)] } else { Vec::new() })
            .flushes(vec![if spans > 0 { Flushed::Lost(spans) } else { Flushed::Ok }])
            .requests(1)
    };
    [
        rejected("partial-as-string", "\"3\"", 3),
        rejected("partial-as-number", "3", 3),
        rejected("partial-more-than-sent", "\"99999999999\"", SPANS as u64),
        rejected("partial-warning-only", "0", 0),
    ]
}
