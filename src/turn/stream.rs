//! Showing an answer while it is written, where that is done by edits: one message that grows, and in the end is the answer.
//!
//! The message is written down before it is sent, so that whatever ends the process, the next one finds it: it becomes the
//! answer by one more edit, or is taken away when there is to be none. What is shown of an unfinished answer is what the
//! finished one might show: it goes through the same guard.

use std::time::{Duration, Instant};

use super::deliver::{FIRST_WAIT, How, TRIES, WAIT_MAX, face_of};
use super::generate::tidy;
use super::{Stopped, Stored, Turns};
use crate::crash;
use crate::db::turns::{self, DRAFT_PART, Draft};
use crate::db::{self, Script};
use crate::domain::{Place, Turn};
use crate::guard::outgoing;
use crate::platform::{Face, OnceKey, Part, Platform, SendError, split};

/// An answer that ends sooner after its first words is sent once.
const FIRST_AFTER: Duration = Duration::from_secs(2);
/// Characters from which on an answer is shown: one or two sentences are sent once.
const FIRST_TEXT: usize = 120;
/// New characters that are worth an edit, and their least share of what is shown: the longer a text, the less one line more
/// matters.
const MORE_TEXT: usize = 80;
const MORE_SHARE: usize = 6;
/// An answer that is expected to end sooner is waited for.
const FAR: Duration = Duration::from_secs(3);
/// Characters of a usual answer, where nothing better is known.
const USUAL_TEXT: usize = 800;
/// Characters of a token, for the longest that an answer may become.
const TOKEN_TEXT: usize = 4;
/// Times that one answer is shown before it is finished.
const SHOWN_MAX: u32 = 24;
/// Longest look back for a link that is not complete yet, in bytes.
const LINK_MAX: usize = 500;
/// Room for what shows that there is more to come, in UTF-16 code units.
const MORE_ROOM: usize = 16;
/// Shows that there is more to come.
const MORE: &str = "…";

/// When an answer under way is shown. Pure: times come from outside.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    /// When its first words came.
    since: Option<Instant>,
    /// Characters that are shown.
    shown: usize,
    times: u32,
    /// Characters that it has at most.
    most: usize,
}

impl Pace {
    /// Of an answer of at most so many tokens.
    pub(super) fn new(max_tokens: u32) -> Self {
        Self { since: None, shown: 0, times: 0, most: max_tokens as usize * TOKEN_TEXT }
    }

    /// Whether a text of `written` characters is worth showing now.
    pub(super) fn wants(&mut self, now: Instant, written: usize) -> bool {
        if written == 0 {
            return false;
        }
        let since = *self.since.get_or_insert(now);
        let wanted = if self.times == 0 { FIRST_TEXT } else { self.shown + MORE_TEXT.max(self.shown / MORE_SHARE) };
        self.times < SHOWN_MAX
            && written >= wanted
            && now.saturating_duration_since(since) >= FIRST_AFTER
            && self.left(now, written) >= FAR
    }

    /// How long it is expected to go on: what took long so far, and is not as long as usual, takes longer.
    fn left(&self, now: Instant, written: usize) -> Duration {
        let took = self.since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        let more = USUAL_TEXT.saturating_sub(written).max(written / 2).min(self.most.saturating_sub(written));
        took.mul_f64(more as f64 / written.max(1) as f64)
    }

    /// A text of `written` characters is shown.
    pub(super) fn showed(&mut self, written: usize) {
        (self.shown, self.times) = (written, self.times + 1);
    }

    /// How often it was shown.
    pub(super) fn times(&self) -> u32 {
        self.times
    }

    /// It is not shown any more before it is finished.
    pub(super) fn stop(&mut self) {
        self.times = SHOWN_MAX;
    }
}

/// Who speaks, and to whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Voices<'a> {
    pub own: &'a str,
    /// Whose words the personality must not say.
    pub others: &'a [String],
    /// What was asked: whom the asker pinged may be pinged.
    pub asked: &'a str,
}

