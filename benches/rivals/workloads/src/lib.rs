//! What every contender is put through, how it is measured, and what is wished of the SDK.

mod clock;
mod contender;
mod entry;
mod fleet;
mod goal;
mod outcome;
mod text;

pub mod w1;
pub mod w2;
pub mod w3;
pub mod w4;
pub mod w5;
pub mod w6;
pub mod w7;
pub mod w8;
pub mod w9;

pub use contender::{Call, Contender, Failure, Settings, TOOLS, TURNS};
pub use entry::{Allocations, not_counted, run};
pub use fleet::{ALL, Workload};
pub use goal::{Bound, Goal};
pub use outcome::{Direction, Figure};
