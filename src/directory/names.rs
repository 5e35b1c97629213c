//! Names: who is meant by a word, as one member sees it.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::{Alias, MemberId, Personality, PersonalityId, one_line, spelling};

/// Every name a personality answers to.
#[derive(Debug, Default)]
pub struct Names {
    by_id: HashMap<PersonalityId, Arc<Personality>>,
    /// Whoever answers to a slug or name, the first claim first.
    by_name: HashMap<String, Vec<PersonalityId>>,
    /// Aliases that one member made for themselves.
    own: HashMap<MemberId, HashMap<String, Alias>>,
    /// Everyone's aliases: those the operator made, then those of the personalities themselves.
    common: HashMap<String, Vec<PersonalityId>>,
    all_aliases: Vec<Alias>,
}

/// The names as one member sees them: everyone's personalities, and their own, which come first.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'n> {
    names: &'n Names,
    member: Option<&'n MemberId>,
}

impl Names {
    /// Indexes personalities and aliases. A slug or name shadows every alias, a member's own alias everyone's.
    pub fn new(all: Vec<Personality>, aliases: Vec<Alias>) -> Self {
        let all: Vec<Arc<Personality>> = all.into_iter().map(Arc::new).collect();
        let mut names = Self::default();
        let claim = |index: &mut HashMap<String, Vec<PersonalityId>>, name: &str, id: &PersonalityId| {
            let claims = index.entry(folded(name)).or_default();
            if !claims.contains(id) {
                claims.push(id.clone());
            }
        };
        all.iter().for_each(|personality| claim(&mut names.by_name, &personality.slug, &personality.id));
        all.iter().for_each(|personality| claim(&mut names.by_name, &personality.file.name, &personality.id));
        // `Dr Gregor` means `Dr. Gregor`, unless somebody else is called just so.
        all.iter().for_each(|personality| claim(&mut names.by_name, &plain(&personality.file.name), &personality.id));
        names.by_name.remove("");
        for alias in &aliases {
            match &alias.member {
                Some(member) => {
                    names.own.entry(member.clone()).or_default().insert(alias.folded(), alias.clone());
                }
                None => claim(&mut names.common, &alias.name, &alias.personality),
            }
        }
        for personality in &all {
            personality.file.aliases.iter().for_each(|alias| claim(&mut names.common, alias, &personality.id));
        }
        names.common.remove("");
        names.by_id = all.into_iter().map(|personality| (personality.id.clone(), personality)).collect();
        names.all_aliases = aliases;
        names
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

    /// Whether a personality has this picture.
    pub fn uses_picture(&self, file: &str) -> bool {
        self.by_id.values().any(|personality| personality.avatar.as_deref() == Some(file))
    }

    /// A personality by id.
    pub fn get(&self, id: &PersonalityId) -> Option<&Arc<Personality>> {
        self.by_id.get(id)
    }
}

impl<'n> Seen<'n> {
    /// The personality that answers to `name`, whatever its case: by slug or name, else by an alias of the member's own,
    /// else by everyone's.
    pub fn find(self, name: &str) -> Option<&'n Arc<Personality>> {
        self.named(name).or_else(|| self.by_alias(name))
    }

    /// The personality whose slug or name it is: the member's own before others.
    pub fn named(self, name: &str) -> Option<&'n Arc<Personality>> {
        self.first_of(self.names.by_name.get(&folded(name))?)
    }

    /// The personality that an alias means.
    fn by_alias(self, name: &str) -> Option<&'n Arc<Personality>> {
        let name = folded(name);
        let own = self.member.and_then(|member| self.names.own.get(member)?.get(&name));
        own.and_then(|alias| self.get(&alias.personality)).or_else(|| self.first_of(self.names.common.get(&name)?))
    }

    fn first_of(self, claims: &[PersonalityId]) -> Option<&'n Arc<Personality>> {
        let mut seen = claims.iter().filter_map(|id| self.names.by_id.get(id)).filter(|p| self.sees(p)).peekable();
        let first = seen.peek().copied();
        seen.find(|personality| self.owns(personality)).or(first)
    }

    /// The aliases the member may use: their own, then everyone's.
    pub fn aliases(self) -> Vec<&'n Alias> {
        let mine = |alias: &&Alias| alias.member.is_some() && alias.member.as_ref() == self.member;
        let seen = |alias: &&Alias| self.get(&alias.personality).is_some();
        let own = self.names.all_aliases.iter().filter(mine);
        let common = self.names.all_aliases.iter().filter(|alias| alias.member.is_none());
        own.chain(common).filter(seen).collect()
    }

    /// The member's own alias of a name, or everyone's.
    pub fn alias(self, name: &str, of_everyone: bool) -> Option<&'n Alias> {
        let name = folded(name);
        let member = if of_everyone { None } else { self.member };
        self.names.all_aliases.iter().find(|alias| alias.folded() == name && alias.member.as_ref() == member)
    }

    /// The personality of an id.
    pub fn get(self, id: &PersonalityId) -> Option<&'n Arc<Personality>> {
        self.names.get(id).filter(|personality| self.sees(personality))
    }

    /// The personality whose name is spelt most like `name`, if any is close.
    pub fn nearest(self, name: &str) -> Option<&'n Arc<Personality>> {
        let wanted = folded(name);
        let close = |known: &&String| spelling::distance(&wanted, known) <= 2 && self.find(known).is_some();
        let own = self.member.and_then(|member| self.names.own.get(member)).into_iter().flat_map(HashMap::keys);
        let known = self.names.by_name.keys().chain(self.names.common.keys()).chain(own).filter(close);
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
        match self.member {
            Some(member) => personality.is_for(member),
            None => personality.visibility == crate::domain::Visibility::Public,
        }
    }

    fn owns(self, personality: &Personality) -> bool {
        self.member.is_some_and(|member| personality.is_of(member))
    }
}

