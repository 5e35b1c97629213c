//! The ledger: what was used and what it cost, what calls under way may still use, and the limits on both.

use super::{Db, Error, Script, Tx, say};
use crate::domain::{
    Budget, KeySource, MemberId, Moment, Payer, Period, PersonalityId, PlaceId, SetBy, TurnId, Used, leaves, member_in,
};

const ADD: &str = "INSERT INTO ledger (id, kind, turn_id, member_id, place_id, personality_id, owner_id, key_source, model, \
     prompt_tokens, completion_tokens, counted_by_provider, cost_micros, at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (id) DO NOTHING";
const OF_MEMBER: &str = "SELECT at, kind, model, key_source, prompt_tokens, completion_tokens, cost_micros FROM ledger \
     WHERE member_id = $1 ORDER BY at, id";
const SUMS: &str = "SELECT kind, personality_id, model, key_source, COUNT(*), CAST(SUM(prompt_tokens) AS BIGINT), \
     CAST(SUM(completion_tokens) AS BIGINT), CAST(SUM(cost_micros) AS BIGINT) FROM ledger \
     WHERE member_id = $1 AND at >= $2 GROUP BY kind, personality_id, model, key_source ORDER BY 5 DESC, 1, 2, 3, 4";
const STORED: &str = "SELECT \
     CAST(COALESCE((SELECT SUM(LENGTH(text)) FROM message WHERE member_id = $1), 0) AS BIGINT), \
     CAST(COALESCE((SELECT SUM(LENGTH(said) + LENGTH(answered)) FROM memory \
     WHERE persona_id IN (SELECT id FROM persona WHERE member_id = $1)), 0) AS BIGINT)";
const BUDGETS: &str = "SELECT payer, subject, period, set_by, tokens, answers, cost_micros FROM budget \
     ORDER BY payer, subject, period, set_by";
const SET_BUDGET: &str = "INSERT INTO budget (id, payer, subject, period, set_by, tokens, answers, cost_micros) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (payer, subject, period, set_by) DO UPDATE SET \
     tokens = excluded.tokens, answers = excluded.answers, cost_micros = excluded.cost_micros";
const DROP_BUDGET: &str = "DELETE FROM budget WHERE payer = $1 AND subject = $2 AND period = $3 AND set_by = $4";
const TOUCH: &str = "UPDATE budget SET touched = touched + 1";
const RESERVE: &str = "INSERT INTO reservation (turn_id, attempt, member_id, place_id, owner_id, personality_id, key_source, \
     model, tokens, cost_micros, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
     ON CONFLICT (turn_id) DO UPDATE SET attempt = excluded.attempt, tokens = excluded.tokens, \
     cost_micros = excluded.cost_micros, model = excluded.model, key_source = excluded.key_source, at = excluded.at";
const LOSE: &str = "INSERT INTO ledger (id, kind, turn_id, member_id, place_id, personality_id, owner_id, key_source, model, \
     prompt_tokens, completion_tokens, counted_by_provider, cost_micros, at) \
     SELECT turn_id || '-' || CAST(attempt AS TEXT), 'lost', turn_id, member_id, place_id, personality_id, owner_id, \
     key_source, model, tokens, 0, $2, cost_micros, at FROM reservation WHERE turn_id = $1 ON CONFLICT (id) DO NOTHING";
const RELEASE: &str = "DELETE FROM reservation WHERE turn_id = $1";

macro_rules! used {
    ($filter:literal) => {
        concat!(
            "SELECT CAST(COALESCE(SUM(tokens), 0) AS BIGINT), CAST(COALESCE(SUM(answers), 0) AS BIGINT), \
             CAST(COALESCE(SUM(cost), 0) AS BIGINT), MIN(at) FROM (\
             SELECT prompt_tokens + completion_tokens AS tokens, CASE WHEN kind = 'chore' THEN 0 ELSE 1 END AS answers, \
             cost_micros AS cost, at FROM ledger WHERE at >= $1 AND ",
            $filter,
            " UNION ALL SELECT tokens, 1, cost_micros, at FROM reservation WHERE ",
            $filter,
            ") AS used"
        )
    };
}

const USED_BY_HOUSE: &str = used!("key_source <> 'member' AND $2 = ''");
const USED_BY_MEMBER: &str = used!("member_id = $2");
const USED_BY_PLACE: &str = used!("place_id = $2");
const USED_BY_OWNER: &str = used!("owner_id = $2 AND (member_id IS NULL OR member_id <> $2)");
const USED_BY_MEMBER_IN: &str = used!("place_id || '/' || member_id = $2 AND place_id = substr($2, 1, 26)");

