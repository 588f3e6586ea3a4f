//! Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs, CronJobs.

use opscape_manifest::api::Uid;
use opscape_manifest::api::meta::{MicroTime, parse_rfc3339};
use opscape_manifest::duration;
use opscape_manifest::value::Value;

use super::containers::template_lines;
use super::{Page, controller, date, truth};
use crate::kubectl::Call;
use crate::kubectl::print::{at, list, number, scalar, selector, text};

fn conditions(object: &Value, page: &mut Page) {
    let all = list(object, "status.conditions");
    if all.is_empty() {
        return;
    }
    page.line("Conditions:\n  Type\tStatus\tReason");
    page.line("  ----\t------\t------");
    for condition in all {
        let (kind, status, reason) =
            (text(condition, "type"), text(condition, "status"), text(condition, "reason"));
        page.line(&format!("  {kind} \t{status}\t{reason}"));
    }
}

/// The objects of a kind that an object controls.
fn owned(object: &Value, kind: &str, call: &Call<'_, '_>) -> Vec<Value> {
    let Some(uid) = Uid::parse(text(object, "metadata.uid")) else { return Vec::new() };
    let store = call.scope.world.cluster().store();
    let controlled = store.owned_by(uid).filter(|owned| {
        owned.kind_name() == kind && owned.meta().controller().is_some_and(|owner| owner.uid == uid)
    });
    controlled.map(opscape_manifest::api::Object::to_value).collect()
}

/// The template of a ReplicaSet without the label that its Deployment added.
fn bare_template(object: &Value) -> Option<Value> {
    let mut template = at(object, "spec.template")?.clone();
    crate::kubectl::literal::remove(&mut template, &["metadata", "labels", "pod-template-hash"]);
    Some(template)
}

pub(super) fn deployment(object: &Value, call: &Call<'_, '_>, page: &mut Page) -> bool {
    page.pair("Name", text(object, "metadata.name"));
    page.pair("Namespace", text(object, "metadata.namespace"));
    page.pair("CreationTimestamp", &date(text(object, "metadata.creationTimestamp")));
    page.labels("Labels", at(object, "metadata.labels"));
    page.annotations("Annotations", at(object, "metadata.annotations"));
    page.pair("Selector", &selector(at(object, "spec.selector")));
    let status = |field: &str| number(object, &format!("status.{field}"));
    let replicas = format!(
        "{} desired | {} updated | {} total | {} available | {} unavailable",
        number(object, "spec.replicas"),
        status("updatedReplicas"),
        status("replicas"),
        status("availableReplicas"),
        status("unavailableReplicas")
    );
    page.pair("Replicas", &replicas);
    page.pair("StrategyType", text(object, "spec.strategy.type"));
    page.pair("MinReadySeconds", &number(object, "spec.minReadySeconds").to_string());
    if let Some(rolling) = at(object, "spec.strategy.rollingUpdate") {
        let part = |field: &str| rolling.get(field).map(scalar).unwrap_or_default();
        let text = format!("{} max unavailable, {} max surge", part("maxUnavailable"), part("maxSurge"));
        page.pair("RollingUpdateStrategy", &text);
    }
    template_lines(at(object, "spec.template"), page);
    conditions(object, page);
    let wanted = at(object, "spec.template").cloned();
    let (mut new, mut old): (Option<String>, Vec<String>) = (None, Vec::new());
    let mut sets = owned(object, "ReplicaSet", call);
    crate::sorted::values(&mut sets, &|set| {
        format!("{} {}", text(set, "metadata.creationTimestamp"), text(set, "metadata.name"))
    });
    for set in sets {
        let line = format!(
            "{} ({}/{} replicas created)",
            text(&set, "metadata.name"),
            number(&set, "status.replicas"),
            number(&set, "spec.replicas")
        );
        // The oldest one with the wanted template is the new one.
        if new.is_none() && bare_template(&set) == wanted { new = Some(line) } else { old.push(line) }
    }
    let old = if old.is_empty() { "<none>".to_owned() } else { old.join(", ") };
    page.pair("OldReplicaSets", &old);
    page.pair("NewReplicaSet", new.as_deref().unwrap_or("<none>"));
    true
}

