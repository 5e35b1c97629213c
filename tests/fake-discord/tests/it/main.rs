//! The fake from outside: by raw requests and frames, and by twilight.

mod client;
mod commands;
mod faults;
mod gateway;
mod interactions;
mod mentions;
mod messages;
mod models;
mod openapi;
mod people;
mod pluralkit;
mod smoke;
mod webhooks;
