//! Blue-green (rollout/bluegreen.go).

use std::sync::Arc;

use opscape_manifest::api::rollout::RolloutStatus;
use opscape_manifest::api::{Service, Timestamp};

use super::reconcile::{Reconcile, Retry};
use super::sets::{self, Set};
use super::{pause, replicas};
use crate::record::ScaleRule;

impl Reconcile<'_, '_> {
    /// `rolloutBlueGreen`
    pub(super) fn blue_green(&mut self) -> Result<(), Retry> {
        let Some(active) = self.active_service() else { return Err(Retry) };
        self.sync_revision(true)?;
        // Right after the new ReplicaSet is made.
        self.switch_preview()?;
        if self.template_changed() {
            return self.write_blue_green_status();
        }
        self.restart_pods();
        self.scale_blue_green(&active)?;
        self.pause_blue_green(&active);
        self.switch_active(&active)?;
        self.run_analysis()?;
        self.sync_metadata()?;
        self.write_blue_green_status()
    }

    /// `reconcileBlueGreenReplicaSets`
    pub(super) fn scale_blue_green(&mut self, active: &Service) -> Result<(), Retry> {
        self.remove_deadlines()?;
        let hash = active.spec.selector.get(sets::HASH).cloned().unwrap_or_default();
        if let Some(active) = sets::by_hash(&self.all, &hash).cloned() {
            let replicas = replicas::wanted(&self.rollout);
            self.scale_set(&active, replicas, ScaleRule::BlueGreen { replicas, preview: false })?;
        }
        self.scale_new()?;
        self.scale_others_of_blue_green()?;
        self.clean_up();
        Ok(())
    }

    /// `scaleDownOldReplicaSetsForBlueGreen`
    fn scale_others_of_blue_green(&mut self) -> Result<(), Retry> {
        if pause::condition(&self.rollout, pause::INCONCLUSIVE).is_some() {
            return Ok(());
        }
        let Some(strategy) = self.rollout.spec.strategy.blue_green.clone() else { return Ok(()) };
        let waits = strategy.post_promotion_analysis.is_some()
            && strategy.scale_down_delay_seconds.is_none()
            && !self.skips_post_promotion();
        if waits && self.runs.after.as_ref().is_none_or(|run| &*run.status.phase != "Successful") {
            return Ok(());
        }
        let mut active: Vec<Set> =
            self.others.iter().filter(|set| sets::size(set).spec > 0).cloned().collect();
        active.sort_by_key(|set| std::cmp::Reverse((sets::revision(&set.metadata), set.metadata.uid)));
        let wanted = replicas::wanted(&self.rollout);
        let mut annotated = 0;
        for set in active {
            if self.is_referenced(&set) {
                continue;
            }
            let (to, why) = self.delayed_size(&set, &mut annotated, wanted)?;
            if to != sets::size(&set).spec {
                self.scale_set(&set, to, why)?;
            }
        }
        Ok(())
    }

    /// `ReadyForPause`
    pub(super) fn is_ready_for_pause(&self, new: &Set) -> bool {
        let (count, _) = self.new_size(new);
        let size = sets::size(new);
        size.spec == count && size.available == count
    }

    /// Whether the pause is skipped (`isBlueGreenFastTracked`).
    pub(super) fn is_fast_tracked(&self, new: &Set, active: &Service) -> bool {
        let selected = active.spec.selector.get(sets::HASH);
        sets::has_deadline(new)
            || self.rollout.status.promote_full
            || selected.is_none_or(|hash| **hash == *sets::hash_of(new))
    }

    /// `completedPrePromotionAnalysis`
    pub(super) fn is_pre_promotion_analysis_done(&self) -> bool {
        let strategy = self.rollout.spec.strategy.blue_green.as_ref();
        strategy.is_none_or(|strategy| strategy.pre_promotion_analysis.is_none())
            || self.runs.before.as_ref().is_some_and(|run| &*run.status.phase == "Successful")
    }

    /// `reconcileBlueGreenPause`
    fn pause_blue_green(&mut self, active: &Service) {
        let Some(new) = self.new.clone() else { return };
        if self.rollout.status.abort || !self.is_ready_for_pause(&new) || pause::halts(&self.rollout) {
            return;
        }
        if self.is_fast_tracked(&new, active)
            || self.rollout.status.blue_green.scale_up_preview_check_point
            || !pause::needs_pause(&self.rollout)
        {
            self.pauses.remove(pause::BLUE_GREEN);
            return;
        }
        if !self.is_pre_promotion_analysis_done() {
            return;
        }
        match pause::condition(&self.rollout, pause::BLUE_GREEN).cloned() {
            Some(_) if self.pauses.blue_green_is_over(&self.rollout, self.micro_now()) => {
                self.pauses.remove(pause::BLUE_GREEN);
            }
            Some(condition) => {
                let strategy = self.rollout.spec.strategy.blue_green.as_ref();
                let seconds = strategy.map_or(0, |strategy| strategy.auto_promotion_seconds);
                if seconds > 0 {
                    self.look_at(Timestamp(condition.start_time.0 + i64::from(seconds)));
                }
            }
            // Without a condition although the controller paused: a person went on.
            None if !self.rollout.status.controller_pause => self.pauses.add(pause::BLUE_GREEN),
            None => {}
        }
    }

    /// `syncRolloutStatusBlueGreen`
    fn write_blue_green_status(&mut self) -> Result<(), Retry> {
        let mut status = self.base_status();
        if self.template_changed() {
            self.reset(&mut status);
        }
        if self.rollout.status.promote_full || self.is_rollback_within_window() {
            self.pauses.clear();
            self.pauses.remove_abort();
        }
        let Some(strategy) = self.rollout.spec.strategy.blue_green.clone() else { return Ok(()) };
        status.blue_green.preview_selector = self.selected_by(&strategy.preview_service).unwrap_or_default();
        status.blue_green.active_selector = self.selected_by(&strategy.active_service).unwrap_or_default();
        match self.promotion(&status) {
            Some(reason) => self.promote(&mut status, &reason),
            None => status.blue_green.scale_up_preview_check_point = self.is_past_preview(),
        }
        let active: Option<Set> = sets::by_hash(&self.all, &status.blue_green.active_selector).cloned();
        count_active(&mut status, active.as_ref());
        let selector = active.as_ref().map_or(&self.rollout.spec.selector, |active| &active.spec.selector);
        status.selector = sets::selector_text(selector.as_ref()).as_str().into();
        self.set_conditions(&mut status);
        self.persist(status)
    }

    /// `calculateScaleUpPreviewCheckPoint`
    fn is_past_preview(&self) -> bool {
        let strategy = self.rollout.spec.strategy.blue_green.as_ref();
        let Some(count) = strategy.and_then(|strategy| strategy.preview_replica_count) else { return false };
        self.rollout.status.blue_green.scale_up_preview_check_point
            || (self.is_pre_promotion_analysis_done()
                && self.pauses.blue_green_is_over(&self.rollout, self.micro_now())
                && self.new.as_ref().is_some_and(|new| sets::size(new).available == count))
    }

    pub(super) fn active_service(&self) -> Option<Arc<Service>> {
        let name = &self.rollout.spec.strategy.blue_green.as_ref()?.active_service;
        self.service(name)
    }
}

/// What an autoscaler and people see are the pods that users reach.
fn count_active(status: &mut RolloutStatus, active: Option<&Set>) {
    status.hpa_replicas = status.replicas;
    if let Some(active) = active {
        let size = sets::size(active);
        status.hpa_replicas = size.created;
        status.available_replicas = size.available;
        status.ready_replicas = active.status.ready_replicas;
    }
}
