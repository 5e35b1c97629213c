//! Who gets which event, in which order.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Intent, Logged, Out, Session};
use crate::FakeDiscord;
use crate::state::{Random, Shared, World};

/// How a connection is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Without a close frame.
    Tcp,
    Close(u16),
    /// Opcode 7.
    Reconnect,
    /// Opcode 9.
    Invalid {
        resumable: bool,
    },
}

/// Events that come twice, or after the one that followed them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Disorder {
    pub seed: u64,
    /// Probability that an event comes twice.
    pub duplicate: f64,
    /// Probability that an event swaps places with the next.
    pub swap: f64,
}

/// How long an event waits for one to overtake it.
pub(crate) const OVERTAKEN_WITHIN: Duration = Duration::from_millis(120);

/// To whom an event goes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Audience {
    pub guild: Option<u64>,
    /// The channel that the bot must see.
    pub channel: Option<u64>,
    /// Any of these; 0: everybody.
    pub intents: u64,
}

impl World {
    /// Sends an event to every session that may have it.
    pub(crate) fn emit(&mut self, event: &str, audience: Audience, data: &Value) {
        if let Some(guild) = audience.guild {
            let is_there =
                self.guilds.get(&guild).is_some_and(|guild| guild.available && guild.members.contains_key(&self.bot));
            let is_gone = event == "GUILD_DELETE";
            if !is_there && !is_gone {
                return;
            }
        }
        let channel = audience.channel.and_then(|id| self.channels.get(&id));
        if channel.is_some_and(|channel| !self.bot_sees(channel)) {
            return;
        }
        let is_message = matches!(event, "MESSAGE_CREATE" | "MESSAGE_UPDATE");
        let censored = if is_message { self.censored(data) } else { data.clone() };
        for index in 0..self.sessions.len() {
            let session = &self.sessions[index];
            let shard = audience.guild.map_or(0, |guild| (guild >> 22) % session.shards);
            if session.shard != shard || (audience.intents != 0 && session.intents & audience.intents == 0) {
                continue;
            }
            let sees_content = session.intents & Intent::MESSAGE_CONTENT != 0;
            let data = if sees_content { data } else { &censored };
            self.dispatch(index, event, data.clone());
        }
    }

    /// Numbers and sends one event of a session, in the disorder that was asked for.
    pub(crate) fn dispatch(&mut self, index: usize, event: &str, data: Value) {
        let (swaps, doubles) = match &mut self.gate.disorder {
            Some((disorder, random)) => (random.happens(disorder.swap), random.happens(disorder.duplicate)),
            None => (false, false),
        };
        let holds = self.gate.holds_events;
        let session = &mut self.sessions[index];
        if swaps && session.held_back.is_none() {
            session.held_back = Some((event.to_owned(), data));
            return;
        }
        session.push(event, &data, holds);
        if doubles {
            session.push(event, &data, holds);
        }
        session.release(holds);
    }

    /// Sends what waited to be overtaken in vain.
    pub(crate) fn release_all(&mut self) {
        let holds = self.gate.holds_events;
        self.sessions.iter_mut().for_each(|session| session.release(holds));
    }

    /// Audience of what happens in a channel: one intent for guilds, one for direct messages.
    pub(crate) fn around(&self, channel: u64, in_guild: u64, direct: u64) -> Audience {
        let guild = self.channels.get(&channel).and_then(|channel| channel.guild);
        Audience { guild, channel: Some(channel), intents: if guild.is_some() { in_guild } else { direct } }
    }

    pub(crate) fn live_sessions(&self) -> usize {
        self.sessions.iter().filter(|session| session.live.is_some()).count()
    }

    fn cut(&mut self, cut: Cut) {
        for session in &mut self.sessions {
            let out = match cut {
                Cut::Tcp => Out::Cut,
                Cut::Close(code) => Out::Close(code, "the test asked for it"),
                Cut::Reconnect => Out::Text(json!({"op": 7, "d": null, "s": null, "t": null}).to_string()),
                Cut::Invalid { resumable } => {
                    Out::Text(json!({"op": 9, "d": resumable, "s": null, "t": null}).to_string())
                }
            };
            if let Some(live) = &session.live {
                let _ = live.send(out);
            }
            if matches!(cut, Cut::Tcp | Cut::Close(_)) {
                session.live = None;
            }
        }
        if cut == (Cut::Invalid { resumable: false }) {
            self.sessions.clear();
        }
    }
}

impl Session {
    pub fn seq(&self) -> u64 {
        self.log.last().map_or(0, |logged| logged.seq)
    }

    /// Numbers an event, keeps it for a resume and sends it unless events are held.
    pub fn push(&mut self, event: &str, data: &Value, holds: bool) {
        let seq = self.seq() + 1;
        let frame = json!({"op": 0, "t": event, "s": seq, "d": data}).to_string();
        self.log.push(Logged { seq, frame });
        if !holds {
            self.flush();
        }
    }

    /// Sends everything that has not gone out yet.
    pub fn flush(&mut self) {
        let Some(live) = &self.live else { return };
        for logged in self.log.iter().filter(|logged| logged.seq > self.sent && !logged.frame.is_empty()) {
            let _ = live.send(Out::Text(logged.frame.clone()));
        }
        self.sent = self.seq();
    }

    fn release(&mut self, holds: bool) {
        if let Some((event, data)) = self.held_back.take() {
            self.push(&event, &data, holds);
        }
    }
}

impl FakeDiscord {
    /// Ends or disturbs every live connection of the gateway.
    pub fn cut(&self, cut: Cut) {
        self.shared().change(|world| world.cut(cut));
    }

    /// Sends a dispatch of any name to every session, as Discord does with events that are new.
    pub fn dispatches(&self, event: &str, data: &Value) {
        self.shared().change(|world| {
            for index in 0..world.sessions.len() {
                world.dispatch(index, event, data.clone());
            }
        });
    }

    /// Heartbeats get no answer.
    pub fn withhold_acks(&self, withhold: bool) {
        self.shared().change(|world| world.gate.withholds_acks = withhold);
    }

    /// A later resume is answered with opcode 9, `false`.
    pub fn forget_sessions(&self) {
        self.shared().change(|world| {
            world.sessions.retain(|session| session.live.is_some());
            world.sessions.iter_mut().for_each(|session| session.id.push_str("-forgotten"));
        });
    }

    /// Events wait until this is called with `false`, or until a resume asks for them.
    pub fn hold_events(&self, hold: bool) {
        self.shared().change(|world| {
            world.gate.holds_events = hold;
            if !hold {
                world.sessions.iter_mut().for_each(Session::flush);
            }
        });
    }

    /// Events come twice or swap places.
    pub fn disorder(&self, disorder: Option<Disorder>) {
        self.shared().change(|world| {
            world.gate.disorder = disorder.map(|disorder| (disorder, Random::new(disorder.seed)));
            world.release_all();
        });
    }
}

/// Lets events that wait to be overtaken go after a while.
pub(crate) async fn release_now_and_then(shared: Arc<Shared>) {
    loop {
        tokio::time::sleep(OVERTAKEN_WITHIN).await;
        if shared.look(|world| world.sessions.iter().any(|session| session.held_back.is_some())) {
            shared.change(World::release_all);
        }
    }
}
