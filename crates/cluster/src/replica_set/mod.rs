//! The ReplicaSet controller (pkg/controller/replicaset/replica_set.go): keeps a number of pods of one template.
//!
//! Counts are kept up to date with each pod's change, so that a sync costs what it creates or deletes, not what exists.

mod claim;
mod counts;
mod delete;
mod rank;
mod status;

use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::meta::{ObjectMeta, OwnerReference, Uid};
use opscape_manifest::api::{Object, Pod, ReplicaSet, Resource};
use opscape_sim::{IdMap, IdSet};

use crate::record::{PodCreated, PodRefused};
use crate::{
    Api, Change, Component, Context, Event, Message, Op, Options, Record, Reporter, Status, Subject, Weight,
    WorkQueue, words,
};
pub(crate) use claim::matches;
use counts::Counts;
pub(crate) use rank::is_ready;

/// The ReplicaSet controller.
#[derive(Clone)]
pub(crate) struct ReplicaSets {
    queue: WorkQueue,
    latency: Duration,
    reporter: Reporter,
    counts: IdMap<Uid, Counts>,
    /// ReplicaSets whose pods, or other pods for them, changed labels or controllers.
    to_claim: IdSet<Uid>,
    /// ReplicaSets by their Deployment: related pods count when one of them shrinks.
    siblings: IdMap<Uid, IdSet<Uid>>,
}

/// The first batch of creations; doubled as long as they succeed (`SlowStartInitialBatchSize`).
const FIRST_BATCH: usize = 1;

impl ReplicaSets {
    pub(crate) fn new(options: &Options) -> Self {
        ReplicaSets {
            queue: WorkQueue::new(Event::ReplicaSet),
            latency: options.latency.replica_set,
            reporter: Reporter::new("replicaset-controller"),
            counts: IdMap::new(),
            to_claim: IdSet::new(),
            siblings: IdMap::new(),
        }
    }

    fn sync(&mut self, uid: Uid, api: &mut Api, context: &mut Context<'_>) {
        let Some(replica_set) = api.store().typed_by_uid::<ReplicaSet>(uid).cloned() else {
            self.queue.forget(uid);
            return;
        };
        if self.to_claim.remove(&uid) {
            // What is claimed or released comes back as a change of those pods, and with it the next sync.
            if claim::claim_pods(&replica_set, api, context) {
                return;
            }
        }
        let now = api.timestamp(context.now());
        let min_ready = i64::from(replica_set.spec.min_ready_seconds);
        let counts = self.counts.or_default(uid);
        counts.settle(min_ready, now);
        let before = counts.clone();
        let failed = if replica_set.metadata.deletion_timestamp.is_none() {
            self.manage(&replica_set, before.active, api, context)
        } else {
            None
        };
        status::update(&replica_set, &before, failed.as_deref(), api, context);
        if failed.is_some() {
            self.queue.add_rate_limited(uid, context);
        } else {
            self.queue.forget(uid);
            if let Some(next) = before.next_available(min_ready) {
                let after = api.time_of(next).since(context.now());
                self.queue.add_after(uid, after, context);
            }
        }
    }

    /// Creates or deletes pods (`manageReplicas`). Gives the error if that failed.
    fn manage(
        &mut self,
        replica_set: &Arc<ReplicaSet>,
        have: i32,
        api: &mut Api,
        context: &mut Context<'_>,
    ) -> Option<String> {
        let want = replica_set.spec.replicas.unwrap_or(1);
        let burst = api.options().flags.burst_replicas;
        let missing = want.saturating_sub(have);
        let cause = context.cause();
        let mut failed = None;
        if missing > 0 {
            failed = self.create(replica_set, (have, want), missing.min(burst), api, context);
        }
        if missing < 0 {
            let related = self.related(replica_set);
            let surplus = missing.saturating_neg().min(burst);
            delete::delete(&self.reporter, replica_set, &related, (have, want), surplus, api, context);
        }
        context.because(cause);
        failed
    }

