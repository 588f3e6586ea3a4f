//! What the control plane did, in words.

use opscape_cluster::Record;
use opscape_cluster::record::{RankReason, ScaleRule, ScaledReplicaSet};
use opscape_manifest::api::ReplicaSet;

use super::{Teller, named, told};
use crate::census;
use crate::inspect::{Mark, WhyRow};
use crate::words::Rich;

/// The row of a record. `this`: the pod that is asked about is one of those it speaks of.
pub(super) fn row(teller: Teller<'_>, record: &Record, this: bool) -> Option<WhyRow> {
    let step = |key: &str, values: &[(&str, &str)]| row_of(teller, Mark::Step, key, values, Rich::default());
    Some(match record {
        Record::CreatedReplicaSet(fact) => {
            let key = if this { "why.set-created-this" } else { "why.set-created" };
            let values = [
                ("set", &*fact.replica_set.name),
                ("revision", &fact.revision.to_string()),
                ("n", &fact.replicas.to_string()),
            ];
            row_of(teller, Mark::Step, key, &values, rule(teller, fact.why, fact.replicas))
        }
        Record::ScaledReplicaSet(fact) => scaled(teller, fact, this),
        Record::CleanedUpReplicaSet(fact) => {
            step("why.cleaned-up", &[("set", &fact.replica_set.name), ("limit", &fact.limit.to_string())])
        }
        Record::PodCreated(fact) => {
            let rule = teller.rich(
                "why.rule.have-want",
                &[("have", &fact.have.to_string()), ("want", &fact.want.to_string())],
            );
            row_of(teller, Mark::Step, "why.pod-created", &[("set", &fact.replica_set.name)], rule)
        }
        Record::PodRefused(fact) => {
            let text = teller.rich("why.pod-refused", &[("set", &fact.replica_set.name)]);
            told(Mark::Failure, text, Rich::verbatim(&fact.message))
        }
        Record::PodDeleted(fact) => {
            let values = [
                ("set", &*fact.replica_set.name),
                ("have", &fact.have.to_string()),
                ("want", &fact.want.to_string()),
            ];
            row_of(teller, Mark::Step, "why.pod-deleted", &values, rank(teller, fact.rank))
        }
        Record::Adopted(fact) => step(
            "why.adopted",
            &[
                ("owner", &named(&fact.owner.kind, &fact.owner.name)),
                ("object", &named(&fact.object.kind, &fact.object.name)),
            ],
        ),
        Record::Released(fact) => step(
            "why.released",
            &[
                ("owner", &named(&fact.owner.kind, &fact.owner.name)),
                ("object", &named(&fact.object.kind, &fact.object.name)),
            ],
        ),
        Record::ConditionChanged(fact) => {
            let status = fact.status.as_deref()?;
            let object = named(&fact.subject.kind, &fact.subject.name);
            let values = [("object", object.as_str()), ("condition", &fact.condition), ("status", status)];
            let bad = (status == "False" && &*fact.condition != "ReplicaFailure")
                || (status == "True" && &*fact.condition == "ReplicaFailure");
            let mark = if bad && &*fact.condition == "Progressing" { Mark::Failure } else { Mark::Step };
            row_of(teller, mark, "why.condition", &values, reason(&fact.reason, &fact.message))
        }
        Record::Autoscaled(decision) => super::autoscaling::row(teller, decision),
        Record::Collected(fact) if fact.deleted => step(
            "why.collected",
            &[
                ("object", &named(&fact.object.kind, &fact.object.name)),
                ("owner", &named(&fact.owner.kind, &fact.owner.name)),
            ],
        ),
        Record::NamespaceEmptied(fact) => step("why.namespace", &[("namespace", &fact.namespace.name)]),
        Record::Rollout(fact) => super::rollouts::row(teller, fact),
        Record::Scheduler(fact) => super::scheduling::row(teller, fact),
        Record::NodeLifecycle(fact) => super::nodes::row(teller, fact),
        Record::ClusterAutoscaler(fact) => super::node_groups::row(teller, fact),
        Record::Requested(_) | Record::Collected(_) | Record::EventRecorded(_) | Record::Kubelet(_) => {
            return None;
        }
    })
}

