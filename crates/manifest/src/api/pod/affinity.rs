//! Where a pod wants to be: affinity and spread.

use crate::api::meta::{LabelSelector, LabelSelectorRequirement, Str};
use crate::codec::fields;

/// Rules for choosing a node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Affinity {
    /// By labels of the node.
    pub node_affinity: Option<NodeAffinity>,
    /// Near pods.
    pub pod_affinity: Option<PodAffinity>,
    /// Away from pods.
    pub pod_anti_affinity: Option<PodAffinity>,
}

fields! {
    Affinity:
    node_affinity "nodeAffinity",
    pod_affinity "podAffinity",
    pod_anti_affinity "podAntiAffinity",
}

/// By labels of the node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeAffinity {
    /// Must hold.
    pub required_during_scheduling_ignored_during_execution: Option<NodeSelector>,
    /// Adds to the score.
    pub preferred_during_scheduling_ignored_during_execution: Vec<PreferredSchedulingTerm>,
}

fields! {
    NodeAffinity:
    required_during_scheduling_ignored_during_execution "requiredDuringSchedulingIgnoredDuringExecution",
    preferred_during_scheduling_ignored_during_execution "preferredDuringSchedulingIgnoredDuringExecution",
}

/// Any of the terms.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeSelector {
    /// Any of them.
    pub node_selector_terms: Vec<NodeSelectorTerm>,
}

fields! {
    NodeSelector:
    node_selector_terms "!nodeSelectorTerms",
}

/// All of the requirements.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeSelectorTerm {
    /// By labels.
    pub match_expressions: Vec<LabelSelectorRequirement>,
    /// By `metadata.name`.
    pub match_fields: Vec<LabelSelectorRequirement>,
}

fields! {
    NodeSelectorTerm:
    match_expressions "matchExpressions",
    match_fields "matchFields",
}

/// A weighted term.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PreferredSchedulingTerm {
    /// 1 to 100.
    pub weight: i32,
    /// The term.
    pub preference: NodeSelectorTerm,
}

fields! {
    PreferredSchedulingTerm:
    weight "!weight",
    preference "preference",
}

/// Near to, or away from, pods.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PodAffinity {
    /// Must hold.
    pub required_during_scheduling_ignored_during_execution: Vec<PodAffinityTerm>,
    /// Adds to the score.
    pub preferred_during_scheduling_ignored_during_execution: Vec<WeightedPodAffinityTerm>,
}

fields! {
    PodAffinity:
    required_during_scheduling_ignored_during_execution "requiredDuringSchedulingIgnoredDuringExecution",
    preferred_during_scheduling_ignored_during_execution "preferredDuringSchedulingIgnoredDuringExecution",
}

/// A weighted term.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WeightedPodAffinityTerm {
    /// 1 to 100.
    pub weight: i32,
    /// The term.
    pub pod_affinity_term: PodAffinityTerm,
}

fields! {
    WeightedPodAffinityTerm:
    weight "!weight",
    pod_affinity_term "podAffinityTerm",
}

/// Pods, and what counts as the same place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PodAffinityTerm {
    /// Which pods.
    pub label_selector: Option<LabelSelector>,
    /// Default: the own one.
    pub namespaces: Vec<Str>,
    /// Node label whose equal values are one place.
    pub topology_key: Str,
    /// More namespaces.
    pub namespace_selector: Option<LabelSelector>,
    /// Keys taken from the own labels.
    pub match_label_keys: Vec<Str>,
    /// Keys that must differ.
    pub mismatch_label_keys: Vec<Str>,
}

fields! {
    PodAffinityTerm:
    label_selector "labelSelector",
    namespaces "namespaces",
    topology_key "!topologyKey",
    namespace_selector "namespaceSelector",
    match_label_keys "matchLabelKeys",
    mismatch_label_keys "mismatchLabelKeys",
}

/// How evenly the pods spread.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TopologySpreadConstraint {
    /// Largest difference allowed; at least 1.
    pub max_skew: i32,
    /// Node label of the domains.
    pub topology_key: Str,
    /// `DoNotSchedule` or `ScheduleAnyway`.
    pub when_unsatisfiable: Str,
    /// Which pods are counted.
    pub label_selector: Option<LabelSelector>,
    /// Least number of domains.
    pub min_domains: Option<i32>,
    /// Default `Honor`.
    pub node_affinity_policy: Option<Str>,
    /// Default `Ignore`.
    pub node_taints_policy: Option<Str>,
    /// Keys taken from the own labels.
    pub match_label_keys: Vec<Str>,
}

fields! {
    TopologySpreadConstraint:
    max_skew "!maxSkew",
    topology_key "!topologyKey",
    when_unsatisfiable "!whenUnsatisfiable",
    label_selector "labelSelector",
    min_domains "minDomains",
    node_affinity_policy "nodeAffinityPolicy",
    node_taints_policy "nodeTaintsPolicy",
    match_label_keys "matchLabelKeys",
}
