//! The conditions of a Rollout (`calculateRolloutConditions`).

use opscape_manifest::api::Rollout;
use opscape_manifest::api::rollout::{RolloutCondition, RolloutStatus};
use opscape_manifest::golang::quote;

use super::reconcile::Reconcile;
use super::{phase, replicas, sets};
use crate::record::{ConditionChanged, RolloutWhat};
use crate::{Message, Subject, words};

const NOT_AVAILABLE: &str = "Rollout does not have minimum availability";

impl Reconcile<'_, '_> {
    /// Sets the conditions of the status that is being made.
    pub(super) fn set_conditions(&mut self, status: &mut RolloutStatus) {
        let now = self.now();
        let is_paused = !self.rollout.status.pause_conditions.is_empty() || self.rollout.spec.paused;
        let is_healthy = phase::is_healthy(&self.rollout, status);
        let mut became_unhealthy = false;
        if !is_paused && is_healthy {
            let healthy = phase::condition("Healthy", "True", "RolloutHealthy", "Rollout is healthy", now);
            phase::set(status, healthy);
        } else if phase::find(&self.rollout.status, "Healthy").is_some() {
            let not = phase::condition("Healthy", "False", "RolloutHealthy", "Rollout is not healthy", now);
            became_unhealthy = phase::set(status, not);
        }
        let is_aborted = self.is_aborted();
        if is_aborted {
            let revision = sets::revision(&self.rollout.metadata);
            let mut message = format!("Rollout aborted update to revision {revision}");
            let why = self.pauses.abort_message().to_owned();
            if !why.is_empty() {
                message = format!("{message}: {why}");
            }
            let aborted = phase::condition("Progressing", "False", "RolloutAborted", &message, now);
            if phase::set(status, aborted) {
                self.record(RolloutWhat::Aborted { revision, why: why.as_str().into() });
                self.tell(&Message::warning("RolloutAborted", &message));
            }
        } else {
            self.set_progress(status, is_healthy, became_unhealthy);
        }
        self.set_availability(status);
        let failures = self.new.iter().chain(&self.all).flat_map(|set| &set.status.conditions);
        let failure = failures.clone().find(|condition| &*condition.kind == "ReplicaFailure").cloned();
        match failure {
            None => phase::remove(status, "ReplicaFailure"),
            Some(failure) => {
                let failure = RolloutCondition {
                    kind: failure.kind,
                    status: failure.status,
                    last_update_time: failure.last_transition_time,
                    last_transition_time: failure.last_transition_time,
                    reason: failure.reason,
                    message: failure.message,
                };
                phase::set(status, failure);
            }
        }
        let (reason, is_complete) = ("RolloutCompleted", phase::is_complete(status));
        let value = if is_complete { "True" } else { "False" };
        let changed = phase::set(status, phase::condition("Completed", value, reason, reason, now));
        if changed && !is_complete {
            let revision = sets::revision(&self.rollout.metadata) + 1;
            let hash = &status.current_pod_hash;
            let text = format!("Rollout not completed, started update to revision {revision} ({hash})");
            self.tell(&Message::normal("RolloutNotCompleted", &text));
        }
    }

    fn set_progress(&mut self, status: &mut RolloutStatus, is_healthy: bool, became_unhealthy: bool) {
        let now = self.now();
        let name = |end: &str| match &self.new {
            Some(new) => format!("ReplicaSet {} {end}", quote(&new.metadata.name)),
            None => format!("Rollout {} {end}", quote(&self.rollout.metadata.name)),
        };
        if is_healthy {
            let text = name("has successfully progressed.");
            let done = phase::condition("Progressing", "True", "NewReplicaSetAvailable", &text, now);
            phase::set(status, done);
        } else if phase::is_progressing(&self.rollout, status) || became_unhealthy {
            // A complete Rollout whose pods are restarted is not timed out by that.
            let (reason, text) = if phase::is_complete(status) && became_unhealthy {
                ("ReplicaSetNotAvailable", NOT_AVAILABLE.to_owned())
            } else {
                ("ReplicaSetUpdated", name("is progressing."))
            };
            let mut going = phase::condition("Progressing", "True", reason, &text, now);
            // The time of the last update moves with each bit of progress, also where the reason stays.
            if let Some(known) = phase::find(&self.rollout.status, "Progressing") {
                if &*known.status == "True" {
                    going.last_transition_time = known.last_transition_time;
                }
                phase::remove(status, "Progressing");
            }
            phase::set(status, going);
        } else if !self.is_at_indefinite_step()
            && phase::is_timed_out(&self.rollout, status, self.micro_now().0)
        {
            let text = name("has timed out progressing.");
            let late = phase::condition("Progressing", "False", "ProgressDeadlineExceeded", &text, now);
            let changed = phase::set(status, late);
            if self.rollout.spec.progress_deadline_abort && (changed || !self.is_aborted()) {
                self.pauses.abort(&text);
                self.tell(&Message::warning("RolloutAborted", &text));
            }
        }
    }

    fn set_availability(&self, status: &mut RolloutStatus) {
        let strategy = &self.rollout.spec.strategy;
        let active = sets::by_hash(&self.all, &status.blue_green.active_selector);
        let is_available = if strategy.blue_green.is_some() {
            active.is_some_and(|active| sets::is_saturated(&self.rollout, active))
        } else {
            let available: i32 = self.all.iter().map(|set| sets::size(set).available).sum();
            available >= replicas::wanted(&self.rollout)
        };
        let (value, text) = if is_available {
            ("True", "Rollout has minimum availability")
        } else {
            ("False", NOT_AVAILABLE)
        };
        phase::set(status, phase::condition("Available", value, "AvailableReason", text, self.now()));
    }
}

/// What changed among the conditions.
pub(super) fn changes(
    rollout: &Rollout,
    before: &RolloutStatus,
    after: &RolloutStatus,
) -> Vec<ConditionChanged> {
    let known = |condition: &RolloutCondition| (condition.status.clone(), condition.reason.clone());
    let mut changes = Vec::new();
    for condition in &after.conditions {
        let was = phase::find(before, &condition.kind).map(known);
        if was.as_ref() != Some(&known(condition)) {
            changes.push(ConditionChanged {
                subject: Subject::of_resource(rollout),
                condition: condition.kind.clone(),
                before: was,
                status: Some(condition.status.clone()),
                reason: condition.reason.clone(),
                message: condition.message.clone(),
            });
        }
    }
    for condition in before.conditions.iter().filter(|was| phase::find(after, &was.kind).is_none()) {
        changes.push(ConditionChanged {
            subject: Subject::of_resource(rollout),
            condition: condition.kind.clone(),
            before: Some(known(condition)),
            status: None,
            reason: words::empty(),
            message: words::empty(),
        });
    }
    changes
}
