//! The plugins of the default profile, in the order in which they are asked, and what they say.

use opscape_manifest::api::meta::Str;

/// A plugin of the default profile (pkg/scheduler/apis/config/v1/default_plugins.go), in the order in which they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Plugin {
    /// Holds pods back that have scheduling gates.
    SchedulingGates,
    /// Cordoned nodes.
    NodeUnschedulable,
    /// `spec.nodeName`.
    NodeName,
    /// Taints.
    TaintToleration,
    /// `nodeSelector` and node affinity.
    NodeAffinity,
    /// Host ports.
    NodePorts,
    /// Requests against what is left.
    NodeResourcesFit,
    /// Topology spread constraints.
    PodTopologySpread,
    /// Affinity and anti-affinity between pods.
    InterPodAffinity,
    /// Claims of devices; nothing to do without claims.
    DynamicResources,
    /// Cpu and memory used in like parts.
    NodeResourcesBalancedAllocation,
    /// Nodes that have the images.
    ImageLocality,
}

/// The plugins that give scores, in the order in which they are printed.
pub const SCORING: [Plugin; 8] = [
    Plugin::TaintToleration,
    Plugin::NodeAffinity,
    Plugin::NodeResourcesFit,
    Plugin::PodTopologySpread,
    Plugin::InterPodAffinity,
    Plugin::DynamicResources,
    Plugin::NodeResourcesBalancedAllocation,
    Plugin::ImageLocality,
];

impl Plugin {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Plugin::SchedulingGates => "SchedulingGates",
            Plugin::NodeUnschedulable => "NodeUnschedulable",
            Plugin::NodeName => "NodeName",
            Plugin::TaintToleration => "TaintToleration",
            Plugin::NodeAffinity => "NodeAffinity",
            Plugin::NodePorts => "NodePorts",
            Plugin::NodeResourcesFit => "NodeResourcesFit",
            Plugin::PodTopologySpread => "PodTopologySpread",
            Plugin::InterPodAffinity => "InterPodAffinity",
            Plugin::DynamicResources => "DynamicResources",
            Plugin::NodeResourcesBalancedAllocation => "NodeResourcesBalancedAllocation",
            Plugin::ImageLocality => "ImageLocality",
        }
    }

    /// What its score is multiplied with.
    pub fn weight(self) -> i64 {
        match self {
            Plugin::TaintToleration => 3,
            Plugin::NodeAffinity | Plugin::PodTopologySpread | Plugin::InterPodAffinity => 2,
            _ => 1,
        }
    }

    pub(super) fn bit(self) -> u16 {
        1 << self as u8
    }
}

/// Why a node does not take a pod.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// It is cordoned.
    Unschedulable,
    /// The pod names another node.
    NodeName,
    /// It has a taint that the pod does not tolerate.
    Taint,
    /// Its labels do not fit the pod's `nodeSelector` or node affinity.
    NodeAffinity,
    /// The pod names its nodes by `metadata.name`, and this is none of them.
    NotNamed,
    /// A host port is taken.
    Ports,
    /// It has as many pods as it may have.
    TooManyPods,
    /// Too little is left of a resource.
    Insufficient(Str),
    /// The spread would become too uneven.
    Spread,
    /// It lacks the label of a spread constraint.
    SpreadLabel,
    /// Pods that the pod wants to be near are not there.
    Affinity,
    /// Pods that the pod wants to be away from are there.
    AntiAffinity,
    /// Pods that are there want to be away from the pod.
    ExistingAntiAffinity,
    /// No pod of lower priority is there.
    NoVictims,
    /// Taking pods away would not help.
    NotHelpful,
}

impl Reason {
    /// The words of kube-scheduler v1.36.
    pub fn text(&self) -> String {
        match self {
            Reason::Unschedulable => "node(s) were unschedulable",
            Reason::NodeName => "node(s) didn't match the requested node name",
            Reason::Taint => "node(s) had untolerated taint(s)",
            Reason::NodeAffinity => "node(s) didn't match Pod's node affinity/selector",
            Reason::NotNamed => "node(s) didn't satisfy plugin(s) [NodeAffinity]",
            Reason::Ports => "node(s) didn't have free ports for the requested pod ports",
            Reason::TooManyPods => "Too many pods",
            Reason::Insufficient(resource) => return ["Insufficient ", resource].concat(),
            Reason::Spread => "node(s) didn't match pod topology spread constraints",
            Reason::SpreadLabel => {
                "node(s) didn't match pod topology spread constraints (missing required label)"
            }
            Reason::Affinity => "node(s) didn't match pod affinity rules",
            Reason::AntiAffinity => "node(s) didn't match pod anti-affinity rules",
            Reason::ExistingAntiAffinity => "node(s) didn't satisfy existing pods anti-affinity rules",
            Reason::NoVictims => "No preemption victims found for incoming pod",
            Reason::NotHelpful => "Preemption is not helpful for scheduling",
        }
        .to_owned()
    }
}

/// `0/N nodes are available: 2 a, 1 b.`, the parts in the order of their texts (`FitError.Error`).
pub(super) fn unavailable<'a>(nodes: usize, reasons: impl Iterator<Item = (&'a Reason, usize)>) -> String {
    let mut parts: Vec<String> =
        reasons.map(|(reason, count)| [count.to_string().as_str(), " ", &reason.text()].concat()).collect();
    opscape_manifest::order::sort_by(&mut parts, Ord::cmp);
    let mut text = ["0/", nodes.to_string().as_str(), " nodes are available:"].concat();
    if !parts.is_empty() {
        text.push(' ');
        text.push_str(&parts.join(", "));
        text.push('.');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_the_message_are_sorted_as_texts() {
        let reasons = [
            (Reason::Insufficient("cpu".into()), 10),
            (Reason::Insufficient("memory".into()), 9),
            (Reason::Taint, 1),
        ];
        assert_eq!(
            unavailable(11, reasons.iter().map(|(reason, count)| (reason, *count))),
            "0/11 nodes are available: 1 node(s) had untolerated taint(s), 10 Insufficient cpu, 9 Insufficient memory."
        );
    }
}
