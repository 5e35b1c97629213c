//! What holds where: names, cascades, quiet times, sharing, who is turned away, and how fast.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use greenroom::guard::pace::Rates;
use greenroom::testing::{Answering, Plan, World};
use greenroom::turn::Retention;

use crate::both;
use crate::folk::{Visit, moderator};

both!(names_of_ones_own_come_after_names_and_before_everyones, |engine| {
    let world = World::on(engine).await;
    let (robin, owner) = (Visit::of(&world, "robin", "@robin"), Visit::of(&world, "owner", "@owner"));
    robin.asks("/alias add The Boss --to Aviva").await;
    assert!(world.asks("robin", "#den", "hey @The Boss, hello").await[0].starts_with("Aviva: "));
    assert!(world.asks("kim", "#den", "hey @The Boss, hello").await.is_empty(), "it is robin's own");

    owner.asks("/alias add the boss --to Abbey --for everyone").await;
    assert!(world.asks("kim", "#den", "@the boss hello").await[0].starts_with("Abbey: "));
    assert!(world.asks("robin", "#den", "@the boss hello").await[0].starts_with("Aviva: "), "one's own comes first");
    assert!(robin.reads("/alias list").await.contains("the boss: Abbey · not heard"));

    for (line, wanted) in [
        ("/alias add abbey --to Aviva", "is the name of Abbey"),
        ("/alias add THE BOSS --to Abbey", "You call Aviva “The Boss” already"),
        ("/alias add Nobody --to Zoe", "nobody called “Zoe”"),
        ("/alias remove chief", "no name “chief”"),
    ] {
        let answer = robin.reads(line).await;
        assert!(answer.contains(wanted), "{line}: {answer}");
    }
    assert!(owner.reads("/alias add the BOSS --to Aviva --for everyone").await.contains("for everyone already"));
    robin.asks("/alias remove the boss").await;
    assert!(world.asks("robin", "#den", "@the boss hello").await[0].starts_with("Abbey: "));
    world.stop().await;
});

both!(the_nearest_choice_of_a_preset_decides_and_is_shown, |engine| {
    let world = World::on(engine).await;
    let (robin, owner) = (Visit::of(&world, "robin", "@robin"), Visit::of(&world, "owner", "@owner"));
    let temperature = async || {
        world.asks("robin", "@robin", "hello").await;
        world.model.asked().last().unwrap().temperature
    };
    let by = async || {
        let inspect = robin.reads("/inspect").await;
        inspect.lines().find_map(|line| line.strip_prefix("Preset: ")).unwrap().to_owned()
    };
    assert_eq!((temperature().await, by().await), (None, "house · as the house is made".into()));

    owner.asks("/preset create cold --temperature 0").await;
    owner.asks("/admin model cold").await;
    assert_eq!(temperature().await, Some(0.0), "an explicit zero is a value");
    assert_eq!(by().await, "cold · chosen by whoever runs this house");

    robin.asks("/preset create warm --temperature 1.1 --max-tokens 77").await;
    robin.asks("/preset default warm").await;
    assert_eq!((temperature().await, by().await), (Some(1.1), "warm · chosen by you".into()));
    assert_eq!(world.model.asked().last().unwrap().max_tokens, 77);

    robin.asks("/preset use off").await;
    assert_eq!(temperature().await, None, "off is a decision: neither warm nor cold");
    assert_eq!(by().await, "house · chosen by you for Abbey");

    robin.asks("/preset use inherit").await;
    assert_eq!((temperature().await, by().await), (Some(1.1), "warm · chosen by you".into()));
    robin.asks("/preset default inherit").await;
    assert_eq!(temperature().await, Some(0.0));
    world.asks("kim", "@kim", "hello").await;
    assert_eq!(world.model.asked().last().unwrap().temperature, Some(0.0), "kim never chose");
    world.stop().await;
});

