//! What a sync does to the ReplicaSets: rolling, recreating, scaling, cleaning up (rolling.go, recreate.go, sync.go).

use std::time::Duration;

use opscape_manifest::api::meta::Timestamp;
use opscape_manifest::api::{ObjectKey, ReplicaSet};
use opscape_sim::Time;

use super::rollout::{self, Limits, Size};
use super::sets;
use super::status;
use super::sync::{Retry, Set, Sorted, Sync};
use crate::conditions;
use crate::record::{CleanedUpReplicaSet, ScaleRule, ScaledReplicaSet};
use crate::{DeleteOptions, Message, Record, Subject, words};

impl Sync<'_, '_> {
    /// `rolloutRolling`
    pub(super) fn roll(&mut self) -> Result<(), Retry> {
        let sorted = self.sort(true)?;
        let Some(new) = sorted.new.clone() else { return Err(Retry) };
        let limits = Limits::of(&self.deployment.spec);
        let size = sets::size(&new);
        if let Some((to, why)) = rollout::step_new(&limits, size.spec, sorted.total()) {
            self.scale_set(&new, to, why)?;
            return self.write_rollout_status(&sorted);
        }
        let with_pods: Vec<usize> = (0..sorted.old.len())
            .filter(|at| sorted.old.get(*at).is_some_and(|s| sets::replicas(s) > 0))
            .collect();
        let sizes: Vec<Size> =
            with_pods.iter().filter_map(|at| sorted.old.get(*at)).map(|set| sets::size(set)).collect();
        let steps = rollout::step_old(&limits, size, &sizes);
        let scaled = !steps.is_empty();
        // The status is computed from the sizes before, as upstream's is.
        let mut old = sorted.old.clone();
        for step in steps {
            let Some(slot) = with_pods.get(step.index).and_then(|at| old.get_mut(*at)) else { continue };
            let set = slot.clone();
            *slot = self.scale_set(&set, step.to, step.why)?;
        }
        if !scaled && status::is_complete(&self.deployment, &self.deployment.status) {
            self.clean_up(&sorted.old);
        }
        self.write_rollout_status(&sorted)
    }

    /// `rolloutRecreate`
    pub(super) fn recreate(&mut self) -> Result<(), Retry> {
        let mut sorted = self.sort(false)?;
        let mut scaled = false;
        for set in sorted.old.clone() {
            if sets::replicas(&set) > 0 {
                self.scale_set(&set, 0, ScaleRule::RecreateDown)?;
                scaled = true;
            }
        }
        if scaled || self.old_pods_run(&sorted) {
            return self.write_rollout_status(&sorted);
        }
        if sorted.new.is_none() {
            sorted = self.sort(true)?;
        }
        let Some(new) = sorted.new.clone() else { return Err(Retry) };
        let replicas = self.deployment.spec.replicas.unwrap_or(1);
        self.scale_set(&new, replicas, ScaleRule::RecreateUp { replicas })?;
        if status::is_complete(&self.deployment, &self.deployment.status) {
            self.clean_up(&sorted.old);
        }
        self.write_rollout_status(&sorted)
    }

    /// `sync`: a new size, or a paused Deployment. No new revision.
    pub(super) fn scale_only(&mut self) -> Result<(), Retry> {
        let sorted = self.sort(false)?;
        self.scale(&sorted)?;
        if self.deployment.spec.paused
            && !self.deployment.metadata.annotations.contains_key(super::rollback::ROLLBACK)
        {
            self.clean_up(&sorted.old);
        }
        self.write_plain_status(&sorted)
    }

    fn scale(&mut self, sorted: &Sorted) -> Result<(), Retry> {
        let limits = Limits::of(&self.deployment.spec);
        let replicas = limits.replicas;
        let has_pods = |set: &&Set| sets::replicas(set) > 0;
        let active: Vec<Set> = sorted.old.iter().chain(&sorted.new).filter(has_pods).cloned().collect();
        // FindActiveOrLatest: a single one gets all.
        let single = match active.as_slice() {
            [] => sorted.new.as_ref().or(sorted.old.last()),
            [only] => Some(only),
            _ => None,
        };
        if let Some(single) = single {
            if sets::replicas(single) != replicas {
                self.scale_set(single, replicas, ScaleRule::Resized { replicas })?;
            }
            return Ok(());
        }
        // IsSaturated: the rollout is done, and what is left of old ones goes.
        let saturated = sorted.new.as_ref().is_some_and(|new| {
            sets::replicas(new) == replicas
                && sets::annotated(new, sets::DESIRED) == Some(replicas)
                && new.status.available_replicas == replicas
        });
        if saturated {
            for set in sorted.old.iter().filter(has_pods) {
                self.scale_set(set, 0, ScaleRule::Saturated)?;
            }
            return Ok(());
        }
        if !limits.rolling {
            return Ok(());
        }
        let total = active.iter().map(|set| sets::replicas(set)).sum();
        let to_add = rollout::to_add(&limits, total);
        let mut active = active;
        sets::sort_by_age(&mut active);
        if to_add > 0 {
            active.reverse();
        }
        if to_add != 0 {
            // A stable sort: those of one size stay in order of age.
            active.sort_by_key(|set| std::cmp::Reverse(sets::replicas(set)));
        }
        let sizes: Vec<Size> = active.iter().map(|set| sets::size(set)).collect();
        let shares = rollout::proportional(&limits, &sizes, self.deployment.status.replicas);
        for (set, (to, why)) in active.iter().zip(shares) {
            self.scale_set(set, to, why)?;
        }
        Ok(())
    }

