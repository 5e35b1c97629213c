//! Commands: as text behind a sign, to the house by name, or as clients that know commands send them; and their answers.

use std::sync::{Arc, LazyLock};

use commands::{ArgSpec, Command, Leaf, Source};
use matrix_account::Account;
use serde_json::Value;

use super::forms::Filling;
use super::intake::Said;
use super::{Matrix, NAME, buttons, rooms};
use crate::desk::{Caller, Filled};
use crate::domain::{Answer, Identity, PlaceRef};
use crate::platform::rendered::answer_text;
use crate::platform::split;

/// Longest message of an answer, in UTF-16 code units, and messages before the rest becomes a file.
const MESSAGE_MAX: usize = 6_000;
const MESSAGES_MAX: usize = 3;

/// Reactions that are refused for this were no wish: people react to what others were answered.
const MEANT_NOTHING: [&str; 3] = ["refusal-answer-not-yours", "refusal-nothing-to-take-back", "refusal-denied"];

/// Every command that can be run.
static LEAVES: LazyLock<Vec<Leaf>> = LazyLock::new(commands::leaves);

/// What a message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Read {
    Command(Wish),
    /// A command of another bot.
    ForOthers,
    /// Something to say.
    Talk,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// A command's line.
    Line(String),
    /// Words of a command that came already split.
    Words(Vec<String>),
}

/// Reads a message as a command, if it is one.
pub(super) fn read(said: &Said, prefix: &str) -> Read {
    if let Some(words) = said.content.command.as_ref().and_then(structured) {
        return Read::Command(Wish::Words(words));
    }
    typed(&said.content.text, prefix, (said.is_direct(), said.content.calls_house))
}

fn typed(text: &str, prefix: &str, (is_direct, is_called): (bool, bool)) -> Read {
    let text = text.trim_start();
    let line = |rest: &str| Read::Command(Wish::Line(format!("/{rest}")));
    if let Some(rest) = text.strip_prefix(prefix).filter(|rest| rest.starts_with(char::is_alphanumeric)) {
        // With others around, a word that is not ours is another bot's.
        return if is_direct || is_called || is_ours(rest) { line(rest) } else { Read::ForOthers };
    }
    if let Some(rest) = text.strip_prefix('/').filter(|rest| rest.starts_with(char::is_alphanumeric)) {
        return if is_direct || is_called || is_ours(rest) { line(rest) } else { Read::Talk };
    }
    // "House, help" is a command; "House, help me with my homework" is not.
    if is_called && is_ours(text) && asks_for_nothing_else(text) {
        return line(text);
    }
    Read::Talk
}

/// Whether a line without a sign is a command from its first word to its last: help takes any word there is.
fn asks_for_nothing_else(text: &str) -> bool {
    match commands::parse(text) {
        Ok(Command::Help(help)) => help.command.first().is_none_or(|word| is_name(word.as_str())),
        Ok(_) => true,
        Err(_) => false,
    }
}

/// Whether a line begins with the name of a command.
fn is_ours(line: &str) -> bool {
    let word = line.split(|c: char| !(c.is_alphanumeric() || c == '-')).next().unwrap_or_default().to_lowercase();
    is_name(&word)
}

fn is_name(word: &str) -> bool {
    LEAVES.iter().any(|leaf| leaf.path.first().is_some_and(|name| name == word))
}

/// A command as clients that know commands send it, as words that the grammar reads; `None`: it is none of ours.
fn structured(command: &Value) -> Option<Vec<String>> {
    let name = command["command"].as_str()?;
    let path: Vec<&str> = name.split([' ', '_', '/']).filter(|part| !part.is_empty()).collect();
    let leaf = LEAVES.iter().find(|leaf| leaf.path == path)?;
    let given = &command["arguments"];
    let one = |arg: &ArgSpec, value: &Value| match value {
        Value::String(text) if arg.source == Some(Source::Members) && text.starts_with('@') => {
            Some(format!("{NAME}:{text}"))
        }
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        // Clients may say more of a value than its text.
        Value::Object(value) => value.get("id").or_else(|| value.get("value"))?.as_str().map(str::to_owned),
        other => Some(other.to_string()),
    };
    let mut words = leaf.path.clone();
    for arg in leaf.args.iter().filter(|arg| arg.is_option) {
        words.extend(one(arg, &given[&arg.name]).map(|value| format!("--{}={value}", arg.name)));
    }
    let mut standing: Vec<String> = Vec::new();
    for arg in leaf.args.iter().filter(|arg| !arg.is_option) {
        match &given[&arg.name] {
            Value::Array(values) => standing.extend(values.iter().filter_map(|value| one(arg, value))),
            value => {
                let Some(value) = one(arg, value) else { continue };
                if arg.is_list {
                    standing.extend(value.split_whitespace().map(str::to_owned));
                } else {
                    standing.push(value);
                }
            }
        }
    }
    if !standing.is_empty() {
        words.push("--".to_owned());
        words.extend(standing);
    }
    Some(words)
}

