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

/// Bytes of files, in units of 1000, as hubs and disks count them.
pub fn size(value: u64) -> String {
    decimal(value as f64)
}

/// The speed of a transfer, given in bytes a second.
pub fn speed(bytes_per_s: f64) -> String {
    format!("{}/s", decimal(bytes_per_s))
}

fn decimal(value: f64) -> String {
    match value {
        v if v >= 999.5e6 => format!("{:.2} GB", v / 1e9),
        v if v >= 9.995e6 => format!("{:.0} MB", v / 1e6),
        v if v >= 999.5e3 => format!("{:.1} MB", v / 1e6),
        v if v >= 1e3 => format!("{:.0} kB", v / 1e3),
        v => format!("{v:.0} bytes"),
    }
}

/// Two counts of bytes in the unit of the second: 1.2 of 4.68 GB.
pub fn size_of(done: u64, total: u64) -> String {
    let whole = size(total);
    let (unit, digits) = match whole.rsplit_once(' ') {
        Some((_, "GB")) => (1e9, 2),
        Some((_, "MB")) => (1e6, usize::from(total < 9_995_000)),
        _ => return format!("{} of {whole}", size(done)),
    };
    format!("{:.*} of {whole}", digits, done as f64 / unit)
}

/// Time left, as coarse as anybody knows it.
pub fn left(seconds: f64) -> String {
    match seconds {
        s if !s.is_finite() || s < 0.0 => String::new(),
        s if s < 90.0 => format!("{:.0} s left", s.ceil()),
        s if s < 5400.0 => format!("{:.0} min left", s / 60.0),
        s => {
            let minutes = (s / 60.0).round();
            format!("{:.0} h {:.0} min left", (minutes / 60.0).floor(), minutes % 60.0)
        }
    }
}

/// A share of a whole in whole per cent; 100 only at the end.
pub fn percent(done: u64, total: u64) -> String {
    if total == 0 {
        return String::new();
    }
    let share = (done as f64 * 100.0 / total as f64).floor().min(100.0);
    format!("{share:.0} %")
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
        v if v >= 1e8 => format!("{:.0} million", v / 1e6),
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
        assert_eq!([weights(1_650_000), weights(494_032_768)], ["1.6 million", "494 million"]);
        assert_eq!([size(12), size(1_652_000), size(94_600_000)], ["12 bytes", "1.7 MB", "95 MB"]);
        assert_eq!([size(999_600_000), size(4_683_073_184)], ["1.00 GB", "4.68 GB"]);
        assert_eq!(size_of(1_234_000_000, 4_683_073_184), "1.23 of 4.68 GB");
        assert_eq!([size_of(500_000, 1_652_000), size_of(0, 94_600_000)], ["0.5 of 1.7 MB", "0 of 95 MB"]);
        assert_eq!([left(1.2), left(240.0), left(7300.0)], ["2 s left", "4 min left", "2 h 2 min left"]);
        assert_eq!([left(f64::NAN), left(-1.0)], ["", ""]);
        assert_eq!([percent(999, 1000), percent(5, 5), percent(0, 0)], ["99 %", "100 %", ""]);
    }
}
