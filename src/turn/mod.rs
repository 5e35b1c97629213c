//! The life of one reply, in reading order: [`receive`], [`trigger`], [`context`], [`prompt`], [`generate`],
//! [`deliver`], [`settle`].
//!
//! Each arrow of a turn's state is one transaction; a crash between two of them is resumed from the last.

mod again;
mod change;
pub mod context;
mod deliver;
mod elsewhere;
mod ends;
mod erase;
mod generate;
pub mod made_of;
mod pictures;
pub mod prompt;
mod receive;
#[cfg(feature = "testing")]
mod rehearse;
mod remembered;
mod settle;
mod store;
mod stream;
mod telling;
pub mod trigger;

use std::collections::HashMap;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::avatars::Avatars;
use crate::config::OperatorKey;
use crate::crash;
use crate::db::lanes::{self, Claim, Hand};
use crate::db::turns::{Cost, Delivery};
use crate::db::{self, Db, Script, ledger, messages, turns};
use crate::directory::Directory;
use crate::domain::{Clock, MemberId, Outcome, PlaceId, Refusal, Role, Turn, TurnId, TurnState};
use crate::guard::pace::Pace;
use crate::keyring::Keyring;
use crate::life::Life;
use crate::model::LlmProvider;
use crate::ops::metrics;
use crate::ops::traces;
use crate::outside::Outside;
use crate::platform::Platform;
use crate::queue::{Doorbell, LaneWorker};
use crate::recall::Recall;
use crate::texts::Texts;

pub use again::{Asking, Stays};
use ends::Ends;
pub use erase::Retention;
use made_of::MadeOf;
pub use receive::Received;

/// How long a lane stays with a worker that says nothing. A house alone has nobody who would take it but itself, started
/// anew: it can be patient with its database.
const LEASE_MILLIS: i64 = 20_000;
/// The same where several processes share the work.
const SHARED_LEASE_MILLIS: i64 = 10_000;
/// How often a worker at a long answer extends its lease and looks for a cancellation.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// How long an answer that is being made, or is to be stored, outlives a database that is away: what it cost is not thrown
/// away for a restart of the server. Less than the lease by a heartbeat and what a write may wait.
const OUTLIVES: Duration = Duration::from_secs(10);
const SHARED_OUTLIVES: Duration = Duration::from_secs(5);
/// A turn that was taken up this often without an end has killed its workers; it ends with an apology.
const ATTEMPTS_MAX: i64 = 5;
/// Tries beside other turns. After them each is made alone: a worker that ends by something else takes many along, but
/// hardly ever one and the same that is alone.
const TRIES_BESIDE_OTHERS: i64 = 2;
/// Wait before a turn is tried again after the database or a platform failed.
const RETRY_MILLIS: i64 = 1_000;
/// How often whoever waits for an end looks into the database: another process may have ended the turn.
const END_CHECK: Duration = Duration::from_secs(1);

/// Settings of the turn pipeline.
#[derive(Clone, Debug)]
pub struct TurnSettings {
    /// Who this process is: the same name after a restart takes its own lanes back at once.
    pub hand: Hand,
    /// What starts a textual mention.
    pub mention: char,
    /// IANA zone for members who chose none.
    pub time_zone: String,
    /// Locale for members who chose none.
    pub locale: String,
    /// The operators, as `platform:subject`.
    pub owners: Vec<String>,
    /// Whom the operator's model serves.
    pub operator_key: OperatorKey,
    /// Personalities that one message may call.
    pub slots: usize,
    /// How long an answer may take before whoever waits is told that it takes longer.
    pub patience: Duration,
}

impl TurnSettings {
    /// The usual [`Self::patience`].
    pub const PATIENCE: Duration = Duration::from_secs(60);
}

/// The platforms that are connected, by name.
#[derive(Clone, Default)]
pub struct Platforms(Arc<RwLock<HashMap<&'static str, Arc<dyn Platform>>>>);

impl Platforms {
    /// Connects a platform.
    pub fn add(&self, platform: Arc<dyn Platform>) {
        metrics::platform_added(platform.name());
        self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner).insert(platform.name(), platform);
    }

    /// Whether none is connected.
    pub fn is_empty(&self) -> bool {
        self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner).is_empty()
    }

    /// The platform named `name`, if connected.
    pub fn get(&self, name: &str) -> Option<Arc<dyn Platform>> {
        self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(name).cloned()
    }

    /// All of them, by name, and whether people are heard there now.
    pub fn all(&self) -> Vec<(&'static str, bool)> {
        let platforms = self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut all: Vec<_> = platforms.values().map(|platform| (platform.name(), platform.is_connected())).collect();
        all.sort_unstable();
        all
    }
}

