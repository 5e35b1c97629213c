//! The words of Greenroom as types: pure data and rules. No I/O, no async, nothing of ours below it.

mod answer;
mod clock;
mod id;
mod incoming;
mod member;
mod member_key;
mod memory;
mod pasted;
mod personality;
mod place;
mod preset;
pub mod spelling;
mod turn;

pub use answer::{Answer, Ask, Field, File, Form, Refusal};
pub use clock::{Clock, Moment, SystemClock};
pub use id::{MemberId, MemoryId, MessageId, PersonaId, PersonalityId, PlaceId, TurnId};
pub use incoming::{Incoming, Speaker};
pub use member::{Identity, Member, Persona};
pub use member_key::{KeyState, MemberKey};
pub use memory::{Memory, MemoryKind, Provenance, Scope, Tenant};
pub use pasted::holds_a_key;
pub use personality::{Personality, PersonalityFile, Visibility, slug_of};
pub use place::{Place, PlaceRef, Privacy};
pub use preset::Preset;
pub use turn::{KeySource, Outcome, Turn, TurnState};
