//! The kubelets: what becomes of a pod once it is bound (pkg/kubelet). One state machine per container, driven by the plans of
//! [`crate::Images`]; what it comes to is written to the pod's status, as the real ones do.

mod container;
mod deadline;
mod images;
mod nodes;
mod probes;
mod process;
mod says;
mod status;
mod steps;
mod stopping;
mod style;

use std::collections::BTreeMap;
use std::sync::Arc;

use opscape_manifest::api::meta::{Str, Uid};
use opscape_manifest::api::pod::Phase;
use opscape_manifest::api::{Node, Object, Pod, Resource};
use opscape_sim::{EntryId, IdMap, IdSet, Rng, Time};

pub use probes::Probing;
pub use process::Process;
pub use style::Style;

use crate::{Api, Change, Component, Context, Event, Op, Options, Record, Subject, words};
use container::{Run, State};
use nodes::Nodes;

/// What it schedules for itself.
#[derive(Debug, Clone)]
pub enum Wake {
    /// Look at a pod: it is new here, or it is being deleted.
    Look(Uid),
    /// The next step of a container.
    Step {
        /// The pod.
        pod: Uid,
        /// Which of its containers, init containers first.
        container: u8,
        /// Which of its attempts to run; an older one's steps mean nothing.
        life: u32,
        /// What is due.
        step: Step,
    },
    /// A probe asks, or its time is over.
    Probe {
        /// The pod.
        pod: Uid,
        /// Which of its containers, init containers first.
        container: u8,
        /// Which of its attempts to run.
        life: u32,
        /// Which probe.
        probing: Probing,
        /// Which of its questions; an older one means nothing.
        serial: u32,
    },
    /// The containers of a pod that are stopped for good have ended.
    Ended(Uid),
    /// The time that a pod may run may be over.
    Deadline(Uid),
    /// A node tells which images it has.
    Images(Str),
    /// The status is reported again: the node was away, or a condition that a readiness gate asks for was written.
    Report(Uid),
    /// A node that was away says that it is well.
    Healthy(Str),
}

impl Wake {
    /// The pod it is about, if it is about one.
    pub fn pod(&self) -> Option<Uid> {
        match self {
            Wake::Look(uid) | Wake::Ended(uid) | Wake::Deadline(uid) | Wake::Report(uid) => Some(*uid),
            Wake::Step { pod, .. } | Wake::Probe { pod, .. } => Some(*pod),
            Wake::Images(_) | Wake::Healthy(_) => None,
        }
    }
}

/// What is due for a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The image is there.
    Pulled,
    /// The image could not be had.
    PullFailed,
    /// It waits before it tries again.
    PullBackOff,
    /// It tries again to get the image.
    PullAgain,
    /// The process runs.
    Started,
    /// The postStart hook has ended.
    Hooked,
    /// It is ready without being asked.
    Ready,
    /// The process ended by itself.
    Exited,
    /// The process has ended because it had to.
    Killed,
    /// The back-off is over.
    Restart,
}

/// What it writes into the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The pod.
    pub pod: Subject,
    /// Its node.
    pub node: Str,
    /// The container; empty: the pod as a whole.
    pub container: Str,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The image could not be had.
    PullFailed {
        /// The image.
        image: Str,
        /// What the container runtime says.
        message: Str,
        /// When it is tried again.
        again_at: Time,
    },
    /// The process runs.
    Started {
        /// How often it was restarted.
        restarts: i32,
        /// Whether it is ready at once.
        ready: bool,
    },
    /// It passes its readiness probe.
    Ready,
    /// It passes its readiness probe no longer.
    NotReady {
        /// Failures in a row.
        failures: u32,
        /// What the last one said.
        output: Str,
    },
    /// It has to end: its startup or liveness probe failed too often.
    Unhealthy {
        /// Which probe.
        probing: Probing,
        /// Failures in a row.
        failures: u32,
        /// What the last one said.
        output: Str,
    },
    /// Its postStart hook failed: it has to end.
    HookFailed,
    /// The pod ran for as long as it may.
    DeadlineExceeded {
        /// `spec.activeDeadlineSeconds`
        seconds: i64,
    },
    /// The process ended.
    Exited {
        /// Exit code.
        code: i32,
        /// `Completed`, `Error`, `OOMKilled`.
        reason: Str,
        /// When it is restarted; none: it is not.
        restart_at: Option<Time>,
        /// The memory limit it exceeded, in bytes.
        memory_limit: Option<i64>,
    },
    /// The pod is being deleted, or at its end: its containers get the TERM signal.
    Stopping {
        /// Seconds they have.
        grace: i64,
    },
    /// The containers have ended; a pod that is being deleted goes.
    Stopped {
        /// Whether one did not end in time and was killed.
        killed: bool,
    },
    /// The node is away: nothing is reported from it.
    NodeStopped,
    /// The node is back.
    NodeStarted,
}

