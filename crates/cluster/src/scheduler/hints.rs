//! Which changes can help a pod that was refused (the plugins' `EventsToRegister` and queueing hints).

use std::sync::Arc;

use opscape_manifest::api::{Node, Pod};

use super::cache::Cache;
use super::class::Class;
use super::interpod::Terms;
use super::labels::fits_node_labels;
use super::plugin::Plugin;
use super::resources::host_ports;
use super::taints;

/// A change that can help.
pub(super) enum News<'a> {
    NodeAdded(&'a Arc<Node>),
    NodeChanged {
        old: &'a Node,
        new: &'a Arc<Node>,
    },
    NodeGone(&'a Node),
    /// A pod came to a node.
    PodPlaced(&'a Pod),
    /// A placed pod has other labels.
    PodRelabelled {
        old: &'a Pod,
        new: &'a Pod,
    },
    /// A pod left its node. With the terms it had.
    PodGone(&'a Pod, Option<Terms>),
}

const BY_NODES: [Plugin; 7] = [
    Plugin::NodeUnschedulable,
    Plugin::TaintToleration,
    Plugin::NodeAffinity,
    Plugin::NodePorts,
    Plugin::NodeResourcesFit,
    Plugin::PodTopologySpread,
    Plugin::InterPodAffinity,
];

fn bits(plugins: &[Plugin]) -> u16 {
    plugins.iter().fold(0, |bits, plugin| bits | plugin.bit())
}

impl News<'_> {
    /// The plugins that listen to this.
    pub fn listeners(&self) -> u16 {
        match self {
            News::NodeAdded(_) => bits(&BY_NODES),
            News::NodeChanged { old, new } => {
                let mut plugins = Vec::new();
                if old.spec.unschedulable != new.spec.unschedulable || old.spec.taints != new.spec.taints {
                    plugins.extend([
                        Plugin::NodeUnschedulable,
                        Plugin::TaintToleration,
                        Plugin::PodTopologySpread,
                    ]);
                }
                if old.metadata.labels != new.metadata.labels {
                    plugins.extend([
                        Plugin::NodeAffinity,
                        Plugin::PodTopologySpread,
                        Plugin::InterPodAffinity,
                    ]);
                }
                if old.status.allocatable != new.status.allocatable {
                    plugins.push(Plugin::NodeResourcesFit);
                }
                bits(&plugins)
            }
            News::NodeGone(_) => Plugin::PodTopologySpread.bit(),
            News::PodPlaced(_) | News::PodRelabelled { .. } => {
                bits(&[Plugin::PodTopologySpread, Plugin::InterPodAffinity])
            }
            News::PodGone(..) => bits(&[
                Plugin::NodePorts,
                Plugin::NodeResourcesFit,
                Plugin::PodTopologySpread,
                Plugin::InterPodAffinity,
            ]),
        }
    }

    /// Whether a pod of a class, refused by `plugins`, may be helped.
    pub fn helps(&self, plugins: u16, cache: &Cache, class: &Class, pod: &Pod) -> bool {
        let plugins = plugins & self.listeners();
        BY_NODES
            .iter()
            .any(|plugin| plugins & plugin.bit() != 0 && self.helps_with(*plugin, cache, class, pod))
    }

    fn helps_with(&self, plugin: Plugin, cache: &Cache, class: &Class, pod: &Pod) -> bool {
        match plugin {
            Plugin::NodeUnschedulable => match self {
                News::NodeAdded(node) => !node.spec.unschedulable,
                News::NodeChanged { old, new } => old.spec.unschedulable && !new.spec.unschedulable,
                _ => false,
            },
            Plugin::TaintToleration => {
                let bars = |node: &Node| taints::untolerated(&class.spec.tolerations, node);
                match self {
                    News::NodeAdded(node) => !bars(node),
                    // Any difference counts, also a new taint (`isSchedulableAfterNodeChange`).
                    News::NodeChanged { old, new } => bars(old) != bars(new),
                    _ => false,
                }
            }
            Plugin::NodeAffinity => match self {
                News::NodeAdded(node) => fits_node_labels(pod, node),
                News::NodeChanged { old, new } => !fits_node_labels(pod, old) && fits_node_labels(pod, new),
                _ => false,
            },
            Plugin::NodePorts => match self {
                News::NodeAdded(_) => true,
                News::PodGone(gone, _) => {
                    let freed = host_ports(gone);
                    freed.iter().any(|freed| class.ports.iter().any(|port| port.conflicts(freed)))
                }
                _ => false,
            },
            Plugin::NodeResourcesFit => match self {
                News::NodeAdded(node) => class.fits_allocatable(node),
                News::NodeChanged { old, new } => class.fits_allocatable(new) && grew(old, new),
                News::PodGone(..) => true,
                _ => false,
            },
            Plugin::PodTopologySpread => match self {
                News::NodeAdded(node) => class.spread.has_labels(cache, node),
                News::NodeChanged { old, new } => {
                    let (was, is) =
                        (class.spread.has_labels(cache, old), class.spread.has_labels(cache, new));
                    was != is
                        || is && old.metadata.labels != new.metadata.labels
                        || class.honors_taints() && old.spec.taints != new.spec.taints
                }
                News::NodeGone(node) => class.spread.has_labels(cache, node),
                News::PodPlaced(other) | News::PodGone(other, _) => {
                    other.metadata.namespace == class.namespace && class.spread.concerns(other)
                }
                News::PodRelabelled { old, new } => {
                    new.metadata.namespace == class.namespace
                        && class.spread.concerns(old) != class.spread.concerns(new)
                }
            },
            Plugin::InterPodAffinity => self.helps_near_pods(cache, class, pod),
            _ => false,
        }
    }

    fn helps_near_pods(&self, cache: &Cache, class: &Class, pod: &Pod) -> bool {
        let own = class.interpod.own.as_ref();
        let near = |other: &Pod| own.is_some_and(|own| own.wants_near(cache, other));
        let away = |other: &Pod| own.is_some_and(|own| own.wants_away(cache, other));
        match self {
            News::PodPlaced(other) => near(other),
            News::PodRelabelled { old, new } => !near(old) && near(new) || away(old) && !away(new),
            News::PodGone(other, terms) => {
                away(other) || terms.as_ref().is_some_and(|terms| terms.wants_away(cache, pod))
            }
            News::NodeAdded(node) => own.is_none_or(|own| own.has_label(cache, &node.metadata.labels)),
            News::NodeChanged { old, new } => {
                old.metadata.labels != new.metadata.labels
                    && own.is_none_or(|own| own.has_label(cache, &new.metadata.labels))
            }
            News::NodeGone(_) => false,
        }
    }
}

/// Whether some resource of a node became more.
fn grew(old: &Node, new: &Node) -> bool {
    new.status.allocatable.iter().any(|(name, amount)| {
        old.status.allocatable.get(name).is_none_or(|before| before.nano_value() < amount.nano_value())
    })
}
