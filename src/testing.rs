//! A whole house for tests: real database, real queue, real recall; a scripted model, a fake platform, a clock that
//! is advanced.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use crate::avatars::Avatars;
use crate::config::{Config, LlmConfig, OperatorKey};
use crate::db::lanes::Hand;
use crate::db::{self, Db, turns};
use crate::directory::Directory;
use crate::distil::{self, Distiller};
use crate::domain::{
    Clock, Identity, KeySource, Moment, PersonalityFile, PlaceRef, Privacy, Role, Scope, SystemClock, TurnId,
};
use crate::guard::pace::{Pace, Rates};
use crate::keyring::Keyring;
use crate::life::{Ending, Life};
use crate::model::providers::Providers;
use crate::model::{ChatRequest, Finish, LlmProvider, ModelError, ModelInfo, Reply, TokenUse, tokens};
use crate::outside::{Outside, Rules};
use crate::platform::fake::{self, Event, FakePlatform, Rooms};
use crate::queue::local::LocalDoorbell;
use crate::recall::{Embedder, Recall, RecallError, Side, Space, VectorStore, Weights};
use crate::strongbox::Strongbox;
use crate::texts::Texts;
use crate::turn::{Parts, Platforms, Received, TurnSettings, Turns};
use crate::vault::Vault;

/// The setting that names the PostgreSQL server of the tests: an admin URL.
pub const POSTGRES_SETTING: &str = "GREENROOM_TEST_POSTGRES";

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// A scratch folder, gone when dropped.
pub struct Scratch(std::path::PathBuf);

impl Scratch {
    /// Makes a new empty folder.
    #[expect(clippy::new_without_default, reason = "making a folder is not a default value")]
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(format!("greenroom-{}", SystemClock::default().id()));
        std::fs::create_dir_all(&path).expect("the temporary folder is writable");
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &std::path::Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// URL of a new empty database; a PostgreSQL one is dropped by the scratch server's end.
pub async fn fresh_database(engine: Engine, scratch: &Scratch) -> String {
    match engine {
        Engine::Sqlite => format!("sqlite://{}", scratch.path().join("greenroom.db").display()),
        Engine::Postgres => {
            #[expect(clippy::disallowed_methods, reason = "a setting of the tests, not of the program")]
            let admin = std::env::var(POSTGRES_SETTING)
                .unwrap_or_else(|_| panic!("{POSTGRES_SETTING} names no PostgreSQL server; run the tests with ./test"));
            let name = format!("t_{}", SystemClock::default().id());
            db::create_database(&admin, &name).await.expect("the test server makes databases");
            let (server, _) = admin.rsplit_once('/').expect("the admin URL names a database");
            format!("{server}/{name}")
        }
    }
}

/// A clock that starts at a fixed time and moves only when told to. Ids are made by the system's clock.
pub struct TestClock {
    now: AtomicI64,
    ids: SystemClock,
}

impl TestClock {
    /// How far time was moved on.
    pub fn elapsed(&self) -> Duration {
        let moved = self.now.load(Ordering::SeqCst) - Self::default().now.into_inner();
        Duration::from_millis(u64::try_from(moved).unwrap_or_default())
    }

    /// Moves time on.
    pub fn advance(&self, by: Duration) {
        self.now.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
    }

    /// Sets time back, as a machine's clock that is put right.
    pub fn set_back(&self, by: Duration) {
        self.now.fetch_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
    }
}

impl Default for TestClock {
    fn default() -> Self {
        // Saturday, 21 November 2026, noon UTC.
        Self { now: AtomicI64::new(1_795_262_400_000), ids: SystemClock::default() }
    }
}

impl Clock for TestClock {
    fn now(&self) -> Moment {
        Moment(self.now.load(Ordering::SeqCst))
    }

    fn id(&self) -> String {
        self.ids.id()
    }
}

/// Words as directions: texts that share words are near. No model, no download, always the same.
pub struct HashEmbedder(Space);

impl Default for HashEmbedder {
    fn default() -> Self {
        Self(Space { model: "hash".into(), revision: "1".into(), dimension: 64, query_prefix: String::new() })
    }
}

#[async_trait]
impl Embedder for HashEmbedder {
    fn space(&self) -> &Space {
        &self.0
    }

    fn max_tokens(&self) -> usize {
        512
    }

    fn count(&self, text: &str) -> usize {
        text.split_whitespace().count()
    }

