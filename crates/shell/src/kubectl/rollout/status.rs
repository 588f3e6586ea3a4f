//! `kubectl rollout status` (polymorphichelpers/rollout_status.go).

use opscape_cluster::Op;
use opscape_manifest::api::{Object, Uid};
use opscape_manifest::value::Value;
use opscape_sim::Time;

use crate::kubectl::print::{at, condition, number, text};
use crate::kubectl::target::Target;
use crate::kubectl::{Call, Failure, Next, Outcome, Waiter, words};
use crate::process::Poll;

pub(in crate::kubectl) const STATUS_FLAGS: &str =
    "w|watch! revision# timeout~ f|filename* R|recursive! k|kustomize= l|selector=";

/// What is said of a workload, and whether its rollout is complete.
fn summary(kind: &str, value: &Value, revision: i64) -> Result<(String, bool), Failure> {
    match kind {
        "Deployment" => deployment(value, revision),
        "StatefulSet" => stateful_set(value),
        "DaemonSet" => daemon_set(value),
        other => words(format!("no status viewer has been implemented for {other}")),
    }
}

fn is_observed(value: &Value) -> bool {
    number(value, "metadata.generation") <= number(value, "status.observedGeneration")
}

fn deployment(value: &Value, revision: i64) -> Result<(String, bool), Failure> {
    let name = text(value, "metadata.name");
    if revision > 0 {
        let annotations = at(value, "metadata.annotations");
        let has = annotations
            .and_then(|found| found.get("deployment.kubernetes.io/revision"))
            .and_then(Value::as_str);
        let has: i64 = match has.map(str::parse) {
            Some(Ok(has)) => has,
            _ => return words("cannot get the revision of deployment: unable to find revision annotation"),
        };
        if has != revision {
            return words(format!(
                "desired revision ({revision}) is different from the running revision ({has})"
            ));
        }
    }
    if !is_observed(value) {
        return Ok(("Waiting for deployment spec update to be observed...".to_owned(), false));
    }
    let overdue = condition(value, "Progressing")
        .is_some_and(|condition| text(condition, "reason") == "ProgressDeadlineExceeded");
    if overdue {
        return words(format!("deployment \"{name}\" exceeded its progress deadline"));
    }
    let (wanted, total) = (number(value, "spec.replicas"), number(value, "status.replicas"));
    let (updated, available) =
        (number(value, "status.updatedReplicas"), number(value, "status.availableReplicas"));
    let waiting = format!("Waiting for deployment \"{name}\" rollout to finish: ");
    Ok(if updated < wanted {
        (format!("{waiting}{updated} out of {wanted} new replicas have been updated..."), false)
    } else if total > updated {
        (format!("{waiting}{} old replicas are pending termination...", total - updated), false)
    } else if available < updated {
        (format!("{waiting}{available} of {updated} updated replicas are available..."), false)
    } else {
        (format!("deployment \"{name}\" successfully rolled out"), true)
    })
}

fn stateful_set(value: &Value) -> Result<(String, bool), Failure> {
    if text(value, "spec.updateStrategy.type") != "RollingUpdate" {
        return words("rollout status is only available for RollingUpdate strategy type");
    }
    if number(value, "status.observedGeneration") == 0 || !is_observed(value) {
        return Ok(("Waiting for statefulset spec update to be observed...".to_owned(), false));
    }
    let (wanted, ready) = (number(value, "spec.replicas"), number(value, "status.readyReplicas"));
    if ready < wanted {
        return Ok((format!("Waiting for {} pods to be ready...", wanted - ready), false));
    }
    let updated = number(value, "status.updatedReplicas");
    if at(value, "spec.updateStrategy.rollingUpdate").is_some() {
        let partition = at(value, "spec.updateStrategy.rollingUpdate.partition").and_then(Value::as_int);
        if let Some(partition) = partition.filter(|partition| updated < wanted - partition) {
            let goal = wanted - partition;
            return Ok((
                format!(
                    "Waiting for partitioned roll out to finish: {updated} out of {goal} new pods have been updated..."
                ),
                false,
            ));
        }
        return Ok((format!("partitioned roll out complete: {updated} new pods have been updated..."), true));
    }
    let (next, current) = (text(value, "status.updateRevision"), text(value, "status.currentRevision"));
    Ok(if next == current {
        let count = number(value, "status.currentReplicas");
        (format!("statefulset rolling update complete {count} pods at revision {current}..."), true)
    } else {
        let line = format!(
            "waiting for statefulset rolling update to complete {updated} pods at revision {next}..."
        );
        (line, false)
    })
}

