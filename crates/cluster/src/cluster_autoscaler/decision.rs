//! What the autoscaler found and did, with the rule and the numbers.

use std::time::Duration;

use opscape_manifest::api::meta::Str;
use opscape_sim::Time;

use super::settings::Expander;
use crate::Subject;

/// What it writes into the journal.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// A group grows for pods that have no node.
    ScaledUp(ScaledUp),
    /// Nodes of a group did not come in time.
    TimedOut {
        /// The group.
        group: Str,
        /// How many did not come.
        nodes: u32,
        /// How long they were waited for.
        waited: Duration,
        /// Until then the group is not asked again.
        backoff_until: Time,
    },
    /// A node goes, because it is not needed.
    ScaledDown(ScaledDown),
    /// The cloud replaces a machine that somebody took away from its group.
    Replaced {
        /// The group.
        group: Str,
        /// The machine that is gone.
        gone: Str,
    },
}

impl Fact {
    /// The node it is about, if it is about one that exists.
    pub fn subject(&self) -> Option<&Subject> {
        if let Fact::ScaledDown(fact) = self { Some(&fact.node) } else { None }
    }
}

/// A group that grows.
#[derive(Debug, Clone, PartialEq)]
pub struct ScaledUp {
    /// The group.
    pub group: Str,
    /// Its size before.
    pub from: u32,
    /// Its size after.
    pub to: u32,
    /// Its largest size.
    pub max: u32,
    /// Pods that are expected to fit on the new nodes.
    pub pods: usize,
    /// How the group was chosen.
    pub expander: Expander,
    /// What it was chosen from: each group that could help, with the nodes it would need and the pods they would take.
    pub options: Vec<(Str, u32, usize)>,
}

/// A node that goes.
#[derive(Debug, Clone, PartialEq)]
pub struct ScaledDown {
    /// The node.
    pub node: Subject,
    /// Its group.
    pub group: Str,
    /// How much of it was asked for.
    pub utilization: Utilization,
    /// Since when it was not needed.
    pub since: Time,
    /// Pods that have to move.
    pub pods: usize,
}

/// How much of a node its pods ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Utilization {
    /// The resource that most is asked for of.
    pub resource: &'static str,
    /// In thousandths of what the node has.
    pub milli: u32,
}

/// What it found about a pod that has no node.
#[derive(Debug, Clone, PartialEq)]
pub enum PodVerdict {
    /// A group grew for it.
    Triggered {
        /// The group.
        group: Str,
        /// Its size before.
        from: u32,
        /// Its size after.
        to: u32,
    },
    /// It will fit on a node that is on its way, or that is there by now.
    Fits {
        /// The group of the node; empty: a node that is there.
        group: Str,
    },
    /// Another group grows first.
    Waits,
    /// No group can help: by group, why not.
    Refused(Vec<(Str, Vec<Str>)>),
}

/// What it found about a node of a group.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeVerdict {
    /// It is on its way.
    Starting {
        /// When it is expected.
        ready_at: Time,
    },
    /// It is not needed: it goes when that was so for long enough.
    Unneeded {
        /// Since when.
        since: Time,
        /// When it has been so for long enough.
        until: Time,
        /// Until then nothing is removed, because nodes were added or removed lately.
        cooldown: Option<Time>,
        /// How much of it is asked for.
        utilization: Utilization,
    },
    /// It stays.
    Stays(Stays),
    /// It is being removed.
    Leaves,
}

/// Why a node is not removed (`simulator.UnremovableReason`).
#[derive(Debug, Clone, PartialEq)]
pub enum Stays {
    /// `ScaleDownDisabledAnnotation`
    Disabled,
    /// `NotUnderutilized`
    Used(Utilization),
    /// `NodeGroupMinSizeReached`
    MinSize(u32),
    /// `BlockedByPod`
    Blocked {
        /// The pod, as `namespace/name`.
        pod: Str,
        /// Why it must not be moved.
        why: Blocking,
    },
    /// `NoPlaceToMovePods`
    NoPlace {
        /// A pod that fits nowhere else, as `namespace/name`.
        pod: Str,
    },
}

/// Why a pod must not be moved (`drain.BlockingPodReason`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocking {
    /// Its controller is gone.
    ControllerNotFound,
    /// It has no controller that would make it anew.
    NotReplicated,
    /// It is one of the system, without a disruption budget.
    UnmovableKubeSystemPod,
    /// It keeps data on its node.
    LocalStorageRequested,
    /// An annotation says so.
    NotSafeToEvictAnnotation,
    /// Its disruption budget allows none.
    NotEnoughPdb,
}
