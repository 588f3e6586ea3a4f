//! The nodes a lab begins with.

use std::collections::BTreeMap;
use std::sync::Arc;

use opscape_manifest::api::core::{NodeCondition, NodeStatus};
use opscape_manifest::api::meta::{ObjectMeta, Str, Timestamp};
use opscape_manifest::api::pod::ResourceList;
use opscape_manifest::api::{Node, Object};
use opscape_manifest::lab::{LabSpec, NodeGroup};
use opscape_manifest::quantity::Quantity;
use opscape_manifest::value::{Map, Value};

/// Without a Lab document's word: three nodes in three zones.
pub fn default_groups() -> Vec<NodeGroup> {
    let node = |name: &str, zone: &str| NodeGroup {
        name: Some(name.into()),
        zone: Some(zone.into()),
        ..NodeGroup::default()
    };
    vec![node("node-a", "zone-a"), node("node-b", "zone-b"), node("node-c", "zone-c")]
}

/// The Node objects of a lab, healthy since `epoch`.
pub fn nodes(spec: &LabSpec, epoch: Timestamp) -> Vec<Object> {
    let default;
    let groups = if spec.nodes.is_empty() {
        default = default_groups();
        &default
    } else {
        &spec.nodes
    };
    let mut nodes = Vec::new();
    for group in groups {
        for (index, name) in group.names().into_iter().enumerate() {
            nodes.push(Object::Node(Arc::new(node(group, &name, index, nodes.len(), epoch))));
        }
    }
    nodes
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
    let address = format!("10.0.{}.{}", number / 250, number % 250 + 4);
    let mut node = Node {
        metadata: ObjectMeta {
            name: name.into(),
            labels: Arc::new(labels),
            annotations: Arc::new(group.annotations.clone()),
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
