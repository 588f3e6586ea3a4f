//! What a person can do to the world. Each act enters the timeline as an input at an instant; nothing else changes it.

use opscape_manifest::api::{ObjectKey, Str};

use opscape_cluster::Request;
use opscape_network::load::WorkloadId;

use crate::pipelines::{GitAct, RepositoryEvent, RunAct};
use crate::traffic::Sending;

/// Something a person does, or the lab's script.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Applies the whole text: the Apply button.
    Apply {
        /// The text.
        text: Str,
    },
    /// Applies one named file of the text, as `kubectl apply -f FILE`; nothing is pruned.
    ApplyFile {
        /// Its path.
        file: Str,
    },
    /// A command line of the lab's script.
    Run {
        /// As typed.
        line: Str,
    },
    /// Sets `spec.replicas` through the scale subresource.
    Scale {
        /// A Deployment or ReplicaSet.
        workload: ObjectKey,
        /// At least 0.
        replicas: i32,
    },
    /// One request to the API server that a command typed in the terminal makes.
    Request {
        /// The command line.
        line: Str,
        /// What it asks for.
        request: Box<Request>,
    },
    /// Begins to send requests: what `hey` and `curl` do.
    Send {
        /// The command line.
        line: Str,
        /// How many, and where to.
        sending: Box<Sending>,
    },
    /// Sends no more of them.
    StopSending {
        /// The command line that was interrupted.
        line: Str,
        /// Which.
        workload: WorkloadId,
    },
    /// Deletes an object.
    Delete {
        /// Any object.
        object: ObjectKey,
        /// Seconds; none: the object's own.
        grace: Option<i64>,
    },
    /// Cuts a node off: its kubelet and its containers stop. The control plane notices when heartbeats stay out.
    StopNode {
        /// Its name.
        node: Str,
    },
    /// Removes a node from the cluster.
    RemoveNode {
        /// Its name.
        node: Str,
    },
    /// Brings a stopped node back.
    StartNode {
        /// Its name.
        node: Str,
    },
    /// Sets or clears `spec.unschedulable`.
    Cordon {
        /// Its name.
        node: Str,
        /// True: no new pods.
        on: bool,
    },
    /// `kubectl rollout undo`.
    RollBack {
        /// A Deployment.
        deployment: ObjectKey,
        /// To which revision; none: the one before.
        to: Option<u32>,
    },
    /// `kubectl rollout pause` and `resume`.
    Pause {
        /// A Deployment.
        deployment: ObjectKey,
        /// True: pause.
        on: bool,
    },
    /// `kubectl rollout restart`.
    Restart {
        /// A Deployment.
        deployment: ObjectKey,
    },
    /// Something happens in the repository, and the pipelines that run on it begin.
    Happen {
        /// What.
        event: RepositoryEvent,
    },
    /// Something is done to the repository, and the pipelines that run on it begin.
    Git {
        /// The command line; empty: a button.
        line: Str,
        /// What.
        act: GitAct,
    },
    /// Something is done to a run of a pipeline.
    Pipeline {
        /// The number of the run.
        run: u32,
        /// What.
        act: RunAct,
    },
}
