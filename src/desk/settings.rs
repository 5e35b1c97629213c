//! `/settings`: how the house treats the caller.

use commands::Settings;

use super::{Session, Stop};
use crate::db::people;
use crate::domain::{Answer, Refusal};
use crate::turn::prompt::written;

pub(super) async fn run(session: &Session<'_>, command: &Settings) -> Result<Answer, Stop> {
    let member = session.person.member.id.clone();
    match command {
        Settings::View => Ok(Answer::private(session.say("reply-settings-view", &[]))
            .with(session.say("label-settings-locale", &[]), session.locale.clone())
            .with(session.say("label-settings-time-zone", &[]), session.zone())),
        Settings::TimeZone { zone } => {
            let known = jiff::tz::TimeZone::get(zone.as_str())
                .map_err(|_| Refusal::new("refusal-zone-unknown").arg("zone", zone.as_str()))?;
            let name = known.iana_name().unwrap_or(zone.as_str()).to_owned();
            let set = name.clone();
            session
                .turns
                .db
                .write(move |tx| Box::pin(async move { people::set_time_zone(tx, &member, &set).await }))
                .await?;
            session.turns.directory.forget_people();
            let time = written(session.turns.clock.now(), &name, "%H:%M");
            Ok(Answer::private(
                session.say("reply-settings-time-zone", &[("time", time.into()), ("zone", name.into())]),
            ))
        }
        Settings::Locale { tag } => {
            let spoken: Vec<String> = session.turns.texts.locales().map(ToOwned::to_owned).collect();
            let wanted = tag.as_str().to_lowercase();
            let found = spoken
                .iter()
                .find(|locale| locale.to_lowercase() == wanted)
                .or_else(|| spoken.iter().find(|locale| locale.split('-').next() == wanted.split('-').next()))
                .ok_or_else(|| {
                    Refusal::new("refusal-locale-unknown").arg("locale", tag.as_str()).arg("locales", spoken.join(", "))
                })?
                .clone();
            let set = found.clone();
            session
                .turns
                .db
                .write(move |tx| Box::pin(async move { people::set_locale(tx, &member, &set).await }))
                .await?;
            session.turns.directory.forget_people();
            Ok(Answer::private(session.turns.texts.say(&found, "reply-settings-locale", &[])))
        }
    }
}
