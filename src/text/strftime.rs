//! Today's date for the chat templates that state it (transformers' `strftime_now`), in UTC.

use minijinja::{Error, ErrorKind};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];

#[allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "web_time is std natively and the browser's clock there"
)]
pub(super) fn now(format: &str) -> Result<String, Error> {
    let since = web_time::SystemTime::now().duration_since(web_time::UNIX_EPOCH).unwrap_or_default();
    at(since.as_secs(), format)
}

/// Python's strftime for the codes that templates use; another code is an error that names it.
fn at(seconds: u64, format: &str) -> Result<String, Error> {
    let (days, time) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    let (month_name, day_name) = (MONTHS[month as usize - 1], DAYS[(days % 7) as usize]);
    let mut text = String::new();
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            text.push(letter);
            continue;
        }
        let part = match letters.next() {
            Some('Y') => year.to_string(),
            Some('m') => format!("{month:02}"),
            Some('d') => format!("{day:02}"),
            Some('B') => month_name.into(),
            Some('b') => month_name[..3].into(),
            Some('A') => day_name.into(),
            Some('a') => day_name[..3].into(),
            Some('H') => format!("{:02}", time / 3600),
            Some('M') => format!("{:02}", time / 60 % 60),
            Some('S') => format!("{:02}", time % 60),
            Some('%') => "%".into(),
            code => {
                let what = format!("strftime_now: code {code:?} of {format:?} is not supported");
                return Err(Error::new(ErrorKind::InvalidOperation, what));
            }
        };
        text += &part;
    }
    Ok(text)
}

/// Year, month and day of a day counted from 1970-01-01 (Howard Hinnant, `civil_from_days`).
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::at;

    #[test]
    fn dates_are_right() {
        let check = |seconds: u64, expected: &str| {
            assert_eq!(at(seconds, "%A %d %B %Y, %a %b %m, %H:%M:%S %%").unwrap(), expected);
        };
        check(0, "Thursday 01 January 1970, Thu Jan 01, 00:00:00 %");
        check(951_782_400, "Tuesday 29 February 2000, Tue Feb 02, 00:00:00 %");
        check(1_732_280_399, "Friday 22 November 2024, Fri Nov 11, 12:59:59 %");
        assert!(at(0, "%Q").unwrap_err().to_string().contains("%Q"));
    }
}
