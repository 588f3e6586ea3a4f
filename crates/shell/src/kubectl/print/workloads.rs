//! Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs, CronJobs, ControllerRevisions.

use opscape_manifest::api::meta::{MicroTime, parse_rfc3339};
use opscape_manifest::duration;
use opscape_manifest::value::Value;

use super::{
    Printer, age_of, at, condition, containers, labels, list, name, number, or_none, selector, since, text,
};
use crate::kubectl::resources::qualified;

pub(super) fn printer(plural: &str) -> Option<Printer> {
    let (columns, cells): (_, fn(&Value, MicroTime) -> Vec<String>) = match plural {
        "deployments" => ("NAME|READY|UP-TO-DATE|AVAILABLE|AGE|CONTAINERS*|IMAGES*|SELECTOR*", deployment),
        "replicasets" | "replicationcontrollers" => {
            ("NAME|DESIRED|CURRENT|READY|AGE|CONTAINERS*|IMAGES*|SELECTOR*", replica_set)
        }
        // The columns of their custom resource definitions.
        "rollouts" => ("NAME|DESIRED|CURRENT|UP-TO-DATE|AVAILABLE|AGE", rollout),
        "analysisruns" => ("NAME|STATUS|AGE", analysis_run),
        "statefulsets" => ("NAME|READY|AGE|CONTAINERS*|IMAGES*", stateful_set),
        "daemonsets" => (
            "NAME|DESIRED|CURRENT|READY|UP-TO-DATE|AVAILABLE|NODE SELECTOR|AGE|CONTAINERS*|IMAGES*|SELECTOR*",
            daemon_set,
        ),
        "jobs" => ("NAME|STATUS|COMPLETIONS|DURATION|AGE|CONTAINERS*|IMAGES*|SELECTOR*", job),
        "cronjobs" => (
            "NAME|SCHEDULE|TIMEZONE|SUSPEND|ACTIVE|LAST SCHEDULE|AGE|CONTAINERS*|IMAGES*|SELECTOR*",
            cron_job,
        ),
        "controllerrevisions" => ("NAME|CONTROLLER|REVISION|AGE", controller_revision),
        _ => return None,
    };
    Some(Printer { columns, cells })
}

fn count(object: &Value, path: &str) -> String {
    number(object, path).to_string()
}

fn template(object: &Value) -> [String; 2] {
    containers(at(object, "spec.template.spec"))
}

fn deployment(object: &Value, now: MicroTime) -> Vec<String> {
    let [names, images] = template(object);
    vec![
        name(object),
        format!("{}/{}", number(object, "status.readyReplicas"), number(object, "spec.replicas")),
        count(object, "status.updatedReplicas"),
        count(object, "status.availableReplicas"),
        age_of(object, now),
        names,
        images,
        selector(at(object, "spec.selector")),
    ]
}

fn replica_set(object: &Value, now: MicroTime) -> Vec<String> {
    let [names, images] = template(object);
    vec![
        name(object),
        count(object, "spec.replicas"),
        count(object, "status.replicas"),
        count(object, "status.readyReplicas"),
        age_of(object, now),
        names,
        images,
        selector(at(object, "spec.selector")),
    ]
}

fn rollout(object: &Value, now: MicroTime) -> Vec<String> {
    vec![
        name(object),
        count(object, "spec.replicas"),
        count(object, "status.replicas"),
        count(object, "status.updatedReplicas"),
        count(object, "status.availableReplicas"),
        age_of(object, now),
    ]
}

fn analysis_run(object: &Value, now: MicroTime) -> Vec<String> {
    vec![name(object), text(object, "status.phase").to_owned(), age_of(object, now)]
}

fn stateful_set(object: &Value, now: MicroTime) -> Vec<String> {
    let [names, images] = template(object);
    let ready = format!("{}/{}", number(object, "status.readyReplicas"), number(object, "spec.replicas"));
    vec![name(object), ready, age_of(object, now), names, images]
}

fn daemon_set(object: &Value, now: MicroTime) -> Vec<String> {
    let [names, images] = template(object);
    vec![
        name(object),
        count(object, "status.desiredNumberScheduled"),
        count(object, "status.currentNumberScheduled"),
        count(object, "status.numberReady"),
        count(object, "status.updatedNumberScheduled"),
        count(object, "status.numberAvailable"),
        labels(at(object, "spec.template.spec.nodeSelector")),
        age_of(object, now),
        names,
        images,
        selector(at(object, "spec.selector")),
    ]
}

fn job(object: &Value, now: MicroTime) -> Vec<String> {
    let succeeded = number(object, "status.succeeded");
    let completions = match (at(object, "spec.completions"), number(object, "spec.parallelism")) {
        (Some(completions), _) => format!("{succeeded}/{}", completions.as_int().unwrap_or(0)),
        (None, parallelism) if parallelism > 1 => format!("{succeeded}/1 of {parallelism}"),
        _ => format!("{succeeded}/1"),
    };
    let started = parse_rfc3339(text(object, "status.startTime"));
    let ended = parse_rfc3339(text(object, "status.completionTime"));
    let span = match (started, ended) {
        (None, _) => String::new(),
        (Some(started), Some(ended)) => duration::age((ended - started) as f64 / 1e6),
        (Some(started), None) => duration::age((now.0 - started) as f64 / 1e6),
    };
    let holds = |kind: &str| condition(object, kind).is_some_and(|c| text(c, "status") == "True");
    let status = if holds("Complete") {
        "Complete"
    } else if holds("Failed") {
        "Failed"
    } else if at(object, "metadata.deletionTimestamp").is_some() {
        "Terminating"
    } else if holds("Suspended") {
        "Suspended"
    } else if holds("FailureTarget") {
        "FailureTarget"
    } else if holds("SuccessCriteriaMet") {
        "SuccessCriteriaMet"
    } else {
        "Running"
    };
    let [names, images] = template(object);
    let selected = selector(at(object, "spec.selector"));
    vec![name(object), status.to_owned(), completions, span, age_of(object, now), names, images, selected]
}

fn cron_job(object: &Value, now: MicroTime) -> Vec<String> {
    let last = text(object, "status.lastScheduleTime");
    let suspended = at(object, "spec.suspend") == Some(&Value::Bool(true));
    let [names, images] = containers(at(object, "spec.jobTemplate.spec.template.spec"));
    vec![
        name(object),
        text(object, "spec.schedule").to_owned(),
        or_none(text(object, "spec.timeZone")),
        if suspended { "True" } else { "False" }.to_owned(),
        list(object, "status.active").len().to_string(),
        if last.is_empty() { "<none>".to_owned() } else { since(last, now) },
        age_of(object, now),
        names,
        images,
        selector(at(object, "spec.jobTemplate.spec.selector")),
    ]
}

fn controller_revision(object: &Value, now: MicroTime) -> Vec<String> {
    let owner = list(object, "metadata.ownerReferences")
        .iter()
        .find(|owner| owner.get("controller").and_then(Value::as_bool) == Some(true));
    let controller = owner.map_or("<none>".to_owned(), |owner| {
        let group = text(owner, "apiVersion").split_once('/').map_or("", |(group, _)| group);
        format!("{}/{}", qualified(&text(owner, "kind").to_ascii_lowercase(), group), text(owner, "name"))
    });
    vec![name(object), controller, count(object, "revision"), age_of(object, now)]
}
