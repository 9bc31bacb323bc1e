//! Which traces are kept.

use super::TraceId;

/// The ratio of traces that is kept. Whether one is among them follows from its id alone, so that everyone who has the
/// same ratio keeps the same traces, and one with a larger ratio keeps these too.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ratio(f64);

impl Ratio {
    pub(crate) const ALL: Self = Self(1.0);

    /// Ratios below 0 are 0, above 1 they are 1; what is no number leaves nothing out.
    pub(crate) fn new(ratio: f64) -> Self {
        if ratio.is_nan() { Self::ALL } else { Self(ratio.clamp(0.0, 1.0)) }
    }

    pub(crate) fn get(self) -> f64 {
        self.0
    }

    /// The rule of OpenTelemetry's `TraceIdRatioBased` sampler as its Rust and Go SDKs have it: of the lower half of the
    /// id all bits but the last count as a number, which is kept below that share of its range.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "the bound is at most 2^63 and never negative, and bits that get lost are no matter of ratio"
    )]
    pub(crate) fn keeps(self, trace: TraceId) -> bool {
        if self.0 >= 1.0 {
            return true;
        }
        let bound = (self.0 * (1_u64 << 63) as f64) as u64;
        (trace.to_u128() as u64) >> 1 < bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_ratios_are_clamped() {
        let ratios = [0.0, -0.0, -3.0, f64::NEG_INFINITY, 1.0, 7.0, f64::INFINITY, f64::NAN, 0.25];
        let clamped = ratios.map(|ratio| Ratio::new(ratio).get().abs());
        assert_eq!(format!("{clamped:?}"), "[0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.25]");
    }

    #[test]
    fn the_bounds_of_the_ratio_keep_all_and_none() {
        for _ in 0..1_000 {
            let trace = TraceId::random();
            assert!(Ratio::ALL.keeps(trace) && !Ratio::new(0.0).keeps(trace));
        }
        assert!(Ratio::ALL.keeps(highest()) && !Ratio::new(0.999_999).keeps(highest()));
    }

    fn highest() -> TraceId {
        TraceId::from_u128(u128::MAX).unwrap_or_else(TraceId::random)
    }

    #[test]
    fn a_larger_ratio_keeps_what_a_smaller_one_keeps_and_about_as_many_as_it_says() {
        let traces: Vec<TraceId> = (0..10_000).map(|_| TraceId::random()).collect();
        let kept = |ratio: f64| {
            let ratio = Ratio::new(ratio);
            traces.iter().filter(|trace| ratio.keeps(**trace)).collect::<Vec<_>>()
        };
        let (tenth, half) = (kept(0.1), kept(0.5));
        assert!(tenth.iter().all(|trace| half.contains(trace)));
        // Ten standard deviations.
        assert!(tenth.len().abs_diff(1_000) < 300, "{}", tenth.len());
        assert!(half.len().abs_diff(5_000) < 500, "{}", half.len());
    }

    #[test]
    #[cfg(feature = "otel")]
    fn the_rule_is_that_of_opentelemetry() {
        use opentelemetry::trace::SpanKind;
        use opentelemetry_sdk::trace::{Sampler, SamplingDecision, ShouldSample};
        for ratio in [0.0, 1e-9, 0.1, 0.25, 0.5, 0.999, 1.0] {
            let sampler = Sampler::TraceIdRatioBased(ratio);
            for _ in 0..2_000 {
                let trace = TraceId::random();
                let id = opentelemetry::TraceId::from(trace.to_u128());
                let theirs = sampler.should_sample(None, id, "", &SpanKind::Internal, &[], &[]).decision;
                assert_eq!(
                    Ratio::new(ratio).keeps(trace),
                    theirs == SamplingDecision::RecordAndSample,
                    "{trace}"
                );
            }
        }
    }
}
