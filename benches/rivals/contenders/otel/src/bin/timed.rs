//! Times; see the library for what it does.

fn main() -> Result<(), workloads::Failure> {
    workloads::run::<contender::Otel>(workloads::not_counted)
}
