//! Conversations with questions in LoCoMo's format, as memories and questions with known evidence.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use anyhow::Context as _;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::domain::{
    Detail, Memory, MemoryId, MemoryKind, Moment, PersonaId, PersonalityId, PlaceId, Provenance, Reach, Scope, Tenant,
};

/// How session dates are written: `1:56 pm on 8 May, 2023`.
const SESSION_DATE: &str = "%I:%M %p on %d %B, %Y";
/// Time between two turns of a session, which the data does not say.
const TURN_MILLIS: i64 = 30_000;

/// One conversation: a tenant of its own.
pub struct Conversation {
    pub scope: Scope,
    /// In order of time.
    pub turns: Vec<Memory>,
    pub questions: Vec<Question>,
    /// Questions whose evidence is not among the turns.
    pub unresolved: usize,
}

/// One question.
pub struct Question {
    pub text: String,
    /// The data set's own category number.
    pub category: i64,
    /// The turns that answer it, at least one.
    pub evidence: HashSet<MemoryId>,
    /// The right answer, where the data set says one.
    pub answer: Option<String>,
    /// It asks for what was never said, so that the right answer is to say so.
    pub is_trap: bool,
}

#[derive(serde::Deserialize)]
struct Sample {
    conversation: BTreeMap<String, Value>,
    qa: Vec<Qa>,
}

#[derive(serde::Deserialize)]
struct Qa {
    question: String,
    #[serde(default)]
    evidence: Vec<String>,
    category: i64,
    answer: Option<Value>,
    adversarial_answer: Option<Value>,
}

/// An entry of a list of corrections: the audit's format.
#[derive(serde::Deserialize)]
struct Correction {
    question: String,
    #[serde(default)]
    correct_evidence: Vec<String>,
}

#[derive(serde::Deserialize)]
struct Turn {
    speaker: String,
    dia_id: String,
    #[serde(default)]
    text: String,
    blip_caption: Option<String>,
}

/// Reads a data set.
///
/// # Errors
/// When the file cannot be read or is not in this format; the message names the conversation and session.
pub fn load(file: &Path) -> anyhow::Result<Vec<Conversation>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("reading the data set {}", file.display()))?;
    let samples: Vec<Sample> = serde_json::from_str(&text)
        .with_context(|| format!("{} is not a data set in LoCoMo's format", file.display()))?;
    let number = |(at, sample)| conversation(at, sample).with_context(|| format!("conversation {}", at + 1));
    samples.into_iter().enumerate().map(number).collect()
}

fn conversation(number: usize, sample: Sample) -> anyhow::Result<Conversation> {
    let persona = PersonaId::new(format!("member-{number}"));
    let personality = PersonalityId::new("eval");
    let place = PlaceId::new(format!("place-{number}"));
    let tenant = Tenant::personal(&persona, &personality);
    let mut sessions: Vec<(u32, &Value)> = sample
        .conversation
        .iter()
        .filter_map(|(key, value)| Some((key.strip_prefix("session_")?.parse().ok()?, value)))
        .collect();
    sessions.sort_unstable_by_key(|(session, _)| *session);
    let mut turns = Vec::new();
    for (session, lines) in sessions {
        let date = sample.conversation.get(&format!("session_{session}_date_time")).and_then(Value::as_str);
        let start = date.and_then(moment).with_context(|| format!("session {session} has no readable date"))?;
        let lines: Vec<Turn> =
            serde_json::from_value(lines.clone()).with_context(|| format!("the turns of session {session}"))?;
        for (at, turn) in (0i64..).zip(lines) {
            let mut said = turn.text;
            if let Some(caption) = turn.blip_caption {
                said = format!("{said} [image: {caption}]");
            }
            turns.push(Memory {
                id: MemoryId::new(format!("{number}/{}", turn.dia_id)),
                kind: MemoryKind::Episode,
                detail: Detail::default(),
                tenant: tenant.clone(),
                persona: persona.clone(),
                personality: personality.clone(),
                place: place.clone(),
                reach: Reach::Private,
                provenance: Provenance::Import,
                turn: None,
                said_by: turn.speaker,
                said,
                answered_by: String::new(),
                answered: String::new(),
                at: start.plus_millis(at * TURN_MILLIS),
                is_locked: false,
                flag: None,
            });
        }
    }
    let known: HashMap<&str, &MemoryId> = turns.iter().map(|turn| (turn.id.as_str(), &turn.id)).collect();
    let mut questions = Vec::new();
    let mut unresolved = 0;
    for qa in sample.qa {
        let evidence = resolved(number, &qa.evidence, &known);
        if evidence.is_empty() {
            unresolved += 1;
        } else {
            let answer = qa.answer.map(|answer| answer.as_str().map_or_else(|| answer.to_string(), str::to_owned));
            let is_trap = answer.is_none() && qa.adversarial_answer.is_some();
            questions.push(Question { text: qa.question, category: qa.category, evidence, answer, is_trap });
        }
    }
    let scope = Scope::of(persona, personality, place);
    Ok(Conversation { scope, turns, questions, unresolved })
}

/// The memories that pieces of evidence name, those of them that there are.
fn resolved(number: usize, evidence: &[String], known: &HashMap<&str, &MemoryId>) -> HashSet<MemoryId> {
    let ids = evidence.iter().flat_map(|text| dialogue_ids(text));
    ids.filter_map(|id| known.get(format!("{number}/{id}").as_str()).map(|id| (*id).clone())).collect()
}

