//! One look at a Deployment (`syncDeployment`).

use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::meta::{LabelSelector, ObjectMeta, OwnerReference, Timestamp, Uid};
use opscape_manifest::api::pod::{Phase, PodTemplateSpec};
use opscape_manifest::api::{Deployment, Object, Pod, ReplicaSet};
use opscape_sim::IdSet;

use super::rollout::{self, Limits};
use super::{rollback, selects, sets, status};
use crate::conditions;
use crate::record::{Adoption, CreatedReplicaSet};
use crate::{Api, Context, Message, Record, Reporter, Status, Subject, words};

/// The sync could not be finished: something it read is out of date, or was refused. Again a little later.
pub(super) struct Retry;

pub(super) type Set = Arc<ReplicaSet>;

/// The controller works on copies, read once. A copy that was written is out of date, as upstream's is, where the client's
/// answer is not taken over: writing it again ends the sync with a conflict.
pub(super) struct Sync<'a, 'b> {
    pub(super) reporter: &'a Reporter,
    pub(super) api: &'a mut Api,
    pub(super) context: &'a mut Context<'b>,
    pub(super) deployment: Deployment,
    pub(super) sets: Vec<Set>,
    /// Look again after this, too.
    pub(super) again_after: Option<Duration>,
}

/// The new ReplicaSet and the old ones, oldest first.
pub(super) struct Sorted {
    pub(super) new: Option<Set>,
    pub(super) old: Vec<Set>,
}

impl Sorted {
    pub(super) fn all(&self) -> impl Iterator<Item = &ReplicaSet> {
        self.old.iter().chain(&self.new).map(AsRef::as_ref)
    }

    pub(super) fn total(&self) -> i32 {
        self.all().map(sets::replicas).sum()
    }
}

impl<'a, 'b> Sync<'a, 'b> {
    pub(super) fn new(
        reporter: &'a Reporter,
        deployment: &Deployment,
        api: &'a mut Api,
        context: &'a mut Context<'b>,
    ) -> Self {
        Sync { reporter, api, context, deployment: deployment.clone(), sets: Vec::new(), again_after: None }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.api.timestamp(self.context.now())
    }

    pub(super) fn run(&mut self, orphans: &IdSet<Uid>) -> Result<(), Retry> {
        if self.deployment.spec.selector.as_ref().is_none_or(|selector| *selector == LabelSelector::default())
        {
            return self.refuse_to_select_all();
        }
        self.claim(orphans);
        if self.deployment.metadata.deletion_timestamp.is_some() {
            let sorted = self.sort(false)?;
            return self.write_plain_status(&sorted);
        }
        self.check_paused()?;
        if self.deployment.spec.paused {
            return self.scale_only();
        }
        if self.deployment.metadata.annotations.contains_key(rollback::ROLLBACK) {
            return self.roll_back();
        }
        if self.is_scaling()? {
            return self.scale_only();
        }
        if self.deployment.spec.strategy.kind.as_deref() == Some("Recreate") {
            self.recreate()
        } else {
            self.roll()
        }
    }

    fn refuse_to_select_all(&mut self) -> Result<(), Retry> {
        let text = "This deployment is selecting all pods. A non-empty selector is required.";
        self.tell(&Message::warning("SelectingAll", text));
        if self.deployment.status.observed_generation < self.deployment.metadata.generation {
            self.deployment.status.observed_generation = self.deployment.metadata.generation;
            self.update_status()?;
        }
        Ok(())
    }

