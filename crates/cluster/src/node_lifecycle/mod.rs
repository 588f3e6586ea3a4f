//! The controllers that deal with nodes in trouble: node lifecycle (heartbeats, conditions, taints; pkg/controller/nodelifecycle),
//! taint eviction (pkg/controller/tainteviction) and pod garbage collection (pkg/controller/podgc).
//!
//! Heartbeats are not simulated one by one: a node renews its lease at fixed times until it goes away, so the last renewal can
//! be computed, and only nodes in trouble cost anything.

mod eviction;
mod gc;
mod health;
mod taints;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use opscape_manifest::api::meta::{Str, Uid};
use opscape_manifest::api::{Node, Object, Pod, Resource};
use opscape_sim::{EntryId, IdMap, IdSet, Time};

use crate::{Api, Change, Component, Context, Event, Message, Op, Options, Record, Reporter, Subject, words};

/// What it schedules for itself.
#[derive(Debug, Clone)]
pub enum Wake {
    /// The health of all nodes in trouble is looked at.
    Monitor,
    /// A node is new: it is registered, and taints follow from its conditions.
    Conditions(Uid),
    /// The next node of a zone gets its NoExecute taint, if the rate allows it.
    Taint(Str),
    /// The NoExecute taints of a node changed, what about its pods?
    Pods(Uid),
    /// A pod was bound to a node that has a NoExecute taint.
    Pod(Uid),
    /// A pod's toleration ends.
    Evict(Uid),
    /// Pods of nodes that are gone are collected.
    Collect,
}

/// What it writes into the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The node, or the pod.
    pub subject: Subject,
    /// The node.
    pub node: Str,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A node did not report for too long.
    Silent {
        /// The last renewal of its lease that was seen.
        since: Time,
        /// `--node-monitor-grace-period`.
        grace: Duration,
    },
    /// A node got a taint because of its condition.
    Tainted {
        /// As `node.kubernetes.io/unreachable`.
        key: Str,
        /// `NoSchedule` or `NoExecute`.
        effect: Str,
    },
    /// A taint was taken away.
    Untainted {
        /// As `node.kubernetes.io/unreachable`.
        key: Str,
        /// `NoSchedule` or `NoExecute`.
        effect: Str,
    },
    /// A pod has to go: it does not tolerate a taint of its node, or does not any longer.
    Evicted {
        /// The taint.
        taint: Str,
        /// Seconds it was tolerated; 0: not at all.
        tolerated: i64,
    },
    /// A pod's node is gone for good, the pod with it.
    Collected,
}

/// The node lifecycle controller, with taint eviction and pod garbage collection.
#[derive(Clone)]
pub struct NodeLifecycle {
    /// Nodes that do not report: since when, and what cut them off.
    away: BTreeMap<Str, (Time, Option<EntryId>)>,
    /// Nodes to look at.
    suspects: BTreeSet<Str>,
    /// Nodes that are new, to be told.
    fresh: IdSet<Uid>,
    /// Nodes that are gone, to be told.
    gone: Vec<Object>,
    ticking: bool,
    zones: BTreeMap<Str, taints::Zone>,
    disrupted: bool,
    /// Pods whose toleration will end: since when it runs, and when it ends.
    evictions: IdMap<Uid, (Time, Time)>,
    /// Names of nodes that are gone and still have pods, and when their pods may be collected.
    quarantine: BTreeMap<Str, Time>,
    collecting: bool,
    reporter: Reporter,
    evictor: Reporter,
}

/// When the health of nodes is looked at: this long after the start of each period. Any phase is as good.
const PHASE: Duration = Duration::from_millis(3300);

impl NodeLifecycle {
    /// With nothing to do yet.
    pub fn new(_options: &Options) -> Self {
        NodeLifecycle {
            away: BTreeMap::new(),
            suspects: BTreeSet::new(),
            fresh: IdSet::new(),
            gone: Vec::new(),
            ticking: false,
            zones: BTreeMap::new(),
            disrupted: false,
            evictions: IdMap::new(),
            quarantine: BTreeMap::new(),
            collecting: false,
            reporter: Reporter::new("node-controller"),
            evictor: Reporter::new("taint-eviction-controller"),
        }
    }

    /// A node's heartbeats end, or begin again.
    pub fn set_away(&mut self, node: &Str, away: bool, api: &Api, context: &mut Context<'_>) {
        if away {
            self.away.insert(node.clone(), (context.now(), context.cause()));
            self.suspects.insert(node.clone());
            self.tick_later(api, context);
        } else {
            self.away.remove(node);
        }
    }

    fn tick_later(&mut self, api: &Api, context: &mut Context<'_>) {
        if !self.ticking {
            self.ticking = true;
            let at = next_tick(context.now(), api.options().flags.node_monitor_period);
            context.at(at, Event::NodeLifecycle(Wake::Monitor));
        }
    }