    /// `slowStartBatch`: 1, 2, 4, ... pods at once, until one fails.
    fn create(
        &self,
        replica_set: &Arc<ReplicaSet>,
        (have, want): (i32, i32),
        count: i32,
        api: &mut Api,
        context: &mut Context<'_>,
    ) -> Option<String> {
        let owner = Object::ReplicaSet(replica_set.clone());
        let cause = context.cause();
        let mut remaining = usize::try_from(count).unwrap_or(0);
        let mut batch = FIRST_BATCH;
        while remaining > 0 {
            let mut error = None;
            for _ in 0..batch.min(remaining) {
                context.because(cause);
                if let Err(status) = self.create_one(replica_set, &owner, have, want, api, context) {
                    // A namespace that is being emptied refuses everything: nothing is wrong.
                    if status.is_namespace_terminating() {
                        return None;
                    }
                    error = Some(status.message);
                }
            }
            if error.is_some() {
                return error;
            }
            remaining -= batch.min(remaining);
            batch *= 2;
        }
        None
    }

    fn create_one(
        &self,
        replica_set: &Arc<ReplicaSet>,
        owner: &Object,
        have: i32,
        want: i32,
        api: &mut Api,
        context: &mut Context<'_>,
    ) -> Result<(), Status> {
        let pod = pod_of(replica_set);
        let fact = |pod: &Pod| {
            Record::PodCreated(Box::new(PodCreated {
                replica_set: Subject::of(owner),
                pod: Subject::of_resource(pod),
                have,
                want,
            }))
        };
        match api.create_pod(pod, &fact, context) {
            Ok(pod) => {
                let text = ["Created pod: ", &pod.metadata.name].concat();
                api.tell(&self.reporter, owner, &Message::normal("SuccessfulCreate", &text), context);
                Ok(())
            }
            Err(status) if status.is_namespace_terminating() => Err(status),
            Err(status) => {
                let refused =
                    PodRefused { replica_set: Subject::of(owner), message: status.message.as_str().into() };
                context.record_as_cause(Record::PodRefused(Box::new(refused)));
                let text = ["Error creating: ", &status.message].concat();
                api.tell(&self.reporter, owner, &Message::warning("FailedCreate", &text), context);
                Err(status)
            }
        }
    }

    /// The ReplicaSets with the same Deployment, this one included; none if it has no controller.
    fn related(&self, replica_set: &ReplicaSet) -> Vec<Uid> {
        let controller = replica_set.metadata.controller().map(|owner| owner.uid);
        controller
            .and_then(|uid| self.siblings.get(&uid))
            .map(|siblings| siblings.iter().collect())
            .unwrap_or_default()
    }

    /// Keeps the counts of a pod's ReplicaSet.
    fn count(&mut self, pod: Option<&Arc<Pod>>, sign: i32, api: &Api) {
        if let Some(pod) = pod
            && let Some(owner) = owner_of(pod)
            && let Some(replica_set) = api.store().typed_by_uid::<ReplicaSet>(owner)
        {
            self.counts.or_default(owner).add(pod, replica_set, sign);
        }
    }

    fn on_pod(&mut self, change: &Change, api: &Api, context: &mut Context<'_>) {
        let new = if change.op == Op::Deleted { None } else { Pod::from_object(&change.object) };
        let old = change.old.as_ref().and_then(Pod::from_object);
        self.count(old, -1, api);
        self.count(new, 1, api);
        let (owner, before) = (new.and_then(owner_of), old.and_then(owner_of));
        let labels_changed = match (old, new) {
            (Some(old), Some(new)) => {
                !Arc::ptr_eq(&old.metadata.labels, &new.metadata.labels)
                    && old.metadata.labels != new.metadata.labels
            }
            (None, Some(_)) => true,
            _ => false,
        };
        let weight = match (old, new) {
            (Some(old), Some(new)) => {
                let ended = new.metadata.deletion_timestamp.is_some()
                    && old.metadata.deletion_timestamp.is_none()
                    || !rank::is_active(new) && rank::is_active(old);
                if ended { Weight::Life } else { Weight::Status }
            }
            (None, Some(_)) => Weight::Status,
            _ => Weight::Life,
        };
        if let Some(owner) = before.filter(|before| Some(*before) != owner) {
            self.queue.add(owner, weight, self.latency, context);
        }
        if let Some(owner) = owner {
            if labels_changed && old.is_some() && new.is_some_and(|pod| !claim::belongs(pod, owner, api)) {
                self.to_claim.insert(owner);
            }
            self.queue.add(owner, weight, self.latency, context);
        } else if let Some(pod) = new
            && pod.metadata.controller().is_none()
            && (labels_changed || before.is_some())
        {
            for uid in claim::matching(pod, api) {
                self.to_claim.insert(uid);
                self.queue.add(uid, weight, self.latency, context);
            }
        }
    }

