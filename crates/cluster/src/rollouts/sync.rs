//! Revisions, new ReplicaSets, scaling, promotion (rollout/sync.go).

use std::sync::Arc;

use opscape_manifest::api::meta::{ObjectMeta, Timestamp};
use opscape_manifest::api::pod::PodTemplateSpec;
use opscape_manifest::api::rollout::RolloutStatus;
use opscape_manifest::api::{Object, ObjectKey, ReplicaSet};
use opscape_manifest::golang::quote;

use super::reconcile::{Reconcile, Retry};
use super::replicas::{self, Size};
use super::sets::{self, Set};
use super::{abort_delay, is_older, metadata, phase, scale_down_delay};
use crate::conditions;
use crate::record::{CleanedUpReplicaSet, CreatedReplicaSet, RolloutWhat, ScaleRule};
use crate::{DeleteOptions, Message, Record, Subject, words};

impl Reconcile<'_, '_> {
    /// `getAllReplicaSetsAndSyncRevision`
    pub(super) fn sync_revision(&mut self, create: bool) -> Result<(), Retry> {
        let newest = self
            .all
            .iter()
            .filter(|set| self.new.as_ref().is_none_or(|new| new.metadata.uid != set.metadata.uid))
            .map(|set| sets::revision(&set.metadata))
            .max();
        let revision = newest.unwrap_or(0).max(0) + 1;
        match self.new.clone() {
            Some(new) => self.keep_new(&new, revision),
            None if create => self.create_new(revision),
            None => Ok(()),
        }
    }

    /// `syncReplicaSetRevision`
    fn keep_new(&mut self, new: &Set, revision: i64) -> Result<(), Retry> {
        let mut meta = new.metadata.clone();
        let annotated = sets::annotate(&self.rollout, &mut meta, revision, true);
        let min_ready = self.rollout.spec.min_ready_seconds;
        let outdated = metadata::is_outdated(new, &self.rollout);
        if annotated || outdated || new.spec.min_ready_seconds != min_ready {
            let affinity = outdated.then(|| metadata::affinity(&self.rollout));
            let written = self.update_set(new, |set| {
                set.metadata.annotations = meta.annotations;
                set.spec.min_ready_seconds = min_ready;
                if let Some(affinity) = affinity {
                    let template = Arc::make_mut(&mut set.spec.template);
                    Arc::make_mut(&mut template.spec).affinity = affinity;
                }
            })?;
            self.take_new(written);
            return Ok(());
        }
        let own = new.metadata.annotation(sets::REVISION).unwrap_or_default().to_owned();
        self.set_revision(&own)?;
        if conditions::find(&self.rollout.status, "Progressing").is_none() {
            let text = format!("Found new replica set {}", quote(&new.metadata.name));
            let now = self.now();
            let mut status = self.rollout.status.clone();
            let found = phase::condition("Progressing", "True", "FoundNewReplicaSet", &text, now);
            conditions::set(&mut status, found);
            self.write_status(status)?;
        }
        Ok(())
    }

    /// The new ReplicaSet as it is now, in all places.
    fn take_new(&mut self, new: Set) {
        let uid = new.metadata.uid;
        if self.stable.as_ref().is_some_and(|stable| stable.metadata.uid == uid) {
            self.stable = Some(new.clone());
        }
        if let Some(slot) = self.all.iter_mut().find(|set| set.metadata.uid == uid) {
            *slot = new.clone();
        }
        self.new = Some(new);
    }

    /// `setRolloutRevision`
    fn set_revision(&mut self, revision: &str) -> Result<(), Retry> {
        if self.rollout.metadata.annotation(sets::REVISION) == Some(revision) {
            return Ok(());
        }
        self.modify(|rollout| {
            rollout.metadata.set_annotation(sets::REVISION, revision);
        })?;
        let text = format!("Rollout updated to revision {revision}");
        self.tell(&Message::normal("RolloutUpdated", &text));
        Ok(())
    }

