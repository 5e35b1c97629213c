//! A server with a channel and people in it, and the house among them.

use std::sync::Arc;
use std::time::Duration;

use fake_discord::{FakeDiscord, FakePluralKit, Kind, Message};
use greenroom::desk::Desk;
use greenroom::platform::discord::{Discord, Options};
use greenroom::testing::{Answering, Engine, Plan, World};

/// Where others reach the house.
const HOME: Option<&str> = Some("https://house.example");
/// How long anything may take on a busy machine.
pub const SOON: Duration = Duration::from_secs(120);

pub struct Town {
    pub fake: FakeDiscord,
    pub world: World,
    pub guild: u64,
    pub lounge: u64,
    pub robin: u64,
    pub kim: u64,
}

impl Town {
    pub async fn new() -> Self {
        Self::planned(Plan::default()).await
    }

    pub async fn with(model: Answering) -> Self {
        Self::planned(Plan { model, ..Plan::default() }).await
    }

    /// A town with members who speak through PluralKit.
    pub async fn plural() -> (Self, FakePluralKit) {
        let pluralkit = FakePluralKit::start().await;
        (Self::built(Engine::Sqlite, Plan::default(), Some(&pluralkit.url()), true, HOME).await, pluralkit)
    }

    pub async fn planned(plan: Plan) -> Self {
        Self::built(Engine::Sqlite, plan, None, true, HOME).await
    }

    /// A town where the house may not read what people write to one another.
    pub async fn without_content() -> Self {
        Self::built(Engine::Sqlite, Plan::default(), None, false, HOME).await
    }

    /// A town whose house others reach at `home`, or nowhere.
    pub async fn at(home: Option<&str>) -> Self {
        Self::built(Engine::Sqlite, Plan::default(), None, true, home).await
    }

    pub async fn on(engine: Engine) -> Self {
        Self::built(engine, Plan::default(), None, true, HOME).await
    }

    async fn built(
        engine: Engine,
        plan: Plan,
        pluralkit: Option<&str>,
        reads_messages: bool,
        home: Option<&str>,
    ) -> Self {
        let fake = FakeDiscord::start().await;
        let guild = fake.guild("Town");
        let lounge = fake.channel(guild, "lounge", Kind::Text);
        let (robin, kim) = (fake.user("robin"), fake.user("kim"));
        fake.join(guild, robin);
        fake.join(guild, kim);
        let world = World::planned(engine, plan).await;
        world.goes_by();
        connect_at(&fake, &world, reads_messages, pluralkit, home);
        fake.connected().await;
        fake.until(|fake| (!fake.commands().is_empty()).then_some(()), SOON).await;
        Self { fake, world, guild, lounge, robin, kim }
    }

    /// What the house said in a channel for all to read, without telling newcomers what it is.
    pub fn said(&self, channel: u64) -> Vec<Message> {
        said(&self.fake, channel)
    }

    /// Somebody says something, and waits for as many messages of the house.
    pub async fn asks(&self, who: u64, channel: u64, text: &str, answers: usize) -> Vec<Message> {
        let before = self.said(channel).len();
        self.fake.says(who, channel, text);
        self.answers(channel, before, answers).await
    }

    /// Waits until the house has said `answers` more than `before` messages in a channel.
    pub async fn answers(&self, channel: u64, before: usize, answers: usize) -> Vec<Message> {
        let there = |fake: &FakeDiscord| {
            let messages = said(fake, channel);
            (messages.len() >= before + answers).then_some(messages)
        };
        self.fake.until(there, SOON).await.split_off(before)
    }

    /// Waits until everything that was said has been taken in and nothing is owed any more.
    pub async fn settled(&self) {
        for _ in 0..3_000 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            if self
                .world
                .db
                .number("SELECT COUNT(*) FROM turn WHERE state IN ('queued', 'running', 'sending')")
                .await
                .unwrap()
                == 0
            {
                return;
            }
        }
        panic!("answers are still owed");
    }

    /// Ends the day: no rule was broken, and the house stops by itself.
    pub async fn close(self) {
        assert_eq!(self.fake.violations(), Vec::<String>::new());
        self.world.stop().await;
    }
}

fn said(fake: &FakeDiscord, channel: u64) -> Vec<Message> {
    let messages = fake.bot_messages(channel).into_iter();
    let is_answer =
        |message: &Message| message.ephemeral_to.is_none() && !message.content.starts_with("Before we begin");
    messages.filter(is_answer).collect()
}

/// Connects a house to Discord.
pub fn connect(fake: &FakeDiscord, world: &World, reads_messages: bool, pluralkit: Option<&str>) -> Arc<Discord> {
    connect_at(fake, world, reads_messages, pluralkit, HOME)
}

/// Connects a house to Discord that others reach at `home`, or nowhere.
pub fn connect_at(
    fake: &FakeDiscord,
    world: &World,
    reads_messages: bool,
    pluralkit: Option<&str>,
    home: Option<&str>,
) -> Arc<Discord> {
    let options = Options {
        token: fake.token().into(),
        api_url: Some(fake.url()),
        reads_messages,
        pluralkit_url: pluralkit.map(str::to_owned),
        plural_token: None,
        services: Vec::new(),
        dev_guild: None,
        public_url: home.map(str::to_owned),
    };
    let house = Discord::new(options, world.life.clone()).unwrap();
    world.turns.platforms.add(house.clone());
    house.start(world.turns.clone(), Arc::new(Desk::new(world.turns.clone())), world.db.clone());
    house
}
