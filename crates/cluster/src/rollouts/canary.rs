//! Canary (rollout/canary.go).

use opscape_manifest::api::analysis::is_completed;
use opscape_manifest::api::rollout::CanaryStep;

use super::pause;
use super::reconcile::{Reconcile, Retry};
use super::replicas;
use super::sets::{self, Set};
use crate::Message;
use crate::conditions;
use crate::record::{RolloutWhat, ScaleRule};

impl Reconcile<'_, '_> {
    /// `rolloutCanary`
    pub(super) fn canary(&mut self) -> Result<(), Retry> {
        if self.template_or_steps_changed() {
            self.sync_revision(false)?;
            return self.write_canary_status();
        }
        self.sync_revision(true)?;
        self.restart_pods();
        self.sync_metadata()?;
        self.clean_up();
        self.switch_canary_services()?;
        self.route_traffic()?;
        self.run_analysis()?;
        if !self.pauses.added.is_empty() {
            // An analysis said neither yes nor no.
            return self.write_canary_status();
        }
        if !self.scale_canary()? {
            self.pause_canary();
        }
        self.write_canary_status()
    }

    /// `PodTemplateOrStepsChanged`
    fn template_or_steps_changed(&self) -> bool {
        let known = &self.rollout.status.current_step_hash;
        known.is_empty() || **known != *sets::step_hash(&self.rollout) || self.template_changed()
    }

    /// `reconcileCanaryReplicaSets`; says whether a size changed.
    pub(super) fn scale_canary(&mut self) -> Result<bool, Retry> {
        if pause::halts(&self.rollout) {
            return Ok(false);
        }
        self.remove_deadlines()?;
        let sides = self.sides();
        if let Some(stable) = self.stable.clone().filter(|_| !sides.same) {
            let wanted = replicas::wanted(&self.rollout);
            let routed = replicas::is_routed(&self.rollout);
            // With the weights of the last time: pods go after the traffic has gone.
            let count = if routed {
                replicas::routed(&self.rollout, self.rollout.status.canary.weights.as_ref()).1
            } else {
                replicas::basic(&self.rollout, &sides).1
            };
            let (_, weight) = replicas::replicas_or_weight(&self.rollout);
            let why = ScaleRule::Weighted { weight: 100 - weight, replicas: wanted, routed, canary: false };
            if self.scale_set(&stable, count, why)?.0 {
                return Ok(true);
            }
        }
        if self.new.is_none() && !replicas::is_fully_promoted(&self.rollout) {
            self.new = sets::by_hash(&self.all, &self.rollout.status.current_pod_hash).cloned();
        }
        if self.scale_new()? {
            return Ok(true);
        }
        self.scale_others_of_canary()
    }

    /// `scaleDownOldReplicaSetsForCanary`
    fn scale_others_of_canary(&mut self) -> Result<bool, Retry> {
        let mut active: Vec<Set> =
            self.others.iter().filter(|set| sets::size(set).spec > 0).cloned().collect();
        if active.is_empty() {
            return Ok(false);
        }
        let mut scaled = false;
        // Pods that are not available go first.
        for set in &mut active {
            let size = sets::size(set);
            if size.available < size.spec {
                let (changed, now) = self.scale_set(set, size.available, ScaleRule::Unneeded)?;
                scaled |= changed;
                *set = now;
            }
        }
        let available: i32 = self.all.iter().map(|set| sets::size(set).available).sum();
        let (_, max_unavailable) = replicas::limits(&self.rollout);
        let mut room = available - (replicas::wanted(&self.rollout) - max_unavailable);
        if room <= 0 {
            return Ok(scaled);
        }
        active.sort_by_key(|set| std::cmp::Reverse((sets::revision(&set.metadata), set.metadata.uid)));
        let routed = replicas::is_routed(&self.rollout);
        let canary = self.rollout.spec.strategy.canary.as_ref();
        let dynamic = canary.is_some_and(|canary| canary.dynamic_stable_scale);
        let mut annotated = 0;
        for set in active {
            let size = sets::size(&set).spec;
            if (routed && self.is_referenced(&set)) || size == 0 {
                continue;
            }
            if room <= 0 {
                break;
            }
            let (to, why) = if !routed {
                ((size - room).max(0), ScaleRule::Unneeded)
            } else if !dynamic && (replicas::is_fully_promoted(&self.rollout) || sets::has_deadline(&set)) {
                self.delayed_size(&set, &mut annotated, size)?
            } else {
                // Somebody changed his mind in the middle of an update: no traffic leads there.
                (0, ScaleRule::Unneeded)
            };
            if to != size {
                scaled |= self.scale_set(&set, to, why)?.0;
                room -= size - to;
            }
        }
        Ok(scaled)
    }