/// What may be shown of an answer under way, in one message of at most `limit` UTF-16 code units; `None`: nothing yet, or it
/// does not fit any more.
pub(super) fn partial(text: &str, voices: Voices<'_>, limit: usize) -> Option<String> {
    // A word that is not complete may be the beginning of a key, of a mention, or of somebody else's name.
    let complete = &text[..complete_words(text)];
    let complete = without_open_link(without_name_begun(complete.trim_end(), voices.others)).trim_end();
    let text = tidy(complete, voices.own, voices.others);
    let text = outgoing::rendered(&text, voices.asked);
    let text = text.trim();
    if text.is_empty() || split::len(text) + MORE_ROOM > limit {
        return None;
    }
    let (text, was_code) = split::closed(text);
    Some(if was_code { format!("{text}\n{MORE}") } else { format!("{}{} {MORE}", text, to_close(&text)) })
}

/// Where the last word of a text ends that is complete. Chinese and Japanese know no spaces.
fn complete_words(text: &str) -> usize {
    let is_word = |c: char| matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}');
    let last = text.char_indices().rev().find(|(_, c)| c.is_whitespace() || is_word(*c));
    last.map_or(0, |(at, c)| if is_word(c) { at + c.len_utf8() } else { at })
}

/// A text without a last line that may become a line of somebody else's.
fn without_name_begun<'t>(text: &'t str, others: &[String]) -> &'t str {
    let Some(start) = text.rfind('\n').map(|at| at + 1) else { return text };
    let line = text[start..].to_lowercase();
    let may_become = others.iter().any(|name| name.to_lowercase().starts_with(line.as_str()));
    if may_become { &text[..start] } else { text }
}

/// A text without a link at its end that is not complete: where it leads is not known yet.
fn without_open_link(text: &str) -> &str {
    let Some(open) = text.rfind('[').filter(|open| text.len() - open <= LINK_MAX) else { return text };
    let is_complete = match text[open..].split_once(']') {
        Some((_, after)) => !after.starts_with('(') || after.contains(')'),
        None => false,
    };
    let end = if text[..open].ends_with('!') { open - 1 } else { open };
    if is_complete { text } else { &text[..end] }
}

/// What closes the looks that the last line of a text leaves open.
fn to_close(text: &str) -> &'static str {
    let line = text.rsplit('\n').next().unwrap_or(text);
    if line.matches('`').count() % 2 == 1 {
        "`"
    } else if line.matches("**").count() % 2 == 1 {
        "**"
    } else {
        ""
    }
}

/// How showing went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Showed {
    /// It stands there.
    Yes,
    /// Not now; later perhaps.
    NotNow,
    /// Not this answer any more.
    NoMore,
}

impl Turns {
    /// Shows `text` as what is written so far, the `number`th time: as a message, or as what that message says now.
    pub(super) async fn show(
        &self,
        turn: &Turn,
        (platform, place, face): (&dyn Platform, &Place, &Face),
        text: String,
        number: u32,
    ) -> Result<Showed, Stopped> {
        let part = Part {
            face: face.clone(),
            text,
            reply_to: turn.reply_to.clone(),
            number: 0,
            // The rest is still to come.
            of: 2,
            is_notice: false,
            footer: None,
        };
        let shown = self.drafts.get(&turn.id).map(|draft| draft.value().clone());
        match shown {
            None if number == 0 => self.show_first(turn, (platform, place), &part).await,
            Some(Draft { sent_as: Some(id), .. }) => {
                let once = OnceKey(format!("{}-draft-{}-{number}", turn.id, turn.attempt));
                let showed = trying(|| platform.revise(place, &id, &part, &once)).await;
                crash::point("draft revised");
                Ok(match showed {
                    Ok(()) => Showed::Yes,
                    Err(SendError::RateLimited { .. }) => Showed::NotNow,
                    Err(_) => Showed::NoMore,
                })
            }
            _ => Ok(Showed::NoMore),
        }
    }

