//! A platform for tests: rooms, members and messages as a model, in this process or at the other end of a socket.
//!
//! It behaves as a good chat service does: every event is replayed until the cursor is moved past it, and a send
//! under a known key returns the first message instead of making another.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures::{StreamExt as _, stream};
use serde::{Deserialize, Serialize};

use super::{Face, Limits, OnceKey, Part, Platform, SendError, Streams};
use crate::crash;
use crate::db::{Db, meta};
use crate::domain::{Identity, Incoming, Moment, Place, PlaceRef, Privacy, Speaker};
use crate::ops::metrics;
use crate::turn::Turns;

/// As places name it.
pub const NAME: &str = "fake";
/// Longest message of the fake platform, in UTF-16 code units.
const MESSAGE_LEN: usize = 2_000;
/// What the fake platform allows.
pub const LIMITS: Limits = Limits {
    message_len: MESSAGE_LEN,
    messages_max: usize::MAX,
    takes_back: false,
    streams: Streams::No,
    discloses: false,
};
/// Where the cursor of the event stream is kept.
const CURSOR: &str = "fake.cursor";
/// Rooms whose events are handed over at once.
const SIDE_BY_SIDE: usize = 32;

/// Something a member said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Position in the stream, from 1.
    pub n: u64,
    pub room: String,
    pub privacy: Privacy,
    pub who: String,
    pub name: String,
    pub text: String,
    pub at: i64,
    pub is_bot: bool,
    pub reply_to: Option<String>,
    pub addressed: Option<String>,
}

impl Event {
    /// The event as the house takes it in.
    pub fn incoming(&self) -> Incoming {
        Incoming {
            account: "fake".into(),
            platform_id: format!("in-{}", self.n),
            place: PlaceRef {
                platform: "fake".into(),
                subject: self.room.clone(),
                parent: None,
                privacy: self.privacy,
                is_encrypted: is_encrypted(&self.room),
                is_adult: self.room.contains("18+"),
            },
            speaker: Speaker {
                identity: Identity { platform: "fake".into(), subject: self.who.clone() },
                name: self.name.clone(),
                is_bot: self.is_bot,
            },
            text: self.text.clone(),
            with: String::new(),
            pictures: Vec::new(),
            proxied: None,
            replaces: None,
            calls_house: false,
            at: Moment(self.at),
            reply_to: self.reply_to.clone(),
            called: Vec::new(),
            addressed: self.addressed.clone(),
            trace: format!("fake-{}", self.n),
        }
    }
}

/// Whether a room is encrypted: the fake platform tells by its name.
pub fn is_encrypted(room: &str) -> bool {
    room.contains("e2e")
}

/// Something the house said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    pub id: String,
    pub once: String,
    pub room: String,
    pub face: String,
    pub text: String,
    pub reply_to: Option<String>,
    pub is_notice: bool,
    /// How often it was sent again under the same key.
    pub repeats: u32,
}

/// The model of the service.
#[derive(Default)]
pub struct Rooms {
    model: Mutex<Model>,
}

#[derive(Clone, Default)]
struct Model {
    events: Vec<Event>,
    posts: Vec<Post>,
    by_once: HashMap<String, usize>,
    faults: Vec<SendError>,
    last_post_at: Option<Instant>,
}

impl Rooms {
    fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what a member says; returns the event with its place in the stream.
    pub fn say(&self, mut event: Event) -> Event {
        let mut model = self.model();
        event.n = model.events.len() as u64 + 1;
        model.events.push(event.clone());
        event
    }

    /// Goes on where other rooms are: the service stays what it is when another house comes to it.
    pub fn goes_on_from(&self, other: &Self) {
        let model = other.model().clone();
        *self.model() = model;
    }

    /// Events after position `n`.
    pub fn after(&self, n: u64) -> Vec<Event> {
        self.model().events.iter().filter(|event| event.n > n).cloned().collect()
    }

    /// Everything the house said, in order of arrival.
    pub fn posts(&self) -> Vec<Post> {
        self.model().posts.clone()
    }

    /// When the last send arrived.
    pub fn last_post_at(&self) -> Option<Instant> {
        self.model().last_post_at
    }

    /// The next sends fail like this, in order.
    pub fn fail(&self, faults: Vec<SendError>) {
        self.model().faults = faults;
    }

    /// Takes a message in; the same `once` gives the first message again.
    pub fn post(&self, mut post: Post) -> Result<String, SendError> {
        let mut model = self.model();
        model.last_post_at = Some(Instant::now());
        let fault = (!model.faults.is_empty()).then(|| model.faults.remove(0));
        // An unsure send has arrived all the same: the worst case.
        if let Some(fault) = &fault
            && !matches!(fault, SendError::Unsure(_))
        {
            return Err(fault.clone());
        }
        let id = match model.by_once.get(&post.once).copied() {
            Some(at) => {
                model.posts[at].repeats += 1;
                model.posts[at].id.clone()
            }
            None => {
                post.id = format!("out-{}", model.posts.len() + 1);
                let (id, at) = (post.id.clone(), model.posts.len());
                model.by_once.insert(post.once.clone(), at);
                model.posts.push(post);
                id
            }
        };
        fault.map_or(Ok(id), Err)
    }
}

