//! `/settings`: how the house treats the caller.

use commands::Settings;

use super::{Session, Stop};
use crate::db::people;
use crate::domain::{Answer, Refusal};

pub(super) async fn run(session: &Session<'_>, command: &Settings) -> Result<Answer, Stop> {
    let member = session.person.member.id.clone();
    match command {
        Settings::View => Ok(Answer::private(session.say("settings-view", &[]))
            .with(session.say("settings-locale", &[]), session.locale.clone())
            .with(session.say("settings-time-zone", &[]), session.zone())),
        Settings::TimeZone { zone } => {
            let known = jiff::tz::TimeZone::get(zone.as_str())
                .map_err(|_| Refusal::new("refusal-no-such-zone").arg("zone", zone.as_str()))?;
            let name = known.iana_name().unwrap_or(zone.as_str()).to_owned();
            let set = name.clone();
            session
                .turns
                .db
                .write(move |tx| Box::pin(async move { people::set_time_zone(tx, &member, &set).await }))
                .await?;
            session.turns.directory.forget_people();
            Ok(Answer::private(session.say("settings-time-zone-set", &[("zone", name.into())])))
        }
        Settings::Locale { tag } => {
            let spoken = session.turns.texts.locales();
            let wanted = tag.as_str().to_lowercase();
            let found = spoken
                .iter()
                .find(|locale| locale.to_lowercase() == wanted)
                .or_else(|| spoken.iter().find(|locale| locale.split('-').next() == wanted.split('-').next()))
                .ok_or_else(|| {
                    Refusal::new("refusal-no-such-locale").arg("tag", tag.as_str()).arg("known", spoken.join(", "))
                })?
                .clone();
            let set = found.clone();
            session
                .turns
                .db
                .write(move |tx| Box::pin(async move { people::set_locale(tx, &member, &set).await }))
                .await?;
            session.turns.directory.forget_people();
            Ok(Answer::private(session.turns.texts.say(&found, "settings-locale-set", &[("locale", found.clone().into())])))
        }
    }
}
