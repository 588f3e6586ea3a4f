//! What to draw at one instant, as plain data: no words in a language, no pixels, no platform.
//!
//! A renderer needs nothing but a [`Scene`] and the present [`Time`]: everything that moves carries the simulated
//! instants between which it moves (`since`, `until`), so that pictures between two scenes come from simulated time and
//! going back shows the same picture again.

mod build;
mod entries;
mod rollouts;
mod traffic;

use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::{Str, Uid};
use opscape_sim::Time;

use crate::cost::Cost;
use crate::pipelines::PipelineScene;

pub use build::build;
pub(crate) use build::{entries, glyph, health};
pub use entries::{EntryCard, RouteBackend, RouteRow};
pub(crate) use rollouts::rollout_progress;
pub use traffic::{Flow, Place, PodFlow, Rates, TrafficScene};

/// How much of each pod is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Level {
    /// Glyph, name and state in words: up to 60 pods and 60 nodes.
    #[default]
    Near,
    /// Glyph with its mark: up to 400 pods and 150 nodes.
    Middle,
    /// A cell per pod: up to 5,000 pods and 1,500 nodes.
    Far,
    /// A bar per node, split by revision; `pods` of the cards are empty.
    Bars,
}

impl Level {
    /// The level at which this many pods on this many nodes can be read.
    pub fn for_crowd(pods: u32, nodes: usize) -> Level {
        let by_pods = match pods {
            0..=60 => Level::Near,
            61..=400 => Level::Middle,
            401..=5_000 => Level::Far,
            _ => Level::Bars,
        };
        let by_nodes = match nodes {
            0..=60 => Level::Near,
            61..=150 => Level::Middle,
            151..=1_500 => Level::Far,
            _ => Level::Bars,
        };
        by_pods.max(by_nodes)
    }
}

/// The world at one instant.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scene {
    /// The instant.
    pub at: Time,
    /// At which level it was made.
    pub level: Level,
    /// Namespaces that hold pods, workloads or Services, in order.
    pub namespaces: Vec<Str>,
    /// Revisions that have pods or are wanted now, by workload and revision: the legend.
    pub versions: Vec<Version>,
    /// What lets requests in from outside: Ingresses, then HTTPRoutes.
    pub entries: Vec<EntryCard>,
    /// Services, by namespace and name.
    pub services: Vec<ServiceCard>,
    /// Zones, by name; one without a name if no node has a zone label.
    pub zones: Vec<ZoneCard>,
    /// Nodes, by zone and name.
    pub nodes: Vec<NodeCard>,
    /// Pods without a node, by age. At most [`TRAY_MOST`] of them.
    pub tray: Vec<TrayPod>,
    /// Pods without a node that are not in `tray`.
    pub tray_more: u32,
    /// Workloads with their rollout, those that change now first.
    pub rollouts: Vec<RolloutStrip>,
    /// All pods by state.
    pub counts: StateCounts,
    /// What the nodes cost; none: no node has a price.
    pub cost: Option<Cost>,
    /// The requests of the last seconds; none: nobody has sent any.
    pub traffic: Option<TrafficScene>,
    /// The pipelines of the text.
    pub pipelines: Vec<Arc<PipelineScene>>,
}

/// Pods drawn at most in the tray.
pub const TRAY_MOST: usize = 24;
/// Pods drawn at most in a rollout strip; beyond that `bars` tell.
pub const STRIP_MOST: usize = 40;

/// A revision of a workload and its colour.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// Namespace of the workload.
    pub namespace: Str,
    /// Name of the workload (the Deployment, or the ReplicaSet that no Deployment owns).
    pub workload: Str,
    /// `deployment.kubernetes.io/revision`; 0: the workload has no revisions.
    pub revision: u32,
    /// What it is called: `v2`, or the tag of its image where several workloads run one program.
    pub name: String,
    /// Short image, as `web:1.4`: what the legend says.
    pub label: String,
    /// Image of the first container, as written.
    pub image: Str,
    /// 1 to 6, by the revision.
    pub colour: u8,
    /// Its pods, terminating ones included.
    pub pods: u32,
    /// Those that are ready.
    pub ready: u32,
    /// Whether this is the revision the workload wants now.
    pub current: bool,
}