    async fn show_first(
        &self,
        turn: &Turn,
        (platform, place): (&dyn Platform, &Place),
        part: &Part,
    ) -> Result<Showed, Stopped> {
        let once = OnceKey(format!("{}-draft", turn.id));
        let (noting, key, now) = (turn.clone(), once.0.clone(), self.clock.now());
        // Written down first: a message that is sent and not known would stand there for ever.
        let writing = self.db.write(move |tx| Box::pin(async move { turns::note_draft(tx, &noting, &key, now).await }));
        if !writing.await? {
            return Ok(Showed::NoMore);
        }
        let draft = Draft { once_key: once.0.clone(), sent_as: None };
        self.drafts.insert(turn.id.clone(), draft.clone());
        crash::point("draft noted");
        match trying(|| platform.send(place, part, &once)).await {
            Ok(id) => {
                crash::point("draft sent");
                self.drafts.insert(turn.id.clone(), Draft { sent_as: Some(id.clone()), ..draft });
                self.draft_sent(turn, id).await?;
                crash::point("draft recorded");
                Ok(Showed::Yes)
            }
            // It may stand there.
            Err(SendError::Unsure(_)) => Ok(Showed::NoMore),
            Err(SendError::RateLimited { .. } | SendError::Forbidden | SendError::Gone) => {
                self.forget_draft(turn).await?;
                Ok(Showed::NoMore)
            }
        }
    }

    async fn draft_sent(&self, turn: &Turn, platform_id: String) -> Result<(), db::Error> {
        let (id, now) = (turn.id.clone(), self.clock.now());
        let writing = self.db.write(move |tx| {
            Box::pin(async move {
                let mut script = Script::default();
                turns::part_sent(&mut script, &id, DRAFT_PART, &platform_id, now);
                script.run(tx).await
            })
        });
        writing.await
    }

    async fn forget_draft(&self, turn: &Turn) -> Result<(), db::Error> {
        let id = turn.id.clone();
        let writing = self.db.write(move |tx| {
            Box::pin(async move {
                let mut script = Script::default();
                turns::drop_draft(&mut script, &id);
                script.run(tx).await
            })
        });
        writing.await?;
        self.drafts.remove(&turn.id);
        Ok(())
    }

    /// What is shown of a turn's answer, by this process or one before it.
    pub(super) async fn draft(&self, turn: &Turn) -> Result<Option<Draft>, db::Error> {
        match self.drafts.get(&turn.id).map(|draft| draft.value().clone()) {
            Some(draft) => Ok(Some(draft)),
            None if turn.attempt > 1 => turns::draft(&self.db, &turn.id).await,
            None => Ok(None),
        }
    }

    /// The part of a finished answer that what is shown of it becomes. What no part of it can become is taken away first: an
    /// apology, or a file, is another message.
    pub(super) async fn draft_to_complete(
        &self,
        turn: &Turn,
        place: &Place,
        stored: &Stored,
    ) -> Result<Option<(usize, Draft)>, Stopped> {
        let Some(draft) = self.draft(turn).await? else { return Ok(None) };
        let limit = self.platforms.get(&place.platform).map_or(0, |platform| platform.limits().message_len);
        let first = stored.parts.iter().position(|part| !part.is_notice && !stored.is_notice);
        let fits = |at: &usize| split::len(&stored.parts[*at].text) <= limit;
        let becomes = first.filter(fits).filter(|at| {
            let sent_as = &stored.parts[*at].sent_as;
            sent_as.is_none() || *sent_as == draft.sent_as
        });
        match becomes {
            Some(at) => Ok(Some((at, draft))),
            None => {
                self.withdraw_draft(turn, place).await?;
                Ok(None)
            }
        }
    }

