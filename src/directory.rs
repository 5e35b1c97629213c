//! Who and what is known: members, places and personalities, read once and kept.
//!
//! Everything here is small and changes rarely; whoever changes it says so through the `forget_…` functions.

mod names;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use dashmap::DashMap;

use crate::db::{Db, Error, aliases, choices, ledger, people, personalities, places, rules};
use crate::domain::{
    Choices, Clock, Copied, Denials, Identity, Kind, Member, MemberId, Moment, Persona, PersonaId, PersonalityFile,
    PersonalityId, Place, PlaceId, PlaceRef, Proxied, Quiet, QuietKind, one_line, quiet_until,
};

pub use names::{Names, Seen};

/// A member as they appear: with the persona they use.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    pub member: Member,
    pub persona: Persona,
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
    bonds: DashMap<(MemberId, PersonalityId), Arc<Bond>>,
    identities: DashMap<MemberId, Arc<Vec<Identity>>>,
    proxied: DashMap<(MemberId, String), Arc<Persona>>,
    has_budgets: AtomicBool,
    names: RwLock<Arc<Names>>,
    denials: RwLock<Arc<Denials>>,
    announcement: RwLock<Option<Arc<Announcement>>>,
    /// Places that were told the announcement.
    told: DashMap<PlaceId, ()>,
}

/// What is announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    pub id: String,
    pub text: String,
}

/// What holds between one member and one personality.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bond {
    pub choices: Choices,
    quiets: Vec<Quiet>,
    personality: Option<PersonalityId>,
}

impl Bond {
    /// Until when something is quiet; `None`: it is not.
    pub fn quiet(&self, kind: QuietKind, now: Moment) -> Option<Moment> {
        quiet_until(&self.quiets, kind, self.personality.as_ref()?, now)
    }

    /// The persona that was chosen for this personality.
    pub fn persona(&self) -> Option<PersonaId> {
        self.choices.decided(Kind::Persona).value().map(PersonaId::new)
    }
}

fn read<T: Clone>(lock: &RwLock<T>) -> T {
    lock.read().unwrap_or_else(PoisonError::into_inner).clone()
}

fn set<T>(lock: &RwLock<T>, value: T) {
    *lock.write().unwrap_or_else(PoisonError::into_inner) = value;
}

