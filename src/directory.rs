//! Who and what is known: members, places and personalities, read once and kept.
//!
//! Everything here is small and changes rarely; whoever changes it says so through the `forget_…` functions.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use dashmap::DashMap;

use crate::db::{Db, Error, people, personalities, places};
use crate::domain::{
    Clock, Identity, Member, MemberId, Persona, PersonaId, Personality, PersonalityFile, PersonalityId, Place, PlaceId,
    PlaceRef, Visibility, spelling,
};

/// A member as they appear: with the persona they use.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    pub member: Member,
    pub persona: Persona,
}

/// Every name a personality answers to.
#[derive(Debug, Default)]
pub struct Names {
    by_id: HashMap<PersonalityId, Arc<Personality>>,
    /// Whoever answers to a name, the first claim first.
    by_name: HashMap<String, Vec<PersonalityId>>,
}

/// The names as one member sees them: everyone's personalities, and their own, which come first.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'n> {
    names: &'n Names,
    member: Option<&'n MemberId>,
}

impl Names {
    /// Indexes personalities: slugs and names shadow aliases, the earlier personality shadows the later.
    pub fn new(all: Vec<Personality>) -> Self {
        let all: Vec<Arc<Personality>> = all.into_iter().map(Arc::new).collect();
        let mut by_name: HashMap<String, Vec<PersonalityId>> = HashMap::new();
        let mut claim = |name: &str, personality: &Personality| {
            let claims = by_name.entry(name.trim().to_lowercase()).or_default();
            if !claims.contains(&personality.id) {
                claims.push(personality.id.clone());
            }
        };
        all.iter().for_each(|personality| claim(&personality.slug, personality));
        all.iter().for_each(|personality| claim(&personality.file.name, personality));
        for personality in &all {
            personality.file.aliases.iter().for_each(|alias| claim(alias, personality));
        }
        by_name.remove("");
        Self { by_id: all.into_iter().map(|personality| (personality.id.clone(), personality)).collect(), by_name }
    }

    /// The personality of a slug, whoever may see it.
    pub fn of_slug(&self, slug: &str) -> Option<&Arc<Personality>> {
        self.by_id.values().find(|personality| personality.slug == slug)
    }

    /// The names as `member` sees them.
    pub fn seen_by<'n>(&'n self, member: &'n MemberId) -> Seen<'n> {
        Seen { names: self, member: Some(member) }
    }

    /// The names that everybody sees.
    pub fn public(&self) -> Seen<'_> {
        Seen { names: self, member: None }
    }

    /// A personality by id.
    pub fn get(&self, id: &PersonalityId) -> Option<&Arc<Personality>> {
        self.by_id.get(id)
    }
}

impl<'n> Seen<'n> {
    /// The personality that answers to `name`, whatever its case.
    pub fn find(self, name: &str) -> Option<&'n Arc<Personality>> {
        let claims = self.names.by_name.get(&name.trim().to_lowercase())?;
        let mut seen = claims.iter().filter_map(|id| self.names.by_id.get(id)).filter(|p| self.sees(p)).peekable();
        let first = seen.peek().copied();
        seen.find(|personality| self.owns(personality)).or(first)
    }

    /// The personality of an id.
    pub fn get(self, id: &PersonalityId) -> Option<&'n Arc<Personality>> {
        self.names.get(id).filter(|personality| self.sees(personality))
    }

    /// The personality whose name is spelt most like `name`, if any is close.
    pub fn nearest(self, name: &str) -> Option<&'n Arc<Personality>> {
        let wanted = name.trim().to_lowercase();
        let close = |known: &&String| spelling::distance(&wanted, known) <= 2 && self.find(known).is_some();
        let known = self.names.by_name.keys().filter(close);
        let nearest = known.min_by_key(|known| (spelling::distance(&wanted, known), *known));
        nearest.and_then(|known| self.find(known))
    }

    /// All that are seen, by slug.
    pub fn all(self) -> Vec<Arc<Personality>> {
        let mut all: Vec<_> = self.names.by_id.values().filter(|personality| self.sees(personality)).cloned().collect();
        all.sort_by(|a, b| a.slug.cmp(&b.slug));
        all
    }

    fn sees(self, personality: &Personality) -> bool {
        personality.visibility == Visibility::Public || self.owns(personality)
    }

    fn owns(self, personality: &Personality) -> bool {
        self.member.is_some() && personality.owner.as_ref() == self.member
    }
}

