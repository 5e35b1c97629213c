//! Commands, forms and buttons: each is acknowledged at once, whatever the house still has to do for its answer.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use commands::MemoryRef;
use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::commands::{OnMessage, focused, given, on_message, words};
use super::rest::{RestError, Route, Upload};
use super::wire::{Channel, Flake, Member, User, bits, flake_of};
use super::{Discord, NAME};
use crate::db::memories;
use crate::desk::{Caller, Filled};
use crate::domain::{Answer, Ask, AskKind, Form, Identity, PlaceRef, Privacy};
use crate::platform::rendered::answer_text;

/// How long an answer may take before it is only announced. Discord waits three seconds, people less.
const ANNOUNCE_AFTER: Duration = Duration::from_millis(500);
/// How long completion may take.
const COMPLETE_WITHIN: Duration = Duration::from_millis(2_500);
/// Longest message, in characters.
const MESSAGE_MAX: usize = 2_000;
/// Messages that an answer may be cut into before the rest becomes a file.
const MESSAGES_MAX: usize = 4;
/// Longest id of a button or form.
const ID_MAX: usize = 100;
/// Longest title of a form and label of a field.
const LABEL_MAX: usize = 45;
/// Longest line below a label.
const HINT_MAX: usize = 100;
/// Longest text a field takes.
const FIELD_MAX: u32 = 4_000;
/// Largest file a form takes, in bytes.
const FILE_MAX: usize = 256 * 1024;
/// Forms whose lines are too long for an id, kept until they are sent back.
const KEPT_MAX: usize = 1_000;

/// Kinds of interactions.
const COMMAND: u64 = 2;
const COMPONENT: u64 = 3;
const COMPLETION: u64 = 4;
const FORM: u64 = 5;
/// Kinds of first answers.
const MESSAGE: u8 = 4;
const LATER: u8 = 5;
const UPDATE_LATER: u8 = 6;
const UPDATE: u8 = 7;
const CHOICES: u8 = 8;
const OPEN_FORM: u8 = 9;
/// Where an interaction is neither in a server nor with the house alone, and the kind of such a channel.
const AMONG_OTHERS: u64 = 2;
const GROUP: u8 = 3;
/// Only the asker sees it.
const EPHEMERAL: u64 = 1 << 6;
/// Permissions of whoever looks after a place: administrator, or managing the server or its channels.
const MODERATES: u64 = (1 << 3) | (1 << 4) | (1 << 5);

/// Lines of forms by a short id.
#[derive(Default)]
pub(super) struct Lines(Mutex<VecDeque<(String, String)>>);

impl Lines {
    /// An id that stands for a line, with what is to be done with it before it.
    fn id(&self, what: &str, line: &str, fresh: impl FnOnce() -> String) -> String {
        if what.len() + 1 + line.len() <= ID_MAX && line.chars().count() == line.len() {
            return format!("{what}:{line}");
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.pop_front();
        }
        let key = fresh();
        kept.push_back((key.clone(), line.to_owned()));
        format!("{what}#{key}")
    }

    /// What is to be done, and the line; `None`: the house was started anew since.
    fn line<'i>(&self, id: &'i str) -> Option<(&'i str, String)> {
        if let Some((what, key)) = id.split_once('#')
            && !what.contains(':')
        {
            let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            return Some((what, kept.iter().find(|(known, _)| known == key)?.1.clone()));
        }
        id.split_once(':').map(|(what, line)| (what, line.to_owned()))
    }
}

/// Somebody's interaction, as Discord tells it: nothing here needs the database.
struct Asked<'a> {
    id: String,
    token: String,
    value: &'a Value,
    data: &'a Value,
    identity: Identity,
    name: String,
    channel: Flake,
    locale: Option<String>,
    /// Whether Discord lets them look after the place; `None`: it is no server's.
    is_moderator: Option<bool>,
    /// The house is no member there: somebody brought it along, and the others asked for nothing.
    is_guest: bool,
}