    async fn embed(&self, _: Side, texts: &[&str]) -> Result<Vec<Vec<f32>>, RecallError> {
        Ok(texts.iter().map(|text| hashed(text)).collect())
    }
}

fn hashed(text: &str) -> Vec<f32> {
    let mut vector = vec![0.001_f32; 64];
    for word in text.to_lowercase().split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let hash = Sha256::digest(word.as_bytes());
        for pair in hash.chunks_exact(2).take(4) {
            vector[usize::from(pair[0]) % 64] += if pair[1] % 2 == 0 { 1.0 } else { -1.0 };
        }
    }
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    vector.iter().map(|x| x / length).collect()
}

type Respond = Box<dyn Fn(&ChatRequest) -> Result<String, ModelError> + Send + Sync>;

/// A model that answers by a function, and keeps what it was asked.
pub struct Answering {
    respond: Respond,
    asked: Mutex<Vec<ChatRequest>>,
    queue: Mutex<VecDeque<Result<String, ModelError>>>,
    last_call: Mutex<Option<(Instant, Instant)>>,
    /// How long each answer takes.
    pub delay_millis: AtomicU64,
    /// How long each word of an answer takes; 0: all of it comes at once.
    pub word_millis: AtomicU64,
    breaks: Mutex<Option<ModelError>>,
    /// Whether it takes pictures.
    pub sees: AtomicBool,
    context: u32,
}

impl Answering {
    /// A model that answers what `respond` gives.
    pub fn with(respond: impl Fn(&ChatRequest) -> Result<String, ModelError> + Send + Sync + 'static) -> Self {
        Self {
            respond: Box::new(respond),
            asked: Mutex::default(),
            queue: Mutex::default(),
            last_call: Mutex::default(),
            delay_millis: AtomicU64::new(0),
            word_millis: AtomicU64::new(0),
            breaks: Mutex::default(),
            sees: AtomicBool::new(false),
            context: 32_000,
        }
    }

    /// Everything it was asked.
    pub fn asked(&self) -> Vec<ChatRequest> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What it was asked since the last time this was asked.
    pub fn take_asked(&self) -> Vec<ChatRequest> {
        std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// When the last call came, and when its answer was complete.
    pub fn last_call(&self) -> (Instant, Instant) {
        self.last_call.lock().unwrap_or_else(PoisonError::into_inner).expect("the model was asked")
    }

    /// The next answer ends in this, after all its words.
    pub fn breaks_with(&self, error: ModelError) {
        *self.breaks.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    /// The next answers, before the function is asked again.
    pub fn next(&self, answers: impl IntoIterator<Item = Result<String, ModelError>>) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).extend(answers);
    }
}

impl Default for Answering {
    /// Answers `re: ` and the last line asked.
    fn default() -> Self {
        Self::with(|request| {
            let last = request.lines.last().map(|line| line.content.as_str()).unwrap_or_default();
            Ok(format!("re: {}", last.lines().last().unwrap_or_default()))
        })
    }
}

#[async_trait]
impl LlmProvider for Answering {
    fn info(&self, _: &str) -> ModelInfo {
        ModelInfo {
            provider: "test".into(),
            model: "answering".into(),
            context: self.context,
            key_source: KeySource::Local,
            tiny: false,
            sees: self.sees.load(Ordering::SeqCst),
        }
    }

    async fn reply(
        &self,
        request: &ChatRequest,
        on_text: &mut (dyn for<'t> FnMut(&'t str) + Send),
        cancel: &CancellationToken,
    ) -> Result<Reply, ModelError> {
        let called = Instant::now();
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
        let delay = Duration::from_millis(self.delay_millis.load(Ordering::SeqCst));
        if !delay.is_zero() {
            tokio::select! {
                () = tokio::time::sleep(delay) => {}
                () = cancel.cancelled() => return Err(ModelError::new(crate::model::ErrorClass::Cancelled, "cancelled")),
            }
        }
        let queued = self.queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let text = queued.unwrap_or_else(|| (self.respond)(request))?;
        let pause = Duration::from_millis(self.word_millis.load(Ordering::SeqCst));
        if pause.is_zero() {
            on_text(&text);
        } else {
            for word in text.split_inclusive(' ') {
                on_text(word);
                if cancel.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                    return Err(ModelError::new(crate::model::ErrorClass::Cancelled, "cancelled"));
                }
            }
        }
        if let Some(error) = self.breaks.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(ModelError { received: text.len(), ..error });
        }
        let count = |text: &str| tokens::count(text) as u64;
        let reply = Reply {
            finish: Finish::Stop,
            tokens: TokenUse {
                prompt: request.lines.iter().map(|line| count(&line.content)).sum(),
                completion: count(&text),
                by_provider: false,
            },
            text,
            served_model: "answering".into(),
            first_text: Duration::ZERO,
            total: delay,
        };
        *self.last_call.lock().unwrap_or_else(PoisonError::into_inner) = Some((called, Instant::now()));
        Ok(reply)
    }

    async fn check(&self) -> Result<(), ModelError> {
        Ok(())
    }
}

