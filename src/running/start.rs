//! From a setup to a running SDK. Closures and exporters of the host are neither called nor dropped while the state is
//! locked, because they may call back.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use super::{Running, State, WAS_ASKED, replace_state, state, state_mut};
use crate::config::{
    Destination, Environment, Explicit, SDK_NAME, SDK_VERSION, Settings, SpoolSettings, Wishes, asked_live,
};
use crate::error::InitError;
use crate::export::OtlpJson;
use crate::foreign::runs;
use crate::pipeline::{BuildExport, LossHook, Parts, Pipeline, Policy, Route, Spool};
use crate::record::{Attributes, Hooks, Resource};
use crate::scope::{Client, Sources};

/// Everything that can be set before the start.
#[derive(Debug, Default)]
pub(crate) struct Setup {
    pub(crate) explicit: Explicit,
    pub(crate) sources: Sources,
    pub(crate) hooks: Hooks,
    pub(crate) route: Option<Route>,
    pub(crate) on_loss: Option<LossHook>,
}

/// Who asks for the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// A program, in so many words.
    Asked,
    /// The first emission, which leaves alone what has failed or ended.
    Lazy,
}

/// Starts the SDK; where it runs already with the same credentials, adopts the identity sources. Redaction hooks hold in
/// any case: whoever names some must not find values sent as they are because of something else that is wrong.
pub(crate) fn start(mut setup: Setup, environment: &dyn Environment, start: Start) -> Result<(), InitError> {
    bento_fork::watch();
    if start == Start::Asked {
        WAS_ASKED.store(true, Ordering::Relaxed);
    }
    let routed = setup.route.is_some();
    let running = running();
    if let Some(running) = running {
        return running.adopt(setup, routed);
    }
    if setup.hooks.is_empty()
        && let Some(former) = former()
    {
        setup.hooks = former.client.inherited_hooks();
    }
    let prepared = match parent() {
        Some(parent) if parent.is_meant(&setup, start) => parent.again(&mut setup),
        _ => Prepared::of(&mut setup, environment),
    };
    let mut state = state_mut();
    match &*state {
        // Another thread was faster.
        State::Running(running) => {
            let running = Arc::clone(running);
            drop(state);
            return running.adopt(setup, routed);
        }
        State::Failed(_) | State::Ended(_) if start == Start::Lazy => return Ok(()),
        State::Idle | State::Forked(_) | State::Failed(_) | State::Ended(_) => {}
    }
    let running = prepared.and_then(|prepared| prepared.run(&mut setup));
    let next = match &running {
        Ok(running) => State::Running(Arc::clone(running)),
        Err(_) if matches!(&*state, State::Ended(_)) => return running.map(drop),
        // No emission starts it with other settings than those that were asked for.
        Err(error) => State::Failed(error.to_string()),
    };
    let former = replace_state(&mut state, next);
    drop(state);
    if let State::Ended(former) = &former
        && !former.pipeline.is_open()
    {
        former.client.retire();
        former.pipeline.retire();
    }
    drop(former);
    running.map(drop)
}

fn running() -> Option<Arc<Running>> {
    match &*state() {
        State::Running(running) => Some(Arc::clone(running)),
        State::Idle | State::Forked(_) | State::Failed(_) | State::Ended(_) => None,
    }
}

/// What ran before, in this process or in the one that it was forked from.
fn former() -> Option<Arc<Running>> {
    match &*state() {
        State::Forked(former) | State::Ended(former) => Some(Arc::clone(former)),
        State::Idle | State::Running(_) | State::Failed(_) => None,
    }
}

/// What ran in the process that this one was forked from.
fn parent() -> Option<Arc<Running>> {
    match &*state() {
        State::Forked(parent) => Some(Arc::clone(parent)),
        State::Idle | State::Running(_) | State::Failed(_) | State::Ended(_) => None,
    }
}

impl Running {
    /// Whether what a forked child asks for is what its parent had.
    fn is_meant(&self, setup: &Setup, start: Start) -> bool {
        let agrees = |destination: &Destination| destination.agrees(&setup.explicit) == Ok(true);
        setup.route.is_none() && self.destination.as_ref().map_or(start == Start::Lazy, agrees)
    }

    /// The same once more, for a forked child that may have settings of its own.
    fn again(&self, setup: &mut Setup) -> Result<Prepared, InitError> {
        let destination = self.destination.clone().ok_or_else(|| {
            let words = "a forked child cannot use the exporter of its parent: call `init` there with a route of its own";
            InitError::Worker(io::Error::new(io::ErrorKind::Unsupported, words))
        })?;
        let mut sources = self.client.inherited_sources();
        sources.update(std::mem::take(&mut setup.sources));
        setup.sources = sources;
        let wishes = std::mem::take(&mut setup.explicit.wishes).or(&self.plan.wishes);
        let on_loss = setup.on_loss.take().or_else(|| self.plan.on_loss.clone());
        let build = json_exporter(destination.clone());
        Ok(Prepared { plan: Plan { wishes, on_loss }, destination: Some(destination), build })
    }