fn row_of(teller: Teller<'_>, mark: Mark, key: &str, values: &[(&str, &str)], rule: Rich) -> WhyRow {
    told(mark, teller.rich(key, values), rule)
}

fn reason(reason: &str, message: &str) -> Rich {
    Rich::verbatim(if message.is_empty() { reason } else { message })
}

fn scaled(teller: Teller<'_>, fact: &ScaledReplicaSet, this: bool) -> WhyRow {
    let set = teller.model().cluster().store().typed_by_uid::<ReplicaSet>(fact.replica_set.uid);
    let revision = set.map_or(0, |set| census::of_replica_set(set).revision);
    let up = fact.to > fact.from;
    let key = match (up, this) {
        _ if matches!(fact.why, ScaleRule::Resized { .. }) => "why.resized",
        (true, true) => "why.scaled-up-this",
        (true, false) => "why.scaled-up",
        (false, _) => "why.scaled-down",
    };
    let values = [
        ("deployment", &*fact.deployment.name),
        ("set", &*fact.replica_set.name),
        ("revision", &revision.to_string()),
        ("from", &fact.from.to_string()),
        ("to", &fact.to.to_string()),
    ];
    row_of(teller, Mark::Step, key, &values, rule(teller, fact.why, fact.to - fact.from))
}

/// The rule behind a new size, with its numbers.
fn rule(teller: Teller<'_>, rule: ScaleRule, change: i32) -> Rich {
    let text = |number: i32| number.to_string();
    match rule {
        ScaleRule::Surge { replicas, max_surge, current_total, max_total } => teller.rich(
            "why.rule.surge",
            &[
                ("replicas", &text(replicas)),
                ("surge", &text(max_surge)),
                ("max", &text(max_total)),
                ("total", &text(current_total)),
                ("n", &text(change)),
            ],
        ),
        ScaleRule::NewTooLarge { replicas } | ScaleRule::Resized { replicas } => {
            teller.rich("why.rule.replicas", &[("replicas", &text(replicas))])
        }
        ScaleRule::OldUnhealthy {
            unhealthy,
            max_scaled_down,
            current_total,
            min_available,
            new_unavailable,
        } => teller.rich(
            "why.rule.old-unhealthy",
            &[
                ("unhealthy", &text(unhealthy)),
                ("total", &text(current_total)),
                ("min", &text(min_available)),
                ("new", &text(new_unavailable)),
                ("max", &text(max_scaled_down)),
            ],
        ),
        ScaleRule::OldAvailable { available, min_available, replicas, max_unavailable } => teller.rich(
            "why.rule.old-available",
            &[
                ("available", &text(available)),
                ("min", &text(min_available)),
                ("n", &text(available - min_available)),
                ("replicas", &text(replicas)),
                ("unavailable", &text(max_unavailable)),
            ],
        ),
        ScaleRule::RecreateDown => teller.rich("why.rule.recreate-down", &[]),
        ScaleRule::RecreateUp { replicas } => {
            teller.rich("why.rule.recreate-up", &[("replicas", &text(replicas))])
        }
        ScaleRule::Saturated => teller.rich("why.rule.saturated", &[]),
        ScaleRule::Weighted { weight, replicas, routed, canary } => {
            let key = match (routed, canary) {
                (true, true) => "why.rule.weight-routed",
                (true, false) => "why.rule.weight-stable",
                (false, true) => "why.rule.weight-pods",
                (false, false) => "why.rule.weight-pods-stable",
            };
            teller.rich(key, &[("weight", &text(weight)), ("replicas", &text(replicas))])
        }
        ScaleRule::SetCanaryScale { replicas } => {
            teller.rich("why.rule.canary-scale", &[("replicas", &text(replicas))])
        }
        ScaleRule::BlueGreen { replicas, preview } => {
            let key = if preview { "why.rule.preview" } else { "why.rule.blue-green" };
            teller.rich(key, &[("replicas", &text(replicas))])
        }
        ScaleRule::ScaleDownDelay { seconds } => {
            teller.rich("why.rule.scale-down-delay", &[("n", &seconds.to_string())])
        }
        ScaleRule::AbortDelay { seconds } => {
            teller.rich("why.rule.abort-delay", &[("n", &seconds.to_string())])
        }
        ScaleRule::Unneeded => teller.rich("why.rule.unneeded", &[]),
        ScaleRule::FromZero => teller.rich("why.rule.from-zero", &[]),
        ScaleRule::Proportional { allowed, current_total, to_add, share } => teller.rich(
            "why.rule.proportional",
            &[
                ("allowed", &text(allowed)),
                ("total", &text(current_total)),
                ("add", &text(to_add)),
                ("share", &text(share)),
            ],
        ),
    }
}