/// A running house.
pub struct World {
    pub turns: Arc<Turns>,
    pub rooms: Arc<Rooms>,
    pub model: Arc<Answering>,
    pub clock: Arc<TestClock>,
    pub db: Db,
    pub life: Life,
    pub strongbox: Strongbox,
    distiller: Distiller,
    outdoors: Outdoors,
}

/// What is different about a [`World`].
pub struct Plan {
    pub model: Answering,
    /// Further providers that keys are taken for: names and addresses.
    pub providers: Vec<(String, String)>,
    pub rates: Rates,
    /// Whether the platform leaves it to the house to say that one talks with an AI.
    pub discloses: bool,
    /// The operators, as `platform:name`.
    pub owners: Vec<String>,
    pub workers: usize,
    /// How long an answer may take before whoever waits is told.
    pub patience: Duration,
    /// Keeps the vectors; `None`: the embedded store.
    pub store: Option<Arc<dyn VectorStore>>,
    pub embedder: Arc<dyn Embedder>,
    /// How long an answer waits for memories. Longer than a house waits, so that a machine that stands still for a moment
    /// makes nobody forget.
    pub search_for: Duration,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            model: Answering::default(),
            providers: Vec::new(),
            rates: Rates::NONE,
            discloses: false,
            owners: vec!["fake:owner".into()],
            workers: 64,
            patience: TurnSettings::PATIENCE,
            store: None,
            embedder: Arc::new(HashEmbedder::default()),
            search_for: Duration::from_secs(20),
        }
    }
}

/// What is outside a house and outlives it.
#[derive(Clone)]
pub struct Outdoors {
    pub rooms: Arc<Rooms>,
    pub model: Arc<Answering>,
    pub clock: Arc<TestClock>,
    pub url: String,
    scratch: Arc<Scratch>,
}

impl Outdoors {
    /// Empty rooms and a fresh database of `engine`.
    pub async fn new(engine: Engine, model: Answering) -> Self {
        let scratch = Scratch::new();
        let url = fresh_database(engine, &scratch).await;
        Self::at(&url, scratch, model)
    }

    /// Empty rooms and the database at `url`, whatever is in it; files in `scratch`.
    pub fn at(url: &str, scratch: Scratch, model: Answering) -> Self {
        Self {
            rooms: Arc::default(),
            model: Arc::new(model),
            clock: Arc::default(),
            url: url.to_owned(),
            scratch: Arc::new(scratch),
        }
    }
}

/// The personalities of a [`World`].
fn cast() -> Vec<PersonalityFile> {
    ["Abbey", "Aviva", "Abi"]
        .map(|name| PersonalityFile {
            name: name.into(),
            slug: name.to_lowercase(),
            prompt: format!("You are {name}."),
            ..PersonalityFile::default()
        })
        .to_vec()
}

impl World {
    /// A house on a fresh database of `engine`, with the default model.
    pub async fn on(engine: Engine) -> Self {
        Self::planned(engine, Plan::default()).await
    }

    /// A house with a model of one's own.
    pub async fn with(engine: Engine, model: Answering) -> Self {
        Self::planned(engine, Plan { model, ..Plan::default() }).await
    }

    /// A house that takes members' keys for a provider of this name and address, besides the built-in ones.
    pub async fn with_provider(engine: Engine, name: &str, base_url: &str) -> Self {
        Self::planned(engine, Plan { providers: vec![(name.to_owned(), base_url.to_owned())], ..Plan::default() }).await
    }

    /// A house as planned.
    pub async fn planned(engine: Engine, plan: Plan) -> Self {
        let mut plan = plan;
        let outdoors = Outdoors::new(engine, std::mem::take(&mut plan.model)).await;
        Self::among(outdoors, plan).await
    }

    /// A house as planned on the database at `url`, whatever is in it, with its files in `scratch`.
    pub async fn at(url: &str, scratch: Scratch, plan: Plan) -> Self {
        let mut plan = plan;
        Self::among(Outdoors::at(url, scratch, std::mem::take(&mut plan.model)), plan).await
    }

