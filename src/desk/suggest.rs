//! What fits where a value is asked for: front ends offer it while somebody types.

use commands::{MemoryRef, Source};

use super::{Caller, Desk, Stop};
use crate::db::{memories, people, presets};

/// Most that is offered at once.
const OFFERED_MAX: usize = 25;
/// Longest text that is shown with a memory, in characters.
const SHOWN_MAX: usize = 80;

/// Something that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// What a person reads.
    pub shown: String,
    /// What the command takes.
    pub value: String,
}

impl Suggestion {
    fn plain(value: impl Into<String>) -> Self {
        let value = value.into();
        Self { shown: value.clone(), value }
    }
}

impl Desk {
    /// What fits a half-typed value of `source`, best first; nothing where it cannot be said.
    pub async fn suggest(&self, caller: &Caller, source: Source, typed: &str) -> Vec<Suggestion> {
        self.fitting(caller, source, typed).await.unwrap_or_else(|stop| {
            if let Stop::Failed(error) = stop {
                crate::ops_error("suggestions", &error);
            }
            Vec::new()
        })
    }

    async fn fitting(&self, caller: &Caller, source: Source, typed: &str) -> Result<Vec<Suggestion>, Stop> {
        let session = self.session(caller).await?;
        if session.turns.turned_away(&caller.identity, &caller.place).await?.is_some() {
            return Ok(Vec::new());
        }
        let member = &session.person.member.id;
        let names = session.turns.directory.names();
        let seen = names.seen_by(member);
        let all: Vec<Suggestion> = match source {
            Source::Personalities => {
                let named = |personality: &std::sync::Arc<crate::domain::Personality>| Suggestion {
                    shown: personality.file.name.clone(),
                    value: personality.slug.clone(),
                };
                seen.all().iter().map(named).collect()
            }
            Source::Aliases => seen.aliases().into_iter().map(|alias| Suggestion::plain(&alias.name)).collect(),
            Source::Personas => {
                let personas = people::personas(&session.turns.db, member).await?;
                personas.into_iter().map(|persona| Suggestion::plain(persona.name)).collect()
            }
            Source::Presets => {
                let presets = presets::for_member(&session.turns.db, member).await?;
                presets.into_iter().map(|preset| Suggestion::plain(preset.name)).collect()
            }
            Source::Providers => {
                session.turns.keyring.providers().all().iter().map(|one| Suggestion::plain(&one.name)).collect()
            }
            Source::Locales => session.turns.texts.locales().map(Suggestion::plain).collect(),
            Source::Zones => jiff::tz::db().available().map(|zone| Suggestion::plain(zone.to_string())).collect(),
            Source::Commands => commands::leaves().iter().map(|leaf| Suggestion::plain(leaf.path.join(" "))).collect(),
            Source::Memories => {
                let scope = session.own_scope().await?;
                let newest = memories::page(&session.turns.db, &scope, 200, 0).await?;
                newest
                    .iter()
                    .map(|memory| {
                        let id = MemoryRef::short(memory.id.as_str());
                        let said = session.words_of(memory).unwrap_or_else(|| session.say("memory-sealed-short", &[]));
                        let said: String = said.chars().take(SHOWN_MAX).collect();
                        Suggestion { shown: format!("{id} · {said}"), value: id.to_owned() }
                    })
                    .collect()
            }
            Source::Members => Vec::new(),
        };
        Ok(best(all, typed))
    }
}

/// Those that begin with what was typed, then those with a word that does, then those that hold it.
fn best(all: Vec<Suggestion>, typed: &str) -> Vec<Suggestion> {
    let typed = typed.trim().to_lowercase();
    let mut ranked: Vec<(u8, Suggestion)> = all
        .into_iter()
        .filter_map(|one| {
            let shown = one.shown.to_lowercase();
            let rank = if shown.starts_with(&typed) || one.value.to_lowercase().starts_with(&typed) {
                0
            } else if shown.split(|c: char| !c.is_alphanumeric()).any(|word| word.starts_with(&typed)) {
                1
            } else if shown.contains(&typed) {
                2
            } else {
                return None;
            };
            Some((rank, one))
        })
        .collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().take(OFFERED_MAX).map(|(_, one)| one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_fit_comes_first() {
        let all = ["Old Sam", "Sammy", "Balsam", "Ada"].map(Suggestion::plain).to_vec();
        let shown: Vec<String> = best(all.clone(), "SAM").into_iter().map(|one| one.shown).collect();
        assert_eq!(shown, ["Sammy", "Old Sam", "Balsam"]);
        assert_eq!(best(all, "").len(), 4);
        assert_eq!(best((0..90).map(|n| Suggestion::plain(n.to_string())).collect(), "").len(), OFFERED_MAX);
    }
}
