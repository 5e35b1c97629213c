//! Discord as its people see it, against a strict double of it.

mod answers;
mod brought;
mod commands;
mod faults;
mod proxied;
mod running;
mod speaking;
mod town;