    /// Reads the own ReplicaSets; adopts those without controller that match, releases those that no longer do.
    fn claim(&mut self, orphans: &IdSet<Uid>) {
        let meta = &self.deployment.metadata;
        let store = self.api.store();
        let own = store.owned_by(meta.uid).filter_map(|object| match object {
            Object::ReplicaSet(set) => Some(set.clone()),
            _ => None,
        });
        let (keep, release): (Vec<Set>, Vec<Set>) = own
            .filter(|set| set.metadata.controller().is_some_and(|owner| owner.uid == meta.uid))
            .partition(|set| selects(&self.deployment, set));
        let adopt: Vec<Set> = orphans
            .iter()
            .filter_map(|uid| store.typed_by_uid::<ReplicaSet>(uid))
            .filter(|set| {
                meta.deletion_timestamp.is_none()
                    && set.metadata.deletion_timestamp.is_none()
                    && set.metadata.namespace == meta.namespace
                    && selects(&self.deployment, set)
            })
            .cloned()
            .collect();
        self.sets = keep;
        let cause = self.context.cause();
        for (set, adopted) in
            release.iter().map(|set| (set, false)).chain(adopt.iter().map(|set| (set, true)))
        {
            self.context.because(cause);
            let fact = Box::new(Adoption {
                owner: Subject::of_resource(&self.deployment),
                object: Subject::of_resource(&**set),
            });
            self.context.record_as_cause(if adopted {
                Record::Adopted(fact)
            } else {
                Record::Released(fact)
            });
            let reference = self.reference();
            let written = self.api.modify::<ReplicaSet>(
                &set.metadata.namespace,
                &set.metadata.name,
                self.context,
                |set| {
                    set.metadata.owner_references.retain(|owner| owner.uid != reference.uid);
                    if adopted {
                        set.metadata.owner_references.push(reference);
                    }
                },
            );
            if adopted && let Ok(set) = written {
                self.sets.push(set);
            }
        }
        self.context.because(cause);
        sets::sort_by_age(&mut self.sets);
    }

    fn reference(&self) -> OwnerReference {
        OwnerReference {
            api_version: words::apps_v1(),
            kind: words::deployment(),
            name: self.deployment.metadata.name.clone(),
            uid: self.deployment.metadata.uid,
            controller: Some(true),
            block_owner_deletion: Some(true),
        }
    }

    /// `checkPausedConditions`
    fn check_paused(&mut self) -> Result<(), Retry> {
        if !status::has_deadline(&self.deployment) {
            return Ok(());
        }
        let current = conditions::find(&self.deployment.status, "Progressing");
        if current.is_some_and(|current| &*current.reason == "ProgressDeadlineExceeded") {
            return Ok(());
        }
        let was_paused = current.is_some_and(|current| &*current.reason == "DeploymentPaused");
        let (reason, text) = match (self.deployment.spec.paused, was_paused) {
            (true, false) => ("DeploymentPaused", "Deployment is paused"),
            (false, true) => ("DeploymentResumed", "Deployment is resumed"),
            _ => return Ok(()),
        };
        let condition = status::condition(words::progressing(), words::unknown(), reason, text, self.now());
        conditions::set(&mut self.deployment.status, condition);
        self.update_status()
    }

    /// `isScalingEvent`: the size differs from what the ReplicaSets with pods were told.
    fn is_scaling(&mut self) -> Result<bool, Retry> {
        let sorted = self.sort(false)?;
        let wanted = self.deployment.spec.replicas.unwrap_or(1);
        let mut active = sorted.all().filter(|set| sets::replicas(set) > 0);
        Ok(active.any(|set| sets::annotated(set, sets::DESIRED).is_some_and(|desired| desired != wanted)))
    }

    /// `getAllReplicaSetsAndSyncRevision`
    pub(super) fn sort(&mut self, create: bool) -> Result<Sorted, Retry> {
        let new = sets::find_new(&self.deployment, &self.sets).cloned();
        let is_new = |set: &Set| new.as_ref().is_some_and(|new| new.metadata.uid == set.metadata.uid);
        let old: Vec<Set> = self.sets.iter().filter(|set| !is_new(set)).cloned().collect();
        let revision = sets::max_revision(&old) + 1;
        let new = match new {
            Some(new) => Some(self.keep_new(&new, revision)?),
            None if create => Some(self.create_new(&old, revision)?),
            None => None,
        };
        Ok(Sorted { new, old })
    }