    /// Takes over the identity sources and the redaction hooks, and refuses other credentials.
    fn adopt(&self, setup: Setup, routed: bool) -> Result<(), InitError> {
        self.client.update_hooks(setup.hooks);
        let agrees = match &self.destination {
            Some(destination) => destination.agrees(&setup.explicit)?,
            None => setup.explicit.names_no_destination(),
        };
        if !agrees || routed {
            return Err(InitError::AlreadyInitialized);
        }
        if !setup.explicit.wishes.is_empty() || setup.on_loss.is_some() {
            // The host's logger is foreign code.
            runs(|| {
                log::warn!(
                    "bento: it runs already, so only identity sources and redaction hooks were taken over from this `init`"
                );
            });
        }
        self.client.update_sources(setup.sources);
        Ok(())
    }
}

/// What a start was made of, but for its exporter: a forked child makes one more of it.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    wishes: Wishes,
    on_loss: Option<LossHook>,
}

/// A setup of which only the worker is missing.
struct Prepared {
    plan: Plan,
    destination: Option<Destination>,
    build: BuildExport,
}

impl Prepared {
    fn of(setup: &mut Setup, environment: &dyn Environment) -> Result<Self, InitError> {
        let mut wishes = setup.explicit.wishes.clone();
        // Decided here, so that a forked child is as live as its parent.
        wishes.live.get_or_insert_with(|| is_live(environment));
        let plan = Plan { wishes, on_loss: setup.on_loss.take() };
        let (destination, build) = if let Some(route) = setup.route.take() {
            (None, route.build(&resource(&Settings::resolve(&plan.wishes))))
        } else {
            let destination = Destination::resolve(&setup.explicit, environment)?;
            (Some(destination.clone()), json_exporter(destination))
        };
        Ok(Self { plan, destination, build })
    }

    fn run(self, setup: &mut Setup) -> Result<Arc<Running>, InitError> {
        let Self { plan, destination, build } = self;
        let settings = Settings::resolve(&plan.wishes);
        let parts = Parts {
            policy: Policy::of(&settings),
            build,
            spool: spool(&settings, destination.as_ref()).map_err(InitError::Spool)?,
            on_loss: plan.on_loss.clone(),
        };
        let pipeline = Arc::new(Pipeline::start(parts).map_err(InitError::Worker)?);
        let sources = std::mem::take(&mut setup.sources);
        let client = Client::new(pipeline.clone(), settings.limits, resource(&settings), sources);
        let client = client.sampled(settings.sample).live(settings.is_live);
        client.update_hooks(std::mem::take(&mut setup.hooks));
        Ok(Arc::new(Running {
            client: Arc::new(client),
            pipeline,
            destination,
            plan,
            in_vain: Mutex::default(),
        }))
    }
}

/// Whether the environment asks for live mode. One that is unclear must not keep anything from being sent.
fn is_live(environment: &dyn Environment) -> bool {
    let asked = asked_live(environment);
    if let Err(unclear) = &asked {
        // The host's logger is foreign code.
        runs(|| log::warn!("bento: {unclear}"));
    }
    asked.ok().flatten().unwrap_or(false)
}

fn spool(settings: &Settings, destination: Option<&Destination>) -> io::Result<Option<Spool>> {
    let Some(SpoolSettings { directory, bytes }) = &settings.spool else { return Ok(None) };
    let destination = destination.ok_or_else(|| {
        io::Error::new(io::ErrorKind::Unsupported, "it keeps spans for a Bento backend only, not for a route")
    })?;
    Spool::open(directory, *bytes, destination.base_url.as_str()).map(Some)
}

fn json_exporter(destination: Destination) -> BuildExport {
    Box::new(move || Box::new(OtlpJson::new(&destination)))
}

/// Who emits (`wire.md`, "Request").
fn resource(settings: &Settings) -> Resource {
    let mut attributes = Attributes::new();
    attributes.set("service.name", settings.service_name.as_str());
    attributes.set("service.version", settings.service_version.as_str());
    attributes.set("telemetry.sdk.name", SDK_NAME);
    attributes.set("telemetry.sdk.language", "rust");
    attributes.set("telemetry.sdk.version", SDK_VERSION);
    Resource { attributes }
}