    fn on_replica_set(&mut self, change: &Change, api: &Api, context: &mut Context<'_>) {
        let Some(new) = ReplicaSet::from_object(&change.object) else { return };
        let uid = new.metadata.uid;
        let old = change.old.as_ref().and_then(ReplicaSet::from_object);
        let deployment = |replica_set: &Arc<ReplicaSet>| replica_set.metadata.controller().map(|o| o.uid);
        let (before, after) = (old.and_then(deployment), deployment(new));
        let gone = change.op == Op::Deleted;
        if let Some(before) = before.filter(|before| gone || Some(*before) != after)
            && let Some(siblings) = self.siblings.get_mut(&before)
        {
            siblings.remove(&uid);
            if siblings.is_empty() {
                self.siblings.remove(&before);
            }
        }
        if gone {
            self.counts.remove(&uid);
            self.to_claim.remove(&uid);
        } else if let Some(after) = after.filter(|after| Some(*after) != before) {
            self.siblings.or_default(after).insert(uid);
        }
        let weight = match old {
            None => {
                self.to_claim.insert(uid);
                Weight::Spec
            }
            Some(old) => {
                let counted_otherwise = old.spec.min_ready_seconds != new.spec.min_ready_seconds
                    || old.spec.template.metadata.labels != new.spec.template.metadata.labels;
                if counted_otherwise {
                    self.counts.insert(uid, Counts::of(new, api.store()));
                }
                if old.metadata.generation == new.metadata.generation { Weight::Status } else { Weight::Spec }
            }
        };
        self.queue.add(uid, weight, self.latency, context);
    }
}

impl Component for ReplicaSets {
    type Wake = Uid;

    fn on_change(&mut self, change: &Change, api: &Api, context: &mut Context<'_>) {
        match &change.object {
            Object::Pod(_) => self.on_pod(change, api, context),
            Object::ReplicaSet(_) => self.on_replica_set(change, api, context),
            _ => {}
        }
    }

    fn handle(&mut self, uid: Uid, api: &mut Api, context: &mut Context<'_>) {
        if self.queue.take(uid, context) {
            self.sync(uid, api, context);
        }
    }
}

/// The ReplicaSet that controls a pod.
fn owner_of(pod: &Arc<Pod>) -> Option<Uid> {
    pod.metadata.controller().filter(|owner| &*owner.kind == "ReplicaSet").map(|owner| owner.uid)
}

/// A new pod of a ReplicaSet (`GetPodFromTemplate`). It shares labels and spec with the template.
fn pod_of(replica_set: &ReplicaSet) -> Pod {
    let template = &replica_set.spec.template;
    Pod {
        metadata: ObjectMeta {
            generate_name: Some([&replica_set.metadata.name, "-"].concat().into()),
            namespace: replica_set.metadata.namespace.clone(),
            labels: template.metadata.labels.clone(),
            annotations: template.metadata.annotations.clone(),
            finalizers: template.metadata.finalizers.clone(),
            owner_references: vec![reference_to(replica_set)],
            ..ObjectMeta::default()
        },
        spec: template.spec.clone(),
        ..Pod::default()
    }
}

fn reference_to(replica_set: &ReplicaSet) -> OwnerReference {
    OwnerReference {
        api_version: words::apps_v1(),
        kind: words::replica_set(),
        name: replica_set.metadata.name.clone(),
        uid: replica_set.metadata.uid,
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}