/// What is to be done for an interaction.
enum Wish {
    /// Words of a command.
    Words(Vec<String>),
    /// A line.
    Line(String),
    /// A line about a message.
    About(&'static str, Flake),
    /// To forget what a message taught.
    Forget(Flake),
    /// A line whose form came back.
    Form(String),
}

impl Discord {
    /// Answers an interaction.
    pub(super) async fn interaction(&self, value: &Value) {
        let Some(asked) = asked(value) else { return };
        let done = match value["type"].as_u64() {
            Some(COMPLETION) => self.complete(&asked).await,
            Some(COMMAND) => self.command(&asked).await,
            Some(FORM) => self.form_back(&asked).await,
            Some(COMPONENT) => self.pressed(&asked, &value["message"]).await,
            _ => return,
        };
        if let Err(error) = done {
            tracing::warn!(error = %error, "an interaction was not answered");
        }
    }

    /// Who asks, and with whom they talk there.
    async fn caller(&self, asked: &Asked<'_>) -> Caller {
        let place = self.place_of(asked.value, asked.channel).await;
        let personality = self.house().turns.talks_with(&asked.identity, &place).await.unwrap_or_default();
        Caller {
            identity: asked.identity.clone(),
            name: asked.name.clone(),
            is_moderator: asked.is_moderator.unwrap_or(place.privacy == Privacy::Direct),
            place,
            personality,
            locale: asked.locale.clone(),
            message: None,
            persona: None,
        }
    }

    /// Where an interaction happened, as far as it is known: nobody may wait here for Discord to say more. Where nothing is
    /// known it is as it was stored, and else not open.
    async fn place_of(&self, value: &Value, channel: Flake) -> PlaceRef {
        if value["guild_id"].is_null() && self.channels.get(channel).is_none() {
            let kind = value["channel"]["type"].as_u64().and_then(|kind| u8::try_from(kind).ok()).unwrap_or(1);
            // Others' conversations, into which somebody brought the house, are not the house's with one member.
            let kind = if value["context"] == AMONG_OTHERS { GROUP } else { kind };
            self.channels.add(&Channel { id: channel, kind, ..Channel::default() });
        }
        let known =
            self.channels.get(channel).filter(|known| known.guild == 0 || self.channels.knows_guild(known.guild));
        if let Some(place) = known.and_then(|_| self.channels.place(channel)) {
            return place;
        }
        let guess = PlaceRef {
            platform: NAME.to_owned(),
            subject: channel.to_string(),
            parent: None,
            privacy: Privacy::Closed,
            is_encrypted: false,
            is_adult: value["channel"]["nsfw"] == true,
        };
        match self.house().turns.directory.known_place(&guess).await {
            Ok(Some(stored)) => {
                PlaceRef { parent: stored.parent.clone(), privacy: stored.privacy, is_adult: stored.is_adult, ..guess }
            }
            _ => guess,
        }
    }

    async fn complete(&self, asked: &Asked<'_>) -> Result<(), RestError> {
        let offered = match focused(&given(asked.data)) {
            Some((source, typed)) => {
                let suggesting = async { self.house().desk.suggest(&self.caller(asked).await, source, &typed).await };
                tokio::time::timeout(COMPLETE_WITHIN, suggesting).await.unwrap_or_default()
            }
            None => Vec::new(),
        };
        let choices: Vec<Value> = offered
            .iter()
            .filter(|one| one.value.chars().count() <= HINT_MAX && !one.value.is_empty())
            .map(|one| json!({"name": cut(&one.shown, HINT_MAX), "value": one.value}))
            .collect();
        self.first(asked, &json!({"type": CHOICES, "data": {"choices": choices}}), &[]).await
    }

    async fn command(&self, asked: &Asked<'_>) -> Result<(), RestError> {
        let texts = &self.house().turns.texts;
        if asked.data["type"].as_u64().is_some_and(|kind| kind != 1) {
            let Some((menu, message)) = on_message(texts, asked.data) else { return Ok(()) };
            let wish = match menu {
                OnMessage::Inspect => Wish::About("/inspect", message),
                OnMessage::Again => Wish::About("/again", message),
                OnMessage::Unsay => Wish::About("/unsay", message),
                OnMessage::Forget => Wish::Forget(message),
            };
            return self.answer(asked, wish, (true, false)).await;
        }
        let given = given(asked.data);
        let is_private =
            commands::leaves().iter().find(|leaf| leaf.path == given.path).is_none_or(|leaf| leaf.is_private);
        let Some(words) = words(&given) else {
            return self.answer(asked, Wish::Line(given.path.join(" ")), (true, false)).await;
        };
        self.answer(asked, Wish::Words(words), (is_private, false)).await
    }

