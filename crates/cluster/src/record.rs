//! Journal entries: structured facts with the rule and the numbers. Words are made of them in the lab, in both languages.

use std::sync::Arc;

use opscape_manifest::api::meta::{Str, Uid};
use opscape_manifest::api::{Kind, Object, Resource};

use crate::autoscaler::decision::Decision;
use crate::{cluster_autoscaler, kubelet, node_lifecycle, scheduler, words};

/// Which object a record speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subject {
    /// As `Deployment`.
    pub kind: Str,
    /// Empty for cluster-scoped kinds.
    pub namespace: Str,
    /// Its name.
    pub name: Str,
    /// Its identity.
    pub uid: Uid,
}

impl Subject {
    /// The subject that an object with a type is.
    pub fn of_resource<T: Resource>(resource: &T) -> Subject {
        let meta = resource.meta();
        Subject {
            kind: words::kind(T::KIND),
            namespace: meta.namespace.clone(),
            name: meta.name.clone(),
            uid: meta.uid,
        }
    }

    /// The subject that an object is.
    pub fn of(object: &Object) -> Subject {
        let meta = object.meta();
        Subject {
            kind: match object.kind() {
                Kind::Other => object.kind_name().into(),
                kind => words::kind(kind),
            },
            namespace: meta.namespace.clone(),
            name: meta.name.clone(),
            uid: meta.uid,
        }
    }
}

/// Something that happened in the cluster.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// A person (or the lab for one) wrote to the API server.
    Requested(Box<Requested>),
    /// The Deployment controller made a ReplicaSet for a new revision.
    CreatedReplicaSet(Box<CreatedReplicaSet>),
    /// The Deployment controller changed the size of a ReplicaSet.
    ScaledReplicaSet(Box<ScaledReplicaSet>),
    /// The Deployment controller deleted a ReplicaSet beyond `revisionHistoryLimit`.
    CleanedUpReplicaSet(Box<CleanedUpReplicaSet>),
    /// A ReplicaSet made a pod.
    PodCreated(Box<PodCreated>),
    /// A ReplicaSet could not make a pod.
    PodRefused(Box<PodRefused>),
    /// A ReplicaSet deleted a pod.
    PodDeleted(Box<PodDeleted>),
    /// A controller took an object that had none and that its selector matches.
    Adopted(Box<Adoption>),
    /// A controller let go of an object that its selector no longer matches.
    Released(Box<Adoption>),
    /// A condition in an object's status changed.
    ConditionChanged(Box<ConditionChanged>),
    /// The horizontal pod autoscaler changed the size of a workload.
    Autoscaled(Arc<Decision>),
    /// The garbage collector deleted an object whose owners are gone, or took the owner out of it.
    Collected(Box<Collected>),
    /// The namespace controller deletes what is in a namespace that is being deleted.
    NamespaceEmptied(Box<NamespaceEmptied>),
    /// A component told people something: an Event was written.
    EventRecorded(Box<EventRecorded>),
    /// The controller of Argo Rollouts did something other than scaling.
    Rollout(Box<RolloutFact>),
    /// The scheduler's own.
    Scheduler(Box<scheduler::Fact>),
    /// A kubelet's own.
    Kubelet(Box<kubelet::Fact>),
    /// The node lifecycle controller's own.
    NodeLifecycle(Box<node_lifecycle::Fact>),
    /// The cluster autoscaler's own.
    ClusterAutoscaler(Box<cluster_autoscaler::Fact>),
}

/// What a person asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// `POST`
    Create,
    /// `PUT`
    Update,
    /// `PUT .../status`
    Status,
    /// `PUT .../scale`
    Scale,
    /// `DELETE`
    Delete,
    /// `POST .../eviction`
    Evict,
}

/// A person (or the lab for one) wrote to the API server.
#[derive(Debug, Clone, PartialEq)]
pub struct Requested {
    /// What was asked for.
    pub verb: Verb,
    /// The object.
    pub subject: Subject,
    /// The object before; none if it is new.
    pub before: Option<Object>,
    /// The object after; none if it is gone.
    pub after: Option<Object>,
}