both!(a_makers_preset_comes_between_the_members_and_the_house, |engine| {
    let world = World::on(engine).await;
    let (robin, kim) = (Visit::of(&world, "robin", "@robin"), Visit::of(&world, "kim", "@kim"));
    robin.fills("/personality create Sage", &["a sage", "You are a sage of few words."]).await;
    robin.asks("/personality share everyone Sage").await;
    robin.asks("/preset create sagely --temperature 0.3 --model someone-elses-money").await;
    robin.asks("/personality configure Sage --preset sagely").await;
    world.asks("kim", "@kim", "@Sage hello").await;
    let asked = world.model.asked();
    assert_eq!(asked.last().unwrap().temperature, Some(0.3));
    assert_eq!(asked.last().unwrap().model, "", "nobody but the operator names a model that the operator pays for");
    assert!(kim.reads("/inspect").await.contains("sagely · chosen by whoever made Sage"));
    kim.asks("/preset create mine --temperature 0.9").await;
    kim.asks("/preset use mine --with Sage").await;
    world.asks("kim", "@kim", "@Sage hello").await;
    assert_eq!(world.model.asked().last().unwrap().temperature, Some(0.9));
    // Another member's preset cannot be chosen, nor seen, unless it is offered.
    assert!(kim.reads("/preset use sagely").await.contains("no preset “sagely”"));
    let owner = Visit::of(&world, "owner", "@owner");
    owner.asks("/preset create grand --model gpt-5").await;
    owner.asks("/admin model grand --offer on").await;
    owner.asks("/admin model off").await;
    kim.asks("/preset use grand").await;
    world.asks("kim", "@kim", "@Abbey hello").await;
    assert_eq!(world.model.asked().last().unwrap().model, "gpt-5", "it is offered, its model included");
    world.stop().await;
});

both!(ones_own_instructions_reach_nobody_elses_answers, |engine| {
    let world = World::on(engine).await;
    let (robin, kim) = (Visit::of(&world, "robin", "@robin"), Visit::of(&world, "kim", "@kim"));
    robin.fills("/prompt set", &["Speak like a zanzibar pirate."]).await;
    robin.fills("/prompt set --with Aviva", &["Speak like a quiet archivist."]).await;
    let told = async |who: &str, whom: &str| {
        world.asks(who, "#den", &format!("@{whom} hello")).await;
        world.model.asked().last().unwrap().lines[0].content.clone()
    };
    assert!(told("robin", "Abbey").await.contains("zanzibar pirate"));
    let aviva = told("robin", "Aviva").await;
    assert!(aviva.contains("quiet archivist") && !aviva.contains("pirate") && aviva.contains("You are Aviva"));
    assert!(!told("kim", "Abbey").await.contains("pirate"), "kim has none");
    assert!(kim.reads("/prompt view").await.contains("nothing"));
    assert!(robin.reads("/prompt view").await.contains("chosen by you: Speak like a zanzibar pirate."));
    robin.asks("/prompt off --with Aviva").await;
    assert!(!told("robin", "Aviva").await.contains("How to answer"), "off stops the fall to the next tier");
    robin.asks("/prompt clear --with Aviva").await;
    assert!(told("robin", "Aviva").await.contains("zanzibar pirate"));
    let key = robin.fills("/prompt set", &["my key is sk-or-v1-0123456789abcdef0123"]).await;
    assert!(key.contains("looks like a provider’s key"), "{key}");
    world.stop().await;
});

both!(each_character_may_know_its_own_persona, |engine| {
    let world = World::on(engine).await;
    let robin = Visit::of(&world, "robin", "@robin");
    robin.asks("/persona create Captain Rook").await;
    robin.asks("/persona use Captain Rook --with Aviva").await;
    world.asks("robin", "#den", "@Abbey hello").await;
    assert!(world.last_prompt().contains("talking with robin"), "{}", world.last_prompt());
    world.asks("robin", "#den", "@Aviva hello").await;
    assert!(world.last_prompt().contains("talking with Captain Rook"), "{}", world.last_prompt());
    assert!(robin.reads("/persona delete robin").await.contains("how everyone sees you"));
    robin.fills("/persona delete Captain Rook", &["captain rook"]).await;
    world.remembered().await;
    world.asks("robin", "#den", "@Aviva hello").await;
    assert!(world.last_prompt().contains("talking with robin"), "{}", world.last_prompt());
    world.stop().await;
});

