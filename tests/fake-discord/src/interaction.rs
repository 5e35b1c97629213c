//! An interaction in the hands of a test.

use std::time::Duration;

use serde_json::Value;

use crate::FakeDiscord;
use crate::play::{ACK_WITHIN, Play};
use crate::seen::Message;

/// How long [`Interaction::answered`] waits.
const ANSWER_WITHIN: Duration = Duration::from_secs(120);

/// What somebody did with a command, component or modal, and how the bot answers it.
#[derive(Clone)]
pub struct Interaction {
    fake: FakeDiscord,
    id: u64,
}

impl Interaction {
    pub(crate) fn new(fake: FakeDiscord, id: u64) -> Self {
        Self { fake, id }
    }

    pub fn id(&self) -> u64 {
        self.id
    }

    fn play(&self) -> Play {
        self.fake.shared().look(|world| world.plays[&self.id].clone())
    }

    /// The time from the act to the first callback.
    ///
    /// # Panics
    /// When none came within three seconds.
    pub async fn acked(&self) -> Duration {
        let acked = || {
            let play = self.play();
            play.callback.as_ref().map(|(at, _)| *at - play.began.at)
        };
        let found = self.fake.wait(acked, ACK_WITHIN).await;
        found.unwrap_or_else(|| panic!("{} was not answered within 3 s\n{}", self.play().title, self.fake.summary()))
    }

    /// The first callback: `type` and `data`.
    ///
    /// # Panics
    /// As [`Interaction::acked`].
    pub async fn callback(&self) -> Value {
        self.acked().await;
        self.play().callback.map(|(_, body)| body).unwrap_or_default()
    }

    /// Every message that answers, once there is more than a deferral.
    ///
    /// # Panics
    /// When that takes more than two minutes.
    pub async fn answered(&self) -> Vec<Message> {
        self.acked().await;
        let answered = || self.play().is_answered.then(|| self.messages());
        let found = self.fake.wait(answered, ANSWER_WITHIN).await;
        found.unwrap_or_else(|| panic!("{} has no answer but a deferral\n{}", self.play().title, self.fake.summary()))
    }

    /// Every message that answers, once they are as wanted.
    ///
    /// # Panics
    /// When that takes longer than `within`.
    pub async fn answered_when(&self, wanted: impl Fn(&[Message]) -> bool, within: Duration) -> Vec<Message> {
        let found = self.fake.wait(|| Some(self.messages()).filter(|messages| wanted(messages)), within).await;
        found.unwrap_or_else(|| {
            let texts: Vec<String> = self.messages().into_iter().map(|message| message.content).collect();
            panic!("{} was answered otherwise: {texts:?}\n{}", self.play().title, self.fake.summary())
        })
    }

    /// Messages that answer it so far. After an update of a component's message that message is the first.
    pub fn messages(&self) -> Vec<Message> {
        self.play().messages().into_iter().filter_map(|id| self.fake.message(id)).collect()
    }

    /// The modal that it opened: `custom_id`, `title`, `components`.
    ///
    /// # Panics
    /// When the answer is something else.
    pub async fn modal(&self) -> Value {
        let callback = self.callback().await;
        assert!(callback["type"] == 9, "{} opened no modal but answered {callback}", self.play().title);
        callback["data"].clone()
    }

    /// Whether only the user sees the first answer.
    pub fn is_ephemeral(&self) -> bool {
        let original = self.play().original;
        original.and_then(|id| self.fake.message(id)).is_some_and(|message| message.ephemeral_to.is_some())
    }

    /// Makes it older than it is: after 15 minutes its token is worth nothing.
    pub fn ages(&self, by: Duration) {
        self.fake.shared().change(|world| {
            if let Some(play) = world.plays.get_mut(&self.id) {
                play.aged += by;
            }
        });
    }

    /// Rules that were broken in answering it.
    pub fn violations(&self) -> Vec<String> {
        self.fake.violations_of(Some(self.id))
    }

    pub(crate) async fn choices(&self) -> Vec<(String, String)> {
        let callback = self.callback().await;
        assert!(callback["type"] == 8, "{}: no choices but {callback}", self.play().title);
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let choices = callback["data"]["choices"].as_array().cloned().unwrap_or_default();
        choices.iter().map(|choice| (text(&choice["name"]), text(&choice["value"]))).collect()
    }
}

impl FakeDiscord {
    /// Interactions that nobody has answered yet, oldest first.
    pub fn pending_interactions(&self) -> Vec<Interaction> {
        let pending = self.shared().look(|world| {
            let open = world.plays.values().filter(|play| play.callback.is_none());
            open.map(|play| play.id).collect::<Vec<_>>()
        });
        pending.into_iter().map(|id| Interaction::new(self.clone(), id)).collect()
    }

    /// The token of an interaction, for tests that answer it themselves.
    pub fn interaction_token(&self, interaction: &Interaction) -> String {
        interaction.play().token
    }
}
