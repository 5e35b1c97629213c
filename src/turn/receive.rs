//! Taking a message in: decide who answers, then store message and turns in one transaction.

use std::sync::Arc;

use super::Turns;
use super::trigger::{Decision, Here, decide, mentions};
use crate::crash;
use crate::db::messages::{self, Earlier, NewMessage};
use crate::db::turns::{self, NewTurn};
use crate::db::{self, Script, people};
use crate::directory::Person;
use crate::domain::{
    DenialMode, HOST, Identity, Incoming, Line, MemberId, MessageId, Persona, Personality, PersonalityId, Place,
    PlaceId, PlaceRef, Privacy, QuietKind, Refusal, TurnId, holds_a_key,
};
use crate::guard::access;
use crate::guard::pace::Of;
use crate::model::tokens;
use crate::ops::metrics::{self, Stage};
use crate::ops::traces;

/// How long after somebody was called the house goes on listening in a place where nobody is active.
const LISTENS_FOR_MILLIS: i64 = 60 * 60 * 1_000;

/// What became of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// The turns that will answer it, in order: new ones, or the one it joined.
    pub turns: Vec<TurnId>,
    /// Whether it had been stored before.
    pub is_replay: bool,
    /// It held a provider's key and was not taken: its author should be told to revoke it.
    pub held_a_key: bool,
    /// It is kept, but too much waits already for it to be answered: its author may be told.
    pub is_full: bool,
    /// Whoever wrote it is turned away here: nothing is said to them.
    pub is_turned_away: bool,
}

/// A personality that is asked.
#[derive(Clone)]
struct Asked {
    personality: PersonalityId,
    /// As whom.
    persona: Persona,
    /// What is said instead of an answer.
    notice: Option<Refusal>,
    is_incognito: bool,
}

impl Asked {
    /// What has to be the same for two messages to be answered together.
    fn seat(&self) -> String {
        messages::seat(&self.personality, &self.persona.id, self.is_incognito)
    }
}

impl Turns {
    /// Stores a message and the turns it asks for; durable when it returns. A replay changes nothing.
    ///
    /// # Errors
    /// Those of the database; the message is then not accepted and may be handed in again.
    pub async fn receive(&self, incoming: Incoming) -> Result<Received, db::Error> {
        crash::point("frame read");
        let started = std::time::Instant::now();
        if incoming.speaker.is_bot {
            return Ok(Received::default());
        }
        if holds_a_key(&incoming.text) || holds_a_key(&incoming.with) {
            return Ok(Received { held_a_key: true, ..Received::default() });
        }
        let listens = self.listens(&incoming.place).await?;
        if !listens && !self.may_call(&incoming).await? {
            return Ok(Received::default());
        }
        let place = self.directory.place(&incoming.place).await?;
        let is_operator = access::is_owner(&self.settings.owners, &incoming.speaker.identity);
        let parent = self.parent(&incoming.place).await?;
        let denial = self.turned_away(&incoming.speaker.identity, &incoming.place).await?;
        if denial == Some(DenialMode::Block) {
            return Ok(Received { is_turned_away: true, ..Received::default() });
        }
        let person = self.directory.person(&incoming.speaker.identity, &incoming.speaker.name).await?;
        let proxied = match &incoming.proxied {
            Some(proxied) => Some(self.directory.proxied_persona(&person.member.id, proxied).await?),
            None => None,
        };
        let replied_to = match &incoming.reply_to {
            Some(id) => self.speaker(&incoming.account, id).await?,
            None => None,
        };
        let names = self.directory.names();
        let seen = names.seen_by(&person.member.id);
        // A private personality answers nobody it is not for, also when it is replied to.
        let replied_to = replied_to.filter(|id| seen.get(id).is_some());
        let is_direct = place.privacy == Privacy::Direct;
        let mut incoming = incoming;
        if is_direct && incoming.addressed.is_none() {
            // In private, whoever answered last goes on; to begin with, the host.
            let last = turns::last_spoken_with(&self.db, &place.id).await?;
            let last = last.as_ref().and_then(|id| seen.get(id)).or_else(|| seen.find(HOST));
            incoming.addressed = last.map(|personality| personality.slug.clone());
        }
        let here = Here {
            names: seen,
            activation: self.activation(&place, &incoming.place).await?,
            replied_to,
            is_direct,
            mention: self.settings.mention,
            slots: self.settings.slots,
        };
        let (called, beyond) = match decide(&incoming, &here) {
            Decision::Ignore => return Ok(Received::default()),
            Decision::Answer { called, beyond } if denial.is_none() => (called, beyond),
            Decision::Listen if !listens => {
                return Ok(Received { is_turned_away: denial.is_some(), ..Received::default() });
            }
            Decision::Listen | Decision::Answer { .. } => (Vec::new(), None),
        };
        let replaced = match &incoming.replaces {
            Some(id) => messages::replaced(&self.db, &incoming.account, id, &person.member.id).await?,
            None => None,
        };
        let called = if replaced.is_some() { Vec::new() } else { called };
        let mut asked = Vec::with_capacity(called.len() + 1);
        for id in called {
            if self.is_kept_from(&incoming.speaker.identity, &place, &id) {
                continue;
            }
            let Some(personality) = seen.get(&id) else { continue };
            let places = (&*place, parent.as_deref());
            if let Some(one) = self.asked(personality, places, (&person, proxied.as_deref()), is_operator).await? {
                asked.push(one);
            }
        }
        if let Some(personality) = beyond {
            let notice = Refusal::new("refusal-too-many-called").arg("max", self.settings.slots.to_string());
            let (member, now) = (&person.member.id, self.clock.now());
            if self.pace.may_tell(member.as_str(), place.id.as_str(), now) {
                let (persona, notice) = (person.persona.clone(), Some(notice));
                asked.push(Asked { personality, persona, notice, is_incognito: true });
            }
        }
        let unasked = proxied.as_deref().unwrap_or(&person.persona);
        let trace = traces::is_on().then(|| incoming.trace.clone());
        let received = self.store(incoming, &place, (&person, unasked), (asked, replaced, is_operator)).await?;
        crash::point("message stored");
        if !received.turns.is_empty() {
            self.doorbell.ring(&place.id, &person.member.id);
        }
        metrics::stage_took(Stage::Receive, started.elapsed());
        if let Some(trace) = trace.filter(|_| !received.turns.is_empty() && !received.is_replay) {
            traces::received(&trace, started.elapsed());
        }
        Ok(Received { is_turned_away: denial.is_some(), ..received })
    }

