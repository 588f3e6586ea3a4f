//! The status of a ReplicaSet (pkg/controller/replicaset/replica_set_utils.go).

use std::sync::Arc;

use opscape_manifest::api::ReplicaSet;
use opscape_manifest::api::apps::{ReplicaSetCondition, ReplicaSetStatus};
use opscape_manifest::api::meta::Timestamp;

use super::counts::Counts;
use crate::record::ConditionChanged;
use crate::{Api, Context, Record, Subject, words};

/// Writes the status if it changed. The numbers are those from before pods were created or deleted.
pub(super) fn update(
    replica_set: &Arc<ReplicaSet>,
    counts: &Counts,
    failed: Option<&str>,
    api: &mut Api,
    context: &mut Context<'_>,
) {
    let now = api.timestamp(context.now());
    let mut status = ReplicaSetStatus {
        replicas: counts.active,
        fully_labeled_replicas: counts.fully_labeled,
        ready_replicas: counts.ready,
        available_replicas: counts.available,
        terminating_replicas: Some(counts.terminating),
        observed_generation: replica_set.metadata.generation,
        conditions: replica_set.status.conditions.clone(),
    };
    let changed = update_failure(&mut status, replica_set, counts.active, failed, now);
    if status == replica_set.status {
        return;
    }
    if let Some(changed) = changed {
        context.record(Record::ConditionChanged(Box::new(changed)));
    }
    let mut new = ReplicaSet::clone(replica_set);
    new.status = status;
    api.put_modified(new, context);
}

fn update_failure(
    status: &mut ReplicaSetStatus,
    replica_set: &Arc<ReplicaSet>,
    active: i32,
    failed: Option<&str>,
    now: Timestamp,
) -> Option<ConditionChanged> {
    let known = status.conditions.iter().find(|condition| &*condition.kind == "ReplicaFailure").cloned();
    let subject = Subject::of_resource(&**replica_set);
    match (failed, known) {
        (Some(message), None) => {
            let want = replica_set.spec.replicas.unwrap_or(1);
            let reason = if active < want { "FailedCreate" } else { "FailedDelete" };
            let condition = ReplicaSetCondition {
                kind: words::replica_failure(),
                status: words::yes(),
                reason: reason.into(),
                message: message.into(),
                last_transition_time: Some(now),
            };
            status.conditions.push(condition.clone());
            Some(ConditionChanged {
                subject,
                condition: condition.kind,
                before: None,
                status: Some(condition.status),
                reason: condition.reason,
                message: condition.message,
            })
        }
        (None, Some(known)) => {
            status.conditions.retain(|condition| &*condition.kind != "ReplicaFailure");
            Some(ConditionChanged {
                subject,
                condition: known.kind,
                before: Some((known.status, known.reason)),
                status: None,
                reason: words::empty(),
                message: words::empty(),
            })
        }
        _ => None,
    }
}