    /// Forgets what a message taught.
    async fn forget(&self, caller: Caller, message: Flake) -> Answer {
        const NOTHING: &str = "refusal-nothing-learned";
        let house = self.house();
        let learned = memories::of_message(&house.db, NAME, &message.to_string()).await.unwrap_or_default();
        let Some(first) = learned.first() else {
            let locale = caller.locale.unwrap_or_default();
            return Answer::refusal(NOTHING, house.turns.texts.say(&locale, NOTHING, &[]));
        };
        let of_same = learned.iter().filter(|other| (&other.by, &other.of) == (&first.by, &first.of));
        let ids: Vec<&str> = of_same.map(|one| MemoryRef::short(one.id.as_str())).collect();
        let line = format!("/memory delete {}", ids.join(" "));
        let (personality, persona) = (first.by.clone(), Some(first.of.clone()));
        house.desk.line(&Caller { personality, persona, message: Some(message.to_string()), ..caller }, &line).await
    }

    async fn form_back(&self, asked: &Asked<'_>) -> Result<(), RestError> {
        let id = asked.data["custom_id"].as_str().unwrap_or_default();
        let Some((_, line)) = self.lines.line(id) else { return self.too_late(asked).await };
        self.answer(asked, Wish::Form(line), (true, false)).await
    }

    /// What a form brought.
    async fn filled(&self, data: &Value) -> Filled {
        let mut filled = Filled::new();
        let components = data["components"].as_array().map_or(&[][..], Vec::as_slice);
        for field in components.iter().flat_map(|row| match row["component"].is_object() {
            true => vec![&row["component"]],
            false => row["components"].as_array().into_iter().flatten().collect(),
        }) {
            let Some(name) = field["custom_id"].as_str().and_then(crate::desk::field) else { continue };
            let given = match field["values"].as_array().and_then(|values| values.first()) {
                Some(file) => self.uploaded(&data["resolved"]["attachments"][file.as_str().unwrap_or_default()]).await,
                None => field["value"].as_str().map(str::to_owned),
            };
            // What was left empty was left as it is.
            if let Some(given) = given.filter(|given| !given.trim().is_empty()) {
                filled.push((name, SecretString::from(given)));
            }
        }
        filled
    }

    /// The text of a file that came with a form.
    async fn uploaded(&self, file: &Value) -> Option<String> {
        let url = file["url"].as_str()?;
        let content = self.download(url, FILE_MAX).await.ok()?;
        String::from_utf8(content).ok()
    }

    async fn pressed(&self, asked: &Asked<'_>, message: &Value) -> Result<(), RestError> {
        let id = asked.data["custom_id"].as_str().unwrap_or_default();
        let Some((what, line)) = self.lines.line(id) else { return self.too_late(asked).await };
        // Others may press as well: what they get is theirs alone.
        let owner = flake_of(&message["interaction_metadata"]["user"]["id"]);
        let is_own = owner.is_none_or(|owner| owner.to_string() == asked.identity.subject);
        let is_private = message["flags"].as_u64().unwrap_or_default() & EPHEMERAL != 0;
        let updates = what == "page" && is_own;
        self.answer(asked, Wish::Line(line), (is_private || !updates, updates)).await
    }

    async fn too_late(&self, asked: &Asked<'_>) -> Result<(), RestError> {
        let locale = asked.locale.clone().unwrap_or_default();
        let text = self.house().turns.texts.say(&locale, "refusal-form-too-old", &[]);
        self.first(asked, &message_of(MESSAGE, &text, true, &[]), &[]).await
    }

    /// Does what is wished and answers; `updates`: in the place of the message that was pressed on.
    async fn answer(
        &self,
        asked: &Asked<'_>,
        wish: Wish,
        (is_private, updates): (bool, bool),
    ) -> Result<(), RestError> {
        let desk = &self.house().desk;
        let is_private = is_private || asked.is_guest;
        let working = async {
            let caller = self.caller(asked).await;
            match wish {
                Wish::Words(words) => desk.words(&caller, words).await,
                Wish::Line(line) => desk.line(&caller, &line).await,
                Wish::About(line, message) => {
                    desk.line(&Caller { message: Some(message.to_string()), ..caller }, line).await
                }
                Wish::Forget(message) => self.forget(caller, message).await,
                Wish::Form(line) => desk.filled(&caller, &line, self.filled(asked.data).await).await,
            }
        };
        tokio::pin!(working);
        let (mut answer, is_announced) = match tokio::time::timeout(ANNOUNCE_AFTER, &mut working).await {
            Ok(answer) => (answer, false),
            Err(_) => {
                let kind = if updates { UPDATE_LATER } else { LATER };
                let flags = if is_private { EPHEMERAL } else { 0 };
                let announced = self.first(asked, &json!({"type": kind, "data": {"flags": flags}}), &[]).await;
                // What was begun is finished, whoever can be told.
                let answer = working.await;
                announced?;
                (answer, true)
            }
        };
        answer.private |= asked.is_guest;
        let is_form = asked.data["components"].is_array();
        if let Some(form) = &answer.form
            && !is_announced
            && !is_form
        {
            return self.first(asked, &self.modal(form, &answer_text(&answer)), &[]).await;
        }
        self.show(asked, &answer, is_private, (is_announced, updates)).await
    }

