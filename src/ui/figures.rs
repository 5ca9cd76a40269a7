//! Numbers as a person reads them, in the way the spoken language writes them.

use super::words::{Language, spoken, t};

/// Thousands in groups of three: by commas, in Russian by narrow spaces.
pub fn count(value: impl TryInto<u64>) -> String {
    grouped(&value.try_into().unwrap_or(0).to_string())
}

fn grouped(digits: &str) -> String {
    let between = if spoken() == Language::Russian { '\u{202f}' } else { ',' };
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(between);
        }
        out.push(digit);
    }
    out
}

/// A whole number, 0 or more, that is held as another.
pub fn whole(value: f64) -> String {
    grouped(&format!("{value:.0}"))
}

/// A number with so many digits after the point, which is a comma in Russian.
pub fn decimal(value: f64, digits: usize) -> String {
    point(&format!("{value:.digits$}"))
}

/// A number in English digits, as the spoken language writes it.
pub fn point(number: &str) -> String {
    if spoken() == Language::Russian { number.replace('.', ",") } else { number.to_owned() }
}

/// Bytes in units of 1024.
pub fn bytes(value: u64) -> String {
    const KIB: f64 = 1024.0;
    match value as f64 {
        v if v < KIB => t!("page-bytes", n = value),
        v if v < KIB * KIB => t!("page-kib", n = decimal(v / KIB, 1)),
        v if v < KIB * KIB * KIB => t!("page-mib", n = decimal(v / (KIB * KIB), 1)),
        v => t!("page-gib", n = decimal(v / (KIB * KIB * KIB), 2)),
    }
}

