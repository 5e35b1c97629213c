//! Ids: ours, text, sortable by creation time.

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps an id that a [`super::Clock`] made or the database returned.
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The id as the database stores it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

ids! {
    /// A person.
    MemberId,
    /// How a member wants to be seen.
    PersonaId,
    /// An AI character.
    PersonalityId,
    /// Where people talk. Also the id of the place's lane.
    PlaceId,
    /// A stored message.
    MessageId,
    /// One reply owed.
    TurnId,
    /// A stored memory.
    MemoryId,
}
