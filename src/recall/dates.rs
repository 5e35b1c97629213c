//! Days that are named by when they were spoken of: "yesterday", "last Friday", "two weeks ago", "in May".
//!
//! They are worked out when a memory is indexed, against the time of its words, and when something is asked, against
//! now; both are written as the same [`marks`], by which BM25 brings them together. Days are those of UTC, seasons those
//! of the northern half, the words English. A name that may be a day behind or ahead stands for both, unless the other
//! words tell which. A change here makes stored terms stale: raise [`super::words::REVISION`].

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use crate::domain::Moment;

/// Named times of one text that count; the rest of a calendar is noise.
const NAMED_MAX: usize = 8;
/// Longest time that is written day by day; a longer one is written by its months.
const DAYS_MAX: i32 = 31;
/// Longest time that is written by its months, in months; a longer one is written by its years.
const MONTHS_MAX: usize = 14;
/// How far "weeks ago" may be off, in days.
const WEEKS_SLACK: i64 = 3;
/// How many "a few" are, at least and at most.
const FEW: (i64, i64) = (2, 5);

const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const NUMBERS: [&str; 12] =
    ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
/// What stands before a month's name, which else may be a verb or somebody's name.
const BEFORE_MONTH: [&str; 10] = ["in", "since", "until", "till", "by", "during", "early", "late", "mid", "around"];
/// What "of" stands behind when a month follows.
const PARTS_OF_MONTH: [&str; 6] = ["end", "beginning", "start", "middle", "month", "half"];
/// What follows a number alone ("on the 3rd") when it is a day: not what else may be counted.
const AFTER_DAY: [&str; 24] = [
    "", "at", "and", "i", "we", "he", "she", "it", "they", "you", "with", "to", "for", "from", "in", "because", "but",
    "so", "is", "was", "will", "my", "our", "the",
];
/// Words of what has been. Words that end in "-ed" are others.
const PAST: [&str; 24] = [
    "did",
    "was",
    "were",
    "had",
    "went",
    "ago",
    "yesterday",
    "last",
    "been",
    "came",
    "saw",
    "took",
    "got",
    "bought",
    "met",
    "told",
    "said",
    "made",
    "gave",
    "found",
    "left",
    "began",
    "started",
    "didn't",
];
/// Words of what will be. Words that end in "'ll" are others.
const FUTURE: [&str; 8] = ["will", "shall", "going", "gonna", "tomorrow", "plan", "planning", "won't"];

/// Days from the first to the last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    pub first: Date,
    pub last: Date,
}

impl Span {
    fn day(day: Date) -> Self {
        Self { first: day, last: day }
    }

    fn month_of(day: Date) -> Self {
        Self { first: day.first_of_month(), last: day.last_of_month() }
    }

    fn year_of(day: Date) -> Self {
        Self { first: day.first_of_year(), last: day.last_of_year() }
    }

    /// Days in it.
    fn days(self) -> i32 {
        self.first.until(self.last).map_or(0, |until| until.get_days()) + 1
    }
}

/// The days that words of `text` name, spoken at a moment; each once, ascending.
pub fn named(text: &str, at: Moment) -> Vec<Span> {
    let Some(today) = day_of(at) else { return Vec::new() };
    let said = Said::of(text, today);
    let mut found = Vec::new();
    let mut from = 0;
    while from < said.words.len() && found.len() < NAMED_MAX {
        let (spans, length) = said.named_at(from).unwrap_or((Vec::new(), 1));
        found.extend(spans);
        from += length;
    }
    found.sort_unstable();
    found.dedup();
    found.truncate(NAMED_MAX);
    found
}

/// Words that stand for times, and for the same ones wherever they are written: `2026.05.08`, `2026.05`, `2026`. Each
/// is one word to [`super::words`], and nothing that people write by chance.
pub fn marks(spans: &[Span]) -> Vec<String> {
    let mut marks: Vec<String> = spans.iter().flat_map(|span| marks_of(*span)).collect();
    marks.sort_unstable();
    marks.dedup();
    marks
}

