//! Nobody's memories reach anyone they were not meant for: random cross-retrievals through every read path.

use std::sync::Arc;

use greenroom::db::memories;
use greenroom::domain::{Memory, MemoryId, Scope};
use greenroom::recall::{Hit, Recall, RecallError};
use greenroom::testing::{HashEmbedder, World};

use crate::both;
use crate::folk::Visit;

/// Cross-retrievals; each looks through search, view, page count and lookup by id.
const RETRIEVALS: usize = 10_000;
/// Of them, those that build a whole prompt.
const PROMPTS: usize = 200;

/// A small generator: the same choices in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }
}

const MEMBERS: [&str; 2] = ["robin", "kim"];
const PERSONALITIES: [&str; 2] = ["abbey", "aviva"];

/// What one member told one personality in one room: a word that belongs to nobody else.
fn secret(member: &str, personality: &str, room: &str, n: usize) -> String {
    format!("canary{member}{personality}{}{n}", room.replace(['@', '#', '!'], ""))
}

/// What a search finds; on a busy machine one that missed its deadline is repeated.
async fn found_by(recall: &Recall, asker: &Scope, query: &str) -> Vec<(Memory, Hit)> {
    for _ in 0..50 {
        match recall.find(asker, query, 50).await {
            Err(RecallError::Unavailable { .. }) => {}
            found => return found.unwrap(),
        }
    }
    panic!("the search never answers in time");
}

both!(ten_thousand_cross_retrievals_find_nothing_foreign, |engine| {
    let world = World::on(engine).await;
    let mut owned: Vec<(String, Scope, String)> = Vec::new();
    for member in MEMBERS {
        for personality in PERSONALITIES {
            for room in [format!("@{member}"), "#den".to_owned(), "!club".to_owned()] {
                for n in 0..6 {
                    let word = secret(member, personality, &room, n);
                    world.asks(member, &room, &format!("@{personality} the same sentence for all, {word}")).await;
                    owned.push((word, world.scope(member, personality, &room).await, room.clone()));
                }
            }
        }
    }
    world.remembered().await;
    let recall: &Arc<Recall> = &world.turns.recall;
    let mut ids: Vec<(MemoryId, usize)> = Vec::new();
    for (at, (word, scope, _)) in owned.iter().enumerate() {
        for memory in memories::page(&world.db, scope, 1_000, 0).await.unwrap() {
            if memory.said.contains(word.as_str()) {
                ids.push((memory.id, at));
            }
        }
    }
    assert_eq!(ids.len(), owned.len(), "every exchange is remembered once");

    let own = |text: &str, asker: &Scope| {
        // A word may be seen by its own persona and personality, from its own room or from an open one.
        owned.iter().filter(|(word, _, _)| text.contains(word.as_str())).all(|(_, scope, room)| {
            let of_same = (scope.persona(), scope.personality()) == (asker.persona(), asker.personality());
            of_same && (room.starts_with('#') || scope.place() == asker.place())
        })
    };
    let mut dice = Dice(7);
    let (mut foreign, mut found) = (0, 0);
    for n in 0..RETRIEVALS {
        let (_, asker, _) = &owned[dice.below(owned.len())];
        let (wanted, _, _) = &owned[dice.below(owned.len())];
        let query = match n % 4 {
            0 => wanted.clone(),
            1 => format!("the same sentence for all, {wanted}"),
            2 => "the same sentence for all".to_owned(),
            _ => String::new(),
        };
        match n % 5 {
            0..3 => {
                for (memory, _) in found_by(recall, asker, &query).await {
                    found += 1;
                    foreign += usize::from(!own(&memory.said, asker));
                }
            }
            3 => {
                for memory in memories::page(&world.db, asker, 50, (n % 7) as i64).await.unwrap() {
                    found += 1;
                    foreign += usize::from(!own(&memory.said, asker));
                }
            }
            _ => {
                let (id, at) = &ids[dice.below(ids.len())];
                let seen = memories::get(&world.db, asker, id).await.unwrap();
                let may = own(&owned[*at].0, asker);
                assert_eq!(seen.is_some(), may, "a lookup by id sees what may be seen and nothing else");
                found += usize::from(may);
            }
        }
    }
    assert!(found > RETRIEVALS, "the retrievals find something: {found}");
    assert_eq!(foreign, 0);

    let mut asked_about = Vec::new();
    for _ in 0..PROMPTS {
        let member = MEMBERS[dice.below(2)];
        let personality = PERSONALITIES[dice.below(2)];
        let room = [format!("@{member}"), "#den".to_owned(), "!club".to_owned()][dice.below(3)].clone();
        let (wanted, _, _) = &owned[dice.below(owned.len())];
        world.asks(member, &room, &format!("@{personality} the same sentence, {wanted}")).await;
        asked_about.push((member, wanted.clone()));
        let asked = world.model.asked();
        let prompt = &asked.last().unwrap().lines.last().unwrap().content;
        let remembered = prompt.split("<remembered>").nth(1).and_then(|rest| rest.split("</remembered>").next());
        let asker = world.scope(member, personality, &room).await;
        // The wanted word itself was said again just now and may come back from there.
        let remembered = remembered.unwrap_or_default().replace(wanted.as_str(), "");
        assert!(own(&remembered, &asker), "{member} {personality} {room}: {remembered}");
    }

    // An export holds all that is its member's and nothing of anybody else.
    for member in MEMBERS {
        let visit = Visit::of(&world, member, &format!("@{member}"));
        let memories = visit.exported().await["memories"].as_array().unwrap().len();
        assert!(memories >= owned.len() / 2, "{memories}");
        let text: String = visit.export().await.into_iter().map(|(_, text)| text).collect();
        for (word, _, _) in &owned {
            let is_own = word.starts_with(&format!("canary{member}"));
            // A word that the member asked about above was said by them as well.
            let was_asked = asked_about.iter().any(|(who, asked)| *who == member && asked == word);
            assert!(!is_own || text.contains(word.as_str()), "{member} misses {word}");
            assert!(is_own || was_asked || !text.contains(word.as_str()), "{member} got {word}");
        }
    }

    // Reindexing keeps every word with its owner.
    world.remembered().await;
    let (embedder, store) = (Arc::new(HashEmbedder::default()), recall.store().clone());
    Recall::reindex(&world.db, embedder, store, world.clock.clone(), &|_, _| {}).await.unwrap();
    for n in 0..500 {
        let (_, asker, _) = &owned[dice.below(owned.len())];
        let (wanted, _, _) = &owned[n % owned.len()];
        for (memory, _) in found_by(recall, asker, wanted).await {
            assert!(memory.said.contains("the same sentence"), "{}", memory.said);
            let scope_ok = asker.admits(&memory.tenant, &memory.place, memory.reach);
            assert!(scope_ok, "reindexed memories stay with their owners");
        }
    }
    world.stop().await;
});
