//! How sure a count of right answers makes us, whether one way of answering beats another, and what confidence is worth.

/// The Wilson score interval (Wilson, JASA 1927) at 95 %: lower and upper bound of the true share.
///
/// It stays within 0 and 1 and is sensible for small samples and for shares near the ends, where the usual
/// "plus or minus" is not. No trials give (0, 1).
pub fn wilson(successes: usize, trials: usize) -> (f64, f64) {
    wilson_share(successes as f64 / trials.max(1) as f64, trials)
}

/// As [`wilson`], from the share itself: the mean over several tries of each of so many problems. Tries of one problem
/// are not independent, so only problems count; the interval is then rather too wide than too narrow.
pub fn wilson_share(share: f64, trials: usize) -> (f64, f64) {
    /// The 97.5th percentile of the standard normal distribution.
    const Z: f64 = 1.959_963_984_540_054;
    if trials == 0 {
        return (0.0, 1.0);
    }
    let n = trials as f64;
    let p = share;
    let centre = p + Z * Z / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    (((centre - half) / scale).max(0.0), ((centre + half) / scale).min(1.0))
}

/// The exact sign test, which for right and wrong answers to the same problems is `McNemar`'s: the probability, were
/// both ways equally good, that of `wins + losses` problems on which they differ the split is as uneven as this or
/// more so (two-sided). 1 where they never differ.
pub fn sign_test(wins: usize, losses: usize) -> f64 {
    let n = (wins + losses) as f64;
    // C(n, k) / 2^n from k = 0 on; its logarithm, because 2^-n leaves the range of f64.
    let mut log = -n * std::f64::consts::LN_2;
    let mut tail = 0.0;
    for k in 0..=wins.min(losses) {
        tail += log.exp();
        log += ((n - k as f64) / (k as f64 + 1.0)).ln();
    }
    (2.0 * tail).min(1.0)
}

/// The area under the ROC curve: the probability that a value of `right` is above one of `wrong`, equals counting
/// half. `None` where one of them is empty.
pub fn auroc(right: &[f64], wrong: &[f64]) -> Option<f64> {
    let ordered = |(a, b): (f64, f64)| if a > b { 1.0 } else { f64::from(u8::from(a >= b)) / 2.0 };
    let pairs = right.iter().flat_map(|&a| wrong.iter().map(move |&b| (a, b)));
    let count = right.len() * wrong.len();
    (count > 0).then(|| pairs.map(ordered).sum::<f64>() / count as f64)
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

    #[test]
    fn the_sign_test_matches_values_worked_by_hand() {
        // 2 (C(10,0) + C(10,1) + C(10,2)) / 2^10 = 112 / 1024. 0 of 5: 2 / 32.
        for (wins, losses, p) in
            [(8, 2, 0.109_375), (2, 8, 0.109_375), (5, 0, 0.0625), (1, 0, 1.0), (3, 3, 1.0)]
        {
            assert!((sign_test(wins, losses) - p).abs() < 1e-12, "{wins} to {losses}");
        }
        assert!(sign_test(0, 0) >= 1.0);
        let p = sign_test(900, 1100);
        // By the normal approximation with continuity correction z = 199 / sqrt(2000) = 4.450: 8.6e-6.
        assert!((7e-6..1e-5).contains(&p), "{p}");
    }

    #[test]
    fn auroc_counts_equals_half() {
        // Of 2 x 3 pairs: 0.9 is above 0.8, 0.5 and equals 0.9; 0.6 is above 0.5 only.
        assert_eq!(auroc(&[0.9, 0.6], &[0.8, 0.9, 0.5]), Some((1.0 + 0.5 + 1.0 + 0.0 + 0.0 + 1.0) / 6.0));
        assert_eq!(auroc(&[1.0], &[0.0]), Some(1.0));
        assert_eq!((auroc(&[], &[0.5]), auroc(&[0.5], &[])), (None, None));
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
