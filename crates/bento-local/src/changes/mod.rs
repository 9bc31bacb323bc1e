//! Who wants to know what changed: the thread that stores tells it after each commit, event streams subscribe.
//!
//! Nothing is gathered for runs that nobody watches. What changed waits in one place, each run and each span once, until the
//! thread that reads and tells it (`api::live`) takes it: however much changes, what waits has a bound. What was told
//! waits a little for each reader; one who is slower gets `reset` instead.

mod news;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hyper::body::Bytes;
use tokio::sync::broadcast::{self, error::RecvError};

pub(crate) use self::news::{Changed, Few, Gathered, News};
use crate::TraceId;

/// What lies between two rounds of telling. A run is told of to lists in every other round at most.
const GAP: Duration = Duration::from_millis(50);

/// Streams at a time, a third of the connections: the others are for those who send and ask.
const STREAMS: usize = 64;

/// Rounds that wait for a reader.
const WAITING: usize = 8;

/// What a stream is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Topic {
    /// The runs of the workspace of that id.
    Runs(String),
    /// One run and its spans.
    Run(TraceId),
}

/// Between those who change the store and those who watch it.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    state: Mutex<State>,
    woken: Condvar,
}

#[derive(Debug, Default)]
struct State {
    topics: HashMap<Topic, broadcast::Sender<Few<Bytes>>>,
    streams: usize,
    news: News,
    /// When the last round was, and the runs that lists were told of in it.
    last: Option<Instant>,
    told: HashSet<TraceId>,
    is_closed: bool,
}

/// What is to be done next.
#[derive(Debug, PartialEq)]
enum Due {
    Now(News),
    At(Instant),
    Never,
}

/// A place in front of a topic. Its events come from the moment when it was taken.
#[derive(Debug)]
pub(crate) struct Subscription {
    changes: Arc<Changes>,
    topic: Topic,
    events: broadcast::Receiver<Few<Bytes>>,
}

/// Why there is no place.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SubscribeError {
    #[error("{STREAMS} streams are open, and there can be no more")]
    TooMany,
    #[error("the server is stopping")]
    Stopping,
}

impl Changes {
    pub(crate) fn subscribe(self: &Arc<Self>, topic: Topic) -> Result<Subscription, SubscribeError> {
        let mut state = self.lock();
        if state.is_closed {
            return Err(SubscribeError::Stopping);
        }
        if state.streams >= STREAMS {
            return Err(SubscribeError::TooMany);
        }
        state.streams += 1;
        let events = match state.topics.entry(topic.clone()) {
            Entry::Occupied(known) => known.get().subscribe(),
            Entry::Vacant(new) => {
                let (sender, receiver) = broadcast::channel(WAITING);
                new.insert(sender);
                receiver
            }
        };
        Ok(Subscription { changes: Arc::clone(self), topic, events })
    }

    /// Begins to gather what a batch changes.
    pub(crate) fn gather(&self) -> Gathered {
        let watched = self.lock().topics.keys().filter_map(Topic::run).collect::<Vec<_>>();
        Gathered::nothing_of(watched)
    }