impl Scene {
    /// What a version of a workload is called.
    pub fn version_name(&self, namespace: &str, workload: &str, revision: u32) -> String {
        let known = self.versions.iter().find(|version| {
            version.revision == revision && *version.workload == *workload && *version.namespace == *namespace
        });
        known.map_or_else(|| ["v", &revision.to_string()].concat(), |version| version.name.clone())
    }
}

/// The state of a pod as its glyph shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum PodState {
    /// Waits for a node, or for the kubelet of its node.
    #[default]
    Pending,
    /// An image is being pulled.
    Pulling,
    /// A container is being created or started (init containers count as this).
    Starting,
    /// All containers run, not all are ready.
    NotReady,
    /// Ready.
    Ready,
    /// A container crashed and waits for its restart, its image cannot be pulled, or the pod failed.
    Failing,
    /// It was deleted and has time left to end.
    Terminating,
    /// It ended well.
    Succeeded,
    /// Its node does not answer.
    Unknown,
}

impl PodState {
    /// All states, in the order of the legend.
    pub const ALL: [PodState; 9] = [
        PodState::Pending,
        PodState::Pulling,
        PodState::Starting,
        PodState::NotReady,
        PodState::Ready,
        PodState::Failing,
        PodState::Terminating,
        PodState::Succeeded,
        PodState::Unknown,
    ];

    /// Key of its name in the texts, as `state.pulling`.
    pub fn key(self) -> &'static str {
        match self {
            PodState::Pending => "state.pending",
            PodState::Pulling => "state.pulling",
            PodState::Starting => "state.starting",
            PodState::NotReady => "state.notready",
            PodState::Ready => "state.ready",
            PodState::Failing => "state.failing",
            PodState::Terminating => "state.terminating",
            PodState::Succeeded => "state.succeeded",
            PodState::Unknown => "state.unknown",
        }
    }
}

/// Number of pods in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StateCounts(pub [u32; 9]);

impl StateCounts {
    /// Pods in this state.
    pub fn of(&self, state: PodState) -> u32 {
        self.0.get(state as usize).copied().unwrap_or_default()
    }

    /// All pods.
    pub fn total(&self) -> u32 {
        self.0.iter().sum()
    }

    /// One pod more in this state.
    pub fn add(&mut self, state: PodState) {
        if let Some(count) = self.0.get_mut(state as usize) {
            *count += 1;
        }
    }

    /// One pod less in this state.
    pub fn remove(&mut self, state: PodState) {
        if let Some(count) = self.0.get_mut(state as usize) {
            *count = count.saturating_sub(1);
        }
    }
}

/// One pod.
#[derive(Debug, Clone, PartialEq)]
pub struct PodGlyph {
    /// Identity over time: a renderer's key.
    pub uid: Uid,
    /// Its namespace.
    pub namespace: Str,
    /// Its whole name.
    pub name: Str,
    /// The workload it belongs to; empty for a pod of its own.
    pub workload: Str,
    /// Revision of the workload; 0: none.
    pub revision: u32,
    /// 1 to 6, by the revision.
    pub colour: u8,
    /// What the glyph shows.
    pub state: PodState,
    /// The one word the system has for it, as `CrashLoopBackOff` or `ContainerCreating`; what `kubectl get` prints.
    pub word: Str,
    /// When the pod came into this state.
    pub since: Time,
    /// When it will leave it, if that is known: end of the pull, next restart, end of the grace period.
    pub until: Option<Time>,
    /// Restarts of all containers.
    pub restarts: u32,
}

