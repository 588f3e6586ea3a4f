//! Pods (`printPod`).

use opscape_manifest::api::meta::{MicroTime, parse_rfc3339};
use opscape_manifest::value::Value;

use super::{Printer, age_of, at, condition, list, name, number, or_none, since, text};

pub(super) fn printer() -> Printer {
    Printer { columns: "NAME|READY|STATUS|RESTARTS|AGE|IP*|NODE*|NOMINATED NODE*|READINESS GATES*", cells }
}

/// What the columns READY, STATUS and RESTARTS say.
struct Status {
    ready: usize,
    total: usize,
    reason: String,
    restarts: i64,
    last_restart: Option<String>,
}

fn is_sidecar(container: &Value) -> bool {
    text(container, "restartPolicy") == "Always"
}

/// The summary of a pod's containers.
fn status(pod: &Value) -> Status {
    let phase = text(pod, "status.phase");
    let mut reason = or(text(pod, "status.reason"), phase).to_owned();
    if condition(pod, "PodScheduled").is_some_and(|scheduled| text(scheduled, "reason") == "SchedulingGated")
    {
        "SchedulingGated".clone_into(&mut reason);
    }
    let init = list(pod, "spec.initContainers");
    let mut total = list(pod, "spec.containers").len() + init.iter().filter(|c| is_sidecar(c)).count();
    if total == 0 {
        total = list(pod, "status.containerStatuses").len();
    }
    let mut found = Status { ready: 0, total, reason, restarts: 0, last_restart: None };
    let (mut sidecar_restarts, mut sidecar_last) = (0, None);
    let mut initializing = false;
    for (at_index, state) in list(pod, "status.initContainerStatuses").iter().enumerate() {
        let sidecar = init.iter().any(|c| text(c, "name") == text(state, "name") && is_sidecar(c));
        found.restarts += number(state, "restartCount");
        later(&mut found.last_restart, state);
        if sidecar {
            sidecar_restarts += number(state, "restartCount");
            later(&mut sidecar_last, state);
        }
        let terminated = at(state, "state.terminated");
        if terminated.is_some_and(|end| number(end, "exitCode") == 0) {
            continue;
        }
        if sidecar && state.get("started").and_then(Value::as_bool) == Some(true) {
            found.ready += usize::from(is_ready(state));
            continue;
        }
        let waiting = text(state, "state.waiting.reason");
        found.reason = match terminated {
            Some(end) => format!("Init:{}", end_reason(end)),
            None if !waiting.is_empty() && waiting != "PodInitializing" => format!("Init:{waiting}"),
            None => format!("Init:{at_index}/{}", init.len()),
        };
        initializing = true;
        break;
    }
    let initialized = condition(pod, "Initialized").is_some_and(|c| text(c, "status") == "True");
    if !initializing || initialized {
        found.restarts = sidecar_restarts;
        found.last_restart = sidecar_last;
        let mut running = false;
        for state in list(pod, "status.containerStatuses").iter().rev() {
            found.restarts += number(state, "restartCount");
            later(&mut found.last_restart, state);
            let waiting = text(state, "state.waiting.reason");
            if !waiting.is_empty() {
                waiting.clone_into(&mut found.reason);
            } else if let Some(end) = at(state, "state.terminated") {
                found.reason = end_reason(end);
            } else if is_ready(state) && at(state, "state.running").is_some() {
                running = true;
                found.ready += 1;
            }
        }
        if found.reason == "Completed" && running {
            let ready = condition(pod, "Ready").is_some_and(|c| text(c, "status") == "True");
            if ready { "Running" } else { "NotReady" }.clone_into(&mut found.reason);
        }
    }
    if at(pod, "metadata.deletionTimestamp").is_some() {
        if text(pod, "status.reason") == "NodeLost" {
            "Unknown".clone_into(&mut found.reason);
        } else if !matches!(phase, "Succeeded" | "Failed") {
            "Terminating".clone_into(&mut found.reason);
        }
    }
    found
}

fn or<'a>(first: &'a str, second: &'a str) -> &'a str {
    if first.is_empty() { second } else { first }
}

fn is_ready(state: &Value) -> bool {
    state.get("ready").and_then(Value::as_bool) == Some(true)
}

fn end_reason(end: &Value) -> String {
    let reason = text(end, "reason");
    if !reason.is_empty() {
        reason.to_owned()
    } else if number(end, "signal") != 0 {
        format!("Signal:{}", number(end, "signal"))
    } else {
        format!("ExitCode:{}", number(end, "exitCode"))
    }
}

/// Keeps the later of two ends of a container.
fn later(last: &mut Option<String>, state: &Value) {
    let finished = text(state, "lastState.terminated.finishedAt");
    let is_later = last.as_deref().and_then(parse_rfc3339) < parse_rfc3339(finished);
    if is_later {
        *last = Some(finished.to_owned());
    }
}

fn cells(pod: &Value, now: MicroTime) -> Vec<String> {
    let status = status(pod);
    let restarts = match &status.last_restart {
        Some(last) if status.restarts != 0 => format!("{} ({} ago)", status.restarts, since(last, now)),
        _ => status.restarts.to_string(),
    };
    let gates = list(pod, "spec.readinessGates");
    let held = gates.iter().filter(|gate| {
        condition(pod, text(gate, "conditionType"))
            .is_some_and(|condition| text(condition, "status") == "True")
    });
    let gates =
        if gates.is_empty() { "<none>".to_owned() } else { format!("{}/{}", held.count(), gates.len()) };
    let ip = list(pod, "status.podIPs").first().map_or(text(pod, "status.podIP"), |ip| text(ip, "ip"));
    vec![
        name(pod),
        format!("{}/{}", status.ready, status.total),
        status.reason,
        restarts,
        age_of(pod, now),
        or_none(ip),
        or_none(text(pod, "spec.nodeName")),
        or_none(text(pod, "status.nominatedNodeName")),
        gates,
    ]
}
