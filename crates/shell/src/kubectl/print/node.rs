//! Nodes (`printNode`).

use opscape_manifest::api::meta::MicroTime;
use opscape_manifest::value::Value;

use super::{Printer, age_of, at, list, name, or_none, text};

pub(super) fn printer() -> Printer {
    Printer {
        columns: "NAME|STATUS|ROLES|AGE|VERSION|INTERNAL-IP*|EXTERNAL-IP*|OS-IMAGE*|KERNEL-VERSION*|CONTAINER-RUNTIME*",
        cells,
    }
}

/// The roles of a node, from its labels.
pub(crate) fn roles(node: &Value) -> String {
    let mut roles: Vec<String> = at(node, "metadata")
        .and_then(|metadata| metadata.get("labels"))
        .and_then(Value::as_map)
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| match key.strip_prefix("node-role.kubernetes.io/") {
            Some(role) => Some(role),
            None if key == "kubernetes.io/role" => value.as_str(),
            None => None,
        })
        .filter(|role| !role.is_empty())
        .map(str::to_owned)
        .collect();
    crate::sorted::texts(&mut roles);
    or_none(&roles.join(","))
}

fn cells(node: &Value, now: MicroTime) -> Vec<String> {
    let ready = list(node, "status.conditions").iter().find(|condition| text(condition, "type") == "Ready");
    let mut status = match ready.map(|condition| text(condition, "status")) {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    }
    .to_owned();
    if at(node, "spec.unschedulable") == Some(&Value::Bool(true)) {
        status.push_str(",SchedulingDisabled");
    }
    let address = |kind: &str| {
        let found = list(node, "status.addresses").iter().find(|address| text(address, "type") == kind);
        or_none(found.map_or("", |address| text(address, "address")))
    };
    let info = |field: &str| text(node, &format!("status.nodeInfo.{field}")).to_owned();
    let unknown = |text: String| if text.is_empty() { "<unknown>".to_owned() } else { text };
    let mut kernel = info("kernelVersion");
    let architecture = info("architecture");
    if !kernel.is_empty() && !architecture.is_empty() {
        kernel = format!("{kernel} ({architecture})");
    }
    vec![
        name(node),
        status,
        roles(node),
        age_of(node, now),
        info("kubeletVersion"),
        address("InternalIP"),
        address("ExternalIP"),
        unknown(info("osImage")),
        unknown(kernel),
        unknown(info("containerRuntimeVersion")),
    ]
}