impl PodGlyph {
    /// The last part of the name, as `x8k2p` in `web-7d4f9c6b-x8k2p`; the whole name if it has one part.
    pub fn suffix(&self) -> &str {
        self.name.rsplit('-').next().unwrap_or(&self.name)
    }

    /// How much of the state has passed at `now`, from 0 to 1: the share pulled, the grace used. None: not known.
    pub fn progress(&self, now: Time) -> Option<f32> {
        let until = self.until?;
        let span = until.since(self.since).as_secs_f32();
        Some(if span <= 0.0 { 1.0 } else { (now.since(self.since).as_secs_f32() / span).clamp(0.0, 1.0) })
    }

    /// The time left in this state. None: not known, or over.
    pub fn left(&self, now: Time) -> Option<Duration> {
        self.until.filter(|until| *until > now).map(|until| until.since(now))
    }
}

/// Pods of one revision in a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar {
    /// 1 to 6.
    pub colour: u8,
    /// Ready pods.
    pub ready: u32,
    /// Pods that are not ready and not failing.
    pub other: u32,
    /// Failing pods and pods on a lost node.
    pub failing: u32,
}

/// How much of something is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Gauge {
    /// Requested by the pods: thousandths of a core, or bytes.
    pub requested: i64,
    /// What pods may reserve, in the same unit.
    pub allocatable: i64,
}

impl Gauge {
    /// From 0 to 1, and above 1 if more is requested than there is.
    pub fn share(self) -> f32 {
        if self.allocatable <= 0 { 0.0 } else { self.requested as f32 / self.allocatable as f32 }
    }
}

/// A zone: nodes with the same `topology.kubernetes.io/zone`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ZoneCard {
    /// Value of the label; empty: no label.
    pub name: Str,
    /// Its nodes: a range of [`Scene::nodes`].
    pub first: usize,
    /// How many of them.
    pub nodes: usize,
    /// Pods on them by state.
    pub counts: StateCounts,
    /// Pods on them by revision.
    pub bars: Vec<Bar>,
}

/// Health of a node, from its Ready condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NodeHealth {
    /// `True`.
    #[default]
    Ready,
    /// `False`.
    NotReady,
    /// `Unknown`: no heartbeat within the grace period.
    Unknown,
}

/// A node and its pods.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NodeCard {
    /// Its name.
    pub name: Str,
    /// Its zone; empty: none.
    pub zone: Str,
    /// What the control plane says of it.
    pub health: NodeHealth,
    /// When that became so.
    pub health_since: Time,
    /// `spec.unschedulable`.
    pub cordoned: bool,
    /// Whether it was stopped (the control plane notices later).
    pub stopped: bool,
    /// The node group it is in; empty: none.
    pub group: Str,
    /// What it costs per hour, in millionths of a dollar; 0: it has no price.
    pub price: i64,
    /// Its taints, as `key=value:Effect`.
    pub taints: Vec<String>,
    /// Thousandths of a core.
    pub cpu: Gauge,
    /// Bytes.
    pub memory: Gauge,
    /// Pods that count against `pods_max`.
    pub pods_used: u32,
    /// Allocatable pods.
    pub pods_max: u32,
    /// Its pods: by workload, revision, then creation, so that bands form. Empty at [`Level::Bars`].
    pub pods: Vec<PodGlyph>,
    /// Its pods by state.
    pub counts: StateCounts,
    /// Its pods by revision.
    pub bars: Vec<Bar>,
}

/// A pod without a node and the reason.
#[derive(Debug, Clone, PartialEq)]
pub struct TrayPod {
    /// The pod.
    pub pod: PodGlyph,
    /// What it waits for, as `cpu` or `memory`: the resources named by the scheduler.
    pub waits_for: Vec<Str>,
    /// The scheduler's words (condition PodScheduled), the part before `preemption:`. Empty: not looked at yet.
    pub words: Str,
}

