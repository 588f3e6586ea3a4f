//! What the autoscaler is told: its flags, and the node groups of the cloud.

use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::Node;
use opscape_manifest::api::meta::Str;

/// Flags of the cluster autoscaler (cluster-autoscaler/config/flags), and its node groups. Without groups there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The node groups, in the order in which the cloud lists them.
    pub groups: Vec<NodeGroup>,
    /// Nodes that are in no group: what addresses of new ones are counted from.
    pub other_nodes: u32,
    /// `--expander`
    pub expander: Expander,
    /// `--scan-interval`, 10 s.
    pub scan_interval: Duration,
    /// `--max-node-provision-time`, 15 min.
    pub max_node_provision_time: Duration,
    /// `--scale-down-enabled`, true.
    pub scale_down_enabled: bool,
    /// `--scale-down-delay-after-add`, 10 min.
    pub scale_down_delay_after_add: Duration,
    /// `--scale-down-unneeded-time`, 10 min.
    pub scale_down_unneeded_time: Duration,
    /// `--scale-down-unready-time`, 20 min.
    pub scale_down_unready_time: Duration,
    /// `--scale-down-utilization-threshold` in thousandths, 500.
    pub utilization_threshold_milli: u32,
    /// `--skip-nodes-with-local-storage`, true.
    pub skip_nodes_with_local_storage: bool,
    /// `--skip-nodes-with-system-pods`, true.
    pub skip_nodes_with_system_pods: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            groups: Vec::new(),
            other_nodes: 0,
            expander: Expander::default(),
            scan_interval: Duration::from_secs(10),
            max_node_provision_time: Duration::from_mins(15),
            scale_down_enabled: true,
            scale_down_delay_after_add: Duration::from_mins(10),
            scale_down_unneeded_time: Duration::from_mins(10),
            scale_down_unready_time: Duration::from_mins(20),
            utilization_threshold_milli: 500,
            skip_nodes_with_local_storage: true,
            skip_nodes_with_system_pods: true,
        }
    }
}

/// A group of equal machines that the cloud keeps at a size: an Auto Scaling group, a managed instance group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeGroup {
    /// Its name; its nodes have it in the label [`GROUP_LABEL`].
    pub name: Str,
    /// It never has fewer nodes.
    pub min: u32,
    /// It never has more nodes.
    pub max: u32,
    /// What a new node looks like, ready; its name, addresses and zone are its own.
    pub template: Arc<Node>,
    /// Zones taken in turns.
    pub zones: Vec<Str>,
    /// From the order to the ready node.
    pub boot_time: Duration,
    /// What a node costs per hour, in millionths of a dollar.
    pub price_micro: i64,
    /// For the expander `priority`: the group with the highest number is taken.
    pub priority: i32,
}

impl NodeGroup {
    /// The name of its n-th node, from 1.
    pub fn node_name(&self, number: u32) -> Str {
        [&*self.name, "-", &number.to_string()].concat().into()
    }

    /// The zone of a node by its name.
    pub fn zone_of(&self, node: &str) -> Option<&Str> {
        let number = node.rsplit('-').next().and_then(|number| number.parse::<usize>().ok())?;
        self.zones.get(number.saturating_sub(1).checked_rem(self.zones.len())?)
    }
}

/// The label of a node that names its node group.
pub const GROUP_LABEL: &str = "opscape.dev/node-group";

/// Which of several groups grows (cluster-autoscaler/expander).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Expander {
    /// Any.
    Random,
    /// The one that takes most pods.
    MostPods,
    /// The one with the least cpu and memory left over.
    #[default]
    LeastWaste,
    /// The one whose nodes cost least for what the pods ask for.
    Price,
    /// The one with the highest priority.
    Priority,
    /// The one that needs the fewest nodes.
    LeastNodes,
}

impl Expander {
    /// All, as `--expander` names them.
    pub const ALL: [(&'static str, Expander); 6] = [
        ("random", Expander::Random),
        ("most-pods", Expander::MostPods),
        ("least-waste", Expander::LeastWaste),
        ("price", Expander::Price),
        ("priority", Expander::Priority),
        ("least-nodes", Expander::LeastNodes),
    ];

    /// As `--expander` names it.
    pub fn name(self) -> &'static str {
        Expander::ALL.iter().find(|(_, one)| *one == self).map_or("", |(name, _)| name)
    }
}
