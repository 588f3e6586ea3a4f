//! What the inspector shows of one object: its state, facts, YAML, events, and *Why?* in words.

mod beside;
mod build;

use opscape_manifest::api::{ObjectKey, Str};
use opscape_sim::{EntryId, Time};

use crate::Rich;
pub use build::build;

use crate::scene::PodGlyph;

/// Everything about one object, in one language.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Inspection {
    /// Which object.
    pub key: ObjectKey,
    /// Whether it is gone; then this is its last state.
    pub gone: bool,
    /// The system's own word for its state, as `CrashLoopBackOff`, `Running`, `NotReady`, `Available`.
    pub word: String,
    /// Whether that word is a failure.
    pub failing: bool,
    /// What stands beside it, as `node-c · 1 restart`.
    pub rest: String,
    /// Its glyph, if it is a pod.
    pub pod: Option<PodGlyph>,
    /// Label and value, the most important first.
    pub facts: Vec<Fact>,
    /// As `kubectl get -o yaml` prints it.
    pub yaml: String,
    /// Events about it, newest first.
    pub events: Vec<EventRow>,
    /// The chain of causes.
    pub why: Why,
    /// For a pod: what the scheduler made of each node, at its last attempt.
    pub scheduling: Option<SchedulingTable>,
    /// For a Deployment: what it can be rolled back to, newest first.
    pub revisions: Vec<RevisionRow>,
    /// Pods it owns, selects or runs.
    pub pods: Vec<PodGlyph>,
    /// For an Ingress or an HTTPRoute: the other one that leads to the same Services, and what each does with the same requests.
    pub beside: Option<Beside>,
}

/// An Ingress and an HTTPRoute side by side, each with the host it is asked for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Beside {
    /// The Ingress.
    pub one: (ObjectKey, String),
    /// The HTTPRoute.
    pub two: (ObjectKey, String),
    /// What each does with a request.
    pub rows: Vec<BesideRow>,
}

/// A request, and where each of the two leads it: Services with their shares, and the path they get.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BesideRow {
    /// Path and query.
    pub path: String,
    /// By the Ingress.
    pub one: String,
    /// By the HTTPRoute.
    pub two: String,
}

/// A fact: a label and a value.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fact {
    /// In words.
    pub label: String,
    /// In words, or verbatim.
    pub value: String,
    /// Whether the value is verbatim, to be set in mono.
    pub mono: bool,
    /// The object it names.
    pub link: Option<ObjectKey>,
}

/// An event of the cluster.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EventRow {
    /// Last time.
    pub at: Time,
    /// First time.
    pub first: Time,
    /// How often.
    pub count: u32,
    /// Whether its type is Warning.
    pub warning: bool,
    /// One word, verbatim.
    pub reason: Str,
    /// About what.
    pub object: ObjectKey,
    /// Verbatim.
    pub message: Str,
    /// Who said it, as `kubelet, node-c`.
    pub from: String,
}

/// Which events are wanted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EventFilter {
    /// Only about this object.
    pub object: Option<ObjectKey>,
    /// Only in this namespace.
    pub namespace: Option<Str>,
    /// Only warnings.
    pub warnings: bool,
    /// At most this many, the newest; 0: all.
    pub most: usize,
}

/// The chain of causes in words.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Why {
    /// Newest first; the last row is what the user or the lab's script did.
    pub rows: Vec<WhyRow>,
    /// What to do about it, in one sentence. None: there is nothing to do.
    pub to_change: Option<Rich>,
}

/// What stands at the left of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mark {
    /// A step on the way.
    #[default]
    Step,
    /// The state that is asked about; drawn as the object's glyph.
    State,
    /// A failure.
    Failure,
    /// What the user or the lab's script did.
    Act,
}

/// One cause.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WhyRow {
    /// At the left.
    pub mark: Mark,
    /// One sentence.
    pub text: Rich,
    /// The rule with its numbers; may be empty.
    pub rule: Rich,
    /// When.
    pub at: Time,
    /// The journal's entry.
    pub entry: Option<EntryId>,
    /// The line of the text that says so.
    pub line: Option<LineRef>,
}

/// A place in the text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LineRef {
    /// File as named in the text; empty: the first.
    pub file: Str,
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
}

/// What the scheduler made of each node for one pod.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SchedulingTable {
    /// When it decided.
    pub at: Time,
    /// Names of the scoring plugins, as `NodeResourcesFit`: the columns.
    pub plugins: Vec<Str>,
    /// The chosen node first, then by score, then the rejected ones.
    pub nodes: Vec<NodeVerdict>,
    /// Nodes that were not looked at, and rows left out.
    pub more: u32,
}

/// One node in the table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NodeVerdict {
    /// Its name.
    pub node: Str,
    /// Whether the pod went there.
    pub chosen: bool,
    /// Why not, verbatim, as `Insufficient cpu`; empty if it passed all filters.
    pub rejected: Str,
    /// Weighted scores, one per plugin; empty if rejected or if there was no choice.
    pub scores: Vec<i64>,
    /// Their sum.
    pub total: i64,
}

/// A revision of a Deployment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RevisionRow {
    /// Its number.
    pub revision: u32,
    /// 1 to 6.
    pub colour: u8,
    /// Name of its ReplicaSet.
    pub replica_set: Str,
    /// Image of the first container.
    pub image: Str,
    /// Its pods.
    pub pods: u32,
    /// Whether it is the one wanted now.
    pub current: bool,
    /// `kubernetes.io/change-cause`.
    pub change_cause: Str,
}