    /// `scaleReplicaSet`: size and annotations, and an Event if the size changed.
    fn scale_set(&mut self, set: &Set, to: i32, why: ScaleRule) -> Result<Set, Retry> {
        let from = sets::replicas(set);
        let mut meta = set.metadata.clone();
        let annotated = sets::annotate_sizes(&self.deployment.spec, &mut meta);
        let only_sizes = !matches!(why, ScaleRule::Proportional { .. });
        if from == to && (only_sizes || !annotated) {
            return Ok(set.clone());
        }
        let before = self.context.cause();
        if from != to {
            self.context.record_as_cause(Record::ScaledReplicaSet(Box::new(ScaledReplicaSet {
                deployment: Subject::of_resource(&self.deployment),
                replica_set: Subject::of_resource(&**set),
                from,
                to,
                why,
            })));
        }
        let written = self.update_set(set, |set: &mut ReplicaSet| {
            set.metadata.annotations = meta.annotations;
            set.spec.replicas = Some(to);
        })?;
        if from != to {
            let direction = if from < to { "up" } else { "down" };
            let name = &set.metadata.name;
            let text = format!("Scaled {direction} replica set {name} from {from} to {to}");
            self.tell(&Message::normal("ScalingReplicaSet", &text));
        }
        self.context.because(before);
        Ok(written)
    }

    /// Old ReplicaSets beyond `revisionHistoryLimit` go, lowest revision first (`cleanupDeployment`).
    fn clean_up(&mut self, old: &[Set]) {
        let Some(limit) = self.deployment.spec.revision_history_limit.filter(|limit| *limit != i32::MAX)
        else {
            return;
        };
        let mut alive: Vec<&Set> =
            old.iter().filter(|set| set.metadata.deletion_timestamp.is_none()).collect();
        let surplus = alive.len().saturating_sub(usize::try_from(limit).unwrap_or(0));
        alive.sort_by_key(|set| sets::revision(&set.metadata));
        for set in alive.into_iter().take(surplus) {
            let in_use = set.status.replicas != 0
                || sets::replicas(set) != 0
                || set.metadata.generation > set.status.observed_generation;
            if in_use {
                continue;
            }
            let before = self.context.cause();
            self.context.record_as_cause(Record::CleanedUpReplicaSet(Box::new(CleanedUpReplicaSet {
                deployment: Subject::of_resource(&self.deployment),
                replica_set: Subject::of_resource(&**set),
                limit,
            })));
            let key = ObjectKey {
                kind: words::replica_set(),
                namespace: set.metadata.namespace.clone(),
                name: set.metadata.name.clone(),
            };
            // Gone already is as good.
            let _ = self.api.delete(&key, &DeleteOptions::default(), self.context);
            self.context.because(before);
        }
    }

    /// `syncDeploymentStatus`
    pub(super) fn write_plain_status(&mut self, sorted: &Sorted) -> Result<(), Retry> {
        let now = self.now();
        let status = status::calculate(sorted.all(), sorted.new.as_deref(), &self.deployment, now);
        if status == self.deployment.status {
            return Ok(());
        }
        self.deployment.status = status;
        self.update_status()
    }

    /// `syncRolloutStatus`
    pub(super) fn write_rollout_status(&mut self, sorted: &Sorted) -> Result<(), Retry> {
        let now = self.api.micro_time(self.context.now());
        let new = sorted.new.as_deref();
        let mut status = status::calculate(sorted.all(), new, &self.deployment, self.now());
        status::progress(&self.deployment, new, &mut status, now);
        conditions::set_failure(&mut status, new.into_iter().chain(sorted.all()));
        if status == self.deployment.status {
            return self.requeue_stuck();
        }
        self.deployment.status = status;
        self.update_status()
    }

    /// `requeueStuckDeployment`: a look at the time the progress deadline ends.
    fn requeue_stuck(&mut self) -> Result<(), Retry> {
        let deployment = &self.deployment;
        let Some(current) = conditions::find(&deployment.status, "Progressing") else { return Ok(()) };
        if !status::has_deadline(deployment)
            || status::is_complete(deployment, &deployment.status)
            || &*current.reason == "ProgressDeadlineExceeded"
        {
            return Ok(());
        }
        let deadline = i64::from(deployment.spec.progress_deadline_seconds.unwrap_or(0));
        let end = Timestamp(current.last_update_time.unwrap_or_default().0 + deadline);
        let end: Time = self.api.time_of(end);
        let left = end.since(self.context.now());
        if left < Duration::from_secs(1) {
            return Err(Retry);
        }
        self.again_after = Some(left + Duration::from_secs(1));
        Ok(())
    }
}