    /// The new ReplicaSet exists: its revision and annotations, the Deployment's revision.
    fn keep_new(&mut self, new: &Set, revision: i64) -> Result<Set, Retry> {
        let mut meta = new.metadata.clone();
        let annotated = sets::annotate_new(&self.deployment, &mut meta, revision, true);
        let min_ready = self.deployment.spec.min_ready_seconds;
        if annotated || new.spec.min_ready_seconds != min_ready {
            return self.update_set(new, |set| {
                set.metadata.annotations = meta.annotations;
                set.spec.min_ready_seconds = min_ready;
            });
        }
        let own = new.metadata.annotation(sets::REVISION).unwrap_or_default();
        let mut needs_update = self.deployment.metadata.set_annotation(sets::REVISION, own);
        if status::has_deadline(&self.deployment)
            && conditions::find(&self.deployment.status, "Progressing").is_none()
        {
            let text = format!("Found new replica set \"{}\"", new.metadata.name);
            let condition = status::condition(
                words::progressing(),
                words::yes(),
                "FoundNewReplicaSet",
                &text,
                self.now(),
            );
            conditions::set(&mut self.deployment.status, condition);
            needs_update = true;
        }
        if needs_update {
            self.update_status()?;
        }
        Ok(new.clone())
    }

    fn create_new(&mut self, old: &[Set], revision: i64) -> Result<Set, Retry> {
        let (mut set, hash) = self.new_set();
        let limits = Limits::of(&self.deployment.spec);
        let total = old.iter().map(|set| sets::replicas(set)).sum();
        let (replicas, why) = rollout::new_replicas(&limits, 0, total);
        set.spec.replicas = Some(replicas);
        sets::annotate_new(&self.deployment, &mut set.metadata, revision, false);
        let before = self.context.cause();
        self.context.record_as_cause(Record::CreatedReplicaSet(Box::new(CreatedReplicaSet {
            deployment: Subject::of_resource(&self.deployment),
            replica_set: Subject::of_resource(&set),
            revision,
            replicas,
            why,
        })));
        let created = self.api.create(Object::ReplicaSet(Arc::new(set)), self.context);
        let (set, existed) = match created {
            Ok(Object::ReplicaSet(set)) => (set, false),
            Ok(_) => return Err(Retry),
            Err(refused) if refused.reason == "AlreadyExists" => (self.own_namesake(&hash)?, true),
            Err(refused) => {
                self.context.because(before);
                return self.refused(&refused);
            }
        };
        if !existed && replicas > 0 {
            let text = format!("Scaled up replica set {} from 0 to {replicas}", set.metadata.name);
            self.tell(&Message::normal("ScalingReplicaSet", &text));
        }
        let mut needs_update = self.deployment.metadata.set_annotation(sets::REVISION, &revision.to_string());
        if !existed && status::has_deadline(&self.deployment) {
            let text = format!("Created new replica set \"{}\"", set.metadata.name);
            let condition = status::condition(
                words::progressing(),
                words::yes(),
                "NewReplicaSetCreated",
                &text,
                self.now(),
            );
            conditions::set(&mut self.deployment.status, condition);
            needs_update = true;
        }
        if needs_update {
            self.update_status()?;
        }
        self.context.because(before);
        Ok(set)
    }

    fn new_set(&self) -> (ReplicaSet, String) {
        let spec = &self.deployment.spec;
        let meta = &self.deployment.metadata;
        let hash = sets::hash(&spec.template, self.deployment.status.collision_count);
        let mut template = PodTemplateSpec::clone(&spec.template);
        template.metadata.set_label(sets::HASH, &hash);
        let mut selector = spec.selector.clone().unwrap_or_default();
        selector.match_labels.insert(sets::HASH.into(), hash.as_str().into());
        let mut set = ReplicaSet {
            metadata: ObjectMeta {
                name: [&meta.name, "-", &hash].concat().into(),
                namespace: meta.namespace.clone(),
                labels: template.metadata.labels.clone(),
                owner_references: vec![self.reference()],
                ..ObjectMeta::default()
            },
            ..ReplicaSet::default()
        };
        set.spec.min_ready_seconds = spec.min_ready_seconds;
        set.spec.selector = Some(selector);
        set.spec.template = Arc::new(template);
        (set, hash)
    }

