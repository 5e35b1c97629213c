//! What may be used: limits, whom they bind, and how a cost is shared.

use super::{MemberId, Moment, PlaceId};

/// Whose use a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Payer {
    /// Everything that the operator pays for or runs.
    House,
    /// One member, whoever pays.
    Member,
    /// One place, whoever pays.
    Place,
    /// What others ask the personalities of one owner.
    Owner,
}

impl Payer {
    /// As the database stores it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::House => "house",
            Self::Member => "member",
            Self::Place => "place",
            Self::Owner => "owner",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    pub fn read(text: &str) -> Option<Self> {
        [Self::House, Self::Member, Self::Place, Self::Owner].into_iter().find(|payer| payer.as_str() == text)
    }
}

/// The time over which use is counted, back from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Period {
    Minute,
    Day,
    /// 30 days.
    Month,
}

impl Period {
    /// As the database stores it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    pub fn read(text: &str) -> Option<Self> {
        [Self::Minute, Self::Day, Self::Month].into_iter().find(|period| period.as_str() == text)
    }

    /// Its length in milliseconds.
    pub fn millis(self) -> i64 {
        match self {
            Self::Minute => 60_000,
            Self::Day => 24 * 60 * 60_000,
            Self::Month => 30 * 24 * 60 * 60_000,
        }
    }
}

/// Who set a limit. Limits of different setters all hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SetBy {
    Operator,
    Moderator,
    Owner,
    Member,
}

impl SetBy {
    /// As the database stores it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Moderator => "moderator",
            Self::Owner => "owner",
            Self::Member => "member",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    pub fn read(text: &str) -> Option<Self> {
        [Self::Operator, Self::Moderator, Self::Owner, Self::Member].into_iter().find(|by| by.as_str() == text)
    }
}

/// Most that may be used in a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    pub payer: Payer,
    /// Id of the member, place or owner; empty: each one of the kind. `place/member`: a member in a place.
    pub subject: String,
    pub period: Period,
    pub set_by: SetBy,
    pub tokens: Option<i64>,
    pub answers: Option<i64>,
    /// Millionths of a US dollar.
    pub cost_micros: Option<i64>,
}

/// What was used, or is about to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    pub tokens: i64,
    pub answers: i64,
    pub cost_micros: i64,
}

impl Budget {
    /// Whether `more` still fits beside what was `used`.
    pub fn admits(&self, used: Used, more: Used) -> bool {
        let fits =
            |limit: Option<i64>, used: i64, more: i64| limit.is_none_or(|limit| used.saturating_add(more) <= limit);
        fits(self.tokens, used.tokens, more.tokens)
            && fits(self.answers, used.answers, more.answers)
            && fits(self.cost_micros, used.cost_micros, more.cost_micros)
    }

    /// Whether it limits nothing.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_none() && self.answers.is_none() && self.cost_micros.is_none()
    }
}

/// The subject of a limit on one member in one place.
pub fn member_in(place: &PlaceId, member: &MemberId) -> String {
    format!("{place}/{member}")
}

/// Shares `total` among `weights` so that the shares sum to it exactly: whole parts first, then one more to the largest
/// remainders, earlier ones first. All weights 0: equal shares. Negative weights count as 0.
pub fn shares(total: i64, weights: &[i64]) -> Vec<i64> {
    if weights.is_empty() {
        return Vec::new();
    }
    let mut weights: Vec<i128> = weights.iter().map(|&weight| i128::from(weight.max(0))).collect();
    if weights.iter().all(|&weight| weight == 0) {
        weights.fill(1);
    }
    let (total, sum) = (i128::from(total.max(0)), weights.iter().sum::<i128>());
    let mut shares: Vec<i128> = weights.iter().map(|weight| total * weight / sum).collect();
    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    by_remainder.sort_by_key(|&at| std::cmp::Reverse(total * weights[at] % sum));
    let left = usize::try_from(total - shares.iter().sum::<i128>()).unwrap_or_default();
    by_remainder.iter().take(left).for_each(|&at| shares[at] += 1);
    shares.into_iter().map(|share| i64::try_from(share).unwrap_or(i64::MAX)).collect()
}

/// When an entry made at `at` no longer counts in `period`.
pub fn leaves(at: Moment, period: Period) -> Moment {
    at.plus_millis(period.millis())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn shares_sum_to_the_total_and_follow_the_weights(
            total in 0..2_000_000_000_i64, weights in proptest::collection::vec(0..1_000_000_i64, 1..40)
        ) {
            let shares = shares(total, &weights);
            prop_assert_eq!(shares.iter().sum::<i64>(), total);
            let sum: i64 = weights.iter().sum();
            for (share, weight) in shares.iter().zip(&weights).filter(|_| sum > 0) {
                let exact = total as f64 * *weight as f64 / sum as f64;
                prop_assert!((*share as f64 - exact).abs() < 1.0 + 1e-3, "{share} {exact}");
            }
        }
    }

    #[test]
    fn odd_weights_are_shared_all_the_same() {
        assert_eq!(shares(10, &[]), Vec::<i64>::new());
        assert_eq!(shares(10, &[0, 0, 0]), [4, 3, 3]);
        assert_eq!(shares(7, &[-5, 1]), [0, 7]);
        assert_eq!(shares(100, &[1, 1, 1]), [34, 33, 33]);
        assert_eq!(
            shares(i64::MAX, &[i64::MAX, i64::MAX]).iter().map(|&x| i128::from(x)).sum::<i128>(),
            i128::from(i64::MAX)
        );
    }

    #[test]
    fn a_budget_is_kept_to_the_last_token() {
        let budget = Budget {
            payer: Payer::Member,
            subject: String::new(),
            period: Period::Day,
            set_by: SetBy::Operator,
            tokens: Some(100),
            answers: None,
            cost_micros: Some(0),
        };
        let used = |tokens, cost_micros| Used { tokens, answers: 7, cost_micros };
        assert!(budget.admits(used(60, 0), used(40, 0)));
        assert!(!budget.admits(used(60, 0), used(41, 0)));
        assert!(!budget.admits(used(0, 0), used(1, 1)));
        assert!(!budget.admits(used(i64::MAX, 0), used(1, 0)));
    }
}
