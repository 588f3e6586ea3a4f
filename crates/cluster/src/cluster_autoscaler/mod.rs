//! The cluster autoscaler (kubernetes/autoscaler, cluster-autoscaler 1.36), and the cloud whose node groups it sizes.
//!
//! Every ten seconds ([`ClusterAutoscaler::scan`], `RunOnce` in core/static_autoscaler.go) it looks which pods have no node and
//! would have one if a group grew ([`scale_up`], [`estimator`], [`expander`]), and which nodes are not needed
//! ([`scale_down`], [`drainability`]) and can go ([`actuation`]). It asks the scheduler's own filters, in a copy of what the
//! scheduler knows. [`provider`] is the cloud: machines that are ordered, boot, and end.
//!
//! Simplified: templates come from the group, not from a node of it; similar groups are not balanced; priorities of groups are
//! numbers, not a ConfigMap of expressions; the status is written when it changes, not with each scan.

mod actuation;
pub mod decision;
mod drainability;
mod estimator;
mod expander;
mod provider;
mod scale_down;
mod scale_up;
mod settings;
mod status;

use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::meta::{Str, Uid};
use opscape_manifest::api::{Node, Object, Pod};
use opscape_sim::{IdMap, Rng, Time};

pub use decision::{Fact, NodeVerdict, PodVerdict};
pub use provider::node_address;
pub use settings::{Expander, GROUP_LABEL, NodeGroup, Settings};

use crate::kubelet::Kubelets;
use crate::scheduler::Scheduler;
use crate::scheduler::snapshot::Snapshot;
use crate::{Api, Change, Context, Event, Message, Op, Options, Record, Reporter, words};
use provider::{Life, Provider};
use scale_up::Growth;

/// What it schedules for itself, and what the cloud does.
#[derive(Debug, Clone)]
pub enum Wake {
    /// The next look.
    Scan,
    /// The kubelet of a machine registers its node.
    Register(Str),
    /// A node is ready.
    Ready(Str),
    /// A machine has ended.
    Gone(Str),
    /// The pods of a node that is being removed are evicted.
    Evict {
        /// The node.
        node: Str,
        /// Whether there were pods to evict.
        drained: bool,
    },
    /// Whether they have ended.
    Await {
        /// The node.
        node: Str,
        /// How long is waited.
        until: Time,
    },
    /// A machine that somebody took away is replaced.
    Replace {
        /// The group's number.
        group: usize,
        /// What it was called.
        gone: Str,
    },
}

/// Pods younger than this may be the first of many: they are waited for (`unschedulablePodTimeBuffer`).
const NEW_POD: Duration = Duration::from_secs(2);
/// More nodes that are not ready than both of these (`--ok-total-unready-count`, `--max-total-unready-percentage`): it stops.
const UNREADY_OK: usize = 3;
const UNREADY_PERCENT: usize = 45;

/// The cluster autoscaler with its cloud.
#[derive(Clone)]
pub(crate) struct ClusterAutoscaler {
    settings: Arc<Settings>,
    cloud: Arc<Provider>,
    growth: Vec<Growth>,
    /// Pods that the scheduler found no node for, and what was found about them.
    pending: IdMap<Uid, Option<Arc<PodVerdict>>>,
    grown_at: Option<Time>,
    shrunk_at: Option<Time>,
    failed_at: Option<Time>,
    /// Nodes that pods are being evicted from.
    draining: usize,
    random: Rng,
    reporter: Reporter,
    /// The status as it was written last.
    status: Str,
}

impl ClusterAutoscaler {
    pub(crate) fn new(options: &Options) -> Self {
        let settings = options.flags.cluster_autoscaler.clone();
        ClusterAutoscaler {
            cloud: Arc::new(Provider::new(&settings)),
            growth: vec![Growth::default(); settings.groups.len()],
            settings,
            pending: IdMap::new(),
            grown_at: None,
            shrunk_at: None,
            failed_at: None,
            draining: 0,
            random: Rng::stream(options.seed, "cluster autoscaler"),
            reporter: Reporter::new("cluster-autoscaler"),
            status: words::empty(),
        }
    }

    /// Whether the cloud has groups: without them nothing is done, and nothing remembered.
    fn is_active(&self) -> bool {
        !self.settings.groups.is_empty()
    }

    pub(crate) fn on_start(&mut self, context: &mut Context<'_>) {
        if self.is_active() {
            context.after(self.settings.scan_interval, Event::ClusterAutoscaler(Wake::Scan));
        }
    }

    pub(crate) fn pod_verdict(&self, pod: Uid) -> Option<&PodVerdict> {
        self.pending.get(&pod)?.as_deref()
    }

    pub(crate) fn node_verdict(&self, node: &str) -> Option<&NodeVerdict> {
        let (group, at) = self.cloud.find(node)?;
        self.cloud.groups.get(group)?.list.get(at)?.verdict.as_ref()
    }

    pub(crate) fn price(&self) -> i64 {
        self.cloud.price
    }

    pub(crate) fn machines(&self) -> impl Iterator<Item = (usize, &Str)> {
        let groups = self.cloud.groups.iter().enumerate();
        groups.flat_map(|(group, machines)| machines.list.iter().map(move |machine| (group, &machine.name)))
    }

