//! What a model is asked so that talk becomes memories. Pure. What was said is material: quoted, numbered, never an order.

use std::fmt::Write as _;

use super::outcome::{ITEMS_MAX, Known};
use crate::domain::{Aspect, Memory, Moment, Provenance, one_line, within_fence};
use crate::model::{ChatLine, Role};

const LEARN: &str = include_str!("../../prompts/learn.md");
const SUM_UP: &str = include_str!("../../prompts/sum_up.md");
/// Words of a summary, at most.
const SUMMARY_WORDS: usize = 120;
/// Characters of one side of an exchange that a model is shown; the middle of longer ones is left out.
const SIDE_MAX: usize = 2_000;

const AUDIT: &str = include_str!("../../prompts/audit.md");

/// Between whom it was said, and when it is read.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    pub personality: &'a str,
    pub persona: &'a str,
    pub now: Moment,
    /// IANA zone of the member.
    pub time_zone: &'a str,
}

/// The lines that ask what there is to know of `episodes`, beside what is known.
pub fn learn(scene: Scene<'_>, episodes: &[Memory], known: &Known) -> Vec<ChatLine> {
    let mut material = String::new();
    for (heading, mark, memories) in
        [("What is known", 'F', &known.facts), ("How they stand to each other", 'P', &known.profile)]
    {
        if memories.is_empty() {
            continue;
        }
        let _ = writeln!(material, "{heading}:");
        for (number, memory) in memories.iter().enumerate() {
            let aspect = memory.detail.aspect.map(|aspect| format!("{}: ", name_of(aspect))).unwrap_or_default();
            let settled = if memory.provenance == Provenance::Corrected { " (put right)" } else { "" };
            let _ = writeln!(material, "{mark}{} {aspect}{}{settled}", number + 1, one_line(&memory.said));
        }
        material.push('\n');
    }
    material.push_str("The talk:\n");
    material.push_str(&talk(scene, episodes));
    asked(&LEARN.replace("{most}", &ITEMS_MAX.to_string()), scene, material)
}

/// The lines that ask for a summary of `episodes`.
pub fn sum_up(scene: Scene<'_>, episodes: &[Memory]) -> Vec<ChatLine> {
    asked(&SUM_UP.replace("{words}", &SUMMARY_WORDS.to_string()), scene, talk(scene, episodes))
}

/// The lines that ask which of the known facts cannot stand beside each other.
pub fn audit(scene: Scene<'_>, known: &Known) -> Vec<ChatLine> {
    let material = known.facts.iter().enumerate().fold(String::new(), |mut text, (number, fact)| {
        let _ = writeln!(text, "F{} [{}] {}", number + 1, fact.at.day(scene.time_zone), one_line(&fact.said));
        text
    });
    asked(AUDIT, scene, material)
}

fn asked(instructions: &str, scene: Scene<'_>, material: String) -> Vec<ChatLine> {
    let instructions = instructions
        .replace("{today}", &scene.now.day(scene.time_zone))
        .replace("{name}", &one_line(scene.personality))
        .replace("{persona}", &one_line(scene.persona));
    // Line by line: what one line holds closes no fence for those after it.
    let material: Vec<String> = material.lines().map(|line| within_fence(line, "material").into_owned()).collect();
    let content = format!("<material>\n{}\n</material>", material.join("\n"));
    vec![ChatLine { role: Role::System, content: instructions }, ChatLine { role: Role::User, content }]
}

fn talk(scene: Scene<'_>, episodes: &[Memory]) -> String {
    episodes.iter().enumerate().fold(String::new(), |mut text, (number, episode)| {
        let day = episode.at.day(scene.time_zone);
        let _ = write!(text, "{} [{day}] {}: \"{}\"", number + 1, one_line(&episode.said_by), side(&episode.said));
        if !episode.answered.is_empty() {
            let _ = write!(text, " — {}: \"{}\"", one_line(&episode.answered_by), side(&episode.answered));
        }
        text.push('\n');
        text
    })
}

/// One side of an exchange on one line, the middle of a long one left out.
fn side(text: &str) -> String {
    let text = one_line(text);
    let length = text.chars().count();
    if length <= SIDE_MAX {
        return text.into_owned();
    }
    let head: String = text.chars().take(SIDE_MAX / 2).collect();
    let tail: String = text.chars().skip(length - SIDE_MAX / 2).collect();
    format!("{head} […] {tail}")
}

fn name_of(aspect: Aspect) -> &'static str {
    match aspect {
        Aspect::Stage => "stage",
        Aspect::Dynamics => "dynamics",
        Aspect::Preference => "preference",
        Aspect::Commitment => "commitment",
        Aspect::Thread => "thread",
        Aspect::Joke => "joke",
        Aspect::Event => "event",
        Aspect::Goal => "goal",
        Aspect::Note => "note",
    }
}
