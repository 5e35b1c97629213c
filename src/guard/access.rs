//! Who may use what: the operator's model, the operator's commands.

use crate::config::OperatorKey;
use crate::domain::{Identity, KeySource};

/// Whether an identity is one of the operators: named in `OWNERS`, or at the terminal of the machine itself, where whoever
/// sits can read the data directory anyway.
pub fn is_owner(owners: &[String], identity: &Identity) -> bool {
    if identity.platform == "console" {
        return true;
    }
    let name = format!("{}:{}", identity.platform, identity.subject);
    owners.contains(&name)
}

/// Whether a member may be answered with this key. A model that costs nothing is for everyone it is offered to.
pub fn may_use(policy: OperatorKey, source: KeySource, is_owner: bool) -> bool {
    match (source, policy) {
        (KeySource::Member, _) | (_, OperatorKey::Everyone) => true,
        (_, OperatorKey::Owners) => is_owner,
        (_, OperatorKey::Nobody) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operators_key_serves_only_those_it_is_offered_to() {
        use KeySource::{Local, Member, Operator};
        let table = [
            (OperatorKey::Everyone, Operator, false, true),
            (OperatorKey::Owners, Operator, false, false),
            (OperatorKey::Owners, Operator, true, true),
            (OperatorKey::Nobody, Operator, true, false),
            (OperatorKey::Nobody, Member, false, true),
            (OperatorKey::Everyone, Local, false, true),
            (OperatorKey::Nobody, Local, true, false),
        ];
        for (policy, source, owner, expected) in table {
            assert_eq!(may_use(policy, source, owner), expected, "{policy:?} {source:?} {owner}");
        }
    }

    #[test]
    fn an_owner_is_named_by_platform_and_subject() {
        let ada = Identity { platform: "matrix".into(), subject: "@ada:example.org".into() };
        assert!(is_owner(&["matrix:@ada:example.org".into()], &ada));
        assert!(is_owner(&[], &Identity { platform: "console".into(), subject: "you".into() }));
        assert!(!is_owner(&["discord:@ada:example.org".into()], &ada));
    }
}