/// `2 Running / 0 Waiting / 0 Succeeded / 0 Failed` of the pods of a workload.
fn pods_status(object: &Value, call: &Call<'_, '_>) -> String {
    let pods = owned(object, "Pod", call);
    let count = |phase: &str| pods.iter().filter(|pod| text(pod, "status.phase") == phase).count();
    format!(
        "{} Running / {} Waiting / {} Succeeded / {} Failed",
        count("Running"),
        count("Pending"),
        count("Succeeded"),
        count("Failed")
    )
}

pub(super) fn replica_set(object: &Value, call: &Call<'_, '_>, page: &mut Page) -> bool {
    page.pair("Name", text(object, "metadata.name"));
    page.pair("Namespace", text(object, "metadata.namespace"));
    page.pair("Selector", &selector(at(object, "spec.selector")));
    page.labels("Labels", at(object, "metadata.labels"));
    page.annotations("Annotations", at(object, "metadata.annotations"));
    if let Some(controller) = controller(object) {
        page.pair("Controlled By", &controller);
    }
    let (current, desired) = (number(object, "status.replicas"), number(object, "spec.replicas"));
    page.pair("Replicas", &format!("{current} current / {desired} desired"));
    page.pair("Pods Status", &pods_status(object, call));
    template_lines(at(object, "spec.template"), page);
    conditions(object, page);
    true
}

pub(super) fn stateful_set(object: &Value, call: &Call<'_, '_>, page: &mut Page) -> bool {
    page.pair("Name", text(object, "metadata.name"));
    page.pair("Namespace", text(object, "metadata.namespace"));
    page.pair("CreationTimestamp", &date(text(object, "metadata.creationTimestamp")));
    page.pair("Selector", &selector(at(object, "spec.selector")));
    page.labels("Labels", at(object, "metadata.labels"));
    page.annotations("Annotations", at(object, "metadata.annotations"));
    let (desired, total) = (number(object, "spec.replicas"), number(object, "status.replicas"));
    page.pair("Replicas", &format!("{desired} desired | {total} total"));
    page.pair("Update Strategy", text(object, "spec.updateStrategy.type"));
    if let Some(partition) = at(object, "spec.updateStrategy.rollingUpdate.partition") {
        page.pair("  Partition", &scalar(partition));
    }
    page.pair("Pods Status", &pods_status(object, call));
    template_lines(at(object, "spec.template"), page);
    let claims = list(object, "spec.volumeClaimTemplates");
    if claims.is_empty() {
        page.pair("Volume Claims", "<none>");
    } else {
        page.line("Volume Claims:");
    }
    for claim in claims {
        page.pair("  Name", text(claim, "metadata.name"));
        page.pair("  StorageClass", text(claim, "spec.storageClassName"));
        page.labels("  Labels", at(claim, "metadata.labels"));
        page.annotations("  Annotations", at(claim, "metadata.annotations"));
        page.pair(
            "  Capacity",
            &at(claim, "spec.resources.requests.storage").map(scalar).unwrap_or_default(),
        );
        let modes: Vec<&str> = list(claim, "spec.accessModes").iter().filter_map(Value::as_str).collect();
        page.pair("  Access Modes", &format!("[{}]", modes.join(" ")));
    }
    true
}

pub(super) fn daemon_set(object: &Value, call: &Call<'_, '_>, page: &mut Page) -> bool {
    page.pair("Name", text(object, "metadata.name"));
    page.pair("Namespace", text(object, "metadata.namespace"));
    page.pair("Selector", &selector(at(object, "spec.selector")));
    page.pair("Node-Selector", &crate::kubectl::print::labels(at(object, "spec.template.spec.nodeSelector")));
    page.labels("Labels", at(object, "metadata.labels"));
    page.annotations("Annotations", at(object, "metadata.annotations"));
    let status = |field: &str| number(object, &format!("status.{field}")).to_string();
    page.pair("Desired Number of Nodes Scheduled", &status("desiredNumberScheduled"));
    page.pair("Current Number of Nodes Scheduled", &status("currentNumberScheduled"));
    page.pair("Number of Nodes Scheduled with Up-to-date Pods", &status("updatedNumberScheduled"));
    page.pair("Number of Nodes Scheduled with Available Pods", &status("numberAvailable"));
    page.pair("Number of Nodes Misscheduled", &status("numberMisscheduled"));
    page.pair("Pods Status", &pods_status(object, call));
    template_lines(at(object, "spec.template"), page);
    true
}

