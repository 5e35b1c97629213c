//! `/help` and `/about`: the house itself.

use commands::{Access, Help, Leaf, Where};

use super::Session;
use crate::domain::{Answer, Refusal};
use crate::turn::Turns;

/// The groups of commands, or the commands whose name starts with the words given; only what the caller may give here.
pub(super) fn help(session: &Session<'_>, help: &Help) -> Result<Answer, Refusal> {
    let wanted: Vec<&str> = help.command.iter().map(commands::CommandWord::as_str).collect();
    let in_terminal = session.place.platform == "console";
    let may_give = |leaf: &Leaf| match leaf.access {
        Access::Everyone => true,
        Access::Moderator => session.caller.is_moderator || session.is_operator(),
        Access::Operator => session.is_operator(),
    };
    let fits = |leaf: &Leaf| {
        let path: Vec<&str> = leaf.path.iter().map(String::as_str).collect();
        path.starts_with(&wanted) && may_give(leaf) && (in_terminal || leaf.place == Where::Everywhere)
    };
    let shown: Vec<Leaf> = commands::leaves().into_iter().filter(fits).collect();
    if shown.is_empty() {
        return Err(Refusal::new("refusal-help-unknown").arg("command", wanted.join(" ")));
    }
    if wanted.is_empty() {
        // A page that can be read at a glance; each group says more when it is asked for.
        let head = format!("{}\n{}", session.say("reply-help", &[]), session.say("reply-help-more", &[]));
        let mut names: Vec<&str> = shown.iter().map(|leaf| leaf.path[0].as_str()).collect();
        names.dedup();
        return Ok(names.into_iter().fold(Answer::private(head), |answer, name| {
            answer.with(format!("/{name}"), session.say(&format!("command-{name}"), &[]))
        }));
    }
    let mut answer = Answer::private(String::new());
    for leaf in &shown {
        answer = answer.with(leaf.usage(), session.say(&leaf.text_id(), &[]));
        // A group is listed; a single command is explained.
        for arg in leaf.args.iter().filter(|_| shown.len() == 1) {
            let about = session.turns.texts.describe(&session.locale, &leaf.text_id(), &arg.name);
            answer = answer.with(format!("  {}", arg.name), about.unwrap_or_default());
        }
    }
    Ok(answer)
}

/// What this house is and what it runs on.
pub(super) fn about(session: &Session<'_>) -> Answer {
    let model = model(session.turns, &session.locale);
    let names = session.turns.directory.names();
    // Everyone reads this.
    let people: Vec<String> = names.public().all().iter().map(|personality| personality.file.name.clone()).collect();
    let label = |id: &str| session.say(id, &[]);
    Answer::public(session.say("reply-about", &[("version", env!("CARGO_PKG_VERSION").into())]))
        .with(label("label-about-ai"), label("about-ai"))
        .with(label("label-about-stored"), label("about-stored"))
        .with(label("label-about-stop"), label("about-stop"))
        .with(label("label-about-model"), model)
        .with(label("label-about-database"), session.turns.db.engine())
        .with(label("label-about-store"), session.turns.recall.store().name())
        .with(label("label-about-embedder"), session.turns.recall.embedder().space().model.clone())
        .with(label("label-about-personalities"), people.join(", "))
        .with(label("label-about-locales"), session.turns.texts.locales().collect::<Vec<_>>().join(", "))
}

/// What answers those who bring no key of their own.
fn model(turns: &Turns, locale: &str) -> String {
    let info = turns.model.info("");
    let id = if info.tiny { "about-model-tiny" } else { "about-model" };
    turns.texts.say(locale, id, &[("model", info.model.into()), ("provider", info.provider.into())])
}

/// What the house says when it comes into a room.
pub(super) fn greeting(turns: &Turns, locale: &str, is_direct: bool) -> String {
    let say = |id: &str| turns.texts.say(locale, id, &[]);
    let mention = turns.settings.mention.to_string();
    let names = turns.directory.names();
    let people: Vec<String> = names.public().all().iter().map(|personality| personality.file.name.clone()).collect();
    let id = if is_direct { "greeting-direct" } else { "greeting-room" };
    let args = [("people", people.join(", ").into()), ("mention", mention.into())];
    let rows = [
        ("label-about-ai", say("about-ai")),
        ("label-about-stored", say("about-stored")),
        ("label-about-model", model(turns, locale)),
        ("label-about-stop", say("about-stop")),
    ];
    let rows = rows.map(|(label, text)| format!("**{}** {text}", say(label)));
    format!("{}\n\n{}", turns.texts.say(locale, id, &args), rows.join("\n"))
}