    /// A house on what an earlier one left behind, however that ended; the plan's model is not asked.
    pub async fn among(outdoors: Outdoors, plan: Plan) -> Self {
        let Plan { providers, .. } = plan;
        let Outdoors { rooms, model, clock, url, scratch } = outdoors.clone();
        let settings = Config::from_env([]).expect("every setting has a default");
        let providers = Providers::new(&LlmConfig { providers, ..settings.llm });
        let db = Db::open(&url).await.expect("a fresh database opens");
        let store = plan.store.unwrap_or_else(|| Arc::new(crate::recall::Exact::new(db.clone())));
        let life = Life::default();
        let directory = Directory::open(db.clone(), clock.clone(), cast()).await.expect("the directory opens");
        let recall = Recall::open(db.clone(), clock.clone(), plan.embedder, store, Weights::DEFAULT)
            .await
            .expect("an empty store takes any space")
            .waiting_up_to(plan.search_for);
        let vault = Vault::open(&scratch.path().join("keyset.json")).expect("a keyset is made");
        let vault = Arc::new(vault);
        let strongbox = Strongbox::new(db.clone(), vault.clone());
        let keyring = Keyring::new(db.clone(), clock.clone(), vault, providers);
        let texts = Arc::new(Texts::load("en-US").expect("the texts are sound"));
        let (directory, recall, keyring) = (Arc::new(directory), Arc::new(recall), Arc::new(keyring));
        let distiller = Distiller::new(distil::Parts {
            db: db.clone(),
            clock: clock.clone(),
            directory: directory.clone(),
            model: model.clone(),
            keyring: keyring.clone(),
            recall: recall.clone(),
            texts: texts.clone(),
            settings: distil::Settings {
                model: String::new(),
                sum_up_after: Duration::from_secs(48 * 3_600),
                operator_key: OperatorKey::Everyone,
                owners: plan.owners.clone(),
                time_zone: "UTC".into(),
                locale: "en-US".into(),
            },
        });
        let platforms = Platforms::default();
        let platform = FakePlatform::here(rooms.clone());
        platforms.add(Arc::new(if plan.discloses { platform.disclosing() } else { platform }));
        let rates = plan.rates;
        let turns = Turns::new(Parts {
            db: db.clone(),
            clock: clock.clone(),
            directory,
            model: model.clone(),
            recall,
            keyring,
            platforms,
            texts,
            doorbell: Arc::new(LocalDoorbell::new(plan.workers)),
            life: life.clone(),
            pace: Pace::new(rates),
            avatars: Avatars::in_dir(scratch.path().join("avatars")),
            outside: Outside::new(Rules::STRICT),
            settings: TurnSettings {
                hand: Hand { role: Role::House, owner: "world".into() },
                mention: '@',
                time_zone: "UTC".into(),
                locale: "en-US".into(),
                owners: plan.owners,
                operator_key: OperatorKey::Everyone,
                slots: 5,
                patience: plan.patience,
            },
        });
        let world = Self { turns, rooms, model, clock, db, life, strongbox, distiller, outdoors };
        world.start();
        world
    }

    fn start(&self) {
        let (turns, stop) = (self.turns.clone(), self.life.soft());
        self.life.spawn("lanes", async move {
            let doorbell = turns.doorbell.clone();
            doorbell.answer(turns, stop).await;
        });
    }

    /// Lets the clock go as clocks do, for as long as the house runs.
    pub fn goes_by(&self) {
        const TICK: Duration = Duration::from_millis(10);
        let (clock, stop) = (self.clock.clone(), self.life.soft());
        self.life.spawn("clock", async move {
            while stop.run_until_cancelled(tokio::time::sleep(TICK)).await.is_some() {
                clock.advance(TICK);
            }
        });
    }

    /// Folder of this house.
    pub fn path(&self) -> &std::path::Path {
        self.outdoors.scratch.path()
    }

    /// Address of its database.
    pub fn url(&self) -> &str {
        &self.outdoors.url
    }

    /// `who` says `text` in `room`: rooms named `@…` are direct, `!…` closed, others open.
    pub async fn says(&self, who: &str, room: &str, text: &str) -> Received {
        let event = self.event(who, room, text);
        self.turns.receive(event.incoming()).await.expect("the database takes messages")
    }

    /// The event of `who` saying `text` in `room`, in the stream but not yet taken in.
    pub fn event(&self, who: &str, room: &str, text: &str) -> Event {
        self.rooms.say(Event {
            n: 0,
            room: room.into(),
            privacy: privacy_of(room),
            who: who.into(),
            name: who.into(),
            text: text.into(),
            at: self.clock.now().0,
            is_bot: false,
            reply_to: None,
            addressed: Some("abbey".into()),
        })
    }