/// What is added to the words of a memory that names `spans`: each in words and as [`marks`], a day with its month.
pub fn written_out(spans: &[Span]) -> String {
    let mut parts: Vec<String> = Vec::new();
    for span in spans {
        if span.days() == 1 {
            parts.push(in_words(span.first));
            parts.push(month_mark(span.first));
        } else if *span == Span::month_of(span.first) {
            parts.push(span.first.strftime("%B %Y").to_string());
        }
    }
    parts.extend(marks(spans));
    parts.join(" ")
}

/// The day of a moment in words, as people ask for it: `Monday 8 May 2023`; and its [`marks`].
pub fn of_moment(at: Moment) -> (String, String) {
    day_of(at).map_or_else(Default::default, |day| (in_words(day), format!("{} {}", day_mark(day), month_mark(day))))
}

fn day_of(at: Moment) -> Option<Date> {
    Timestamp::from_millisecond(at.0).ok().map(|time| time.to_zoned(TimeZone::UTC).date())
}

fn in_words(day: Date) -> String {
    day.strftime("%A %-d %B %Y").to_string()
}

fn day_mark(day: Date) -> String {
    day.strftime("%Y.%m.%d").to_string()
}

fn month_mark(day: Date) -> String {
    day.strftime("%Y.%m").to_string()
}

fn marks_of(span: Span) -> Vec<String> {
    let months: Vec<Date> = span.first.first_of_month().series(1.month()).take_while(|day| *day <= span.last).collect();
    let is_whole = span.first.day() == 1 && span.last == span.last.last_of_month();
    if span.days() <= DAYS_MAX && !is_whole {
        span.first.series(1.day()).take_while(|day| *day <= span.last).map(day_mark).collect()
    } else if span == Span::year_of(span.first) || months.len() > MONTHS_MAX {
        (span.first.year()..=span.last.year()).map(|year| year.to_string()).collect()
    } else {
        months.into_iter().map(month_mark).collect()
    }
}

/// Which way a name without a year looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Back,
    Ahead,
    Either,
}

/// The words of a text, in lower case, and the day they were spoken on.
struct Said {
    words: Vec<String>,
    /// Whether a sign, such as a comma, follows a word.
    is_last: Vec<bool>,
    today: Date,
    way: Way,
}

type Named = Option<(Vec<Span>, usize)>;

impl Said {
    fn of(text: &str, today: Date) -> Self {
        let (mut words, mut is_last) = (Vec::new(), Vec::new());
        for piece in text.split_whitespace() {
            let piece = piece.replace('’', "'").to_lowercase();
            let is_sign = |c: char| !c.is_alphanumeric();
            let before = words.len();
            if piece.trim_matches(is_sign).parse::<Date>().is_ok() {
                words.push(piece.trim_matches(is_sign).to_owned());
            } else {
                let parts = piece.split(|c: char| is_sign(c) && c != '\'').filter(|part| !part.is_empty());
                words.extend(parts.map(|part| part.trim_matches('\'').trim_end_matches("'s").to_owned()));
            }
            is_last.resize(words.len(), false);
            if words.len() > before {
                is_last[words.len() - 1] = piece.ends_with(is_sign);
            }
        }
        let is_past = words.iter().any(|word| PAST.contains(&&**word) || (word.len() > 4 && word.ends_with("ed")));
        let is_future = words.iter().any(|word| FUTURE.contains(&&**word) || word.ends_with("'ll"));
        let way = match (is_past, is_future) {
            (true, false) => Way::Back,
            (false, true) => Way::Ahead,
            _ => Way::Either,
        };
        Self { words, is_last, today, way }
    }

    fn word(&self, at: usize) -> &str {
        self.words.get(at).map_or("", String::as_str)
    }

    /// What stands before word number `at`.
    fn before(&self, at: usize) -> &str {
        at.checked_sub(1).map_or("", |at| self.word(at))
    }

