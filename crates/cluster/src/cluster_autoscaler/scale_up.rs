//! Scaling up (core/scaleup/orchestrator): which group would take how many of the pods, and which of them grows.

use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::meta::Str;
use opscape_manifest::api::{Node, Object, Pod};
use opscape_manifest::duration::format_go;
use opscape_sim::Time;

use super::decision::{Fact, PodVerdict, ScaledUp};
use super::estimator::{Estimate, PodGroup, estimate};
use super::expander::{self, Expansion};
use super::provider::{Life, dress};
use super::{ClusterAutoscaler, record};
use crate::scheduler::Amounts;
use crate::scheduler::snapshot::{Kind, Snapshot};
use crate::{Api, Context, Message};

/// `--max-nodes-per-scaleup`
const MOST_NODES: u32 = 1000;
/// `--initial-node-group-backoff-duration`, `--max-node-group-backoff-duration`, `--node-group-backoff-reset-timeout`.
const FIRST_BACKOFF: Duration = Duration::from_mins(5);
const LONGEST_BACKOFF: Duration = Duration::from_mins(30);
const BACKOFF_RESET: Duration = Duration::from_hours(3);

/// What was asked of a group, and how it went (clusterstate, utils/backoff).
#[derive(Clone, Default)]
pub(super) struct Growth {
    /// When it grew last, if nodes are still to come.
    asked: Option<Time>,
    backoff: Duration,
    /// Until then it is not asked again.
    pub backoff_until: Option<Time>,
}

/// Why a group is not asked (core/scaleup/orchestrator/skippedreasons.go).
const MAX_REACHED: &str = "max node group size reached";
const IN_BACKOFF: &str = "in backoff after failed scale-up";

impl ClusterAutoscaler {
    /// A group's nodes come, or do not come in time (`updateScaleRequests`, `removeOldUnregisteredNodes`).
    pub(super) fn watch_growth(&mut self, api: &mut Api, context: &mut Context<'_>) {
        let settings = self.settings.clone();
        let now = context.now();
        let limit = settings.max_node_provision_time;
        for (at, group) in settings.groups.iter().enumerate() {
            let Some(machines) = self.cloud.groups.get(at) else { continue };
            let mut late: Vec<Str> = Vec::new();
            let mut started: Vec<Str> = Vec::new();
            let mut coming = 0;
            for machine in machines.list.iter().filter(|machine| machine.life == Life::Starting) {
                match api.store().get::<Node>("", &machine.name) {
                    Some(node) if is_ready(node) => started.push(machine.name.clone()),
                    // A node that has not become ready for so long counts as one that is no longer ready.
                    Some(_) if now > machine.ordered + limit => started.push(machine.name.clone()),
                    None if now > machine.ordered + limit => late.push(machine.name.clone()),
                    _ => coming += 1,
                }
            }
            let cloud = Arc::make_mut(&mut self.cloud);
            for name in started {
                if let Some(machine) = cloud.machine(&name) {
                    (machine.life, machine.verdict) = (Life::Running, None);
                }
            }
            let Some(growth) = self.growth.get_mut(at) else { continue };
            if let Some(asked) = growth.asked {
                if coming == 0 && late.is_empty() {
                    *growth = Growth::default();
                } else if now > asked + limit {
                    growth.asked = None;
                    let again = growth.backoff_until.is_some_and(|until| now < until + BACKOFF_RESET);
                    growth.backoff =
                        if again { (growth.backoff * 2).min(LONGEST_BACKOFF) } else { FIRST_BACKOFF };
                    let backoff_until = now + growth.backoff;
                    growth.backoff_until = Some(backoff_until);
                    let nodes = coming + late.len() as u32;
                    let fact =
                        Fact::TimedOut { group: group.name.clone(), nodes, waited: limit, backoff_until };
                    record(fact, context);
                    let message = format!(
                        "Nodes added to group {} failed to register within {}",
                        group.name,
                        format_go(now.since(asked).as_micros() as i64)
                    );
                    self.log(&Message::warning("ScaleUpTimedOut", &message), api, context);
                }
            }
            for name in late {
                Arc::make_mut(&mut self.cloud).end(&name, context);
                let message = format!("Removed unregistered node {name}");
                self.log(&Message::normal("DeleteUnregistered", &message), api, context);
            }
        }
    }