pub(super) fn job(object: &Value, now: MicroTime, page: &mut Page) -> bool {
    page.pair("Name", text(object, "metadata.name"));
    page.pair("Namespace", text(object, "metadata.namespace"));
    page.pair("Selector", &selector(at(object, "spec.selector")));
    page.labels("Labels", at(object, "metadata.labels"));
    page.annotations("Annotations", at(object, "metadata.annotations"));
    if let Some(controller) = controller(object) {
        page.pair("Controlled By", &controller);
    }
    let unset = |path: &str| at(object, path).map_or("<unset>".to_owned(), scalar);
    if at(object, "spec.parallelism").is_some() {
        page.pair("Parallelism", &unset("spec.parallelism"));
    }
    page.pair("Completions", &unset("spec.completions"));
    if at(object, "spec.completionMode").is_some() {
        page.pair("Completion Mode", text(object, "spec.completionMode"));
    }
    if at(object, "spec.suspend").is_some() {
        page.pair("Suspend", if truth(at(object, "spec.suspend")) == "True" { "true" } else { "false" });
    }
    if at(object, "spec.backoffLimit").is_some() {
        page.pair("Backoff Limit", &unset("spec.backoffLimit"));
    }
    if at(object, "spec.ttlSecondsAfterFinished").is_some() {
        page.pair("TTL Seconds After Finished", &unset("spec.ttlSecondsAfterFinished"));
    }
    let (started, ended) = (text(object, "status.startTime"), text(object, "status.completionTime"));
    if !started.is_empty() {
        page.pair("Start Time", &date(started));
    }
    if !ended.is_empty() {
        page.pair("Completed At", &date(ended));
    }
    if let Some(from) = parse_rfc3339(started) {
        let to = parse_rfc3339(ended);
        if let Some(to) = to {
            page.pair("Duration", &duration::age((to - from) as f64 / 1e6));
        } else if now.0 < from {
            page.pair("Duration", "0s");
        }
    }
    if at(object, "spec.activeDeadlineSeconds").is_some() {
        page.pair("Active Deadline Seconds", &format!("{}s", number(object, "spec.activeDeadlineSeconds")));
    }
    let status = |field: &str| number(object, &format!("status.{field}"));
    let line = format!(
        "{} Active ({} Ready) / {} Succeeded / {} Failed",
        status("active"),
        status("ready"),
        status("succeeded"),
        status("failed")
    );
    page.pair("Pods Statuses", &line);
    if text(object, "spec.completionMode") == "Indexed" {
        let indexes = text(object, "status.completedIndexes");
        page.pair("Completed Indexes", if indexes.is_empty() { "<none>" } else { indexes });
    }
    template_lines(at(object, "spec.template"), page);
    true
}

pub(super) fn cron_job(object: &Value, page: &mut Page) -> bool {
    page.head(object);
    let unset = |path: &str| at(object, path).map_or("<unset>".to_owned(), scalar);
    page.pair("Schedule", text(object, "spec.schedule"));
    page.pair("Concurrency Policy", text(object, "spec.concurrencyPolicy"));
    page.pair("Suspend", truth(at(object, "spec.suspend")));
    page.pair("Time Zone", &unset("spec.timeZone"));
    page.pair("Successful Job History Limit", &unset("spec.successfulJobsHistoryLimit"));
    page.pair("Failed Job History Limit", &unset("spec.failedJobsHistoryLimit"));
    let deadline = at(object, "spec.startingDeadlineSeconds")
        .map_or("<unset>".to_owned(), |s| format!("{}s", scalar(s)));
    page.pair("Starting Deadline Seconds", &deadline);
    let chosen = at(object, "spec.jobTemplate.spec.selector");
    page.pair("Selector", &chosen.map_or("<unset>".to_owned(), |found| selector(Some(found))));
    page.pair("Parallelism", &unset("spec.jobTemplate.spec.parallelism"));
    page.pair("Completions", &unset("spec.jobTemplate.spec.completions"));
    template_lines(at(object, "spec.jobTemplate.spec.template"), page);
    let last = text(object, "status.lastScheduleTime");
    page.pair("Last Schedule Time", &if last.is_empty() { "<unset>".to_owned() } else { date(last) });
    let active: Vec<&str> = list(object, "status.active").iter().map(|job| text(job, "name")).collect();
    page.pair("Active Jobs", &if active.is_empty() { "<none>".to_owned() } else { active.join(", ") });
    true
}
