//! Pods (`describePod`).

use opscape_manifest::api::meta::MicroTime;
use opscape_manifest::value::Value;

use super::containers::{containers, tolerations, topology};
use super::volumes::volumes;
use super::{Page, controller, date};
use crate::kubectl::print::{at, condition, list, number, since, text};

pub(super) fn describe(pod: &Value, now: MicroTime, page: &mut Page) -> bool {
    page.pair("Name", text(pod, "metadata.name"));
    page.pair("Namespace", text(pod, "metadata.namespace"));
    if at(pod, "spec.priority").is_some() {
        page.pair("Priority", &number(pod, "spec.priority").to_string());
    }
    if !text(pod, "spec.priorityClassName").is_empty() {
        page.pair("Priority Class Name", text(pod, "spec.priorityClassName"));
    }
    if !text(pod, "spec.runtimeClassName").is_empty() {
        page.pair("Runtime Class Name", text(pod, "spec.runtimeClassName"));
    }
    if !text(pod, "spec.serviceAccountName").is_empty() {
        page.pair("Service Account", text(pod, "spec.serviceAccountName"));
    }
    match text(pod, "spec.nodeName") {
        "" => page.pair("Node", "<none>"),
        node => page.pair("Node", &format!("{node}/{}", text(pod, "status.hostIP"))),
    }
    if !text(pod, "status.startTime").is_empty() {
        page.pair("Start Time", &date(text(pod, "status.startTime")));
    }
    page.labels("Labels", at(pod, "metadata.labels"));
    page.annotations("Annotations", at(pod, "metadata.annotations"));
    let phase = text(pod, "status.phase");
    let ending = text(pod, "metadata.deletionTimestamp");
    if !ending.is_empty() && !matches!(phase, "Succeeded" | "Failed") {
        page.pair("Status", &format!("Terminating (lasts {})", since(ending, now)));
        let grace = number(pod, "metadata.deletionGracePeriodSeconds");
        page.pair("Termination Grace Period", &format!("{grace}s"));
    } else {
        page.pair("Status", phase);
    }
    for (path, title) in [("status.reason", "Reason"), ("status.message", "Message")] {
        if !text(pod, path).is_empty() {
            page.pair(title, text(pod, path));
        }
    }
    page.pair("IP", text(pod, "status.podIP"));
    let ips = list(pod, "status.podIPs");
    if ips.is_empty() {
        page.pair("IPs", "<none>");
    } else {
        page.line("IPs:");
        for ip in ips {
            page.pair("  IP", text(ip, "ip"));
        }
    }
    if let Some(controller) = controller(pod) {
        page.pair("Controlled By", &controller);
    }
    if !text(pod, "status.nominatedNodeName").is_empty() {
        page.pair("NominatedNodeName", text(pod, "status.nominatedNodeName"));
    }
    let init = list(pod, "spec.initContainers");
    if !init.is_empty() {
        containers("Init Containers", init, Some((pod, list(pod, "status.initContainerStatuses"))), "", page);
    }
    let statuses = list(pod, "status.containerStatuses");
    containers("Containers", list(pod, "spec.containers"), Some((pod, statuses)), "", page);
    let gates = list(pod, "spec.readinessGates");
    if !gates.is_empty() {
        page.line("Readiness Gates:\n  Type\tStatus");
        for gate in gates {
            let kind = text(gate, "conditionType");
            let status = condition(pod, kind).map_or("<none>", |condition| text(condition, "status"));
            page.line(&format!("  {kind} \t{status} "));
        }
    }
    let conditions = list(pod, "status.conditions");
    if !conditions.is_empty() {
        page.line("Conditions:\n  Type\tStatus");
        for condition in conditions {
            page.line(&format!("  {} \t{} ", text(condition, "type"), text(condition, "status")));
        }
    }
    volumes(list(pod, "spec.volumes"), "", page);
    page.pair("QoS Class", &qos(pod));
    page.labels("Node-Selectors", at(pod, "spec.nodeSelector"));
    page.several("Tolerations", &tolerations(list(pod, "spec.tolerations")));
    topology(list(pod, "spec.topologySpreadConstraints"), "", page);
    true
}

/// The class of service, computed if the status does not have it.
fn qos(pod: &Value) -> String {
    let known = text(pod, "status.qosClass");
    if !known.is_empty() {
        return known.to_owned();
    }
    let all: Vec<&Value> =
        list(pod, "spec.containers").iter().chain(list(pod, "spec.initContainers")).collect();
    let amount = |container: &Value, part: &str, name: &str| {
        at(container, &format!("resources.{part}")).and_then(|amounts| amounts.get(name)).cloned()
    };
    let any = |part: &str| {
        all.iter()
            .any(|container| ["cpu", "memory"].iter().any(|name| amount(container, part, name).is_some()))
    };
    if !any("requests") && !any("limits") {
        return "BestEffort".to_owned();
    }
    let guaranteed = all.iter().all(|container| {
        ["cpu", "memory"].iter().all(|name| {
            let limit = amount(container, "limits", name);
            limit.is_some()
                && (amount(container, "requests", name).is_none()
                    || amount(container, "requests", name) == limit)
        })
    });
    if guaranteed { "Guaranteed" } else { "Burstable" }.to_owned()
}
