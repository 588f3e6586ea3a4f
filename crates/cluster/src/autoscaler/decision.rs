//! What an autoscaler decided, with the rule and the numbers.

use opscape_manifest::api::meta::Str;
use opscape_sim::Time;

pub use super::replicas::{Proposal, Rule, Tolerance};
use crate::Subject;

/// What an autoscaler saw and decided when it looked last.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The autoscaler.
    pub autoscaler: Subject,
    /// What it scales.
    pub target: Subject,
    /// When.
    pub at: Time,
    /// The size it found.
    pub current: i32,
    /// `spec.minReplicas`
    pub min: i32,
    /// `spec.maxReplicas`
    pub max: i32,
    /// By metric of the spec; empty where it did not come to that.
    pub metrics: Vec<Asked>,
    /// Why this size.
    pub why: Why,
    /// The size it asked for.
    pub desired: i32,
}

/// What one metric asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// As `cpu`, or the name of the metric.
    pub name: Str,
    /// As `Resource`.
    pub kind: Str,
    /// What it shall be.
    pub target: Target,
    /// How far off it may be.
    pub tolerance: Tolerance,
    /// Pods it is known of; those that are not ready; those that have no metric.
    pub pods: (usize, usize, usize),
    /// What comes out of it, or why it cannot be had.
    pub outcome: Result<Proposal, Str>,
}

/// What a metric shall be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Per cent of what the pods request.
    Percent(i32),
    /// Per pod, in thousandths.
    Average(i64),
    /// In all, in thousandths.
    Value(i64),
}

/// Why an autoscaler asked for a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The workload has no replicas: autoscaling is off.
    Off,
    /// More replicas than `spec.maxReplicas`.
    AboveMax,
    /// Fewer replicas than `spec.minReplicas`.
    BelowMin,
    /// The metrics cannot be had (or only some, and they ask for less): it stays.
    Unknown,
    /// The metrics.
    Metrics {
        /// Which of them asks for most.
        most: usize,
        /// How many pods it asks for.
        wanted: i32,
        /// After a look at what was wanted before, in the stabilization window.
        stabilized: i32,
        /// As `ScaleDownStabilized`: the reason of the condition AbleToScale.
        stability: &'static str,
        /// As `TooManyReplicas`: the reason of the condition ScalingLimited.
        limit: &'static str,
    },
}
