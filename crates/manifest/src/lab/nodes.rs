//! Nodes (`spec.nodes`), and how the cluster autoscaler sizes groups of them (`spec.clusterAutoscaler`).

use std::collections::BTreeMap;

use super::Duration;
use crate::api::Str;
use crate::api::core::Taint;
use crate::codec::fields;
use crate::quantity::Quantity;

/// Some equal nodes. With `max` they are a node group of the cloud, which the cluster autoscaler sizes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NodeGroup {
    /// Name of the node, or what its number is added to (`worker-1`, `worker-2`, ...) when there are several;
    /// default `node`.
    pub name: Option<Str>,
    /// How many there are at the beginning; default 1, of a node group `min`.
    pub count: Option<i32>,
    /// The least size of a node group; default 0.
    pub min: Option<i32>,
    /// The largest size of a node group; none: the cluster autoscaler leaves these nodes alone.
    pub max: Option<i32>,
    /// What the cloud calls such a machine, as `m5.large`: the label `node.kubernetes.io/instance-type`.
    pub instance_type: Option<Str>,
    /// CPUs of each; default 4.
    pub cpu: Option<Quantity>,
    /// Memory of each; default 8Gi.
    pub memory: Option<Quantity>,
    /// Pods each may run; default 110.
    pub pods: Option<i32>,
    /// What each costs per hour, in dollars.
    pub price: Option<Quantity>,
    /// From the order of a new one to its being ready; default 1m.
    pub boot_time: Option<Duration>,
    /// For the expander `priority`; default 0.
    pub priority: Option<i32>,
    /// Labels of each.
    pub labels: BTreeMap<Str, Str>,
    /// Annotations of each.
    pub annotations: BTreeMap<Str, Str>,
    /// Taints of each.
    pub taints: Vec<Taint>,
    /// Whether they are cordoned from the start.
    pub unschedulable: Option<bool>,
    /// Value of the label `topology.kubernetes.io/zone`.
    pub zone: Option<Str>,
    /// Zones taken in turns.
    pub zones: Vec<Str>,
}

fields! {
    NodeGroup:
    name "name",
    count "count",
    min "min",
    max "max",
    instance_type "instanceType",
    cpu "cpu",
    memory "memory",
    pods "pods",
    price "price",
    boot_time "bootTime",
    priority "priority",
    labels "labels",
    annotations "annotations",
    taints "taints",
    unschedulable "unschedulable",
    zone "zone",
    zones "zones",
}

impl NodeGroup {
    /// Its name, or what the numbers of its nodes are added to.
    pub fn base_name(&self) -> &str {
        self.name.as_deref().unwrap_or("node")
    }

    /// How many nodes there are at the beginning.
    pub fn initial(&self) -> i32 {
        let default = if self.max.is_some() { self.min.unwrap_or(0) } else { 1 };
        self.count.unwrap_or(default).max(0)
    }

    /// The names of its first nodes: the name itself for a single node, numbered from 1 otherwise and in node groups.
    pub fn names(&self) -> Vec<String> {
        let name = self.base_name();
        match self.initial() {
            1 if self.name.is_some() && self.max.is_none() => vec![name.to_owned()],
            count => (1..=count).map(|i| format!("{name}-{i}")).collect(),
        }
    }

    /// The zone of its i-th node (from 0).
    pub fn zone_of(&self, i: usize) -> Option<&str> {
        if let Some(zone) = &self.zone {
            return Some(zone);
        }
        let turn = i.checked_rem(self.zones.len())?;
        self.zones.get(turn).map(AsRef::as_ref)
    }

    /// What each costs per hour, in millionths of a dollar.
    pub fn price_micro(&self) -> i64 {
        let micros = self.price.map_or(0, |price| price.nano_value() / 1000);
        i64::try_from(micros).map_or(MAX_PRICE, |micros| micros.min(MAX_PRICE))
    }
}

/// The most that a node may cost per hour, in millionths of a dollar: a million dollars.
pub const MAX_PRICE: i64 = 1_000_000_000_000;

/// The flags of the cluster autoscaler, by their names without dashes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClusterAutoscaler {
    /// `random`, `most-pods`, `least-waste` (default), `price`, `priority`, `least-nodes`.
    pub expander: Option<Str>,
    /// Default 10s.
    pub scan_interval: Option<Duration>,
    /// Default 15m.
    pub max_node_provision_time: Option<Duration>,
    /// Default true.
    pub scale_down_enabled: Option<bool>,
    /// Default 10m.
    pub scale_down_delay_after_add: Option<Duration>,
    /// Default 10m.
    pub scale_down_unneeded_time: Option<Duration>,
    /// Default 20m.
    pub scale_down_unready_time: Option<Duration>,
    /// Default 0.5.
    pub scale_down_utilization_threshold: Option<Quantity>,
    /// Default true.
    pub skip_nodes_with_local_storage: Option<bool>,
    /// Default true.
    pub skip_nodes_with_system_pods: Option<bool>,
}

fields! {
    ClusterAutoscaler:
    expander "expander",
    scan_interval "scanInterval",
    max_node_provision_time "maxNodeProvisionTime",
    scale_down_enabled "scaleDownEnabled",
    scale_down_delay_after_add "scaleDownDelayAfterAdd",
    scale_down_unneeded_time "scaleDownUnneededTime",
    scale_down_unready_time "scaleDownUnreadyTime",
    scale_down_utilization_threshold "scaleDownUtilizationThreshold",
    skip_nodes_with_local_storage "skipNodesWithLocalStorage",
    skip_nodes_with_system_pods "skipNodesWithSystemPods",
}

/// What `expander` may say.
pub const EXPANDERS: &[&str] = &["random", "most-pods", "least-waste", "price", "priority", "least-nodes"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_groups_have_names_and_zones() {
        let group = NodeGroup { count: Some(3), zones: vec!["a".into(), "b".into()], ..NodeGroup::default() };
        assert_eq!(group.names(), ["node-1", "node-2", "node-3"]);
        assert_eq!(group.zone_of(2), Some("a"));
        let one = NodeGroup { name: Some("gpu".into()), ..NodeGroup::default() };
        assert_eq!(one.names(), ["gpu"]);
        assert_eq!(one.zone_of(0), None);
        let sized = NodeGroup { min: Some(1), max: Some(5), ..one };
        assert_eq!(sized.names(), ["gpu-1"]);
        assert!(NodeGroup { min: None, ..sized }.names().is_empty());
    }
}