    pub(crate) fn on_change(&mut self, change: &Change, context: &mut Context<'_>) {
        if !self.is_active() {
            return;
        }
        match &change.object {
            Object::Pod(pod) => {
                let uid = pod.metadata.uid;
                if change.op == Op::Deleted || !is_unschedulable(pod) {
                    self.pending.remove(&uid);
                } else if !self.pending.contains_key(&uid) {
                    self.pending.insert(uid, None);
                }
            }
            Object::Node(node) => self.watch_node(change.op, node, context),
            _ => {}
        }
    }

    fn watch_node(&mut self, op: Op, node: &Node, context: &mut Context<'_>) {
        let name = &node.metadata.name;
        match op {
            Op::Added if self.cloud.find(name).is_none() => {
                let named = node.metadata.label(GROUP_LABEL);
                let group = self.settings.groups.iter().position(|group| Some(&*group.name) == named);
                if let Some(group) = group {
                    Arc::make_mut(&mut self.cloud).adopt(group, name, &self.settings, context.now());
                }
            }
            Op::Deleted if self.cloud.find(name).is_some() => {
                let Some((group, machine)) = Arc::make_mut(&mut self.cloud).forget(name, &self.settings)
                else {
                    return;
                };
                // Somebody took it away: the cloud keeps the group at its size.
                if matches!(machine.life, Life::Starting | Life::Running) {
                    let wake = Wake::Replace { group, gone: name.clone() };
                    context.after(Duration::ZERO, Event::ClusterAutoscaler(wake));
                }
            }
            _ => {}
        }
    }

    pub(crate) fn handle(
        &mut self,
        wake: Wake,
        (scheduler, kubelets): (&Scheduler, &Kubelets),
        api: &mut Api,
        context: &mut Context<'_>,
    ) {
        let settings = self.settings.clone();
        match wake {
            Wake::Scan => {
                self.scan(scheduler, api, context);
                context.because(None);
                self.write_status(api, context);
                context.after(settings.scan_interval, Event::ClusterAutoscaler(Wake::Scan));
            }
            Wake::Register(name) => {
                Arc::make_mut(&mut self.cloud).register(&name, &settings, api, context);
            }
            // A machine without power says nothing; when it is back, its kubelet does.
            Wake::Ready(name) if kubelets.is_away(&name) => {}
            Wake::Ready(name) => Arc::make_mut(&mut self.cloud).ready(&name, api, context),
            Wake::Gone(name) => Arc::make_mut(&mut self.cloud).gone(&name, &settings, api, context),
            Wake::Evict { node, drained } => self.evict(&node, drained, api, context),
            Wake::Await { node, until } => self.await_end(&node, true, until, api, context),
            Wake::Replace { group: at, gone } => {
                let Some(group) = settings.groups.get(at) else { return };
                record(Fact::Replaced { group: group.name.clone(), gone }, context);
                Arc::make_mut(&mut self.cloud).order(at, group, api, context);
            }
        }
    }

    /// `RunOnce`
    fn scan(&mut self, scheduler: &Scheduler, api: &mut Api, context: &mut Context<'_>) {
        let now = context.now();
        self.watch_growth(api, context);
        let (unready, nodes) = self.unready(api);
        if unready > UNREADY_OK && unready * 100 > nodes * UNREADY_PERCENT {
            self.log(&Message::warning("ClusterUnhealthy", "Cluster is unhealthy"), api, context);
            return;
        }
        let mut snapshot = Snapshot::of(scheduler);
        let mut cooldown = self.cooldown(now);
        if !self.pending.is_empty() {
            let pods: Vec<Arc<Pod>> =
                self.pending.keys().filter_map(|uid| api.store().typed_by_uid::<Pod>(uid).cloned()).collect();
            let pods = self.filter_out_schedulable(&mut snapshot, pods, api, now);
            let is_new = |pod: &Arc<Pod>| {
                let created = pod.metadata.creation_timestamp.unwrap_or_default();
                now.since(api.time_of(created)) < NEW_POD
            };
            if !pods.is_empty() && pods.iter().all(is_new) {
                cooldown = Some(cooldown.unwrap_or(now).max(now + self.settings.scan_interval));
            } else if !pods.is_empty() && self.scale_up(&mut snapshot, pods, nodes, api, context) {
                self.grown_at = Some(now);
                return;
            }
        }
        if !self.settings.scale_down_enabled {
            return;
        }
        let removals = self.plan_removals(&mut snapshot, cooldown, api, now);
        for removal in &removals {
            self.start_removal(removal, api, context);
        }
        if !removals.is_empty() {
            self.shrunk_at = Some(now);
        } else if cooldown.is_none() {
            self.soft_taints(api, context);
        }
    }

    fn note(&mut self, pod: &Pod, verdict: PodVerdict) {
        let uid = pod.metadata.uid;
        match self.pending.get_mut(&uid) {
            Some(Some(known)) if **known == verdict => {}
            Some(slot) => *slot = Some(Arc::new(verdict)),
            None => {}
        }
    }
}

/// Whether the scheduler found no node for a pod.
fn is_unschedulable(pod: &Pod) -> bool {
    pod.spec.node_name.is_empty()
        && pod.metadata.deletion_timestamp.is_none()
        && pod.status.conditions.iter().any(|condition| {
            condition.kind == words::pod_scheduled()
                && condition.status == words::no()
                && condition.reason == words::unschedulable()
        })
}

fn record(fact: Fact, context: &mut Context<'_>) {
    context.record_as_cause(Record::ClusterAutoscaler(Box::new(fact)));
}