    fn watch_node(&mut self, change: &Change, node: &Node, api: &Api, context: &mut Context<'_>) {
        let name = &node.metadata.name;
        let old = change.old.as_ref().and_then(Node::from_object);
        let latency = api.options().latency.node_lifecycle;
        let zone = taints::zone_of(node);
        if change.op == Op::Deleted {
            self.zones.entry(zone).or_default().leave(name);
            self.away.remove(name);
            self.suspects.remove(name);
            self.gone.push(change.object.clone());
            self.tick_later(api, context);
            if api.store().pods_on(name).next().is_some() {
                self.quarantine(name, api, context);
            }
            return;
        }
        match old {
            None => {
                self.fresh.insert(node.metadata.uid);
                self.zones.entry(zone).or_default().nodes += 1;
                self.quarantine.remove(name);
            }
            Some(old) => {
                let before = taints::zone_of(old);
                if before != zone {
                    self.zones.entry(before).or_default().leave(name);
                    self.zones.entry(zone).or_default().nodes += 1;
                }
            }
        }
        if health::is_troubled(node) && self.suspects.insert(name.clone()) {
            self.tick_later(api, context);
        }
        let conditions = old.is_none_or(|old| {
            old.spec.unschedulable != node.spec.unschedulable
                || old.status.conditions != node.status.conditions
                || old.spec.taints != node.spec.taints
        });
        if old.is_none() || conditions && taints::wanted(node) != taints::present(node) {
            context.after(latency, Event::NodeLifecycle(Wake::Conditions(node.metadata.uid)));
        }
        if eviction::no_execute(node).ne(old.iter().flat_map(|old| eviction::no_execute(old))) {
            context.after(latency, Event::NodeLifecycle(Wake::Pods(node.metadata.uid)));
        }
    }

    fn watch_pod(&mut self, change: &Change, pod: &Pod, api: &Api, context: &mut Context<'_>) {
        let uid = pod.metadata.uid;
        if change.op == Op::Deleted {
            self.evictions.remove(&uid);
            return;
        }
        let node = &pod.spec.node_name;
        if node.is_empty() {
            return;
        }
        let old = change.old.as_ref().and_then(Pod::from_object);
        let same = old.is_some_and(|old| {
            &old.spec.node_name == node
                && (std::sync::Arc::ptr_eq(&old.spec, &pod.spec)
                    || old.spec.tolerations == pod.spec.tolerations)
        });
        if same {
            return;
        }
        match api.store().get::<Node>("", node) {
            None => self.quarantine(node, api, context),
            Some(node) if eviction::no_execute(node).next().is_some() => {
                let latency = api.options().latency.node_lifecycle;
                context.after(latency, Event::NodeLifecycle(Wake::Pod(uid)));
            }
            Some(_) => {}
        }
    }

    /// A new node is registered; its taints follow its conditions.
    fn conditions(&mut self, uid: Uid, api: &mut Api, context: &mut Context<'_>) {
        let Some(node) = api.store().typed_by_uid::<Node>(uid).cloned() else { return };
        if self.fresh.remove(&uid) {
            self.register(&node, api, context);
        }
        taints::taint_by_conditions(&node, api, context);
    }

    fn tell_node(
        &self,
        node: &Object,
        reason: &str,
        message: &str,
        api: &mut Api,
        context: &mut Context<'_>,
    ) {
        api.tell(&self.reporter, node, &Message::normal(reason, message), context);
    }
}

/// The next time the health of nodes is looked at, after `now`.
fn next_tick(now: Time, period: Duration) -> Time {
    let period = u64::try_from(period.as_micros()).unwrap_or(u64::MAX).max(1);
    let phase = PHASE.as_micros() as u64 % period;
    let turns = (now.0 + period - phase) / period;
    Time(turns * period + phase)
}

fn record(subject: Subject, node: &Str, what: What, context: &mut Context<'_>) {
    let fact = Fact { subject, node: node.clone(), what };
    context.record_as_cause(Record::NodeLifecycle(Box::new(fact)));
}

fn subject_of(node: &Node) -> Subject {
    Subject {
        kind: words::node(),
        name: node.metadata.name.clone(),
        uid: node.metadata.uid,
        ..Subject::default()
    }
}

impl Component for NodeLifecycle {
    type Wake = Wake;

    fn on_change(&mut self, change: &Change, api: &Api, context: &mut Context<'_>) {
        match &change.object {
            Object::Node(node) => self.watch_node(change, node, api, context),
            Object::Pod(pod) => self.watch_pod(change, pod, api, context),
            _ => {}
        }
    }

    fn handle(&mut self, wake: Wake, api: &mut Api, context: &mut Context<'_>) {
        match wake {
            Wake::Monitor => self.monitor(api, context),
            Wake::Conditions(uid) => self.conditions(uid, api, context),
            Wake::Taint(zone) => self.taint_next(&zone, api, context),
            Wake::Pods(uid) => self.check_pods(uid, api, context),
            Wake::Pod(uid) => self.check_pod(uid, api, context),
            Wake::Evict(uid) => self.evict_due(uid, api, context),
            Wake::Collect => self.collect(api, context),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_keep_their_phase() {
        let period = Duration::from_secs(5);
        assert_eq!(next_tick(Time::ZERO, period), Time::millis(3300));
        assert_eq!(next_tick(Time::millis(3300), period), Time::millis(8300));
        assert_eq!(next_tick(Time::millis(8299), period), Time::millis(8300));
    }
}