/// A pod on its node.
#[derive(Clone)]
struct PodRun {
    node: Str,
    /// The place of the node among those that are known.
    place: usize,
    /// Init containers first.
    runs: Vec<Run>,
    inits: usize,
    ordinal: u32,
    address: Str,
    started: Time,
    /// When its containers will have ended, once they are stopped for good.
    ends: Option<Time>,
    killed: bool,
    over: Option<Over>,
    /// Its first container runs what somebody typed (`kubectl run -i`), and that ended so.
    typed: Option<i32>,
}

/// Why the containers of a pod were stopped, if not because it is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    /// Only sidecars were left.
    Completed,
    /// It ran for as long as it may.
    Deadline,
}

/// What became due on a node that is away, and why.
type Due = (Wake, Option<EntryId>);

/// All kubelets.
#[derive(Clone)]
pub struct Kubelets {
    pods: IdMap<Uid, PodRun>,
    /// Pods that will be looked at.
    looking: IdSet<Uid>,
    /// Nodes that are away, with what became due there meanwhile.
    away: Vec<(Str, Vec<Due>)>,
    nodes: Nodes,
    image_ids: BTreeMap<Str, Str>,
    /// How many pods of an owner have started.
    ordinals: IdMap<Uid, u32>,
    random: Rng,
}

impl Kubelets {
    /// With nothing to do yet.
    pub fn new(options: &Options) -> Self {
        Kubelets {
            pods: IdMap::new(),
            looking: IdSet::new(),
            away: Vec::new(),
            nodes: Nodes::default(),
            image_ids: BTreeMap::new(),
            ordinals: IdMap::new(),
            random: Rng::stream(options.seed, "kubelet"),
        }
    }

    /// Whether a node is away.
    pub fn is_away(&self, node: &str) -> bool {
        self.away.iter().any(|(name, _)| &**name == node)
    }

    /// When a pod that does not run yet, waits for a restart or is ending gets on: the end of a pull, of a start, of a
    /// back-off, of its containers. None: it runs, or nothing is known.
    pub fn gets_on_at(&self, pod: Uid) -> Option<Time> {
        let run = self.pods.get(&pod)?;
        let waits = |one: &&Run| !matches!(one.state, State::Waiting | State::Running(_) | State::Ended(_));
        run.ends.or_else(|| run.runs.iter().filter(waits).map(|one| one.due).min())
    }

    /// A node goes away (it stops to report and to do anything), or comes back.
    pub fn set_away(&mut self, node: &Str, away: bool, api: &Api, context: &mut Context<'_>) {
        if away == self.is_away(node) {
            return;
        }
        let subject = Subject { kind: words::node(), name: node.clone(), ..Subject::default() };
        let what = if away { What::NodeStopped } else { What::NodeStarted };
        let fact = Fact { pod: subject, node: node.clone(), container: words::empty(), what };
        context.record_as_cause(Record::Kubelet(Box::new(fact)));
        if away {
            self.away.push((node.clone(), Vec::new()));
            return;
        }
        let latency = api.options().latency.kubelet;
        context.after(latency, Event::Kubelet(Wake::Healthy(node.clone())));
        for pod in api.store().pods_on(node) {
            context.after(latency, Event::Kubelet(Wake::Report(pod.metadata.uid)));
            self.look_at(pod.metadata.uid, api, context);
        }
        let back = self.away.iter().position(|(name, _)| name == node).map(|at| self.away.remove(at).1);
        for (wake, cause) in back.into_iter().flatten() {
            let before = context.because(cause);
            context.after(latency, Event::Kubelet(wake));
            context.because(before);
        }
    }

    fn look_at(&mut self, uid: Uid, api: &Api, context: &mut Context<'_>) {
        if self.looking.insert(uid) {
            context.after(api.options().latency.kubelet, Event::Kubelet(Wake::Look(uid)));
        }
    }

