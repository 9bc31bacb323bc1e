//! What is answered when the store does not do what it should.

use std::io::Read as _;
use std::net::Ipv4Addr;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Backend, Teller, router, within};
use crate::changes::{Changes, Few, Topic};
use crate::ingest::{Ingest, Limits};
use crate::otlp;
use crate::price::Prices;
use crate::store::{
    Batch, Bucket, Detail, Filter, Page, Retained, Retention, RunQuery, SpanQuery, Store, StoreError, Totals,
    Workspace,
};
use crate::{Span, SpanId, Summary, Timestamp, TraceId};

type Failed<T> = Result<T, Box<dyn std::error::Error>>;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// A store with one run of three spans; it gives the first of them and then fails.
struct Faulty {
    fault: Fault,
    first: Span,
}

#[derive(Debug)]
enum Fault {
    Unavailable,
    TooSlow,
    Failed,
    Panics,
    /// Until the other end is dropped.
    Hangs(Mutex<mpsc::Receiver<()>>),
    /// The run is let go of while it is read.
    Forgets,
}

impl std::fmt::Debug for Faulty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.fault.fmt(f)
    }
}

impl Faulty {
    fn fail<T>(&self) -> Result<T, StoreError> {
        match &self.fault {
            Fault::Unavailable => Err(StoreError::Unavailable("disk full".into())),
            Fault::TooSlow => Err(StoreError::TooSlow),
            Fault::Failed | Fault::Forgets => Err(StoreError::Failed("malformed".into())),
            Fault::Panics => std::panic::resume_unwind(Box::new("told to")),
            Fault::Hangs(never) => {
                let _ = never.lock().map(|never| never.recv());
                Err(StoreError::TooSlow)
            }
        }
    }
}

impl Store for Faulty {
    fn begin(&self, _: Timestamp) -> Result<Box<dyn Batch + '_>, StoreError> {
        self.fail()
    }

    fn workspaces(&self) -> Result<Vec<Workspace>, StoreError> {
        Ok(vec![Workspace { id: "local".to_owned(), name: "local".to_owned() }])
    }

    fn add_workspace(&self, _: &Workspace) -> Result<bool, StoreError> {
        self.fail()
    }

    fn rename_workspace(&self, _: &str, _: &str) -> Result<bool, StoreError> {
        self.fail()
    }

    fn runs(&self, _: &RunQuery) -> Result<Page<Summary>, StoreError> {
        self.fail()
    }

    fn run(&self, _: TraceId) -> Result<Option<(String, Summary)>, StoreError> {
        let run = Summary { span_count: 3, ..Summary::of(&self.first) };
        Ok(Some(("local".to_owned(), run)))
    }

    fn these_runs(&self, _: &[TraceId]) -> Result<Vec<(String, Summary)>, StoreError> {
        self.fail()
    }

    fn these_spans(&self, _: TraceId, _: &[SpanId], _: &[SpanId]) -> Result<Vec<Span>, StoreError> {
        self.fail()
    }

    fn spans(&self, _: TraceId, query: &SpanQuery) -> Result<Page<Span>, StoreError> {
        match (query.after_id, &self.fault) {
            (None, _) if query.detail != Detail::Row => {
                Ok(Page { items: vec![self.first.clone()], more: true })
            }
            (Some(_), Fault::Forgets) => Ok(Page { items: Vec::new(), more: false }),
            _ => self.fail(),
        }
    }

    fn span(&self, _: SpanId, _: Option<TraceId>) -> Result<Option<Span>, StoreError> {
        self.fail()
    }

    fn totals(&self, _: &str, _: &Filter) -> Result<Totals, StoreError> {
        self.fail()
    }

    fn timeline(&self, _: &str, _: &Filter, _: Bucket) -> Result<Vec<(Timestamp, Totals)>, StoreError> {
        self.fail()
    }

    fn give_up(&self, _: Timestamp) -> Result<Vec<TraceId>, StoreError> {
        self.fail()
    }

    fn retain(&self, _: &Retention, _: Timestamp) -> Result<Retained, StoreError> {
        self.fail()
    }
}

fn backend(fault: Fault) -> Failed<Backend> {
    let json = format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"{TRACE}","spanId":"00f067aa0ba902b7",
        "startTimeUnixNano":"1","endTimeUnixNano":"2"}}]}}]}}]}}"#
    );
    let first =
        otlp::parse(json.as_bytes())?.spans().next().ok_or("no span")?.map_err(|bad| bad.to_string())?;
    let store: Arc<dyn Store> = Arc::new(Faulty { fault, first });
    let limits = Limits { body: 1 << 20, inflated: 1 << 20 };
    let changes = Arc::<Changes>::default();
    let ingest = Ingest {
        store: Arc::clone(&store),
        prices: Prices::built_in()?,
        limits,
        on_body: None,
        received: Arc::default(),
        settled: Arc::default(),
        changes: Arc::clone(&changes),
    };
    let (intake, _) = ingest.start()?;
    Ok(Backend { store, intake, changes, limits, bound: Ipv4Addr::LOCALHOST.into(), key: None })
}

