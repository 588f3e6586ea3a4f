//! Virtual time, one event queue, seeded random streams, a journal of causes, and a timeline that can seek and fork.
//! Knows no domain.
//!
//! A [`Model`] is plain data that is cheap to clone. It changes only in [`Model::input`] (what a person does) and
//! [`Model::handle`] (what was scheduled before), and it says what happened by recording entries that name their cause.
//! The same model, seed and inputs give the same [`Journal`], entry for entry.

mod context;
mod id_map;
mod journal;
mod log;
mod random;
mod run;
mod time;
mod timeline;

pub use context::{Context, Sink};
pub use id_map::{IdMap, IdSet, Iter as IdMapIter};
pub use journal::{Entry, EntryId, Journal};
pub use log::Log;
pub use random::Rng;
pub use run::{Model, Run};
pub use time::Time;
pub use timeline::{Branch, Reached, Timeline};
