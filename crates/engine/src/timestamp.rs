//! Moments in UTC, handed in by the caller: the engine never asks the clock.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A moment in UTC, to the microsecond, printed as MLflow writes it: `2026-11-23 07:17:19.141448`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp {
    seconds: i64,
    micros: u32,
}

impl Timestamp {
    /// The start of 1970.
    pub const EPOCH: Self = Self { seconds: 0, micros: 0 };

    /// Whole seconds since the start of 1970.
    pub fn from_seconds(seconds: i64) -> Self {
        Self { seconds, micros: 0 }
    }

    /// Reads what MLflow writes; `None` for anything else. A time zone is refused: MLflow writes none.
    pub fn parse(text: &str) -> Option<Self> {
        let (date, time) = text.trim().split_once([' ', 'T'])?;
        let mut date = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
        let (year, month, day) = (date.next()??, date.next()??, date.next()??);
        let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
        let mut time = time.splitn(3, ':').map(|part| part.parse::<i64>().ok());
        let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
        let is_date = (1..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
        let is_time = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..60).contains(&second);
        let is_fraction = (1..=6).contains(&fraction.len()) && fraction.bytes().all(|b| b.is_ascii_digit());
        if !(is_date && is_time && is_fraction) {
            return None;
        }
        let seconds = days_of(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
        let micros = format!("{fraction:0<6}").parse().ok()?;
        // A day that its month does not have comes back as another.
        let read = Self { seconds, micros };
        (civil(seconds.div_euclid(86_400)) == (year, month, day)).then_some(read)
    }

    /// What the system's clock or file system says.
    pub fn from_system(time: SystemTime) -> Self {
        match time.duration_since(UNIX_EPOCH) {
            Ok(since) => Self {
                seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
                micros: since.subsec_micros(),
            },
            Err(before) => {
                let before: Duration = before.duration();
                let seconds = i64::try_from(before.as_secs()).unwrap_or(i64::MAX);
                // Rounded down to the whole second: dates before 1970 are wrong clocks, not moments.
                Self { seconds: seconds.saturating_neg().saturating_sub(1), micros: 0 }
            }
        }
    }
}

/// The day count of a date, the other way round.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of a day count since 1970-01-01 (H. Hinnant, "chrono-compatible low-level date algorithms").
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Year 9999 is the last that Python's datetime can hold.
        let seconds = self.seconds.clamp(-62_135_596_800, 253_402_300_799);
        let (year, month, day) = civil(seconds.div_euclid(86_400));
        let second = seconds.rem_euclid(86_400);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let micros = self.micros;
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{micros:06}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read_back_and_nothing_else() {
        for text in ["2026-11-23 07:17:19.141448", "1970-01-01 00:00:00.000000", "2024-02-29 23:59:59.000001"]
        {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Timestamp::parse("2026-11-23 07:17:19"), Some(Timestamp::from_seconds(1_795_418_239)));
        for text in [
            "",
            "2026-11-23",
            "2026-02-30 00:00:00",
            "2026-13-01 00:00:00",
            "2026-11-23 07:17:19+01:00",
            "x-1-1 0:0:0",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn is_printed_as_python_prints_a_naive_utc_datetime() {
        let cases = [
            (0, "1970-01-01 00:00:00.000000"),
            (951_782_399, "2000-02-28 23:59:59.000000"),
            (951_782_400, "2000-02-29 00:00:00.000000"),
            (1_795_418_239, "2026-11-23 07:17:19.000000"),
            (4_107_542_400, "2100-03-01 00:00:00.000000"),
            (-1, "1969-12-31 23:59:59.000000"),
        ];
        for (seconds, text) in cases {
            assert_eq!(Timestamp::from_seconds(seconds).to_string(), text);
        }
    }

    #[test]
    fn keeps_the_microseconds_of_the_system() {
        let time = UNIX_EPOCH + Duration::new(1_795_418_239, 141_448_999);
        assert_eq!(Timestamp::from_system(time).to_string(), "2026-11-23 07:17:19.141448");
    }

    #[test]
    fn a_year_beyond_python_is_cut_to_the_last_second_of_9999() {
        assert_eq!(Timestamp::from_seconds(i64::MAX).to_string(), "9999-12-31 23:59:59.000000");
    }
}
