//! The leak matrix: a canary is planted in every cell, and prompts are built in every other one. Where the rule says no,
//! none is in the prompt; where it says yes, the one that was asked about is.
//!
//! The rule is written down here in the words of the promises, and shares no code with what keeps them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use greenroom::domain::TurnId;
use greenroom::model::ChatRequest;
use greenroom::testing::{Answering, World};

use crate::both;
use crate::folk::{Visit, caller};

/// Prompts that are built unless `GREENROOM_TEST_LEAK_PROMPTS` names another number.
const PROMPTS: usize = 2_400;
/// Cells that one prompt asks about.
const ASKED_ABOUT: usize = 4;
const MEMBERS: [&str; 2] = ["robin", "kim"];
const PERSONALITIES: [&str; 2] = ["abbey", "aviva"];
const KINDS: [&str; 4] = ["episode", "fact", "profile", "summary"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// One member and the house.
    Direct(&'static str),
    Closed,
    Open,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Room {
    kind: Kind,
    is_encrypted: bool,
    /// Whether a session runs in it.
    in_session: bool,
}

impl Room {
    fn name(&self) -> String {
        let start = match self.kind {
            Kind::Direct(member) => format!("@{member}"),
            Kind::Closed => "!club".to_owned(),
            Kind::Open => "#den".to_owned(),
        };
        let encrypted = if self.is_encrypted { "-e2e" } else { "" };
        let session = if self.in_session { "-session" } else { "" };
        format!("{start}{encrypted}{session}")
    }

    /// Every room that `member` is in.
    fn of(member: &'static str) -> Vec<Self> {
        let mut rooms = Vec::new();
        for kind in [Kind::Direct(member), Kind::Closed, Kind::Open] {
            for is_encrypted in [false, true] {
                for in_session in [false, true] {
                    rooms.push(Self { kind, is_encrypted, in_session });
                }
            }
        }
        rooms
    }
}

/// Who talks as whom with whom, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    n: usize,
    member: &'static str,
    persona: usize,
    personality: &'static str,
    room: Room,
}

impl Cell {
    pub fn all() -> Vec<Self> {
        let mut cells = Vec::new();
        for persona in 0..2 {
            for member in MEMBERS {
                for room in Room::of(member) {
                    for personality in PERSONALITIES {
                        cells.push(Self { n: cells.len(), member, persona, personality, room: room.clone() });
                    }
                }
            }
        }
        cells
    }

    /// What is asked about to find a memory of this kind, and what only the memory has.
    fn words(&self, kind: &str) -> (String, String) {
        (format!("{kind}word{}x", self.n), format!("proof{kind}{}x", self.n))
    }

    fn says(&self, kind: &str) -> String {
        let (word, proof) = self.words(kind);
        format!("{word} grows in the garden with {proof}")
    }
}

/// How far the promises let a memory come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    pub sharing: bool,
    pub sessions_run: bool,
}

/// Whether what was said in `planted` may be, and is, in a prompt of `asker`.
fn surfaces(planted: &Cell, kind: &str, asker: &Cell, now: Now) -> bool {
    let is_there = planted.room == asker.room && planted.personality == asker.personality;
    if planted.room.in_session {
        // What is said in a session is remembered for that session only, shared by those who take part there; it does
        // not surface elsewhere nor after its end, and nothing is distilled of it.
        return kind == "episode" && now.sessions_run && is_there;
    }
    // Memories never cross personas, members or personalities.
    if planted.member != asker.member || planted.persona != asker.persona || planted.personality != asker.personality {
        return false;
    }
    if is_there {
        return true;
    }
    // Encrypted rooms' memories stay in that room.
    if planted.room.is_encrypted {
        return false;
    }
    // A memory from a DM or a closed room never surfaces elsewhere unless its owner allowed it.
    planted.room.kind == Kind::Open || now.sharing
}

