//! The conditions of a Rollout (`calculateDeploymentConditions`).

use opscape_manifest::api::rollout::RolloutStatus;
use opscape_manifest::golang::quote;

use super::reconcile::Reconcile;
use super::{phase, replicas, sets};
use crate::record::RolloutWhat;
use crate::{Message, conditions};

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
            conditions::set(status, healthy);
        } else if conditions::find(&self.rollout.status, "Healthy").is_some() {
            let not = phase::condition("Healthy", "False", "RolloutHealthy", "Rollout is not healthy", now);
            became_unhealthy = conditions::set(status, not);
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
            if conditions::set(status, aborted) {
                self.record(RolloutWhat::Aborted { revision, why: why.as_str().into() });
                self.tell(&Message::warning("RolloutAborted", &message));
            }
        } else {
            self.set_progress(status, is_healthy, became_unhealthy);
        }
        self.set_availability(status);
        let sets = self.new.iter().chain(&self.all).map(|set| &**set);
        conditions::set_failure(status, sets);
        let (reason, is_complete) = ("RolloutCompleted", phase::is_complete(status));
        let value = if is_complete { "True" } else { "False" };
        let changed = conditions::set(status, phase::condition("Completed", value, reason, reason, now));
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
            conditions::set(status, done);
        } else if phase::is_progressing(&self.rollout, status) || became_unhealthy {
            // A complete Rollout whose pods are restarted is not timed out by that.
            let (reason, text) = if phase::is_complete(status) && became_unhealthy {
                ("ReplicaSetNotAvailable", NOT_AVAILABLE.to_owned())
            } else {
                ("ReplicaSetUpdated", name("is progressing."))
            };
            let mut going = phase::condition("Progressing", "True", reason, &text, now);
            // The time of the last update moves with each bit of progress, also where the reason stays.
            if let Some(known) = conditions::find(&self.rollout.status, "Progressing") {
                if &*known.status == "True" {
                    going.last_transition_time = known.last_transition_time;
                }
                conditions::remove(status, "Progressing");
            }
            conditions::set(status, going);
        } else if !self.is_at_indefinite_step()
            && phase::is_timed_out(&self.rollout, status, self.micro_now().0)
        {
            let text = name("has timed out progressing.");
            let late = phase::condition("Progressing", "False", "ProgressDeadlineExceeded", &text, now);
            let changed = conditions::set(status, late);
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
        conditions::set(status, phase::condition("Available", value, "AvailableReason", text, self.now()));
    }
}
