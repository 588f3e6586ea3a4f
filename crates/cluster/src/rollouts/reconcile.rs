//! One look at a Rollout (`rolloutContext`, `reconcile`).

use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::analysis::AnalysisRun;
use opscape_manifest::api::apps::DeploymentCondition;
use opscape_manifest::api::meta::{MicroTime, OwnerReference, Timestamp};
use opscape_manifest::api::rollout::{CanaryStatus, RolloutStatus};
use opscape_manifest::api::{Object, ReplicaSet, Rollout};
use opscape_manifest::golang::quote;
use opscape_manifest::validation;

use super::pause::Pauses;
use super::replicas::{self, Sides};
use super::sets::{self, Set};
use super::{phase, references, workload};
use crate::record::{RolloutFact, RolloutWhat, ScaleRule, ScaledReplicaSet};
use crate::{Api, Context, Message, Record, Reporter, Subject, conditions, words};

/// The reconciliation could not be finished. Again a little later.
pub(super) struct Retry;

/// The AnalysisRuns that count now, by what they are for.
#[derive(Debug, Clone, Default)]
pub(super) struct Runs {
    pub(super) step: Option<Arc<AnalysisRun>>,
    pub(super) background: Option<Arc<AnalysisRun>>,
    pub(super) before: Option<Arc<AnalysisRun>>,
    pub(super) after: Option<Arc<AnalysisRun>>,
}

/// The controller works on copies, read once. What it writes itself it sees at once, as upstream does, which writes into
/// its cache.
pub(super) struct Reconcile<'a, 'b> {
    pub(super) reporter: &'a Reporter,
    pub(super) api: &'a mut Api,
    pub(super) context: &'a mut Context<'b>,
    pub(super) rollout: Rollout,
    /// All ReplicaSets, oldest first, as they were at the beginning.
    pub(super) all: Vec<Set>,
    pub(super) new: Option<Set>,
    pub(super) stable: Option<Set>,
    /// Neither new nor stable.
    pub(super) others: Vec<Set>,
    pub(super) runs: Runs,
    pub(super) other_runs: Vec<Arc<AnalysisRun>>,
    /// The status that is being made.
    pub(super) next: RolloutStatus,
    pub(super) pauses: Pauses,
    /// Look again after this, too.
    pub(super) again_after: Option<Duration>,
}

impl<'a, 'b> Reconcile<'a, 'b> {
    pub(super) fn new(
        reporter: &'a Reporter,
        rollout: &Rollout,
        api: &'a mut Api,
        context: &'a mut Context<'b>,
    ) -> Self {
        let uid = rollout.metadata.uid;
        let rollout = &workload::filled(rollout, api.store());
        let (mut all, mut owned) = (Vec::new(), Vec::new());
        for object in api.store().owned_by(uid) {
            match object {
                Object::ReplicaSet(set) => all.push(set.clone()),
                Object::AnalysisRun(run) => owned.push(run.clone()),
                _ => {}
            }
        }
        all.sort_by_key(|set: &Set| (set.metadata.creation_timestamp, set.metadata.uid));
        let new = sets::find_new(rollout, &all).cloned();
        let stable = sets::by_hash(&all, &rollout.status.stable_rs).cloned();
        let is = |one: &Option<Set>, set: &Set| {
            one.as_ref().is_some_and(|one| one.metadata.uid == set.metadata.uid)
        };
        let others = all.iter().filter(|set| !is(&new, set) && !is(&stable, set)).cloned().collect();
        let status = &rollout.status;
        let mut runs = Runs::default();
        let named = |known: &Option<opscape_manifest::api::rollout::RolloutAnalysisRunStatus>,
                     run: &AnalysisRun| {
            known.as_ref().is_some_and(|known| known.name == run.metadata.name)
        };
        let mut other_runs = Vec::new();
        for run in owned {
            let slot = if named(&status.canary.current_step_analysis_run_status, &run) {
                &mut runs.step
            } else if named(&status.canary.current_background_analysis_run_status, &run) {
                &mut runs.background
            } else if named(&status.blue_green.pre_promotion_analysis_run_status, &run) {
                &mut runs.before
            } else if named(&status.blue_green.post_promotion_analysis_run_status, &run) {
                &mut runs.after
            } else {
                other_runs.push(run);
                continue;
            };
            *slot = Some(run);
        }
        let mut pauses = Pauses::default();
        if replicas::is_fully_promoted(rollout) && pauses.is_aborted(rollout) {
            pauses.remove_abort();
        }
        let next = RolloutStatus {
            restarted_at: status.restarted_at,
            canary: CanaryStatus { weights: status.canary.weights.clone(), ..CanaryStatus::default() },
            ..RolloutStatus::default()
        };
        Reconcile {
            reporter,
            api,
            context,
            rollout: rollout.clone(),
            all,
            new,
            stable,
            others,
            runs,
            other_runs,
            next,
            pauses,
            again_after: None,
        }
    }

