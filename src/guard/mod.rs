//! May this person do this, here, now? And may this be said?

pub mod access;
pub mod outgoing;
pub mod pace;
