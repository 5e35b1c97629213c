//! What is remembered, as the prompt quotes it. Pure: attributed, dated, and unable to close its own fence.
//!
//! How two stand to each other always comes along; facts and summaries may take a part of what there is for memories,
//! and the exchanges themselves the rest, best first.

use std::borrow::Cow;

use super::made_of::Considered;
use super::prompt::{Context, HistoryLine};
use crate::domain::{Aspect, Memory, MemoryKind, Moment, within_fence};
use crate::model::tokens;
use crate::recall::Hit;

/// Share of what there is for memories that the profile may take.
const PROFILE_SHARE: f32 = 0.3;
/// Share that profile, facts and summaries may take together.
const DISTILLED_SHARE: f32 = 0.6;
/// Tokens of the block's fence.
const FENCE: usize = 12;
/// Tokens of the headings between its parts.
const HEADINGS: usize = 40;

/// Room for memories, in tokens.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// For all of them.
    pub limit: usize,
    /// What the limit would be if nothing else wanted it: shares are parts of this.
    pub share_of: usize,
}

/// A block of memories for the prompt.
pub struct Block {
    /// Empty: there is none.
    pub text: String,
    pub considered: Vec<Considered>,
    pub tokens: usize,
}

/// The parts of the block, in the order they are shown in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Profile,
    Facts,
    Summaries,
    Exchanges,
}

impl Part {
    fn of(memory: &Memory) -> Self {
        match memory.kind {
            MemoryKind::Profile => Self::Profile,
            MemoryKind::Fact => Self::Facts,
            MemoryKind::Summary => Self::Summaries,
            MemoryKind::Episode => Self::Exchanges,
        }
    }

    fn heading(self) -> &'static str {
        match self {
            Self::Profile => "Between you and them:",
            Self::Facts => "What you know:",
            Self::Summaries => "What earlier talks were about:",
            Self::Exchanges => "Word for word:",
        }
    }
}

/// A memory as the prompt would quote it.
pub struct Quote<'c> {
    memory: &'c Memory,
    /// How it was found; what always comes along was not.
    hit: Option<&'c Hit>,
    part: Part,
    text: String,
    tokens: usize,
}

/// Everything that may be remembered: what always comes along, then what was found, best first.
pub fn quotes(context: &Context) -> Vec<Quote<'_>> {
    // What always comes along is not shown again because it was found as well.
    let is_known = |memory: &Memory| context.profile.iter().any(|known| known.id == memory.id);
    let found = context.memories.iter().filter(|item| !is_known(&item.memory));
    let always = context.profile.iter().map(|memory| (memory, None));
    let all = always.chain(found.map(|item| (&item.memory, Some(&item.hit))));
    let quoted = all.map(|(memory, hit)| {
        let text = quote(memory, &context.persona.name, &context.time_zone);
        Quote { memory, hit, part: Part::of(memory), tokens: tokens::count(&text) + 1, text }
    });
    quoted.collect()
}

/// Those of `quotes` that fit into `room`. What is shown in `history` is not remembered as well.
pub fn block(quotes: &[Quote<'_>], room: Room, history: &[HistoryLine]) -> Block {
    let mut taken: Vec<&Quote<'_>> = Vec::new();
    let mut considered = Vec::new();
    let of_share = |share: f32| (room.share_of as f32 * share) as usize;
    let (profile_room, distilled_room) = (of_share(PROFILE_SHARE), of_share(DISTILLED_SHARE));
    let headings = if quotes.iter().all(|quote| quote.part == Part::Exchanges) { 0 } else { HEADINGS };
    let (mut sum, mut distilled) = (0, 0);
    let is_shown = |quote: &Quote<'_>| {
        let turn = quote.memory.turn.as_ref().filter(|_| quote.hit.is_some());
        turn.is_some_and(|turn| history.iter().any(|line| line.turn.as_ref() == Some(turn)))
    };
    for quote in quotes.iter().filter(|quote| !is_shown(quote)) {
        let &Quote { memory, hit, part, tokens: cost, .. } = quote;
        let fits = match part {
            Part::Exchanges => true,
            Part::Profile if hit.is_none() => distilled + cost <= profile_room,
            _ => distilled + cost <= distilled_room,
        };
        let used = fits && sum + cost + FENCE + headings <= room.limit;
        if used {
            sum += cost;
            distilled += if part == Part::Exchanges { 0 } else { cost };
            taken.push(quote);
        }
        considered.push(Considered {
            id: memory.id.clone(),
            score: hit.map_or(0.0, |hit| hit.score),
            dense: hit.and_then(|hit| hit.dense),
            lexical: hit.and_then(|hit| hit.lexical),
            tokens: cost,
            used,
            again: hit.map_or_else(Vec::new, |hit| hit.again.clone()),
        });
    }
    if taken.is_empty() {
        return Block { text: String::new(), considered, tokens: 0 };
    }
    taken.sort_by_key(|quote| (quote.part, quote.memory.at));
    let mut text = String::from("<remembered>\n");
    let mut before = None;
    for quote in taken {
        // Exchanges alone need no heading.
        if headings > 0 && before != Some(quote.part) {
            text.push_str(quote.part.heading());
            text.push('\n');
            before = Some(quote.part);
        }
        text.push_str(&quote.text);
        text.push('\n');
    }
    text.push_str("</remembered>");
    Block { text, considered, tokens: sum + FENCE + headings }
}

fn safe(text: &str) -> Cow<'_, str> {
    within_fence(text, "remembered")
}

/// A memory as quoted data: dated, attributed, on one line. `persona` is who talks now.
fn quote(memory: &Memory, persona: &str, zone: &str) -> String {
    let day = |at: Moment| at.written(zone, "%-d %B %Y");
    let when = day(memory.at);
    let said = safe(&memory.said);
    match memory.kind {
        MemoryKind::Episode => {
            let asked = format!("- {when}: {} said: \"{said}\"", safe(&memory.said_by));
            if memory.answered.is_empty() {
                return asked;
            }
            format!("{asked} — {} answered: \"{}\"", safe(&memory.answered_by), safe(&memory.answered))
        }
        MemoryKind::Summary => match memory.detail.since.map(day).filter(|since| *since != when) {
            Some(since) => format!("- {since} to {when}: {said}"),
            None => format!("- {when}: {said}"),
        },
        MemoryKind::Fact => {
            let told_by = safe(&memory.said_by);
            let since = memory.detail.since.map(|since| format!(", since {}", day(since))).unwrap_or_default();
            let is_hearsay =
                memory.detail.about.as_deref().is_some_and(|about| !about.eq_ignore_ascii_case(&memory.said_by));
            if is_hearsay && !told_by.is_empty() {
                format!("- {said} (told by {told_by} on {when}{since})")
            } else {
                format!("- {said} (as of {when}{since})")
            }
        }
        MemoryKind::Profile => match memory.detail.aspect {
            Some(Aspect::Stage | Aspect::Dynamics) | None => format!("- {said}"),
            Some(Aspect::Preference) => format!("- {said} (what {} likes)", safe(persona)),
            Some(Aspect::Commitment) => format!("- {said} (promised on {when})"),
            Some(Aspect::Thread) => format!("- {said} (still open since {when})"),
            Some(Aspect::Joke) => format!("- {said} (a joke you share)"),
            Some(Aspect::Event) => format!("- {said} ({when})"),
            Some(Aspect::Goal) => format!("- {said} (what you are after)"),
            Some(Aspect::Note) => format!("- {said} (a note to yourself)"),
        },
    }
}
