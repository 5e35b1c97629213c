//! Forms as an exchange: the house asks for one thing after the other, in a room where nobody else is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use matrix_account::Account;
use secrecy::SecretString;

use super::intake::Said;
use super::{Matrix, commands};
use crate::db::meta;
use crate::desk::{Caller, Filled};
use crate::domain::{Ask, AskKind, Form};

/// Forms that are being filled in, at most.
const OPEN_MAX: usize = 1_000;
/// How long a form waits for its next answer, in milliseconds.
const OPEN_MILLIS: i64 = 15 * 60 * 1_000;
/// How long a message is taken for the secret that was asked for, when the form is gone.
const SECRET_MILLIS: i64 = 60 * 60 * 1_000;
/// Behind the sign of commands: leaves something as it is, and ends a form.
const KEEP: &str = "keep";
const CANCEL: &str = "cancel";

/// A form, and what was given so far.
pub(super) struct Filling {
    pub caller: Caller,
    pub form: Form,
    given: Filled,
    /// Fields that are done with.
    asked: usize,
    /// When it was last asked for something, in Unix milliseconds.
    at: i64,
}

impl Filling {
    fn ask(&self) -> Option<&Ask> {
        self.form.asks.get(self.asked)
    }
}

/// Forms that are open, by the room and whoever fills them in.
#[derive(Default)]
pub(super) struct Forms(Mutex<HashMap<(String, String), Filling>>);

impl Forms {
    fn put(&self, room: &str, who: &str, filling: Filling) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= OPEN_MAX {
            open.retain(|_, other| filling.at - other.at < OPEN_MILLIS);
        }
        if open.len() < OPEN_MAX {
            open.insert((room.to_owned(), who.to_owned()), filling);
        }
    }

    fn take(&self, room: &str, who: &str, now: i64) -> Option<Filling> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.remove(&(room.to_owned(), who.to_owned())).filter(|filling| now - filling.at < OPEN_MILLIS)
    }
}

/// Whether a room is one in which somebody may say a key: encrypted, with nobody else there.
async fn is_safe(account: &Account, room: &str, who: &str) -> bool {
    account.info(room).await.is_some_and(|info| info.is_encrypted) && account.is_alone_with(room, who).await
}

/// Where it is noted that somebody was asked for a secret in a room.
fn asked_key(room: &str, who: &str) -> String {
    format!("matrix.asked {room} {who}")
}

impl Matrix {
    /// Opens a form in a room; what is to be said about it: its first question, or why it is not asked there.
    pub(super) async fn open_form(
        &self,
        account: &Account,
        (room, who): (&str, &str),
        (caller, form): (Caller, Form),
        locale: &str,
    ) -> String {
        let turns = &self.house().turns;
        if form.asks_for_secret() && !is_safe(account, room, who).await {
            return turns.texts.say(locale, "matrix-keys-not-here", &[]);
        }
        let filling = Filling { caller, form, given: Filled::new(), asked: 0, at: turns.clock.now().0 };
        let (question, now) = (self.question(&filling, locale).await, filling.at);
        if filling.form.asks_for_secret() {
            // After a restart, the secret must not be taken for something to say.
            let noting = self.stored("matrix form", || {
                let key = asked_key(room, who);
                self.house().db.write(move |tx| {
                    let at = now.to_string();
                    Box::pin(async move { meta::set(tx, &key, &at).await })
                })
            });
            if noting.await.is_none() {
                return String::new();
            }
        }
        self.forms.put(room, who, filling);
        question
    }

    /// Whether a message comes for a secret that was asked for before the house was started anew, or too long ago: it is
    /// neither kept nor answered, and its author is told.
    pub(super) async fn was_a_secret(&self, account: &Account, said: &Said) -> bool {
        let prefix = self.prefix(&said.place).await;
        if !said.is_direct() || matches!(commands::read(said, &prefix), commands::Read::Command(_)) {
            return false;
        }
        let (db, key) = (&self.house().db, asked_key(said.room(), &said.event.sender));
        let asked = self.stored("matrix form", || meta::get(db, &key)).await.flatten();
        let Some(at) = asked.and_then(|at| at.parse::<i64>().ok()) else { return false };
        self.secret_came(said).await;
        let is_it = self.house().turns.clock.now().0 - at < SECRET_MILLIS;
        if is_it {
            self.warn_of_key(account, said).await;
        }
        is_it
    }