/// What the pipeline is built from.
pub struct Parts {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub directory: Arc<Directory>,
    pub model: Arc<dyn LlmProvider>,
    pub recall: Arc<Recall>,
    pub keyring: Arc<Keyring>,
    pub platforms: Platforms,
    pub texts: Arc<Texts>,
    pub doorbell: Arc<dyn Doorbell>,
    pub life: Life,
    pub pace: Pace,
    /// Pictures of members' characters.
    pub avatars: Avatars,
    /// The only way to addresses that members name.
    pub outside: Outside,
    pub settings: TurnSettings,
}

/// The pipeline: takes messages in, works lanes off.
pub struct Turns {
    parts: Parts,
    ends: Ends,
    running: dashmap::DashMap<TurnId, CancellationToken>,
    /// What this process shows of answers that are being written.
    drafts: dashmap::DashMap<TurnId, turns::Draft>,
    /// Held by the one turn on its last try: what was under way beside a turn that ends its workers would be given up with
    /// it.
    last_try: tokio::sync::Mutex<()>,
    /// Turns of which something was taken back: what they taught is not written down any more.
    forgotten: Arc<dashmap::DashMap<TurnId, ()>>,
}

/// The leave to be the one turn on its last try.
type Alone<'t> = tokio::sync::MutexGuard<'t, ()>;

impl std::ops::Deref for Turns {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}

/// The text of a turn once it is stored: what delivering and settling need.
struct Stored {
    text: String,
    /// An apology of the house rather than the personality's words.
    is_notice: bool,
    made_of: Option<MadeOf>,
    parts: Vec<Delivery>,
    /// What the member said, for the memory of the exchange; not what came with it.
    said: String,
}

/// How a turn ended.
struct Ended {
    state: TurnState,
    /// The lane has nothing more and was given up.
    lane_is_empty: bool,
}

/// Why a turn stopped short.
#[derive(Debug)]
enum Stopped {
    /// Another worker has the lane: leave everything as it is.
    Fenced,
    /// Withdrawn while it ran.
    Cancelled,
    /// The process is stopping: the turn is resumed by the next start, or by another process.
    Leaving,
    /// The text is stored: the process that holds the account says it.
    HandedOver,
    /// Try again at a later time.
    Later(&'static str),
}

impl From<db::Error> for Stopped {
    fn from(error: db::Error) -> Self {
        match error {
            db::Error::Fenced => Self::Fenced,
            error => {
                crate::ops_error("turn", &error);
                Self::Later("database")
            }
        }
    }
}

impl Turns {
    /// Builds the pipeline.
    pub fn new(parts: Parts) -> Arc<Self> {
        Arc::new(Self {
            parts,
            ends: Ends::default(),
            running: dashmap::DashMap::new(),
            drafts: dashmap::DashMap::new(),
            last_try: tokio::sync::Mutex::default(),
            forgotten: Arc::default(),
        })
    }

    /// Waits until a turn has ended: answered, apologised for or withdrawn.
    pub async fn ended(&self, turn: &TurnId) -> Result<TurnState, db::Error> {
        loop {
            let end = self.ends.of(turn);
            match turns::state(&self.db, turn).await? {
                Some(TurnState::Queued | TurnState::Running | TurnState::Sending) => {}
                state => {
                    let state = state.unwrap_or(TurnState::Cancelled);
                    self.ends.tell(turn, state);
                    return Ok(state);
                }
            }
            if let Ok(Ok(state)) = tokio::time::timeout(END_CHECK, end).await {
                return Ok(state);
            }
        }
    }

    /// Withdraws a member's unanswered turns in a place: queued ones never start, running ones stop.
    pub async fn cancel(&self, place: &PlaceId, member: &crate::domain::MemberId) -> Result<u64, db::Error> {
        let (lane, who, now) = (place.clone(), member.clone(), self.clock.now());
        let withdrawn =
            self.db.write(move |tx| Box::pin(async move { turns::cancel(tx, &lane, &who, now).await })).await?;
        for running in &self.running {
            if turns::is_cancelled(&self.db, running.key()).await? {
                running.value().cancel();
            }
        }
        Ok(withdrawn)
    }