/// Puts the evidence of a list of corrections in place of the data set's own; returns how many questions changed.
///
/// # Errors
/// When the list cannot be read.
pub fn correct(conversations: &mut [Conversation], file: &Path) -> anyhow::Result<usize> {
    let text = std::fs::read_to_string(file).with_context(|| format!("reading the corrections {}", file.display()))?;
    let corrections: Vec<Correction> =
        serde_json::from_str(&text).with_context(|| format!("{} is not a list of corrections", file.display()))?;
    let corrections: HashMap<&str, &[String]> =
        corrections.iter().map(|one| (one.question.as_str(), one.correct_evidence.as_slice())).collect();
    let mut changed = 0;
    for (number, conversation) in conversations.iter_mut().enumerate() {
        let known: HashMap<&str, &MemoryId> =
            conversation.turns.iter().map(|turn| (turn.id.as_str(), &turn.id)).collect();
        for question in &mut conversation.questions {
            let Some(evidence) = corrections.get(question.text.as_str()) else { continue };
            let evidence = resolved(number, evidence, &known);
            if !evidence.is_empty() && evidence != question.evidence {
                question.evidence = evidence;
                changed += 1;
            }
        }
    }
    Ok(changed)
}

/// The ids in a piece of evidence, which people typed: `D1:3`, `D8:6; D9:17`, `D:11:26`, `D01:3`.
fn dialogue_ids(text: &str) -> Vec<String> {
    text.split([';', ',', ' '])
        .filter_map(|id| {
            let (session, turn) = id.trim().strip_prefix('D')?.trim_start_matches(':').split_once(':')?;
            Some(format!("D{}:{}", session.parse::<u32>().ok()?, turn.parse::<u32>().ok()?))
        })
        .collect()
}

fn moment(text: &str) -> Option<Moment> {
    let time = DateTime::strptime(SESSION_DATE, text).ok()?.to_zoned(TimeZone::UTC).ok()?;
    Some(Moment(time.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_is_read_as_people_typed_it() {
        assert_eq!(dialogue_ids("D8:6; D9:17"), ["D8:6", "D9:17"]);
        assert_eq!(dialogue_ids("D:11:26"), ["D11:26"]);
        assert_eq!(dialogue_ids("D01:3"), ["D1:3"]);
        assert_eq!(dialogue_ids("D"), [] as [&str; 0]);
    }

    #[test]
    fn sessions_come_in_order_with_their_dates_and_captions() {
        let sample = serde_json::json!({
            "conversation": {
                "speaker_a": "Ann", "session_10_date_time": "1:05 am on 2 June, 2024",
                "session_10": [{"speaker": "Ann", "dia_id": "D10:1", "text": "Later."}],
                "session_2_date_time": "1:56 pm on 8 May, 2023",
                "session_2": [
                    {"speaker": "Ann", "dia_id": "D2:1", "text": "Look!", "blip_caption": "a red kite"},
                    {"speaker": "Bob", "dia_id": "D2:2", "text": "Nice."},
                ],
            },
            "qa": [
                {"question": "What kite?", "evidence": ["D2:1"], "category": 1, "answer": 7},
                {"question": "Who?", "evidence": ["D7:1"], "category": 1},
            ],
        });
        let read = conversation(3, serde_json::from_value(sample).unwrap()).unwrap();
        let said: Vec<&str> = read.turns.iter().map(|turn| turn.said.as_str()).collect();
        assert_eq!(said, ["Look! [image: a red kite]", "Nice.", "Later."]);
        assert_eq!(read.turns[0].at, Moment(1_683_554_160_000));
        assert!(read.turns.is_sorted_by_key(|turn| turn.at));
        assert_eq!((read.questions.len(), read.unresolved), (1, 1));
        assert_eq!((read.questions[0].answer.as_deref(), read.questions[0].is_trap), (Some("7"), false));
        assert!(read.questions[0].evidence.contains(&read.turns[0].id));
    }

    #[test]
    fn corrections_replace_the_evidence_of_the_questions_they_name() {
        let sample = serde_json::json!({
            "conversation": {
                "session_1_date_time": "1:56 pm on 8 May, 2023",
                "session_1": [
                    {"speaker": "Ann", "dia_id": "D1:1", "text": "Look!"},
                    {"speaker": "Bob", "dia_id": "D1:2", "text": "Nice."},
                ],
            },
            "qa": [
                {"question": "What?", "evidence": ["D1:1"], "category": 5, "adversarial_answer": "x"},
                {"question": "Who?", "evidence": ["D1:1"], "category": 1},
            ],
        });
        let mut read = [conversation(0, serde_json::from_value(sample).unwrap()).unwrap()];
        assert!(read[0].questions[0].is_trap && !read[0].questions[1].is_trap);
        let file = tempfile::NamedTempFile::new().unwrap();
        let list = r#"[{"question": "What?", "correct_evidence": ["D1:2"], "error_type": "X"},
            {"question": "Who?", "correct_evidence": ["D9:9"]}, {"question": "Never asked"}]"#;
        std::fs::write(file.path(), list).unwrap();
        assert_eq!(correct(&mut read, file.path()).unwrap(), 1);
        let evidence = |at: usize| read[0].questions[at].evidence.iter().map(MemoryId::as_str).collect::<Vec<_>>();
        assert_eq!((evidence(0), evidence(1)), (vec!["0/D1:2"], vec!["0/D1:1"]));
        std::fs::write(file.path(), "{}").unwrap();
        assert!(correct(&mut read, file.path()).is_err());
    }
}