    /// Lets what is shown of an answer say a part of the finished one; the message's id. Where it cannot be changed any more
    /// it is taken away, and the part sent anew.
    pub(super) async fn complete(
        &self,
        turn: &Turn,
        (platform, place): (&dyn Platform, &Place),
        part: &Part,
        (draft, once): (&Draft, &OnceKey),
    ) -> Result<Option<String>, Stopped> {
        let sent_as = match &draft.sent_as {
            Some(id) => Some(id.clone()),
            // Sent again under its key it is the message that is there, or the finished one.
            None => {
                let key = OnceKey(draft.once_key.clone());
                self.send_part(platform, place, (part, &[]), (&key, How::Anew)).await?
            }
        };
        if let Some(id) = sent_as {
            let over = OnceKey(format!("{}-over", once.0));
            let completed = self.send_part(platform, place, (part, &[]), (&over, How::Over(&id))).await?;
            if completed.is_some() {
                crash::point("draft completed");
                return Ok(completed);
            }
        }
        self.withdraw_draft(turn, place).await?;
        self.send_part(platform, place, (part, &[]), (once, How::Anew)).await
    }

    /// Takes away what is shown of an answer that there will not be.
    pub(super) async fn withdraw_draft(&self, turn: &Turn, place: &Place) -> Result<(), Stopped> {
        let Some(draft) = self.draft(turn).await? else { return Ok(()) };
        let Some(platform) = self.platforms.get(&place.platform) else { return Err(Stopped::Later("no platform")) };
        let id = match draft.sent_as {
            Some(id) => Some(id),
            // Sent again under its key it is the message that is there.
            None => {
                let names = self.directory.names();
                let face = names.get(&turn.personality).map_or_else(
                    || Face { name: String::new(), slug: String::new(), avatar: None },
                    |personality| face_of(personality),
                );
                let (text, key) = (MORE.to_owned(), OnceKey(draft.once_key));
                let part = Part { face, text, reply_to: None, number: 0, of: 1, is_notice: true, footer: None };
                self.send_part(&*platform, place, (&part, &[]), (&key, How::Anew)).await?
            }
        };
        if let Some(id) = id {
            match trying(|| platform.take_back(place, &id, false)).await {
                Ok(()) => crash::point("draft withdrawn"),
                Err(error @ (SendError::Forbidden | SendError::Gone)) => {
                    tracing::info!(error = %error, "what was shown of an answer stays where it was said");
                }
                Err(SendError::RateLimited { .. } | SendError::Unsure(_)) => return Err(Stopped::Later("taking back")),
            }
        }
        Ok(self.forget_draft(turn).await?)
    }
}

