//! Where each workload's rollout stands.

use opscape_cluster::rollouts as argo;
use opscape_manifest::api::meta::{IntOrString, Str, Uid};
use opscape_manifest::api::{Deployment, Object, Pod, ReplicaSet, Rollout};
use opscape_manifest::intorpercent::scaled_percent;

use super::build::glyph;
use super::{
    Bar, PodGlyph, PodState, RolloutProgress, RolloutState, RolloutStrip, STRIP_MOST, StateCounts, Strategy,
};
use crate::census::{self, Workload};
use crate::world::LabModel;
use opscape_manifest::order;
use opscape_network::telemetry::Subject;

/// One strip per workload, those that change now first.
pub fn strips(model: &LabModel) -> Vec<RolloutStrip> {
    let store = model.cluster().store();
    let mut strips: Vec<RolloutStrip> = Vec::new();
    for workload in model.census().workloads() {
        let (namespace, name) = (&*workload.namespace, &*workload.name);
        if workload.rollout {
            let rollout = store.get::<Rollout>(namespace, name);
            strips.extend(rollout.map(|rollout| of_rollout(model, rollout, workload)));
        } else if let Some(deployment) = store.get::<Deployment>(namespace, name) {
            strips.push(of_deployment(model, deployment, workload));
        } else if let Some(set) = store.get::<ReplicaSet>(namespace, name) {
            strips.push(of_replica_set(model, set, workload));
        }
    }
    let done = |strip: &RolloutStrip| strip.state == RolloutState::Done;
    order::sort_by(&mut strips, |a, b| done(a).cmp(&done(b)));
    strips
}

/// Pods of a number or a percentage of `wanted` (pkg/controller/deployment/util, ResolveFenceposts).
fn pods(written: Option<&IntOrString>, wanted: i64, round_up: bool) -> i64 {
    match written {
        Some(IntOrString::Int(int)) => i64::from(*int),
        Some(IntOrString::String(text)) => scaled_percent(text, wanted, round_up).unwrap_or_default(),
        None => 0,
    }
}

fn of_deployment(model: &LabModel, deployment: &Deployment, workload: &Workload) -> RolloutStrip {
    let spec = &deployment.spec;
    let wanted = i64::from(spec.replicas.unwrap_or(1));
    let rolling = spec.strategy.rolling_update.as_ref();
    let is_recreate = spec.strategy.kind.as_deref() == Some("Recreate");
    let (strategy, surge, unavailable) = if is_recreate {
        (Strategy::Recreate, 0, wanted)
    } else {
        let text = |value: Option<&IntOrString>| value.map_or_else(|| "25%".to_owned(), ToString::to_string);
        let max_surge = rolling.and_then(|rolling| rolling.max_surge.as_ref());
        let max_unavailable = rolling.and_then(|rolling| rolling.max_unavailable.as_ref());
        let surge = pods(max_surge, wanted, true);
        let mut unavailable = pods(max_unavailable, wanted, false);
        if surge == 0 && unavailable == 0 {
            unavailable = 1;
        }
        let strategy =
            Strategy::RollingUpdate { max_surge: text(max_surge), max_unavailable: text(max_unavailable) };
        (strategy, surge, unavailable.min(wanted))
    };
    let progressing = deployment.status.conditions.iter().find(|condition| &*condition.kind == "Progressing");
    let mut strip = strip(model, deployment.metadata.uid, workload);
    strip.kind = "Deployment";
    strip.namespace = deployment.metadata.namespace.clone();
    strip.workload = deployment.metadata.name.clone();
    strip.strategy = strategy;
    strip.wanted = count(wanted);
    strip.min = count(wanted - unavailable);
    strip.max = count(wanted + surge);
    strip.available = count(i64::from(deployment.status.available_replicas));
    strip.progressing = progressing
        .map(|condition| (condition.status.clone(), condition.reason.clone(), condition.message.clone()));
    let failing =
        workload.revision(strip.to).is_some_and(|revision| revision.counts.of(PodState::Failing) > 0);
    let seen = deployment.status.observed_generation >= deployment.metadata.generation;
    let complete = seen
        && strip.updated == strip.wanted
        && strip.replicas == strip.wanted
        && strip.available >= strip.wanted;
    strip.state = match &strip.progressing {
        _ if complete => RolloutState::Done,
        _ if spec.paused => RolloutState::Paused,
        Some((status, ..)) if &**status == "False" => RolloutState::Stuck,
        _ if failing => RolloutState::Failing,
        _ => RolloutState::Going,
    };
    strip
}