    /// Shows an answer: as the first one, in place of its announcement, or of what was pressed on.
    async fn show(
        &self,
        asked: &Asked<'_>,
        answer: &Answer,
        is_private: bool,
        (is_announced, updates): (bool, bool),
    ) -> Result<(), RestError> {
        // What is for the asker alone never goes where others see it.
        let is_exposed = answer.private && !is_private && (is_announced || updates);
        if is_exposed && is_announced && !updates {
            self.rest.call(&self.follow_up(asked, Method::DELETE, "/messages/@original"), None).await?;
        }
        let updates = updates && !is_exposed;
        let (mut messages, rest) = cut_up(&answer_text(answer));
        let mut files: Vec<Upload> = Vec::new();
        files.extend(rest.map(|rest| Upload { name: "answer.md".into(), content: rest.into_bytes() }));
        files.extend(answer.file.iter().map(|file| Upload { name: file.name.clone(), content: file.content.clone() }));
        let buttons = self.buttons(answer);
        let first = if messages.is_empty() { "…".to_owned() } else { messages.remove(0) };
        let mut body = message_of(if updates { UPDATE } else { MESSAGE }, &first, answer.private, &buttons);
        // Who sees a message is settled when it is made.
        if (updates || is_announced)
            && !is_exposed
            && let Some(data) = body["data"].as_object_mut()
        {
            data.remove("flags");
        }
        if is_announced && is_exposed {
            let route = self.follow_up(asked, Method::POST, "");
            self.rest.call_with_files(&route, Some(&body["data"].take()), &files).await?;
        } else if is_announced {
            let route = self.follow_up(asked, Method::PATCH, "/messages/@original");
            self.rest.call_with_files(&route, Some(&body["data"].take()), &files).await?;
        } else {
            self.first(asked, &body, &files).await?;
        }
        for message in messages {
            let body = message_of(MESSAGE, &message, answer.private, &[])["data"].take();
            self.rest.call(&self.follow_up(asked, Method::POST, ""), Some(&body)).await?;
        }
        Ok(())
    }

    fn follow_up(&self, asked: &Asked<'_>, method: Method, rest: &str) -> Route {
        let application = self.me.get().map_or(0, |me| me.application).to_string();
        Route::follow_up(method, &application, &asked.token, rest)
    }

    async fn first(&self, asked: &Asked<'_>, body: &Value, files: &[Upload]) -> Result<(), RestError> {
        let route = Route::callback(&asked.id, &asked.token);
        self.rest.call_with_files(&route, Some(body), files).await.map(|_| ())
    }

    fn buttons(&self, answer: &Answer) -> Vec<Value> {
        let fresh = || self.house().turns.clock.id();
        let button = |what: &str, label: &str, line: &str| json!({"type": 2, "style": 2, "label": cut(label, 80), "custom_id": self.lines.id(what, line, fresh)});
        let mut buttons: Vec<Value> =
            answer.buttons.iter().take(4).map(|one| button("page", &one.label, &one.line)).collect();
        // A form cannot be opened from here: somebody has to press for it.
        if let Some(form) = &answer.form {
            let label = form.asks.first().map_or("…", |ask| ask.label.as_str());
            buttons.push(button("open", label, &form.line));
        }
        buttons
    }

