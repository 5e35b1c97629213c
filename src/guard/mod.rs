//! May this person do this, here, now?

pub mod access;