/// Every statement of this file.
pub const ALL: &[&str] = &[
    ADD,
    OF_MEMBER,
    SUMS,
    STORED,
    BUDGETS,
    SET_BUDGET,
    DROP_BUDGET,
    TOUCH,
    RESERVE,
    LOSE,
    RELEASE,
    USED_BY_HOUSE,
    USED_BY_MEMBER,
    USED_BY_PLACE,
    USED_BY_OWNER,
    USED_BY_MEMBER_IN,
];

/// What an entry is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// An answer.
    Answer,
    /// A share of work that serves several.
    Chore,
}

/// Who asked whom, where, and who pays: what use is counted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub member: MemberId,
    pub place: Option<PlaceId>,
    pub personality: PersonalityId,
    /// Who made the personality.
    pub owner: Option<MemberId>,
    pub key_source: KeySource,
}

/// One entry to write.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// The same for the same call: writing it again changes nothing.
    pub id: String,
    pub kind: EntryKind,
    pub turn: Option<TurnId>,
    pub account: Account,
    pub model: String,
    pub prompt_tokens: i64,
    pub completion_tokens: i64,
    pub counted_by_provider: bool,
    pub cost_micros: i64,
}

/// Writes an entry.
pub fn add<'v>(script: &mut Script<'v>, entry: &'v NewEntry, now: Moment) {
    let kind = match entry.kind {
        EntryKind::Answer => "answer",
        EntryKind::Chore => "chore",
    };
    let account = &entry.account;
    script.add(
        ADD,
        [
            (&entry.id).into(),
            kind.into(),
            entry.turn.as_ref().map(TurnId::as_str).into(),
            account.member.as_str().into(),
            account.place.as_ref().map(PlaceId::as_str).into(),
            account.personality.as_str().into(),
            account.owner.as_ref().map(MemberId::as_str).into(),
            account.key_source.as_str().into(),
            (&entry.model).into(),
            entry.prompt_tokens.into(),
            entry.completion_tokens.into(),
            entry.counted_by_provider.into(),
            entry.cost_micros.into(),
            now.0.into(),
        ],
    );
}

/// Takes back what a turn had reserved: in the transaction that settles it.
pub fn release<'v>(script: &mut Script<'v>, turn: &'v TurnId) {
    script.add(RELEASE, [turn.as_str().into()]);
}

/// Counts what a turn had reserved as used: nobody knows what became of the call.
pub fn lose<'v>(script: &mut Script<'v>, turn: &'v TurnId) {
    script.add(LOSE, [turn.as_str().into(), false.into()]);
    release(script, turn);
}

/// A call that is about to be made: most that it can use.
#[derive(Clone, Debug)]
pub struct Reservation {
    pub turn: TurnId,
    pub attempt: i64,
    pub place: PlaceId,
    pub account: Account,
    pub model: String,
    pub tokens: i64,
    pub cost_micros: i64,
}

/// What became of a reservation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reserved {
    Yes,
    /// This limit would be exceeded; there may be room from this moment on.
    Over(Box<Budget>, Moment),
}

