//! Medians and the like.

/// The value that `share` of the samples do not exceed; there must be one.
pub(crate) fn quantile(samples: &[f64], share: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let last = sorted.len() - 1;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "it is the place of a sample"
    )]
    let place = (last as f64 * share).round() as usize;
    sorted[place.min(last)]
}