/// Seconds over which the weight that requests got is taken.
const WEIGHT_SPAN: u32 = 10;

/// The step and the weights of a Rollout.
pub(crate) fn rollout_progress(model: &LabModel, rollout: &Rollout) -> RolloutProgress {
    let meta = &rollout.metadata;
    let (step, index) = argo::replicas::current_step(rollout);
    let steps = argo::replicas::steps(rollout).len();
    let number = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
    let workload = model.census().workload(&meta.namespace, &meta.name);
    let telemetry = model.traffic().telemetry();
    let (mut newest, mut all) = (0, 0);
    for revision in workload.into_iter().flat_map(|workload| &workload.revisions) {
        let subject = Subject::Version(meta.namespace.clone(), meta.name.clone(), revision.number);
        let count = telemetry.recent(&subject, WEIGHT_SPAN).count;
        all += count;
        if workload.and_then(Workload::newest).is_some_and(|last| last.number == revision.number) {
            newest = count;
        }
    }
    let is_canary = rollout.spec.strategy.canary.is_some();
    RolloutProgress {
        phase: argo::phase(rollout),
        step: index.map_or(0, |index| number(index + 1)),
        steps: number(steps),
        words: step.map(opscape_manifest::api::rollout::CanaryStep::words).unwrap_or_default(),
        set_weight: is_canary.then(|| argo::replicas::set_weight(rollout).unsigned_abs()),
        real_weight: (all > 0).then(|| newest as f64 * 100.0 / all as f64),
    }
}

fn of_rollout(model: &LabModel, rollout: &Rollout, workload: &Workload) -> RolloutStrip {
    let wanted = i64::from(argo::replicas::wanted(rollout));
    let (surge, unavailable) = argo::replicas::limits(rollout);
    let mut strip = strip(model, rollout.metadata.uid, workload);
    let progress = rollout_progress(model, rollout);
    strip.kind = "Rollout";
    strip.namespace = rollout.metadata.namespace.clone();
    strip.workload = rollout.metadata.name.clone();
    let is_canary = rollout.spec.strategy.canary.is_some();
    strip.strategy = if is_canary { Strategy::Canary } else { Strategy::BlueGreen };
    strip.wanted = count(wanted);
    strip.min = count(wanted - i64::from(if is_canary { unavailable } else { 0 }));
    // With a router, or blue-green, both versions may be complete.
    let doubled = !is_canary || argo::replicas::is_routed(rollout);
    strip.max = count(if doubled { wanted * 2 } else { wanted + i64::from(surge) });
    strip.available = count(i64::from(rollout.status.available_replicas));
    strip.progressing = argo::find_condition(&rollout.status, "Progressing")
        .map(|condition| (condition.status.clone(), condition.reason.clone(), condition.message.clone()));
    let failing =
        workload.revision(strip.to).is_some_and(|revision| revision.counts.of(PodState::Failing) > 0);
    strip.state = match progress.phase.0.as_str() {
        "Healthy" => RolloutState::Done,
        "Degraded" if rollout.status.abort => RolloutState::Aborted,
        "Degraded" => RolloutState::Stuck,
        _ if failing => RolloutState::Failing,
        "Paused" => RolloutState::Paused,
        _ => RolloutState::Going,
    };
    strip.progress = Some(progress);
    strip
}

