//! A real Matrix homeserver and people for tests: Synapse on a free port of the loopback interface, and humans whose
//! client, with end-to-end encryption of its own, shares no code with what is tested.
//!
//! ```no_run
//! # async fn story() {
//! use matrix_town::{Human, Limits, RoomOptions, Synapse};
//!
//! let synapse = Synapse::start(Limits::None).await;
//! let (alice, bob) = tokio::join!(Human::login(&synapse, "alice"), Human::login(&synapse, "bob"));
//! let room = alice.create_room(RoomOptions { encrypted: true, invite: &[bob.id()], ..Default::default() }).await;
//! bob.join(&room).await;
//! alice.sees_join(&room, bob.id()).await;
//! alice.say(&room, "hello").await;
//! assert!(bob.hears(&room, "hello").await.encrypted);
//! # }
//! ```
//!
//! Both are Python programs; the first test makes a virtualenv for them below `$XDG_CACHE_HOME/greenroom`, which takes
//! a minute and needs pip's index. Nothing else leaves the machine.

mod acts;
mod attachment;
mod conduct;
mod config;
mod event;
mod http;
mod human;
mod identity;
mod line;
mod process;
mod seen;
mod shown;
mod synapse;
mod venv;

pub use attachment::Attachment;
pub use conduct::RoomOptions;
pub use config::{Limits, Setup};
pub use event::Event;
pub use http::{Refusal, encoded};
pub use human::Human;
pub use identity::{Device, Identity, canonical};
pub use seen::{Invite, Receipt, Seen};
pub use shown::Shown;
pub use synapse::{Account, Role, Synapse};
pub use venv::prepare;