    /// Tells what was committed: these runs have changed.
    pub(crate) fn tell<'a>(&self, runs: impl IntoIterator<Item = &'a TraceId> + Clone, gathered: Gathered) {
        let mut state = self.lock();
        if state.topics.is_empty() {
            return;
        }
        state.add(runs, gathered);
        drop(state);
        self.woken.notify_all();
    }

    /// Tells that these runs are not here any more: lists, and those who watch one of them, load anew and see it.
    pub(crate) fn tell_removed(&self, runs: &[TraceId]) {
        let mut state = self.lock();
        if state.topics.is_empty() || runs.is_empty() {
            return;
        }
        state.remove(runs);
        drop(state);
        self.woken.notify_all();
    }

    /// Waits for what is to be told; `None` once all is over.
    pub(crate) fn next(&self) -> Option<News> {
        let mut state = self.lock();
        while !state.is_closed {
            let now = Instant::now();
            state = match state.due(now) {
                Due::Now(news) => return Some(news),
                Due::At(next) => {
                    let time = next.saturating_duration_since(now);
                    self.woken.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner).0
                }
                Due::Never => self.woken.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
        None
    }

    /// Hands events to those who watch.
    pub(crate) fn publish(&self, topic: &Topic, events: Few<Bytes>) {
        if let Some(watching) = self.lock().topics.get(topic) {
            // The last of them may have left by now.
            let _ = watching.send(events);
        }
    }

    /// The workspaces whose list somebody watches.
    pub(crate) fn lists(&self) -> Vec<String> {
        let state = self.lock();
        state.topics.keys().filter_map(Topic::workspace).map(str::to_owned).collect()
    }

    /// Ends all streams, and lets nobody begin another one.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        state.topics.clear();
        drop(state);
        self.woken.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here can leave the state half-changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn add<'a>(&mut self, runs: impl IntoIterator<Item = &'a TraceId> + Clone, mut gathered: Gathered) {
        if self.topics.keys().any(|topic| matches!(topic, Topic::Runs(_))) {
            runs.clone().into_iter().for_each(|run| self.news.runs.add(*run));
        }
        for run in runs {
            if self.topics.contains_key(&Topic::Run(*run)) {
                // Who came while the batch was under way cannot be told which spans were in it.
                let changed = gathered.0.remove(run).unwrap_or(Few::TooMany);
                self.news.spans.entry(*run).or_default().join(changed);
            }
        }
    }

    fn remove(&mut self, runs: &[TraceId]) {
        if self.topics.keys().any(|topic| matches!(topic, Topic::Runs(_))) {
            self.news.runs = Few::TooMany;
        }
        for run in runs.iter().filter(|run| self.topics.contains_key(&Topic::Run(**run))) {
            self.news.spans.insert(*run, Few::TooMany);
        }
    }

    /// What is to be told now, which is not waiting any more then.
    fn due(&mut self, now: Instant) -> Due {
        if self.news == News::default() {
            return Due::Never;
        }
        if let Some(next) = self.last.map(|last| last + GAP) {
            if now < next {
                return Due::At(next);
            }
            if now >= next + GAP {
                // All that were told of have rested for long enough.
                self.told.clear();
            }
        }
        let news = self.take_rested();
        self.last = Some(now);
        if news == News::default() { Due::At(now + GAP) } else { Due::Now(news) }
    }

    /// All but the runs that were told of in the last round.
    fn take_rested(&mut self) -> News {
        let mut news = mem::take(&mut self.news);
        let told = mem::take(&mut self.told);
        if let Few::These(runs) = &mut news.runs {
            let resting = runs.extract_if(|run| told.contains(run)).collect();
            self.news.runs = Few::These(resting);
            self.told.clone_from(runs);
        }
        news
    }
}

impl Topic {
    fn run(&self) -> Option<TraceId> {
        match self {
            Self::Runs(_) => None,
            Self::Run(run) => Some(*run),
        }
    }

    fn workspace(&self) -> Option<&str> {
        match self {
            Self::Runs(workspace) => Some(workspace),
            Self::Run(_) => None,
        }
    }
}