fn of_replica_set(model: &LabModel, set: &ReplicaSet, workload: &Workload) -> RolloutStrip {
    let wanted = count(i64::from(set.spec.replicas.unwrap_or(1)));
    let mut strip = strip(model, set.metadata.uid, workload);
    strip.kind = "ReplicaSet";
    strip.namespace = set.metadata.namespace.clone();
    strip.workload = set.metadata.name.clone();
    (strip.min, strip.wanted, strip.max) = (wanted, wanted, wanted);
    strip.available = count(i64::from(set.status.available_replicas));
    let failing = workload.revisions.iter().any(|revision| revision.counts.of(PodState::Failing) > 0);
    strip.state = if strip.replicas == wanted && strip.available >= wanted {
        RolloutState::Done
    } else if failing {
        RolloutState::Failing
    } else {
        RolloutState::Going
    };
    strip
}

fn count(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}

/// What both have in common: the pods by revision.
fn strip(model: &LabModel, owner: Uid, workload: &Workload) -> RolloutStrip {
    let to = workload.newest().map_or(0, |revision| revision.number);
    let living = |counts: &StateCounts| {
        counts.total() - counts.of(PodState::Terminating) - counts.of(PodState::Succeeded)
    };
    let sum = |of: &dyn Fn(&StateCounts) -> u32| -> u32 {
        workload.revisions.iter().map(|revision| of(&revision.counts)).sum()
    };
    let replicas = sum(&living);
    let from = workload
        .revisions
        .iter()
        .rev()
        .find(|revision| revision.number != to && living(&revision.counts) > 0);
    RolloutStrip {
        uid: owner,
        kind: "",
        namespace: Str::default(),
        workload: Str::default(),
        state: RolloutState::Done,
        from: from.map(|revision| revision.number),
        to,
        strategy: Strategy::Recreate,
        glyphs: if replicas as usize <= STRIP_MOST { glyphs(model, owner, to) } else { Vec::new() },
        bars: bars(workload),
        min: 0,
        wanted: 0,
        max: 0,
        replicas,
        updated: workload.revision(to).map_or(0, |revision| living(&revision.counts)),
        ready: sum(&|counts| counts.of(PodState::Ready)),
        available: 0,
        terminating: sum(&|counts| counts.of(PodState::Terminating)),
        progressing: None,
        progress: None,
    }
}

fn bars(workload: &Workload) -> Vec<Bar> {
    let counts = workload.revisions.iter().rev().map(|revision| {
        let mut counts = revision.counts;
        if let Some(terminating) = counts.0.get_mut(PodState::Terminating as usize) {
            *terminating = 0;
        }
        (revision.colour, counts)
    });
    let counts: Vec<_> = counts.collect();
    census::bars(counts.iter().map(|(colour, counts)| (*colour, counts)))
}

/// Ready pods of the newest revision, its others, old ones.
fn glyphs(model: &LabModel, owner: Uid, to: u32) -> Vec<PodGlyph> {
    let store = model.cluster().store();
    let mut glyphs = Vec::new();
    let mut take = |pod: &Pod| {
        let glyph = glyph(model, pod, false);
        if !matches!(glyph.state, PodState::Terminating | PodState::Succeeded) {
            glyphs.push(glyph);
        }
    };
    for owned in store.owned_by(owner) {
        match owned {
            Object::Pod(pod) => take(pod),
            Object::ReplicaSet(set) => {
                for owned in store.owned_by(set.metadata.uid) {
                    if let Object::Pod(pod) = owned {
                        take(pod);
                    }
                }
            }
            _ => {}
        }
    }
    let rank = |glyph: &PodGlyph| match (glyph.revision == to, glyph.state) {
        (true, PodState::Ready) => 0,
        (true, PodState::NotReady) => 1,
        (true, PodState::Starting) => 2,
        (true, PodState::Pulling) => 3,
        (true, PodState::Pending) => 4,
        (true, _) => 5,
        (false, PodState::Ready) => 6,
        (false, _) => 7,
    };
    order::sort_by(&mut glyphs, |a, b| (rank(a), a.uid).cmp(&(rank(b), b.uid)));
    glyphs
}