    pub(super) fn run(&mut self) -> Result<(), Retry> {
        // So that autoscalers have something to look at.
        if self.rollout.spec.replicas.is_none() {
            self.modify(|rollout| rollout.spec.replicas = Some(1))?;
        }
        self.follow_workload()?;
        if let Some(error) = self.first_error() {
            // Often only a matter of order: the Rollout came before its Services.
            self.look_again(Duration::from_secs(20));
            return self.say_invalid(&error);
        }
        self.check_paused()?;
        if self.is_scaling()? {
            return self.scale_only();
        }
        if self.rollout.spec.strategy.blue_green.is_some() { self.blue_green() } else { self.canary() }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.api.timestamp(self.context.now())
    }

    pub(super) fn micro_now(&self) -> MicroTime {
        self.api.micro_time(self.context.now())
    }

    pub(super) fn look_again(&mut self, after: Duration) {
        self.again_after = Some(self.again_after.map_or(after, |known| known.min(after)));
    }

    /// Looks again once so many seconds have passed since an instant.
    pub(super) fn look_at(&mut self, at: Timestamp) {
        let left = self.api.time_of(at).since(self.context.now());
        if !left.is_zero() {
            self.look_again(left);
        }
    }

    pub(super) fn is_aborted(&self) -> bool {
        self.pauses.is_aborted(&self.rollout)
    }

    /// The sizes of the ReplicaSets as they were at the beginning.
    pub(super) fn sides(&self) -> Sides {
        let uid = |set: &Option<Set>| set.as_ref().map(|set| set.metadata.uid);
        Sides {
            new: self.new.as_ref().map(sets::size),
            stable: self.stable.as_ref().map(sets::size),
            same: self.new.is_some() && uid(&self.new) == uid(&self.stable),
            others: self.others.iter().map(sets::size).collect(),
        }
    }

    /// The hash of the new ReplicaSet's template.
    pub(super) fn new_hash(&self) -> String {
        self.new.as_ref().map_or_else(String::new, |new| sets::hash_of(new).to_owned())
    }

    pub(super) fn reference(&self) -> OwnerReference {
        OwnerReference {
            api_version: "argoproj.io/v1alpha1".into(),
            kind: words::rollout(),
            name: self.rollout.metadata.name.clone(),
            uid: self.rollout.metadata.uid,
            controller: Some(true),
            block_owner_deletion: Some(true),
        }
    }

    fn first_error(&self) -> Option<String> {
        if let Some(error) = self.workload_error() {
            return Some(error);
        }
        let errors = validation::rollout_spec(&Object::Rollout(Arc::new(self.rollout.clone())).to_value());
        errors.first().map(ToString::to_string).or_else(|| references::first_error(self))
    }

    /// `createInvalidRolloutCondition`
    fn say_invalid(&mut self, error: &str) -> Result<(), Retry> {
        let name = quote(&self.rollout.metadata.name);
        let message = format!("The Rollout {name} is invalid: {error}");
        let mut status = self.rollout.status.clone();
        let known = conditions::find(&status, "InvalidSpec");
        if known.is_none_or(|known| *known.message != message) {
            conditions::remove(&mut status, "InvalidSpec");
            let now = self.now();
            conditions::set(
                &mut status,
                phase::condition("InvalidSpec", "True", "InvalidSpec", &message, now),
            );
        }
        self.write_status(status)
    }

    /// `checkPausedConditions`
    fn check_paused(&mut self) -> Result<(), Retry> {
        let status = &self.rollout.status;
        let progressing = conditions::find(status, "Progressing");
        let reason = progressing.map_or("", |condition| &condition.reason);
        let was_paused = reason == "RolloutPaused";
        let was_aborted = reason == "RolloutAborted";
        let is_paused = !status.pause_conditions.is_empty() || self.rollout.spec.paused;
        let said = conditions::find(status, "Paused").is_some_and(|condition| &*condition.status == "True");
        let now = self.now();
        let mut found: Vec<DeploymentCondition> = Vec::new();
        if is_paused != was_paused && !was_aborted {
            let (reason, message) = if is_paused {
                ("RolloutPaused", "Rollout is paused")
            } else {
                ("RolloutResumed", "Rollout is resumed")
            };
            found.push(phase::condition("Progressing", "Unknown", reason, message, now));
        }
        if !status.abort && was_aborted {
            let message = "Retrying Rollout after abort";
            found.push(phase::condition("Progressing", "Unknown", "RolloutRetry", message, now));
        }
        if is_paused != said && !was_aborted {
            let value = if is_paused { "True" } else { "False" };
            found.push(phase::condition("Paused", value, "RolloutPaused", "Rollout is paused", now));
        }
        if found.is_empty() {
            return Ok(());
        }
        let mut status = self.rollout.status.clone();
        for condition in found {
            conditions::set(&mut status, condition);
        }
        // Upstream goes on with the Rollout as it was before.
        let before = self.rollout.clone();
        let written = self.write_status(status);
        let conditions = std::mem::take(&mut self.rollout.status.conditions);
        self.rollout = before;
        self.rollout.status.conditions = conditions;
        written
    }