    fn modal(&self, form: &Form, text: &str) -> Value {
        let mut components: Vec<Value> = Vec::new();
        if !text.trim().is_empty() && form.asks.len() < 5 {
            components.push(json!({"type": 10, "content": cut(text, 1_900)}));
        }
        components.extend(form.asks.iter().take(5).map(field));
        let title: String = form.line.split(" --").next().unwrap_or(&form.line).to_owned();
        let id = self.lines.id("form", &form.line, || self.house().turns.clock.id());
        json!({"type": OPEN_FORM, "data": {"custom_id": id, "title": cut(&title, LABEL_MAX), "components": components}})
    }
}

/// What an interaction says of itself.
fn asked(value: &Value) -> Option<Asked<'_>> {
    let member: Option<Member> = serde_json::from_value(value["member"].clone()).ok();
    let user = member.as_ref().and_then(|member| member.user.clone());
    let user = user.or_else(|| serde_json::from_value::<User>(value["user"].clone()).ok())?;
    let permissions = member.as_ref().and_then(|member| member.permissions.clone());
    Some(Asked {
        id: value["id"].as_str()?.to_owned(),
        token: value["token"].as_str()?.to_owned(),
        value,
        data: &value["data"],
        identity: Identity { platform: NAME.to_owned(), subject: user.id.to_string() },
        name: user.shown(member.as_ref()).to_owned(),
        channel: flake_of(&value["channel_id"]).or_else(|| flake_of(&value["channel"]["id"]))?,
        locale: value["locale"].as_str().map(str::to_owned),
        is_moderator: permissions.map(|permissions| bits(&Value::String(permissions)) & MODERATES != 0),
        is_guest: value["authorizing_integration_owners"].as_object().is_some_and(|by| !by.contains_key("0")),
    })
}

/// A field of a form.
fn field(ask: &Ask) -> Value {
    let mut label = json!({"type": 18, "label": cut(&ask.label, LABEL_MAX)});
    if ask.label.chars().count() > LABEL_MAX {
        label["description"] = cut(&ask.label, HINT_MAX).into();
    }
    label["component"] = match ask.kind {
        AskKind::File => json!({"type": 19, "custom_id": ask.name, "required": !ask.is_optional, "max_values": 1}),
        AskKind::Line | AskKind::Text | AskKind::Secret => {
            let style = if ask.kind == AskKind::Text { 2 } else { 1 };
            json!({"type": 4, "custom_id": ask.name, "style": style, "required": !ask.is_optional, "max_length": FIELD_MAX})
        }
    };
    label
}

fn message_of(kind: u8, text: &str, is_private: bool, buttons: &[Value]) -> Value {
    let rows = if buttons.is_empty() { json!([]) } else { json!([{"type": 1, "components": buttons}]) };
    let flags = if is_private { EPHEMERAL } else { 0 };
    json!({"type": kind, "data": {"content": text, "allowed_mentions": {"parse": []}, "flags": flags, "components": rows}})
}

/// A text as messages, and what is left when it would be too many.
fn cut_up(text: &str) -> (Vec<String>, Option<String>) {
    let mut messages = crate::platform::split::split(text, MESSAGE_MAX);
    if messages.len() <= MESSAGES_MAX {
        return (messages, None);
    }
    messages.truncate(1);
    (messages, Some(text.to_owned()))
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_come_back_by_a_short_id() {
        let lines = Lines::default();
        let short = lines.id("page", "/memory view --page 2", || "k".into());
        assert_eq!(lines.line(&short), Some(("page", "/memory view --page 2".into())));
        let long = format!("/persona create {}", "é".repeat(90));
        let id = lines.id("form", &long, || "key".into());
        assert!(id.len() <= ID_MAX);
        assert_eq!(lines.line(&id), Some(("form", long)));
        assert_eq!(lines.line("form#gone"), None);
    }

    #[test]
    fn an_answer_becomes_a_file_when_it_is_too_much() {
        let (messages, rest) = cut_up(&"word ".repeat(1_000));
        assert!(messages.len() > 1 && rest.is_none() && messages.iter().all(|one| one.chars().count() <= MESSAGE_MAX));
        let (messages, rest) = cut_up(&"word ".repeat(10_000));
        assert!(messages.len() == 1 && rest.is_some());
    }

    #[test]
    fn fields_say_the_whole_of_long_labels() {
        let ask = Ask::new("name", "x".repeat(60), AskKind::Secret);
        let field = field(&ask);
        assert_eq!(field["label"].as_str().unwrap().chars().count(), LABEL_MAX);
        assert_eq!(field["description"].as_str().unwrap().len(), 60);
    }
}
