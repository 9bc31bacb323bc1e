//! Counts allocations of the calling thread, with an allocator that would cost the calls time.

fn main() -> Result<(), workloads::Failure> {
    workloads::run::<contender::Otel>(|run| Some(allocation_counter::measure(run).count_total))
}