/// A new revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedReplicaSet {
    /// The Deployment.
    pub deployment: Subject,
    /// The ReplicaSet.
    pub replica_set: Subject,
    /// Its revision.
    pub revision: i64,
    /// Its first size.
    pub replicas: i32,
    /// Why that size.
    pub why: ScaleRule,
}

/// A ReplicaSet got another size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScaledReplicaSet {
    /// The Deployment.
    pub deployment: Subject,
    /// The ReplicaSet.
    pub replica_set: Subject,
    /// Size before.
    pub from: i32,
    /// Size after.
    pub to: i32,
    /// Why.
    pub why: ScaleRule,
}

/// The rule of the Deployment controller behind a new size, with the numbers it saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScaleRule {
    /// Rolling update, the new ReplicaSet grows: at most replicas + maxSurge pods in all (`NewRSNewReplicas`).
    Surge {
        /// `spec.replicas`.
        replicas: i32,
        /// maxSurge in pods.
        max_surge: i32,
        /// Sizes of all ReplicaSets before.
        current_total: i32,
        /// `replicas + max_surge`.
        max_total: i32,
    },
    /// The new ReplicaSet is larger than the Deployment wants.
    NewTooLarge {
        /// `spec.replicas`.
        replicas: i32,
    },
    /// Rolling update: pods of old ReplicaSets that are not healthy go first (`cleanupUnhealthyReplicas`).
    OldUnhealthy {
        /// Pods of this ReplicaSet that are not available.
        unhealthy: i32,
        /// How many pods may go in this step.
        max_scaled_down: i32,
        /// Sizes of all ReplicaSets before.
        current_total: i32,
        /// `replicas - max_unavailable`.
        min_available: i32,
        /// Pods of the new ReplicaSet that are not available yet.
        new_unavailable: i32,
    },
    /// Rolling update: old ReplicaSets shrink as far as availability allows (`scaleDownOldReplicaSetsForRollingUpdate`).
    OldAvailable {
        /// Available pods of all ReplicaSets.
        available: i32,
        /// `replicas - max_unavailable`.
        min_available: i32,
        /// `spec.replicas`.
        replicas: i32,
        /// maxUnavailable in pods.
        max_unavailable: i32,
    },
    /// Recreate: all old pods go first.
    RecreateDown,
    /// Recreate: no old pod runs any more.
    RecreateUp {
        /// `spec.replicas`.
        replicas: i32,
    },
    /// The Deployment's size changed and only one ReplicaSet is in use.
    Resized {
        /// `spec.replicas`.
        replicas: i32,
    },
    /// Canary of Argo Rollouts: pods as a weight says.
    Weighted {
        /// Percent.
        weight: i32,
        /// `spec.replicas`.
        replicas: i32,
        /// Whether a router divides the traffic; else the pods do.
        routed: bool,
        /// Whether these are the pods of the new version.
        canary: bool,
    },
    /// Canary of Argo Rollouts: pods as the last setCanaryScale says.
    SetCanaryScale {
        /// Pods.
        replicas: i32,
    },
    /// Blue-green of Argo Rollouts.
    BlueGreen {
        /// `spec.replicas`, or `previewReplicaCount`.
        replicas: i32,
        /// Whether it is `previewReplicaCount`.
        preview: bool,
    },
    /// Argo Rollouts: the old pods stayed for `scaleDownDelaySeconds`.
    ScaleDownDelay {
        /// Seconds.
        seconds: i64,
    },
    /// Argo Rollouts: the pods of an aborted update stayed for `abortScaleDownDelaySeconds`.
    AbortDelay {
        /// Seconds.
        seconds: i64,
    },
    /// Argo Rollouts: neither the new nor the stable ReplicaSet; nobody needs it.
    Unneeded,
    /// Argo Rollouts: a ReplicaSet is made without pods; they come in the next step.
    FromZero,
    /// The rollout is complete; what is left of old ReplicaSets goes.
    Saturated,
    /// Several ReplicaSets are in use and the Deployment's size changed, or it is paused: each gets its share.
    Proportional {
        /// `replicas + max_surge`: what all ReplicaSets may have together.
        allowed: i32,
        /// Sizes of all ReplicaSets before.
        current_total: i32,
        /// Pods to add in all; negative: to remove.
        to_add: i32,
        /// This one's share of it, rest included.
        share: i32,
    },
}

