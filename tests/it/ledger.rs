//! What is used and what it costs: the ledger, and limits that nobody gets past.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use greenroom::domain::{Budget, Payer, Period, SetBy};
use greenroom::model::{ChatRequest, ErrorClass, ModelError, tokens};
use greenroom::testing::{Answering, Plan, World};

use crate::both;
use crate::folk::Visit;

/// Members, and messages of each, of the random workload.
const MEMBERS: usize = 12;
const MESSAGES: usize = 20;

/// What the model itself counts.
#[derive(Default)]
struct Meter {
    tokens: AtomicI64,
    dice: AtomicU64,
}

impl Meter {
    /// A number that looks random and is the same in every run of the same order.
    fn roll(&self) -> u64 {
        let n = self.dice.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
        (n ^ (n >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33
    }
}

/// A model that fails now and then, answers at odd lengths, and counts for itself.
fn metered(meter: &Arc<Meter>) -> Answering {
    let meter = Arc::clone(meter);
    Answering::with(move |request: &ChatRequest| {
        let roll = meter.roll();
        if roll.is_multiple_of(7) {
            return Err(ModelError::new(ErrorClass::Down, "scripted"));
        }
        let answer = "word ".repeat(1 + (roll % 40) as usize).trim().to_owned();
        let prompt: usize = request.lines.iter().map(|line| tokens::count(&line.content)).sum();
        meter.tokens.fetch_add((prompt + tokens::count(&answer)) as i64, Ordering::SeqCst);
        Ok(answer)
    })
}

async fn limit(world: &World, payer: Payer, subject: &str, tokens: i64) {
    let budget = Budget {
        payer,
        subject: subject.into(),
        period: Period::Day,
        set_by: SetBy::Operator,
        tokens: Some(tokens),
        answers: None,
        cost_micros: None,
    };
    let id = format!("{payer:?}{subject}");
    let set =
        world.db.write(move |tx| Box::pin(async move { greenroom::db::ledger::set_budget(tx, &id, &budget).await }));
    set.await.unwrap();
    world.turns.directory.reload_budgets().await.unwrap();
}

/// Everyone talks at once, in private and in one open place.
async fn everyone_talks(world: &Arc<World>) {
    let talks = (0..MEMBERS).map(|member| {
        let world = Arc::clone(world);
        #[expect(clippy::disallowed_methods, reason = "awaited below")]
        tokio::spawn(async move {
            for n in 0..MESSAGES {
                let room = if n % 3 == 0 { "#den".to_owned() } else { format!("@member{member}-{}", n % 2) };
                let text = format!("@Abbey {n} {}", "some words ".repeat(n % 11));
                let received = world.says(&format!("member{member}"), &room, &text).await;
                world.ended(&received.turns).await;
            }
        })
    });
    for talk in talks.collect::<Vec<_>>() {
        talk.await.unwrap();
    }
}

const SPENT: &str = "SELECT CAST(COALESCE(SUM(prompt_tokens + completion_tokens), 0) AS BIGINT) FROM ledger";

both!(the_ledger_is_what_the_model_counted_to_the_token, |engine| {
    let meter = Arc::new(Meter::default());
    let world = Arc::new(World::with(engine, metered(&meter)).await);
    everyone_talks(&world).await;
    let counted = meter.tokens.load(Ordering::SeqCst);
    assert!(counted > 0);
    assert_eq!(world.db.number(SPENT).await.unwrap(), counted);
    let mut shown = 0;
    for member in 0..MEMBERS {
        let usage = Visit::of(&world, &format!("member{member}"), "@x").reads("/usage all").await;
        let head = usage.lines().next().unwrap();
        let numbers: Vec<i64> =
            head.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect();
        // "All in all: 12 answers, 345 tokens in, 67 out, about 0.00 $": answers, in, out.
        shown += numbers[1] + numbers[2];
    }
    assert_eq!(shown, counted, "what members are shown is what the ledger holds");
    let Ok(world) = Arc::try_unwrap(world) else { panic!("all talks have ended") };
    world.stop().await;
});

both!(no_limit_is_exceeded_however_many_ask_at_once, |engine| {
    let meter = Arc::new(Meter::default());
    let world = Arc::new(World::with(engine, metered(&meter)).await);
    world.model.delay_millis.store(3, Ordering::SeqCst);
    // Answers are set aside at their longest, so that a limit has to leave room for some of them.
    let (house, member, place) = (60_000, 12_000, 20_000);
    limit(&world, Payer::House, "", house).await;
    limit(&world, Payer::Member, "", member).await;
    limit(&world, Payer::Place, "", place).await;
    everyone_talks(&world).await;
    let counted = meter.tokens.load(Ordering::SeqCst);
    assert!(counted <= house, "{counted} of {house}");
    assert_eq!(world.db.number(SPENT).await.unwrap(), counted);
    let worst = async |by: &str| {
        let statement = format!(
            "SELECT CAST(MAX(spent) AS BIGINT) FROM (SELECT SUM(prompt_tokens + completion_tokens) AS spent \
             FROM ledger GROUP BY {by}) AS sums"
        );
        world.db.number(Box::leak(statement.into_boxed_str())).await.unwrap()
    };
    assert!(worst("member_id").await <= member);
    assert!(worst("place_id").await <= place);
    assert_eq!(world.db.number("SELECT COUNT(*) FROM reservation").await.unwrap(), 0);
    let refused = world.rooms.posts().iter().filter(|post| post.is_notice && post.text.contains("room again")).count();
    assert!(refused > 10 && counted > 5_000, "{refused} were turned down, {counted} tokens were used");
    // A day later there is room again.
    world.clock.advance(std::time::Duration::from_secs(24 * 3_600 + 1));
    let heard = loop {
        let heard = world.asks("member0", "@member0-0", "@Abbey and now?").await;
        // The scripted failures go on.
        if !heard[0].contains("try") {
            break heard;
        }
    };
    assert!(heard[0].contains("word"), "{heard:?}");
    let Ok(world) = Arc::try_unwrap(world) else { panic!("all talks have ended") };
    world.stop().await;
});

both!(a_member_a_maker_and_a_moderator_each_set_limits_of_their_own, |engine| {
    let world =
        World::planned(engine, Plan { model: Answering::with(|_| Ok("noted".into())), ..Plan::default() }).await;
    let robin = Visit::of(&world, "robin", "@robin");
    robin.asks("/settings budget --tokens 1000").await;
    let heard = world.asks("robin", "@robin", "hello").await;
    assert!(heard[0].contains("limit that you set yourself"), "{heard:?}");
    assert_eq!(world.asks("kim", "@kim", "hello").await, ["Abbey: noted"], "others are not bound by it");
    robin.asks("/settings budget --tokens off").await;
    assert_eq!(world.asks("robin", "@robin", "hello").await, ["Abbey: noted"]);

    robin.fills("/personality create Sage", &["a sage", "You are a sage of few words."]).await;
    robin.asks("/personality share everyone Sage").await;
    robin.asks("/personality configure Sage --daily-tokens 500").await;
    let heard = world.asks("kim", "#den", "@Sage hello").await;
    assert!(heard[0].contains("asked of this character"), "{heard:?}");
    assert_eq!(world.asks("robin", "#den", "@Sage hello").await, ["Sage: noted"], "makers do not limit themselves");

    let mo = Visit::by(&world, crate::folk::moderator("mo", "#hall"));
    mo.asks("/place settings --member-tokens 700").await;
    let heard = world.asks("kim", "#hall", "@Abbey hello").await;
    assert!(heard[0].contains("used in this place"), "{heard:?}");
    assert_eq!(world.asks("kim", "#den", "@Abbey hello").await, ["Abbey: noted"], "other places are not bound by it");
    world.stop().await;
});

#[tokio::test]
async fn what_an_embedder_counts_is_shared_to_the_token_among_those_it_was_for() {
    let llm = fake_llm::FakeLlm::start().await;
    let world = World::with(greenroom::testing::Engine::Sqlite, Answering::default()).await;
    for member in 0..5 {
        world.asks(&format!("member{member}"), "#den", &format!("@Abbey {}", "word ".repeat(member * 7 + 1))).await;
    }
    let config = greenroom::config::EmbeddingsConfig {
        base_url: Some(llm.url()),
        model: Some("fake-embedder".into()),
        ..Default::default()
    };
    let embedder = greenroom::recall::open_embedder(&config).await.unwrap();
    let store = world.turns.recall.store().clone();
    world.remembered().await;
    let before = llm.seen().len();
    greenroom::recall::Recall::reindex(&world.db, embedder, store, world.clock.clone(), &|_, _| {}).await.unwrap();
    // The server counts a token for each word of what it was sent.
    let words = |seen: &fake_llm::Seen| -> i64 {
        let input = seen.body["input"].as_array().unwrap();
        input.iter().map(|text| text.as_str().unwrap().split_whitespace().count() as i64).sum()
    };
    let counted: i64 = llm.seen().iter().skip(before).map(words).sum();
    let shared = world.db.number("SELECT CAST(SUM(prompt_tokens) AS BIGINT) FROM ledger WHERE kind = 'chore'").await;
    assert!(counted > 50);
    assert_eq!(shared.unwrap(), counted);
    let shares = world.db.number("SELECT COUNT(DISTINCT prompt_tokens) FROM ledger WHERE kind = 'chore'").await;
    assert!(shares.unwrap() >= 4, "whoever said more pays more");
    let usage = Visit::of(&world, "member4", "@member4").reads("/usage").await;
    assert!(usage.contains("shares of work in the background"), "{usage}");
    world.stop().await;
}
