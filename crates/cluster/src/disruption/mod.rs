//! The disruption controller (pkg/controller/disruption/disruption.go, Kubernetes v1.36): says in the status of each
//! PodDisruptionBudget how many of its pods may be disrupted now. Evictions ask and count down there (`eviction.rs`).

mod budget;
mod eviction;
mod expected;

use std::time::Duration;

use opscape_manifest::api::meta::{Timestamp, Uid};
use opscape_manifest::api::{Object, Pod};
use opscape_sim::Time;

pub(crate) use budget::Budget;
pub(crate) use eviction::evict;

use crate::replica_set::is_ready;
use crate::{Api, Change, Context, Event, Message, Op, Options, Reporter, Weight, WorkQueue};

/// `DeletionTimeout`: an eviction that was let through and did not delete its pod counts for so long.
const DELETION_TIMEOUT: Duration = Duration::from_mins(2);

/// The kind that it looks after.
const KIND: &str = "PodDisruptionBudget";

/// The disruption controller.
#[derive(Clone)]
pub(crate) struct Disruptions {
    queue: WorkQueue,
    latency: Duration,
    reporter: Reporter,
    /// The budgets that there are.
    budgets: Vec<(Uid, Budget)>,
}

impl Disruptions {
    pub(crate) fn new(options: &Options) -> Self {
        Disruptions {
            queue: WorkQueue::new(Event::Disruption),
            latency: options.latency.disruption,
            reporter: Reporter::new("controllermanager"),
            budgets: Vec::new(),
        }
    }

    pub(crate) fn on_change(&mut self, change: &Change, context: &mut Context<'_>) {
        match &change.object {
            Object::Other(other) if &*other.kind == KIND => {
                let uid = other.metadata.uid;
                self.budgets.retain(|(known, _)| *known != uid);
                if change.op == Op::Deleted {
                    self.queue.forget(uid);
                } else if let Some(budget) = Budget::of(&change.object) {
                    self.budgets.push((uid, budget));
                    self.queue.add(uid, Weight::Spec, self.latency, context);
                }
            }
            Object::Pod(pod) if !self.budgets.is_empty() => self.on_pod(pod, context),
            _ => {}
        }
    }

    fn on_pod(&mut self, pod: &Pod, context: &mut Context<'_>) {
        for (uid, _) in self.budgets.iter().filter(|(_, budget)| budget.covers(pod)) {
            self.queue.add(*uid, Weight::Life, self.latency, context);
        }
    }

    /// A look at a budget is due.
    pub(crate) fn handle(&mut self, uid: Uid, api: &mut Api, context: &mut Context<'_>) {
        if !self.queue.take(uid, context) {
            return;
        }
        let Some(object) = api.store().by_uid(uid).cloned() else { return };
        let Some(mut budget) = Budget::of(&object) else { return };
        if let Some(recheck) = self.sync(&object, &mut budget, api, context) {
            self.queue.add_after(uid, recheck.since(context.now()).max(Duration::from_millis(1)), context);
        }
    }

    /// `trySync`; gives when to look again at the latest.
    fn sync(
        &self,
        object: &Object,
        budget: &mut Budget,
        api: &mut Api,
        context: &mut Context<'_>,
    ) -> Option<Time> {
        let pods: Vec<_> = budget.pods(api.store()).cloned().collect();
        let generation = object.meta().generation;
        if pods.is_empty() {
            self.tell(object, &Message::normal("NoPods", "No matching pods found"), api, context);
        }
        let expected = match expected::expected(budget, &pods, api.store()) {
            Ok(expected) => expected,
            Err(why) => {
                let message = format!("Failed to calculate the number of expected pods: {why}");
                let said = Message {
                    warning: true,
                    reason: "CalculateExpectedPodCountFailed",
                    message: &message,
                    field_path: "",
                };
                self.tell(object, &said, api, context);
                // `failSafe`
                budget.status.allowed = 0;
                budget.set_condition(false, "SyncFailed", &why, api.timestamp(context.now()));
                api.publish(&budget.written(object), context);
                return None;
            }
        };
        if expected.unmanaged {
            let message = format!(
                "Pods selected by this PodDisruptionBudget (selector: {}) were found to be unmanaged. As a result, the \
                 status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for \
                 these pods please set \".spec.minAvailable\" field of the PDB to an integer value.",
                budget.selector_in_go()
            );
            let said = Message { warning: true, reason: "UnmanagedPods", message: &message, field_path: "" };
            self.tell(object, &said, api, context);
        }
        let now = api.timestamp(context.now());
        let until = |stamp: Timestamp| api.time_of(stamp) + DELETION_TIMEOUT;
        let mut recheck: Option<Time> = None;
        // `buildDisruptedPodMap`: what is being deleted, or was not within the time limit, is forgotten.
        budget.status.disrupted.retain(|(name, stamp)| {
            let living = pods
                .iter()
                .any(|pod| pod.metadata.name == *name && pod.metadata.deletion_timestamp.is_none());
            let keep = living && until(*stamp) >= context.now();
            if keep && recheck.is_none_or(|before| until(*stamp) < before) {
                recheck = Some(until(*stamp));
            }
            keep
        });
        let disrupted =
            |pod: &Pod| budget.status.disrupted.iter().any(|(name, _)| *name == pod.metadata.name);
        let healthy = pods
            .iter()
            .filter(|pod| pod.metadata.deletion_timestamp.is_none() && !disrupted(pod) && is_ready(pod));
        let healthy = healthy.count() as i64;
        let status = &mut budget.status;
        status.healthy = healthy;
        status.desired = expected.desired;
        status.expected = expected.count;
        status.allowed = if expected.count <= 0 { 0 } else { (healthy - expected.desired).max(0) };
        status.observed_generation = generation;
        budget.set_allowed_condition(now);
        api.publish(&budget.written(object), context);
        recheck
    }

    fn tell(&self, object: &Object, said: &Message<'_>, api: &mut Api, context: &mut Context<'_>) {
        api.tell(&self.reporter, object, said, context);
    }
}
