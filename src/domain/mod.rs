//! The words of Greenroom as types: pure data and rules. No I/O, no async, nothing of ours below it.

mod answer;
mod cascade;
mod clock;
mod denial;
mod id;
mod incoming;
mod limits;
mod member;
mod member_key;
mod memory;
mod pasted;
mod personality;
mod picture;
mod place;
mod preset;
mod quiet;
pub mod spelling;
mod turn;

pub use answer::{Answer, Ask, AskKind, Button, Field, File, Form, Refusal};
pub use cascade::{Choices, Chosen, Decided, Kind, Tier};
pub use clock::{Clock, Moment, SystemClock};
pub use denial::{Denial, DenialMode, Denials};
pub use id::{MemberId, MemoryId, MessageId, PersonaId, PersonalityId, PlaceId, TurnId};
pub use incoming::{Incoming, Proxied, Speaker};
pub use limits::{Budget, Payer, Period, SetBy, Used, leaves, member_in, shares};
pub use member::{Identity, Member, Persona};
pub use member_key::{KeyState, MemberKey};
pub use memory::{Aspect, Detail, Memory, MemoryKind, Provenance, Scope, Tenant};
pub use pasted::holds_a_key;
pub use personality::{Alias, HOST, Personality, PersonalityFile, Visibility, slug_of};
pub use picture::PictureKind;
pub use place::{COMMAND_SIGN, Place, PlaceRef, Privacy, Who};
pub use preset::{OwnPreset, Preset, PresetSpec};
pub use quiet::{Quiet, QuietKind, quiet_until};
pub use turn::{KeySource, Line, Outcome, Turn, TurnState};
