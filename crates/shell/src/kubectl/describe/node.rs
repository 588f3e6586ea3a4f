//! Nodes (`describeNode`).

use opscape_manifest::quantity::Quantity;
use opscape_manifest::value::Value;

use super::{Page, date};
use crate::kubectl::print::{age_of, at, condition, list, scalar, text};
use crate::kubectl::{Call, Resource};

pub(super) fn describe(node: &Value, call: &Call<'_, '_>, page: &mut Page) -> bool {
    let name = text(node, "metadata.name");
    page.pair("Name", name);
    page.pair("Roles", &crate::kubectl::print::node_roles(node));
    page.labels("Labels", at(node, "metadata.labels"));
    page.annotations("Annotations", at(node, "metadata.annotations"));
    page.pair("CreationTimestamp", &date(text(node, "metadata.creationTimestamp")));
    let taints: Vec<String> = list(node, "spec.taints")
        .iter()
        .map(|taint| {
            let (key, value, effect) = (text(taint, "key"), text(taint, "value"), text(taint, "effect"));
            if value.is_empty() { format!("{key}:{effect}") } else { format!("{key}={value}:{effect}") }
        })
        .collect();
    page.several("Taints", &taints);
    let cordoned = at(node, "spec.unschedulable") == Some(&Value::Bool(true));
    page.pair("Unschedulable", if cordoned { "true" } else { "false" });
    lease(node, name, call, page);
    let conditions = list(node, "status.conditions");
    if !conditions.is_empty() {
        page.line("Conditions:\n  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage");
        page.line("  ----\t------\t-----------------\t------------------\t------\t-------");
        for condition in conditions {
            let part = |field: &str| text(condition, field);
            page.line(&format!(
                "  {} \t{} \t{} \t{} \t{} \t{}",
                part("type"),
                part("status"),
                date(part("lastHeartbeatTime")),
                date(part("lastTransitionTime")),
                part("reason"),
                part("message")
            ));
        }
    }
    page.line("Addresses:");
    for address in list(node, "status.addresses") {
        page.pair(&format!("  {}", text(address, "type")), text(address, "address"));
    }
    for (title, path) in [("Capacity:", "status.capacity"), ("Allocatable:", "status.allocatable")] {
        let amounts = at(node, path).and_then(Value::as_map);
        if amounts.is_some_and(|amounts| !amounts.is_empty()) {
            page.line(title);
        }
        for (name, amount) in amounts.into_iter().flatten() {
            page.pair(&format!("  {name}"), &scalar(amount));
        }
    }
    page.line("System Info:");
    for (field, title) in [
        ("machineID", "Machine ID"),
        ("systemUUID", "System UUID"),
        ("bootID", "Boot ID"),
        ("kernelVersion", "Kernel Version"),
        ("osImage", "OS Image"),
        ("operatingSystem", "Operating System"),
        ("architecture", "Architecture"),
        ("containerRuntimeVersion", "Container Runtime Version"),
        ("kubeletVersion", "Kubelet Version"),
    ] {
        page.pair(&format!("  {title}"), text(node, &format!("status.nodeInfo.{field}")));
    }
    for (path, title) in [("spec.podCIDR", "PodCIDR"), ("spec.providerID", "ProviderID")] {
        if !text(node, path).is_empty() {
            page.pair(title, text(node, path));
        }
    }
    pods(node, name, call, page);
    true
}

fn lease(node: &Value, name: &str, call: &Call<'_, '_>, page: &mut Page) {
    let found = Resource::find("leases").and_then(|leases| call.read(leases, "kube-node-lease", name).ok());
    let found = found.map(|lease| lease.to_value());
    let part = |path: &str| found.as_ref().map_or("", |lease| text(lease, path)).to_owned();
    let holder = part("spec.holderIdentity");
    page.line("Lease:");
    page.pair("  HolderIdentity", if holder.is_empty() { name } else { &holder });
    page.pair("  AcquireTime", &date(&part("spec.acquireTime")));
    // Where leases are not kept as objects, the kubelet renews with its status.
    let mut renewed = part("spec.renewTime");
    if renewed.is_empty() {
        condition(node, "Ready")
            .map_or("", |ready| text(ready, "lastHeartbeatTime"))
            .clone_into(&mut renewed);
    }
    page.pair("  RenewTime", &date(&renewed));
}

/// Sums of one resource over containers.
fn total(pod: &Value, part: &str, resource: &str) -> Quantity {
    let amount = |container: &Value| {
        let amounts = at(container, &format!("resources.{part}"))?;
        Quantity::parse(&scalar(amounts.get(resource)?)).ok()
    };
    let mut sum =
        list(pod, "spec.containers").iter().filter_map(amount).fold(zero(), |sum, more| sum.plus(&more));
    // Init containers run one after the other: the largest counts.
    for most in list(pod, "spec.initContainers").iter().filter_map(amount) {
        if most.nano_value() > sum.nano_value() {
            sum = most;
        }
    }
    sum
}

fn zero() -> Quantity {
    Quantity::default()
}

/// `100m (1%)` of what is allocatable.
fn share(amount: &Quantity, node: &Value, resource: &str) -> String {
    let all = at(node, "status.allocatable")
        .and_then(|amounts| amounts.get(resource))
        .and_then(|amount| Quantity::parse(&scalar(amount)).ok())
        .map_or(0, |amount| amount.milli_value());
    let percent = if all == 0 { 0 } else { i128::from(amount.milli_value()) * 100 / i128::from(all) };
    format!("{amount} ({percent}%)")
}

fn pods(node: &Value, name: &str, call: &Call<'_, '_>, page: &mut Page) {
    let store = call.scope.world.cluster().store();
    let mut pods: Vec<Value> = store
        .pods_on(name)
        .map(|pod| opscape_manifest::api::Resource::into_object(pod.clone()))
        .map(|pod: opscape_manifest::api::Object| pod.to_value())
        .filter(|pod| !matches!(text(pod, "status.phase"), "Succeeded" | "Failed"))
        .collect();
    crate::sorted::values(&mut pods, &|pod| {
        format!("{} {}", text(pod, "metadata.namespace"), text(pod, "metadata.name"))
    });
    page.pair("Non-terminated Pods", &format!("({} in total)", pods.len()));
    page.line("  Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge");
    page.line("  ---------\t----\t\t------------\t----------\t---------------\t-------------\t---");
    for pod in &pods {
        let cell = |part: &str, resource: &str| share(&total(pod, part, resource), node, resource);
        page.line(&format!(
            "  {}\t{}\t\t{}\t{}\t{}\t{}\t{}",
            text(pod, "metadata.namespace"),
            text(pod, "metadata.name"),
            cell("requests", "cpu"),
            cell("limits", "cpu"),
            cell("requests", "memory"),
            cell("limits", "memory"),
            age_of(pod, call.scope.utc())
        ));
    }
    page.line("Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)");
    page.line("  Resource\tRequests\tLimits\n  --------\t--------\t------");
    let sum = |part: &str, resource: &str| {
        let all = pods.iter().map(|pod| total(pod, part, resource)).fold(zero(), |sum, more| sum.plus(&more));
        share(&all, node, resource)
    };
    for resource in ["cpu", "memory", "ephemeral-storage"] {
        page.line(&format!("  {resource}\t{}\t{}", sum("requests", resource), sum("limits", resource)));
    }
}