fn daemon_set(value: &Value) -> Result<(String, bool), Failure> {
    if text(value, "spec.updateStrategy.type") != "RollingUpdate" {
        return words("rollout status is only available for RollingUpdate strategy type");
    }
    if !is_observed(value) {
        return Ok(("Waiting for daemon set spec update to be observed...".to_owned(), false));
    }
    let name = text(value, "metadata.name");
    let wanted = number(value, "status.desiredNumberScheduled");
    let updated = number(value, "status.updatedNumberScheduled");
    let available = number(value, "status.numberAvailable");
    let waiting = format!("Waiting for daemon set \"{name}\" rollout to finish: ");
    Ok(if updated < wanted {
        (format!("{waiting}{updated} out of {wanted} new pods have been updated..."), false)
    } else if available < wanted {
        (format!("{waiting}{available} of {wanted} updated pods are available..."), false)
    } else {
        (format!("daemon set \"{name}\" successfully rolled out"), true)
    })
}

/// Watches one workload after the other.
#[derive(Clone)]
struct Watching {
    rest: Vec<(Target, Object)>,
    /// The workload watched, and the version seen of it.
    current: Option<(Target, Uid, u64)>,
    revision: i64,
    watch: bool,
    deadline: Option<Time>,
}

pub(in crate::kubectl) fn status(call: &mut Call<'_, '_>) -> Outcome {
    let (mut found, failures) = super::workloads(call)?;
    Failure::all(failures)?;
    found.reverse();
    let timeout =
        call.flags.duration("timeout").and_then(|span| u64::try_from(span).ok()).filter(|span| *span > 0);
    let now = call.scope.world.now();
    Ok(Next::Wait(Box::new(Watching {
        rest: found,
        current: None,
        revision: call.flags.number("revision").unwrap_or(0),
        watch: call.flags.truth_or("watch", true),
        deadline: timeout.map(|span| Time(now.0.saturating_add(span))),
    })))
}

impl Waiter for Watching {
    fn poll(&mut self, call: &mut Call<'_, '_>) -> Result<Poll, Failure> {
        loop {
            let mut fresh: Vec<(Op, Value)> = Vec::new();
            let store_version = call.scope.world.cluster().store().version();
            let kind = if let Some((target, uid, seen)) = &mut self.current {
                let store = call.scope.world.cluster().store();
                fresh.extend(
                    store
                        .changes_since(*seen)
                        .filter(|change| change.object.meta().uid == *uid)
                        .map(|change| (change.op, change.object.to_value())),
                );
                *seen = store_version;
                target.resource.kind
            } else {
                let Some((target, object)) = self.rest.pop() else { return Ok(Poll::Done(0)) };
                let kind = target.resource.kind;
                fresh.push((Op::Added, object.to_value()));
                self.current = Some((target, object.meta().uid, store_version));
                kind
            };
            for (op, value) in fresh {
                if op == Op::Deleted {
                    return words("object has been deleted");
                }
                let (line, done) = summary(kind, &value, self.revision)?;
                call.say(&line);
                if done || !self.watch {
                    self.current = None;
                    break;
                }
            }
            if self.current.is_none() {
                continue;
            }
            let now = call.scope.world.now();
            if self.deadline.is_some_and(|deadline| now >= deadline) {
                return words("timed out waiting for the condition");
            }
            return Ok(Poll::Waiting(self.deadline));
        }
    }
}
