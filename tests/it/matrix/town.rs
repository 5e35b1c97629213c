//! A homeserver with people in it, and the house among them.

use std::sync::Arc;
use std::time::Duration;

use greenroom::desk::Desk;
use greenroom::platform::matrix::{Allowance, Inviter, Login, Matrix, Options, Service};
use greenroom::testing::{Answering, Engine, Plan, World};
use matrix_town::{Event, Human, Role, RoomOptions, Synapse};
use serde_json::{Value, json};

/// How long anything may take on a busy machine.
pub const SOON: Duration = Duration::from_secs(180);

pub struct Town {
    pub synapse: &'static Synapse,
    pub world: World,
    pub matrix: Arc<Matrix>,
    /// `@house-…:localhost`
    pub house: String,
    pub robin: Human,
    name: &'static str,
}

/// The password of a house's account.
pub fn password(name: &str) -> String {
    format!("{name} of the house")
}

/// How a house is connected: `name` is the account's.
pub fn options(synapse: &Synapse, world: &World, name: &str) -> Options {
    Options {
        homeserver: synapse.url().to_owned(),
        user: synapse.user_id(name),
        password: Some(password(name).into()),
        access: None,
        recovery_key: None,
        store: world.path().join("matrix"),
        recovery_file: world.path().join("matrix.recovery-key"),
        inviters: vec![Inviter::Anyone],
        logins: Vec::new(),
        service: None,
        ghosts: world.path().join("matrix.logins"),
        streaming: Some(Allowance::USUAL),
    }
}

/// Connects a house to Matrix, and waits until it hears.
pub async fn connect(world: &World, options: Options) -> Arc<Matrix> {
    let matrix = Matrix::new(options, world.strongbox.clone(), world.life.clone());
    world.turns.platforms.add(matrix.clone());
    matrix.start(world.turns.clone(), Arc::new(Desk::new(world.turns.clone())), world.db.clone());
    let began = std::time::Instant::now();
    while !matrix.is_ready() {
        assert!(began.elapsed() < SOON, "the house does not come to Matrix: {:?}", matrix.fatal());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    matrix
}

/// How a town's house is on Matrix.
pub struct Connection<'a> {
    pub inviters: Vec<Inviter>,
    /// Characters that have logins of their own.
    pub slugs: &'a [&'a str],
    pub service: Option<Service>,
    pub allowance: Allowance,
}

impl Default for Connection<'_> {
    fn default() -> Self {
        Self { inviters: vec![Inviter::Anyone], slugs: &[], service: None, allowance: Allowance::USUAL }
    }
}

/// A model that says again what it was told last.
fn echo() -> Answering {
    Answering::with(|request| {
        let last = request.lines.last().map(|line| line.content.as_str()).unwrap_or_default();
        let last = last.lines().last().unwrap_or_default();
        // Among others, lines begin with who said them.
        let said = last.split_once(": ").filter(|(who, _)| who.contains('-')).map_or(last, |(_, said)| said);
        Ok(format!("re: {said}"))
    })
}

impl Town {
    /// A town of its own; `name` is in the names of everybody in it. Its model says again what it was told last.
    pub async fn new(name: &'static str) -> Self {
        matrix_town::prepare().await;
        Self::on(Synapse::shared().await, name).await
    }

    /// A town at a homeserver of its own.
    pub async fn on(synapse: &'static Synapse, name: &'static str) -> Self {
        Self::built(synapse, name, Plan { model: echo(), ..Plan::default() }, Connection::default()).await
    }

    /// A town in which these characters have logins of their own.
    pub async fn with_logins(name: &'static str, slugs: &[&str]) -> Self {
        matrix_town::prepare().await;
        let robin = Synapse::shared().await.user_id(&format!("robin-{name}"));
        // Robin runs the house.
        let plan = Plan { model: echo(), owners: vec![format!("matrix:{robin}")], ..Plan::default() };
        Self::built(
            Synapse::shared().await,
            name,
            plan,
            Connection { slugs, allowance: Allowance::LIFTED, ..Connection::default() },
        )
        .await
    }

    /// A town whose homeserver makes users for characters.
    pub async fn with_service(synapse: &'static Synapse, name: &'static str, service: Service) -> Self {
        let plan = Plan { model: echo(), ..Plan::default() };
        Self::built(synapse, name, plan, Connection { service: Some(service), ..Connection::default() }).await
    }

    /// The user that a character with a login is.
    pub fn login(&self, slug: &str) -> String {
        self.synapse.user_id(&format!("{slug}-{}", self.name))
    }

    pub async fn with(name: &'static str, model: Answering) -> Self {
        Self::planned(name, Plan { model, ..Plan::default() }).await
    }

    pub async fn planned(name: &'static str, plan: Plan) -> Self {
        Self::inviting(name, plan, vec![Inviter::Anyone]).await
    }

    /// A town whose house follows only these people's invitations.
    pub async fn inviting(name: &'static str, plan: Plan, inviters: Vec<Inviter>) -> Self {
        matrix_town::prepare().await;
        let how = Connection { inviters, allowance: Allowance::LIFTED, ..Connection::default() };
        Self::built(Synapse::shared().await, name, plan, how).await
    }