/// Serves a backend as long as the runtime lives, and says where.
fn serve(backend: Backend) -> Failed<(tokio::runtime::Runtime, String)> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
    let url = format!("http://{}", listener.local_addr()?);
    runtime.spawn(async { axum::serve(listener, router(Arc::new(backend))).await });
    Ok((runtime, url))
}

fn agent() -> ureq::Agent {
    let time = Some(Duration::from_secs(10));
    ureq::Agent::config_builder().proxy(None).http_status_as_error(false).timeout_global(time).build().into()
}

#[test]
fn a_store_that_fails_is_told_of() -> Failed<()> {
    for (fault, status, detail) in [
        (Fault::Unavailable, 503, "disk full"),
        (Fault::TooSlow, 503, "took too long"),
        (Fault::Failed, 500, "malformed"),
        (Fault::Panics, 500, "the store failed"),
    ] {
        let (_runtime, url) = serve(backend(fault)?)?;
        for path in ["/workspaces/local/traces", "/spans/00f067aa0ba902b7", &format!("/traces/{TRACE}/spans")]
        {
            let mut answer = agent().get(format!("{url}{path}")).call()?;
            let retry = answer.headers().get("retry-after").map(ureq::http::HeaderValue::as_bytes);
            assert_eq!((answer.status().as_u16(), retry.is_some()), (status, status == 503), "{path}");
            assert!(answer.body_mut().read_to_string()?.contains(detail), "{path}");
        }
        // Whatever is wrong with the store, who sends may send again, and is told the truth.
        for _ in 0..2 {
            let sent = agent().post(format!("{url}/v1/traces")).header("authorization", "Bearer bl_pk_x");
            let mut answer = sent.header("content-type", "application/json").send("{}")?;
            let retry = answer.headers().get("retry-after").map(ureq::http::HeaderValue::as_bytes);
            assert_eq!((answer.status().as_u16(), retry), (503, Some(&b"1"[..])));
            let told = answer.body_mut().read_to_string()?;
            assert!(told.contains(detail), "{told}");
        }
    }
    Ok(())
}

#[test]
fn a_body_that_cannot_be_finished_breaks_off() -> Failed<()> {
    for fault in [Fault::Unavailable, Fault::Panics, Fault::Forgets] {
        let (_runtime, url) = serve(backend(fault)?)?;
        let read = |url: &str| -> Failed<Vec<u8>> {
            let mut json = Vec::new();
            agent().get(url).call()?.into_body().into_reader().read_to_end(&mut json)?;
            Ok(json)
        };
        let whole = read(&format!("{url}/traces/{TRACE}/body"));
        assert!(whole.is_err(), "{}", String::from_utf8_lossy(&whole.unwrap_or_default()));
    }
    Ok(())
}

#[tokio::test]
async fn a_store_that_hangs_is_given_up() -> Failed<()> {
    let (release, never) = mpsc::channel();
    let backend = backend(Fault::Hangs(Mutex::new(never)))?;
    let question = |store: &dyn Store| {
        Ok(store.span("00f067aa0ba902b7".parse().map_err(|_| StoreError::TooSlow)?, None)?)
    };
    let answer = backend.ask_within(Duration::from_millis(10), question).await;
    assert!(answer.is_err_and(|problem| problem.to_string().contains("did not answer in time")));
    let request = within(Duration::from_millis(10), std::future::pending::<()>()).await;
    assert!(request.is_err_and(|problem| problem.to_string().contains("took too long")));
    drop(release);
    Ok(())
}

#[tokio::test]
async fn what_changed_and_cannot_be_read_is_to_be_loaded_anew() -> Failed<()> {
    for fault in [Fault::Failed, Fault::Panics] {
        let Backend { store, changes, .. } = backend(fault)?;
        let run: TraceId = TRACE.parse()?;
        let topics = [Topic::Runs("local".to_owned()), Topic::Run(run)];
        let mut watching = topics.map(|topic| changes.subscribe(topic).ok());
        let teller = Teller { store, changes: Arc::clone(&changes) }.start()?;
        for _ in 0..2 {
            changes.tell(&[run], changes.gather());
            for watching in watching.iter_mut().flatten() {
                assert_eq!(watching.next().await, Some(Few::TooMany));
            }
        }
        changes.close();
        teller.join().map_err(|_| "it panicked")?;
    }
    Ok(())
}
