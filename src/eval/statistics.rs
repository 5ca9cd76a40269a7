//! How sure a count of right answers makes us.

/// The Wilson score interval (Wilson, JASA 1927) at 95 %: lower and upper bound of the true share.
///
/// It stays within 0 and 1 and is sensible for small samples and for shares near the ends, where the usual
/// "plus or minus" is not. No trials give (0, 1).
pub fn wilson(successes: usize, trials: usize) -> (f64, f64) {
    /// The 97.5th percentile of the standard normal distribution.
    const Z: f64 = 1.959_963_984_540_054;
    if trials == 0 {
        return (0.0, 1.0);
    }
    let n = trials as f64;
    let p = successes as f64 / n;
    let centre = p + Z * Z / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    (((centre - half) / scale).max(0.0), ((centre + half) / scale).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wilson_matches_values_worked_by_hand() {
        // z² = 3.8415. 0 of 10: upper = z²/(10 + z²) = 0.2775. 5 of 10: 0.5 ± z·sqrt(0.025 + z²/400)/(1 + z²/10)
        // = 0.5 ± 0.2634. 81 of 263: (0.2553, 0.3662), the example of Newcombe (Statistics in Medicine, 1998).
        for (successes, trials, low, high) in
            [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662)]
        {
            let (a, b) = wilson(successes, trials);
            assert!((a - low).abs() < 1e-4 && (b - high).abs() < 1e-4, "{successes}/{trials}: {a} {b}");
        }
        assert_eq!(wilson(0, 0), (0.0, 1.0));
    }

    proptest! {
        #[test]
        fn the_share_lies_in_its_interval(trials in 1_usize..5000, part in 0..=1000_usize) {
            let successes = part * trials / 1000;
            let (low, high) = wilson(successes, trials);
            let share = successes as f64 / trials as f64;
            prop_assert!(0.0 <= low && low <= share + 1e-12 && share <= high + 1e-12 && high <= 1.0);
        }
    }
}
