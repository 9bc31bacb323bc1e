//! What a contender can do: the same few things, each as its own users would write them.

use crate::Workload;

pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A model call, which is one span with the name `user_message` and eight attributes. What it says is borrowed for the
/// moment, as where it comes from a request or a configuration; keys and names are literals.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    pub user: &'a str,
    pub conversation: &'a str,
    pub model: &'a str,
    pub provider: &'a str,
    /// 40 bytes where the span is a small one.
    pub input: &'a str,
    /// 60 bytes likewise.
    pub output: &'a str,
    /// The first property.
    pub experiment: i64,
    /// The second.
    pub channel: &'a str,
}

/// A trajectory is a turn with these tools and model calls inside it, six spans in all.
pub const TOOLS: [&str; 3] = ["search", "weather", "calendar"];
pub const TURNS: [&str; 2] = ["plan", "answer"];

/// With what a contender is started.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// `http://127.0.0.1:PORT`, without a path.
    pub sink: &'a str,
    /// Which of a contender's forms it is, for those that have several, such as an encoding.
    pub variant: &'a str,
    pub workload: Workload,
}

/// One way to record spans and have them delivered.
pub trait Contender: Sync + Sized {
    /// Starts it, so that what is recorded goes to the sink.
    fn start(settings: Settings<'_>) -> Result<Self, Failure>;

    /// Why it cannot do a workload, in words, if it cannot.
    fn unable(_workload: Workload) -> Option<&'static str> {
        None
    }

    /// How many spans it may hold before it has to be flushed, if none of them is to be dropped, where it is fastest.
    fn chunk(workload: Workload) -> usize;

    /// Records a call, small or not.
    fn call(&self, call: &Call<'_>);

    /// Records a turn with its identity, input and output; inside it the tools with input and output, and the model
    /// calls with model, provider, input and output. All of them take the texts of one call.
    fn trajectory(&self, call: &Call<'_>);

    /// Waits until what was recorded is delivered, as long as it can be made to wait, and passes on what it says.
    fn flush(&self) -> Result<(), Failure>;

    /// The spans that a program can find out to be lost, if it has a way to find out.
    fn known_drops(&self) -> Option<u64> {
        None
    }

    /// Ends it as its documentation tells.
    fn stop(self);
}
