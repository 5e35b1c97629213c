//! One WebSocket connection: hello, heartbeats, identify or resume, then whatever the world sends.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{Intent, Out, Resume, Session};
use crate::request::id_of;
use crate::state::{Shared, World};

/// Most payloads of a connection within a minute.
const MOST_PER_MINUTE: usize = 120;

/// Largest payload of a client, in bytes.
const LARGEST_PAYLOAD: usize = 4_096;

/// Why the fake closes: code and words.
type Closing = (u16, &'static str);

struct Connection {
    shared: Arc<Shared>,
    path: String,
    number: u64,
    out: UnboundedSender<Out>,
    has_session: bool,
    received: VecDeque<Instant>,
    last_heartbeat: Instant,
}

/// Serves a connection until either side ends it.
pub(crate) async fn connect(mut socket: WebSocket, shared: Arc<Shared>, path: String, query: String) {
    let (out, mut queue) = unbounded_channel();
    let (number, interval) = shared.change(|world| {
        world.gate.connections += 1;
        (world.gate.connections, world.gate.heartbeat_interval)
    });
    let has = |pair: &str| query.split('&').any(|known| known == pair);
    if !has("v=10") || query.contains("encoding=") && !has("encoding=json") || query.contains("compress=") {
        shared.change(|world| world.breach(format!("gateway: the query {query:?} is not v=10&encoding=json")));
        let _ = close(&mut socket, (4012, "Invalid API version")).await;
        return;
    }
    let hello = json!({"op": 10, "d": {"heartbeat_interval": interval, "_trace": []}, "s": null, "t": null});
    if socket.send(Message::text(hello.to_string())).await.is_err() {
        return;
    }
    let mut connection = Connection {
        shared: shared.clone(),
        path,
        number,
        out,
        has_session: false,
        received: VecDeque::new(),
        last_heartbeat: Instant::now(),
    };
    let ended = connection.run(&mut socket, &mut queue, Duration::from_millis(interval)).await;
    shared.change(|world| {
        for session in world.sessions.iter_mut().filter(|session| session.connection == number) {
            session.live = None;
        }
        if let Some(code) = ended {
            world.gate.close_codes.push(code);
        }
        // A client that says good-bye cannot take its session up again.
        if matches!(ended, Some(Some(1000 | 1001))) {
            world.sessions.retain(|session| session.connection != number);
        }
    });
}

async fn close(socket: &mut WebSocket, (code, reason): Closing) -> Result<(), axum::Error> {
    socket.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await?;
    // The client answers with its own close frame; a client that does not is left alone.
    let _ = tokio::time::timeout(Duration::from_millis(500), async { while let Some(Ok(_)) = socket.recv().await {} })
        .await;
    Ok(())
}

impl Connection {
    /// The client's close code, `Some(None)` where it went without a word; `None`: the fake ended it.
    async fn run(
        &mut self,
        socket: &mut WebSocket,
        queue: &mut UnboundedReceiver<Out>,
        interval: Duration,
    ) -> Option<Option<u16>> {
        loop {
            let silent_until = tokio::time::Instant::from_std(self.last_heartbeat + interval * 2);
            tokio::select! {
                frame = socket.recv() => match frame {
                    Some(Ok(Message::Text(text))) => {
                        if let Err(closing) = self.received(text.as_str()) {
                            let _ = close(socket, closing).await;
                            return None;
                        }
                    }
                    Some(Ok(Message::Close(frame))) => return Some(frame.map(|frame| frame.code)),
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Some(None),
                },
                out = queue.recv() => match out {
                    Some(Out::Text(text)) => {
                        if socket.send(Message::text(text)).await.is_err() {
                            return Some(None);
                        }
                    }
                    Some(Out::Close(code, reason)) => {
                        let _ = close(socket, (code, reason)).await;
                        return None;
                    }
                    Some(Out::Cut) | None => return None,
                },
                () = tokio::time::sleep_until(silent_until) => {
                    self.shared.change(|world| world.breach("gateway: no heartbeat for two intervals"));
                    let _ = close(socket, (4009, "Session timed out.")).await;
                    return None;
                }
            }
        }
    }

    fn received(&mut self, text: &str) -> Result<(), Closing> {
        let now = Instant::now();
        self.received.push_back(now);
        while self.received.front().is_some_and(|&at| now - at > Duration::from_secs(60)) {
            self.received.pop_front();
        }
        if self.received.len() > MOST_PER_MINUTE {
            return Err(self.wrong(4008, "more than 120 payloads within a minute"));
        }
        if text.len() > LARGEST_PAYLOAD {
            return Err(self.wrong(4002, "a payload of more than 4096 bytes"));
        }
        let Ok(payload) = serde_json::from_str::<Value>(text) else {
            return Err(self.wrong(4002, "a payload that is no JSON"));
        };
        let data = &payload["d"];
        match payload["op"].as_u64() {
            Some(1) => {
                self.last_heartbeat = now;
                let withholds = self.shared.change(|world| {
                    world.gate.heartbeats += 1;
                    world.gate.withholds_acks
                });
                if !withholds {
                    self.send(&json!({"op": 11, "d": null, "s": null, "t": null}));
                }
                Ok(())
            }
            Some(2 | 6) if self.still_has_session() => Err(self.wrong(4005, "a second identify or resume")),
            Some(2) => self.identify(data),
            Some(6) => self.resume(data),
            Some(_) if !self.has_session => Err(self.wrong(4003, "a payload before identify")),
            Some(3) => Ok(()),
            Some(8) => {
                self.members(data);
                Ok(())
            }
            _ => Err(self.wrong(4001, "an unknown opcode")),
        }
    }

    /// Whether the session of this connection lives; opcode 9 ends it and leaves the connection.
    fn still_has_session(&self) -> bool {
        let number = self.number;
        self.has_session && self.shared.look(|world| world.sessions.iter().any(|session| session.connection == number))
    }

    /// Notes a broken rule and says how to close for it.
    fn wrong(&self, code: u16, what: &'static str) -> Closing {
        self.shared.change(|world| world.breach(format!("gateway: {what} (close {code})")));
        (code, what)
    }

    fn send(&self, payload: &Value) {
        let _ = self.out.send(Out::Text(payload.to_string()));
    }

    fn identify(&mut self, data: &Value) -> Result<(), Closing> {
        let shared = self.shared.clone();
        let number = self.number;
        let outcome = shared.change(|world| world.identify(data, number, self.out.clone()));
        match outcome {
            Ok(()) => {
                self.has_session = true;
                Ok(())
            }
            Err(None) => {
                self.send(&json!({"op": 9, "d": false, "s": null, "t": null}));
                Ok(())
            }
            Err(Some((code, what))) => Err(self.wrong(code, what)),
        }
    }

    fn resume(&mut self, data: &Value) -> Result<(), Closing> {
        let (path, number, out) = (self.path.clone(), self.number, self.out.clone());
        let shared = self.shared.clone();
        self.has_session = shared.change(|world| world.resume(data, path, number, out))?;
        if !self.has_session {
            self.send(&json!({"op": 9, "d": false, "s": null, "t": null}));
        }
        Ok(())
    }

    /// GUILD_MEMBERS_CHUNK for a request of members.
    fn members(&self, data: &Value) {
        let Some(guild) = id_of(&data["guild_id"]) else { return };
        self.shared.change(|world| {
            let Some(found) = world.guilds.get(&guild) else { return };
            let wanted: Vec<u64> = match &data["user_ids"] {
                Value::Array(ids) => ids.iter().filter_map(id_of).collect(),
                Value::Null => found.members.keys().copied().collect(),
                one => id_of(one).into_iter().collect(),
            };
            let (known, unknown): (Vec<u64>, Vec<u64>) =
                wanted.into_iter().partition(|user| found.members.contains_key(user));
            let members: Vec<Value> = known.iter().map(|&user| world.member_with_user(guild, user)).collect();
            let chunk = json!({
                "guild_id": guild.to_string(), "members": members, "chunk_index": 0, "chunk_count": 1,
                "not_found": unknown.iter().map(u64::to_string).collect::<Vec<_>>(), "nonce": data["nonce"],
            });
            let index = world.sessions.iter().position(|session| session.connection == self.number);
            if let Some(index) = index {
                world.dispatch(index, "GUILD_MEMBERS_CHUNK", chunk);
            }
        });
    }
}

impl World {
    /// Begins a session; `Err(None)`: too many at once, or refused because the test asked for it.
    fn identify(&mut self, data: &Value, number: u64, out: UnboundedSender<Out>) -> Result<(), Option<Closing>> {
        let now = Instant::now();
        let mut kept = data.clone();
        kept["token"] = json!(if data["token"] == *self.token { "right" } else { "wrong" });
        self.gate.identifies.push(kept);
        if data["token"].as_str().map(|token| token.trim_start_matches("Bot ")) != Some(&self.token) {
            return Err(Some((4004, "Authentication failed.")));
        }
        let Some(intents) = data["intents"].as_u64().filter(|intents| intents & !Intent::ALL == 0) else {
            return Err(Some((4013, "Invalid intent(s).")));
        };
        if intents & Intent::PRIVILEGED & !self.gate.privileged != 0 {
            return Err(Some((4014, "Disallowed intent(s).")));
        }
        if !data["properties"].is_object() {
            return Err(Some((4002, "identify without properties")));
        }
        let shard = data["shard"][0].as_u64().unwrap_or(0);
        let shards = data["shard"][1].as_u64().unwrap_or(1);
        if shards == 0 || shard >= shards {
            return Err(Some((4010, "Invalid shard.")));
        }
        if shards < self.gate.shards {
            return Err(Some((4011, "Sharding required.")));
        }
        if self.gate.starts_left == 0 {
            return Err(Some((4004, "no session start is left: Discord resets the token")));
        }
        self.gate.starts_left -= 1;
        let key = shard % self.gate.max_concurrency;
        self.gate.starts.retain(|(at, _)| now - *at < self.gate.identify_window);
        if self.gate.starts.iter().any(|(_, shard)| shard % self.gate.max_concurrency == key) {
            self.breach("gateway: a second identify within 5 s beyond max_concurrency");
            return Err(None);
        }
        self.gate.starts.push((now, shard));
        if self.gate.refusals_left > 0 {
            self.gate.refusals_left -= 1;
            return Err(None);
        }
        self.begin_session(number, out, intents, (shard, shards));
        Ok(())
    }

    fn begin_session(&mut self, number: u64, out: UnboundedSender<Out>, intents: u64, (shard, shards): (u64, u64)) {
        // An identify ends what the same shard had before.
        self.sessions.retain(|session| session.shard != shard || session.live.is_some());
        let id = self.secret(32).to_lowercase();
        let guilds: Vec<u64> = self
            .guilds
            .values()
            .filter(|guild| guild.members.contains_key(&self.bot) && (guild.id >> 22) % shards == shard)
            .map(|guild| guild.id)
            .collect();
        let ready = json!({
            "v": 10, "user": self.own_view(), "session_id": id, "session_type": "normal", "relationships": [],
            "resume_gateway_url": format!("ws://{}/resume", self.address), "private_channels": [], "presences": [],
            "guilds": guilds.iter().map(|id| json!({"id": id.to_string(), "unavailable": true})).collect::<Vec<_>>(),
            "application": {"id": self.application.to_string(), "flags": self.gate.application_flags()},
            "shard": [shard, shards], "geo_ordered_rtc_regions": [], "guild_join_requests": [], "user_settings": {},
            "auth": {}, "_trace": [],
        });
        let mut session = Session {
            id,
            shard,
            shards,
            intents,
            log: Vec::new(),
            sent: 0,
            live: Some(out),
            connection: number,
            held_back: None,
        };
        session.push("READY", &ready, false);
        if intents & Intent::GUILDS != 0 {
            let all_members = intents & Intent::GUILD_MEMBERS != 0;
            let inside = self.inside();
            for guild in guilds.iter().filter_map(|id| self.guilds.get(id)).filter(|guild| guild.available) {
                session.push(
                    "GUILD_CREATE",
                    &self.guild_create(guild, inside.get(&guild.id).map_or(&[], Vec::as_slice), all_members),
                    false,
                );
            }
        }
        self.sessions.push(session);
    }

    /// Takes a session up again and replays what it missed; `false`: it is gone.
    fn resume(&mut self, data: &Value, path: String, number: u64, out: UnboundedSender<Out>) -> Result<bool, Closing> {
        let session_id = data["session_id"].as_str().unwrap_or_default().to_owned();
        let seq = data["seq"].as_u64().unwrap_or(0);
        let found = self.sessions.iter_mut().find(|session| session.id == session_id);
        let resumed = found.is_some();
        self.gate.resumes.push(Resume { session_id, seq, path, resumed });
        if data["token"].as_str().map(|token| token.trim_start_matches("Bot ")) != Some(&self.token) {
            self.breach("gateway: resume with a wrong token (close 4004)");
            return Err((4004, "Authentication failed."));
        }
        let Some(session) = found else { return Ok(false) };
        if seq > session.seq() {
            self.breach("gateway: resume with a sequence number that was never sent (close 4007)");
            return Err((4007, "Invalid seq."));
        }
        session.connection = number;
        session.live = Some(out);
        session.sent = seq;
        session.flush();
        session.push("RESUMED", &json!({"_trace": []}), false);
        // It has a number, but a later resume does not replay it.
        if let Some(last) = session.log.last_mut() {
            last.frame.clear();
        }
        Ok(true)
    }
}
