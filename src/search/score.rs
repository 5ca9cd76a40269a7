//! Confidences in fixed point: sums are exact, do not depend on their order, and survive JSON to the bit.

use serde::{Deserialize, Serialize};

/// A confidence or a sum of them, in units of 2^-32. Sums of 2^20 stay exact in JavaScript's numbers as well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Score(u64);

impl Score {
    /// Nothing, and the value of a loop.
    pub const ZERO: Self = Self(0);

    /// The highest confidence.
    pub const ONE: Self = Self(1 << 32);

    /// From a number of 0 to 1.
    pub fn from_f32(confidence: f32) -> Self {
        assert!((0.0..=1.0).contains(&confidence), "a confidence is {confidence}, expected 0 to 1");
        // Exact: 24 significant bits fit, and what lies below 2^-32 is nothing.
        let units = f64::from(confidence) * Self::ONE.0 as f64;
        Self(u32::try_from(units as i64).map_or(Self::ONE.0, u64::from))
    }

    /// As a number.
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / Self::ONE.0 as f64
    }

    /// Mean of `count` scores whose sum this is; zero of none. Rounded down, so never above the largest.
    #[must_use]
    pub fn mean(self, count: u32) -> Self {
        Self(self.0.checked_div(u64::from(count)).unwrap_or(0))
    }
}

impl std::ops::Add for Score {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl std::ops::AddAssign for Score {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl std::iter::Sum for Score {
    fn sum<I: Iterator<Item = Self>>(scores: I) -> Self {
        scores.fold(Self::ZERO, std::ops::Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        for x in [0.0_f32, 0.1, 0.25, 0.9, 1.0 - f32::EPSILON / 2.0, 1.0] {
            assert_eq!((Score::from_f32(x).to_f64() as f32).to_bits(), x.to_bits());
        }
        assert_eq!(Score::from_f32(1.0), Score::ONE);
        // (0.5 + 0.25 + 0.75) / 3 = 0.5; of none it is nothing.
        let sum: Score = [0.5, 0.25, 0.75].map(Score::from_f32).into_iter().sum();
        assert_eq!((sum.mean(3).to_f64(), sum.mean(0)), (0.5, Score::ZERO));
    }
}