/// A Service and the pods it selects.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceCard {
    /// Identity over time.
    pub uid: Uid,
    /// Its namespace.
    pub namespace: Str,
    /// Its name.
    pub name: Str,
    /// `ClusterIP`, `NodePort`, `LoadBalancer`, `ExternalName`.
    pub kind: Str,
    /// Its address; `None` for a headless one.
    pub cluster_ip: Str,
    /// As `80 → 8080/TCP`.
    pub ports: Vec<String>,
    /// As `app=web,tier=front`; empty: it selects nothing.
    pub selector: String,
    /// Pods that get traffic: selected, ready, not terminating.
    pub ready: u32,
    /// Selected pods that are not terminating.
    pub total: u32,
    /// Ready pods by colour.
    pub bars: Vec<Bar>,
    /// The pods that get traffic; empty at [`Level::Far`] and [`Level::Bars`].
    pub targets: Vec<Uid>,
}

/// How a rollout goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RolloutState {
    /// Every wanted pod is of the newest revision and available, and no other is left.
    #[default]
    Done,
    /// It moves.
    Going,
    /// `spec.paused`, or a step of a Rollout that waits.
    Paused,
    /// The update of a Rollout was given up.
    Aborted,
    /// A pod of the newest revision fails.
    Failing,
    /// The progress deadline has passed.
    Stuck,
}

/// How old pods are replaced.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Strategy {
    /// All old ones end first; also what a ReplicaSet of its own has.
    #[default]
    Recreate,
    /// Step by step.
    RollingUpdate {
        /// As written: `25%`, `1`.
        max_surge: String,
        /// As written: `25%`, `1`.
        max_unavailable: String,
    },
    /// Argo Rollouts: two complete sets, and a switch.
    BlueGreen,
    /// Argo Rollouts: step by step.
    Canary,
}

/// Where a Rollout of Argo Rollouts stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RolloutProgress {
    /// `Healthy`, `Degraded`, `Progressing` or `Paused`, and why.
    pub phase: (String, String),
    /// The step it is at, from 1; more than there are: all are done.
    pub step: u32,
    /// How many steps there are.
    pub steps: u32,
    /// The present step, as `setWeight: 20`; empty: none.
    pub words: String,
    /// Percent that the new version shall get; none: not a canary.
    pub set_weight: Option<u32>,
    /// Percent of the requests that it really got in the last seconds; none: there were none.
    pub real_weight: Option<f64>,
}

/// A workload and where its rollout stands.
#[derive(Debug, Clone, PartialEq)]
pub struct RolloutStrip {
    /// Identity over time.
    pub uid: Uid,
    /// Kind of the workload: `Deployment`, `Rollout` or `ReplicaSet`.
    pub kind: &'static str,
    /// Its namespace.
    pub namespace: Str,
    /// Its name.
    pub workload: Str,
    /// How it goes.
    pub state: RolloutState,
    /// The newest older revision that still has pods.
    pub from: Option<u32>,
    /// The newest revision.
    pub to: u32,
    /// How old pods are replaced.
    pub strategy: Strategy,
    /// Pods that are not terminating: ready ones of the newest revision, its others, old ones. At most [`STRIP_MOST`].
    pub glyphs: Vec<PodGlyph>,
    /// The same as counts, newest revision first; always complete.
    pub bars: Vec<Bar>,
    /// Fewest available pods: wanted - maxUnavailable.
    pub min: u32,
    /// `spec.replicas`.
    pub wanted: u32,
    /// Most pods: wanted + maxSurge.
    pub max: u32,
    /// Pods of all revisions that are not terminating.
    pub replicas: u32,
    /// Those of the newest revision.
    pub updated: u32,
    /// Ready ones of all revisions.
    pub ready: u32,
    /// Ready for at least minReadySeconds, as the status says.
    pub available: u32,
    /// Pods that are ending.
    pub terminating: u32,
    /// Condition Progressing as (status, reason, message); none for a ReplicaSet.
    pub progressing: Option<(Str, Str, Str)>,
    /// Of a Rollout: its step and its weights.
    pub progress: Option<RolloutProgress>,
}
