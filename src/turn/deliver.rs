//! Delivering: each part of a stored answer is sent once, under its key.

use std::time::{Duration, Instant};

use super::{Stopped, Stored, Turns};
use crate::crash;
use crate::db::{Script, messages, turns};
use crate::domain::{Personality, Place, Turn, TurnState};
use crate::ops::metrics::{self, Stage};
use crate::ops::traces::{self, Fact};
use crate::platform::{Face, OnceKey, Part, SendError};

/// Tries to send one part before the turn waits for a later try.
pub(super) const TRIES: u32 = 4;
/// Wait before the second try; doubles with each further one.
pub(super) const FIRST_WAIT: Duration = Duration::from_millis(200);
/// Longest wait that a platform's rate limit may ask of a worker.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(30);

/// How a personality is shown.
pub(super) fn face_of(personality: &Personality) -> Face {
    let (name, slug) = (personality.file.name.clone(), personality.slug.clone());
    Face { name, slug, avatar: personality.avatar.clone() }
}

/// A part that has arrived.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub part: i64,
    pub platform_id: String,
    pub text: String,
    /// A line of the house, not the personality's words.
    pub is_notice: bool,
}

/// How a part is said.
#[derive(Clone, Copy, Debug)]
pub(super) enum How<'a> {
    /// As a new message.
    Anew,
    /// In place of what a message says.
    Over(&'a str),
}

/// How a delivery ended.
pub(super) enum Delivered {
    /// Every part arrived.
    All(Vec<Sent>),
    /// The place cannot be spoken to any more.
    Nowhere,
}

impl Turns {
    /// Sends what was not sent yet, in order.
    pub(super) async fn deliver(&self, turn: &Turn, place: &Place, stored: &Stored) -> Result<Delivered, Stopped> {
        let started = Instant::now();
        let Some(platform) = self.platforms.get(&place.platform) else { return Err(Stopped::Later("no platform")) };
        let names = self.directory.names();
        let face = names.get(&turn.personality).map_or_else(
            || Face { name: String::new(), slug: String::new(), avatar: None },
            |personality| face_of(personality),
        );
        // An earlier attempt may have sent what it could not record.
        let is_resumed = turn.state == TurnState::Sending;
        let footer = stored.made_of.as_ref().and_then(|made_of| made_of.footer.as_ref());
        let of = stored.parts.len();
        let becomes = self.draft_to_complete(turn, place, stored).await?;
        let mut sent = Vec::with_capacity(of);
        for (number, delivery) in stored.parts.iter().enumerate() {
            let platform_id = match &delivery.sent_as {
                Some(id) => id.clone(),
                None => {
                    let part = Part {
                        face: face.clone(),
                        text: delivery.text.clone(),
                        reply_to: turn.reply_to.clone(),
                        number,
                        of,
                        is_notice: stored.is_notice || delivery.is_notice,
                        footer: footer.filter(|_| number + 1 == of).cloned(),
                    };
                    let once = OnceKey(delivery.once_key.clone());
                    let known: Vec<&str> = sent.iter().map(|sent: &Sent| sent.platform_id.as_str()).collect();
                    let arrived =
                        if is_resumed { self.arrived(&*platform, place, (&part, &known)).await? } else { None };
                    let draft = becomes.as_ref().filter(|(at, _)| *at == number).map(|(_, draft)| draft);
                    let sending = async {
                        match (arrived, draft) {
                            (Some(id), _) => Ok(Some(id)),
                            (None, Some(draft)) => {
                                self.complete(turn, (&*platform, place), &part, (draft, &once)).await
                            }
                            (None, None) => {
                                self.send_part(&*platform, place, (&part, &known), (&once, How::Anew)).await
                            }
                        }
                    };
                    let Some(id) = sending.await? else {
                        return Ok(Delivered::Nowhere);
                    };
                    crash::point("part sent");
                    // The last part is recorded with the end of the turn, in one transaction.
                    if number + 1 < of {
                        let (turn, part, platform_id, now) =
                            (turn.id.clone(), delivery.part, id.clone(), self.clock.now());
                        self.db
                            .write(move |tx| {
                                Box::pin(async move {
                                    let mut script = Script::default();
                                    turns::part_sent(&mut script, &turn, part, &platform_id, now);
                                    script.run(tx).await
                                })
                            })
                            .await?;
                        crash::point("part recorded");
                    }
                    id
                }
            };
            sent.push(Sent {
                part: delivery.part,
                platform_id,
                text: delivery.text.clone(),
                is_notice: delivery.is_notice,
            });
        }
        crash::point("all parts sent");
        metrics::stage_took(Stage::Deliver, started.elapsed());
        traces::stage(turn, Stage::Deliver, started.elapsed(), &[Fact::Number("parts", of as u64)]);
        Ok(Delivered::All(sent))
    }

    /// The platform's id of the message; `None`: the place is closed to us for good.
    pub(super) async fn send_part(
        &self,
        platform: &dyn crate::platform::Platform,
        place: &Place,
        (part, known): (&Part, &[&str]),
        (once, how): (&OnceKey, How<'_>),
    ) -> Result<Option<String>, Stopped> {
        let mut wait = FIRST_WAIT;
        let mut is_unsure = false;
        for attempt in 1..=TRIES {
            if is_unsure
                && matches!(how, How::Anew)
                && let Some(id) = self.arrived(platform, place, (part, known)).await?
            {
                metrics::delivered(platform.name(), true);
                return Ok(Some(id));
            }
            is_unsure = false;
            let sending = match how {
                How::Anew => platform.send(place, part, once).await,
                How::Over(id) => platform.revise(place, id, part, once).await.map(|()| id.to_owned()),
            };
            let pause = match sending {
                Ok(id) => {
                    metrics::delivered(platform.name(), true);
                    return Ok(Some(id));
                }
                Err(error @ (SendError::Forbidden | SendError::Gone)) => {
                    tracing::warn!(error = %error, "an answer has nowhere to go");
                    metrics::delivered(platform.name(), false);
                    return Ok(None);
                }
                Err(SendError::RateLimited { after_millis }) => {
                    metrics::delivery_retried(platform.name(), true);
                    Duration::from_millis(after_millis).min(WAIT_MAX)
                }
                Err(SendError::Unsure(why)) => {
                    metrics::delivery_retried(platform.name(), false);
                    tracing::warn!(attempt, why, "not known whether a part arrived; sending again under its key");
                    let pause = wait;
                    wait *= 2;
                    is_unsure = true;
                    pause
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.life.hard().cancelled_owned() => return Err(Stopped::Leaving),
            }
        }
        Err(Stopped::Later("delivery"))
    }

    /// The message that a part became, where an earlier try sent it without our learning of it.
    async fn arrived(
        &self,
        platform: &dyn crate::platform::Platform,
        place: &Place,
        (part, known): (&Part, &[&str]),
    ) -> Result<Option<String>, Stopped> {
        let found = match platform.arrived(place, part).await {
            Ok(found) => found,
            Err(SendError::Forbidden | SendError::Gone) => return Ok(None),
            // Sending without knowing might say it twice.
            Err(SendError::RateLimited { .. } | SendError::Unsure(_)) => return Err(Stopped::Later("reading back")),
        };
        for id in found {
            let is_other =
                known.contains(&id.as_str()) || messages::speaker(&self.db, platform.name(), &id).await?.is_some();
            if !is_other {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }
}
