//! `/help` and `/about`: the house itself.

use commands::Help;

use super::Session;
use crate::domain::Answer;

/// All commands, or those whose name starts with the words given.
pub(super) fn help(session: &Session<'_>, help: &Help) -> Answer {
    let wanted: Vec<&str> = help.command.iter().map(commands::CommandWord::as_str).collect();
    let leaves = commands::leaves();
    let mut shown: Vec<_> = leaves.iter().filter(|leaf| leaf.path.iter().map(String::as_str).take(wanted.len()).eq(wanted.iter().copied())).collect();
    let head = if shown.is_empty() {
        shown = leaves.iter().collect();
        session.say("help-unknown", &[("command", wanted.join(" ").into())])
    } else {
        session.say("help-title", &[])
    };
    shown.into_iter().fold(Answer::private(head), |answer, leaf| {
        let about = session.turns.texts.attribute(&session.locale, &leaf.text_id(), "about");
        answer.with(leaf.usage(), about)
    })
}

/// What this house is, what it runs on, what it stores.
pub(super) fn about(session: &Session<'_>) -> Answer {
    let info = session.turns.model.info("");
    Answer::public(session.say(
        "about-house",
        &[
            ("version", env!("CARGO_PKG_VERSION").into()),
            ("model", info.model.into()),
            ("provider", info.provider.into()),
            ("database", session.turns.db.engine().into()),
            ("store", session.turns.recall.store().name().into()),
            ("embedder", session.turns.recall.embedder().space().model.clone().into()),
        ],
    ))
}
