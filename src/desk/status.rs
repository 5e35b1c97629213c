//! `/admin status`: how the house is doing, for whoever runs it.

use std::time::Duration;

use super::{Session, Stop};
use crate::db::{memories, messages, people};
use crate::domain::{Answer, Role};
use crate::ops::metrics::{self, Chore};
use crate::turn::prompt::written;

/// Bytes of a unit that sizes are shown in, and its name in every language.
const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];

pub(super) async fn run(session: &Session<'_>) -> Result<Answer, Stop> {
    let turns = session.turns;
    let (db, now) = (&turns.db, turns.clock.now());
    let label = |id: &str| session.say(id, &[]);
    let works = |works: bool| label(if works { "status-works" } else { "status-away" });
    let waiting = db.backlog(now).await?;
    let (busy, workers) = turns.doorbell.busy();
    let store = turns.recall.store();
    let (info, model) = (turns.model.info(""), turns.model.check().await.is_ok());
    let owed = session
        .say("status-waiting", &[("count", waiting.turns().into()), ("seconds", waiting.oldest.as_secs().into())]);
    let states = session.say(
        "status-states",
        &[("queued", waiting.queued.into()), ("running", waiting.running.into()), ("sending", waiting.sending.into())],
    );
    let outbox = session.say(
        "status-unindexed",
        &[("count", waiting.outbox.into()), ("seconds", waiting.outbox_oldest.as_secs().into())],
    );
    let database = format!("{}: {}, {}", db.engine(), works(db.ping().await.is_ok()), size(db.size().await?));
    let fronts: Vec<String> =
        turns.platforms.all().into_iter().map(|(name, is_heard)| format!("{name}: {}", works(is_heard))).collect();
    Ok(Answer::private(session.say("reply-admin-status", &[("version", env!("CARGO_PKG_VERSION").into())]))
        .with(label("label-status-role"), role(session, turns.life.role()))
        .with(label("label-status-age"), age(session, turns.life.age()))
        .with(label("label-status-fronts"), fronts.join(" · "))
        .with(label("label-status-waiting"), format!("{owed} · {states}"))
        .with(
            label("label-status-workers"),
            session.say("status-workers", &[("busy", busy.into()), ("all", workers.into())]),
        )
        .with(label("label-status-members"), people::count(db).await?.to_string())
        .with(label("label-status-messages"), messages::count(db).await?.to_string())
        .with(label("label-status-memories"), memories::total(db).await?.to_string())
        .with(label("label-status-unindexed"), outbox)
        .with(label("label-status-database"), database)
        .with(label("label-status-store"), format!("{}: {}", store.name(), works(store.check().await.is_ok())))
        .with(label("label-status-model"), format!("{} ({}): {}", info.model, info.provider, works(model)))
        .with(label("label-status-breakers"), left_alone(session))
        .with(label("label-status-chores"), chores(session)))
}

fn role(session: &Session<'_>, role: Role) -> String {
    session.say(
        match role {
            Role::Together => "role-together",
        },
        &[],
    )
}

/// The models that are left alone because calls kept failing.
fn left_alone(session: &Session<'_>) -> String {
    let own = session.turns.model.left_alone();
    let mut open = session.turns.keyring.providers().left_alone();
    if own > 0 {
        open.insert(0, (session.turns.model.info("").provider, own));
    }
    if open.is_empty() {
        return session.say("status-breakers-none", &[]);
    }
    let shown = |(provider, models): (String, usize)| {
        session.say("status-breakers", &[("provider", provider.as_str().into()), ("count", models.into())])
    };
    open.into_iter().map(shown).collect::<Vec<_>>().join(" · ")
}

/// When each chore was last done in this process.
fn chores(session: &Session<'_>) -> String {
    let shown = |chore: Chore| {
        let when = match metrics::last_success(chore) {
            Some(at) => written(at, session.zone(), "%Y-%m-%d %H:%M"),
            None => session.say("chore-not-yet", &[]),
        };
        let name = match chore {
            Chore::Count => "chore-count",
            Chore::Index => "chore-index",
            Chore::Distil => "chore-distil",
            Chore::Tidy => "chore-tidy",
        };
        format!("{}: {when}", session.say(name, &[]))
    };
    Chore::ALL.map(shown).join(" · ")
}

fn age(session: &Session<'_>, age: Duration) -> String {
    let minutes = age.as_secs() / 60;
    let [days, hours, minutes] = [minutes / (24 * 60), minutes / 60 % 24, minutes % 60];
    session.say("status-age", &[("days", days.into()), ("hours", hours.into()), ("minutes", minutes.into())])
}

fn size(bytes: u64) -> String {
    let (unit, name) = UNITS.into_iter().find(|(unit, _)| bytes >= *unit).unwrap_or((1, "B"));
    format!("{:.1}\u{a0}{name}", bytes as f64 / unit as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_shown_in_the_largest_unit_that_they_fill() {
        let shown = [512, 2_048, 3 << 20, 5 << 29].map(size);
        assert_eq!(shown, ["512.0\u{a0}B", "2.0\u{a0}KiB", "3.0\u{a0}MiB", "2.5\u{a0}GiB"]);
    }
}