/// Answers in talk; reads talk into what its words ask for.
pub fn model() -> Answering {
    let cells = Cell::all();
    Answering::with(move |request: &ChatRequest| {
        let (system, last) = (&request.lines[0].content, &request.lines.last().unwrap().content);
        if !system.starts_with("You keep the memory") {
            return Ok("I see.".to_owned());
        }
        let cell = cells.iter().find(|cell| last.contains(&cell.words("episode").1)).expect("it reads planted talk");
        assert!(!cell.room.in_session, "a session is not read");
        let line = last.lines().find(|line| line.contains(&cell.words("episode").1)).unwrap();
        let number = line.split(' ').next().unwrap();
        if system.contains("{\"summary\"") {
            return Ok(format!(r#"{{"summary": "{}"}}"#, cell.says("summary")));
        }
        Ok(format!(
            r#"{{"facts": [{{"about": "them", "says": "{}", "since": null, "from": [{number}]}}],
                "profile": [{{"aspect": "preference", "says": "{}", "from": [{number}]}}]}}"#,
            cell.says("fact"),
            cell.says("profile"),
        ))
    })
}

/// A member at the desk of a room, with a personality.
fn visit(world: &World, member: &str, room: &str, personality: &str) -> Visit {
    let mut caller = caller(member, room);
    caller.personality = personality.to_owned();
    Visit::by(world, caller)
}

async fn every_member(world: &World, line: impl Fn(&str) -> String) {
    for member in MEMBERS {
        let answer = Visit::of(world, member, &format!("@{member}")).asks(&line(member)).await;
        assert!(!answer.text.is_empty());
    }
}

async fn becomes(world: &World, persona: usize) {
    every_member(world, |member| {
        let name = if persona == 0 { member.to_owned() } else { format!("Rook {member}") };
        format!("/persona default {name}")
    })
    .await;
}

/// Something that was asked, and can be asked otherwise.
pub struct Seed {
    cell: Cell,
    turn: TurnId,
    message: String,
}

/// Plants every canary and returns what can be asked.
pub async fn planted(world: &World, cells: &[Cell]) -> Vec<Seed> {
    every_member(world, |member| format!("/persona create Rook {member}")).await;
    let mut rooms: Vec<(&str, Room)> = Vec::new();
    for member in MEMBERS {
        for room in Room::of(member) {
            if !rooms.iter().any(|(_, known)| *known == room) {
                rooms.push((member, room));
            }
        }
    }
    for (member, room) in rooms.iter().filter(|(_, room)| room.in_session) {
        for personality in PERSONALITIES {
            let answer = visit(world, member, &room.name(), personality).asks("/session start").await;
            assert!(answer.text.contains("until /session end"), "{}", answer.text);
        }
    }
    for persona in 0..2 {
        becomes(world, persona).await;
        for cell in cells.iter().filter(|cell| cell.persona == persona) {
            let (room, to) = (cell.room.name(), cell.personality);
            world.asks(cell.member, &room, &format!("@{to} {}", cell.says("episode"))).await;
            // A stretch of talk is worth summing up from three exchanges on.
            for n in 0..if cell.room.in_session { 0 } else { 2 } {
                world.asks(cell.member, &room, &format!("@{to} the garden again, number {n}")).await;
            }
        }
    }
    world.remembered().await;
    world.clock.advance(Duration::from_secs(49 * 3_600));
    while world.distilled().await > 0 {
        world.clock.advance(Duration::from_secs(60));
    }
    every_member(world, |_| "/memory incognito on --for 24h".to_owned()).await;
    for cell in cells {
        visit(world, cell.member, &cell.room.name(), cell.personality).asks("/reset").await;
    }
    let mut seeds = Vec::with_capacity(cells.len());
    for persona in 0..2 {
        becomes(world, persona).await;
        for cell in cells.iter().filter(|cell| cell.persona == persona) {
            let event = world.event(cell.member, &cell.room.name(), &format!("@{} well now", cell.personality));
            let received = world.turns.receive(event.incoming()).await.unwrap();
            world.ended(&received.turns).await;
            let turn = received.turns[0].clone();
            seeds.push(Seed { cell: cell.clone(), turn, message: event.incoming().platform_id });
        }
    }
    seeds
}