both!(what_is_put_right_is_found_and_what_was_wrong_never_again, |engine| {
    let world = World::on(engine).await;
    let robin = Visit::of(&world, "robin", "@robin");
    world.asks("robin", "@robin", "My sister Mara lives in Bergen.").await;
    world.asks("robin", "@robin", "She paints lighthouses.").await;
    world.remembered().await;
    let found = robin.asks("/memory search Bergen").await;
    let id = found.fields[0].name.split(' ').next().unwrap().to_owned();
    let answer = robin.reads(&format!("/memory correct {id} My sister Mara lives in Oslo.")).await;
    assert!(answer.contains("Oslo") && answer.contains("put right by you"), "{answer}");
    world.remembered().await;
    assert!(!robin.reads("/memory search Bergen").await.contains("Bergen."), "the old wording is gone");
    assert!(robin.reads("/memory view").await.contains("Oslo"));
    robin.asks("/reset").await;
    world.asks("robin", "@robin", "Where does my sister Mara live?").await;
    let remembered = world.last_remembered();
    assert!(remembered.contains("Oslo") && !remembered.contains("Bergen"), "{remembered}");

    // Locked ones survive when everything goes; the record of the correction goes with it when it is deleted.
    let id = robin.asks("/memory search Oslo").await.fields[0].name.split(' ').next().unwrap().to_owned();
    robin.asks(&format!("/memory lock {id}")).await;
    robin.fills("/memory forget-me", &["robin"]).await;
    let left = robin.reads("/memory view").await;
    assert!(left.contains("Oslo") && left.contains("locked") && !left.contains("paints"), "{left}");
    robin.asks(&format!("/memory delete {id}")).await;
    world.remembered().await;
    assert_eq!(world.db.number("SELECT COUNT(*) FROM memory").await.unwrap(), 0);
    // Nobody else's memories can be named.
    world.asks("kim", "@kim", "A secret of kim's.").await;
    world.remembered().await;
    let kims = Visit::of(&world, "kim", "@kim").asks("/memory view").await;
    let id = kims.fields[0].name.split(' ').next().unwrap().to_owned();
    for line in ["delete {id}", "correct {id} no", "flag {id} no", "lock {id}", "unlock {id}"] {
        let answer = robin.reads(&format!("/memory {}", line.replace("{id}", &id))).await;
        assert!(answer.contains("no memory with the id"), "{line}: {answer}");
    }
    world.stop().await;
});

both!(incognito_writes_nothing_fresh_reads_nothing_and_both_end, |engine| {
    let world = World::on(engine).await;
    let robin = Visit::of(&world, "robin", "@robin");
    world.asks("robin", "@robin", "My cat is called Petrel.").await;
    world.remembered().await;
    robin.asks("/reset").await;
    robin.asks("/memory fresh on --for 10m").await;
    let heard = world.asks("robin", "@robin", "What is my cat called?").await;
    assert_eq!(world.last_remembered(), "");
    assert!(heard[0].contains("no memories are used until"), "{heard:?}");
    robin.asks("/memory fresh off").await;
    robin.asks("/memory incognito on --for 10m --with Abbey").await;
    assert!(robin.reads("/memory incognito").await.contains("Abbey: 2026-11-21"));
    let before = world.db.number("SELECT COUNT(*) FROM memory").await.unwrap();
    let heard = world.asks("robin", "@robin", "A secret: the key is under the pot.").await;
    assert!(heard[0].contains("nothing is remembered until"), "{heard:?}");
    world.asks("robin", "#den", "@Aviva this one is remembered").await;
    assert_eq!(world.db.number("SELECT COUNT(*) FROM memory").await.unwrap(), before + 1);
    world.clock.advance(Duration::from_secs(601));
    let heard = world.asks("robin", "@robin", "And this one as well.").await;
    assert!(!heard[0].contains("until"), "{heard:?}");
    assert_eq!(world.db.number("SELECT COUNT(*) FROM memory").await.unwrap(), before + 2);
    robin.asks("/settings memory off").await;
    world.asks("robin", "@robin", "Never write this down.").await;
    assert_eq!(world.db.number("SELECT COUNT(*) FROM memory").await.unwrap(), before + 2);
    world.stop().await;
});