    /// What is named by the words from number `at` on, and by how many of them.
    fn named_at(&self, at: usize) -> Named {
        let [first, second, third] = [0, 1, 2].map(|ahead| self.word(at + ahead));
        let days = |days: i64, words: usize| Some((vec![Span::day(self.days_on(days)?)], words));
        match (first, second, third) {
            ("day", "before", "yesterday") => return days(-2, 3),
            ("day", "after", "tomorrow") => return days(2, 3),
            ("last", "night", _) => return days(-1, 2),
            ("this", "morning" | "afternoon" | "evening", _) => return days(0, 2),
            ("yesterday", ..) => return days(-1, 1),
            ("today" | "tonight", ..) => return days(0, 1),
            ("tomorrow", ..) => return days(1, 1),
            _ => {}
        }
        if let Ok(day) = first.parse::<Date>() {
            return Some((vec![Span::day(day)], 1));
        }
        self.ago(at)
            .or_else(|| self.date(at))
            .or_else(|| self.called_last_or_next(at))
            .or_else(|| self.day_or_month_alone(at))
    }

    fn days_on(&self, days: i64) -> Option<Date> {
        self.today.checked_add(days.days()).ok()
    }

    /// "two weeks ago", "a few days ago", "in three months".
    fn ago(&self, at: usize) -> Named {
        let from = if self.word(at) == "in" { at + 1 } else { at };
        let ((least, most), after) = self.count(from)?;
        let unit = self.word(after).trim_end_matches('s');
        let length = after + 1 - at;
        let (sign, length) = match (from > at, self.word(after + 1)) {
            (false, "ago") => (-1, length + 1),
            (true, next) if next != "ago" => (1, length),
            _ => return None,
        };
        // The nearer and the farther end, in the order of time.
        let (one, other) = if sign < 0 { (-most, -least) } else { (least, most) };
        let on = |span: jiff::Span| self.today.checked_add(span).ok();
        let span = match unit {
            "day" => Span { first: self.days_on(one)?, last: self.days_on(other)? },
            "week" => {
                Span { first: self.days_on(7 * one - WEEKS_SLACK)?, last: self.days_on(7 * other + WEEKS_SLACK)? }
            }
            "month" => Span { first: on(one.months())?.first_of_month(), last: on(other.months())?.last_of_month() },
            "year" => Span { first: on(one.years())?.first_of_year(), last: on(other.years())?.last_of_year() },
            _ => return None,
        };
        Some((vec![span], length))
    }

    /// A number in words or digits, as the least and most it means, and the number of the word after it.
    fn count(&self, at: usize) -> Option<((i64, i64), usize)> {
        let exactly = |count: i64, after: usize| Some(((count, count), after));
        let past_of = |at: usize| if self.word(at) == "of" { at + 1 } else { at };
        match (self.word(at), self.word(at + 1)) {
            ("a", "few") => Some((FEW, at + 2)),
            ("few", _) => Some((FEW, at + 1)),
            ("a", "couple") => exactly(2, past_of(at + 2)),
            ("couple", _) => exactly(2, past_of(at + 1)),
            ("a" | "an", _) => exactly(1, at + 1),
            (word, _) => {
                let number = NUMBERS.iter().position(|number| *number == word).map(|at| at as i64 + 1);
                let number = number.or_else(|| word.parse().ok().filter(|number| (1..1_000).contains(number)));
                exactly(number?, at + 1)
            }
        }
    }

    /// "8 May", "the 8th of May 2023", "May 8th", "May 2023", "summer of 2023".
    fn date(&self, at: usize) -> Named {
        if let (Some(season), Some((year, length))) = (season(self.word(at)), self.year(at + 1)) {
            return Some((vec![season_of(season, year)?], 1 + length));
        }
        // A weekday before it says nothing more.
        let lead = usize::from(weekday(self.word(at)).is_some());
        let start = at + lead + usize::from(lead == 1 && self.word(at + lead) == "the");
        let (day, month, length) = if let Some(month) = month(self.word(start)) {
            match day_number(self.word(start + 1)) {
                Some(day) => (Some(day), month, 2),
                None => (None, month, 1),
            }
        } else {
            let day = day_number(self.word(start))?;
            let of = usize::from(self.word(start + 1) == "of");
            (Some(day), month(self.word(start + 1 + of))?, 2 + of)
        };
        let year = self.year(start + length);
        let length = length + year.map_or(0, |(_, length)| length) + start - at;
        let year = year.map(|(year, _)| year);
        let Some(day) = day else {
            let first = Date::new(year?, month, 1).ok()?;
            return Some((vec![Span::month_of(first)], length));
        };
        let on = |year: i16| Date::new(year, month, day).ok();
        match year {
            Some(year) => Some((vec![Span::day(on(year)?)], length)),
            None => Some((self.which_way(|steps| on(self.today.year() + steps).map(Span::day)), length)),
        }
    }

