//! Arithmetic written out digit by digit, the way it is done on paper, so that each line is a step that a very small
//! model can learn: one column, one carry, one line.

use super::rng::Rng;

/// The text of a thought as it is being written, with at most one deliberate slip in it.
#[derive(Debug, Default)]
pub(crate) struct Work {
    /// What is written so far: lines, with blank lines between steps.
    pub(crate) text: String,
    /// How many single-column results have been written.
    pub(crate) values: usize,
    /// Which of them is to be wrong, and by how much.
    pub(crate) slip_at: Option<(usize, i64)>,
    /// Where in `text` (in bytes) the wrong value begins, once it has been written.
    pub(crate) slipped: Option<usize>,
}

impl Work {
    pub(crate) fn with_slip(at: usize, rng: &mut Rng) -> Self {
        let by = [-1, 1, 1, -10, 10, 2][rng.index(6)];
        Self { slip_at: Some((at, by)), ..Self::default() }
    }

    /// Writes a whole line.
    pub(crate) fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Writes what the next step is for, in front of its first line.
    pub(crate) fn label(&mut self, label: &str) {
        self.text.push_str(label);
        self.text.push_str(": ");
    }

    /// Ends the step: the next line stands after a blank one.
    pub(crate) fn step(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// Writes `sum=value`, or a wrong value where the slip belongs, and gives what was written.
    fn value(&mut self, sum: &str, value: u64) -> u64 {
        let mut written = value;
        self.text.push_str(sum);
        self.text.push('=');
        if let Some((at, by)) = self.slip_at
            && at == self.values
        {
            written = value.checked_add_signed(by).unwrap_or(value + 1);
            self.slipped = Some(self.text.len());
        }
        self.values += 1;
        self.line(&written.to_string());
        written
    }

    /// `a + b`, column by column from the right.
    pub(crate) fn add(&mut self, a: u64, b: u64) -> u64 {
        if a < 10 && b < 10 {
            return self.value(&format!("{a}+{b}"), a + b);
        }
        let width = digits(a).len().max(digits(b).len());
        self.line(&format!("{a:0width$}+{b:0width$}"));
        let (mut carry, mut result, mut place) = (0, 0, 1);
        for i in 0..width {
            let (x, y) = (digit(a, i), digit(b, i));
            let tail = if carry > 0 { format!("+{carry}") } else { String::new() };
            let sum = self.value(&format!("{x}+{y}{tail}"), x + y + carry);
            let last = i + 1 == width;
            result += place * if last { sum } else { sum % 10 };
            carry = sum / 10;
            place *= 10;
        }
        self.line(&format!("{a}+{b}={result}"));
        result
    }

    /// `a - b` for `a >= b`, column by column from the right; `+10` marks a borrow, which the next column pays back.
    pub(crate) fn sub(&mut self, a: u64, b: u64) -> u64 {
        if a < 10 && b < 10 {
            return self.value(&format!("{a}-{b}"), a - b);
        }
        let width = digits(a).len();
        self.line(&format!("{a:0width$}-{b:0width$}"));
        let (mut borrow, mut result, mut place) = (0, 0, 1);
        for i in 0..width {
            let (x, y) = (digit(a, i), digit(b, i));
            let need = x < y + borrow;
            let lift = if need { "+10" } else { "" };
            let pay = if borrow > 0 { "-1" } else { "" };
            let value = x + if need { 10 } else { 0 } - y - borrow;
            let value = self.value(&format!("{x}{lift}-{y}{pay}"), value);
            result += place * (value % 10);
            borrow = u64::from(need);
            place *= 10;
        }
        self.line(&format!("{a}-{b}={result}"));
        result
    }

    /// `a - b` of any sign.
    pub(crate) fn difference(&mut self, a: u64, b: u64) -> i64 {
        if a >= b {
            return i64::try_from(self.sub(a, b)).expect("small");
        }
        self.line(&format!("{a}-{b}=-({b}-{a})"));
        let value = -i64::try_from(self.sub(b, a)).expect("small");
        if self.slipped.is_none() {
            self.line(&format!("{a}-{b}={value}"));
        }
        value
    }

    /// `a × d` for one digit `d`, with the carry in each line.
    fn times_digit(&mut self, a: u64, d: u64) -> u64 {
        if a < 10 || d < 2 {
            return self.value(&format!("{a}×{d}"), a * d);
        }
        self.line(&format!("{a}×{d}"));
        let width = digits(a).len();
        let (mut carry, mut result, mut place) = (0, 0, 1);
        for i in 0..width {
            let x = digit(a, i);
            let tail = if carry > 0 { format!("+{carry}") } else { String::new() };
            let value = self.value(&format!("{x}×{d}{tail}"), x * d + carry);
            let last = i + 1 == width;
            result += place * if last { value } else { value % 10 };
            carry = value / 10;
            place *= 10;
        }
        self.line(&format!("{a}×{d}={result}"));
        result
    }

    /// `a × b`: one partial product a digit of the shorter factor, then their sum.
    pub(crate) fn mul(&mut self, a: u64, b: u64) -> u64 {
        let (long, short) = if digits(a).len() < digits(b).len() { (b, a) } else { (a, b) };
        if short < 10 {
            return self.times_digit(long, short);
        }
        let mut parts = Vec::new();
        for (i, d) in digits(short).into_iter().enumerate().rev() {
            if d > 0 {
                parts.push((d, 10_u64.pow(u32::try_from(i).expect("few digits"))));
            }
        }
        let sum: Vec<String> = parts.iter().map(|(d, place)| format!("{long}×{}", d * place)).collect();
        if parts.len() > 1 {
            self.line(&format!("{a}×{b}={}", sum.join("+")));
        }
        let mut total = 0;
        let mut products = Vec::new();
        for (d, place) in parts {
            self.step();
            let product = self.times_digit(long, d) * place;
            if self.slipped.is_some() {
                return product;
            }
            if place > 1 {
                self.line(&format!("{long}×{}={product}", d * place));
            }
            products.push(product);
        }
        for (i, product) in products.iter().enumerate() {
            if i == 0 {
                total = *product;
                continue;
            }
            self.step();
            total = self.add(total, *product);
            if self.slipped.is_some() {
                return total;
            }
        }
        if products.len() > 1 || long != a {
            self.line(&format!("{a}×{b}={total}"));
        }
        total
    }

    /// `n ÷ d`, exact: long division, by the table for one digit, by taking the divisor away again and again for more.
    pub(crate) fn div(&mut self, n: u64, d: u64) -> u64 {
        if d == 1 || (d < 10 && n < 10 * d) {
            return self.value(&format!("{n}÷{d}"), n / d);
        }
        self.line(&format!("{n}÷{d}"));
        let mut rest = 0;
        let all = digits(n);
        for (i, x) in all.iter().enumerate().rev() {
            rest = rest * 10 + x;
            if d < 10 {
                self.line(&format!("{rest}÷{d}={}r{}", rest / d, rest % d));
                rest %= d;
            } else if all.len() - i >= digits(d).len() {
                let mut line = format!("{rest}:");
                if rest < d {
                    line.push('0');
                }
                for count in 1..=rest / d {
                    rest -= d;
                    let comma = if count > 1 { "," } else { "" };
                    line = format!("{line}{comma}{count}:{rest}");
                }
                self.line(&line);
            }
        }
        self.line(&format!("{n}÷{d}={}", n / d));
        n / d
    }
}

/// The digits of `n`, the last first.
fn digits(n: u64) -> Vec<u64> {
    n.to_string().bytes().rev().map(|b| u64::from(b - b'0')).collect()
}

/// Digit `i` from the right, 0 beyond the left end.
fn digit(n: u64, i: usize) -> u64 {
    digits(n).get(i).copied().unwrap_or(0)
}
