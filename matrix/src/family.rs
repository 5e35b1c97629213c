//! Accounts that belong together: where it matters how many people are in a room, all of them are one.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use matrix_sdk::ruma::events::room::member::MembershipState;
use matrix_sdk::ruma::{OwnedUserId, UserId};
use matrix_sdk::{Room, RoomMemberships};

/// Users that are one. Clones are the same family.
#[derive(Clone, Debug, Default)]
pub struct Family(Arc<RwLock<BTreeSet<OwnedUserId>>>);

impl Family {
    /// Takes `@user:server` in.
    pub fn add(&self, user: &str) {
        if let Ok(user) = UserId::parse(user) {
            self.0.write().unwrap_or_else(PoisonError::into_inner).insert(user);
        }
    }

    /// Whether somebody belongs to it.
    pub fn has(&self, user: &str) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).iter().any(|one| one.as_str() == user)
    }

    fn others_than(&self, me: &UserId) -> Vec<OwnedUserId> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter(|one| *one != me).cloned().collect()
    }

    /// How many are in a room or invited, where the family counts as one.
    pub(crate) async fn count(&self, room: &Room) -> Option<u64> {
        let all = room.active_members_count();
        // Some homeservers leave the number out where it did not change.
        if all == 0 {
            let members = room.members(RoomMemberships::ACTIVE).await.ok()?;
            let strangers = members.iter().filter(|member| !self.has(member.user_id().as_str())).count();
            return Some(strangers as u64 + 1);
        }
        let mut others = 0;
        for user in self.others_than(room.own_user_id()) {
            let found = room.get_member(&user).await.ok()?;
            let is_there = |state: &MembershipState| matches!(state, MembershipState::Join | MembershipState::Invite);
            others += u64::from(found.is_some_and(|member| is_there(member.membership())));
        }
        Some(all.saturating_sub(others).max(1))
    }
}