    /// Whether a message would be taken in: whether anything more has to be known of it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn hears(&self, incoming: &Incoming) -> Result<bool, db::Error> {
        if incoming.speaker.is_bot || self.turned_away(&incoming.speaker.identity, &incoming.place).await?.is_some() {
            return Ok(false);
        }
        Ok(self.listens(&incoming.place).await? || self.may_call(incoming).await?)
    }

    /// How somebody is turned away from a place; a thread is no way around who is turned away where it hangs. Whoever runs
    /// the house cannot be locked out of it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn turned_away(&self, who: &Identity, named: &PlaceRef) -> Result<Option<DenialMode>, db::Error> {
        if access::is_owner(&self.settings.owners, who) {
            return Ok(None);
        }
        let denials = self.directory.denials();
        if denials.is_empty() {
            return Ok(None);
        }
        // Of a place that is not known there is nothing but what holds everywhere.
        let id = |place: Option<Arc<Place>>| place.map_or_else(|| PlaceId::new(""), |place| place.id.clone());
        let ids = [id(self.directory.known_place(named).await?), id(self.parent(named).await?)];
        Ok(ids.iter().filter_map(|place| denials.here(who, place, self.clock.now())).max())
    }

    /// Whether somebody is kept from one personality in a place.
    pub(super) fn is_kept_from(&self, who: &Identity, place: &Place, personality: &PersonalityId) -> bool {
        let is_denied = self.directory.denials().from(who, &place.id, personality, self.clock.now());
        is_denied && !access::is_owner(&self.settings.owners, who)
    }

    /// Whether the house listens in a place to what is not said to it. Where people talk among themselves it does not:
    /// nothing of that is kept, unless somebody is active there or was called a short while ago.
    async fn listens(&self, named: &PlaceRef) -> Result<bool, db::Error> {
        if named.privacy == Privacy::Direct {
            return Ok(true);
        }
        let known = self.directory.known_place(named).await?;
        let Some(place) = known else { return Ok(self.parent_activation(named).await?.is_some()) };
        if self.activation(&place, named).await?.is_some() {
            return Ok(true);
        }
        let last = turns::last_asked_at(&self.db, &place.id).await?;
        Ok(last.is_some_and(|at| self.clock.now().0 - at.0 < LISTENS_FOR_MILLIS))
    }

    /// The personality that said a platform's message, or is still writing it.
    async fn speaker(&self, account: &str, platform_id: &str) -> Result<Option<PersonalityId>, db::Error> {
        match messages::speaker(&self.db, account, platform_id).await? {
            None => turns::drafting(&self.db, account, platform_id).await,
            speaker => Ok(speaker),
        }
    }

    /// Whether a message may call somebody; asked before anything about who wrote it is kept.
    async fn may_call(&self, incoming: &Incoming) -> Result<bool, db::Error> {
        if incoming.calls_house {
            return Ok(true);
        }
        if let Some(id) = &incoming.reply_to
            && self.speaker(&incoming.account, id).await?.is_some()
        {
            return Ok(true);
        }
        if incoming.called.is_empty() && !incoming.text.contains(self.settings.mention) {
            return Ok(false);
        }
        let names = self.directory.names();
        let known = people::member(&self.db, &incoming.speaker.identity).await?;
        let seen = known.as_ref().map_or_else(|| names.public(), |member| names.seen_by(&member.id));
        let is_called = incoming.called.iter().any(|slug| seen.named(slug).is_some());
        Ok(is_called || !mentions(&incoming.text, self.settings.mention, seen).is_empty())
    }

    /// The slug of the personality that somebody in a place talks with: the active one, else the last one, else the host.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn talks_with(&self, who: &Identity, named: &PlaceRef) -> Result<String, db::Error> {
        let names = self.directory.names();
        let known = people::member(&self.db, who).await?;
        let seen = known.as_ref().map_or_else(|| names.public(), |member| names.seen_by(&member.id));
        let active = match self.directory.known_place(named).await? {
            Some(place) => match self.activation(&place, named).await? {
                Some((id, _)) => Some(id),
                None => turns::last_spoken_with(&self.db, &place.id).await?,
            },
            None => self.parent_activation(named).await?.map(|(id, _)| id),
        };
        // A character that they do not know of is nobody to them.
        let active = active.as_ref().and_then(|id| seen.get(id));
        Ok(active.map_or_else(|| HOST.to_owned(), |personality| personality.slug.clone()))
    }

    /// Who is active in a place, and whether they answer everything: a thread follows the place it hangs on until
    /// somebody says otherwise.
    async fn activation(&self, place: &Place, named: &PlaceRef) -> Result<Option<(PersonalityId, bool)>, db::Error> {
        match &place.personality {
            Some(id) => Ok(Some((id.clone(), place.autorespond))),
            None if place.follows_parent => self.parent_activation(named).await,
            None => Ok(None),
        }
    }

    /// What is stored of the place that a thread hangs on.
    pub(super) async fn parent(&self, named: &PlaceRef) -> Result<Option<Arc<Place>>, db::Error> {
        let Some(parent) = &named.parent else { return Ok(None) };
        self.directory.known_place(&PlaceRef { subject: parent.clone(), parent: None, ..named.clone() }).await
    }

    async fn parent_activation(&self, named: &PlaceRef) -> Result<Option<(PersonalityId, bool)>, db::Error> {
        Ok(self.parent(named).await?.and_then(|parent| Some((parent.personality.clone()?, parent.autorespond))))
    }

    /// Whether a called personality is asked, as whom, or why it will not be; `None`: nothing is said.
    async fn asked(
        &self,
        personality: &Personality,
        (place, parent): (&Place, Option<&Place>),
        (person, proxied): (&Person, Option<&Persona>),
        is_operator: bool,
    ) -> Result<Option<Asked>, db::Error> {
        let (id, member) = (&personality.id, &person.member.id);
        let bond = self.directory.bond(member, id).await?;
        let persona = match bond.persona() {
            _ if proxied.is_some() => proxied.map(|persona| Arc::new(persona.clone())),
            Some(persona) => self.directory.persona(&persona).await?.filter(|persona| persona.member == *member),
            None => None,
        };
        let persona = persona.map_or_else(|| person.persona.clone(), |persona| Persona::clone(&persona));
        let notice = self.admit(personality, (place, parent), member, is_operator).err();
        let is_silent = notice.is_some() && !self.pace.may_tell(member.as_str(), place.id.as_str(), self.clock.now());
        let is_incognito = bond.quiet(QuietKind::Incognito, self.clock.now()).is_some();
        Ok((!is_silent).then(|| Asked { personality: id.clone(), persona, notice, is_incognito }))
    }

    /// Lets a member ask a personality in a place now, which counts towards how often they may, or says why not.
    pub(super) fn admit(
        &self,
        personality: &Personality,
        (place, parent): (&Place, Option<&Place>),
        member: &MemberId,
        is_operator: bool,
    ) -> Result<(), Refusal> {
        let id = &personality.id;
        let name = || personality.file.name.clone();
        if !place.admits(id) || parent.is_some_and(|parent| !parent.admits(id)) {
            return Err(Refusal::new("refusal-not-in-this-place").arg("name", name()));
        }
        if personality.file.adult && !place.is_adult {
            return Err(Refusal::new("refusal-adults-only").arg("name", name()));
        }
        if is_operator {
            return Ok(());
        }
        let of = [(Of::Member, member.as_str()), (Of::Place, place.id.as_str()), (Of::Personality, id.as_str())];
        let too_fast = |wait: std::time::Duration| {
            Refusal::new("refusal-too-fast").arg("seconds", wait.as_secs().max(1).to_string())
        };
        self.pace.take(&of, self.clock.now()).map_err(too_fast)
    }

    async fn store(
        &self,
        incoming: Incoming,
        place: &Arc<Place>,
        (person, unasked): (&Person, &Persona),
        (personalities, replaced, is_operator): (Vec<Asked>, Option<(MessageId, TurnId)>, bool),
    ) -> Result<Received, db::Error> {
        let now = self.clock.now();
        let rates = self.pace.rates();
        let new_ids: Vec<TurnId> = personalities.iter().map(|_| TurnId::new(self.clock.id())).collect();
        let persona = personalities.first().map_or(unasked, |asked| &asked.persona);
        let member = person.member.id.clone();
        let (text, own) = with_more(incoming.text, &incoming.with);
        let message = NewMessage {
            id: MessageId::new(self.clock.id()),
            place: place.id.clone(),
            account: incoming.account,
            platform_id: incoming.platform_id,
            member: Some(member.clone()),
            persona: Some(persona.id.clone()),
            personality: None,
            turn: None,
            author_name: persona.name.clone(),
            tokens: i64::try_from(tokens::count(&text)).unwrap_or(i64::MAX),
            text,
            own,
            at: incoming.at,
        };
        let (trace, pictures) = (incoming.trace, incoming.pictures);
        let (received, is_full) = self
            .db
            .write(move |tx| {
                Box::pin(async move {
                    let mut message = message;
                    let known = (message.account.as_str(), message.platform_id.as_str());
                    let waiting = match messages::earlier(tx, known, &message.place, &member).await? {
                        Earlier::Message(turn) => {
                            let turns = turn.into_iter().collect();
                            return Ok((Received { turns, is_replay: true, ..Received::default() }, false));
                        }
                        Earlier::Waiting(waiting) => waiting,
                    };
                    let is_full = !is_operator
                        && (waiting.of_member >= rates.waiting_of_member || waiting.in_place >= rates.waiting_in_place);
                    let (mut asked, mut new, mut left_out) = (Vec::new(), Vec::new(), false);
                    for (one, id) in personalities.into_iter().zip(new_ids) {
                        let queued = waiting.turns.iter().find(|(queued, _)| *queued == one.seat());
                        // Several quick messages are answered together by the turn that still waits.
                        if let Some((_, joined)) = queued.filter(|_| one.notice.is_none()) {
                            asked.push(joined.clone());
                            continue;
                        }
                        if is_full && one.notice.is_none() {
                            left_out = true;
                            continue;
                        }
                        let notice = one.notice.map(Line::from);
                        asked.push(id.clone());
                        new.push(NewTurn {
                            id,
                            place: message.place.clone(),
                            message: message.id.clone(),
                            personality: one.personality,
                            member: member.clone(),
                            persona: one.persona.id,
                            is_incognito: one.is_incognito,
                            notice: notice.map(|line| serde_json::to_string(&line).expect("a line is always JSON")),
                            trace: trace.clone(),
                            at: now,
                        });
                    }
                    // What stands for another message is the one that was asked.
                    asked.extend(replaced.iter().map(|(_, turn)| turn.clone()));
                    message.turn = asked.first().cloned();
                    let mut script = Script::default();
                    messages::add(&mut script, &message);
                    messages::add_pictures(&mut script, &message.id, &pictures);
                    if let Some((original, _)) = &replaced {
                        messages::delete(&mut script, original, now);
                    }
                    new.iter().for_each(|turn| turns::add(&mut script, turn));
                    script.run(tx).await?;
                    Ok((Received { turns: asked, ..Received::default() }, left_out))
                })
            })
            .await?;
        Ok(Received { is_full, ..received })
    }
}

/// A text and what came with it, and how many characters of that are the author's own where not all are.
pub(super) fn with_more(text: String, with: &str) -> (String, Option<i64>) {
    if with.is_empty() {
        return (text, None);
    }
    let own = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let all = if text.is_empty() { with.to_owned() } else { format!("{text}\n{with}") };
    (all, Some(own))
}