/// Where the service is.
enum Wire {
    Here(Arc<Rooms>),
    Far { url: String, http: reqwest::Client },
}

/// The house's connection to the fake service.
pub struct FakePlatform {
    wire: Wire,
    discloses: bool,
}

impl FakePlatform {
    /// Connects to a service in this process.
    pub fn here(rooms: Arc<Rooms>) -> Self {
        Self { wire: Wire::Here(rooms), discloses: false }
    }

    /// Connects to a service at `url` on this machine.
    pub fn far(url: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build()?;
        Ok(Self { wire: Wire::Far { url: url.to_owned(), http }, discloses: false })
    }

    /// The same service, where newcomers have to be told that they talk with an AI.
    #[must_use]
    pub fn disclosing(self) -> Self {
        Self { discloses: true, ..self }
    }

    async fn events(&self, after: u64) -> anyhow::Result<Vec<Event>> {
        match &self.wire {
            Wire::Here(rooms) => Ok(rooms.after(after)),
            Wire::Far { url, http } => {
                Ok(http.get(format!("{url}/events/{after}")).send().await?.error_for_status()?.json().await?)
            }
        }
    }

    /// Hands every event to the pipeline and moves the cursor past it once it is stored, until the house stops.
    pub async fn run(&self, turns: &Turns, db: &Db, poll: Duration) {
        let soft = turns.life.soft();
        let mut cursor: u64 = meta::get(db, CURSOR).await.ok().flatten().and_then(|n| n.parse().ok()).unwrap_or(0);
        while !soft.is_cancelled() {
            cursor = self.hand_over(turns, db, cursor).await;
            tokio::select! {
                () = tokio::time::sleep(poll) => {}
                () = soft.cancelled() => {}
            }
        }
    }

    /// Hands over what is new after `cursor`: what was said in a room in its order, rooms side by side. Returns how far
    /// the cursor has come.
    async fn hand_over(&self, turns: &Turns, db: &Db, cursor: u64) -> u64 {
        let mut rooms: BTreeMap<String, Vec<Event>> = BTreeMap::new();
        for event in self.events(cursor).await.unwrap_or_default() {
            rooms.entry(event.room.clone()).or_default().push(event);
        }
        let passed = Mutex::new(Passed { to: cursor, ahead: BTreeSet::new() });
        let pass = |n| passed.lock().unwrap_or_else(PoisonError::into_inner).pass(n);
        let handed_over = stream::iter(rooms.into_values()).for_each_concurrent(SIDE_BY_SIDE, async |events| {
            for event in events {
                metrics::event("fake", metrics::Event::Said);
                if turns.receive(event.incoming()).await.is_err() {
                    return;
                }
                if let Some(cursor) = pass(event.n) {
                    let value = cursor.to_string();
                    if db.write(move |tx| Box::pin(async move { meta::set(tx, CURSOR, &value).await })).await.is_err() {
                        return;
                    }
                }
                crash::point("frame acknowledged");
            }
        });
        handed_over.await;
        passed.into_inner().unwrap_or_else(PoisonError::into_inner).to
    }
}

/// How far a stream has come whose events end in any order.
struct Passed {
    /// Every event up to this one has ended.
    to: u64,
    /// Later ones that have.
    ahead: BTreeSet<u64>,
}

impl Passed {
    /// Notes that event `n` has ended; where the stream has come to, if it has moved.
    fn pass(&mut self, n: u64) -> Option<u64> {
        self.ahead.insert(n);
        let before = self.to;
        while self.ahead.remove(&(self.to + 1)) {
            self.to += 1;
        }
        (self.to > before).then_some(self.to)
    }
}

#[async_trait]
impl Platform for FakePlatform {
    fn name(&self) -> &'static str {
        NAME
    }

    fn limits(&self) -> Limits {
        Limits { discloses: self.discloses, ..LIMITS }
    }

    async fn send(&self, to: &Place, part: &Part, once: &OnceKey) -> Result<String, SendError> {
        let post = Post {
            id: String::new(),
            once: once.0.clone(),
            room: to.subject.clone(),
            face: part.face.name.clone(),
            text: match &part.footer {
                Some(footer) => format!("{}\n-# {footer}", part.text),
                None => part.text.clone(),
            },
            reply_to: part.reply_to.clone(),
            is_notice: part.is_notice,
            repeats: 0,
        };
        match &self.wire {
            Wire::Here(rooms) => rooms.post(post),
            Wire::Far { url, http } => {
                let unsure = |error: reqwest::Error| SendError::Unsure(error.without_url().to_string());
                let sent = http.post(format!("{url}/send")).json(&post).send().await.map_err(unsure)?;
                sent.error_for_status().map_err(unsure)?.json().await.map_err(unsure)
            }
        }
    }

    fn writing(&self, _to: &Place, _face: &Face, _draft: Option<&str>) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_waits_for_the_oldest() {
        let mut passed = Passed { to: 3, ahead: BTreeSet::new() };
        let cursors = [5, 4, 7, 8, 6, 9].map(|n| passed.pass(n));
        assert_eq!(cursors, [None, Some(5), None, None, Some(8), Some(9)]);
    }
}
