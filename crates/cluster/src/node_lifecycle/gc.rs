//! Pods whose node is gone (pkg/controller/podgc): after a quarantine they are marked as failed and deleted.

use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::meta::Str;
use opscape_manifest::api::pod::{Phase, PodCondition};
use opscape_manifest::api::{Node, Object, ObjectKey, Pod};
use opscape_sim::Time;

use super::{NodeLifecycle, Wake, What, record};
use crate::api::set_condition;
use crate::{Api, Context, DeleteOptions, Event, Subject, words};

/// How often it looks (`gcCheckPeriod`).
const EVERY: Duration = Duration::from_secs(20);
/// How long a node has to be gone (`quarantineTime`).
const QUARANTINE: Duration = Duration::from_secs(40);

impl NodeLifecycle {
    /// A node is gone, and has pods.
    pub(super) fn quarantine(&mut self, node: &Str, _api: &Api, context: &mut Context<'_>) {
        if !self.quarantine.contains_key(node) {
            // It is noticed at the next look, and the quarantine runs from there.
            let noticed = next_look(context.now());
            self.quarantine.insert(node.clone(), noticed + QUARANTINE);
        }
        if !self.collecting {
            self.collecting = true;
            context.at(next_look(context.now()), Event::NodeLifecycle(Wake::Collect));
        }
    }

    /// Collects what has been in quarantine for long enough.
    pub(super) fn collect(&mut self, api: &mut Api, context: &mut Context<'_>) {
        let now = context.now();
        let due: Vec<Str> =
            self.quarantine.iter().filter(|(_, at)| **at <= now).map(|(node, _)| node.clone()).collect();
        let cause = context.cause();
        for node in due {
            self.quarantine.remove(&node);
            if api.store().get::<Node>("", &node).is_some() {
                continue;
            }
            let pods: Vec<Arc<Pod>> = api.store().pods_on(&node).cloned().collect();
            for pod in pods {
                context.because(cause);
                collect_pod(&pod, &node, api, context);
            }
        }
        context.because(cause);
        self.collecting = !self.quarantine.is_empty();
        if self.collecting {
            context.at(next_look(now), Event::NodeLifecycle(Wake::Collect));
        }
    }
}

fn collect_pod(pod: &Arc<Pod>, node: &Str, api: &mut Api, context: &mut Context<'_>) {
    let meta = &pod.metadata;
    let subject = Subject::of(&Object::Pod(pod.clone()));
    record(subject, node, What::Collected, context);
    let now = api.timestamp(context.now());
    let generation = meta.generation;
    // Somebody else may have deleted it meanwhile.
    let _ = api.modify::<Pod>(&meta.namespace, &meta.name, context, |pod| {
        if !matches!(pod.status.phase, Phase::Succeeded | Phase::Failed) {
            pod.status.phase = Phase::Failed;
            let condition = PodCondition {
                kind: "DisruptionTarget".into(),
                status: words::yes(),
                reason: "DeletionByPodGC".into(),
                message: "PodGC: node no longer exists".into(),
                last_transition_time: Some(now),
                observed_generation: generation,
            };
            set_condition(&mut pod.status.conditions, condition);
        }
    });
    let key = ObjectKey { kind: words::pod(), namespace: meta.namespace.clone(), name: meta.name.clone() };
    let options = DeleteOptions { grace: Some(0), uid: Some(meta.uid), ..DeleteOptions::default() };
    let _ = api.delete(&key, &options, context);
}

fn next_look(now: Time) -> Time {
    let every = EVERY.as_micros() as u64;
    Time((now.0 / every + 1) * every)
}
