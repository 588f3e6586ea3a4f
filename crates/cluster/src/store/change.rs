//! What watchers see.

use opscape_manifest::api::Object;
use opscape_sim::{EntryId, Time};

/// What was done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// It is new.
    Added,
    /// It was there before.
    Modified,
    /// It is gone.
    Deleted,
}

/// One write.
#[derive(Debug, Clone)]
pub struct Change {
    /// The resourceVersion of this write. Versions have no gaps.
    pub version: u64,
    /// When.
    pub at: Time,
    /// What.
    pub op: Op,
    /// The object after the write; its last state if it was deleted.
    pub object: Object,
    /// The object before the write.
    pub old: Option<Object>,
    /// What led to it.
    pub cause: Option<EntryId>,
}