    /// A secret that was asked for came, or nobody waits for it any more.
    async fn secret_came(&self, said: &Said) {
        let removing = self.stored("matrix form", || {
            let key = asked_key(said.room(), &said.event.sender);
            self.house().db.write(move |tx| Box::pin(async move { meta::remove(tx, &key).await }))
        });
        removing.await;
    }

    async fn question(&self, filling: &Filling, locale: &str) -> String {
        let Some(ask) = filling.ask() else { return String::new() };
        let turns = &self.house().turns;
        let prefix = self.prefix(&filling.caller.place).await;
        let id = match ask.kind {
            _ if ask.is_optional => "matrix-form-optional",
            AskKind::File => "matrix-form-file",
            AskKind::Line | AskKind::Text | AskKind::Secret => "matrix-form-ask",
        };
        let (keep, cancel) = (format!("{prefix}{KEEP}"), format!("{prefix}{CANCEL}"));
        let args = [("label", ask.label.clone().into()), ("keep", keep.into()), ("cancel", cancel.into())];
        turns.texts.say(locale, id, &args)
    }

    /// Takes a message as what a form asked for; `false`: none was open, or it is a command.
    pub(super) async fn fills_in(self: &Arc<Self>, account: &Account, said: &Said) -> bool {
        let turns = &self.house().turns;
        let (room, who) = (said.room(), said.event.sender.as_str());
        let Some(mut filling) = self.forms.take(room, who, turns.clock.now().0) else { return false };
        let Some(ask) = filling.ask().cloned() else { return false };
        let prefix = self.prefix(&filling.caller.place).await;
        let locale = self.house().desk.locale_of_identity(&said.speaker.identity).await;
        let say = |id: &'static str| turns.texts.say(&locale, id, &[]);
        let text = said.content.text.trim();
        let once = |what: &str| format!("{what} {}", said.event.id);
        let is = |word: &str| [prefix.as_str(), "/"].iter().any(|sign| text.strip_prefix(sign) == Some(word));
        let keeps = ask.is_optional && is(KEEP);
        if is(CANCEL) {
            self.secret_came(said).await;
            self.say_line(account, (room, None), &say("console-form-left"), None, &once("form left")).await;
            return true;
        }
        // Another command ends the form; a secret may begin with whatever it likes.
        if ask.kind != AskKind::Secret && !keeps && matches!(commands::read(said, &prefix), commands::Read::Command(_))
        {
            return false;
        }
        // Somebody came in meanwhile: what was written now is read by others as well.
        if ask.kind == AskKind::Secret && !is_safe(account, room, who).await {
            self.warn_of_key(account, said).await;
            return true;
        }
        let given = match ask.kind {
            AskKind::File => match &said.content.text_file {
                Some(file) if !file.is_long => match account.download(&file.source).await {
                    Ok(bytes) => String::from_utf8(bytes).ok(),
                    Err(_) => None,
                },
                Some(_) | None => None,
            },
            AskKind::Line | AskKind::Text | AskKind::Secret => Some(text.to_owned()),
        };
        let Some(given) = given.filter(|given| !given.is_empty()) else {
            let question = self.question(&filling, &locale).await;
            filling.at = turns.clock.now().0;
            self.forms.put(room, who, filling);
            self.say_line(account, (room, None), &question, None, &once("form again")).await;
            return true;
        };
        if ask.kind == AskKind::Secret {
            self.secret_came(said).await;
        }
        if ask.kind == AskKind::Secret && !self.unsay(account, said).await {
            self.say_line(
                account,
                (room, None),
                &say("matrix-key-stays-here"),
                Some(&said.event.id),
                &once("key stays"),
            )
            .await;
        }
        if !keeps {
            filling.given.push((ask.name, SecretString::from(given)));
        }
        filling.asked += 1;
        if filling.ask().is_some() {
            filling.at = turns.clock.now().0;
            let question = self.question(&filling, &locale).await;
            self.forms.put(room, who, filling);
            self.say_line(account, (room, None), &question, None, &once("form next")).await;
            return true;
        }
        let given = std::mem::take(&mut filling.given);
        self.filled_in(account, said, filling, given).await;
        true
    }
}