/// A text of the house in which commands stand as they are typed here.
pub(super) fn as_typed(text: &str, prefix: &str) -> String {
    let mut typed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('/') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let starts = before.chars().next_back().or_else(|| typed.chars().next_back());
        let word: String = after.chars().take_while(|c| c.is_alphanumeric() || *c == '-').collect();
        let is_command = starts.is_none_or(|c| !c.is_alphanumeric() && !"/:.<".contains(c)) && is_name(&word);
        typed.push_str(before);
        typed.push_str(if is_command { prefix } else { "/" });
        rest = after;
    }
    typed.push_str(rest);
    typed
}

impl Matrix {
    /// Who gives a command, and where; `about`: the message that it is about.
    pub(super) async fn caller(
        &self,
        account: &Account,
        (identity, name): (Identity, String),
        place: PlaceRef,
        about: Option<String>,
    ) -> Caller {
        let (room, _) = rooms::room_of(&place.subject);
        let is_moderator =
            account.is_alone_with(room, &identity.subject).await || account.is_moderator(room, &identity.subject).await;
        let personality = match self.addressed(account, &place) {
            Some(slug) => slug,
            None => self.house().turns.talks_with(&identity, &place).await.unwrap_or_default(),
        };
        Caller { identity, name, place, personality, is_moderator, locale: None, message: about, persona: None }
    }

    /// Does what a message asks for.
    pub(super) async fn command(self: &Arc<Self>, account: &Account, said: &Said, wish: Wish) {
        let speaker = (said.speaker.identity.clone(), said.speaker.name.clone());
        let about = said.content.reply_to.clone();
        let caller = self.caller(account, speaker, said.place.clone(), about).await;
        let of = (said.room(), said.event.id.as_str(), said.event.sender.as_str());
        self.wished(account, of, caller, wish, false).await;
    }

    /// Does what is wished, once for `event` in `room`, and shows the answer; of a reaction only why it does nothing.
    pub(super) async fn wished(
        self: &Arc<Self>,
        account: &Account,
        (room, event, sender): (&str, &str, &str),
        caller: Caller,
        wish: Wish,
        is_reaction: bool,
    ) {
        // Heard again after a crash, it is not done again.
        if !self.claims(event).await {
            return;
        }
        let (room, event, sender) = (room.to_owned(), event.to_owned(), sender.to_owned());
        let (here, account) = (self.clone(), account.clone());
        // Some take seconds: what is said meanwhile does not wait for that.
        self.life.spawn("matrix command", async move {
            let desk = &here.house().desk;
            let answer = match wish {
                Wish::Line(line) => desk.line(&caller, &line).await,
                Wish::Words(words) => desk.words(&caller, words).await,
            };
            if is_reaction && answer.refused.is_none_or(|why| MEANT_NOTHING.contains(&why)) {
                return;
            }
            here.show(&account, (&room, &event, &sender), caller, answer).await;
        });
    }

    /// Does what a form was filled in for.
    pub(super) async fn filled_in(self: &Arc<Self>, account: &Account, said: &Said, filling: Filling, given: Filled) {
        let answer = self.house().desk.filled(&filling.caller, &filling.form.line, given).await;
        let of = (said.room(), said.event.id.as_str(), said.event.sender.as_str());
        self.show(account, of, filling.caller, answer).await;
    }