    /// A year, with "of" before it or not, and how many words that are.
    fn year(&self, at: usize) -> Option<(i16, usize)> {
        let of = usize::from(self.word(at) == "of");
        let year: i16 = self.word(at + of).parse().ok()?;
        (1900..2200).contains(&year).then_some((year, 1 + of))
    }

    /// "last Friday", "this weekend", "next month", "last summer", "last May".
    fn called_last_or_next(&self, at: usize) -> Named {
        let steps: i16 = match self.word(at) {
            "last" => -1,
            "past" | "previous" if weekday(self.word(at + 1)).is_some() => -1,
            "this" => 0,
            "next" => 1,
            "coming" if weekday(self.word(at + 1)).is_some() => 1,
            _ => return None,
        };
        let today = self.today;
        let name = self.word(at + 1);
        // "the last week of May" is another one.
        if self.word(at + 2) == "of" {
            return None;
        }
        let monday = today.checked_sub(i64::from(today.weekday().to_monday_zero_offset()).days()).ok()?;
        let week = |weeks: i16| monday.checked_add((7 * i64::from(weeks)).days()).ok();
        let spans = match name {
            "week" => {
                let first = week(steps)?;
                vec![Span { first, last: first.checked_add(6.days()).ok()? }]
            }
            "weekend" => {
                // Which one is next is not agreed upon.
                let weeks = if steps == 1 { vec![0, 1] } else { vec![steps] };
                weeks.into_iter().filter_map(|weeks| weekend(week(weeks)?)).collect()
            }
            "month" => vec![Span::month_of(today.first_of_month().checked_add(i64::from(steps).months()).ok()?)],
            "year" => vec![Span::year_of(today.first_of_year().checked_add(i64::from(steps).years()).ok()?)],
            _ => {
                if let Some(day) = weekday(name) {
                    self.weekdays(day, steps, monday)?
                } else if let Some(season) = season(name) {
                    vec![self.nearest(steps, |year| season_of(season, year))?]
                } else {
                    let month = month(name)?;
                    vec![self.nearest(steps, |year| Some(Span::month_of(Date::new(year, month, 1).ok()?)))?]
                }
            }
        };
        Some((spans, 2))
    }

    fn weekdays(&self, day: Weekday, steps: i16, monday: Date) -> Option<Vec<Span>> {
        let nearest = |nth: i32| self.today.nth_weekday(nth, day).ok().map(Span::day);
        Some(match steps {
            -1 => vec![nearest(-1)?],
            0 => vec![Span::day(monday.checked_add(i64::from(day.to_monday_zero_offset()).days()).ok()?)],
            _ => {
                // Within this week or in the one after it: which one is next is not agreed upon.
                let (first, second) = (nearest(1)?, nearest(2)?);
                let is_soon = monday.until(first.first).is_ok_and(|until| until.get_days() < 7);
                if is_soon { vec![first, second] } else { vec![first] }
            }
        })
    }

    /// Of the times that come once a year, the last that is over, the one that goes on or is of this year, or the next.
    fn nearest(&self, steps: i16, of_year: impl Fn(i16) -> Option<Span>) -> Option<Span> {
        let year = self.today.year();
        let mut years = (year - 2..=year + 2).filter_map(of_year);
        match steps {
            -1 => years.rfind(|span| span.last < self.today),
            0 => {
                let years: Vec<Span> = years.collect();
                let now = years.iter().find(|span| span.first <= self.today && self.today <= span.last);
                now.or_else(|| years.iter().find(|span| span.first.year() == year)).copied()
            }
            _ => years.find(|span| span.first > self.today),
        }
    }