/// The prompt in which `seed` asks `text`.
async fn prompt_of(world: &World, seed: &Seed, text: String) -> String {
    world.turns.edited("fake", &seed.message, (text, String::new()), Vec::new()).await.unwrap();
    // On a busy machine a search that missed its deadline is repeated.
    for _ in 0..50 {
        let (prompt, recall_failed) = world.turns.rehearse(&seed.turn).await.unwrap().expect("the message is there");
        if recall_failed.is_none() {
            return prompt.lines.iter().fold(String::new(), |mut text, line| {
                let _ = writeln!(text, "{}", line.content);
                text
            });
        }
    }
    panic!("the search never answers in time");
}

/// Builds `count` prompts and counts: canaries that are there and may be, canaries that are not and may not.
pub async fn asked(world: &World, cells: &[Cell], seeds: &[Seed], now: Now, count: usize) -> (usize, usize) {
    let groups: Vec<&[Cell]> = cells.chunks(ASKED_ABOUT).collect();
    let (mut there, mut kept) = (0, 0);
    for n in 0..count {
        let seed = &seeds[n % seeds.len()];
        // First what was said where it is asked, then everything else, in steps that meet all.
        let round = n / seeds.len();
        let group = groups[(seed.cell.n / ASKED_ABOUT + round * 7) % groups.len()];
        let about = |cell: &Cell| KINDS.map(|kind| cell.words(kind).0).join(" ");
        let text = group.iter().map(about).collect::<Vec<_>>().join(" ");
        let prompt = prompt_of(world, seed, format!("@{} what of {text}", seed.cell.personality)).await;
        let seen: BTreeSet<&str> =
            prompt.split(|c: char| !c.is_alphanumeric()).filter(|word| word.starts_with("proof")).collect();
        for cell in cells {
            let is_asked_about = group.contains(cell);
            for kind in KINDS {
                let (_, proof) = cell.words(kind);
                let (is_seen, may) = (seen.contains(proof.as_str()), surfaces(cell, kind, &seed.cell, now));
                assert!(may || !is_seen, "{kind} of {cell:?} is in a prompt of {:?} ({now:?}):\n{prompt}", seed.cell);
                assert!(
                    !may || is_seen || !is_asked_about,
                    "{kind} of {cell:?} is missing from a prompt of {:?} ({now:?}):\n{prompt}",
                    seed.cell
                );
                there += usize::from(may && is_seen);
                kept += usize::from(!may && is_asked_about);
            }
        }
    }
    (there, kept)
}

both!(nothing_leaks_from_any_cell_into_any_other, |engine| {
    #[expect(clippy::disallowed_methods, reason = "a setting of the tests, not of the program")]
    let wanted = std::env::var("GREENROOM_TEST_LEAK_PROMPTS").ok().and_then(|count| count.parse().ok());
    let wanted: usize = wanted.unwrap_or(PROMPTS);
    let world = World::with(engine, model()).await;
    let cells = Cell::all();
    let started = Instant::now();
    let seeds = planted(&world, &cells).await;
    let planting = started.elapsed();

    let (mut there, mut kept, mut built) = (0, 0, 0);
    for sessions_run in [true, false] {
        if !sessions_run {
            for cell in cells.iter().filter(|cell| cell.room.in_session && cell.persona == 0) {
                visit(&world, cell.member, &cell.room.name(), cell.personality).asks("/session end").await;
            }
            world.remembered().await;
        }
        for sharing in [false, true] {
            let switch = if sharing { "on" } else { "off" };
            every_member(&world, |_| format!("/settings sharing {switch}")).await;
            // After the sessions a tenth is enough: what is gone is gone.
            let count = if sessions_run { wanted * 9 / 20 } else { wanted / 20 };
            let (is_there, is_kept) = asked(&world, &cells, &seeds, Now { sharing, sessions_run }, count).await;
            built += count;
            there += is_there;
            kept += is_kept;
        }
    }
    let took = started.elapsed() - planting;
    println!("{built} prompts in {took:?} after {planting:?}: {there} canaries where they may be, {kept} kept away");
    assert!(built + 4 > wanted, "{built}");
    assert!(there > built && kept > built * 4, "{there} {kept}");
    world.stop().await;
});
