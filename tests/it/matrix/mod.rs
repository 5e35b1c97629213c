//! The house on Matrix: a real homeserver, and people whose clients share no code with the house's.

mod answers;
mod commands;
mod outages;
mod rooms;
mod running;
mod town;
