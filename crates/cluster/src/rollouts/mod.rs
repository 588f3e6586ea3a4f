//! Argo Rollouts' controller of Rollouts (argo-rollouts v1.8, rollout/): keeps ReplicaSets, one for each pod template, and
//! moves pods, Services and the weights of traffic routers between them.
//!
//! Left out: adopting ReplicaSets, experiments, ping-pong, mirror routes,
//! traffic routers other than nginx and the Gateway API plugin (a Rollout that uses one of the last three is
//! refused, see [`opscape_manifest::validation::rollout_spec`]).

mod analysis;
mod blue_green;
mod canary;
mod conditions;
mod gateway;
mod metadata;
mod nginx;
pub mod pause;
mod phase;
mod reconcile;
mod references;
pub mod replicas;
mod restart;
mod services;
mod sets;
mod sync;
mod traffic;
mod workload;

use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::meta::{Str, Uid};
use opscape_manifest::api::{AnalysisRun, Object, Resource, Rollout, Service};

pub use crate::conditions::find as find_condition;
pub use phase::phase;
pub use sets::{HASH, REVISION, SCALE_DOWN_DEADLINE};

use crate::{Api, Change, Component, Context, Event, Options, Reporter, Weight, WorkQueue};

/// The controller of Rollouts.
#[derive(Clone)]
pub(crate) struct Rollouts {
    queue: WorkQueue,
    latency: Duration,
    reporter: Reporter,
}

impl Rollouts {
    pub(crate) fn new(options: &Options) -> Self {
        Rollouts {
            queue: WorkQueue::new(Event::Rollout),
            latency: options.latency.rollout,
            reporter: Reporter::new("rollouts-controller"),
        }
    }

    /// A workload changed whose template others may take: they look at it.
    fn on_workload(&mut self, change: &Change, api: &Api, context: &mut Context<'_>) {
        let object = &change.object;
        if !matches!(object.kind_name(), "Deployment" | "ReplicaSet" | "PodTemplate") {
            return;
        }
        let meta = object.meta();
        if change.old.as_ref().is_some_and(|old| old.meta().generation == meta.generation) {
            return;
        }
        for rollout in api.store().list::<Rollout>(Some(&meta.namespace)) {
            if workload::takes_from(rollout, object) {
                self.queue.add(rollout.metadata.uid, Weight::Spec, self.latency, context);
            }
        }
    }

    /// A Service or an Ingress changed: the Rollouts that refer to it look at it.
    fn on_referenced(&mut self, namespace: &str, name: &str, api: &Api, context: &mut Context<'_>) {
        for rollout in api.store().list::<Rollout>(Some(namespace)) {
            if refers_to(rollout, name) {
                self.queue.add(rollout.metadata.uid, Weight::Status, self.latency, context);
            }
        }
    }
}

/// Whether a Rollout names a Service or an Ingress.
fn refers_to(rollout: &Rollout, name: &str) -> bool {
    let is = |known: &Str| !known.is_empty() && **known == *name;
    let strategy = &rollout.spec.strategy;
    strategy.blue_green.as_ref().is_some_and(|one| is(&one.active_service) || is(&one.preview_service))
        || strategy.canary.as_ref().is_some_and(|one| {
            let nginx = one.traffic_routing.as_ref().and_then(|routing| routing.nginx.as_ref());
            is(&one.stable_service)
                || is(&one.canary_service)
                || nginx.is_some_and(|nginx| nginx.ingresses().iter().any(is))
        })
}

/// Seconds the pods of the new version stay after an abort; none: for ever. And whether somebody said so
/// (`GetAbortScaleDownDelaySecondsOrDefault`).
fn abort_delay(rollout: &Rollout) -> (Option<i64>, bool) {
    let strategy = &rollout.spec.strategy;
    let said = match (&strategy.blue_green, &strategy.canary) {
        (Some(blue_green), _) => blue_green.abort_scale_down_delay_seconds,
        (_, Some(canary)) if canary.traffic_routing.is_some() => canary.abort_scale_down_delay_seconds,
        _ => return (Some(0), false),
    };
    match said {
        Some(0) => (None, true),
        Some(seconds) => (Some(i64::from(seconds)), true),
        None => (Some(30), false),
    }
}

/// Seconds the old pods stay after the switch (`GetScaleDownDelaySecondsOrDefault`).
fn scale_down_delay(rollout: &Rollout) -> i64 {
    let strategy = &rollout.spec.strategy;
    match (&strategy.blue_green, &strategy.canary) {
        (Some(blue_green), _) => i64::from(blue_green.scale_down_delay_seconds.unwrap_or(30)),
        (_, Some(canary)) if canary.traffic_routing.is_some() => {
            i64::from(canary.scale_down_delay_seconds.unwrap_or(30))
        }
        _ => 0,
    }
}

/// Whether a ReplicaSet was made before another one.
fn is_older(set: &sets::Set, other: &sets::Set) -> bool {
    set.metadata.uid < other.metadata.uid
}

impl Component for Rollouts {
    type Wake = Uid;

    fn on_change(&mut self, change: &Change, api: &Api, context: &mut Context<'_>) {
        self.on_workload(change, api, context);
        match &change.object {
            Object::Rollout(rollout) => {
                let old = change.old.as_ref().and_then(Rollout::from_object);
                let same_spec = old
                    .is_some_and(|old: &Arc<Rollout>| old.metadata.generation == rollout.metadata.generation);
                let weight = if same_spec { Weight::Status } else { Weight::Spec };
                self.queue.add(rollout.metadata.uid, weight, self.latency, context);
            }
            Object::ReplicaSet(set) => {
                let owner = set.metadata.controller().filter(|owner| &*owner.kind == "Rollout");
                if let Some(owner) = owner {
                    self.queue.add(owner.uid, Weight::Status, self.latency, context);
                }
            }
            Object::AnalysisRun(run) => {
                let old = change.old.as_ref().and_then(AnalysisRun::from_object);
                let ended = old.is_some_and(|old| old.status.phase != run.status.phase);
                if let Some(owner) = run.metadata.controller() {
                    let weight = if ended { Weight::Life } else { Weight::Status };
                    self.queue.add(owner.uid, weight, self.latency, context);
                }
            }
            Object::Service(service) => {
                let old = change.old.as_ref().and_then(Service::from_object);
                if old.is_none_or(|old| old.spec != service.spec) {
                    let meta = &service.metadata;
                    self.on_referenced(&meta.namespace, &meta.name, api, context);
                }
            }
            Object::Other(other) if &*other.kind == "Ingress" => {
                let meta = &other.metadata;
                self.on_referenced(&meta.namespace, &meta.name, api, context);
            }
            _ => {}
        }
    }

    fn handle(&mut self, uid: Uid, api: &mut Api, context: &mut Context<'_>) {
        if !self.queue.take(uid, context) {
            return;
        }
        let Some(rollout) = api.store().typed_by_uid::<Rollout>(uid).cloned() else {
            self.queue.forget(uid);
            return;
        };
        if rollout.metadata.deletion_timestamp.is_some() {
            self.queue.forget(uid);
            return;
        }
        let mut reconcile = reconcile::Reconcile::new(&self.reporter, &rollout, api, context);
        let result = reconcile.run();
        let again = reconcile.again_after;
        match result {
            Ok(()) => self.queue.forget(uid),
            Err(reconcile::Retry) => self.queue.add_rate_limited(uid, context),
        }
        if let Some(again) = again {
            self.queue.add_after(uid, again, context);
        }
    }
}