    /// `FilterOutSchedulable`: pods for which there is room by now, or will be on nodes that are on their way. Those are put
    /// there; the others come back.
    pub(super) fn filter_out_schedulable(
        &mut self,
        snapshot: &mut Snapshot,
        mut pods: Vec<Arc<Pod>>,
        api: &Api,
        now: Time,
    ) -> Vec<Arc<Pod>> {
        let settings = self.settings.clone();
        let mut upcoming = Vec::new();
        for (at, group) in settings.groups.iter().enumerate() {
            let machines = self.cloud.groups.get(at);
            let starting = machines.into_iter().flat_map(|machines| &machines.list);
            for machine in starting.filter(|machine| machine.life == Life::Starting) {
                // A stand-in that is ready already.
                snapshot.remove_node(&machine.name);
                let node = stand_in(group, &machine.name, api, now);
                upcoming.push((snapshot.add_node(&node), group.name.clone()));
            }
        }
        opscape_manifest::order::sort_by(&mut pods, |a, b| {
            b.spec.priority.unwrap_or_default().cmp(&a.spec.priority.unwrap_or_default())
        });
        let mut failed: Vec<Kind> = Vec::new();
        pods.retain(|pod| {
            let kind = snapshot.kind(api.store(), pod);
            let place = if failed.contains(&kind) { None } else { snapshot.first_fit(kind, |_| true) };
            let Some(place) = place else {
                if !failed.contains(&kind) {
                    failed.push(kind);
                }
                return true;
            };
            snapshot.place(pod, place);
            let group = upcoming.iter().find(|(node, _)| *node == place).map(|(_, group)| group.clone());
            let group = group.unwrap_or_default();
            self.note(pod, PodVerdict::Fits { group });
            false
        });
        pods
    }

    /// Tries to make room for pods. True: a group grows.
    pub(super) fn scale_up(
        &mut self,
        snapshot: &mut Snapshot,
        pods: Vec<Arc<Pod>>,
        nodes: usize,
        api: &mut Api,
        context: &mut Context<'_>,
    ) -> bool {
        let settings = self.settings.clone();
        let now = context.now();
        let mut groups: Vec<PodGroup> = Vec::new();
        for pod in pods {
            let kind = snapshot.kind(api.store(), &pod);
            match groups.iter_mut().rfind(|group| group.kind == kind) {
                Some(group) => group.pods.push(pod),
                None => groups.push(PodGroup { kind, pods: vec![pod] }),
            }
        }
        // By group of pods: whether any group of nodes can take it, and why the others cannot.
        let mut helped = vec![false; groups.len()];
        let mut refused: Vec<Vec<(Str, Vec<Str>)>> = vec![Vec::new(); groups.len()];
        let mut skipped: Vec<(Str, Vec<Str>)> = Vec::new();
        let mut options: Vec<Expansion> = Vec::new();
        for (at, group) in settings.groups.iter().enumerate() {
            let target = self.cloud.groups.get(at).map_or(0, super::provider::Machines::target);
            let in_backoff = self.growth.get(at).and_then(|growth| growth.backoff_until);
            let skip = if in_backoff.is_some_and(|until| now < until) {
                IN_BACKOFF
            } else if target >= group.max {
                MAX_REACHED
            } else {
                ""
            };
            if !skip.is_empty() {
                skipped.push((group.name.clone(), vec![skip.into()]));
                continue;
            }
            let make = |offset: u32| {
                let name = self.cloud.next_name(at, group, offset);
                stand_in(group, &name, api, now)
            };
            let mut fork = snapshot.clone();
            let place = fork.add_node(&make(0));
            let mut schedulable = vec![false; groups.len()];
            for (index, pods) in groups.iter().enumerate() {
                let reasons = fork.reasons(pods.kind, place);
                let (Some(fits), Some(helped), Some(refused)) =
                    (schedulable.get_mut(index), helped.get_mut(index), refused.get_mut(index))
                else {
                    continue;
                };
                *fits = reasons.is_empty();
                *helped |= *fits;
                if !*fits {
                    let reasons = reasons.iter().map(|reason| reason.text().into()).collect();
                    refused.push((group.name.clone(), reasons));
                }
            }
            if !schedulable.contains(&true) {
                continue;
            }
            let limit = MOST_NODES.min(group.max - target);
            let estimate = estimate(snapshot.clone(), &groups, &schedulable, limit, make);
            if estimate.nodes > 0 {
                let asked = asked(snapshot, &groups, &estimate);
                options.push(Expansion { group: at, estimate, asked });
            }
        }
        let considered: Vec<(Str, u32, usize)> = options
            .iter()
            .filter_map(|option| {
                let name = settings.groups.get(option.group)?.name.clone();
                Some((name, option.estimate.nodes, option.pods()))
            })
            .collect();
        let best = expander::best(settings.expander, options, &settings.groups, nodes, &mut self.random);
        let grown = best.filter(|best| self.grow(best, &groups, considered, api, context));
        for (((group, refused), helped), at) in groups.iter().zip(refused).zip(helped).zip(0..) {
            let taken = grown.as_ref().map_or(0, |best| taken(&best.estimate, at));
            for pod in group.pods.iter().skip(taken) {
                if helped {
                    self.note(pod, PodVerdict::Waits);
                    continue;
                }
                let all: Vec<(Str, Vec<Str>)> = refused.iter().chain(&skipped).cloned().collect();
                if grown.is_none() {
                    let message = ["pod didn't trigger scale-up: ", &reasons(&all)].concat();
                    let before = context.because(api.store().cause_of(pod.metadata.uid));
                    let said = Message::normal("NotTriggerScaleUp", &message);
                    api.tell(&self.reporter, &Object::Pod(pod.clone()), &said, context);
                    context.because(before);
                }
                self.note(pod, PodVerdict::Refused(all));
            }
        }
        grown.is_some()
    }