    /// `createDesiredReplicaSet`
    fn create_new(&mut self, revision: i64) -> Result<(), Retry> {
        let spec = &self.rollout.spec;
        let hash = sets::present_hash(&self.rollout);
        let mut template = PodTemplateSpec::clone(&spec.template);
        template.metadata.set_label(sets::HASH, &hash);
        Arc::make_mut(&mut template.spec).affinity = metadata::affinity(&self.rollout);
        let mut selector = spec.selector.clone().unwrap_or_default();
        selector.match_labels.insert(sets::HASH.into(), hash.as_str().into());
        let mut set = ReplicaSet {
            metadata: ObjectMeta {
                name: [&self.rollout.metadata.name, "-", &hash].concat().into(),
                namespace: self.rollout.metadata.namespace.clone(),
                labels: template.metadata.labels.clone(),
                owner_references: vec![self.reference()],
                ..ObjectMeta::default()
            },
            ..ReplicaSet::default()
        };
        set.spec.replicas = Some(0);
        set.spec.min_ready_seconds = spec.min_ready_seconds;
        set.spec.selector = Some(selector);
        set.spec.template = Arc::new(template);
        sets::annotate(&self.rollout, &mut set.metadata, revision, false);
        self.inject(&mut set);
        let name = set.metadata.name.clone();
        let before = self.context.cause();
        self.context.record_as_cause(Record::CreatedReplicaSet(Box::new(CreatedReplicaSet {
            deployment: Subject::of_resource(&self.rollout),
            replica_set: Subject::of_resource(&set),
            revision,
            replicas: 0,
            why: ScaleRule::FromZero,
        })));
        let created = match self.api.create(Object::ReplicaSet(Arc::new(set)), self.context) {
            Ok(Object::ReplicaSet(set)) => set,
            Ok(_) => return Err(Retry),
            Err(refused) if refused.reason == "AlreadyExists" => return self.avoid_collision(),
            Err(refused) => {
                self.context.because(before);
                let text = format!("Failed to create new replica set {}: {refused}", quote(&name));
                self.tell(&Message::warning("ReplicaSetCreateError", &text));
                let now = self.now();
                let mut status = self.rollout.status.clone();
                let failed = phase::condition("Progressing", "False", "ReplicaSetCreateError", &text, now);
                conditions::set(&mut status, failed);
                self.write_status(status)?;
                return Err(Retry);
            }
        };
        self.set_revision(&revision.to_string())?;
        let text = format!("Created ReplicaSet {name} (revision {revision})");
        self.tell(&Message::normal("NewReplicaSetCreated", &text));
        let now = self.now();
        let mut status = self.rollout.status.clone();
        let text = format!("Created new replica set {}", quote(&name));
        conditions::set(
            &mut status,
            phase::condition("Progressing", "True", "NewReplicaSetCreated", &text, now),
        );
        self.write_status(status)?;
        self.context.because(before);
        self.new = Some(created);
        Ok(())
    }

    /// Another template has the same hash.
    fn avoid_collision(&mut self) -> Result<(), Retry> {
        let mut status = self.rollout.status.clone();
        status.collision_count = Some(status.collision_count.unwrap_or(0) + 1);
        self.write_status(status)?;
        Err(Retry)
    }

    /// `syncReplicasOnly`
    pub(super) fn scale_only(&mut self) -> Result<(), Retry> {
        let mut status = self.rollout.status.clone();
        let sum = |sets: &[Set], of: fn(Size) -> i32| sets.iter().map(|set| of(sets::size(set))).sum::<i32>();
        let (created, available) =
            (sum(&self.all, |size| size.created), sum(&self.all, |size| size.available));
        if self.rollout.spec.strategy.blue_green.is_some() {
            let Some(active) = self.active_service() else { return Ok(()) };
            self.scale_blue_green(&active)?;
            let active = sets::by_hash(&self.all, &status.blue_green.active_selector).map(sets::size);
            status.hpa_replicas = active.map_or(created, |size| size.created);
            status.available_replicas = active.map_or(available, |size| size.available);
        } else {
            self.scale_canary()?;
            (status.hpa_replicas, status.available_replicas) = (created, available);
        }
        self.persist(status)
    }

