//! Conditions of Deployments (pkg/controller/deployment/util) and of Rollouts, which do as these (argo-rollouts
//! utils/conditions).

use opscape_manifest::api::ReplicaSet;
use opscape_manifest::api::apps::{DeploymentCondition, DeploymentStatus};
use opscape_manifest::api::rollout::RolloutStatus;

use crate::record::ConditionChanged;
use crate::{Subject, words};

/// A status with such conditions.
pub trait Conditioned {
    /// Its conditions.
    fn conditions(&self) -> &Vec<DeploymentCondition>;
    /// Its conditions, to change.
    fn conditions_mut(&mut self) -> &mut Vec<DeploymentCondition>;
}

macro_rules! conditioned {
    ($($status:ty),*) => { $(
        impl Conditioned for $status {
            fn conditions(&self) -> &Vec<DeploymentCondition> {
                &self.conditions
            }

            fn conditions_mut(&mut self) -> &mut Vec<DeploymentCondition> {
                &mut self.conditions
            }
        }
    )* };
}

conditioned!(DeploymentStatus, RolloutStatus);

/// A condition by its type.
pub fn find<'a>(status: &'a impl Conditioned, kind: &str) -> Option<&'a DeploymentCondition> {
    status.conditions().iter().find(|condition| &*condition.kind == kind)
}

/// `SetDeploymentCondition`, `SetRolloutCondition`: nothing happens if status and reason are the same. Says whether something
/// did.
pub(crate) fn set(status: &mut impl Conditioned, mut condition: DeploymentCondition) -> bool {
    if let Some(known) = find(status, &condition.kind) {
        if known.status == condition.status && known.reason == condition.reason {
            return false;
        }
        if known.status == condition.status {
            condition.last_transition_time = known.last_transition_time;
        }
    }
    remove(status, &condition.kind);
    status.conditions_mut().push(condition);
    true
}

/// Takes a condition away.
pub(crate) fn remove(status: &mut impl Conditioned, kind: &str) {
    status.conditions_mut().retain(|condition| &*condition.kind != kind);
}

/// The condition ReplicaFailure: that of the first of these ReplicaSets that has one (`getReplicaFailures`).
pub(crate) fn set_failure<'a>(status: &mut impl Conditioned, sets: impl Iterator<Item = &'a ReplicaSet>) {
    let mut conditions = sets.flat_map(|set| &set.status.conditions);
    let Some(failure) = conditions.find(|condition| &*condition.kind == "ReplicaFailure") else {
        return remove(status, "ReplicaFailure");
    };
    let failure = DeploymentCondition {
        kind: failure.kind.clone(),
        status: failure.status.clone(),
        reason: failure.reason.clone(),
        message: failure.message.clone(),
        last_update_time: failure.last_transition_time,
        last_transition_time: failure.last_transition_time,
    };
    set(status, failure);
}

/// What changed among the conditions of an object.
pub(crate) fn changes<S: Conditioned>(subject: &Subject, before: &S, after: &S) -> Vec<ConditionChanged> {
    let known = |condition: &DeploymentCondition| (condition.status.clone(), condition.reason.clone());
    let mut changes = Vec::new();
    for condition in after.conditions() {
        let was = find(before, &condition.kind).map(known);
        if was.as_ref() != Some(&known(condition)) {
            changes.push(ConditionChanged {
                subject: subject.clone(),
                condition: condition.kind.clone(),
                before: was,
                status: Some(condition.status.clone()),
                reason: condition.reason.clone(),
                message: condition.message.clone(),
            });
        }
    }
    for condition in before.conditions().iter().filter(|was| find(after, &was.kind).is_none()) {
        changes.push(ConditionChanged {
            subject: subject.clone(),
            condition: condition.kind.clone(),
            before: Some(known(condition)),
            status: None,
            reason: words::empty(),
            message: words::empty(),
        });
    }
    changes
}
