//! The Deployment controller (pkg/controller/deployment): keeps ReplicaSets, one for each revision of the pod template, and
//! moves replicas between them.

mod rollback;
mod rollout;
mod scale;
mod sets;
mod status;
mod sync;

use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::meta::Uid;
use opscape_manifest::api::{Deployment, Object, Pod, ReplicaSet, Resource};
use opscape_sim::IdSet;

pub(crate) use sets::{hash, hash_of_value, same_but_for};

use crate::replica_set::matches;
use crate::{Api, Change, Component, Context, Event, Op, Options, Reporter, Weight, WorkQueue};

/// The Deployment controller.
#[derive(Clone)]
pub(crate) struct Deployments {
    queue: WorkQueue,
    latency: Duration,
    reporter: Reporter,
    /// ReplicaSets without a controller: a Deployment may adopt them.
    orphans: IdSet<Uid>,
}

impl Deployments {
    pub(crate) fn new(options: &Options) -> Self {
        Deployments {
            queue: WorkQueue::new(Event::Deployment),
            latency: options.latency.deployment,
            reporter: Reporter::new("deployment-controller"),
            orphans: IdSet::new(),
        }
    }

    fn on_replica_set(&mut self, change: &Change, api: &Api, context: &mut Context<'_>) {
        let Some(set) = ReplicaSet::from_object(&change.object) else { return };
        let old = change.old.as_ref().and_then(ReplicaSet::from_object);
        let gone = change.op == Op::Deleted;
        let owner = set.metadata.controller().map(|owner| owner.uid);
        if owner.is_none() && !gone {
            self.orphans.insert(set.metadata.uid);
            let labels_changed = old.is_none_or(|old| {
                old.metadata.labels != set.metadata.labels || old.metadata.controller().is_some()
            });
            if labels_changed {
                for deployment in api.store().list::<Deployment>(Some(&set.metadata.namespace)) {
                    if selects(deployment, set) {
                        self.queue.add(deployment.metadata.uid, Weight::Status, self.latency, context);
                    }
                }
            }
        } else {
            self.orphans.remove(&set.metadata.uid);
        }
        let weight = if gone { Weight::Life } else { Weight::Status };
        let before = old.and_then(|old| old.metadata.controller().map(|owner| owner.uid));
        for uid in owner.into_iter().chain(before.filter(|before| Some(*before) != owner)) {
            self.queue.add(uid, weight, self.latency, context);
        }
    }

    /// A Deployment that recreates waits until no pod is left.
    fn on_pod_deleted(&mut self, pod: &Pod, api: &Api, context: &mut Context<'_>) {
        let Some(owner) = pod.metadata.controller() else { return };
        let store = api.store();
        let Some(set) = store.typed_by_uid::<ReplicaSet>(owner.uid) else { return };
        let Some(controller) = set.metadata.controller() else { return };
        let Some(deployment) = store.typed_by_uid::<Deployment>(controller.uid) else { return };
        let recreates = deployment.spec.strategy.kind.as_deref() == Some("Recreate");
        if recreates && store.owned_by(controller.uid).all(|set| store.count_owned_by(set.meta().uid) == 0) {
            self.queue.add(controller.uid, Weight::Life, self.latency, context);
        }
    }
}

/// Whether a Deployment in the same namespace would adopt a ReplicaSet.
fn selects(deployment: &Deployment, set: &ReplicaSet) -> bool {
    deployment.spec.selector.as_ref().is_some_and(|selector| matches(selector, &set.metadata.labels))
}

impl Component for Deployments {
    type Wake = Uid;

    fn on_change(&mut self, change: &Change, api: &Api, context: &mut Context<'_>) {
        match &change.object {
            Object::Deployment(deployment) => {
                let old = change.old.as_ref().and_then(Deployment::from_object);
                let same_spec = old.is_some_and(|old: &Arc<Deployment>| {
                    old.metadata.generation == deployment.metadata.generation
                });
                let weight = if same_spec { Weight::Status } else { Weight::Spec };
                self.queue.add(deployment.metadata.uid, weight, self.latency, context);
            }
            Object::ReplicaSet(_) => self.on_replica_set(change, api, context),
            Object::Pod(pod) if change.op == Op::Deleted => self.on_pod_deleted(pod, api, context),
            _ => {}
        }
    }

    fn handle(&mut self, uid: Uid, api: &mut Api, context: &mut Context<'_>) {
        if !self.queue.take(uid, context) {
            return;
        }
        let Some(deployment) = api.store().typed_by_uid::<Deployment>(uid).cloned() else {
            self.queue.forget(uid);
            return;
        };
        let mut sync = sync::Sync::new(&self.reporter, &deployment, api, context);
        let result = sync.run(&self.orphans);
        let again = sync.again_after;
        match result {
            Ok(()) => self.queue.forget(uid),
            Err(sync::Retry) => self.queue.add_rate_limited(uid, context),
        }
        if let Some(again) = again {
            self.queue.add_after(uid, again, context);
        }
    }
}