/// What the controller of Argo Rollouts did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolloutFact {
    /// The Rollout.
    pub rollout: Subject,
    /// What.
    pub what: RolloutWhat,
}

/// What the controller of Argo Rollouts did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RolloutWhat {
    /// A Service selects another ReplicaSet.
    Switched {
        /// The Service.
        service: Str,
        /// Hash of the template before; empty: none.
        from: Str,
        /// Hash of the template after.
        to: Str,
    },
    /// The new version gets another share of the traffic.
    Weight {
        /// Percent before.
        from: i32,
        /// Percent after.
        to: i32,
        /// Why.
        why: WeightRule,
    },
    /// A step of a canary is done.
    StepDone {
        /// Its number, from 1.
        step: u32,
        /// How many there are.
        of: u32,
        /// As `setWeight: 20`.
        words: Str,
    },
    /// The new version is the stable one from now on.
    Promoted {
        /// Its revision.
        revision: i64,
        /// As `Completed all 4 canary steps`.
        reason: Str,
    },
    /// The update was given up.
    Aborted {
        /// Its revision.
        revision: i64,
        /// Why; empty: a person did it.
        why: Str,
    },
    /// An AnalysisRun begins.
    AnalysisStarted {
        /// Its name.
        run: Str,
        /// `Step`, `Background`, `PrePromotion` or `PostPromotion`.
        purpose: Str,
    },
    /// An AnalysisRun ended badly.
    AnalysisFailed {
        /// Its name.
        run: Str,
        /// Its message.
        why: Str,
    },
    /// The Deployment whose template it takes got another size (`workloadRef.scaleDown`).
    ScaledWorkload {
        /// The Deployment.
        deployment: Str,
        /// Pods before.
        from: i32,
        /// Pods after.
        to: i32,
    },
    /// A pod was deleted because it is older than `restartAt`.
    Restarted {
        /// The pod.
        pod: Str,
    },
}

/// Why the new version gets this share of the traffic (`reconcileTrafficRouting`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeightRule {
    /// The last setWeight up to this step.
    Step {
        /// From 1.
        step: u32,
    },
    /// The pods of this step are not all there: the weight of the steps before stays.
    PodsMissing,
    /// None of its pods is available.
    NoPods,
    /// All steps are done.
    AllSteps,
    /// It is stable: there is no canary any more.
    Promoted,
    /// A person skipped all steps.
    PromoteFull,
    /// The update was given up.
    Aborted,
    /// The present template is the stable one again; the weight falls as its pods come.
    BackToStable,
}

/// A ReplicaSet beyond the history limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CleanedUpReplicaSet {
    /// The Deployment.
    pub deployment: Subject,
    /// The ReplicaSet.
    pub replica_set: Subject,
    /// `spec.revisionHistoryLimit`.
    pub limit: i32,
}

/// A new pod of a ReplicaSet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodCreated {
    /// The ReplicaSet.
    pub replica_set: Subject,
    /// The pod.
    pub pod: Subject,
    /// Pods it had when it decided.
    pub have: i32,
    /// Pods it wants.
    pub want: i32,
}

/// The API server refused a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodRefused {
    /// The ReplicaSet.
    pub replica_set: Subject,
    /// The API server's message.
    pub message: Str,
}

