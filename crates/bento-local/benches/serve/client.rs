//! One connection to the server, and how long its answers took.

use std::time::{Duration, Instant};

use serde_json::Value;
use ureq::http::Response;
use ureq::{Agent, Body};

use crate::Outcome;

/// Longer than the server lets any question take.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Client {
    agent: Agent,
    url: String,
}

/// A whole answer, and the time from the request's start to the answer's last byte.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) took: Duration,
}

impl Client {
    pub(crate) fn new(url: &str) -> Self {
        let agent = Agent::config_builder()
            .proxy(None)
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .build()
            .into();
        Self { agent, url: url.to_owned() }
    }

    pub(crate) fn get(&self, path: &str) -> Outcome<Answer> {
        let started = Instant::now();
        read(started, self.agent.get(format!("{}{path}", self.url)).call()?)
    }

    /// Sends a body in gzip, which has to be stored whole.
    pub(crate) fn post(&self, gzip: &[u8]) -> Outcome<Duration> {
        let started = Instant::now();
        let response = self
            .agent
            .post(format!("{}/v1/traces", self.url))
            .header("authorization", "Bearer bl_pk_local")
            .header("content-type", "application/json")
            .header("content-encoding", "gzip")
            .send(gzip)?;
        let answer = read(started, response)?;
        if (answer.status, &*answer.body) != (200, b"{}") {
            let said = String::from_utf8_lossy(&answer.body).into_owned();
            return Err(format!("{}: {said}", answer.status).into());
        }
        Ok(answer.took)
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Outcome<Value> {
        Ok(serde_json::from_slice(&self.body)?)
    }
}

fn read(started: Instant, mut response: Response<Body>) -> Outcome<Answer> {
    let body = response.body_mut().with_config().limit(1 << 30).read_to_vec()?;
    Ok(Answer { status: response.status().as_u16(), body, took: started.elapsed() })
}
