//! What is remembered, as the prompt quotes it. Pure: attributed, dated, and unable to close its own fence.
//!
//! How two stand to each other always comes along; facts and summaries may take a part of what there is for memories,
//! and the exchanges themselves the rest, best first.

use super::made_of::Considered;
use super::prompt::{Context, HistoryLine};
use crate::domain::{Aspect, Memory, MemoryKind, Moment, within_fence};
use crate::model::tokens;

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

/// The memories that fit into `room`. What is shown in `history` is not remembered as well.
pub fn block(context: &Context, room: Room, history: &[HistoryLine]) -> Block {
    let mut taken: Vec<(Part, Moment, String)> = Vec::new();
    let mut considered = Vec::new();
    let of_share = |share: f32| (room.share_of as f32 * share) as usize;
    let (profile_room, distilled_room) = (of_share(PROFILE_SHARE), of_share(DISTILLED_SHARE));
    let headings = if context.profile.is_empty() && context.memories.iter().all(|item| is_exchange(&item.memory)) {
        0
    } else {
        HEADINGS
    };
    let (mut sum, mut distilled) = (0, 0);
    let is_shown = |memory: &Memory| {
        memory.turn.as_ref().is_some_and(|turn| history.iter().any(|line| line.turn.as_ref() == Some(turn)))
    };
    // What always comes along is not shown again because it was found as well.
    let is_known = |memory: &Memory| context.profile.iter().any(|known| known.id == memory.id);
    let found = context.memories.iter().filter(|item| !is_shown(&item.memory) && !is_known(&item.memory));
    let always = context.profile.iter().map(|memory| (memory, None));
    for (memory, hit) in always.chain(found.map(|item| (&item.memory, Some(&item.hit)))) {
        let part = Part::of(memory);
        let text = quote(memory, &context.persona.name, &context.time_zone);
        let cost = tokens::count(&text) + 1;
        let fits = match part {
            Part::Exchanges => true,
            Part::Profile if hit.is_none() => distilled + cost <= profile_room,
            _ => distilled + cost <= distilled_room,
        };
        let used = fits && sum + cost + FENCE + headings <= room.limit;
        if used {
            sum += cost;
            distilled += if part == Part::Exchanges { 0 } else { cost };
            taken.push((part, memory.at, text));
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
    taken.sort_by_key(|(part, at, _)| (*part, *at));
    let mut text = String::from("<remembered>\n");
    let mut before = None;
    for (part, _, line) in taken {
        // Exchanges alone need no heading.
        if headings > 0 && before != Some(part) {
            text.push_str(part.heading());
            text.push('\n');
            before = Some(part);
        }
        text.push_str(&line);
        text.push('\n');
    }
    text.push_str("</remembered>");
    Block { text, considered, tokens: sum + FENCE + headings }
}

fn is_exchange(memory: &Memory) -> bool {
    memory.kind == MemoryKind::Episode
}

/// A memory as quoted data: dated, attributed, on one line. `persona` is who talks now.
fn quote(memory: &Memory, persona: &str, zone: &str) -> String {
    let day = |at: Moment| at.written(zone, "%-d %B %Y");
    let safe = |text: &str| within_fence(text, "remembered");
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