/// Sets `reservation` aside if every limit still has room for it, in one transaction with the look at them.
///
/// An earlier attempt of the same turn that never settled is counted as used first.
pub async fn reserve(tx: &mut Tx, reservation: &Reservation, now: Moment) -> Result<Reserved, Error> {
    // Whoever reserves changes every limit: on PostgreSQL a second one waits here for the end of the first.
    say(TOUCH).execute(tx).await?;
    let mut script = Script::default();
    lose(&mut script, &reservation.turn);
    script.run(tx).await?;
    let account = &reservation.account;
    let more = Used { tokens: reservation.tokens, answers: 1, cost_micros: reservation.cost_micros };
    let all = say(BUDGETS).fetch_all::<BudgetRow>(tx).await?;
    for budget in binding(all.into_iter().filter_map(budget_of).collect(), account) {
        let since = now.plus_millis(-budget.period.millis());
        let (sql, subject) = match budget.payer {
            Payer::House => (USED_BY_HOUSE, String::new()),
            Payer::Member => (USED_BY_MEMBER, account.member.to_string()),
            Payer::Place if budget.subject.contains('/') => {
                (USED_BY_MEMBER_IN, member_in(&reservation.place, &account.member))
            }
            Payer::Place => (USED_BY_PLACE, reservation.place.to_string()),
            Payer::Owner => (USED_BY_OWNER, account.owner.as_ref().map(ToString::to_string).unwrap_or_default()),
        };
        let (tokens, answers, cost_micros, oldest) =
            say(sql).bind(since.0).bind(subject).fetch_one::<(i64, i64, i64, Option<i64>)>(tx).await?;
        if !budget.admits(Used { tokens, answers, cost_micros }, more) {
            let room = oldest.map_or(now, |at| leaves(Moment(at), budget.period));
            return Ok(Reserved::Over(Box::new(budget), room));
        }
    }
    let mut script = Script::default();
    script.add(
        RESERVE,
        [
            reservation.turn.as_str().into(),
            reservation.attempt.into(),
            account.member.as_str().into(),
            reservation.place.as_str().into(),
            account.owner.as_ref().map(MemberId::as_str).into(),
            account.personality.as_str().into(),
            account.key_source.as_str().into(),
            (&reservation.model).into(),
            reservation.tokens.into(),
            reservation.cost_micros.into(),
            now.0.into(),
        ],
    );
    script.run(tx).await?;
    Ok(Reserved::Yes)
}

/// The limits that bind an account. One that the operator set for a member, place or owner by name stands in for the one
/// that was set for each of them.
fn binding(all: Vec<Budget>, account: &Account) -> Vec<Budget> {
    let is_own_character = account.owner.as_ref() == Some(&account.member);
    let names = |budget: &Budget| match budget.payer {
        Payer::House => account.key_source != KeySource::Member,
        Payer::Member => budget.subject == account.member.as_str(),
        Payer::Place => account.place.as_ref().is_some_and(|place| {
            // `place/`: each member of the place.
            budget.subject.strip_suffix('/').unwrap_or(&budget.subject) == place.as_str()
        }),
        Payer::Owner => {
            !is_own_character && account.owner.as_ref().is_some_and(|owner| budget.subject == owner.as_str())
        }
    };
    let is_there = |budget: &Budget| match budget.payer {
        Payer::House | Payer::Member => true,
        Payer::Place => account.place.is_some(),
        Payer::Owner => account.owner.is_some() && !is_own_character,
    };
    let is_replaced = |general: &Budget| {
        all.iter().any(|budget| {
            (budget.payer, budget.period, budget.set_by) == (general.payer, general.period, general.set_by)
                && !budget.subject.is_empty()
                && names(budget)
        })
    };
    let binds = |budget: &&Budget| match (budget.payer, budget.subject.as_str()) {
        (Payer::House, _) => names(budget),
        (_, "") => is_there(budget) && !is_replaced(budget),
        _ => names(budget),
    };
    all.iter().filter(binds).cloned().collect()
}

type BudgetRow = (String, String, String, String, Option<i64>, Option<i64>, Option<i64>);

fn budget_of((payer, subject, period, set_by, tokens, answers, cost_micros): BudgetRow) -> Option<Budget> {
    Some(Budget {
        payer: Payer::read(&payer)?,
        subject,
        period: Period::read(&period)?,
        set_by: SetBy::read(&set_by)?,
        tokens,
        answers,
        cost_micros,
    })
}

/// All limits.
pub async fn budgets(db: &Db) -> Result<Vec<Budget>, Error> {
    let rows = say(BUDGETS).read_all::<BudgetRow>(db).await?;
    Ok(rows.into_iter().filter_map(budget_of).collect())
}

/// Sets a limit; one that limits nothing is removed.
pub async fn set_budget(tx: &mut Tx, id: &str, budget: &Budget) -> Result<(), Error> {
    let (payer, period, set_by) = (budget.payer.as_str(), budget.period.as_str(), budget.set_by.as_str());
    if budget.is_empty() {
        say(DROP_BUDGET).bind(payer).bind(&budget.subject).bind(period).bind(set_by).execute(tx).await?;
    } else {
        say(SET_BUDGET)
            .bind(id)
            .bind(payer)
            .bind(&budget.subject)
            .bind(period)
            .bind(set_by)
            .bind(budget.tokens)
            .bind(budget.answers)
            .bind(budget.cost_micros)
            .execute(tx)
            .await?;
    }
    Ok(())
}

