//! Storing what is to be said, before anything of it is sent: an answer, or a line of the house in its place.

use std::sync::Arc;
use std::time::Instant;

use super::deliver::FIRST_WAIT;
use super::made_of::MadeOf;
use super::{Stopped, Stored, Turns};
use crate::crash;
use crate::db;
use crate::db::turns::{self, Answered, Cost, Delivery};
use crate::directory::Announcement;
use crate::domain::{Line, Member, Place, Refusal, Role, Turn};
use crate::guard::outgoing;
use crate::platform::{Limits, split};
use crate::texts::Arg;

/// What a platform puts around the line below an answer, in UTF-16 code units.
const FOOTER_FRAME: usize = 8;

impl Turns {
    /// Stores the polite line of a turn that has no answer and asked no model.
    pub(super) async fn apologise(
        &self,
        turn: &Turn,
        place: &Place,
        text: &'static str,
        class: &'static str,
        made_of: Option<MadeOf>,
    ) -> Result<Stored, Stopped> {
        self.say_instead(turn, place, Refusal::new(text).into(), class, made_of, Cost::NotAsked).await
    }

    /// Stores a line of the house in place of an answer.
    pub(super) async fn say_instead(
        &self,
        turn: &Turn,
        place: &Place,
        line: Line,
        class: &'static str,
        made_of: Option<MadeOf>,
        cost: Cost,
    ) -> Result<Stored, Stopped> {
        let locale = self.locale_of(turn).await;
        let args: Vec<(&str, Arg)> =
            line.args.iter().map(|(name, value)| (name.as_str(), Arg::from(value.clone()))).collect();
        // Names in a line of the house are somebody's as well.
        let text = outgoing::rendered(&self.texts.say(&locale, &line.id, &args), "");
        self.store_answer(turn, place, text, Some(class), made_of, cost).await
    }

    /// What the house itself has to say before an answer: to whom that they talk with an AI, and what is announced.
    pub(super) async fn says_first(
        &self,
        turn: &Turn,
        limits: Option<Limits>,
    ) -> Result<(Option<Arc<Member>>, Option<Arc<Announcement>>), Stopped> {
        let member = self.directory.member(&turn.member).await?;
        let tells = member.filter(|member| member.told_at.is_none() && limits.is_some_and(|limits| limits.discloses));
        Ok((tells, self.directory.news_for(&turn.place).await?))
    }

    /// Stores a turn's text as the messages it will be, with what the house itself has to say before it.
    pub(super) async fn store_answer(
        &self,
        turn: &Turn,
        place: &Place,
        text: String,
        failure: Option<&'static str>,
        made_of: Option<MadeOf>,
        cost: Cost,
    ) -> Result<Stored, Stopped> {
        let limits = self.platforms.get(&place.platform).map(|platform| platform.limits());
        let limit = limits.map_or(usize::MAX, |limits| limits.message_len);
        let footer = made_of.as_ref().and_then(|made_of| made_of.footer.as_ref());
        let room = limit.saturating_sub(footer.map_or(0, |footer| footer.encode_utf16().count() + FOOTER_FRAME));
        // What the house itself has to say goes before the personality's words.
        let mut lines = Vec::new();
        let locale = self.locale_of(turn).await;
        let (tells, news) = self.says_first(turn, limits).await?;
        if tells.is_some() {
            lines.push(self.texts.say(&locale, "disclosure-first-contact", &[]));
        }
        if let Some(news) = &news {
            lines.push(self.texts.say(&locale, "disclosure-announcement", &[("text", news.text.clone().into())]));
        }
        let notices = lines.iter().flat_map(|line| split::split(line, limit)).map(|text| (text, true));
        let mut said = split::split(&text, room);
        if said.len() > limits.map_or(usize::MAX, |limits| limits.messages_max) {
            said = vec![text.clone()];
        }
        let said = said.into_iter().map(|text| (text, false));
        let parts: Vec<Delivery> = (0..)
            .zip(notices.chain(said))
            .map(|(part, (text, is_notice))| Delivery {
                part,
                once_key: format!("{}-{part}", turn.id),
                text,
                is_notice,
                sent_as: None,
            })
            .collect();
        let is_notice = failure.is_some();
        let stored = Stored { text: text.clone(), is_notice, made_of, parts: parts.clone(), said: String::new() };
        let made_of = serde_json::to_value(&stored.made_of).expect("a record of numbers and names is always JSON");
        let answer = Answered {
            turn: turn.id.clone(),
            epoch: turn.epoch,
            text,
            failure,
            made_of,
            parts,
            cost,
            is_handed_over: self.settings.hand.role == Role::Worker,
            is_retry: turn.attempt > 1,
            tells: tells.map(|member| member.id.clone()),
            announces: news.map(|news| news.id.clone()),
            place: turn.place.clone(),
        };
        let told = answer.tells.clone();
        match self.stored_patiently(answer).await {
            // Withdrawn with the last word: what was asked is gone, or asked by another message.
            Err(db::Error::Fenced) if turns::is_cancelled(&self.db, &turn.id).await? => return Err(Stopped::Cancelled),
            stored => stored?,
        }
        if let Some(member) = told {
            self.directory.forget_member(&member);
        }
        crash::point("answer stored");
        Ok(stored)
    }

    /// Stores an answer, also when the database is away for a moment.
    async fn stored_patiently(&self, answer: Answered) -> Result<(), db::Error> {
        let (started, mut wait) = (Instant::now(), FIRST_WAIT);
        loop {
            let (writing, now) = (answer.clone(), self.clock.now());
            let stored =
                self.db.write(move |tx| Box::pin(async move { turns::answered(tx, &writing, now).await })).await;
            match stored {
                Err(error) if error.is_passing() && started.elapsed() < self.outlives() => {
                    crate::ops_error("storing an answer", &error);
                    if self.life.hard().run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
                        return Err(error);
                    }
                    wait *= 2;
                }
                stored => return stored,
            }
        }
    }
}