both!(private_memories_surface_elsewhere_only_where_their_owner_allowed_it, |engine| {
    let world = World::on(engine).await;
    let robin = Visit::of(&world, "robin", "@robin");
    world.asks("robin", "@robin", "My secret garden is in Aldgate.").await;
    world.remembered().await;
    let asks = async |who: &str| {
        world.asks(who, "#den", "@Abbey where is the secret garden?").await;
        world.last_remembered().contains("Aldgate")
    };
    assert!(!asks("robin").await);
    robin.asks("/settings sharing on --with Abbey").await;
    assert!(asks("robin").await);
    assert!(!asks("kim").await, "it is robin's to share with themselves, not with kim");
    robin.asks("/settings sharing off").await;
    assert!(asks("robin").await, "the choice for Abbey is nearer");
    robin.asks("/settings sharing inherit --with Abbey").await;
    assert!(!asks("robin").await);
    world.stop().await;
});

both!(a_character_is_for_whom_its_makers_say, |engine| {
    let world = World::on(engine).await;
    let [robin, kim, zoe] = ["robin", "kim", "zoe"].map(|who| Visit::of(&world, who, &format!("@{who}")));
    for visit in [&kim, &zoe] {
        visit.asks("/about").await;
    }
    robin.fills("/personality create Sage", &["a sage", "You are a sage of few words."]).await;
    let hears = async |who: &str| world.asks(who, "#den", "@Sage hello").await.len() == 1;
    assert!(!hears("kim").await);
    assert!(robin.reads("/personality share guest Sage").await.contains("Say which member"));
    assert!(robin.reads("/personality share guest Sage --member nobody").await.contains("I know nobody"));
    robin.asks("/personality share guest Sage --member fake:kim").await;
    assert!(hears("kim").await && !hears("zoe").await);
    for line in [
        "edit Sage --about mine",
        "configure Sage --adult on",
        "share everyone Sage",
        "export Sage",
        "delete Sage",
        "duplicate Sage --as Mine",
        "transfer Sage --to kim",
        "avatar Sage",
    ] {
        assert!(kim.reads(&format!("/personality {line}")).await.contains("not yours"), "{line}");
    }
    assert!(!kim.reads("/personality view Sage").await.contains("few words"), "who it is told to be is its makers'");
    robin.asks("/personality share owner Sage --member kim").await;
    assert!(kim.reads("/personality edit Sage --about ours").await.contains("is changed"));
    assert!(
        kim.reads("/personality transfer Sage --to kim").await.contains("not yours"),
        "only the owner gives it away"
    );
    robin.fills("/personality transfer Sage --to zoe", &["sage"]).await;
    assert!(hears("zoe").await && hears("kim").await && !hears("robin").await);
    zoe.asks("/personality share without Sage --member kim").await;
    assert!(!hears("kim").await);
    // A character goes round as a file and comes back as it was.
    zoe.asks("/personality configure Sage --temperature 0.4 --adult on").await;
    let file = zoe.asks("/personality export Sage").await.file.unwrap();
    let text = String::from_utf8(file.content).unwrap();
    zoe.fills("/personality delete Sage", &["sage"]).await;
    let back = kim.fills("/personality import", &[&text]).await;
    assert!(back.contains("Sage lives here now"), "{back}");
    let configured = kim.reads("/personality configure Sage").await;
    assert!(configured.contains("Temperature: 0.4") && configured.contains("Adults only: on"), "{configured}");
    let broken = kim.fills("/personality import", &["{\"name\": 5}"]).await;
    assert!(broken.contains("can’t be read as a character"), "{broken}");
    for url in
        ["https://127.0.0.1/a.png", "https://[::1]/a.png", "https://localhost/a.png", "https://169.254.169.254/x"]
    {
        let answer = kim.reads(&format!("/personality avatar Sage --url {url}")).await;
        assert!(answer.contains("address can’t be used"), "{url}: {answer}");
    }
    world.stop().await;
});

both!(adult_characters_speak_only_where_minors_are_kept_out, |engine| {
    let world = World::on(engine).await;
    let robin = Visit::of(&world, "robin", "@robin");
    robin.fills("/personality create Rogue", &["a rogue", "You are a rogue of the old school."]).await;
    robin.asks("/personality configure Rogue --adult on").await;
    robin.asks("/personality share everyone Rogue").await;
    for room in ["#den", "@robin", "!club"] {
        let heard = world.asks("robin", room, "@Rogue hello").await;
        assert!(heard.len() == 1 && heard[0].contains("keeps minors out"), "{room}: {heard:?}");
    }
    assert_eq!(world.asks("robin", "#den18+", "@Rogue hello").await, ["Rogue: re: robin: @Rogue hello"]);
    assert!(Visit::of(&world, "robin", "#den").reads("/activate Rogue").await.contains("keeps minors out"));
    assert!(Visit::of(&world, "robin", "#den18+").reads("/activate Rogue").await.contains("now answers"));
    world.stop().await;
});

