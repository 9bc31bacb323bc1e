//! Times; see the library for what it does.

fn main() -> Result<(), workloads::Failure> {
    workloads::run::<contender::Floor>(workloads::not_counted)
}