    /// `removeScaleDownDeadlines`: back to a revision that has not gone yet.
    pub(super) fn remove_deadlines(&mut self) -> Result<(), Retry> {
        let mut sets: Vec<Set> = Vec::new();
        if !self.delays_scale_down_on_abort() {
            sets.extend(self.new.clone());
        }
        sets.extend(self.stable.clone());
        for set in sets {
            self.set_deadline(&set, None)?;
        }
        Ok(())
    }

    /// Says when a ReplicaSet goes, or that it stays.
    pub(super) fn set_deadline(&mut self, set: &Set, at: Option<Timestamp>) -> Result<(), Retry> {
        self.update_set(set, |set| match at {
            Some(at) => {
                set.metadata.set_annotation(sets::SCALE_DOWN_DEADLINE, &at.to_string());
            }
            None if sets::has_deadline(set) => {
                Arc::make_mut(&mut set.metadata.annotations).remove(sets::SCALE_DOWN_DEADLINE);
            }
            None => {}
        })?;
        Ok(())
    }

    /// `shouldDelayScaleDownOnAbort`
    pub(super) fn delays_scale_down_on_abort(&self) -> bool {
        let (delay, said) = abort_delay(&self.rollout);
        let canary = self.rollout.spec.strategy.canary.as_ref();
        self.is_aborted()
            && self.stable.is_some()
            && canary.is_none_or(|canary| canary.traffic_routing.is_some())
            && delay.is_some()
            && (said || !canary.is_some_and(|canary| canary.dynamic_stable_scale))
    }

    /// `NewRSNewReplicas`, with the rule behind it.
    pub(super) fn new_size(&self, new: &Set) -> (i32, ScaleRule) {
        let rollout = &self.rollout;
        let wanted = replicas::wanted(rollout);
        if let Some(blue_green) = &rollout.spec.strategy.blue_green {
            let full = (wanted, ScaleRule::BlueGreen { replicas: wanted, preview: false });
            let Some(preview) = blue_green.preview_replica_count else { return full };
            let small = (preview, ScaleRule::BlueGreen { replicas: preview, preview: true });
            let active = sets::by_hash(&self.all, &rollout.status.blue_green.active_selector);
            if active.is_none_or(|active| active.metadata.uid == new.metadata.uid)
                || rollout.status.promote_full
            {
                return full;
            }
            if *sets::hash_of(new) != *rollout.status.current_pod_hash {
                return small;
            }
            let goes_on = !rollout.spec.paused && rollout.status.pause_conditions.is_empty();
            let past = goes_on && rollout.status.blue_green.scale_up_preview_check_point;
            return if past { full } else { small };
        }
        let (fixed, weight) = replicas::replicas_or_weight(rollout);
        let routed = replicas::is_routed(rollout);
        let why = match fixed {
            Some(replicas) => ScaleRule::SetCanaryScale { replicas },
            None => ScaleRule::Weighted { weight, replicas: wanted, routed, canary: true },
        };
        let count = if routed {
            replicas::routed(rollout, self.next.canary.weights.as_ref()).0
        } else {
            replicas::basic(rollout, &self.sides()).0
        };
        (count, why)
    }

