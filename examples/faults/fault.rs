//! What a fault consists of: what the child does, what it meets, what is expected of it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bento_faults::{Gate, Plan, Proxy, Server};

use crate::judge::Seen;
use crate::life::Life;
use crate::watch::Watched;

/// One way in which things go wrong, and how the SDK has to come out of it.
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    pub(crate) pace: Pace,
    /// Whether the child brings a logger of its own.
    pub(crate) has_logger: bool,
    pub(crate) child: fn(&mut Life),
    pub(crate) stage: Box<dyn Fn() -> Stage + Send + Sync>,
    /// What the parent does while the child lives.
    pub(crate) direct: Option<fn(&Stage, &mut Watched)>,
    pub(crate) expect: Expect,
    /// What else must hold.
    pub(crate) check: Option<Check>,
}

pub(crate) type Check = Box<dyn Fn(&Seen) -> Result<(), String> + Send + Sync>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    Short,
    /// It waits for longer than a test should.
    Long,
}

/// What a child meets.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) server: Server,
    pub(crate) url: String,
    pub(crate) environment: Vec<(&'static str, String)>,
    /// Hosts that nothing may be sent to.
    pub(crate) decoys: Vec<Server>,
    pub(crate) gate: Gate,
    pub(crate) proxy: Option<Proxy>,
    /// Held as long as the stage is.
    pub(crate) _scratch: Option<Scratch>,
}

/// A directory that goes with its stage.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("bento-faults-{}-{number}", std::process::id())))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// What has to come of it.
#[derive(Clone, Debug)]
pub(crate) struct Expect {
    /// `None`: it is killed.
    pub(crate) code: Option<i32>,
    pub(crate) arrived: Arrived,
    /// What the last status must say, reason by reason; `None` where that depends on the moment.
    pub(crate) lost: Option<Vec<(&'static str, u64)>>,
    pub(crate) flushes: Option<Vec<Flushed>>,
    pub(crate) duplicates: Duplicates,
    /// Panics of the host's own code, which show in its output.
    pub(crate) host_panics: usize,
    /// How long the end of the process may take once it has nothing else to do.
    pub(crate) exit: Duration,
    /// Requests that the backend sees at most.
    pub(crate) requests: usize,
    /// Whether the last status tells of the whole life.
    pub(crate) status_of_all: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Arrived {
    All,
    Exactly(usize),
    /// As many as the books say.
    AsCounted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flushed {
    Ok,
    /// So many were lost, and none waits.
    Lost(u64),
    /// So many still wait, and none was lost.
    Waiting(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duplicates {
    /// Only where the backend gave no answer.
    Unanswered,
    /// Also where the backend gave an answer that was cut on its way.
    Cut,
}

/// What an end may take on a busy machine.
const QUICK_EXIT: Duration = Duration::from_secs(4);

/// A fault of this name: everything arrives once, in time, and every flush says so, unless it is told otherwise.
pub(crate) fn fault(name: &'static str, child: fn(&mut Life)) -> Fault {
    Fault {
        name,
        pace: Pace::Short,
        has_logger: false,
        child,
        stage: Box::new(|| Stage::of(Plan::ok())),
        direct: None,
        expect: Expect {
            code: Some(0),
            arrived: Arrived::All,
            lost: Some(Vec::new()),
            flushes: Some(vec![Flushed::Ok]),
            duplicates: Duplicates::Unanswered,
            host_panics: 0,
            exit: QUICK_EXIT,
            requests: usize::MAX,
            status_of_all: true,
        },
        check: None,
    }
}

impl Fault {
    /// It is left out where time is short.
    pub(crate) fn long(mut self) -> Self {
        self.pace = Pace::Long;
        self
    }

    pub(crate) fn against(self, plan: impl Fn() -> Plan + Send + Sync + 'static) -> Self {
        self.on(move || Stage::of(plan()))
    }

    pub(crate) fn on(mut self, stage: impl Fn() -> Stage + Send + Sync + 'static) -> Self {
        self.stage = Box::new(stage);
        self
    }

    pub(crate) fn directed(mut self, direct: fn(&Stage, &mut Watched)) -> Self {
        self.direct = Some(direct);
        self
    }

    pub(crate) fn own_logger(mut self) -> Self {
        self.has_logger = true;
        self
    }

    /// None arrives: so many are lost for this reason, and the flush says so.
    pub(crate) fn loses(self, reason: &'static str, spans: u64) -> Self {
        self.arrived(Arrived::Exactly(0)).lost(vec![(reason, spans)]).flushes(vec![Flushed::Lost(spans)])
    }

    pub(crate) fn arrived(mut self, arrived: Arrived) -> Self {
        self.expect.arrived = arrived;
        self
    }

    pub(crate) fn lost(mut self, lost: Vec<(&'static str, u64)>) -> Self {
        self.expect.lost = Some(lost);
        self
    }

    pub(crate) fn flushes(mut self, flushes: Vec<Flushed>) -> Self {
        self.expect.flushes = Some(flushes);
        self
    }

    /// Losses and verdicts depend on the moment: only the books have to balance.
    pub(crate) fn by_the_books(mut self) -> Self {
        (self.expect.lost, self.expect.flushes) = (None, None);
        self.arrived(Arrived::AsCounted)
    }

    pub(crate) fn duplicates(mut self, duplicates: Duplicates) -> Self {
        self.expect.duplicates = duplicates;
        self
    }

    pub(crate) fn exits(mut self, code: Option<i32>) -> Self {
        self.expect.code = code;
        self
    }

    pub(crate) fn exits_within(mut self, exit: Duration) -> Self {
        self.expect.exit = exit + QUICK_EXIT;
        self
    }

    pub(crate) fn host_panics(mut self, panics: usize) -> Self {
        self.expect.host_panics = panics;
        self
    }

    pub(crate) fn requests(mut self, requests: usize) -> Self {
        self.expect.requests = requests;
        self
    }

    pub(crate) fn status_of_a_part(mut self) -> Self {
        self.expect.status_of_all = false;
        self
    }

    pub(crate) fn check(
        mut self,
        check: impl Fn(&Seen) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.check = Some(Box::new(check));
        self
    }
}

impl Stage {
    pub(crate) fn of(plan: Plan) -> Self {
        Self::at(plan.start())
    }

    pub(crate) fn at(server: Server) -> Self {
        let (url, gate) = (server.url(), Gate::default());
        Self { server, url, environment: Vec::new(), decoys: Vec::new(), gate, proxy: None, _scratch: None }
    }

    pub(crate) fn env(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    pub(crate) fn url(self, url: String) -> Self {
        Self { url, ..self }
    }
}