/// An entry as its member may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub at: Moment,
    /// `answer`, `lost` or `chore`.
    pub kind: String,
    pub model: String,
    /// `local`, `operator` or `member`.
    pub key_source: String,
    pub prompt_tokens: i64,
    pub completion_tokens: i64,
    pub cost_micros: i64,
}

/// The entries of a member, oldest first.
pub async fn of_member(db: &Db, member: &MemberId) -> Result<Vec<Entry>, Error> {
    type Row = (i64, String, String, String, i64, i64, i64);
    let rows = say(OF_MEMBER).bind(member.as_str()).read_all::<Row>(db).await?;
    let entry = |(at, kind, model, key_source, prompt_tokens, completion_tokens, cost_micros): Row| Entry {
        at: Moment(at),
        kind,
        model,
        key_source,
        prompt_tokens,
        completion_tokens,
        cost_micros,
    };
    Ok(rows.into_iter().map(entry).collect())
}

/// What entries of one kind, personality, model and payer add up to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    pub kind: String,
    pub personality: PersonalityId,
    pub model: String,
    pub key_source: String,
    pub entries: i64,
    pub prompt_tokens: i64,
    pub completion_tokens: i64,
    pub cost_micros: i64,
}

/// What a member's entries since `since` add up to, most entries first.
pub async fn sums(db: &Db, member: &MemberId, since: Moment) -> Result<Vec<Sum>, Error> {
    type Row = (String, String, String, String, i64, i64, i64, i64);
    let rows = say(SUMS).bind(member.as_str()).bind(since.0).read_all::<Row>(db).await?;
    let sum =
        |(kind, personality, model, key_source, entries, prompt_tokens, completion_tokens, cost_micros): Row| Sum {
            kind,
            personality: PersonalityId::new(personality),
            model,
            key_source,
            entries,
            prompt_tokens,
            completion_tokens,
            cost_micros,
        };
    Ok(rows.into_iter().map(sum).collect())
}

/// Characters kept of a member: in messages, and in memories.
pub async fn stored(db: &Db, member: &MemberId) -> Result<(i64, i64), Error> {
    say(STORED).bind(member.as_str()).read_one::<(i64, i64)>(db).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(payer: Payer, subject: &str, set_by: SetBy) -> Budget {
        let period = Period::Day;
        Budget { payer, subject: subject.into(), period, set_by, tokens: Some(1), answers: None, cost_micros: None }
    }

    fn account(owner: Option<&str>, key_source: KeySource) -> Account {
        Account {
            member: MemberId::new("ann"),
            place: Some(PlaceId::new("den")),
            personality: PersonalityId::new("sage"),
            owner: owner.map(MemberId::new),
            key_source,
        }
    }

    fn bound(all: &[Budget], account: &Account) -> Vec<String> {
        let bound = binding(all.to_vec(), account);
        bound.into_iter().map(|b| format!("{} {} {}", b.payer.as_str(), b.subject, b.set_by.as_str())).collect()
    }

    #[test]
    fn a_limit_by_name_stands_in_for_the_one_for_each_and_others_hold_beside_it() {
        let all = [
            budget(Payer::House, "", SetBy::Operator),
            budget(Payer::Member, "", SetBy::Operator),
            budget(Payer::Member, "ann", SetBy::Operator),
            budget(Payer::Member, "ann", SetBy::Member),
            budget(Payer::Member, "bo", SetBy::Member),
            budget(Payer::Place, "den", SetBy::Moderator),
            budget(Payer::Place, "den/", SetBy::Moderator),
            budget(Payer::Place, "hall", SetBy::Moderator),
            budget(Payer::Owner, "", SetBy::Operator),
            budget(Payer::Owner, "bo", SetBy::Owner),
        ];
        let common = ["member ann operator", "member ann member", "place den moderator", "place den/ moderator"]
            .map(String::from);
        let with = |more: &[&str]| {
            let mut all: Vec<String> = common.to_vec();
            all.extend(more.iter().map(|&text| text.to_owned()));
            all.sort();
            all
        };
        let sorted = |account: &Account| {
            let mut bound = bound(&all, account);
            bound.sort();
            bound
        };
        assert_eq!(sorted(&account(None, KeySource::Operator)), with(&["house  operator"]));
        assert_eq!(sorted(&account(None, KeySource::Member)), with(&[]));
        assert_eq!(sorted(&account(Some("ann"), KeySource::Member)), with(&[]));
        assert_eq!(sorted(&account(Some("bo"), KeySource::Member)), with(&["owner  operator", "owner bo owner"]));
    }
}