    /// `reconcileNewReplicaSet`; says whether its size changed.
    pub(super) fn scale_new(&mut self) -> Result<bool, Retry> {
        let Some(new) = self.new.clone() else { return Ok(false) };
        let (mut count, mut why) = self.new_size(&new);
        if self.delays_scale_down_on_abort() {
            let delay = abort_delay(&self.rollout).0.unwrap_or(0);
            if let Some(at) = sets::deadline(&new) {
                if !super::pause::is_past(at, 0, self.micro_now()) {
                    self.look_at(at);
                    return Ok(false);
                }
                (count, why) = (0, ScaleRule::AbortDelay { seconds: delay });
            } else {
                // Not before the stable one is complete.
                let stable = self.stable.as_ref().map(sets::size);
                if stable.is_some_and(|size| size.available == replicas::wanted(&self.rollout)) {
                    let at = Timestamp(self.now().0 + delay);
                    self.set_deadline(&new, Some(at))?;
                    self.look_at(at);
                }
                return Ok(false);
            }
        }
        let scaled = self.scale_set(&new, count, why)?.0;
        self.scale_workload_progressively();
        Ok(scaled)
    }

    /// The size of an old ReplicaSet that may stay a while, and what it waits for (`scaleDownDelayHelper`).
    pub(super) fn delayed_size(
        &mut self,
        set: &Set,
        annotated: &mut i32,
        stays: i32,
    ) -> Result<(i32, ScaleRule), Retry> {
        let strategy = &self.rollout.spec.strategy;
        let limit = strategy
            .blue_green
            .as_ref()
            .and_then(|one| one.scale_down_delay_revision_limit)
            .or(strategy.canary.as_ref().and_then(|one| one.scale_down_delay_revision_limit))
            .unwrap_or(i32::MAX);
        let seconds = scale_down_delay(&self.rollout);
        let gone = ScaleRule::ScaleDownDelay { seconds };
        let size = sets::size(set).spec;
        match sets::deadline(set) {
            None if size > 0 && *annotated < limit => {
                *annotated += 1;
                if seconds > 0 {
                    let at = Timestamp(self.now().0 + seconds);
                    self.set_deadline(set, Some(at))?;
                    self.look_at(at);
                }
                // Also without a delay it only goes the next time.
                self.look_again(std::time::Duration::from_millis(1));
                Ok((if seconds > 0 { size } else { 0 }, gone))
            }
            Some(at) => {
                *annotated += 1;
                if *annotated <= limit && !super::pause::is_past(at, 0, self.micro_now()) {
                    self.look_at(at);
                    return Ok((stays, gone));
                }
                Ok((0, gone))
            }
            None => Ok((0, gone)),
        }
    }

    /// `reconcileRevisionHistoryLimit`
    pub(super) fn clean_up(&mut self) {
        let limit = self.rollout.spec.revision_history_limit.unwrap_or(10);
        let alive: Vec<Set> =
            self.others.iter().filter(|set| set.metadata.deletion_timestamp.is_none()).cloned().collect();
        let surplus = alive.len().saturating_sub(usize::try_from(limit).unwrap_or(0));
        for set in alive.into_iter().take(surplus) {
            let in_use = set.status.replicas != 0
                || sets::size(&set).spec != 0
                || set.metadata.generation > set.status.observed_generation;
            if in_use {
                continue;
            }
            let before = self.context.cause();
            self.context.record_as_cause(Record::CleanedUpReplicaSet(Box::new(CleanedUpReplicaSet {
                deployment: Subject::of_resource(&self.rollout),
                replica_set: Subject::of_resource(&*set),
                limit,
            })));
            self.delete(words::replica_set(), &set.metadata);
            let hash = sets::hash_of(&set);
            let runs: Vec<_> = self
                .other_runs
                .iter()
                .filter(|run| run.metadata.label(sets::HASH) == Some(hash))
                .map(|run| run.metadata.clone())
                .collect();
            for run in runs {
                self.delete("AnalysisRun".into(), &run);
            }
            self.context.because(before);
        }
    }

    /// Deletes an object of the Rollout. Gone already is as good.
    pub(super) fn delete(&mut self, kind: opscape_manifest::api::Str, meta: &ObjectMeta) {
        let key = ObjectKey { kind, namespace: meta.namespace.clone(), name: meta.name.clone() };
        let _ = self.api.delete(&key, &DeleteOptions::default(), self.context);
    }