    /// The name of the new ReplicaSet is taken: by the very one, or by another template with the same hash.
    fn own_namesake(&mut self, hash: &str) -> Result<Set, Retry> {
        let meta = &self.deployment.metadata;
        let name = [&meta.name, "-", hash].concat();
        let found = self.api.store().get::<ReplicaSet>(&meta.namespace, &name).cloned();
        let own = found.filter(|set| {
            set.metadata.controller().is_some_and(|owner| owner.uid == meta.uid)
                && sets::equal_but_for_hash(&set.spec.template, &self.deployment.spec.template)
        });
        if let Some(own) = own {
            return Ok(own);
        }
        let collisions = &mut self.deployment.status.collision_count;
        *collisions = Some(collisions.unwrap_or(0) + 1);
        self.update_status()?;
        Err(Retry)
    }

    fn refused(&mut self, why: &Status) -> Result<Set, Retry> {
        if why.is_namespace_terminating() {
            return Err(Retry);
        }
        let (set, _) = self.new_set();
        let text = format!("Failed to create new replica set \"{}\": {why}", set.metadata.name);
        if status::has_deadline(&self.deployment) {
            let reason = "ReplicaSetCreateError";
            let condition = status::condition(words::progressing(), words::no(), reason, &text, self.now());
            conditions::set(&mut self.deployment.status, condition);
            self.update_status()?;
        }
        self.tell(&Message::warning("ReplicaSetCreateError", &text));
        Err(Retry)
    }

    /// Whether pods of old ReplicaSets still run (`oldPodsRunning`).
    pub(super) fn old_pods_run(&self, sorted: &Sorted) -> bool {
        if sorted.old.iter().any(|set| set.status.replicas > 0) {
            return true;
        }
        let store = self.api.store();
        sorted.old.iter().any(|set| {
            store.owned_by(set.metadata.uid).any(|object| matches!(object, Object::Pod(pod) if runs(pod)))
        })
    }

    pub(super) fn update_set(
        &mut self,
        set: &Set,
        change: impl FnOnce(&mut ReplicaSet),
    ) -> Result<Set, Retry> {
        let meta = &set.metadata;
        let current = self.api.store().typed_by_uid::<ReplicaSet>(meta.uid).ok_or(Retry)?;
        if current.metadata.resource_version != meta.resource_version {
            return Err(Retry);
        }
        self.api.modify(&meta.namespace, &meta.name, self.context, change).map_err(|_| Retry)
    }

    /// Writes status and annotations of the copy. The copy is out of date after that.
    pub(super) fn update_status(&mut self) -> Result<(), Retry> {
        let meta = &self.deployment.metadata;
        let current = self.api.store().typed_by_uid::<Deployment>(meta.uid).cloned().ok_or(Retry)?;
        if current.metadata.resource_version != meta.resource_version {
            return Err(Retry);
        }
        let subject = Subject::of_resource(&self.deployment);
        let changes = conditions::changes(&subject, &current.status, &self.deployment.status);
        for change in changes {
            self.context.record(Record::ConditionChanged(Box::new(change)));
        }
        let mut new = Deployment::clone(&current);
        new.metadata.annotations = self.deployment.metadata.annotations.clone();
        new.status = self.deployment.status.clone();
        if new != *current {
            self.api.put_modified(new, self.context);
        }
        Ok(())
    }

    pub(super) fn tell(&mut self, said: &Message<'_>) {
        let current = self.api.store().typed_by_uid::<Deployment>(self.deployment.metadata.uid);
        let Some(current) = current.cloned() else { return };
        self.api.tell(self.reporter, &Object::Deployment(current), said, self.context);
    }
}

fn runs(pod: &Pod) -> bool {
    !matches!(pod.status.phase, Phase::Succeeded | Phase::Failed)
}