impl Subscription {
    /// The next events, or that there were too many, be it for this reader alone; `None` when all is over.
    pub(crate) async fn next(&mut self) -> Option<Few<Bytes>> {
        match self.events.recv().await {
            Ok(events) => Some(events),
            Err(RecvError::Lagged(_)) => {
                // What still waits is older than what the reader loads now.
                self.events = self.events.resubscribe();
                Some(Few::TooMany)
            }
            Err(RecvError::Closed) => None,
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut state = self.changes.lock();
        state.streams -= 1;
        // This one's own receiver is still there.
        if state.topics.get(&self.topic).is_some_and(|topic| topic.receiver_count() <= 1) {
            state.topics.remove(&self.topic);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SpanId;

    fn run(number: u64) -> TraceId {
        format!("{number:032x}").parse().unwrap_or_else(|_| unreachable!("{number} is an id"))
    }

    fn span(number: u64) -> SpanId {
        format!("{number:016x}").parse().unwrap_or_else(|_| unreachable!("{number} is an id"))
    }

    fn these(runs: &[u64]) -> Few<HashSet<TraceId>> {
        Few::These(runs.iter().copied().map(run).collect())
    }

    fn changed(spans: impl IntoIterator<Item = u64>) -> Few<Changed> {
        Few::These(Changed { spans: spans.into_iter().map(span).collect(), parents: HashSet::new() })
    }

    /// A state with a list that is watched, and the runs.
    fn watched(runs: &[u64]) -> State {
        let topics =
            runs.iter().map(|number| Topic::Run(run(*number))).chain([Topic::Runs("local".to_owned())]);
        State { topics: topics.map(|topic| (topic, broadcast::channel(1).0)).collect(), ..State::default() }
    }

    fn tell(state: &mut State, runs: &[u64], gathered: Gathered) {
        let runs: Vec<_> = runs.iter().copied().map(run).collect();
        state.add(&runs, gathered);
    }

    #[test]
    fn what_changes_once_is_told_at_once_and_what_changes_often_every_other_round() {
        let (mut state, start) = (watched(&[]), Instant::now());
        let news = |runs: &[u64]| Due::Now(News { runs: these(runs), ..News::default() });
        assert_eq!(state.due(start), Due::Never);
        tell(&mut state, &[1], Gathered::default());
        assert_eq!(state.due(start), news(&[1]));
        assert_eq!(state.due(start), Due::Never);
        tell(&mut state, &[1, 2], Gathered::default());
        tell(&mut state, &[1], Gathered::default());
        assert_eq!(state.due(start + GAP / 2), Due::At(start + GAP));
        assert_eq!(state.due(start + GAP), news(&[2]), "the first one rests");
        assert_eq!(state.due(start + GAP), Due::At(start + 2 * GAP));
        assert_eq!(state.due(start + 2 * GAP), news(&[1]));
        tell(&mut state, &[1], Gathered::default());
        assert_eq!(state.due(start + 3 * GAP), Due::At(start + 4 * GAP));
        assert_eq!(state.due(start + 4 * GAP), news(&[1]));
        tell(&mut state, &[1], Gathered::default());
        assert_eq!(state.due(start + 20 * GAP), news(&[1]), "it has rested while nothing was told");
    }

    #[test]
    fn spans_are_gathered_for_those_who_watched_from_the_beginning() {
        let (mut state, start) = (watched(&[1, 2]), Instant::now());
        let mut gathered = Gathered::nothing_of([run(1)]);
        gathered.0.insert(run(1), changed([7]));
        tell(&mut state, &[1, 2, 3], gathered);
        tell(&mut state, &[1], Gathered(HashMap::from([(run(1), changed([7, 8]))])));
        let spans = HashMap::from([(run(1), changed([7, 8])), (run(2), Few::TooMany)]);
        assert_eq!(state.due(start), Due::Now(News { runs: these(&[1, 2, 3]), spans }));
    }

    #[test]
    fn too_much_is_not_kept() {
        let (mut state, start) = (watched(&[1]), Instant::now());
        let runs: Vec<_> = (1..=501).collect();
        tell(&mut state, &runs, Gathered(HashMap::from([(run(1), changed(0x1000..0x11f4))])));
        tell(&mut state, &runs, Gathered(HashMap::from([(run(1), changed(0x2000..0x2001))])));
        let spans = HashMap::from([(run(1), Few::TooMany)]);
        assert_eq!(state.due(start), Due::Now(News { runs: Few::TooMany, spans }));
    }

    #[test]
    fn what_is_removed_is_told_to_lists_and_to_those_who_watch_it() {
        let (mut state, start) = (watched(&[1, 2]), Instant::now());
        tell(&mut state, &[2], Gathered(HashMap::from([(run(2), changed([7]))])));
        state.remove(&[run(1), run(3)]);
        let spans = HashMap::from([(run(1), Few::TooMany), (run(2), changed([7]))]);
        assert_eq!(state.due(start), Due::Now(News { runs: Few::TooMany, spans }));
        state.topics.clear();
        state.remove(&[run(1)]);
        assert_eq!(state.due(start), Due::Never, "nobody watches");
    }

    #[test]
    fn nothing_is_kept_for_nobody() -> Result<(), SubscribeError> {
        let changes = Arc::new(Changes::default());
        changes.tell(&[run(1)], changes.gather());
        assert!(changes.lock().news == News::default() && changes.gather().0.is_empty());
        let list = changes.subscribe(Topic::Runs("local".to_owned()))?;
        let watching = [changes.subscribe(Topic::Run(run(1)))?, changes.subscribe(Topic::Run(run(1)))?];
        changes.tell(&[run(2)], changes.gather());
        assert_eq!(changes.next(), Some(News { runs: these(&[2]), spans: HashMap::new() }));
        assert_eq!((changes.gather().0.len(), changes.lists()), (1, vec!["local".to_owned()]));
        drop(watching);
        assert!(changes.gather().0.is_empty());
        drop(list);
        assert!(changes.lock().topics.is_empty() && changes.lock().streams == 0);
        changes.close();
        assert!(matches!(changes.subscribe(Topic::Run(run(1))), Err(SubscribeError::Stopping)));
        assert_eq!(changes.next(), None);
        Ok(())
    }

    #[tokio::test]
    async fn who_is_too_slow_is_told_so_and_goes_on_with_what_is_new() -> Result<(), SubscribeError> {
        let changes = Arc::new(Changes::default());
        let topic = Topic::Run(run(1));
        let mut slow = changes.subscribe(topic.clone())?;
        let event = |number: usize| Few::These(Bytes::from(vec![0; number]));
        for number in 0..=WAITING {
            changes.publish(&topic, event(number));
        }
        assert_eq!(slow.next().await, Some(Few::TooMany));
        changes.publish(&topic, event(99));
        assert_eq!(slow.next().await, Some(event(99)));
        changes.close();
        assert_eq!(slow.next().await, None);
        Ok(())
    }
}