/// A pod too many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodDeleted {
    /// The ReplicaSet.
    pub replica_set: Subject,
    /// The pod.
    pub pod: Subject,
    /// Pods it had when it decided.
    pub have: i32,
    /// Pods it wants.
    pub want: i32,
    /// What put this pod before the first one that stays.
    pub rank: RankReason,
}

/// The criterion of `ActivePodsWithRanks` (pkg/controller) that put a pod before another one in the order of deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RankReason {
    /// All go.
    All,
    /// Not bound to a node.
    Unassigned,
    /// Its phase is Pending or Unknown.
    Phase,
    /// It is not ready.
    NotReady,
    /// `controller.kubernetes.io/pod-deletion-cost` is lower.
    DeletionCost {
        /// Its own.
        own: i32,
        /// The other's.
        other: i32,
    },
    /// More pods of the same or related ReplicaSets run on its node.
    Crowded {
        /// Pods on its node.
        own: u32,
        /// Pods on the other's node.
        other: u32,
    },
    /// It became ready later (times compared in powers of two).
    ReadySince,
    /// It restarted more often.
    Restarts {
        /// Its own.
        own: i32,
        /// The other's.
        other: i32,
    },
    /// It is younger (ages compared in powers of two).
    Younger,
    /// Equal in all; the order of their identities decides.
    Tie,
}

/// An object changed its controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adoption {
    /// The controller.
    pub owner: Subject,
    /// The object.
    pub object: Subject,
}

/// A condition changed its status or its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionChanged {
    /// The object.
    pub subject: Subject,
    /// As `Progressing`.
    pub condition: Str,
    /// Status and reason before; none if it is new.
    pub before: Option<(Str, Str)>,
    /// `True`, `False`, `Unknown`; none if the condition was taken away.
    pub status: Option<Str>,
    /// One word.
    pub reason: Str,
    /// A sentence.
    pub message: Str,
}

/// An object without owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collected {
    /// The object.
    pub object: Subject,
    /// The owner that is gone or going.
    pub owner: Subject,
    /// Whether the object was deleted; else only its reference to the owner was.
    pub deleted: bool,
}

/// A namespace on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespaceEmptied {
    /// The namespace.
    pub namespace: Subject,
    /// Objects still in it that are being deleted.
    pub remaining: u32,
}

/// An Event for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRecorded {
    /// What it is about.
    pub regarding: Subject,
    /// The Event's name.
    pub name: Str,
    /// `Normal` or `Warning`.
    pub kind: Str,
    /// One word.
    pub reason: Str,
    /// A sentence.
    pub message: Str,
    /// How often so far.
    pub count: i32,
}

// 150,000 pods make a million of them.
const _: () = assert!(size_of::<Record>() <= 48);

impl Record {
    /// The object whose state a record explains, where it is about one object.
    pub fn subject(&self) -> Option<&Subject> {
        Some(match self {
            Record::Requested(fact) => &fact.subject,
            Record::CreatedReplicaSet(fact) => &fact.replica_set,
            Record::ScaledReplicaSet(fact) => &fact.replica_set,
            Record::CleanedUpReplicaSet(fact) => &fact.replica_set,
            Record::PodCreated(fact) => &fact.pod,
            Record::PodRefused(fact) => &fact.replica_set,
            Record::PodDeleted(fact) => &fact.pod,
            Record::Adopted(fact) | Record::Released(fact) => &fact.object,
            Record::ConditionChanged(fact) => &fact.subject,
            Record::Autoscaled(decision) => &decision.target,
            Record::Collected(fact) => &fact.object,
            Record::NamespaceEmptied(fact) => &fact.namespace,
            Record::EventRecorded(fact) => &fact.regarding,
            Record::Rollout(fact) => &fact.rollout,
            Record::Scheduler(fact) => fact.subject(),
            Record::Kubelet(fact) => &fact.pod,
            Record::NodeLifecycle(fact) => &fact.subject,
            Record::ClusterAutoscaler(fact) => return fact.subject(),
        })
    }
}