    /// `calculateBaseStatus`
    pub(super) fn base_status(&mut self) -> RolloutStatus {
        let before = &self.rollout.status;
        let mut status = self.next.clone();
        status.current_pod_hash = match &self.new {
            Some(new) => sets::hash_of(new).into(),
            None => sets::present_hash(&self.rollout).as_str().into(),
        };
        let sum = |of: fn(Size) -> i32| self.fresh().map(|set| of(sets::size(&set))).sum::<i32>();
        status.replicas = sum(|size| size.created);
        status.ready_replicas = self.fresh().map(|set| set.status.ready_replicas).sum();
        status.available_replicas = sum(|size| size.available);
        status.updated_replicas = self.new.as_ref().map_or(0, |new| sets::size(new).created);
        status.collision_count = before.collision_count;
        status.conditions.clone_from(&before.conditions);
        conditions::remove(&mut status, "InvalidSpec");
        status.promote_full = before.promote_full;
        status.stable_rs = before.stable_rs.clone();
        status
    }

    /// All ReplicaSets, the one that was just made included.
    fn fresh(&self) -> impl Iterator<Item = Set> + '_ {
        let made =
            self.new.as_ref().filter(|new| self.all.iter().all(|set| set.metadata.uid != new.metadata.uid));
        self.all.iter().chain(made).cloned()
    }

    /// `CheckPodSpecChange`
    pub(super) fn template_changed(&self) -> bool {
        let known = &self.rollout.status.current_pod_hash;
        let hash = match &self.new {
            Some(new) => sets::hash_of(new).to_owned(),
            None => sets::present_hash(&self.rollout),
        };
        !known.is_empty() && **known != *hash
    }

    /// `resetRolloutStatus`: a new update begins.
    pub(super) fn reset(&mut self, status: &mut RolloutStatus) {
        self.pauses.clear();
        self.pauses.remove_abort();
        status.restarted_at = self.rollout.spec.restart_at;
        status.promote_full = false;
        status.blue_green.pre_promotion_analysis_run_status = None;
        status.blue_green.post_promotion_analysis_run_status = None;
        status.blue_green.scale_up_preview_check_point = false;
        status.canary.current_step_analysis_run_status = None;
        status.canary.current_background_analysis_run_status = None;
        status.current_step_index = (!replicas::steps(&self.rollout).is_empty()).then_some(0);
    }

    /// `isRollbackWithinWindow`
    pub(super) fn is_rollback_within_window(&self) -> bool {
        let (Some(new), Some(stable)) = (&self.new, &self.stable) else { return false };
        let Some(window) = &self.rollout.spec.rollback_window else { return false };
        if !is_older(new, stable) || window.revisions <= 0 {
            return false;
        }
        let between = self.all.iter().filter(|set| is_older(set, stable) && is_older(new, set));
        i32::try_from(between.count()).is_ok_and(|count| count < window.revisions)
    }

    /// Why the present template becomes the stable one, if it does (`shouldFullPromote`).
    pub(super) fn promotion(&self, status: &RolloutStatus) -> Option<String> {
        if self.stable.is_none() {
            return Some("Initial deploy".to_owned());
        }
        let rollout = &self.rollout;
        if rollout.spec.strategy.canary.is_some() {
            let available = self.new.as_ref().map(|new| sets::size(new).available);
            if self.is_aborted() || available != Some(replicas::wanted(rollout)) {
                return None;
            }
            if rollout.status.promote_full {
                return Some("Full promotion requested".to_owned());
            }
            if self.is_rollback_within_window() {
                return Some("Rollback within window".to_owned());
            }
            let (_, index) = replicas::current_step(rollout);
            let steps = replicas::steps(rollout).len();
            let done = steps == 0 || index == Some(steps);
            return done.then(|| format!("Completed all {steps} canary steps"));
        }
        let active = &status.blue_green.active_selector;
        if active.is_empty() {
            return Some("Initial deploy".to_owned());
        }
        if *active != status.current_pod_hash {
            return None;
        }
        if rollout.status.promote_full {
            return Some("Full promotion requested".to_owned());
        }
        if self.is_rollback_within_window() {
            return Some("Rollback within window".to_owned());
        }
        if self.is_aborted() {
            return None;
        }
        let strategy = rollout.spec.strategy.blue_green.as_ref();
        if strategy.is_some_and(|strategy| strategy.post_promotion_analysis.is_some()) {
            if let Some(new) = self.new.as_ref().filter(|new| sets::has_deadline(new)) {
                return Some(format!("Rollback to '{}' within scaleDownDelay", new.metadata.name));
            }
            let phase = self.runs.after.as_ref().map(|run| &*run.status.phase);
            if phase != Some("Successful") {
                return None;
            }
        }
        Some("Completed blue-green update".to_owned())
    }

    /// `promoteStable`
    pub(super) fn promote(&mut self, status: &mut RolloutStatus, reason: &str) {
        self.pauses.clear();
        self.pauses.remove_abort();
        status.promote_full = false;
        status.blue_green.scale_up_preview_check_point = false;
        if self.rollout.spec.strategy.canary.is_some() {
            let steps = i32::try_from(replicas::steps(&self.rollout).len()).unwrap_or(i32::MAX);
            status.current_step_index = (steps > 0).then_some(steps);
        }
        if status.stable_rs != status.current_pod_hash {
            status.stable_rs = status.current_pod_hash.clone();
            let revision = sets::revision(&self.rollout.metadata);
            let hash = status.stable_rs.clone();
            self.record(RolloutWhat::Promoted { revision, reason: reason.into() });
            let text = format!("Rollout completed update to revision {revision} ({hash}): {reason}");
            self.tell(&Message::normal("RolloutCompleted", &text));
        }
        self.scale_workload_on_success();
    }

    /// `persistRolloutStatus`
    pub(super) fn persist(&mut self, mut status: RolloutStatus) -> Result<(), Retry> {
        let before = self.rollout.clone();
        let now = self.now();
        self.pauses.write(&before, now, &mut status);
        let written = status.clone();
        self.write_status(status)?;
        let (was, is) = (!before.status.pause_conditions.is_empty(), !written.pause_conditions.is_empty());
        if let Some(pause) = written.pause_conditions.first().filter(|_| !was) {
            let text = format!("Rollout is paused ({})", pause.reason);
            self.tell(&Message::normal("RolloutPaused", &text));
        } else if was && !is && written.aborted_at.is_none() {
            self.tell(&Message::normal("RolloutResumed", "Rollout is resumed"));
        }
        self.look_at_deadline(&written);
        Ok(())
    }

    /// `requeueStuckRollout`: a look at the time the progress deadline ends.
    fn look_at_deadline(&mut self, status: &RolloutStatus) {
        let Some(condition) = conditions::find(status, "Progressing") else { return };
        let waits = !status.pause_conditions.is_empty()
            || self.rollout.spec.paused
            || status.abort
            || self.is_at_indefinite_step()
            || phase::is_healthy(&self.rollout, status)
            || &*condition.reason == "ProgressDeadlineExceeded";
        if waits {
            return;
        }
        let deadline = i64::from(self.rollout.spec.progress_deadline_seconds.unwrap_or(600));
        let from = condition.last_update_time.unwrap_or_default();
        self.look_at(Timestamp(from.0 + deadline + 1));
    }

    /// `isIndefiniteStep`
    pub(super) fn is_at_indefinite_step(&self) -> bool {
        let (step, _) = replicas::current_step(&self.rollout);
        step.is_some_and(|step| step.analysis.is_some() || step.pause.is_some())
    }
}
