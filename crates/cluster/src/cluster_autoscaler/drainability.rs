//! Which pods a node can be freed of (simulator/drainability/rules, in their order).

use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::meta::{IntOrString, LabelSelector, Str};
use opscape_manifest::api::pod::Phase;
use opscape_manifest::api::{Object, Pod};
use opscape_manifest::intorpercent::scaled_percent;
use opscape_manifest::value::Value;
use opscape_sim::Time;

use super::decision::Blocking;
use super::settings::Settings;
use crate::replica_set::matches;
use crate::{Api, words};

/// The annotation of a pod that says whether it may be moved.
const SAFE_TO_EVICT: &str = "cluster-autoscaler.kubernetes.io/safe-to-evict";
/// A pod that is being deleted and overdue by this counts no more (`PodLongTerminatingExtraThreshold`).
const LONG_TERMINATING: Duration = Duration::from_secs(30);

/// What a node has to be freed of.
#[derive(Default)]
pub(super) struct Drain {
    /// Pods that need another node.
    pub moves: Vec<Arc<Pod>>,
    /// Pods that end anyhow, and have not ended.
    pub ends: usize,
}

/// The pods to move from a node, or the one that must not be moved.
pub(super) fn drain(
    node: &str,
    budgets: &[Budget],
    settings: &Settings,
    api: &Api,
    now: Time,
) -> Result<Drain, (Arc<Pod>, Blocking)> {
    let mut drain = Drain::default();
    let mut allowed: Vec<i64> = budgets.iter().map(|budget| budget.allowed).collect();
    for pod in api.store().pods_on(node) {
        match rule(pod, budgets, settings, api, now) {
            Rule::Skip => {}
            Rule::Ends => drain.ends += 1,
            Rule::Block(why) => return Err((pod.clone(), why)),
            Rule::Move => {
                for (budget, allowed) in budgets.iter().zip(&mut allowed) {
                    if budget.covers(pod) {
                        *allowed -= 1;
                        if *allowed < 0 {
                            return Err((pod.clone(), Blocking::NotEnoughPdb));
                        }
                    }
                }
                drain.moves.push(pod.clone());
            }
        }
    }
    Ok(drain)
}

enum Rule {
    Skip,
    Ends,
    Move,
    Block(Blocking),
}

fn rule(pod: &Pod, budgets: &[Budget], settings: &Settings, api: &Api, now: Time) -> Rule {
    let meta = &pod.metadata;
    if meta.annotation("kubernetes.io/config.mirror").is_some() {
        return Rule::Skip;
    }
    if let Some(at) = meta.deletion_timestamp {
        let overdue = now > api.time_of(at) + LONG_TERMINATING;
        return if overdue { Rule::Skip } else { Rule::Ends };
    }
    if matches!(pod.status.phase, Phase::Succeeded | Phase::Failed) {
        return Rule::Skip;
    }
    let owner = meta.controller();
    if owner.is_some_and(|owner| &*owner.kind == "DaemonSet") {
        return Rule::Skip;
    }
    if meta.annotation(SAFE_TO_EVICT) == Some("true") {
        return Rule::Move;
    }
    let Some(owner) = owner else { return Rule::Block(Blocking::NotReplicated) };
    if api.store().object(&owner.kind, &meta.namespace, &owner.name).is_none() {
        return Rule::Block(Blocking::ControllerNotFound);
    }
    if settings.skip_nodes_with_system_pods
        && meta.namespace == words::kube_system()
        && !budgets.iter().any(|budget| budget.covers(pod))
    {
        return Rule::Block(Blocking::UnmovableKubeSystemPod);
    }
    if meta.annotation(SAFE_TO_EVICT) == Some("false") {
        return Rule::Block(Blocking::NotSafeToEvictAnnotation);
    }
    if settings.skip_nodes_with_local_storage && has_local_storage(pod) {
        return Rule::Block(Blocking::LocalStorageRequested);
    }
    Rule::Move
}

/// `HasBlockingLocalStorage`: a hostPath or emptyDir volume, if no annotation says that it is safe to lose.
fn has_local_storage(pod: &Pod) -> bool {
    let safe = pod.metadata.annotation("cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes");
    pod.spec.volumes.iter().any(|volume| {
        let in_memory = volume.str_at(&["emptyDir", "medium"]) == Some("Memory");
        let local = volume.at(&["hostPath"]).is_some() || volume.at(&["emptyDir"]).is_some() && !in_memory;
        let name = volume.str_at(&["name"]).unwrap_or_default();
        local && !safe.is_some_and(|safe| safe.split(',').any(|one| one == name))
    })
}

/// A PodDisruptionBudget.
pub(super) struct Budget {
    namespace: Str,
    selector: LabelSelector,
    /// How many more pods may be disrupted.
    allowed: i64,
}

impl Budget {
    fn covers(&self, pod: &Pod) -> bool {
        self.namespace == pod.metadata.namespace && matches(&self.selector, &pod.metadata.labels)
    }
}

/// All budgets. What they allow is in their status; where nobody wrote it, it is counted
/// (pkg/controller/disruption `getExpectedPodCount`, `countHealthyPods`).
pub(super) fn budgets(api: &Api) -> Vec<Budget> {
    let objects = api.store().objects("PodDisruptionBudget", None);
    objects.iter().filter_map(|object| budget(object, api)).collect()
}

fn budget(object: &Object, api: &Api) -> Option<Budget> {
    let Object::Other(other) = object else { return None };
    let spec = other.body.get("spec")?;
    let selector: LabelSelector = opscape_manifest::codec::from_value(spec.get("selector")?).ok()?;
    let namespace = other.metadata.namespace.clone();
    let mut budget = Budget { namespace, selector, allowed: 0 };
    let status = other.body.get("status");
    if let Some(allowed) = status.and_then(|status| status.get("disruptionsAllowed")?.as_int()) {
        budget.allowed = allowed;
        return Some(budget);
    }
    let pods = api.store().list::<Pod>(Some(&budget.namespace)).filter(|pod| budget.covers(pod));
    let (mut expected, mut healthy) = (0, 0);
    for pod in pods.filter(|pod| !matches!(pod.status.phase, Phase::Succeeded | Phase::Failed)) {
        expected += 1;
        let ready = |one: &opscape_manifest::api::pod::PodCondition| {
            one.kind == words::ready() && one.status == words::yes()
        };
        healthy +=
            i64::from(pod.metadata.deletion_timestamp.is_none() && pod.status.conditions.iter().any(ready));
    }
    let desired = match (spec.get("minAvailable"), spec.get("maxUnavailable")) {
        (Some(least), _) => scaled(least, expected),
        (None, Some(most)) => expected - scaled(most, expected),
        (None, None) => expected - 1,
    };
    budget.allowed = (healthy - desired.max(0)).max(0);
    Some(budget)
}

fn scaled(value: &Value, total: i64) -> i64 {
    match opscape_manifest::codec::from_value::<IntOrString>(value) {
        Ok(IntOrString::Int(number)) => i64::from(number),
        Ok(IntOrString::String(text)) => scaled_percent(&text, total, true).unwrap_or_default(),
        Err(_) => 0,
    }
}
