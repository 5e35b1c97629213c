//! `/prompt`: a member's own instructions, beside who a character is.

use commands::{Command, Prompt as PromptCommand};
use secrecy::ExposeSecret as _;

use super::{Session, Stop};
use crate::domain::{Answer, Ask, AskKind, Chosen, Form, Kind, Refusal, holds_a_key};

/// Field of the form.
const TEXT: &str = "text";
/// Longest instructions, in characters.
const TEXT_MAX: usize = 2_000;

pub(super) async fn run(session: &Session<'_>, command: PromptCommand) -> Result<Answer, Stop> {
    match &command {
        PromptCommand::Set { with } => {
            let seat = session.own_seat(with.as_ref())?;
            let Some(text) = session.filled(TEXT) else {
                let ask = Ask::new(TEXT, session.say("form-prompt-text", &[]), AskKind::Text);
                let form = Form { asks: vec![ask], line: Command::Prompt(command.clone()).line() };
                return Ok(Answer::private(session.say("reply-prompt-ask", &[])).with_form(form));
            };
            let text = text.expose_secret().trim();
            if text.is_empty() || text.chars().count() > TEXT_MAX {
                return Err(Refusal::new("refusal-prompt-length").arg("max", TEXT_MAX.to_string()).into());
            }
            if holds_a_key(text) {
                return Err(Refusal::new("refusal-key-in-message").into());
            }
            session.choose(Kind::Prompt, seat, Some(Chosen::Value(text.to_owned()))).await?;
            Ok(Answer::private(session.say("reply-prompt-set", &[])))
        }
        PromptCommand::Off { with } => {
            session.choose(Kind::Prompt, session.own_seat(with.as_ref())?, Some(Chosen::Off)).await?;
            Ok(Answer::private(session.say("reply-prompt-off", &[])))
        }
        PromptCommand::Clear { with } => {
            session.choose(Kind::Prompt, session.own_seat(with.as_ref())?, None).await?;
            Ok(Answer::private(session.say("reply-prompt-cleared", &[])))
        }
        PromptCommand::View { with } => {
            let personality = match with {
                Some(with) => session.named(with.as_str())?,
                None => session.personality()?,
            };
            let bond = session.turns.directory.bond(&session.person.member.id, &personality.id).await?;
            let decided = bond.choices.decided(Kind::Prompt);
            let by = session.decider(&decided, &personality.id);
            let text = decided.value().map_or_else(|| session.say("prompt-none", &[]), str::to_owned);
            let head = session.say("reply-prompt-view", &[("name", personality.file.name.clone().into())]);
            Ok(Answer::private(head).with(by, text))
        }
    }
}