    /// Whether a Service or a weight still leads to a ReplicaSet (`isReplicaSetReferenced`).
    pub(super) fn is_referenced(&self, set: &Set) -> bool {
        let hash = sets::hash_of(set);
        let status = &self.rollout.status;
        let weights = status.canary.weights.as_ref();
        let known = [
            &*status.stable_rs,
            &status.current_pod_hash,
            &status.blue_green.active_selector,
            &status.blue_green.preview_selector,
            weights.map_or("", |weights| &weights.canary.pod_template_hash),
            weights.map_or("", |weights| &weights.stable.pod_template_hash),
        ];
        if hash.is_empty() || known.contains(&hash) {
            return !hash.is_empty();
        }
        let strategy = &self.rollout.spec.strategy;
        let (canary, blue_green) = (strategy.canary.as_ref(), strategy.blue_green.as_ref());
        let services = canary
            .map(|one| [&one.canary_service, &one.stable_service])
            .or(blue_green.map(|one| [&one.active_service, &one.preview_service]));
        services.into_iter().flatten().any(|name| self.selected_by(name).as_deref() == Some(hash))
    }

    /// `reconcileCanaryPause`
    fn pause_canary(&mut self) {
        if self.rollout.spec.paused || self.rollout.status.promote_full {
            return;
        }
        let (Some(step), _) = replicas::current_step(&self.rollout) else { return };
        let Some(wait) = step.pause.clone() else { return };
        match pause::condition(&self.rollout, pause::CANARY) {
            None if !self.rollout.status.controller_pause => self.pauses.add(pause::CANARY),
            Some(condition) if wait.duration.is_some() => {
                let end = condition.start_time.0.saturating_add(wait.seconds());
                self.look_at(opscape_manifest::api::Timestamp(end));
            }
            None | Some(_) => {}
        }
    }

    /// `completedCurrentCanaryStep`
    fn is_step_complete(&self) -> bool {
        let (Some(step), _) = replicas::current_step(&self.rollout) else { return false };
        if self.rollout.spec.paused {
            return false;
        }
        if let Some(wait) = &step.pause {
            return pause::canary_is_over(&self.rollout, wait, self.micro_now());
        }
        if step.set_canary_scale.is_some() || step.set_weight.is_some() {
            return replicas::is_at_desired(&self.rollout, &self.sides(), self.next.canary.weights.as_ref());
        }
        if step.set_header_route.is_some() {
            return true;
        }
        let run = self.runs.step.as_ref().map(|run| &*run.status.phase);
        step.analysis.is_some() && run.is_some_and(|phase| is_completed(phase) && phase == "Successful")
    }

    /// `syncRolloutStatusCanary`
    fn write_canary_status(&mut self) -> Result<(), Retry> {
        let mut status = self.base_status();
        status.hpa_replicas = status.replicas;
        status.selector = sets::selector_text(self.rollout.spec.selector.as_ref()).as_str().into();
        status.current_step_hash = sets::step_hash(&self.rollout).as_str().into();
        let count = i32::try_from(replicas::steps(&self.rollout).len()).unwrap_or(i32::MAX);
        if self.template_or_steps_changed() {
            self.reset(&mut status);
            if count > 0 && self.new.is_some() {
                let to_active = self.new.as_ref().is_some_and(|new| sets::size(new).spec > 0);
                let skip = if *self.new_hash() == *self.rollout.status.stable_rs {
                    Some("Rollback to stable ReplicaSets")
                } else if self.is_rollback_within_window() && to_active {
                    Some("Rollback to active ReplicaSets within RollbackWindow")
                } else {
                    None
                };
                if let Some(text) = skip {
                    self.tell(&Message::normal("SkipSteps", text));
                    status.current_step_index = Some(count);
                }
            }
            self.set_conditions(&mut status);
            return self.persist(status);
        }
        let mut index = replicas::current_step(&self.rollout).1;
        if self.rollout.status.promote_full || self.is_rollback_within_window() {
            self.pauses.clear();
            self.pauses.remove_abort();
            if count > 0 {
                index = usize::try_from(count).ok();
            }
        }
        if let Some(reason) = self.promotion(&status) {
            self.promote(&mut status, &reason);
            self.set_conditions(&mut status);
            return self.persist(status);
        }
        if self.is_aborted() {
            if count > 0 {
                let stable = status.stable_rs == status.current_pod_hash;
                status.current_step_index = Some(if stable { count } else { 0 });
            }
            self.set_conditions(&mut status);
            return self.persist(status);
        }
        let step = replicas::current_step(&self.rollout).0.map(CanaryStep::words);
        if let (Some(step), Some(at), true) = (step, index, self.is_step_complete()) {
            index = Some(at + 1);
            status.canary.current_step_analysis_run_status = None;
            self.record(RolloutWhat::StepDone {
                step: u32::try_from(at + 1).unwrap_or(u32::MAX),
                of: u32::try_from(count).unwrap_or_default(),
                words: step.as_str().into(),
            });
            let text = format!("Rollout step {}/{count} completed ({step})", at + 1);
            self.tell(&Message::normal("RolloutStepCompleted", &text));
            self.pauses.remove(pause::CANARY);
        }
        status.current_step_index = index.and_then(|index| i32::try_from(index).ok());
        self.set_conditions(&mut status);
        // An abort that was decided while the conditions were made counts at once.
        if self.pauses.is_aborting() && conditions::find(&status, "Progressing").is_some() && count > 0 {
            status.current_step_index = Some(0);
        }
        self.persist(status)
    }
}