    /// Shows an answer: what is for the asker alone, in a room where nobody else is.
    async fn show(
        self: &Arc<Self>,
        account: &Account,
        (room, event, sender): (&str, &str, &str),
        caller: Caller,
        mut answer: Answer,
    ) {
        let turns = &self.house().turns;
        let prefix = self.prefix(&caller.place).await;
        let locale = self.house().desk.locale_of_identity(&caller.identity).await;
        let is_alone = account.is_alone_with(room, sender).await;
        let is_elsewhere = answer.private && !is_alone;
        // What is between somebody and the house is said by the house's own account.
        let own = self.account().filter(|_| is_elsewhere);
        let (hearer, account) = (account, own.as_ref().unwrap_or(account));
        let (home, here) = rooms::room_of(&caller.place.subject);
        let (to, reply_to, thread) = if is_elsewhere {
            // What was asked where the homeserver reads nothing is answered where it reads nothing.
            let is_encrypted = hearer.info(room).await.is_none_or(|info| info.is_encrypted);
            let needs_encryption = is_encrypted || answer.form.as_ref().is_some_and(|form| form.asks_for_secret());
            match account.direct_room(sender, needs_encryption).await {
                Ok(to) => (to, None, None),
                Err(error) => {
                    tracing::warn!(error = %error, "nobody could be answered in private");
                    let text = turns.texts.say(&locale, "matrix-no-private-room", &[]);
                    self.say_line(hearer, (room, here), &text, Some(event), &format!("no room {event}")).await;
                    return;
                }
            }
        } else {
            let to = if is_alone { room } else { home };
            (to.to_owned(), (!is_alone).then_some(event), here.filter(|_| home == to))
        };
        if let Some(form) = answer.form.take() {
            let opened = self.open_form(account, (&to, sender), (caller.clone(), form), &locale).await;
            answer.text =
                [answer.text, opened].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n\n");
        }
        let mut text = as_typed(&answer_text(&answer), &prefix);
        let legend = buttons::legend(&answer.buttons);
        if !legend.is_empty() {
            text = format!("{text}\n\n{legend}");
        }
        let mut messages = split::split(&text, MESSAGE_MAX);
        let mut files = Vec::new();
        if messages.len() > MESSAGES_MAX {
            messages.truncate(1);
            files.push(("answer.md".to_owned(), text.into_bytes()));
        }
        files.extend(answer.file.take().map(|file| (file.name, file.content)));
        let mut last = None;
        for (n, message) in messages.iter().enumerate() {
            let content = super::spoken::message(message, None);
            let content = super::spoken::related(content, reply_to.filter(|_| n == 0), thread);
            last = self.say(account, &to, content, &format!("answer {event} {n}")).await.or(last);
        }
        for (n, (name, bytes)) in files.into_iter().enumerate() {
            self.say_file(account, &to, (&name, bytes), &format!("file {event} {n}")).await;
        }
        if is_elsewhere {
            let text = turns.texts.say(&locale, "matrix-answered-in-private", &[]);
            self.say_line(hearer, (room, here), &text, Some(event), &format!("elsewhere {event}")).await;
        }
        if let (Some(message), false) = (last, answer.buttons.is_empty()) {
            self.put_buttons(account, (&to, &message), (sender, &caller.place), &answer.buttons).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn line(text: &str) -> Read {
        Read::Command(Wish::Line(text.into()))
    }

    #[test]
    fn a_sign_a_slash_or_the_house_itself_is_asked() {
        let among_others = |text| typed(text, "!", (false, false));
        assert_eq!(among_others("!memory view"), line("/memory view"));
        assert_eq!(among_others("/memory view"), line("/memory view"));
        assert_eq!(among_others("!weather Berlin"), Read::ForOthers);
        assert_eq!(among_others("/shrug"), Read::Talk);
        assert_eq!(among_others("! what"), Read::Talk);
        assert_eq!(among_others("help"), Read::Talk);
        assert_eq!(typed("help", "!", (false, true)), line("/help"));
        assert_eq!(typed("help me with my homework", "!", (false, true)), Read::Talk);
        assert_eq!(typed("!weather", "!", (true, false)), line("/weather"));
        assert_eq!(typed("?memory view", "?", (false, false)), line("/memory view"));
        assert_eq!(typed("!memory view", "?", (false, false)), Read::Talk);
    }

    #[test]
    fn what_clients_send_split_is_what_the_grammar_reads() {
        let given = json!({"command": "memory view", "arguments": {"page": 3}});
        assert_eq!(structured(&given).unwrap(), ["memory", "view", "--page=3"]);
        let given = json!({"command": "memory search", "arguments": {"words": ["the", "--blue", "sister"]}});
        assert_eq!(structured(&given).unwrap(), ["memory", "search", "--", "the", "--blue", "sister"]);
        let given = json!({"command": "admin deny", "arguments": {"who": "@kim:example.org", "for": "2h"}});
        let words = structured(&given).unwrap();
        assert_eq!(words, ["admin", "deny", "--for=2h", "--", "matrix:@kim:example.org"]);
        assert!(commands::parse_words(words).is_ok());
        assert_eq!(structured(&json!({"command": "weather"})), None);
    }

    #[test]
    fn texts_show_commands_as_they_are_typed_here() {
        assert_eq!(as_typed("/help shows it, (/keys set) too", "!"), "!help shows it, (!keys set) too");
        assert_eq!(
            as_typed("https://x/help and/help a /path /helpless", "!"),
            "https://x/help and/help a /path /helpless"
        );
        assert_eq!(as_typed("**/memory** view", "."), "**.memory** view");
    }
}