/// A unit of 1000: its message, how many bytes it has, digits after the point.
type Unit = (&'static str, f64, usize);

fn unit(bytes: f64) -> Unit {
    match bytes {
        v if v >= 999.5e6 => ("page-gb", 1e9, 2),
        v if v >= 9.995e6 => ("page-mb", 1e6, 0),
        v if v >= 999.5e3 => ("page-mb", 1e6, 1),
        v if v >= 1e3 => ("page-kb", 1e3, 0),
        _ => ("page-bytes", 1.0, 0),
    }
}

/// Bytes of files, in units of 1000, as hubs and disks count them.
pub fn size(value: u64) -> String {
    in_units(value as f64)
}

/// Bytes of a file as the browser counts them, in units of 1000.
pub fn in_units(value: f64) -> String {
    match unit(value) {
        ("page-bytes", ..) => t!("page-bytes", n = value.round()),
        (message, of, digits) => t!(message, n = decimal(value / of, digits)),
    }
}

/// The speed of a transfer, given in bytes a second.
pub fn speed(bytes_per_s: f64) -> String {
    t!("page-a-second", size = in_units(bytes_per_s))
}

/// Two counts of bytes in the unit of the second: 1.2 of 4.68 GB.
pub fn size_of(done: u64, total: u64) -> String {
    let done = match unit(total as f64) {
        ("page-gb" | "page-mb", of, digits) => decimal(done as f64 / of, digits),
        _ => size(done),
    };
    t!("page-of", done = done, whole = size(total))
}

/// Time left, as coarse as anybody knows it.
pub fn left(seconds: f64) -> String {
    match seconds {
        s if !s.is_finite() || s < 0.0 => String::new(),
        s if s < 90.0 => t!("page-left-s", n = s.ceil()),
        s if s < 5400.0 => t!("page-left-min", n = (s / 60.0).round()),
        s => {
            let minutes = (s / 60.0).round();
            t!("page-left-h", h = (minutes / 60.0).floor(), min = minutes % 60.0)
        }
    }
}

/// A share of a whole in whole per cent; 100 only at the end.
pub fn percent(done: u64, total: u64) -> String {
    if total == 0 {
        return String::new();
    }
    per_cent((done as f64 * 100.0 / total as f64).floor().min(100.0) / 100.0, 0)
}

/// A share of 1 in per cent, with so many digits after the point.
pub fn per_cent(share: f64, digits: usize) -> String {
    t!("page-percent", n = decimal(share * 100.0, digits))
}

/// A duration.
pub fn duration(ms: f64) -> String {
    match ms {
        ms if ms < 950.0 => t!("page-ms", n = decimal(ms, 0)),
        ms if ms < 60_000.0 => t!("page-s", n = decimal(ms / 1000.0, 1)),
        ms => t!("page-min-s", min = (ms / 60_000.0).floor(), s = ((ms % 60_000.0) / 1000.0).round()),
    }
}

/// Weights, rounded: 1.6 million. Chinese counts in ten thousands and hundred millions.
pub fn weights(value: u64) -> String {
    let (large, small): (f64, f64) = if spoken() == Language::Chinese { (1e8, 1e4) } else { (1e9, 1e6) };
    match value as f64 {
        v if v < small.max(1e6) => count(value),
        v if v >= large => t!("page-billion", n = rounded(v / large)),
        v => t!("page-million", n = rounded(v / small)),
    }
}

/// One digit after the point, where there are not three before it.
fn rounded(value: f64) -> String {
    if value < 100.0 { decimal(value, 1) } else { whole(value) }
}

/// A speed.
pub fn per_second(value: f64) -> String {
    if value < 100.0 { decimal(value, 1) } else { decimal(value, 0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::words::speak;

    #[test]
    fn figures_in_english() {
        assert_eq!([count(0_u64), count(999_u64), count(1_234_567_u64)], ["0", "999", "1,234,567"]);
        assert_eq!([bytes(12), bytes(1536), bytes(3 << 29)], ["12 bytes", "1.5 KiB", "1.50 GiB"]);
        assert_eq!([duration(12.3), duration(1234.0), duration(61_000.0)], ["12 ms", "1.2 s", "1 min 1 s"]);
        assert_eq!([weights(1_650_000), weights(494_032_768)], ["1.6 million", "494 million"]);
        assert_eq!([weights(160_000), weights(7_615_616_512)], ["160,000", "7.6 billion"]);
        assert_eq!([size(12), size(1_652_000), size(94_600_000)], ["12 bytes", "1.7 MB", "95 MB"]);
        assert_eq!([size(999_600_000), size(4_683_073_184)], ["1.00 GB", "4.68 GB"]);
        assert_eq!(size_of(1_234_000_000, 4_683_073_184), "1.23 of 4.68 GB");
        assert_eq!([size_of(500_000, 1_652_000), size_of(0, 94_600_000)], ["0.5 of 1.7 MB", "0 of 95 MB"]);
        assert_eq!([left(1.2), left(240.0), left(7300.0)], ["2 s left", "4 min left", "2 h 2 min left"]);
        assert_eq!([left(f64::NAN), left(-1.0)], ["", ""]);
        assert_eq!([percent(999, 1000), percent(5, 5), percent(0, 0)], ["99 %", "100 %", ""]);
    }

    #[test]
    fn figures_in_russian() {
        speak(Language::Russian);
        assert_eq!([count(9_999_u64), count(1_234_567_u64)], ["9\u{202f}999", "1\u{202f}234\u{202f}567"]);
        assert_eq!([bytes(1), bytes(12), bytes(3), bytes(1536)], ["1 байт", "12 байт", "3 байта", "1,5 КиБ"]);
        assert_eq!(size_of(1_234_000_000, 4_683_073_184), "1,23 из 4,68 ГБ");
        assert_eq!([duration(1234.0), speed(12.4e6)], ["1,2 с", "12 МБ/с"]);
        assert_eq!([weights(2_600_000), left(240.0)], ["2,6 млн", "осталось 4 мин"]);
        assert_eq!([per_cent(0.974, 1), percent(1, 3)], ["97,4 %", "33 %"]);
    }

    #[test]
    fn figures_in_chinese() {
        speak(Language::Chinese);
        assert_eq!([count(1_234_567_u64), bytes(12)], ["1,234,567", "12 字节"]);
        assert_eq!([weights(2_650_000), weights(7_600_000_000)], ["265 万", "76.0 亿"]);
        assert_eq!([percent(1, 3), duration(61_000.0)], ["33%", "1 分 1 秒"]);
        assert_eq!(size_of(1_234_000_000, 4_683_073_184), "1.23 / 4.68 GB");
    }
}
