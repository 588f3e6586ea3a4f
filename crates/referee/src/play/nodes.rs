//! The nodes of the recordings: the default five, or those of a nodes.yaml.

use opscape_manifest::api::Object;
use opscape_manifest::api::meta::Timestamp;
use opscape_manifest::check::check;
use opscape_manifest::value::{Map, Value};

/// The nodes of the default cluster: node-1 to node-5 with 8 cpu and 16 Gi, in three zones.
const DEFAULT: [(&str, &str); 5] = [
    ("node-1", "zone-0"),
    ("node-2", "zone-1"),
    ("node-3", "zone-2"),
    ("node-4", "zone-0"),
    ("node-5", "zone-1"),
];

/// The nodes of a scenario, registered and ready.
pub fn nodes(text: Option<&str>, created: Timestamp) -> Result<Vec<Object>, String> {
    let own = match text {
        Some(text) => check(text).documents.into_iter().map(|document| document.value).collect(),
        None => DEFAULT.iter().map(|(name, zone)| default_node(name, zone)).collect::<Vec<Value>>(),
    };
    own.into_iter()
        .filter(|value| value.str_at(&["kind"]) == Some("Node"))
        .enumerate()
        .map(|(index, node)| {
            let node = registered(node, index, created);
            Object::from_value(&node).map_err(|error| format!("nodes.yaml: {error}"))
        })
        .collect()
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn map<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Map(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn default_node(name: &str, zone: &str) -> Value {
    let labels = map([
        ("kubernetes.io/hostname", text(name)),
        ("kubernetes.io/os", text("linux")),
        ("ref/fake", text("true")),
        ("topology.kubernetes.io/zone", text(zone)),
    ]);
    let annotations = map([("ref/cpu", text("8")), ("ref/memory", text("16Gi"))]);
    map([
        ("apiVersion", text("v1")),
        ("kind", text("Node")),
        ("metadata", map([("name", text(name)), ("labels", labels), ("annotations", annotations)])),
        ("spec", Value::Map(Map::new())),
    ])
}

/// Adds a member to a map within a map.
fn add(outer: &mut Value, name: &str, key: &str, value: &str) {
    let Some(outer) = outer.as_map_mut() else { return };
    let inner = outer.entry(name.to_owned()).or_insert_with(|| Value::Map(Map::new()));
    if let Some(inner) = inner.as_map_mut() {
        inner.insert(key.to_owned(), text(value));
    }
}

/// Adds what the pretend kubelet writes when it registers a node; its size is in annotations.
fn registered(node: Value, index: usize, created: Timestamp) -> Value {
    let annotation = |name: &str, default: &str| {
        let value = node.at(&["metadata", "annotations", name]);
        text(value.and_then(Value::as_str).unwrap_or(default))
    };
    let size = map([
        ("cpu", annotation("ref/cpu", "8")),
        ("ephemeral-storage", text("100Gi")),
        ("memory", annotation("ref/memory", "16Gi")),
        ("pods", annotation("ref/pods", "110")),
    ]);
    let name = node.str_at(&["metadata", "name"]).unwrap_or_default().to_owned();
    let address = |kind: &str, address: &str| map([("type", text(kind)), ("address", text(address))]);
    let info = map([
        ("architecture", text("amd64")),
        ("bootID", text("")),
        ("containerRuntimeVersion", text("containerd://2.0.0")),
        ("kernelVersion", text("6.1.0")),
        ("kubeProxyVersion", text("")),
        ("kubeletVersion", text("v1.36.2")),
        ("machineID", text("")),
        ("operatingSystem", text("linux")),
        ("osImage", text("fake")),
        ("systemUUID", text("")),
    ]);
    let conditions = [
        ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    ]
    .into_iter()
    .map(|(kind, status, reason, message)| {
        map([
            ("type", text(kind)),
            ("status", text(status)),
            ("reason", text(reason)),
            ("message", text(message)),
            ("lastHeartbeatTime", text(&created.to_string())),
            ("lastTransitionTime", text(&created.to_string())),
        ])
    })
    .collect();
    let status = map([
        ("capacity", size.clone()),
        ("allocatable", size),
        ("conditions", Value::List(conditions)),
        (
            "addresses",
            Value::List(vec![
                address("InternalIP", &format!("10.1.0.{}", index + 1)),
                address("Hostname", &name),
            ]),
        ),
        ("nodeInfo", info),
    ]);
    let mut node = node;
    if let Some(members) = node.as_map_mut() {
        members.insert("status".to_owned(), status);
        let metadata = members.entry("metadata".to_owned()).or_default();
        // What the node lifecycle and TTL controllers add.
        add(metadata, "labels", "beta.kubernetes.io/os", "linux");
        add(metadata, "annotations", "node.alpha.kubernetes.io/ttl", "0");
    }
    node
}