both!(a_place_decides_who_answers_in_it_and_who_may_say_so, |engine| {
    let world = World::on(engine).await;
    let (robin, mo) = (Visit::of(&world, "robin", "#den"), Visit::by(&world, moderator("mo", "#den")));
    mo.asks("/place deny Aviva").await;
    let heard = world.asks("robin", "#den", "@Aviva @Abbey hello").await;
    assert!(heard[0].contains("does not answer in this place") && heard[1].contains("re: robin"), "{heard:?}");
    assert_eq!(world.asks("robin", "#hall", "@Aviva hello").await.len(), 1, "elsewhere she does");
    mo.asks("/place settings --only-allowed on --activate moderators").await;
    mo.asks("/place allow Aviva").await;
    world.clock.advance(Duration::from_secs(61));
    assert!(world.asks("robin", "#den", "@Abbey hello").await[0].contains("does not answer in this place"));
    assert_eq!(world.asks("robin", "#den", "@Abbey again").await, [] as [String; 0], "and is not told every time");
    assert_eq!(world.asks("robin", "#den", "@Aviva hello").await.len(), 1);
    for line in ["/activate Aviva", "/deactivate", "/autorespond off"] {
        assert!(robin.reads(line).await.contains("Only those who look after this place"), "{line}");
    }
    assert!(mo.reads("/activate Abbey").await.contains("does not answer in this place"));
    assert!(mo.reads("/activate Aviva").await.contains("now answers"));
    world.stop().await;
});

both!(who_is_blocked_is_not_read_who_is_muted_is_read_along, |engine| {
    let world = World::on(engine).await;
    let mo = Visit::by(&world, moderator("mo", "#den"));
    world.asks("mallory", "#den", "@Abbey my word is zanzibar").await;
    mo.asks("/admin deny mallory --mode mute --for 1h").await;
    assert!(world.asks("mallory", "#den", "@Abbey my word is quixote").await.is_empty());
    assert_eq!(world.asks("mallory", "#hall", "@Abbey elsewhere I may").await.len(), 1);
    world.asks("robin", "#den", "@Abbey what was said?").await;
    assert!(world.last_prompt().contains("zanzibar") && world.last_prompt().contains("quixote"));
    mo.asks("/admin allow mallory").await;
    mo.asks("/admin deny mallory --for 1h").await;
    assert!(world.asks("mallory", "#den", "@Abbey my word is xanadu").await.is_empty());
    world.asks("robin", "#den", "@Abbey and now?").await;
    for word in ["zanzibar", "quixote", "xanadu"] {
        assert!(!world.last_prompt().contains(&format!("my word is {word}")), "{word}: {}", world.last_prompt());
    }
    world.clock.advance(Duration::from_secs(3_601));
    assert_eq!(world.asks("mallory", "#den", "@Abbey it is over").await.len(), 1, "it ends by itself");
    // From one character only; and whoever runs the house is not locked out of it.
    let owner = Visit::of(&world, "owner", "#den");
    owner.asks("/admin deny mallory --scope house --with Abbey").await;
    let heard = world.asks("mallory", "#den", "@Abbey @Aviva hello").await;
    assert!(heard.len() == 1 && heard[0].starts_with("Aviva"), "{heard:?}");
    assert!(mo.reads("/admin deny owner").await.contains("can’t be turned away"));
    world.stop().await;
});

