//! Making a choice at one tier of a cascade, and saying who decided.

use commands::PersonalityName;

use super::{Session, Stop};
use crate::db::audit;
use crate::db::choices::{self, Seat};
use crate::domain::{Chosen, Decided, Deed, Done, Kind, PersonalityId, Tier};

impl Session<'_> {
    /// Whose choice it is when the caller makes one: theirs, with one personality or with all.
    pub(super) fn own_seat(&self, with: Option<&PersonalityName>) -> Result<Seat, Stop> {
        let personality =
            with.map(|name| self.named(name.as_str())).transpose()?.map(|personality| personality.id.clone());
        Ok(Seat { member: Some(self.person.member.id.clone()), personality })
    }

    /// Writes a choice; `None` leaves it to the next tier.
    pub(super) async fn choose(&self, kind: Kind, seat: Seat, chosen: Option<Chosen>) -> Result<(), Stop> {
        let (id, now) = (self.turns.clock.id(), self.turns.clock.now());
        let done = self.chosen(kind, &seat, chosen.as_ref());
        let writing = self.turns.db.write(move |tx| {
            Box::pin(async move {
                choices::set(tx, &id, kind, &seat, chosen.as_ref(), now).await?;
                audit::record_any(tx, done.as_ref()).await
            })
        });
        writing.await?;
        self.turns.directory.forget_bonds();
        Ok(())
    }

    /// A choice as a deed; `None`: it is a matter of taste.
    fn chosen(&self, kind: Kind, seat: &Seat, chosen: Option<&Chosen>) -> Option<Done> {
        let deed = match kind {
            Kind::Sharing => Deed::SharingChosen,
            Kind::Memory => Deed::MemoryChosen,
            Kind::Preset if seat.member.is_none() && seat.personality.is_none() => Deed::HouseModelChosen,
            _ => return None,
        };
        let done = self.done(deed).saying(match chosen {
            Some(Chosen::Value(_)) => "on",
            Some(Chosen::Off) => "off",
            None => "as before",
        });
        Some(match &seat.personality {
            Some(personality) => done.about(personality.as_str()),
            None => done,
        })
    }

    /// Who decided, in words.
    pub(super) fn decider(&self, decided: &Decided<'_>, personality: &PersonalityId) -> String {
        let names = self.turns.directory.names();
        let name = names.get(personality).map(|personality| personality.file.name.clone()).unwrap_or_default();
        let id = match decided.tier {
            Some(Tier::Bond) => "decided-bond",
            Some(Tier::Member) => "decided-member",
            Some(Tier::Personality) => "decided-personality",
            Some(Tier::House) => "decided-house",
            None => return self.say("decided-nobody", &[]),
        };
        // One text each, all with the name, so that every language can put it where it belongs.
        self.say(id, &[("name", name.into())])
    }
}
