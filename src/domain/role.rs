//! What one process of the house does.

/// The part of a house that a process is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Everything, in one process.
    #[default]
    House,
    /// Holds accounts of platforms: takes messages in, and says what was written.
    Gateway,
    /// Writes answers, and never speaks to a platform.
    Worker,
}

impl Role {
    /// As statements, logs and metrics name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::House => "house",
            Self::Gateway => "gateway",
            Self::Worker => "worker",
        }
    }
}
