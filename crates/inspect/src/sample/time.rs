//! Dates and times as Python's `isoformat()` writes them.

const NANOS_PER_DAY: i128 = 86_400_000_000_000;

/// A day, counted from 1970.
pub(super) fn date(days: i64) -> String {
    let (year, month, day) = civil(i128::from(days));
    format!("{year:04}-{month:02}-{day:02}")
}

/// A point in time, in nanoseconds since 1970, with the offset where it has a time zone.
pub(super) fn timestamp(nanos: i128, zone: Option<&str>) -> String {
    let days = nanos.div_euclid(NANOS_PER_DAY);
    let rest = nanos.rem_euclid(NANOS_PER_DAY);
    let (year, month, day) = civil(days);
    let seconds = rest.div_euclid(1_000_000_000);
    let fraction = match rest.rem_euclid(1_000_000_000) {
        0 => String::new(),
        nanos if nanos.rem_euclid(1_000) == 0 => format!(".{:06}", nanos.div_euclid(1_000)),
        nanos => format!(".{nanos:09}"),
    };
    let (hour, minute, second) =
        (seconds.div_euclid(3_600), seconds.div_euclid(60).rem_euclid(60), seconds.rem_euclid(60));
    // Without a database of time zones the time is given in UTC, which is the same moment.
    let offset = if zone.is_some() { "+00:00" } else { "" };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{offset}")
}

/// A date or time in ISO 8601 as `Timestamp.isoformat()` writes it, and whether it has a time zone; `None` when it is none.
pub(super) fn normalized(text: &str) -> Option<(String, bool)> {
    let text = text.trim();
    let (date, clock) = match text.split_once(['T', ' ']) {
        Some((date, clock)) => (date, Some(clock)),
        None => (text, None),
    };
    let parts: Vec<&str> = date.split('-').collect();
    let in_range = |part: &str, len: usize, range: std::ops::RangeInclusive<u32>| {
        part.len() == len && part.parse::<u32>().is_ok_and(|value| range.contains(&value))
    };
    let is_date = matches!(parts.as_slice(), [year, month, day]
        if in_range(year, 4, 1..=9999) && in_range(month, 2, 1..=12) && in_range(day, 2, 1..=31));
    if !is_date {
        return None;
    }
    let Some(clock) = clock else { return Some((format!("{date}T00:00:00"), false)) };
    let (clock, zone) = match clock.find(['Z', '+', '-']) {
        Some(at) => (clock.get(..at)?, clock.get(at..)?),
        None => (clock, ""),
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let fields: Vec<&str> = clock.split(':').collect();
    let is_clock = (2..=3).contains(&fields.len())
        && fields
            .iter()
            .enumerate()
            .all(|(index, field)| in_range(field, 2, if index == 0 { 0..=23 } else { 0..=59 }))
        && fraction.bytes().all(|byte| byte.is_ascii_digit());
    if !is_clock {
        return None;
    }
    let seconds = fields.get(2).copied().unwrap_or("00");
    let fraction =
        if fraction.trim_end_matches('0').is_empty() { String::new() } else { format!(".{fraction:0<6}") };
    let zone = if zone == "Z" { "+00:00" } else { zone };
    let hour_and_minute = fields.get(..2)?.join(":");
    Some((format!("{date}T{hour_and_minute}:{seconds}{fraction}{zone}"), !zone.is_empty()))
}

/// Year, month and day of a day counted from 1970 (the days of the proleptic Gregorian calendar, by eras of 400 years).
fn civil(days: i128) -> (i128, i128, i128) {
    let days = days.saturating_add(719_468);
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let leaps = [1_460, 36_524, 146_096].map(|n| of_era.div_euclid(n));
    let [four, hundred, whole] = leaps;
    let year_of_era =
        of_era.saturating_sub(four).saturating_add(hundred).saturating_sub(whole).div_euclid(365);
    let of_year = of_era.saturating_sub(
        year_of_era
            .saturating_mul(365)
            .saturating_add(year_of_era.div_euclid(4))
            .saturating_sub(year_of_era.div_euclid(100)),
    );
    let shifted = of_year.saturating_mul(5).saturating_add(2).div_euclid(153);
    let day =
        of_year.saturating_sub(shifted.saturating_mul(153).saturating_add(2).div_euclid(5)).saturating_add(1);
    let month = if shifted < 10 { shifted.saturating_add(3) } else { shifted.saturating_sub(9) };
    let year = year_of_era.saturating_add(era.saturating_mul(400));
    (if month <= 2 { year.saturating_add(1) } else { year }, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_are_those_of_the_calendar() {
        for (days, expected) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (19_782, "2024-02-29"),
            (11_016, "2000-02-29"),
            (-719_162, "0001-01-01"),
        ] {
            assert_eq!(date(days), expected);
        }
        assert_eq!(timestamp(1_704_164_645_000_000_000, None), "2024-01-02T03:04:05");
        assert_eq!(timestamp(1_704_164_645_000_001_000, Some("UTC")), "2024-01-02T03:04:05.000001+00:00");
        assert_eq!(timestamp(-1, None), "1969-12-31T23:59:59.999999999");
    }
}