    fn lease_millis(&self) -> i64 {
        if self.settings.hand.role == Role::House { LEASE_MILLIS } else { SHARED_LEASE_MILLIS }
    }

    fn outlives(&self) -> Duration {
        if self.settings.hand.role == Role::House { OUTLIVES } else { SHARED_OUTLIVES }
    }

    /// Takes a lane and its oldest turn; one on its last tries only with the leave to be the only one.
    async fn claim(&self, lane: &PlaceId) -> Result<(Claim, Option<Alone<'_>>), db::Error> {
        match self.claim_but(lane, Some(TRIES_BESIDE_OTHERS)).await? {
            Claim::Spared => match self.last_try.try_lock() {
                Ok(alone) => Ok((self.claim_but(lane, None).await?, Some(alone))),
                Err(_) => Ok((Claim::Spared, None)),
            },
            claim => Ok((claim, None)),
        }
    }

    async fn claim_but(&self, lane: &PlaceId, but: Option<i64>) -> Result<Claim, db::Error> {
        let (lane, hand, now) = (lane.clone(), self.settings.hand.clone(), self.clock.now());
        let until = now.plus_millis(self.lease_millis());
        self.db.write(move |tx| Box::pin(async move { lanes::claim(tx, &lane, &hand, now, until, but).await })).await
    }

    /// Takes a turn from where it stands to its end; `alone` is held until there is an answer.
    async fn process(&self, turn: &Turn, alone: Option<Alone<'_>>) -> Result<Ended, Stopped> {
        let started = self.clock.now();
        let Some(place) = self.directory.place_by_id(&turn.place).await? else { return Err(Stopped::Cancelled) };
        let stored = if turn.state == TurnState::Sending {
            self.stored(turn).await?
        } else {
            crash::point("lane claimed");
            if turn.attempt == 1 {
                let waited = u64::try_from(started.millis_since(turn.created_at)).unwrap_or(0);
                traces::waited(turn, Duration::from_millis(waited));
            }
            // A turn that was withdrawn is taken up only for what it had shown.
            if turn.attempt > 1 && turns::is_cancelled(&self.db, &turn.id).await? {
                return Err(Stopped::Cancelled);
            }
            if turn.attempt > ATTEMPTS_MAX {
                tracing::error!(turn.id = %turn.id, turn.attempt, "a turn was given up: it ended its worker too often");
                let line = Refusal::new("failure-gave-up").into();
                self.say_instead(turn, &place, line, "gave_up", None, Cost::Lost).await?
            } else {
                let cancel = self.life.hard().child_token();
                self.running.insert(turn.id.clone(), cancel.clone());
                let generated = self.generate(turn, &place, started, &cancel).await;
                self.running.remove(&turn.id);
                generated?
            }
        };
        drop(alone);
        if self.settings.hand.role == Role::Worker {
            return Err(Stopped::HandedOver);
        }
        let delivered = self.deliver(turn, &place, &stored).await?;
        self.settle(turn, &place, stored, delivered).await
    }

    /// What was stored for a turn that an earlier attempt answered.
    async fn stored(&self, turn: &Turn) -> Result<Stored, Stopped> {
        let (text, failure, made_of) = turns::answer(&self.db, &turn.id).await?.ok_or(Stopped::Fenced)?;
        Ok(Stored {
            text,
            is_notice: failure.is_some(),
            made_of: serde_json::from_value(made_of).ok(),
            parts: turns::parts(&self.db, &turn.id).await?,
            said: messages::start(&self.db, turn).await?.said.join("\n"),
        })
    }

    /// Ends a turn that was withdrawn.
    async fn withdraw(&self, turn: &Turn) -> Result<(), Stopped> {
        if let Some(place) = self.directory.place_by_id(&turn.place).await? {
            self.withdraw_draft(turn, &place).await?;
        }
        let (turn, role, now) = (turn.clone(), self.settings.hand.role, self.clock.now());
        let writing = self.db.write(move |tx| {
            Box::pin(async move {
                lanes::leave(tx, &turn, role).await?;
                let mut script = Script::default();
                turns::end(&mut script, &turn.id, TurnState::Cancelled, now);
                // The call may have been under way: what it was allowed to use counts as used.
                ledger::lose(&mut script, &turn.id);
                script.run(tx).await
            })
        });
        Ok(writing.await?)
    }

