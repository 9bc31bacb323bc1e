//! Everything about a server that can be scripted.

use std::fmt;
use std::net::TcpListener;
use std::sync::Arc;

use rustls::ServerConfig;

use crate::answer::Answer;
use crate::received::Received;
use crate::server::Server;
use crate::tls;

/// How a connection begins.
#[derive(Clone, Debug, Default)]
pub enum Door {
    /// The server waits for a request.
    #[default]
    Open,
    /// It is reset as soon as it stands.
    Reset,
    /// Nothing is ever read from it.
    Deaf,
    /// The server speaks first, and closes.
    Greets(Vec<u8>),
}

/// What is done once the head of a request is there, and its body is not yet read.
#[derive(Clone, Debug, Default)]
pub enum Early {
    /// The body is read.
    #[default]
    Read,
    /// The body is read after a `100 Continue` that nobody asked for.
    Continue,
    /// The answer is given, the body stays unread, and the connection ends.
    Answer(Answer),
    /// The connection is reset after so many bytes of the body.
    Reset(usize),
}

/// What a server remembers of the requests it received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// Everything.
    #[default]
    Bodies,
    /// Everything, and the bodies as they travelled, to be inflated when somebody looks at their spans: least is taken
    /// from whoever is measured meanwhile.
    Packed,
    /// The head, and which spans there were.
    Spans,
    /// Nothing but their number.
    Nothing,
}

pub(crate) type Script = Box<dyn Fn(usize, &Received) -> Answer + Send + Sync>;
pub(crate) type Heads = Box<dyn Fn(usize, &Received) -> Early + Send + Sync>;
pub(crate) type Settled = Box<dyn Fn(&Received) + Send + Sync>;
pub(crate) type Doors = Box<dyn Fn(usize) -> Door + Send + Sync>;

/// Everything about a server that can be scripted; [`start`](Plan::start) starts it.
///
/// ```
/// use bento_faults::{Answer, Door, Plan};
///
/// // The first connection is reset, and the first request on the next one is refused.
/// let plan = Plan::first([Answer::status(503)]);
/// let server = plan.doors(|number| if number == 0 { Door::Reset } else { Door::Open }).start();
/// assert_eq!(server.connections(), 0);
/// ```
#[must_use = "a plan does nothing until `start`"]
pub struct Plan {
    pub(crate) script: Script,
    pub(crate) heads: Heads,
    pub(crate) doors: Doors,
    pub(crate) settled: Settled,
    pub(crate) tls: Option<Arc<ServerConfig>>,
    pub(crate) keep: Keep,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan").field("keep", &self.keep).finish_non_exhaustive()
    }
}

impl Plan {
    /// Answers each request, of which `script` is given the number too.
    pub fn script(script: impl Fn(usize, &Received) -> Answer + Send + Sync + 'static) -> Self {
        Self {
            script: Box::new(script),
            heads: Box::new(|_, _| Early::Read),
            doors: Box::new(|_| Door::Open),
            settled: Box::new(|_| ()),
            tls: None,
            keep: Keep::Bodies,
        }
    }

    /// Accepts everything.
    pub fn ok() -> Self {
        Self::script(|_, _| Answer::ok())
    }

    /// Answers the first requests as told, and accepts the rest.
    pub fn first(answers: impl IntoIterator<Item = Answer>) -> Self {
        let answers: Vec<Answer> = answers.into_iter().collect();
        Self::script(move |number, _| answers.get(number).cloned().unwrap_or_default())
    }

    /// Answers every request in the same way.
    pub fn always(answer: Answer) -> Self {
        Self::script(move |_, _| answer.clone())
    }

    /// Says what to do when the head of a request, of which the number is given too, is there and its body is not.
    pub fn heads(self, heads: impl Fn(usize, &Received) -> Early + Send + Sync + 'static) -> Self {
        Self { heads: Box::new(heads), ..self }
    }

    /// Says how each connection begins, by its number.
    pub fn doors(self, doors: impl Fn(usize) -> Door + Send + Sync + 'static) -> Self {
        Self { doors: Box::new(doors), ..self }
    }

    /// Is given each request once its fate is certain: for books of one's own, where there are too many to keep.
    pub fn settled(self, settled: impl Fn(&Received) + Send + Sync + 'static) -> Self {
        Self { settled: Box::new(settled), ..self }
    }

    /// Speaks TLS, with a certificate that nobody trusts.
    pub fn untrusted_tls(self) -> Self {
        Self { tls: Some(tls::untrusted()), ..self }
    }

    /// Says what is remembered.
    pub fn keep(self, keep: Keep) -> Self {
        Self { keep, ..self }
    }

    /// Starts the server on a free port of the loopback interface.
    pub fn start(self) -> Server {
        self.start_on(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    /// Starts the server there.
    pub fn start_on(self, listener: TcpListener) -> Server {
        Server::start(self, listener)
    }
}