/// Longest name of a persona that a service names, in characters.
const PROXIED_NAME_MAX: usize = 80;
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
        let names = Names::new(personalities::list(&db).await?, aliases::list(&db).await?);
        let denials = Denials::new(rules::denials(&db, now).await?);
        let announcement = announcement(&db).await?;
        let has_budgets = AtomicBool::new(!ledger::budgets(&db).await?.is_empty());
        Ok(Self {
            db,
            clock,
            people: DashMap::new(),
            places: DashMap::new(),
            places_by_id: DashMap::new(),
            members: DashMap::new(),
            personas: DashMap::new(),
            bonds: DashMap::new(),
            identities: DashMap::new(),
            proxied: DashMap::new(),
            has_budgets,
            names: RwLock::new(Arc::new(names)),
            denials: RwLock::new(Arc::new(denials)),
            announcement: RwLock::new(announcement),
            told: DashMap::new(),
        })
    }

    /// The names as they are now.
    pub fn names(&self) -> Arc<Names> {
        read(&self.names)
    }

    /// Must be called after a personality or an alias was added, changed or removed.
    ///
    /// # Errors
    /// Those of the database; the names then stay as they were.
    pub async fn reload_names(&self) -> Result<(), Error> {
        let names = Names::new(personalities::list(&self.db).await?, aliases::list(&self.db).await?);
        set(&self.names, Arc::new(names));
        self.bonds.clear();
        Ok(())
    }

    /// Who is turned away.
    pub fn denials(&self) -> Arc<Denials> {
        read(&self.denials)
    }

    /// Must be called after somebody was turned away or let in again.
    ///
    /// # Errors
    /// Those of the database; the list then stays as it was.
    pub async fn reload_denials(&self) -> Result<(), Error> {
        set(&self.denials, Arc::new(Denials::new(rules::denials(&self.db, self.clock.now()).await?)));
        Ok(())
    }

    /// The announcement that a place was not told yet.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn news_for(&self, place: &PlaceId) -> Result<Option<Arc<Announcement>>, Error> {
        let Some(news) = read(&self.announcement) else { return Ok(None) };
        if self.told.contains_key(place) {
            return Ok(None);
        }
        if rules::was_told(&self.db, &news.id, place).await? {
            bounded(&self.told).insert(place.clone(), ());
            return Ok(None);
        }
        Ok(Some(news))
    }

    /// Must be called after something was announced or taken back.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn reload_announcement(&self) -> Result<(), Error> {
        set(&self.announcement, announcement(&self.db).await?);
        self.told.clear();
        Ok(())
    }

    /// What holds between a member and a personality.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn bond(&self, member: &MemberId, personality: &PersonalityId) -> Result<Arc<Bond>, Error> {
        let key = (member.clone(), personality.clone());
        if let Some(bond) = self.bonds.get(&key) {
            return Ok(Arc::clone(&bond));
        }
        let bond = Arc::new(Bond {
            choices: choices::for_bond(&self.db, member, personality).await?,
            quiets: choices::quiets(&self.db, member).await?,
            personality: Some(personality.clone()),
        });
        bounded(&self.bonds).insert(key, Arc::clone(&bond));
        Ok(bond)
    }

    /// Must be called after a choice was made, or a quiet time begun or ended.
    pub fn forget_bonds(&self) {
        self.bonds.clear();
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

    /// The persona a member is at a service that speaks for them: the one known as that, else the one of that name,
    /// else a new one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn proxied_persona(&self, member: &MemberId, proxied: &Proxied) -> Result<Arc<Persona>, Error> {
        let key = (member.clone(), proxied.key.clone());
        if let Some(known) = self.proxied.get(&key) {
            return Ok(Arc::clone(&known));
        }
        if people::proxied_persona(&self.db, member, &proxied.key).await?.is_none() {
            self.introduce_proxied(member, proxied).await?;
        }
        let found = people::proxied_persona(&self.db, member, &proxied.key)
            .await?
            .map(Arc::new)
            .ok_or_else(|| Error::Inconsistent { table: "persona", column: "id", row: member.to_string() })?;
        bounded(&self.proxied).insert(key, Arc::clone(&found));
        Ok(found)
    }

    async fn introduce_proxied(&self, member: &MemberId, proxied: &Proxied) -> Result<(), Error> {
        let name: String = one_line(&proxied.name).chars().take(PROXIED_NAME_MAX).collect();
        let name = if name.is_empty() { "…".to_owned() } else { name };
        let name_there = name.clone();
        let personas = people::personas(&self.db, member).await?;
        let is_taken = |name: &str| personas.iter().any(|persona| persona.name.to_lowercase() == name.to_lowercase());
        // One that is somebody else at the service already stays that.
        let known = people::unproxied_persona(&self.db, member, &name).await?;
        let others = (2..).map(|n| format!("{name} ({n})"));
        let free = std::iter::once(name.clone()).chain(others).find(|name| known.is_some() || !is_taken(name));
        let (name, now) = (free.unwrap_or(name), self.clock.now());
        let new = Persona {
            id: known.clone().unwrap_or_else(|| PersonaId::new(self.clock.id())),
            member: member.clone(),
            name,
            pronouns: proxied.pronouns.clone(),
            description: proxied.description.clone(),
            is_default: false,
        };
        let (key, shown) = (proxied.key.clone(), name_there);
        let writing = self.db.write(move |tx| {
            Box::pin(async move {
                if known.is_none() {
                    people::create_persona(tx, &new, now).await?;
                }
                people::link(tx, &new.member, (&key, &shown), &new.id).await
            })
        });
        writing.await
    }

    /// The platform accounts of a member.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn identities(&self, id: &MemberId) -> Result<Arc<Vec<Identity>>, Error> {
        if let Some(known) = self.identities.get(id) {
            return Ok(Arc::clone(&known));
        }
        let found = Arc::new(people::identities(&self.db, id).await?);
        bounded(&self.identities).insert(id.clone(), Arc::clone(&found));
        Ok(found)
    }

    /// Whether anybody set a limit on what may be used.
    pub fn has_budgets(&self) -> bool {
        self.has_budgets.load(Ordering::Relaxed)
    }

    /// Must be called after a limit was set or taken away.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn reload_budgets(&self) -> Result<(), Error> {
        self.has_budgets.store(!ledger::budgets(&self.db).await?.is_empty(), Ordering::Relaxed);
        Ok(())
    }

    /// Must be called after something about one member changed that their personas do not show.
    pub fn forget_member(&self, id: &MemberId) {
        self.members.remove(id);
        self.people.retain(|_, person| person.member.id != *id);
    }

    /// Must be called after anything about a member or their personas changed.
    pub fn forget_people(&self) {
        self.bonds.clear();
        self.identities.clear();
        self.proxied.clear();
        self.people.clear();
        self.members.clear();
        self.personas.clear();
    }

    /// The stored place of a platform's place, added when new.
    pub async fn place(&self, place: &PlaceRef) -> Result<Arc<Place>, Error> {
        let key = (place.platform.clone(), place.subject.clone());
        let known = self.places.get(&key).map(|known| Arc::clone(&known));
        let is_same = |known: &Place| {
            known.is_adult == place.is_adult
                && known.privacy == place.privacy
                && (known.is_encrypted || !place.is_encrypted)
        };
        if let Some(known) = known.filter(|known| is_same(known)) {
            return Ok(known);
        }
        match places::find(&self.db, &place.platform, &place.subject).await? {
            Some(known) if is_same(&known) => {}
            Some(known) => {
                let (id, shown) = (known.id.clone(), place.clone());
                let writing =
                    self.db.write(move |tx| Box::pin(async move { places::set_shown(tx, &id, &shown).await }));
                writing.await?;
                self.forget_place(&known);
            }
            None => {
                let (id, now, new) = (PlaceId::new(self.clock.id()), self.clock.now(), place.clone());
                self.db.write(move |tx| Box::pin(async move { places::add(tx, &id, &new, now).await })).await?;
            }
        }
        let found = places::find(&self.db, &place.platform, &place.subject)
            .await?
            .ok_or_else(|| Error::Inconsistent { table: "place", column: "subject", row: place.platform.clone() })?;
        let found = Arc::new(found);
        bounded(&self.places).insert(key, Arc::clone(&found));
        Ok(found)
    }

    /// What is stored of a platform's place; `None`: nobody has called anybody there yet.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn known_place(&self, place: &PlaceRef) -> Result<Option<Arc<Place>>, Error> {
        let key = (place.platform.clone(), place.subject.clone());
        if let Some(known) = self.places.get(&key) {
            return Ok(Some(Arc::clone(&known)));
        }
        let found = places::find(&self.db, &place.platform, &place.subject).await?.map(Arc::new);
        if let Some(place) = &found {
            bounded(&self.places).insert(key, Arc::clone(place));
        }
        Ok(found)
    }

    /// Must be called after anything about a place changed.
    pub fn forget_place(&self, place: &Place) {
        self.places.remove(&(place.platform.clone(), place.subject.clone()));
        self.places_by_id.remove(&place.id);
    }

    /// Reads anew what another process changed.
    ///
    /// # Errors
    /// Those of the database; what could not be read stays as it was.
    pub async fn renew(&self, what: Copied) -> Result<(), Error> {
        match what {
            Copied::Names => {
                self.reload_names().await?;
                self.forget_places();
            }
            Copied::Bonds => self.forget_bonds(),
            Copied::People => self.forget_people(),
            Copied::Places => self.forget_places(),
            Copied::Denials => self.reload_denials().await?,
            Copied::Announcement => self.reload_announcement().await?,
            Copied::Budgets => self.reload_budgets().await?,
        }
        Ok(())
    }

    /// Reads everything anew.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn renew_all(&self) -> Result<(), Error> {
        self.forget_people();
        self.forget_places();
        for what in [Copied::Names, Copied::Denials, Copied::Announcement, Copied::Budgets] {
            self.renew(what).await?;
        }
        Ok(())
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

async fn announcement(db: &Db) -> Result<Option<Arc<Announcement>>, Error> {
    Ok(rules::announcement(db).await?.map(|(id, text)| Arc::new(Announcement { id, text })))
}

fn bounded<K: Eq + std::hash::Hash, V>(cache: &DashMap<K, V>) -> &DashMap<K, V> {
    if cache.len() >= CACHE_MAX {
        cache.clear();
    }
    cache
}