    /// Whether what is to be said in a lane may be said by this process.
    async fn speaks_in(&self, lane: &PlaceId) -> bool {
        if self.settings.hand.role != Role::Gateway {
            return true;
        }
        match self.directory.place_by_id(lane).await {
            Ok(place) => place.is_some_and(|place| self.platforms.get(&place.platform).is_some()),
            Err(error) => {
                crate::ops_error("claim", &error);
                false
            }
        }
    }

    /// Gives the lane of an unfinished turn to whoever goes on with it; this process comes back to its own by its name.
    async fn let_go(&self, turn: &Turn) {
        if self.settings.hand.role == Role::House {
            return;
        }
        let (lane, epoch) = (turn.place.clone(), turn.epoch);
        let writing = self.db.write(move |tx| Box::pin(async move { lanes::release(tx, &lane, epoch).await }));
        if let Err(error) = writing.await {
            crate::ops_error("letting go", &error);
        }
    }

    async fn later(&self, turn: &Turn) -> Result<(), db::Error> {
        let (id, epoch, now) = (turn.id.clone(), turn.epoch, self.clock.now());
        let run_at = now.plus_millis(RETRY_MILLIS);
        self.db.write(move |tx| Box::pin(async move { lanes::later(tx, &id, epoch, run_at, now).await })).await
    }
}

#[async_trait]
impl LaneWorker for Turns {
    async fn work(&self, lane: &PlaceId) {
        if !self.speaks_in(lane).await {
            return;
        }
        while !self.life.soft().is_cancelled() {
            let (turn, alone) = match self.claim(lane).await {
                Ok((Claim::Turn(turn), alone)) => (turn, alone),
                Ok((Claim::Withdrawn(turn), _)) => {
                    self.ends.tell(&turn, TurnState::Cancelled);
                    continue;
                }
                // The sweep rings again when it is due.
                Ok((Claim::Taken | Claim::Empty | Claim::Later(_) | Claim::Spared, _)) => return,
                Err(error) => return crate::ops_error("claim", &error),
            };
            let span = tracing::info_span!("turn", trace = %turn.trace, turn.id = %turn.id, turn.attempt);
            let processed = match self.process(&turn, alone).instrument(span.clone()).await {
                Err(Stopped::Cancelled) => match self.withdraw(&turn).instrument(span).await {
                    Ok(()) => Err(Stopped::Cancelled),
                    Err(stopped) => Err(stopped),
                },
                processed => processed,
            };
            match processed {
                Ok(ended) => {
                    self.ends.tell(&turn.id, ended.state);
                    if ended.lane_is_empty {
                        return;
                    }
                }
                Err(Stopped::Cancelled) => {
                    metrics::turn_ended(Outcome::Cancelled);
                    traces::ended(&turn, Outcome::Cancelled.as_str(), self.clock.now());
                    self.ends.tell(&turn.id, TurnState::Cancelled);
                }
                Err(Stopped::Later(why)) => {
                    tracing::warn!(turn.id = %turn.id, why, "a turn waits for another try");
                    if let Err(error) = self.later(&turn).await {
                        crate::ops_error("turn", &error);
                    }
                    return;
                }
                Err(Stopped::HandedOver) => {
                    tracing::info!(turn.id = %turn.id, "an answer is written");
                    return;
                }
                Err(stopped @ (Stopped::Fenced | Stopped::Leaving)) => {
                    self.drafts.remove(&turn.id);
                    if matches!(stopped, Stopped::Leaving) {
                        self.let_go(&turn).await;
                    }
                    return;
                }
            }
        }
    }

    async fn waiting(&self) -> Vec<(PlaceId, MemberId)> {
        if self.settings.hand.role == Role::Gateway && self.platforms.is_empty() {
            return Vec::new();
        }
        lanes::waiting(&self.db, &self.settings.hand, self.clock.now()).await.unwrap_or_else(|error| {
            crate::ops_error("scan", &error);
            Vec::new()
        })
    }
}