/// Does something that may be done again until it is known how it went, or a few times.
///
/// What is not known to have arrived may still arrive, after what is sent next: only its answer says that it will not.
async fn trying<T, F>(attempt: impl Fn() -> F) -> Result<T, SendError>
where
    F: Future<Output = Result<T, SendError>>,
{
    let mut wait = FIRST_WAIT;
    let mut tries = 1;
    loop {
        match attempt().await {
            Err(SendError::Unsure(_)) if tries < TRIES => {
                tokio::time::sleep(wait.min(WAIT_MAX)).await;
                wait *= 2;
                tries += 1;
            }
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Asks four times a second about an answer of so many characters a second and in all; the seconds and characters at
    /// which it is shown.
    fn shown(speed: f64, all: usize, max_tokens: u32) -> Vec<(f64, usize)> {
        let (start, mut pace, mut shown) = (Instant::now(), Pace::new(max_tokens), Vec::new());
        for quarter in 0.. {
            let second = f64::from(quarter) / 4.0;
            let written = (second * speed) as usize + 1;
            if written >= all {
                return shown;
            }
            if pace.wants(start + Duration::from_secs_f64(second), written) {
                pace.showed(written);
                shown.push((second, written));
            }
        }
        unreachable!("it ends")
    }

    #[test]
    fn a_long_slow_answer_is_shown_early_and_grows() {
        let shown = shown(40.0, 3_000, 1_200);
        assert!(shown[0].0 <= 4.0 && shown.len() > 8 && shown.len() <= SHOWN_MAX as usize, "{shown:?}");
        assert!(shown.windows(2).all(|two| two[1].1 >= two[0].1 + MORE_TEXT), "{shown:?}");
        // The longer it is, the more is new.
        let new: Vec<usize> = shown.windows(2).map(|two| two[1].1 - two[0].1).collect();
        assert!(new.last() > new.first(), "{new:?}");
    }

    #[test]
    fn a_short_or_a_fast_answer_is_sent_once() {
        assert_eq!(shown(20.0, 119, 1_200), []);
        assert_eq!(shown(400.0, 1_000, 1_200), []);
        assert_eq!(shown(1_000.0, 4_000, 1_200), []);
        // However slow it is, it cannot become much longer.
        assert_eq!(shown(40.0, 160, 40), []);
    }

    #[test]
    fn no_answer_is_shown_without_end() {
        let mut pace = Pace::new(u32::MAX);
        let start = Instant::now();
        let mut times = 0;
        for second in 0..100_000_u64 {
            let written = 10 * second as usize;
            if pace.wants(start + Duration::from_secs(second), written) {
                pace.showed(written);
                times += 1;
            }
        }
        assert_eq!(times, SHOWN_MAX);
        let mut pace = Pace::new(1_200);
        pace.wants(start, 1);
        assert!(pace.wants(start + Duration::from_secs(10), 200));
        pace.stop();
        assert!(!pace.wants(start + Duration::from_secs(20), 600));
    }

    fn seen(text: &str) -> String {
        let others = ["Robin".to_owned(), "Zoë Smith".to_owned()];
        partial(text, Voices { own: "Abbey", others: &others, asked: "" }, 2_000).unwrap_or_default()
    }

    #[test]
    fn of_what_is_not_complete_nothing_is_shown() {
        let table = [
            ("Abbey: hello there my fri", "hello there my …"),
            ("use sk-or-v1-0123456789abcdef01", "use …"),
            ("use sk-or-v1-0123456789abcdef0123 now ", "use […] now …"),
            ("hello\nRob", "hello …"),
            ("hello\nZoë ", "hello …"),
            ("hello\nZoë Smith: I said", "hello …"),
            ("hello\nRobins are birds of", "hello\nRobins are birds …"),
            ("see [my page](https://evil.ex", "see …"),
            ("see [my long page](https://x.example \"ti", "see …"),
            ("see ![a pixel](https://evil.example/p?", "see …"),
            ("see [my page](https://evil.example) and", "see my page <https://evil.example> …"),
            ("an [aside] is no link, is", "an [aside] is no link, …"),
            ("hey @everyone look at", "hey @\u{200b}everyone look …"),
            ("昔々あるところに", "昔々あるところに …"),
            ("nothing", ""),
        ];
        for (text, expected) in table {
            assert_eq!(seen(text), expected, "{text}");
        }
    }

    #[test]
    fn looks_that_are_left_open_are_closed() {
        assert_eq!(seen("Look:\n```rust\nlet x = 1; "), "Look:\n```rust\nlet x = 1;\n```\n…");
        assert_eq!(seen("this is **very bold "), "this is **very bold** …");
        assert_eq!(seen("call `one two "), "call `one two` …");
        assert_eq!(seen("one **two** `three` "), "one **two** `three` …");
    }

    #[test]
    fn what_does_not_fit_into_one_message_is_not_shown() {
        assert_eq!(partial(&"word ".repeat(500), Voices { own: "", others: &[], asked: "" }, 2_000), None);
    }

    proptest! {
        #[test]
        fn a_partial_text_is_one_that_might_be_said(text in "[a-zA-Z@<>\\[\\]()*`:/. \\n-]{0,80}", cut in 0usize..80) {
            let cut = text.char_indices().map(|(at, _)| at).nth(cut).unwrap_or(text.len());
            let text = format!("{} @everyone <@123> [a](https://x.example) sk-or-v1-0123456789abcdef0123", &text[..cut]);
            for end in (0..=text.len()).filter(|end| text.is_char_boundary(*end)) {
                let shown = seen(&text[..end]);
                prop_assert!(!shown.contains("@everyone") && !shown.contains("<@123>"), "{shown}");
                prop_assert!(!shown.contains("sk-or"), "{shown}");
            }
        }
    }
}