    /// `isScalingEvent`: the size differs from what the ReplicaSets with pods were told.
    fn is_scaling(&mut self) -> Result<bool, Retry> {
        self.sync_revision(false)?;
        let wanted = replicas::wanted(&self.rollout);
        let mut active = self.all.iter().filter(|set| sets::size(set).spec > 0);
        Ok(active.any(|set| sets::desired(set).is_some_and(|desired| desired != wanted)))
    }

    /// Writes the Rollout itself, and takes over what it is then.
    pub(super) fn modify(&mut self, change: impl FnOnce(&mut Rollout)) -> Result<(), Retry> {
        let meta = &self.rollout.metadata;
        let written = self.api.modify::<Rollout>(&meta.namespace, &meta.name, self.context, change);
        self.rollout = workload::filled(&*written.map_err(|_| Retry)?, self.api.store());
        Ok(())
    }

    /// Changes a ReplicaSet; gives it as it is then.
    pub(super) fn update_set(
        &mut self,
        set: &Set,
        change: impl FnOnce(&mut ReplicaSet),
    ) -> Result<Set, Retry> {
        let meta = &set.metadata;
        self.api.modify(&meta.namespace, &meta.name, self.context, change).map_err(|_| Retry)
    }

    /// `scaleReplicaSetAndRecordEvent`; says whether the size changed.
    pub(super) fn scale_set(&mut self, set: &Set, to: i32, why: ScaleRule) -> Result<(bool, Set), Retry> {
        // What upstream reads from its cache is what it wrote last.
        let set = self.api.store().typed_by_uid::<ReplicaSet>(set.metadata.uid).cloned().ok_or(Retry)?;
        let from = sets::size(&set).spec;
        let wanted = replicas::wanted(&self.rollout);
        if from == to && sets::desired(&set) == Some(wanted) {
            return Ok((false, set));
        }
        let before = self.context.cause();
        if from != to {
            self.context.record_as_cause(Record::ScaledReplicaSet(Box::new(ScaledReplicaSet {
                deployment: Subject::of_resource(&self.rollout),
                replica_set: Subject::of_resource(&*set),
                from,
                to,
                why,
            })));
        }
        let keep_deadline = self.delays_scale_down_on_abort();
        let rollout = self.rollout.clone();
        let written = self.update_set(&set, |set| {
            set.spec.replicas = Some(to);
            sets::annotate_size(&rollout, &mut set.metadata);
            if to == 0 && !keep_deadline {
                Arc::make_mut(&mut set.metadata.annotations).remove(sets::SCALE_DOWN_DEADLINE);
            }
        })?;
        if from != to {
            let direction = if from < to { "up" } else { "down" };
            let text = format!(
                "Scaled {direction} ReplicaSet {} (revision {}) from {from} to {to}",
                set.metadata.name,
                sets::revision(&set.metadata)
            );
            self.tell(&Message::normal("ScalingReplicaSet", &text));
        }
        self.context.because(before);
        Ok((from != to, written))
    }

    pub(super) fn tell(&mut self, said: &Message<'_>) {
        let current = self.api.store().typed_by_uid::<Rollout>(self.rollout.metadata.uid);
        let Some(current) = current.cloned() else { return };
        self.api.tell(self.reporter, &Object::Rollout(current), said, self.context);
    }

    /// Notes what was done, as the cause of what follows from it.
    pub(super) fn record(&mut self, what: RolloutWhat) {
        let rollout = Subject::of_resource(&self.rollout);
        self.context.record_as_cause(Record::Rollout(Box::new(RolloutFact { rollout, what })));
    }

    /// Writes a status with its phase, and what changed among the conditions into the journal.
    pub(super) fn write_status(&mut self, mut status: RolloutStatus) -> Result<(), Retry> {
        let meta = &self.rollout.metadata;
        status.observed_generation = meta.generation.to_string().as_str().into();
        let followed =
            self.rollout.spec.workload_ref.as_ref().and_then(|_| meta.annotation(workload::GENERATION));
        status.workload_observed_generation = followed.unwrap_or_default().into();
        let (phase, message) = phase::calculate(&self.rollout.spec, &status);
        status.phase = phase.into();
        status.message = message.as_str().into();
        let current = self.api.store().typed_by_uid::<Rollout>(meta.uid).cloned().ok_or(Retry)?;
        if current.status == status {
            self.rollout.status = status;
            return Ok(());
        }
        let subject = Subject::of_resource(&self.rollout);
        for change in conditions::changes(&subject, &current.status, &status) {
            self.context.record(Record::ConditionChanged(Box::new(change)));
        }
        let mut new = Rollout::clone(&current);
        new.status = status;
        let written = self.api.put_modified(new, self.context).ok_or(Retry)?;
        self.rollout = workload::filled(&written, self.api.store());
        Ok(())
    }
}
