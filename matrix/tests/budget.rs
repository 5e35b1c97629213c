//! The unit tests of what an account may send, built without the rest of the library.

#[path = "../src/budget.rs"]
mod budget;
