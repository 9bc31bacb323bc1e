//! Recorded runs of agents, read from their files and sent again through the SDK, as the agents would have.
//!
//! Chat logs (a JSON array of runs with `OpenAI`-style messages under `traj`, as tau-bench writes them) and the
//! trajectories of SWE-agent (`.traj`) are told apart by their content. A `.jsonl` file holds one run a line.
//!
//! ```no_run
//! use bento_local::replay::{Sender, Speaker, read};
//!
//! let _bento = bento::init()?;
//! let mut sender = Sender::default();
//! for recording in read("runs.json".as_ref(), &Speaker::default())? {
//!     recording.replay(&mut sender)?;
//! }
//! sender.flush()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod chat;
mod file;
mod recording;
mod step;
mod swe_agent;

pub use self::file::{ReadError, read};
pub use self::recording::{Recording, Sender, Speaker};