    fn watch_pod(&mut self, change: &Change, pod: &Arc<Pod>, api: &Api, context: &mut Context<'_>) {
        let uid = pod.metadata.uid;
        if change.op == Op::Deleted {
            if let Some(run) = self.pods.remove(&uid) {
                self.nodes.free_address(run.place, &run.address);
            }
            self.looking.remove(&uid);
            return;
        }
        if pod.spec.node_name.is_empty() {
            return;
        }
        let old = change.old.as_ref().and_then(Pod::from_object);
        let bound = old.is_none_or(|old| old.spec.node_name.is_empty());
        let deletion =
            |pod: &Pod| (pod.metadata.deletion_timestamp, pod.metadata.deletion_grace_period_seconds);
        if bound || old.is_some_and(|old| deletion(old) != deletion(pod)) {
            self.look_at(uid, api, context);
        }
        if old.is_some_and(|old| status::gates_moved(old, pod)) {
            context.after(api.options().latency.kubelet, Event::Kubelet(Wake::Report(uid)));
        }
        let deadline = |pod: &Pod| pod.spec.active_deadline_seconds;
        if old.is_some_and(|old| deadline(old) != deadline(pod)) {
            self.watch_deadline(pod, api, context);
        }
    }

    fn node_of(&self, wake: &Wake, api: &Api) -> Option<Str> {
        if let Wake::Healthy(node) | Wake::Images(node) = wake {
            return Some(node.clone());
        }
        let uid = wake.pod()?;
        match self.pods.get(&uid) {
            Some(run) => Some(run.node.clone()),
            None => Some(api.store().typed_by_uid::<Pod>(uid)?.spec.node_name.clone()),
        }
    }
}

impl Component for Kubelets {
    type Wake = Wake;

    fn on_change(&mut self, change: &Change, api: &Api, context: &mut Context<'_>) {
        match &change.object {
            Object::Pod(pod) => self.watch_pod(change, pod, api, context),
            Object::Node(node) if change.op == Op::Added => {
                self.nodes.register(node);
                let waiting: Vec<Uid> =
                    api.store().pods_on(&node.metadata.name).map(|pod| pod.metadata.uid).collect();
                for uid in waiting {
                    self.look_at(uid, api, context);
                }
            }
            Object::Node(node) if change.op == Op::Deleted => self.nodes.remove(&node.metadata.name),
            Object::Node(node) => {
                let old = change.old.as_ref().and_then(Node::from_object);
                if old.is_none_or(|old| nodes::internal_address(old) != nodes::internal_address(node)) {
                    self.nodes.register(node);
                }
            }
            _ => {}
        }
    }

    fn handle(&mut self, wake: Wake, api: &mut Api, context: &mut Context<'_>) {
        if !self.away.is_empty() {
            let Some(node) = self.node_of(&wake, api) else { return };
            if let Some((_, due)) = self.away.iter_mut().find(|(name, _)| *name == node) {
                due.push((wake, context.cause()));
                return;
            }
        }
        match wake {
            Wake::Look(uid) => {
                self.looking.remove(&uid);
                self.look(uid, api, context);
            }
            Wake::Step { pod, container, life, step } => {
                self.step(pod, usize::from(container), life, step, api, context);
            }
            Wake::Probe { pod, container, life, probing, serial } => {
                self.probe(pod, usize::from(container), (life, probing, serial), api, context);
            }
            Wake::Ended(uid) => self.ended(uid, api, context),
            Wake::Deadline(uid) => self.deadline(uid, api, context),
            Wake::Images(node) => self.report_images(&node, api, context),
            Wake::Report(uid) => self.write_status(uid, api, context),
            Wake::Healthy(node) => post_healthy(&node, api, context),
        }
    }
}

fn record(pod: &Pod, container: &str, what: What, context: &mut Context<'_>) {
    let meta = &pod.metadata;
    let subject = Subject {
        kind: words::pod(),
        namespace: meta.namespace.clone(),
        name: meta.name.clone(),
        uid: meta.uid,
    };
    let container = if container.is_empty() { words::empty() } else { container.into() };
    let fact = Fact { pod: subject, node: pod.spec.node_name.clone(), container, what };
    context.record_as_cause(Record::Kubelet(Box::new(fact)));
}

/// What a healthy kubelet says of its node (pkg/kubelet/nodestatus/setters.go).
const HEALTHY: [(&str, &str, &str, &str); 4] = [
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
];

fn post_healthy(node: &str, api: &mut Api, context: &mut Context<'_>) {
    let now = api.timestamp(context.now());
    // A node that was deleted meanwhile is not made anew.
    let _ = api.modify::<Node>("", node, context, |node| {
        for (kind, status, reason, message) in HEALTHY {
            let found = node.status.conditions.iter_mut().find(|condition| &*condition.kind == kind);
            let Some(condition) = found else { continue };
            condition.last_heartbeat_time = Some(now);
            if &*condition.status != status {
                condition.last_transition_time = Some(now);
                condition.status = status.into();
            }
            condition.reason = reason.into();
            condition.message = message.into();
        }
    });
}

/// Whether nothing will happen to a pod any more.
fn is_finished(pod: &Pod) -> bool {
    matches!(pod.status.phase, Phase::Succeeded | Phase::Failed)
}
