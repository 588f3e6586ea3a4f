//! What the timeline shows: replicas of each revision as steps, events as ticks, the user's acts as flags. Counts, never
//! pods, so that a cluster of 150,000 pods costs no more to draw than a lesson.

mod build;

use std::time::Duration;

use opscape_manifest::api::Str;
use opscape_sim::Time;

pub use build::build;

/// A part of the timeline.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tracks {
    /// Begin of the part.
    pub from: Time,
    /// End of the part.
    pub until: Time,
    /// The present instant: what is later is the known future.
    pub now: Time,
    /// How far the future is known; at least `now`.
    pub known_until: Time,
    /// One per workload, by namespace and name.
    pub workloads: Vec<WorkloadTrack>,
    /// Events of the cluster.
    pub ticks: Ticks,
    /// What the user and the lab's script did.
    pub flags: Vec<Flag>,
    /// Futures that were left, newest first: their workloads from where they were left.
    pub branches: Vec<BranchTrack>,
}

/// Replicas of one workload over time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WorkloadTrack {
    /// Its namespace.
    pub namespace: Str,
    /// Its name.
    pub workload: Str,
    /// `spec.replicas` from each instant on. The first step may lie before `from`.
    pub wanted: Vec<(Time, u32)>,
    /// By revision, the oldest first: the lowest area.
    pub revisions: Vec<RevisionTrack>,
    /// The largest number of pods or wanted pods at any instant of the part.
    pub most: u32,
}

/// Pods of one revision over time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RevisionTrack {
    /// 0: the workload has no revisions.
    pub revision: u32,
    /// 1 to 6.
    pub colour: u8,
    /// What it is called.
    pub name: String,
    /// Short image, as `web:1.4`.
    pub label: String,
    /// Counts from each instant on. The first step may lie before `from`.
    pub steps: Vec<Step>,
}

/// Counts from an instant on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Step {
    /// From when.
    pub at: Time,
    /// Ready pods that are not terminating.
    pub ready: u32,
    /// Others that are not terminating.
    pub not_ready: u32,
}

/// Events of the cluster.
#[derive(Debug, Clone, PartialEq)]
pub enum Ticks {
    /// Each of them.
    Each(Vec<Tick>),
    /// Too many to be told apart: counts in bins of equal width, the first one beginning at [`Tracks::from`].
    Counts {
        /// Width of a bin.
        width: Duration,
        /// (all, of them warnings)
        bins: Vec<(u32, u32)>,
    },
}

impl Default for Ticks {
    fn default() -> Self {
        Ticks::Each(Vec::new())
    }
}

/// One event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tick {
    /// When.
    pub at: Time,
    /// Whether its type is Warning.
    pub warning: bool,
}

/// Something the user or the lab's script did.
#[derive(Debug, Clone, PartialEq)]
pub struct Flag {
    /// When.
    pub at: Time,
    /// A few words, in the language asked for.
    pub label: String,
    /// Whether it lies in the future (after going back).
    pub ahead: bool,
    /// Whether the lab's script did it, not the user.
    pub script: bool,
}

/// A future that was left.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BranchTrack {
    /// Which one, as the session numbers them.
    pub branch: usize,
    /// Where it was left.
    pub left_at: Time,
    /// How far it was known.
    pub known_until: Time,
    /// Its workloads, from `left_at` on.
    pub workloads: Vec<WorkloadTrack>,
}