    async fn built(
        synapse: &'static Synapse,
        name: &'static str,
        plan: Plan,
        Connection { inviters, slugs, service, allowance }: Connection<'_>,
    ) -> Self {
        let account = format!("house-{name}");
        synapse.register(&account, &password(&account), Role::User).await;
        let robin = format!("robin-{name}");
        let (world, robin) = tokio::join!(World::planned(Engine::Sqlite, plan), Human::login(synapse, &robin));
        world.goes_by();
        let house = synapse.user_id(&account);
        let mut logins = Vec::new();
        for slug in slugs {
            let login = format!("{slug}-{name}");
            synapse.register(&login, &password(&login), Role::User).await;
            logins.push(Login {
                slug: (*slug).to_owned(),
                user: synapse.user_id(&login),
                password: Some(password(&login).into()),
                store: world.path().join("matrix.logins").join(slug),
            });
        }
        let streaming = Some(allowance);
        let options = Options { inviters, logins, service, streaming, ..options(synapse, &world, &account) };
        let matrix = connect(&world, options).await;
        let began = std::time::Instant::now();
        while !slugs.iter().all(|slug| matrix.speaks_as(slug)) {
            assert!(began.elapsed() < SOON, "a character does not come to Matrix");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Self { synapse, world, matrix, house, robin, name }
    }

    /// Another person.
    pub async fn human(&self, name: &str) -> Human {
        Human::login(self.synapse, &format!("{name}-{}", self.name)).await
    }

    /// A room of Robin and the house alone, after its greeting.
    pub async fn direct(&self, encrypted: bool) -> String {
        self.room(RoomOptions { encrypted, direct: true, ..RoomOptions::default() }, &[]).await
    }

    /// A room of Robin, the house and others, after its greeting.
    pub async fn group(&self, encrypted: bool, others: &[&Human]) -> String {
        self.room(RoomOptions { encrypted, ..RoomOptions::default() }, others).await
    }

    async fn room(&self, options: RoomOptions<'_>, others: &[&Human]) -> String {
        let mut invite: Vec<&str> = others.iter().map(|other| other.id()).collect();
        let room = self.robin.create_room(RoomOptions { invite: &invite.clone(), ..options }).await;
        for other in others {
            other.join(&room).await;
        }
        invite.clear();
        self.robin.invite(&room, &self.house).await;
        for human in [&self.robin].into_iter().chain(others.iter().copied()) {
            human.sees_join(&room, &self.house).await;
        }
        self.hears(&room, |event| event.body().starts_with("Hello! This is Greenroom")).await;
        room
    }

    /// What the house said in a room, as Robin saw it; without its greeting, edits, and what it tells newcomers.
    pub fn said(&self, room: &str) -> Vec<Event> {
        self.robin.look(|seen| {
            let of_house = seen.messages(room).filter(|event| event.sender == self.house && event.replaces().is_none());
            let is_answer = |event: &&Event| {
                !event.body().starts_with("Hello! This is Greenroom") && !event.body().starts_with("Before we begin")
            };
            of_house.filter(is_answer).cloned().collect()
        })
    }

    /// Waits until Robin sees something that the house said.
    pub async fn hears(&self, room: &str, is_it: impl Fn(&Event) -> bool) -> Event {
        let house = self.house.clone();
        let find =
            |seen: &matrix_town::Seen| seen.messages(room).find(|event| event.sender == house && is_it(event)).cloned();
        self.robin.until(find, SOON).await
    }

    /// Robin says something, and waits for as many more messages of the house.
    pub async fn asks(&self, room: &str, text: &str, answers: usize) -> Vec<Event> {
        let before = self.said(room).len();
        self.robin.say(room, text).await;
        self.answers(room, before, answers).await
    }

    /// Waits until the house has said `answers` more than `before` messages in a room.
    pub async fn answers(&self, room: &str, before: usize, answers: usize) -> Vec<Event> {
        let began = std::time::Instant::now();
        loop {
            let mut said = self.said(room);
            if said.len() >= before + answers {
                return said.split_off(before);
            }
            assert!(began.elapsed() < SOON, "the house did not say so much: {said:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until nothing is owed any more.
    pub async fn settled(&self) {
        const OPEN: &str = "SELECT COUNT(*) FROM turn WHERE state IN ('queued', 'running', 'sending')";
        for _ in 0..1_500 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            if self.world.db.number(OPEN).await.unwrap() == 0 {
                return;
            }
        }
        panic!("answers are still owed");
    }

    /// Waits until Robin sees that a message was taken away.
    pub async fn taken_away(&self, message: &str) {
        self.robin.until(|seen| seen.redaction_of(message).map(|_| ()), SOON).await;
    }

    /// Waits until a query of the house's database gives a number.
    pub async fn counts(&self, query: &str, wanted: i64) {
        let began = std::time::Instant::now();
        // The house's own queries live for ever.
        let query: &'static str = query.to_owned().leak();
        loop {
            let found = self.world.db.number(query).await.unwrap();
            if found == wanted {
                return;
            }
            assert!(began.elapsed() < SOON, "{found} instead of {wanted}: {query}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until the model was asked that often in all.
    pub async fn asked(&self, times: usize) {
        let began = std::time::Instant::now();
        while self.world.model.asked().len() < times {
            assert!(began.elapsed() < SOON, "the model was not asked so often");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until the house has left a room, or turned its invitation down.
    pub async fn is_without_house(&self, who: &Human, room: &str) {
        let house = self.house.as_str();
        who.until(|seen| (seen.membership(room, house) == Some("leave")).then_some(()), SOON).await;
    }

    /// A request that the house's account makes from another device.
    pub async fn as_house(&self, method: &str, path: &str, body: Value) -> Value {
        let account = format!("house-{}", self.name);
        let login = json!({
            "type": "m.login.password", "identifier": {"type": "m.id.user", "user": account},
            "password": password(&account), "device_id": "ELSEWHERE",
        });
        let login = self.synapse.call("", "POST", "/_matrix/client/v3/login", login).await.unwrap();
        let token = login["access_token"].as_str().unwrap();
        self.synapse.call(token, method, &format!("/_matrix/client{path}"), body).await.unwrap()
    }

    /// Ends the day.
    pub async fn close(self) {
        assert_eq!(self.matrix.fatal(), None);
        self.world.stop().await;
    }
}
