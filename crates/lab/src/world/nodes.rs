//! The nodes a lab begins with.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use opscape_cluster::cluster_autoscaler::{self, Expander, GROUP_LABEL, Settings, node_address};
use opscape_cluster::load_balancer::Pool;
use opscape_manifest::api::core::{NodeCondition, NodeStatus};
use opscape_manifest::api::meta::{ObjectMeta, Str, Timestamp};
use opscape_manifest::api::pod::ResourceList;
use opscape_manifest::api::{Node, Object};
use opscape_manifest::lab::{LabSpec, NodeGroup};
use opscape_manifest::quantity::Quantity;
use opscape_manifest::value::{Map, Value};

use crate::cost::PRICE;

/// Without a Lab document's word: three nodes in three zones.
pub fn default_groups() -> Vec<NodeGroup> {
    let node = |name: &str, zone: &str| NodeGroup {
        name: Some(name.into()),
        zone: Some(zone.into()),
        ..NodeGroup::default()
    };
    vec![node("node-a", "zone-a"), node("node-b", "zone-b"), node("node-c", "zone-c")]
}

fn groups(spec: &LabSpec) -> Cow<'_, [NodeGroup]> {
    if spec.nodes.is_empty() { default_groups().into() } else { (&*spec.nodes).into() }
}

/// The Node objects of a lab, healthy since `epoch`.
pub fn nodes(spec: &LabSpec, epoch: Timestamp) -> Vec<Object> {
    let mut nodes = Vec::new();
    for group in &*groups(spec) {
        for (index, name) in group.names().into_iter().enumerate() {
            nodes.push(Object::Node(Arc::new(node(group, &name, index, nodes.len(), epoch))));
        }
    }
    nodes
}

/// What the cluster autoscaler is told: its flags, and the groups that it sizes.
pub fn autoscaler_settings(spec: &LabSpec, epoch: Timestamp) -> Settings {
    let mut settings = Settings::default();
    let mut others = 0;
    for group in &*groups(spec) {
        let Some(max) = group.max else {
            others += group.initial();
            continue;
        };
        let size = |size: i32| u32::try_from(size).unwrap_or_default();
        let zones = if group.zone.is_some() { Vec::new() } else { group.zones.clone() };
        settings.groups.push(cluster_autoscaler::NodeGroup {
            name: group.base_name().into(),
            min: size(group.min.unwrap_or_default()),
            max: size(max),
            template: Arc::new(node(group, group.base_name(), 0, 0, epoch)),
            zones,
            boot_time: group.boot_time.map_or(BOOT_TIME, span),
            price_micro: group.price_micro(),
            priority: group.priority.unwrap_or_default(),
        });
    }
    settings.other_nodes = u32::try_from(others).unwrap_or_default();
    if let Some(flags) = &spec.cluster_autoscaler {
        let expander = Expander::ALL.iter().find(|(name, _)| Some(*name) == flags.expander.as_deref());
        settings.expander = expander.map_or(settings.expander, |(_, expander)| *expander);
        for (given, slot) in [
            (flags.scan_interval, &mut settings.scan_interval),
            (flags.max_node_provision_time, &mut settings.max_node_provision_time),
            (flags.scale_down_delay_after_add, &mut settings.scale_down_delay_after_add),
            (flags.scale_down_unneeded_time, &mut settings.scale_down_unneeded_time),
            (flags.scale_down_unready_time, &mut settings.scale_down_unready_time),
        ] {
            *slot = given.map_or(*slot, span);
        }
        for (given, slot) in [
            (flags.scale_down_enabled, &mut settings.scale_down_enabled),
            (flags.skip_nodes_with_local_storage, &mut settings.skip_nodes_with_local_storage),
            (flags.skip_nodes_with_system_pods, &mut settings.skip_nodes_with_system_pods),
        ] {
            *slot = given.unwrap_or(*slot);
        }
        if let Some(threshold) = flags.scale_down_utilization_threshold {
            settings.utilization_threshold_milli = u32::try_from(threshold.milli_value()).unwrap_or_default();
        }
    }
    settings
}

/// What load balancers get their addresses of.
pub fn load_balancers(spec: &LabSpec) -> Arc<Pool> {
    let balancers = spec.load_balancers.clone().unwrap_or_default();
    Arc::new(Pool {
        ranges: balancers.ranges(),
        create_time: balancers.create_time.map_or(CREATE_TIME, span),
    })
}

