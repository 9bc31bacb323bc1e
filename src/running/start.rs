//! From a setup to a running SDK. Closures and exporters of the host are neither called nor dropped while the state is
//! locked, because they may call back.

use std::sync::{Arc, Mutex};

use super::{Running, State, state, state_mut};
use crate::config::{Destination, Environment, Explicit, SDK_NAME, SDK_VERSION, Settings};
use crate::error::InitError;
use crate::export::OtlpJson;
use crate::pipeline::{BuildExport, Pipeline, Policy, Route};
use crate::record::{Attributes, Resource};
use crate::scope::{Client, Sources};

/// Everything that can be set before the start.
#[derive(Debug, Default)]
pub(crate) struct Setup {
    pub(crate) explicit: Explicit,
    pub(crate) sources: Sources,
    pub(crate) route: Option<Route>,
}

/// Who asks for the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// A program, in so many words.
    Asked,
    /// The first emission, which leaves alone what has failed or ended.
    Lazy,
}

/// Starts the SDK; where it runs already with the same credentials, adopts the identity sources.
pub(crate) fn start(mut setup: Setup, environment: &dyn Environment, start: Start) -> Result<(), InitError> {
    let routed = setup.route.is_some();
    let running = running();
    if let Some(running) = running {
        return running.adopt(setup, routed);
    }
    let prepared = Prepared::of(&mut setup, environment);
    let mut state = state_mut();
    match &*state {
        // Another thread was faster.
        State::Running(running) => {
            let running = Arc::clone(running);
            drop(state);
            return running.adopt(setup, routed);
        }
        State::Failed(_) | State::Ended(_) if start == Start::Lazy => return Ok(()),
        State::Idle | State::Failed(_) | State::Ended(_) => {}
    }
    let running = prepared.and_then(|prepared| prepared.run(std::mem::take(&mut setup.sources)));
    let next = match &running {
        Ok(running) => State::Running(Arc::clone(running)),
        Err(error) if start == Start::Lazy => State::Failed(error.to_string()),
        Err(_) => return running.map(drop),
    };
    let former = std::mem::replace(&mut *state, next);
    drop(state);
    drop(former);
    running.map(drop)
}

fn running() -> Option<Arc<Running>> {
    match &*state() {
        State::Running(running) => Some(Arc::clone(running)),
        State::Idle | State::Failed(_) | State::Ended(_) => None,
    }
}

impl Running {
    /// Takes over the identity sources, and refuses other credentials.
    fn adopt(&self, setup: Setup, routed: bool) -> Result<(), InitError> {
        let agrees = match &self.destination {
            Some(destination) => destination.agrees(&setup.explicit)?,
            None => setup.explicit.names_no_destination(),
        };
        if !agrees || routed {
            return Err(InitError::AlreadyInitialized);
        }
        if setup.explicit.names_settings() {
            log::warn!("bento: it runs already, so only identity sources were taken over from this `init`");
        }
        self.client.update_sources(setup.sources);
        Ok(())
    }
}

/// A setup of which only the worker is missing.
struct Prepared {
    settings: Settings,
    resource: Resource,
    destination: Option<Destination>,
    build: BuildExport,
}

impl Prepared {
    fn of(setup: &mut Setup, environment: &dyn Environment) -> Result<Self, InitError> {
        let settings = Settings::resolve(&setup.explicit);
        let resource = resource(&settings);
        let (destination, build) = if let Some(route) = setup.route.take() {
            (None, route.build(&resource))
        } else {
            let destination = Destination::resolve(&setup.explicit, environment)?;
            (Some(destination.clone()), json_exporter(destination))
        };
        Ok(Self { settings, resource, destination, build })
    }

    fn run(self, sources: Sources) -> Result<Arc<Running>, InitError> {
        let Self { settings, resource, destination, build } = self;
        let pipeline = Pipeline::start(Policy::of(&settings), build).map_err(InitError::Worker)?;
        let pipeline = Arc::new(pipeline);
        let client = Arc::new(Client::new(pipeline.clone(), settings.limits, resource, sources));
        let process = std::process::id();
        Ok(Arc::new(Running { client, pipeline, destination, process, in_vain: Mutex::default() }))
    }
}

fn json_exporter(destination: Destination) -> BuildExport {
    Box::new(move || Box::new(OtlpJson::new(&destination)))
}

/// Who emits (`wire.md`, "Request").
fn resource(settings: &Settings) -> Resource {
    let mut attributes = Attributes::with_capacity(5);
    attributes.set("service.name", settings.service_name.as_str());
    attributes.set("service.version", settings.service_version.as_str());
    attributes.set("telemetry.sdk.name", SDK_NAME);
    attributes.set("telemetry.sdk.language", "rust");
    attributes.set("telemetry.sdk.version", SDK_VERSION);
    Resource { attributes }
}