    /// Of the times that come again and again, the last one before the end of today, the first one that is not over
    /// yet, or both; `of` gives them by how far they are off.
    fn which_way(&self, of: impl Fn(i16) -> Option<Span>) -> Vec<Span> {
        let all: Vec<Span> = (-8..=8).filter_map(of).collect();
        let back = all.iter().rev().find(|span| span.first <= self.today).copied();
        let ahead = all.iter().find(|span| span.last >= self.today).copied();
        let is_wanted = |way: Way| self.way != way;
        back.filter(|_| is_wanted(Way::Ahead)).into_iter().chain(ahead.filter(|_| is_wanted(Way::Back))).collect()
    }

    /// "on Friday", "in May", "on the 3rd", "at the weekend".
    fn day_or_month_alone(&self, at: usize) -> Named {
        let (word, before) = (self.word(at), self.before(at));
        if let Some(day) = weekday(word) {
            if ["every", "each", "a", "any", "most"].contains(&before) {
                return None;
            }
            let ahead = self.today.weekday().until(day);
            let on = |steps: i16| self.days_on(i64::from(ahead) + 7 * i64::from(steps)).map(Span::day);
            // Today by its name is as often the day a week off.
            let other = if self.way == Way::Ahead { on(1) } else { on(-1) };
            let other = other.filter(|_| ahead == 0);
            return Some((self.which_way(on).into_iter().chain(other).collect(), 1));
        }
        if word == "weekend" && before == "the" {
            let saturday = self.today.weekday().until(Weekday::Saturday);
            let of = |steps: i16| {
                let first = self.days_on(i64::from(saturday) + 7 * i64::from(steps))?;
                Some(Span { first, last: first.checked_add(1.day()).ok()? })
            };
            return Some((self.which_way(of), 1));
        }
        if let Some(month) = month(word) {
            let is_part = before == "of" && at >= 2 && PARTS_OF_MONTH.contains(&self.word(at - 2));
            if !is_part && !BEFORE_MONTH.contains(&before) {
                return None;
            }
            let of = |steps: i16| Some(Span::month_of(Date::new(self.today.year() + steps, month, 1).ok()?));
            return Some((self.which_way(of), 1));
        }
        if before == "on" && word == "the" && self.word(at + 1).ends_with(char::is_alphabetic) {
            let day = day_number(self.word(at + 1))?;
            if !self.is_last[at + 1] && !AFTER_DAY.contains(&self.word(at + 2)) {
                return None;
            }
            let of = |steps: i16| {
                let month = self.today.first_of_month().checked_add(i64::from(steps).months()).ok()?;
                month.with().day(day).build().ok().map(Span::day)
            };
            return Some((self.which_way(of), 2));
        }
        None
    }
}

fn weekday(word: &str) -> Option<Weekday> {
    let at = WEEKDAYS.iter().position(|day| *day == word)?;
    Weekday::from_monday_zero_offset(i8::try_from(at).ok()?).ok()
}

fn month(word: &str) -> Option<i8> {
    let at = MONTHS.iter().position(|month| *month == word)?;
    i8::try_from(at + 1).ok()
}

/// The month a season begins in.
fn season(word: &str) -> Option<i8> {
    match word {
        "spring" => Some(3),
        "summer" => Some(6),
        "autumn" | "fall" => Some(9),
        "winter" => Some(12),
        _ => None,
    }
}

/// The season that begins in a month of a year.
fn season_of(month: i8, year: i16) -> Option<Span> {
    let first = Date::new(year, month, 1).ok()?;
    Some(Span { first, last: first.checked_add(2.months()).ok()?.last_of_month() })
}

fn weekend(monday: Date) -> Option<Span> {
    let first = monday.checked_add(5.days()).ok()?;
    Some(Span { first, last: first.checked_add(1.day()).ok()? })
}

