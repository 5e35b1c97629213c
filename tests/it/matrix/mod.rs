//! The house on Matrix: a real homeserver, and people whose clients share no code with the house's.

mod again;
mod answers;
mod brought;
mod buttons;
mod commands;
mod faults;
mod forms;
mod logins;
mod members;
mod outages;
mod private;
mod proxy;
mod rooms;
mod running;
mod speaking;
mod streaming;
mod town;