/// Why this pod was the one to go.
fn rank(teller: Teller<'_>, rank: RankReason) -> Rich {
    match rank {
        RankReason::All => teller.rich("why.rank.all", &[]),
        RankReason::Unassigned => teller.rich("why.rank.unassigned", &[]),
        RankReason::Phase => teller.rich("why.rank.phase", &[]),
        RankReason::NotReady => teller.rich("why.rank.notready", &[]),
        RankReason::DeletionCost { own, other } => {
            teller.rich("why.rank.cost", &[("own", &own.to_string()), ("other", &other.to_string())])
        }
        RankReason::Crowded { own, other } => {
            teller.rich("why.rank.crowded", &[("own", &own.to_string()), ("other", &other.to_string())])
        }
        RankReason::ReadySince => teller.rich("why.rank.ready-since", &[]),
        RankReason::Restarts { own, other } => {
            teller.rich("why.rank.restarts", &[("own", &own.to_string()), ("other", &other.to_string())])
        }
        RankReason::Younger => teller.rich("why.rank.younger", &[]),
        RankReason::Tie => teller.rich("why.rank.tie", &[]),
    }
}

/// What is seen next, in a few words.
pub(super) fn headline(teller: Teller<'_>, record: &Record) -> Option<Rich> {
    match record {
        Record::EventRecorded(fact) => Some(teller.rich(
            "next.event",
            &[("object", &named(&fact.regarding.kind, &fact.regarding.name)), ("reason", &fact.reason)],
        )),
        Record::ConditionChanged(fact) => {
            let object = named(&fact.subject.kind, &fact.subject.name);
            let status = fact.status.as_deref()?;
            if &*fact.subject.kind == "Pod" && &*fact.condition == "Ready" {
                let key = if status == "True" { "next.ready" } else { "next.not-ready" };
                return Some(teller.rich(key, &[("object", &object)]));
            }
            Some(teller.rich(
                "next.condition",
                &[("object", &object), ("condition", &fact.condition), ("status", status)],
            ))
        }
        Record::ScaledReplicaSet(fact) => {
            let object = named(&fact.replica_set.kind, &fact.replica_set.name);
            let values =
                [("object", object.as_str()), ("from", &fact.from.to_string()), ("to", &fact.to.to_string())];
            Some(teller.rich("next.scaled", &values))
        }
        Record::Rollout(fact) => super::rollouts::headline(teller, fact),
        Record::Autoscaled(decision) => {
            let object = named(&decision.target.kind, &decision.target.name);
            let (from, to) = (decision.current.to_string(), decision.desired.to_string());
            Some(teller.rich("next.scaled", &[("object", &object), ("from", &from), ("to", &to)]))
        }
        Record::Kubelet(fact) => super::kubelet::headline(teller, fact),
        Record::ClusterAutoscaler(fact) => super::node_groups::headline(teller, fact),
        Record::PodDeleted(fact) => {
            Some(teller.rich("next.deleted", &[("object", &named(&fact.pod.kind, &fact.pod.name))]))
        }
        _ => None,
    }
}