/// The cache over the database.
pub struct Directory {
    db: Db,
    clock: Arc<dyn Clock>,
    people: DashMap<(String, String), Arc<Person>>,
    places: DashMap<(String, String), Arc<Place>>,
    places_by_id: DashMap<PlaceId, Arc<Place>>,
    members: DashMap<MemberId, Arc<Member>>,
    personas: DashMap<PersonaId, Arc<Persona>>,
    names: RwLock<Arc<Names>>,
}

/// Entries per cache before it is emptied and filled again.
const CACHE_MAX: usize = 50_000;

impl Directory {
    /// Opens the directory and brings in the personality files.
    pub async fn open(db: Db, clock: Arc<dyn Clock>, files: Vec<PersonalityFile>) -> Result<Self, Error> {
        let now = clock.now();
        let known: HashMap<String, PersonalityFile> =
            personalities::list(&db).await?.into_iter().map(|p| (p.slug, p.file)).collect();
        let changed: Vec<_> = files
            .into_iter()
            .filter(|file| known.get(&file.slug) != Some(file))
            .map(|file| (PersonalityId::new(clock.id()), file))
            .collect();
        if !changed.is_empty() {
            db.write(move |tx| {
                Box::pin(async move {
                    for (id, file) in &changed {
                        personalities::put(tx, id, file, now).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        }
        let names = Names::new(personalities::list(&db).await?);
        Ok(Self {
            db,
            clock,
            people: DashMap::new(),
            places: DashMap::new(),
            places_by_id: DashMap::new(),
            members: DashMap::new(),
            personas: DashMap::new(),
            names: RwLock::new(Arc::new(names)),
        })
    }

    /// The names as they are now.
    pub fn names(&self) -> Arc<Names> {
        Arc::clone(&self.names.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Must be called after a personality was added, changed or removed.
    ///
    /// # Errors
    /// Those of the database; the names then stay as they were.
    pub async fn reload_names(&self) -> Result<(), Error> {
        let names = Arc::new(Names::new(personalities::list(&self.db).await?));
        *self.names.write().unwrap_or_else(std::sync::PoisonError::into_inner) = names;
        Ok(())
    }

    /// The member behind an identity, introduced under `name` when new.
    pub async fn person(&self, identity: &Identity, name: &str) -> Result<Arc<Person>, Error> {
        let key = (identity.platform.clone(), identity.subject.clone());
        if let Some(person) = self.people.get(&key) {
            return Ok(Arc::clone(&person));
        }
        let person = match self.stored_person(identity).await? {
            Some(person) => person,
            None => self.introduce(identity, name).await?,
        };
        let person = Arc::new(person);
        bounded(&self.people).insert(key, Arc::clone(&person));
        Ok(person)
    }

    async fn stored_person(&self, identity: &Identity) -> Result<Option<Person>, Error> {
        let Some(member) = people::member(&self.db, identity).await? else { return Ok(None) };
        let persona = people::default_persona(&self.db, &member.id).await?.ok_or_else(|| Error::Inconsistent {
            table: "persona",
            column: "is_default",
            row: member.id.to_string(),
        })?;
        Ok(Some(Person { member, persona }))
    }

    async fn introduce(&self, identity: &Identity, name: &str) -> Result<Person, Error> {
        let (member, persona) = (MemberId::new(self.clock.id()), PersonaId::new(self.clock.id()));
        let (now, name) =
            (self.clock.now(), if name.trim().is_empty() { identity.subject.clone() } else { name.trim().to_owned() });
        let new = identity.clone();
        let added = self
            .db
            .write(move |tx| Box::pin(async move { people::introduce(tx, &member, &new, &persona, &name, now).await }))
            .await;
        // Two first messages may race: the identity's key lets one win, and both read what it wrote.
        match (self.stored_person(identity).await?, added) {
            (Some(person), _) => Ok(person),
            (None, Err(error)) => Err(error),
            (None, Ok(())) => {
                Err(Error::Inconsistent { table: "identity", column: "member_id", row: identity.platform.clone() })
            }
        }
    }

    /// A member by id.
    pub async fn member(&self, id: &MemberId) -> Result<Option<Arc<Member>>, Error> {
        if let Some(member) = self.members.get(id) {
            return Ok(Some(Arc::clone(&member)));
        }
        let found = people::member_by_id(&self.db, id).await?.map(Arc::new);
        if let Some(member) = &found {
            bounded(&self.members).insert(id.clone(), Arc::clone(member));
        }
        Ok(found)
    }

    /// A persona by id.
    pub async fn persona(&self, id: &PersonaId) -> Result<Option<Arc<Persona>>, Error> {
        if let Some(persona) = self.personas.get(id) {
            return Ok(Some(Arc::clone(&persona)));
        }
        let found = people::persona(&self.db, id).await?.map(Arc::new);
        if let Some(persona) = &found {
            bounded(&self.personas).insert(id.clone(), Arc::clone(persona));
        }
        Ok(found)
    }

    /// Must be called after anything about a member or their personas changed.
    pub fn forget_people(&self) {
        self.people.clear();
        self.members.clear();
        self.personas.clear();
    }

    /// The stored place of a platform's place, added when new.
    pub async fn place(&self, place: &PlaceRef) -> Result<Arc<Place>, Error> {
        let key = (place.platform.clone(), place.subject.clone());
        if let Some(known) = self.places.get(&key) {
            return Ok(Arc::clone(&known));
        }
        if places::find(&self.db, &place.platform, &place.subject).await?.is_none() {
            let (id, now, new) = (PlaceId::new(self.clock.id()), self.clock.now(), place.clone());
            self.db.write(move |tx| Box::pin(async move { places::add(tx, &id, &new, now).await })).await?;
        }
        let found = places::find(&self.db, &place.platform, &place.subject)
            .await?
            .ok_or_else(|| Error::Inconsistent { table: "place", column: "subject", row: place.platform.clone() })?;
        let found = Arc::new(found);
        bounded(&self.places).insert(key, Arc::clone(&found));
        Ok(found)
    }

    /// Must be called after anything about a place changed.
    pub fn forget_place(&self, place: &Place) {
        self.places.remove(&(place.platform.clone(), place.subject.clone()));
        self.places_by_id.remove(&place.id);
    }

    /// Must be called after something changed that many places may name.
    pub fn forget_places(&self) {
        self.places.clear();
        self.places_by_id.clear();
    }

    /// A place by id.
    pub async fn place_by_id(&self, id: &PlaceId) -> Result<Option<Arc<Place>>, Error> {
        if let Some(known) = self.places_by_id.get(id) {
            return Ok(Some(Arc::clone(&known)));
        }
        let found = places::get(&self.db, id).await?.map(Arc::new);
        if let Some(place) = &found {
            bounded(&self.places_by_id).insert(id.clone(), Arc::clone(place));
        }
        Ok(found)
    }
}

fn bounded<K: Eq + std::hash::Hash, V>(cache: &DashMap<K, V>) -> &DashMap<K, V> {
    if cache.len() >= CACHE_MAX {
        cache.clear();
    }
    cache
}

#[cfg(test)]
mod tests {
    use super::*;

    fn personality(slug: &str, name: &str, aliases: &[&str]) -> Personality {
        Personality {
            id: PersonalityId::new(slug),
            slug: slug.into(),
            owner: None,
            visibility: Visibility::Public,
            file: PersonalityFile {
                name: name.into(),
                slug: slug.into(),
                aliases: aliases.iter().map(|&a| a.to_owned()).collect(),
                ..PersonalityFile::default()
            },
        }
    }

    #[test]
    fn a_name_shadows_an_alias_and_case_does_not_matter() {
        let names = Names::new(vec![personality("abbey", "Abbey", &["Bambi"]), personality("bambi", "Bambi", &[])]);
        let everyone = names.public();
        assert_eq!(everyone.find("BAMBI").map(|p| p.slug.as_str()), Some("bambi"));
        assert_eq!(everyone.find(" abbey ").map(|p| p.slug.as_str()), Some("abbey"));
        assert!(everyone.find("nobody").is_none());
    }

    #[test]
    fn what_is_private_is_found_by_its_owner_alone_and_before_what_is_public() {
        let (ann, bo) = (MemberId::new("ann"), MemberId::new("bo"));
        let own = Personality {
            owner: Some(ann.clone()),
            visibility: Visibility::Private,
            ..personality("sage-1", "Sage", &["Old One"])
        };
        let names = Names::new(vec![personality("sage", "Sage", &[]), own]);
        assert_eq!(names.seen_by(&ann).find("sage").map(|p| p.slug.as_str()), Some("sage-1"));
        assert_eq!(names.seen_by(&bo).find("sage").map(|p| p.slug.as_str()), Some("sage"));
        for foreign in ["sage-1", "old one", "OLD ON"] {
            assert!(names.seen_by(&bo).find(foreign).is_none() && names.public().find(foreign).is_none());
        }
        assert!(names.seen_by(&bo).nearest("old onee").is_none());
        assert_eq!(names.seen_by(&ann).nearest("old onee").map(|p| p.slug.as_str()), Some("sage-1"));
        assert_eq!((names.seen_by(&ann).all().len(), names.seen_by(&bo).all().len()), (2, 1));
    }
}
