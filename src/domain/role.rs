//! Who does what.

/// What a process does of the house's work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Front ends, answers and chores, all in one process.
    #[default]
    Together,
}