both!(a_newcomer_is_told_once_and_an_announcement_once_a_place, |engine| {
    let world = World::planned(engine, Plan { discloses: true, ..Plan::default() }).await;
    let heard = world.asks("robin", "#den", "@Abbey hello").await;
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert!(heard[0].contains("talking with an AI character") && heard[1].contains("re: robin"), "{heard:?}");
    assert_eq!(world.asks("robin", "#hall", "@Aviva hello").await.len(), 1, "robin knows");
    assert_eq!(world.asks("kim", "#den", "@Abbey hello").await.len(), 2, "kim does not");
    Visit::of(&world, "owner", "@owner").asks("/admin announce The house moves tomorrow.").await;
    for room in ["#den", "#hall"] {
        let heard = world.asks("robin", room, "@Abbey hello").await;
        assert!(heard.len() == 2 && heard[0].contains("The house moves tomorrow."), "{heard:?}");
        assert_eq!(world.asks("robin", room, "@Abbey hello").await.len(), 1, "{room}");
    }
    // What the house says is neither history nor memory.
    world.remembered().await;
    world.asks("robin", "#den", "@Abbey what does the house do tomorrow?").await;
    assert!(!world.last_prompt().contains("house moves") && !world.last_prompt().contains("AI character, not with"));
    world.stop().await;
});

both!(whoever_is_too_fast_is_told_once_and_nothing_is_lost, |engine| {
    let rates = Rates { member: 3, ..Rates::NONE };
    let world = World::planned(engine, Plan { rates, ..Plan::default() }).await;
    for n in 0..3 {
        assert_eq!(world.asks("robin", "#den", &format!("@Abbey {n}")).await.len(), 1);
    }
    let heard = world.asks("robin", "#den", "@Abbey the word is zanzibar").await;
    assert!(heard[0].contains("in 20 s"), "{heard:?}");
    assert!(world.asks("robin", "#den", "@Abbey more").await.is_empty(), "told once");
    assert_eq!(world.asks("kim", "#den", "@Abbey hello").await.len(), 1, "kim is not slowed down");
    assert!(world.last_prompt().contains("zanzibar"), "what was said is kept");
    assert_eq!(world.asks("owner", "#den", "@Abbey hello").await.len(), 1);
    world.clock.advance(Duration::from_secs(20));
    assert_eq!(world.asks("robin", "#den", "@Abbey now?").await.len(), 1);
    world.stop().await;
});

both!(more_than_may_be_called_is_said, |engine| {
    let world = World::on(engine).await;
    let robin = Visit::of(&world, "robin", "@robin");
    for name in ["Uno", "Due", "Tre"] {
        robin.fills(&format!("/personality create {name}"), &["one of many", "You are one of many here."]).await;
    }
    let heard = world.asks("robin", "#den", "@Uno @Due @Tre @Abbey @Aviva @Abi hello").await;
    assert_eq!(heard.len(), 6, "{heard:?}");
    assert!(heard[5].starts_with("Abi: One message can call 5 of us"), "{heard:?}");
    world.stop().await;
});

