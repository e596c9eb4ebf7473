//! Dates and times as Python's `isoformat()` writes them.

use chrono::{DateTime, FixedOffset, NaiveDate, Offset as _, TimeZone as _, Utc};
use chrono_tz::Tz;

/// A day, counted from 1970; `None` beyond the calendar.
pub(super) fn date(days: i64) -> Option<String> {
    let date = NaiveDate::from_epoch_days(i32::try_from(days).ok()?)?;
    Some(date.format("%Y-%m-%d").to_string())
}

/// A point in time, in nanoseconds since 1970, with the offset where it has a time zone; `None` beyond the calendar.
/// The zone is a name of the IANA database or an offset; in one that is neither, the time is given in UTC, which is the same moment.
pub(super) fn timestamp(nanos: i128, zone: Option<&str>) -> Option<String> {
    let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).ok()?;
    let fraction = u32::try_from(nanos.rem_euclid(1_000_000_000)).ok()?;
    let utc = DateTime::<Utc>::from_timestamp(seconds, fraction)?;
    let offset = zone.map(|zone| offset_at(zone, &utc));
    let local = utc.with_timezone(&offset.unwrap_or_else(|| Utc.fix()));
    let fraction = match fraction {
        0 => String::new(),
        nanos if nanos % 1_000 == 0 => local.format("%.6f").to_string(),
        _ => local.format("%.9f").to_string(),
    };
    let offset = match offset {
        None => String::new(),
        Some(offset) if offset.local_minus_utc() % 60 == 0 => local.format("%:z").to_string(),
        Some(_) => local.format("%::z").to_string(),
    };
    Some(format!("{}{fraction}{offset}", local.format("%Y-%m-%dT%H:%M:%S")))
}

fn offset_at(zone: &str, moment: &DateTime<Utc>) -> FixedOffset {
    let by_name = zone.parse::<Tz>().map(|zone| zone.offset_from_utc_datetime(&moment.naive_utc()).fix());
    by_name.ok().or_else(|| zone.parse().ok()).unwrap_or_else(|| Utc.fix())
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
    if !is_date || date.parse::<NaiveDate>().is_err() {
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
            assert_eq!(date(days).as_deref(), Some(expected));
        }
        assert_eq!(timestamp(1_704_164_645_000_000_000, None).as_deref(), Some("2024-01-02T03:04:05"));
        let zoned = |nanos, zone| timestamp(nanos, Some(zone)).unwrap();
        assert_eq!(zoned(1_704_164_645_000_001_000, "UTC"), "2024-01-02T03:04:05.000001+00:00");
        assert_eq!(zoned(1_704_164_645_000_000_000, "Europe/Berlin"), "2024-01-02T04:04:05+01:00");
        assert_eq!(zoned(1_720_000_000_000_000_000, "Europe/Berlin"), "2024-07-03T11:46:40+02:00");
        assert_eq!(zoned(1_704_164_645_000_000_000, "-03:30"), "2024-01-01T23:34:05-03:30");
        assert_eq!(zoned(1_704_164_645_000_000_000, "Mars/Olympus"), "2024-01-02T03:04:05+00:00");
        assert_eq!(zoned(-3_000_000_000_000_000_000, "Europe/Berlin"), "1874-12-07T19:33:28+00:53:28");
        assert_eq!((timestamp(i128::MAX, None), date(i64::MAX)), (None, None));
        assert_eq!(timestamp(-1, None).as_deref(), Some("1969-12-31T23:59:59.999999999"));
    }
}
