//! What becomes of spans when the backend is slow, refuses, or is not there.

mod chaos;
mod flush;
mod large;
mod on_loss;
mod queue;
mod refuse;
mod retry;