/// A day of a month: "8", "8th", "3rd".
fn day_number(word: &str) -> Option<i8> {
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word);
    if digits.is_empty() || digits.len() > 2 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|day| (1..=31).contains(day))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recall::words::words;

    /// What a text names when it is spoken on a day, as `first` or `first/last`.
    fn on(day: &str, text: &str) -> Vec<String> {
        let noon = day.parse::<Date>().unwrap().at(12, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap();
        let spans = named(text, Moment(noon.timestamp().as_millisecond()));
        let shown = |span: &Span| {
            if span.first == span.last { span.first.to_string() } else { format!("{}/{}", span.first, span.last) }
        };
        spans.iter().map(shown).collect()
    }

    /// A Friday.
    const FRIDAY: &str = "2026-05-08";

    #[test]
    fn days_are_named_by_how_far_they_are_off() {
        for (text, wanted) in [
            ("I saw her yesterday.", "2026-05-07"),
            ("the day before yesterday", "2026-05-06"),
            ("It's today!", "2026-05-08"),
            ("Tonight’s the night", "2026-05-08"),
            ("tomorrow morning", "2026-05-09"),
            ("the day after tomorrow", "2026-05-10"),
            ("we danced last night", "2026-05-07"),
            ("this morning", "2026-05-08"),
            ("three days ago", "2026-05-05"),
            ("a couple of days ago", "2026-05-06"),
            ("a few days ago", "2026-05-03/2026-05-06"),
            ("10 days ago", "2026-04-28"),
            ("two weeks ago", "2026-04-21/2026-04-27"),
            ("a month ago", "2026-04-01/2026-04-30"),
            ("two years ago", "2024-01-01/2024-12-31"),
            ("in two days", "2026-05-10"),
            ("in a week", "2026-05-12/2026-05-18"),
            ("in three months", "2026-08-01/2026-08-31"),
        ] {
            assert_eq!(on(FRIDAY, text), [wanted], "{text}");
        }
    }

    #[test]
    fn weeks_months_years_and_seasons_are_named_by_their_order() {
        for (text, wanted) in [
            ("last week", "2026-04-27/2026-05-03"),
            ("this week", "2026-05-04/2026-05-10"),
            ("next week", "2026-05-11/2026-05-17"),
            ("last weekend", "2026-05-02/2026-05-03"),
            ("this weekend", "2026-05-09/2026-05-10"),
            ("last month", "2026-04-01/2026-04-30"),
            ("next month", "2026-06-01/2026-06-30"),
            ("last year", "2025-01-01/2025-12-31"),
            ("last summer", "2025-06-01/2025-08-31"),
            ("next summer", "2026-06-01/2026-08-31"),
            ("this spring", "2026-03-01/2026-05-31"),
            ("last winter", "2025-12-01/2026-02-28"),
            ("summer of 2024", "2024-06-01/2024-08-31"),
            ("last May", "2025-05-01/2025-05-31"),
            ("next May", "2027-05-01/2027-05-31"),
        ] {
            assert_eq!(on(FRIDAY, text), [wanted], "{text}");
        }
        // In winter, the last one is over.
        assert_eq!(on("2026-01-15", "last winter"), ["2024-12-01/2025-02-28"]);
        assert_eq!(on("2026-01-15", "this winter"), ["2025-12-01/2026-02-28"]);
        assert_eq!(on("2026-01-31", "last month"), ["2025-12-01/2025-12-31"]);
    }

    #[test]
    fn a_weekday_is_the_one_that_the_other_words_mean() {
        for (text, wanted) in [
            ("What did Mara do last Friday?", vec!["2026-05-01"]),
            ("last Thursday", vec!["2026-05-07"]),
            ("this past Monday", vec!["2026-05-04"]),
            ("this Sunday", vec!["2026-05-10"]),
            // Of this week or of the one after it.
            ("next Sunday", vec!["2026-05-10", "2026-05-17"]),
            ("next Monday", vec!["2026-05-11"]),
            ("What did Mara do on Tuesday?", vec!["2026-05-05"]),
            ("I will see her on Tuesday", vec!["2026-05-12"]),
            ("Tuesday: dentist", vec!["2026-05-05", "2026-05-12"]),
            ("We walked on Friday", vec!["2026-05-01", "2026-05-08"]),
            ("We walked over the weekend", vec!["2026-05-02/2026-05-03"]),
        ] {
            assert_eq!(on(FRIDAY, text), wanted, "{text}");
        }
    }

    #[test]
    fn dates_are_read_however_they_are_written() {
        for (text, wanted) in [
            ("on 8 May 2023", "2023-05-08"),
            ("Monday the 8th of May, 2023", "2023-05-08"),
            ("May 8th, 2023", "2023-05-08"),
            ("(2023-05-08)", "2023-05-08"),
            ("in May 2023", "2023-05-01/2023-05-31"),
            ("It was on April 3.", "2026-04-03"),
            ("We left on the 3rd.", "2026-05-03"),
            ("I will leave on the 3rd", "2026-06-03"),
            ("We met in March", "2026-03-01/2026-03-31"),
            ("It will be done by July", "2026-07-01/2026-07-31"),
            ("She was there at the end of June", "2025-06-01/2025-06-30"),
        ] {
            assert_eq!(on(FRIDAY, text), [wanted], "{text}");
        }
    }

    #[test]
    fn what_names_no_day_is_left_alone() {
        for text in [
            "",
            "You may march on.",
            "April and June came along",
            "She lives on the 3rd floor",
            "every Friday",
            "on Fridays",
            "the last week of term",
            "next time",
            "in a way",
            "two weeks",
            "on 31 April",
            "2023-13-40",
            "I was in the fall of Rome",
            "letzten Freitag",
        ] {
            assert_eq!(on(FRIDAY, text), Vec::<String>::new(), "{text}");
        }
        assert!(named("yesterday", Moment(i64::MAX)).is_empty());
        assert!(named("yesterday and tomorrow", Moment(i64::MIN)).is_empty());
    }

    #[test]
    fn a_text_full_of_dates_counts_a_few_of_them() {
        let text: String = (1..=28).map(|day| format!("{day} May 2023, ")).collect();
        assert_eq!(on(FRIDAY, &text).len(), NAMED_MAX);
    }

    #[test]
    fn what_is_asked_and_what_was_said_have_a_mark_in_common() {
        let marks_on = |day: &str, text: &str| {
            let noon = day.parse::<Date>().unwrap().at(12, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap();
            let at = Moment(noon.timestamp().as_millisecond());
            let (_, own) = of_moment(at);
            (marks(&named(text, at)), format!("{own} {}", written_out(&named(text, at))))
        };
        for (asked, (day, said)) in [
            ("What did Mara do last Friday?", ("2026-05-01", "Mara sang.")),
            ("What did Mara do last Friday?", ("2026-05-03", "Mara sang the day before yesterday.")),
            ("What happened last week?", ("2026-04-29", "Mara sang.")),
            ("What happened two weeks ago?", ("2026-04-27", "Mara sang yesterday.")),
            ("What did she do last summer?", ("2025-07-14", "Mara sang.")),
            ("What did she do last summer?", ("2025-10-02", "Mara sang in July.")),
            ("What did she do last year?", ("2025-10-02", "Mara sang last month.")),
            ("What is she doing next month?", ("2026-05-07", "Mara sings on 9 June.")),
            ("What was there in April?", ("2026-05-01", "Mara sang yesterday.")),
        ] {
            let (asked, _) = marks_on(FRIDAY, asked);
            let (_, said) = marks_on(day, said);
            let said: Vec<String> = words(&said);
            assert!(asked.iter().flat_map(|mark| words(mark)).any(|mark| said.contains(&mark)), "{asked:?} {said:?}");
        }
        // A mark is one word.
        assert_eq!(words("2026.05.08 2026.05"), ["2026.05.08", "2026.05"]);
    }
}
