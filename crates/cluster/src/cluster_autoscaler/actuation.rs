//! Removing nodes (core/scaledown/actuation): a taint keeps pods off, pods are evicted, and when the last has ended the machine
//! goes.

use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::core::Taint;
use opscape_manifest::api::meta::Str;
use opscape_manifest::api::{Node, Object, ObjectKey};
use opscape_manifest::golang;
use opscape_sim::Time;

use super::decision::{Fact, NodeVerdict, ScaledDown};
use super::drainability::{Drain, budgets, drain};
use super::provider::Life;
use super::scale_down::Removal;
use super::{ClusterAutoscaler, Wake, record};
use crate::{Api, Context, DeleteOptions, Event, Message, Subject, words};

/// Keeps all pods off a node that is being removed.
const TO_BE_DELETED: &str = "ToBeDeletedByClusterAutoscaler";
/// Keeps pods off a node that is not needed, if they can go elsewhere.
const CANDIDATE: &str = "DeletionCandidateOfClusterAutoscaler";
/// `--node-delete-delay-after-taint`
const DELAY_AFTER_TAINT: Duration = Duration::from_secs(5);
/// How often is looked whether the pods have ended.
const LOOK: Duration = Duration::from_secs(5);
/// Pods have their grace period, at most this (`--max-graceful-termination-sec`), and a bit (`DefaultPodEvictionHeadroom`).
const LONGEST_GRACE: i64 = 600;
const HEADROOM: Duration = Duration::from_secs(30);
/// `--max-bulk-soft-taint-count`
const SOFT_TAINTS_AT_ONCE: usize = 10;

impl ClusterAutoscaler {
    /// `StartDeletion`
    pub(super) fn start_removal(&mut self, removal: &Removal, api: &mut Api, context: &mut Context<'_>) {
        let name = &removal.name;
        let Some(node) = api.store().get::<Node>("", name).cloned() else { return };
        let before = context.because(None);
        let fact = ScaledDown {
            node: Subject {
                kind: words::node(),
                name: name.clone(),
                uid: node.metadata.uid,
                ..Subject::default()
            },
            group: self
                .settings
                .groups
                .get(removal.group)
                .map(|group| group.name.clone())
                .unwrap_or_default(),
            utilization: removal.utilization,
            since: removal.since,
            pods: removal.drain.moves.len(),
        };
        record(Fact::ScaledDown(fact), context);
        set_taint(name, TO_BE_DELETED, Some("NoSchedule"), api, context);
        let said = Message::normal("ScaleDown", "marked the node as toBeDeleted/unschedulable");
        api.tell(&self.reporter, &Object::Node(node), &said, context);
        let moves = &removal.drain.moves;
        if moves.is_empty() {
            let message = format!("Scale-down: removing empty node {}", golang::quote(name));
            self.log(&Message::normal("ScaleDownEmpty", &message), api, context);
        } else {
            let names: Vec<&str> = moves.iter().map(|pod| &*pod.metadata.name).collect();
            let (cpu, memory) = removal.shares;
            let message = format!(
                "Scale-down: removing node {name}, utilization: {{{} {} 0 0 {} {}}}, pods to reschedule: {}",
                golang::float(cpu),
                golang::float(memory),
                removal.utilization.resource,
                golang::float(cpu.max(memory)),
                names.join(",")
            );
            self.log(&Message::normal("ScaleDown", &message), api, context);
            self.draining += 1;
        }
        if let Some(machine) = Arc::make_mut(&mut self.cloud).machine(name) {
            machine.life = Life::Leaving(context.now());
            machine.verdict = Some(NodeVerdict::Leaves);
        }
        let drained = !moves.is_empty();
        let wake = Wake::Evict { node: name.clone(), drained };
        context.after(DELAY_AFTER_TAINT, Event::ClusterAutoscaler(wake));
        context.because(before);
    }

    /// The taint had time to be seen: the pods are evicted.
    pub(super) fn evict(&mut self, name: &Str, drained: bool, api: &mut Api, context: &mut Context<'_>) {
        if !self.is_leaving(name) {
            self.draining = self.draining.saturating_sub(usize::from(drained));
            return;
        }
        let found = drain(name, &budgets(api), &self.settings, api, context.now());
        let Drain { moves, .. } = match found {
            Ok(drain) if drained || drain.moves.is_empty() => drain,
            Ok(_) => {
                let why = format!("failed to delete empty node {}, new pods scheduled", golang::quote(name));
                return self.give_up(name, drained, &why, api, context);
            }
            Err((pod, _)) => {
                let why = format!("pod {}/{} must not be moved", pod.metadata.namespace, pod.metadata.name);
                return self.give_up(name, drained, &why, api, context);
            }
        };
        let mut longest = 0;
        for pod in &moves {
            let said = Message::normal("ScaleDown", "deleting pod for node scale down");
            api.tell(&self.reporter, &Object::Pod(pod.clone()), &said, context);
            let grace = pod.spec.termination_grace_period_seconds.unwrap_or(30).min(LONGEST_GRACE);
            longest = longest.max(grace);
            let meta = &pod.metadata;
            let key =
                ObjectKey { kind: words::pod(), namespace: meta.namespace.clone(), name: meta.name.clone() };
            let options =
                DeleteOptions { grace: Some(grace), uid: Some(meta.uid), ..DeleteOptions::default() };
            // A pod that is gone has not to be evicted.
            let _ = api.delete(&key, &options, context);
        }
        let grace = Duration::from_secs(longest.cast_unsigned());
        let until = context.now() + grace + HEADROOM;
        self.await_end(name, drained, until, api, context);
    }

