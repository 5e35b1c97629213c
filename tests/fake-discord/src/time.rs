//! Snowflakes and timestamps.

use std::time::{SystemTime, UNIX_EPOCH};

/// Discord's first millisecond, since 1970.
const EPOCH: u64 = 1_420_070_400_000;

/// Milliseconds since 1970.
pub(crate) fn now() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "snowflakes carry the real time")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

/// The first snowflake of a millisecond since 1970.
pub(crate) fn snowflake(milliseconds: u64) -> u64 {
    milliseconds.saturating_sub(EPOCH) << 22
}

/// When a snowflake was made, in milliseconds since 1970.
pub(crate) fn made_at(snowflake: u64) -> u64 {
    (snowflake >> 22) + EPOCH
}

/// `2026-11-21T14:55:19.123000+00:00`
pub(crate) fn iso(milliseconds: u64) -> String {
    let (days, rest) = (milliseconds / 86_400_000, milliseconds % 86_400_000);
    // Days to a date of the Gregorian calendar, counted in eras of 400 years that begin in March.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute) = (rest / 3_600_000, rest / 60_000 % 60);
    let (second, milli) = (rest / 1_000 % 60, rest % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}000+00:00")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_discord_writes_them() {
        assert_eq!(iso(1_795_272_919_123), "2026-11-21T14:55:19.123000+00:00");
        assert_eq!(iso(951_782_400_000), "2000-02-29T00:00:00.000000+00:00");
        assert_eq!(made_at(snowflake(1_795_272_919_123)), 1_795_272_919_123);
    }
}