    /// `ExecuteScaleUps`: the group gets its nodes, and the pods are told.
    fn grow(
        &mut self,
        best: &Expansion,
        groups: &[PodGroup],
        considered: Vec<(Str, u32, usize)>,
        api: &mut Api,
        context: &mut Context<'_>,
    ) -> bool {
        let settings = self.settings.clone();
        let (Some(group), Some(machines)) =
            (settings.groups.get(best.group), self.cloud.groups.get(best.group))
        else {
            return false;
        };
        let from = machines.target();
        let to = group.max.min(from + best.estimate.nodes);
        let first = groups.iter().zip(0..).find(|(_, at)| taken(&best.estimate, *at) > 0);
        let cause = first.and_then(|(group, _)| api.store().cause_of(group.pods.first()?.metadata.uid));
        let before = context.because(cause);
        let fact = ScaledUp {
            group: group.name.clone(),
            from,
            to,
            max: group.max,
            pods: best.pods(),
            expander: settings.expander,
            options: considered,
        };
        record(Fact::ScaledUp(fact), context);
        for how in ["setting group ", "group "] {
            let verb = if how == "group " { "size set to" } else { "size to" };
            let message =
                format!("Scale-up: {how}{} {verb} {to} instead of {from} (max: {})", group.name, group.max);
            self.log(&Message::normal("ScaledUpGroup", &message), api, context);
        }
        for _ in from..to {
            Arc::make_mut(&mut self.cloud).order(best.group, group, api, context);
        }
        if let Some(growth) = self.growth.get_mut(best.group) {
            growth.asked = Some(context.now());
        }
        let message =
            format!("pod triggered scale-up: [{{{} {from}->{to} (max: {})}}]", group.name, group.max);
        for (pods, at) in groups.iter().zip(0..) {
            for pod in pods.pods.iter().take(taken(&best.estimate, at)) {
                let said = Message::normal("TriggeredScaleUp", &message);
                api.tell(&self.reporter, &Object::Pod(pod.clone()), &said, context);
                self.note(pod, PodVerdict::Triggered { group: group.name.clone(), from, to });
            }
        }
        context.because(before);
        true
    }
}

fn taken(estimate: &Estimate, at: usize) -> usize {
    estimate.pods.get(at).copied().unwrap_or_default()
}

/// What the pods of an estimate ask for together.
fn asked(snapshot: &Snapshot, groups: &[PodGroup], estimate: &Estimate) -> Amounts {
    let mut sum = Amounts::default();
    for (group, count) in groups.iter().zip(&estimate.pods) {
        let one = snapshot.request(group.kind);
        let count = *count as i64;
        sum.cpu = sum.cpu.saturating_add(one.cpu.saturating_mul(count));
        sum.memory = sum.memory.saturating_add(one.memory.saturating_mul(count));
    }
    sum
}

/// `ReasonsMessage`: how many groups gave which reason.
fn reasons(all: &[(Str, Vec<Str>)]) -> String {
    let mut counts: Vec<(&Str, u32)> = Vec::new();
    for reason in all.iter().flat_map(|(_, reasons)| reasons) {
        match counts.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => counts.push((reason, 1)),
        }
    }
    let texts: Vec<String> = counts.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    texts.join(", ")
}

/// A node of a group as it will be.
fn stand_in(group: &super::NodeGroup, name: &Str, api: &Api, now: Time) -> Arc<Node> {
    Arc::new(dress(&group.template, name, group.zone_of(name), 0, api.timestamp(now)))
}

/// Whether a node is ready (utils/kubernetes `GetReadinessState`): it says so, and its taints do not deny it.
pub(super) fn is_ready(node: &Node) -> bool {
    let denies = |key: &str| {
        matches!(
            key,
            "node.kubernetes.io/not-ready"
                | "node.kubernetes.io/disk-pressure"
                | "node.kubernetes.io/network-unavailable"
        )
    };
    !node.spec.taints.iter().any(|taint| denies(&taint.key))
        && node.status.conditions.iter().any(|condition| {
            condition.kind == crate::words::ready() && condition.status == crate::words::yes()
        })
}
