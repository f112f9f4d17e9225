//! What is done at the pages, told to the floor in its order.

/// What a person did at his page, for the floor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    pub desk: String,
    pub did: Did,
}

/// What it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Did {
    /// The page came; again, where its person was ready before.
    Came {
        ready: bool,
    },
    Ready,
    Break {
        reason: String,
    },
    Offline,
    /// The page went; it may come again.
    Went,
    /// It did not come again in time.
    Stayed,
}