/// How long it takes to make a load balancer, if the lab says nothing.
const CREATE_TIME: Duration = Duration::from_secs(5);

/// From the order of a machine to its being ready, if the lab says nothing.
const BOOT_TIME: Duration = Duration::from_mins(1);

fn span(given: opscape_manifest::lab::Duration) -> Duration {
    Duration::from_micros(u64::try_from(given.0).unwrap_or_default())
}

fn quantity(written: Option<&Quantity>, default: &str) -> Quantity {
    written.copied().or_else(|| Quantity::parse(default).ok()).unwrap_or_default()
}

fn node(group: &NodeGroup, name: &str, index: usize, number: usize, epoch: Timestamp) -> Node {
    let mut labels: BTreeMap<Str, Str> = BTreeMap::new();
    for (key, value) in [
        ("beta.kubernetes.io/arch", "amd64"),
        ("beta.kubernetes.io/os", "linux"),
        ("kubernetes.io/arch", "amd64"),
        ("kubernetes.io/hostname", name),
        ("kubernetes.io/os", "linux"),
    ] {
        labels.insert(key.into(), value.into());
    }
    if let Some(zone) = group.zone_of(index) {
        labels.insert("topology.kubernetes.io/zone".into(), zone.into());
    }
    if group.max.is_some() {
        labels.insert(GROUP_LABEL.into(), group.base_name().into());
    }
    if let Some(instance_type) = &group.instance_type {
        labels.insert("node.kubernetes.io/instance-type".into(), instance_type.clone());
    }
    labels.extend(group.labels.iter().map(|(key, value)| (key.clone(), value.clone())));
    let pods = group.pods.unwrap_or(110).to_string();
    let mut size = ResourceList::new();
    for (resource, amount) in [
        ("cpu", quantity(group.cpu.as_ref(), "4")),
        ("memory", quantity(group.memory.as_ref(), "8Gi")),
        ("ephemeral-storage", quantity(None, "100Gi")),
        ("pods", quantity(None, &pods)),
    ] {
        size.insert(resource.into(), amount);
    }
    let address = node_address(u32::try_from(number).unwrap_or_default());
    let mut annotations = group.annotations.clone();
    if group.price.is_some() {
        let price = opscape_manifest::golang::float(group.price_micro() as f64 / 1e6);
        annotations.entry(PRICE.into()).or_insert_with(|| price.into());
    }
    let mut node = Node {
        metadata: ObjectMeta {
            name: name.into(),
            labels: Arc::new(labels),
            annotations: Arc::new(annotations),
            ..ObjectMeta::default()
        },
        status: NodeStatus {
            capacity: size.clone(),
            allocatable: size,
            conditions: conditions(epoch),
            addresses: vec![entry("InternalIP", &address), entry("Hostname", name)],
            node_info: Some(node_info()),
            ..NodeStatus::default()
        },
        ..Node::default()
    };
    node.spec.taints.clone_from(&group.taints);
    node.spec.unschedulable = group.unschedulable == Some(true);
    node
}

/// What a healthy kubelet reports (pkg/kubelet/nodestatus/setters.go).
fn conditions(epoch: Timestamp) -> Vec<NodeCondition> {
    [
        ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    ]
    .into_iter()
    .map(|(kind, status, reason, message)| NodeCondition {
        kind: kind.into(),
        status: status.into(),
        reason: reason.into(),
        message: message.into(),
        last_heartbeat_time: Some(epoch),
        last_transition_time: Some(epoch),
    })
    .collect()
}

fn entry(kind: &str, address: &str) -> Value {
    map(&[("type", kind), ("address", address)])
}

fn node_info() -> Value {
    map(&[
        ("architecture", "amd64"),
        ("containerRuntimeVersion", "containerd://2.2.0"),
        ("kernelVersion", "6.12.0"),
        ("kubeletVersion", "v1.36.2"),
        ("operatingSystem", "linux"),
        ("osImage", "Opscape"),
    ])
}

fn map(fields: &[(&str, &str)]) -> Value {
    let mut map = Map::new();
    map.extend(fields.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))));
    Value::Map(map)
}
