//! What the cluster autoscaler did and found, in words: why a node was added, why none, why one stays.

use opscape_cluster::cluster_autoscaler::decision::{Blocking, ScaledDown, ScaledUp, Stays, Utilization};
use opscape_cluster::cluster_autoscaler::{Fact, NodeVerdict, PodVerdict};
use opscape_manifest::api::{Node, Pod};

use super::{Teller, told};
use crate::inspect::{Mark, WhyRow};
use crate::words::Rich;

pub(super) fn row(teller: Teller<'_>, fact: &Fact) -> WhyRow {
    match fact {
        Fact::ScaledUp(fact) => grown(teller, fact),
        Fact::TimedOut { group, nodes, waited, backoff_until } => {
            let values = [("group", &**group), ("n", &*nodes.to_string()), ("span", &teller.span(*waited))];
            let rule = teller.rich("why.rule.group-backoff", &[("at", &teller.at(*backoff_until))]);
            told(Mark::Failure, teller.rich("why.group-late", &values), rule)
        }
        Fact::ScaledDown(fact) => shrunk(teller, fact),
        Fact::Replaced { group, gone } => {
            let values = [("group", &**group), ("node", &**gone)];
            told(Mark::Step, teller.rich("why.group-replaced", &values), Rich::default())
        }
    }
}

fn grown(teller: Teller<'_>, fact: &ScaledUp) -> WhyRow {
    let (from, to) = (fact.from.to_string(), fact.to.to_string());
    let values = [("group", &*fact.group), ("from", &*from), ("to", &*to)];
    let new = (fact.to - fact.from).to_string();
    let numbers = [("pods", &*fact.pods.to_string()), ("n", &*new), ("max", &fact.max.to_string())];
    let mut rule = crate::words::fill(teller.lang, "why.rule.group-grown", &numbers);
    if fact.options.len() > 1 {
        let options: Vec<String> =
            fact.options.iter().map(|(group, nodes, _)| format!("{group} +{nodes}")).collect();
        let values = [("expander", fact.expander.name()), ("options", &*options.join(", "))];
        rule.push_str(" · ");
        rule.push_str(&crate::words::fill(teller.lang, "why.rule.group-expander", &values));
    }
    told(Mark::Step, teller.rich("why.group-grown", &values), Rich::parse(&rule))
}

fn shrunk(teller: Teller<'_>, fact: &ScaledDown) -> WhyRow {
    let values = [("node", &*fact.node.name), ("at", &*teller.at(fact.since))];
    let key = if fact.pods == 0 { "why.rule.group-empty" } else { "why.rule.group-drained" };
    let (resource, percent) = share(fact.utilization);
    let numbers = [("resource", resource), ("percent", &*percent), ("n", &fact.pods.to_string())];
    told(Mark::Step, teller.rich("why.group-shrunk", &values), teller.rich(key, &numbers))
}

fn share(utilization: Utilization) -> (&'static str, String) {
    (utilization.resource, (utilization.milli / 10).to_string())
}

/// What the autoscaler found about a pod that waits for a node.
pub(super) fn of_pod(teller: Teller<'_>, pod: &Pod) -> Rich {
    let Some(verdict) = teller.model().cluster().pod_verdict(pod.metadata.uid) else {
        return Rich::default();
    };
    match verdict {
        PodVerdict::Triggered { group, from, to } => {
            let values = [("group", &**group), ("from", &*from.to_string()), ("to", &to.to_string())];
            teller.rich("why.rule.pod-grows", &values)
        }
        PodVerdict::Fits { group } if group.is_empty() => teller.rich("why.rule.pod-fits-now", &[]),
        PodVerdict::Fits { group } => teller.rich("why.rule.pod-fits", &[("group", group)]),
        PodVerdict::Waits => teller.rich("why.rule.pod-waits", &[]),
        PodVerdict::Refused(groups) => {
            let all: Vec<String> =
                groups.iter().map(|(group, reasons)| format!("{group}: {}", reasons.join(", "))).collect();
            teller.rich("why.rule.pod-refused", &[("why", &all.join(" · "))])
        }
    }
}

/// What the autoscaler found about a node; none: it is in no node group.
pub(super) fn of_node(teller: Teller<'_>, node: &Node) -> Option<Rich> {
    let cluster = teller.model().cluster();
    let verdict = cluster.node_verdict(&node.metadata.name)?;
    let settings = &cluster.options().flags.cluster_autoscaler;
    Some(match verdict {
        NodeVerdict::Starting { ready_at } => {
            teller.rich("why.rule.node-starting", &[("at", &teller.at(*ready_at))])
        }
        NodeVerdict::Unneeded { since, until, cooldown, utilization } => {
            let (resource, percent) = share(*utilization);
            let until = cooldown.map_or(*until, |cooldown| cooldown.max(*until));
            let values = [
                ("at", &*teller.at(*since)),
                ("resource", resource),
                ("percent", &percent),
                ("until", &teller.at(until)),
            ];
            teller.rich("why.rule.node-unneeded", &values)
        }
        NodeVerdict::Stays(Stays::Disabled) => teller.rich("why.rule.node-disabled", &[]),
        NodeVerdict::Stays(Stays::Used(utilization)) => {
            let (resource, percent) = share(*utilization);
            let threshold = (settings.utilization_threshold_milli / 10).to_string();
            let values = [("resource", resource), ("percent", &*percent), ("threshold", &threshold)];
            teller.rich("why.rule.node-used", &values)
        }
        NodeVerdict::Stays(Stays::MinSize(min)) => {
            teller.rich("why.rule.node-min", &[("n", &min.to_string())])
        }
        NodeVerdict::Stays(Stays::Blocked { pod, why }) => teller.rich(blocked(*why), &[("pod", pod)]),
        NodeVerdict::Stays(Stays::NoPlace { pod }) => teller.rich("why.rule.node-no-place", &[("pod", pod)]),
        NodeVerdict::Leaves => teller.rich("why.rule.node-leaves", &[]),
    })
}

fn blocked(why: Blocking) -> &'static str {
    match why {
        Blocking::ControllerNotFound => "why.rule.node-controller",
        Blocking::NotReplicated => "why.rule.node-bare",
        Blocking::UnmovableKubeSystemPod => "why.rule.node-system",
        Blocking::LocalStorageRequested => "why.rule.node-storage",
        Blocking::NotSafeToEvictAnnotation => "why.rule.node-unsafe",
        Blocking::NotEnoughPdb => "why.rule.node-budget",
    }
}

/// What is seen next, in a few words.
pub(super) fn headline(teller: Teller<'_>, fact: &Fact) -> Option<Rich> {
    let Fact::ScaledUp(fact) = fact else { return None };
    let (from, to) = (fact.from.to_string(), fact.to.to_string());
    Some(teller.rich("next.scaled", &[("object", &fact.group), ("from", &from), ("to", &to)]))
}