    /// Says something and waits for the answers; returns them.
    pub async fn asks(&self, who: &str, room: &str, text: &str) -> Vec<String> {
        let before = self.heard(room).len();
        let received = self.says(who, room, text).await;
        self.ended(&received.turns).await;
        self.heard(room).split_off(before)
    }

    /// Waits until turns have ended.
    pub async fn ended(&self, turns: &[TurnId]) {
        for turn in turns {
            let ended = tokio::time::timeout(Duration::from_secs(180), self.turns.ended(turn)).await;
            let Ok(ended) = ended else {
                let state = turns::state(&self.db, turn).await;
                panic!("{turn} does not end: {state:?}, of all open {:?}", self.db.backlog(self.clock.now()).await);
            };
            ended.expect("the database is readable");
        }
    }

    /// What the house said in a room: `Name: text`, in order.
    pub fn heard(&self, room: &str) -> Vec<String> {
        let posts = self.rooms.posts();
        posts.into_iter().filter(|post| post.room == room).map(|post| format!("{}: {}", post.face, post.text)).collect()
    }

    /// Waits until the vectors of every memory are made.
    pub async fn remembered(&self) {
        self.turns.recall.drain().await;
        assert_eq!(self.turns.recall.pending().await.expect("the outbox is readable"), 0, "the outbox is empty");
    }

    /// Distils what there is to distil now, and makes the vectors of it; returns how often the model was asked.
    pub async fn distilled(&self) -> usize {
        let asked = self.distiller.work(&self.life.soft()).await;
        self.remembered().await;
        asked
    }

    /// The scope of `who` with a personality in a room.
    pub async fn scope(&self, who: &str, personality: &str, room: &str) -> Scope {
        let identity = Identity { platform: "fake".into(), subject: who.into() };
        let person = self.turns.directory.person(&identity, who).await.expect("people are readable");
        let place = PlaceRef {
            platform: "fake".into(),
            subject: room.into(),
            parent: None,
            privacy: privacy_of(room),
            is_encrypted: fake::is_encrypted(room),
            is_adult: room.contains("18+"),
        };
        let place = self.turns.directory.place(&place).await.expect("places are readable");
        let id = self.turns.directory.names().public().find(personality).expect("the cast is known").id.clone();
        Scope::of(person.persona.id.clone(), id, place.id.clone())
    }

    /// The prompt of the last call, lines joined.
    pub fn last_prompt(&self) -> String {
        let asked = self.model.asked();
        let last = asked.last().expect("the model was asked");
        last.lines.iter().map(|line| line.content.as_str()).collect::<Vec<_>>().join("\n---\n")
    }

    /// The memories in the prompt of the last call.
    pub fn last_remembered(&self) -> String {
        let asked = self.model.asked();
        let last = asked.last().and_then(|request| request.lines.last()).expect("the model was asked");
        let block = last.content.split("<remembered>").nth(1).and_then(|rest| rest.split("</remembered>").next());
        block.unwrap_or_default().to_owned()
    }

    /// Stops the house and opens another on the same database, with rooms, model and clock of its own.
    pub async fn restarted(self) -> Self {
        assert_eq!(self.life.stop().await, Ending::Finished, "everything ends by itself");
        self.db.close().await;
        let fresh = Outdoors { rooms: Arc::default(), model: Arc::default(), clock: Arc::default(), ..self.outdoors };
        Self::among(fresh, Plan::default()).await
    }

    /// Stops the house.
    pub async fn stop(self) {
        assert_eq!(self.life.stop().await, Ending::Finished, "everything ends by itself");
        self.db.close().await;
    }
}

fn privacy_of(room: &str) -> Privacy {
    match room.as_bytes().first() {
        Some(b'@') => Privacy::Direct,
        Some(b'!') => Privacy::Closed,
        _ => Privacy::Open,
    }
}

/// Address of the fake platform that the tests want the program to join.
pub fn fake_platform() -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "a setting of the tests, not of the program")]
    std::env::var("GREENROOM_TEST_FAKE_PLATFORM").ok()
}

/// Plans the crash or the panic that the tests want of the program: `point:nth`.
pub fn plan_crash() {
    use crate::crash::Fall;

    for (setting, fall) in [("GREENROOM_TEST_CRASH_AT", Fall::Process), ("GREENROOM_TEST_PANIC_AT", Fall::Task)] {
        #[expect(clippy::disallowed_methods, reason = "a setting of the tests, not of the program")]
        let plan = std::env::var(setting).ok();
        if let Some((point, nth)) = plan.as_deref().and_then(|plan| plan.split_once(':')) {
            crate::crash::at(point, nth.parse().unwrap_or(1), fall);
        }
    }
}
