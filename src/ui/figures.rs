//! Numbers as a person reads them.

/// Thousands with commas.
pub fn count(value: impl TryInto<u64>) -> String {
    let digits = value.try_into().unwrap_or(0).to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Bytes in units of 1024.
pub fn bytes(value: u64) -> String {
    let mut size = value as f64;
    for unit in ["bytes", "KiB", "MiB"] {
        if size < 1024.0 {
            return if unit == "bytes" { format!("{value} bytes") } else { format!("{size:.1} {unit}") };
        }
        size /= 1024.0;
    }
    format!("{size:.2} GiB")
}

/// A duration.
pub fn duration(ms: f64) -> String {
    match ms {
        ms if ms < 950.0 => format!("{ms:.0} ms"),
        ms if ms < 60_000.0 => format!("{:.1} s", ms / 1000.0),
        ms => format!("{} min {:.0} s", (ms / 60_000.0).floor(), (ms % 60_000.0) / 1000.0),
    }
}

/// Weights, rounded: 1.6 million.
pub fn weights(value: u64) -> String {
    match value as f64 {
        v if v >= 1e9 => format!("{:.1} billion", v / 1e9),
        v if v >= 1e6 => format!("{:.1} million", v / 1e6),
        _ => count(value),
    }
}

/// A speed.
pub fn per_second(value: f64) -> String {
    if value < 100.0 { format!("{value:.1}") } else { format!("{value:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures() {
        assert_eq!([count(0_u64), count(999_u64), count(1_234_567_u64)], ["0", "999", "1,234,567"]);
        assert_eq!([bytes(12), bytes(1536), bytes(3 << 29)], ["12 bytes", "1.5 KiB", "1.50 GiB"]);
        assert_eq!([duration(12.3), duration(1234.0), duration(61_000.0)], ["12 ms", "1.2 s", "1 min 1 s"]);
        assert_eq!(weights(1_650_000), "1.6 million");
    }
}