/// A name without its punctuation, words a single space apart.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_alphanumeric() || c.is_whitespace());
    one_line(&letters.collect::<String>()).into_owned()
}

/// A name as names are compared.
fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{PersonalityFile, Visibility};

    fn personality(slug: &str, name: &str, aliases: &[&str]) -> Personality {
        Personality::of_file(
            PersonalityId::new(slug),
            PersonalityFile {
                name: name.into(),
                slug: slug.into(),
                aliases: aliases.iter().map(|&a| a.to_owned()).collect(),
                ..PersonalityFile::default()
            },
        )
    }

    fn alias(name: &str, personality: &str, member: Option<&MemberId>) -> Alias {
        Alias {
            id: name.into(),
            name: name.into(),
            personality: PersonalityId::new(personality),
            member: member.cloned(),
        }
    }

    fn slug(found: Option<&Arc<Personality>>) -> Option<&str> {
        found.map(|personality| personality.slug.as_str())
    }

    #[test]
    fn a_name_shadows_an_alias_and_case_does_not_matter() {
        let all = vec![personality("abbey", "Abbey", &["Bambi"]), personality("bambi", "Bambi", &[])];
        let names = Names::new(all, Vec::new());
        let everyone = names.public();
        assert_eq!(slug(everyone.find("BAMBI")), Some("bambi"));
        assert_eq!(slug(everyone.find(" abbey ")), Some("abbey"));
        assert!(everyone.find("nobody").is_none());
    }

    #[test]
    fn slug_then_name_then_own_alias_then_everyones_decides() {
        let (ann, bo) = (MemberId::new("ann"), MemberId::new("bo"));
        let all = vec![personality("abbey", "Abbey", &["Boss"]), personality("aviva", "Aviva", &[])];
        let aliases = vec![
            alias("Boss", "aviva", Some(&ann)),
            alias("chief", "abbey", None),
            alias("Chief", "aviva", Some(&bo)),
            alias("Aviva", "abbey", Some(&ann)),
            alias("abbey", "aviva", None),
        ];
        let names = Names::new(all, aliases);
        let table = [
            (&ann, "boss", Some("aviva")),
            (&bo, "BOSS", Some("abbey")),
            (&ann, "chief", Some("abbey")),
            (&bo, "chief", Some("aviva")),
            (&ann, "aviva", Some("aviva")),
            (&bo, "abbey", Some("abbey")),
            (&ann, "captain", None),
        ];
        for (member, name, expected) in table {
            assert_eq!(slug(names.seen_by(member).find(name)), expected, "{member} {name}");
        }
        assert_eq!(slug(names.public().find("boss")), Some("abbey"), "nobody's own aliases");
        assert_eq!(slug(names.seen_by(&bo).nearest("cheif")), Some("aviva"));
        assert_eq!(names.seen_by(&ann).aliases().len(), 4);
    }

    #[test]
    fn an_alias_opens_no_door_to_a_personality_that_is_not_for_its_member() {
        let (ann, bo) = (MemberId::new("ann"), MemberId::new("bo"));
        let secret = Personality {
            owner: Some(ann.clone()),
            visibility: Visibility::Private,
            ..personality("secret", "Secret", &[])
        };
        let names = Names::new(vec![secret], vec![alias("s", "secret", Some(&bo)), alias("t", "secret", None)]);
        assert!(names.seen_by(&bo).find("s").is_none() && names.seen_by(&bo).find("t").is_none());
        assert!(names.seen_by(&bo).aliases().is_empty());
        assert_eq!(slug(names.seen_by(&ann).find("t")), Some("secret"));
    }

    #[test]
    fn what_is_private_is_found_by_its_owners_and_guests_alone_and_before_what_is_public() {
        let [ann, bo, cy, di] = ["ann", "bo", "cy", "di"].map(MemberId::new);
        let own = Personality {
            owner: Some(ann.clone()),
            co_owners: vec![cy.clone()],
            guests: vec![di.clone()],
            visibility: Visibility::Private,
            ..personality("sage-1", "Sage", &["Old One"])
        };
        let names = Names::new(vec![personality("sage", "Sage", &[]), own], Vec::new());
        assert_eq!(slug(names.seen_by(&ann).find("sage")), Some("sage-1"));
        assert_eq!(slug(names.seen_by(&cy).find("sage")), Some("sage-1"));
        assert_eq!(slug(names.seen_by(&bo).find("sage")), Some("sage"));
        assert_eq!(slug(names.seen_by(&di).find("old one")), Some("sage-1"));
        for foreign in ["sage-1", "old one", "OLD ON"] {
            assert!(names.seen_by(&bo).find(foreign).is_none() && names.public().find(foreign).is_none());
        }
        assert!(names.seen_by(&bo).nearest("old onee").is_none());
        assert_eq!(slug(names.seen_by(&ann).nearest("old onee")), Some("sage-1"));
        assert_eq!((names.seen_by(&ann).all().len(), names.seen_by(&bo).all().len()), (2, 1));
    }
}