    /// `waitPodsToDisappear`
    pub(super) fn await_end(
        &mut self,
        name: &Str,
        drained: bool,
        until: Time,
        api: &mut Api,
        context: &mut Context<'_>,
    ) {
        if !self.is_leaving(name) {
            self.draining = self.draining.saturating_sub(usize::from(drained));
            return;
        }
        let left = drain(name, &[], &self.settings, api, context.now());
        let done = left.is_ok_and(|left| left.moves.is_empty() && left.ends == 0);
        if !done && drained {
            if context.now() >= until {
                let why = format!("Failed to drain node /{name}: pods remaining after timeout");
                return self.give_up(name, drained, &why, api, context);
            }
            let wake = Wake::Await { node: name.clone(), until };
            context.after(LOOK, Event::ClusterAutoscaler(wake));
            return;
        }
        self.draining = self.draining.saturating_sub(usize::from(drained));
        if let Some(node) = api.store().get::<Node>("", name).cloned() {
            let said = Message::normal("ScaleDown", "nodes removed by cluster autoscaler");
            api.tell(&self.reporter, &Object::Node(node), &said, context);
        }
        if drained {
            let message = format!("Scale-down: node {name} removed with drain");
            self.log(&Message::normal("ScaleDown", &message), api, context);
        } else {
            let message = format!("Scale-down: empty node {name} removed");
            self.log(&Message::normal("ScaleDownEmpty", &message), api, context);
        }
        Arc::make_mut(&mut self.cloud).end(name, context);
    }

    /// `CleanUpAndRecordFailedScaleDownEvent`: the node stays after all.
    fn give_up(&mut self, name: &Str, drained: bool, why: &str, api: &mut Api, context: &mut Context<'_>) {
        self.draining = self.draining.saturating_sub(usize::from(drained));
        self.failed_at = Some(context.now());
        if let Some(node) = api.store().get::<Node>("", name).cloned() {
            let what = if drained { "drain and delete node" } else { "delete empty node" };
            let message = format!("failed to {what}: {why}");
            let said = Message::warning("ScaleDownFailed", &message);
            api.tell(&self.reporter, &Object::Node(node), &said, context);
        }
        set_taint(name, TO_BE_DELETED, None, api, context);
        if let Some(machine) = Arc::make_mut(&mut self.cloud).machine(name) {
            (machine.life, machine.unneeded, machine.verdict) = (Life::Running, None, None);
        }
    }

    fn is_leaving(&self, name: &str) -> bool {
        self.cloud.find(name).is_some_and(|(group, at)| {
            let machine = self.cloud.groups.get(group).and_then(|group| group.list.get(at));
            machine.is_some_and(|machine| matches!(machine.life, Life::Leaving(_)))
        })
    }

    /// `UpdateSoftDeletionTaints`: nodes that are not needed are marked, the others are not.
    pub(super) fn soft_taints(&mut self, api: &mut Api, context: &mut Context<'_>) {
        let cloud = self.cloud.clone();
        let machines = cloud.groups.iter().flat_map(|group| &group.list);
        let mut changed = 0;
        for machine in machines.filter(|machine| machine.life == Life::Running) {
            let Some(node) = api.store().get::<Node>("", &machine.name) else { continue };
            let has = node.spec.taints.iter().any(|taint| &*taint.key == CANDIDATE);
            if has == machine.unneeded.is_some() || changed >= SOFT_TAINTS_AT_ONCE {
                continue;
            }
            changed += 1;
            let effect = if has { None } else { Some("PreferNoSchedule") };
            set_taint(&machine.name, CANDIDATE, effect, api, context);
        }
    }
}

/// Sets a taint of the autoscaler, its value the present second; without an effect: takes it away.
fn set_taint(node: &str, key: &str, effect: Option<&str>, api: &mut Api, context: &mut Context<'_>) {
    let now = api.timestamp(context.now());
    // A node that is gone needs no taint.
    let _ = api.modify::<Node>("", node, context, |node| {
        node.spec.taints.retain(|taint| &*taint.key != key);
        if let Some(effect) = effect {
            node.spec.taints.push(Taint {
                key: key.into(),
                value: now.0.to_string().into(),
                effect: effect.into(),
                ..Taint::default()
            });
        }
    });
}
