//! What a model makes of the memories that were found: it answers each question from them, and the same model judges
//! the answer against the data set's.
//!
//! A judgement of models by a model: good to compare two ways of remembering with one model, not a figure to hold against
//! anybody else's.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::super::dates::of_moment;
use super::locomo::Question;
use crate::domain::Memory;
use crate::model::{ChatLine, ChatRequest, LlmProvider, Role};

const READER: &str = "You answer a question about two people from lines that they said. Answer in a few words. Turn \"last \
    week\" and the like into dates with the date of the line. If the lines do not say it, answer: not mentioned.";
const JUDGE: &str = "You compare an answer with the right one. Reply with the one word yes if it says the same, however it \
    is worded, and with the one word no otherwise.";
/// What answers a question that the conversation does not answer.
const UNANSWERABLE: &str = "not mentioned";
/// Tokens of an answer, and of a judgement.
const ANSWER_TOKENS: u32 = 100;

/// How many answers were right.
#[derive(Debug, Default, Serialize)]
pub struct Answers {
    pub judged: usize,
    pub right: usize,
    pub by_category: BTreeMap<i64, Judged>,
}

/// How many answers of a category were right.
#[derive(Debug, Default, Serialize)]
pub struct Judged {
    pub judged: usize,
    pub right: usize,
}

/// A model as reader and judge.
pub struct Examiner {
    model: Arc<dyn LlmProvider>,
}

impl Examiner {
    pub fn new(model: Arc<dyn LlmProvider>) -> Self {
        Self { model }
    }

    /// Answers `question` from `memories`, judges the answer and counts it; a question without a right answer is left
    /// out.
    ///
    /// # Errors
    /// When the model does not answer.
    pub async fn examine(
        &self,
        question: &Question,
        memories: &[&Memory],
        answers: &mut Answers,
    ) -> anyhow::Result<()> {
        let Some(right) = question.answer.as_deref().or(question.is_trap.then_some(UNANSWERABLE)) else {
            return Ok(());
        };
        let mut lines: Vec<&&Memory> = memories.iter().collect();
        lines.sort_by_key(|memory| memory.at);
        let line = |memory: &&Memory| format!("[{}] {}", of_moment(memory.at).0, memory.text());
        let lines: Vec<String> = lines.into_iter().map(line).collect();
        let given = self.say(READER, format!("{}\n\nQuestion: {}", lines.join("\n"), question.text)).await?;
        let compared = format!("Question: {}\nRight answer: {right}\nAnswer: {given}", question.text);
        let verdict = self.say(JUDGE, compared).await?;
        let is_right = verdict.trim_start().to_lowercase().starts_with("yes");
        let of = answers.by_category.entry(question.category).or_default();
        for (judged, rights) in [(&mut answers.judged, &mut answers.right), (&mut of.judged, &mut of.right)] {
            *judged += 1;
            *rights += usize::from(is_right);
        }
        Ok(())
    }

    async fn say(&self, task: &str, text: String) -> anyhow::Result<String> {
        let line = |role, content| ChatLine { role, content };
        let request = ChatRequest {
            lines: vec![line(Role::System, task.to_owned()), line(Role::User, text)],
            max_tokens: ANSWER_TOKENS,
            temperature: Some(0.0),
            ..ChatRequest::default()
        };
        let reply = self.model.reply(&request, &mut |_| {}, &CancellationToken::new()).await;
        Ok(reply.context("asking the model")?.text)
    }
}