/// How long ten others wait for their answers, worst but one of a hundred, in seconds.
async fn others_wait(world: &Arc<World>, label: &str) -> f64 {
    let mut took = Vec::new();
    for round in 0..10 {
        let asked = (0..10).map(|n| {
            let (world, label) = (Arc::clone(world), label.to_owned());
            #[expect(clippy::disallowed_methods, reason = "awaited below")]
            tokio::spawn(async move {
                let started = Instant::now();
                let received =
                    world.says(&format!("{label}{n}"), &format!("@{label}{n}"), &format!("hi {round}")).await;
                world.ended(&received.turns).await;
                started.elapsed().as_secs_f64()
            })
        });
        for one in asked.collect::<Vec<_>>() {
            took.push(one.await.unwrap());
        }
    }
    took.sort_by(f64::total_cmp);
    took[98]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_by_one_member_leaves_the_others_their_workers() {
    let rates = Rates { member: 20, place: 60, waiting_of_member: 10, waiting_in_place: 20, ..Rates::NONE };
    let plan = Plan { rates, workers: 24, model: Answering::with(|_| Ok("noted".into())), ..Plan::default() };
    let world = Arc::new(World::planned(greenroom::testing::Engine::Sqlite, plan).await);
    world.model.delay_millis.store(150, Ordering::SeqCst);
    // The first answers load tables and make members.
    others_wait(&world, "calm").await;
    let calm = others_wait(&world, "calm").await;
    others_wait(&world, "busy").await;
    let flooding = {
        let world = Arc::clone(&world);
        #[expect(clippy::disallowed_methods, reason = "ended below")]
        tokio::spawn(async move {
            // As fast as the database takes them, over a thousand rooms.
            for n in 0..3_000_u32 {
                world.says("mallory", &format!("@flood{}", n % 1_000), &format!("flood {n}")).await;
            }
        })
    };
    let flooded = others_wait(&world, "busy").await;
    let was_flooding = !flooding.is_finished();
    flooding.abort();
    let answered = world.rooms.posts().iter().filter(|post| post.room.starts_with("@flood") && !post.is_notice).count();
    println!(
        "others' 99th of 100: {:.0} ms calm, {:.0} ms flooded, ratio {:.2}; {answered} floods answered",
        calm * 1e3,
        flooded * 1e3,
        flooded / calm
    );
    assert!(was_flooding, "the flood lasted");
    assert!(answered <= 40, "the flood gets what one member gets: {answered}");
    // The figure is a benchmark's; here only what no noise explains.
    assert!(flooded / calm < 3.0, "{:.2}", flooded / calm);
}

/// Two hundred messages as people write them. Those that are not read as meant are listed, and stay within one in two
/// hundred.
#[tokio::test]
async fn two_hundred_ways_to_address_somebody_are_understood() {
    let world = World::on(greenroom::testing::Engine::Sqlite).await;
    let robin = Visit::of(&world, "robin", "@robin");
    let names =
        ["Bambi", "Bambi Prime", "Lilith", "Dr. Gregor", "Old Sage", "Zoë", "Captain Rook of Hull", "O'Neill", "K-2"];
    for name in names {
        let line = format!("/personality create {name}");
        let made = robin.fills(&line, &["one of many", "You are one of many here."]).await;
        assert!(made.contains("lives here now"), "{made}");
    }
    robin.asks("/alias add The Boss --to Abbey").await;
    let (mut right, mut misses) = (0, Vec::new());
    for line in include_str!("../data/addressings.txt").lines().filter(|line| !line.starts_with('#')) {
        let (text, expected) = line.rsplit_once(" =>").unwrap();
        let expected = expected.split(", ").map(str::trim).filter(|name| !name.is_empty());
        let expected: Vec<&str> = expected.map(|name| if name == "The Boss" { "Abbey" } else { name }).collect();
        let heard = world.asks("robin", "#den", &text.replace("\\n", "\n")).await;
        let called: Vec<&str> = heard.iter().filter_map(|heard| heard.split_once(": ")).map(|(name, _)| name).collect();
        if called == expected {
            right += 1;
        } else {
            misses.push(format!("{text}: {called:?}, not {expected:?}"));
        }
    }
    println!("{right} right, misses: {misses:#?}");
    assert_eq!(right + misses.len(), 200);
    assert!(misses.len() <= 1, "{misses:#?}");
    world.stop().await;
}

both!(what_has_been_kept_long_enough_goes_and_the_rest_stays, |engine| {
    let world = World::on(engine).await;
    let day = Duration::from_secs(24 * 3_600);
    world.asks("robin", "@robin", "An old word: zanzibar.").await;
    world.asks("owner", "@owner", "The house is mine.").await;
    world.clock.advance(day * 20);
    world.asks("kim", "@kim", "A new word: xanadu.").await;
    world.remembered().await;
    let messages = Retention { messages: Some(day * 10), words: None, idle_members: None };
    assert_eq!(world.turns.tidy(messages).await.unwrap(), (4, 0));
    assert_eq!(world.turns.tidy(messages).await.unwrap(), (0, 0));
    assert_eq!(world.db.number("SELECT COUNT(*) FROM message").await.unwrap(), 2);
    assert_eq!(world.db.number("SELECT COUNT(*) FROM memory").await.unwrap(), 3, "memories stay");
    world.asks("robin", "@robin", "Which old word did I say?").await;
    assert!(world.last_remembered().contains("zanzibar"), "{}", world.last_prompt());

    world.clock.advance(day * 40);
    world.asks("kim", "@kim", "Still here.").await;
    let idle = Retention { messages: None, words: None, idle_members: Some(day * 30) };
    assert_eq!(world.turns.tidy(idle).await.unwrap(), (0, 1), "robin was silent, kim was not, the owner is the owner");
    assert_eq!(world.db.number("SELECT COUNT(*) FROM identity WHERE subject = 'robin'").await.unwrap(), 0);
    assert_eq!(world.db.number("SELECT COUNT(*) FROM identity").await.unwrap(), 2);
    world.stop().await;
});
