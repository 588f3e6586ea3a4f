//! The state that is asked about, in words: the first row.

use opscape_manifest::api::pod::ContainerStatus;
use opscape_manifest::api::{Deployment, Node, Object, Pod, Service};

use super::{Teller, told};
use crate::census::{self, pod_state};
use crate::inspect::{Mark, WhyRow};
use crate::scene::{NodeHealth, PodState, health};
use crate::words::Rich;

pub(super) fn row(teller: Teller<'_>, object: &Object) -> Option<WhyRow> {
    let mut row = match object {
        Object::Pod(pod) => of_pod(teller, pod),
        Object::Deployment(deployment) => of_deployment(teller, deployment),
        Object::Rollout(rollout) => super::rollouts::state(teller, rollout),
        Object::Node(node) => of_node(teller, node),
        Object::Service(service) => of_service(teller, service),
        Object::HorizontalPodAutoscaler(autoscaler) => super::autoscaling::state(teller, autoscaler),
        Object::ReplicaSet(set) => {
            let wanted = set.spec.replicas.unwrap_or(1).to_string();
            let values = [("wanted", &*wanted), ("ready", &set.status.ready_replicas.to_string())];
            told(Mark::State, teller.rich("why.state.replica-set", &values), Rich::default())
        }
        _ => return None,
    };
    row.mark = Mark::State;
    if let Object::Pod(pod) = object {
        row.at = teller.model().census().mark(pod.metadata.uid).map(|mark| mark.since).unwrap_or_default();
    }
    Some(row)
}

fn of_pod(teller: Teller<'_>, pod: &Pod) -> WhyRow {
    let mark = teller.model().census().mark(pod.metadata.uid);
    let state = mark.map_or_else(|| pod_state(pod, false), |mark| mark.state);
    let node = &*pod.spec.node_name;
    let since = teller.at(mark.map(|mark| mark.since).unwrap_or_default());
    let plain =
        |key: &str| told(Mark::State, teller.rich(key, &[("node", node), ("at", &since)]), Rich::default());
    let lost = teller
        .model()
        .cluster()
        .store()
        .get::<Node>("", node)
        .is_some_and(|node| health(teller.model(), node).0 == NodeHealth::Unknown);
    if lost && state != PodState::Terminating && state != PodState::Succeeded {
        return plain("why.state.unknown");
    }
    match state {
        PodState::Pending if node.is_empty() => {
            told(Mark::State, teller.rich("why.state.pending", &[]), super::node_groups::of_pod(teller, pod))
        }
        PodState::Pending => plain("why.state.bound"),
        PodState::Pulling => {
            let image = pod.spec.containers.first().map(|container| &*container.image).unwrap_or_default();
            let text = teller.rich("why.state.pulling", &[("image", image), ("node", node)]);
            told(Mark::State, text, Rich::default())
        }
        PodState::Starting => plain("why.state.starting"),
        PodState::NotReady => not_ready(teller, pod),
        PodState::Ready => plain("why.state.ready"),
        PodState::Failing => failing(teller, pod),
        PodState::Terminating => {
            let grace = pod.metadata.deletion_grace_period_seconds.unwrap_or_default();
            let span = teller.span(std::time::Duration::from_secs(u64::try_from(grace).unwrap_or_default()));
            let rule = teller.rich("why.rule.grace", &[("span", &span)]);
            told(Mark::State, teller.rich("why.state.terminating", &[("at", &since)]), rule)
        }
        PodState::Succeeded => plain("why.state.succeeded"),
        PodState::Unknown => plain("why.state.unknown"),
    }
}

fn not_ready(teller: Teller<'_>, pod: &Pod) -> WhyRow {
    let waiting: Vec<&str> = pod
        .status
        .container_statuses
        .iter()
        .filter(|container| !container.ready)
        .map(|container| &*container.name)
        .collect();
    let starts = |container: &&ContainerStatus| container.started == Some(false);
    let starting =
        pod.status.container_statuses.iter().find(starts).filter(|status| status.state.running.is_some());
    let names = starting.map_or_else(|| waiting.join(", "), |status| status.name.to_string());
    let key = if starting.is_some() { "why.state.starting-up" } else { "why.state.notready" };
    let text = teller.rich(key, &[("container", &names)]);
    let mut containers = pod.spec.containers.iter();
    let probe = match starting {
        Some(status) => containers
            .find(|container| container.name == status.name)
            .and_then(|one| one.startup_probe.as_ref()),
        None => containers
            .find(|container| waiting.contains(&&*container.name))
            .and_then(|container| container.readiness_probe.as_ref()),
    };
    let rule = probe.map_or_else(Rich::default, |probe| {
        let or = |value: i32, default: i32| if value > 0 { value } else { default }.to_string();
        teller.rich(
            if starting.is_some() { "why.rule.startup-probe" } else { "why.rule.probe" },
            &[
                ("delay", &probe.initial_delay_seconds.max(0).to_string()),
                ("period", &or(probe.period_seconds, 10)),
                ("failures", &or(probe.failure_threshold, 3)),
            ],
        )
    });
    told(Mark::State, text, rule)
}

/// The container that fails.
pub(super) fn failing_container(pod: &Pod) -> Option<&ContainerStatus> {
    let statuses = pod.status.init_container_statuses.iter().chain(&pod.status.container_statuses);
    statuses.into_iter().find(|container| {
        let waiting = container.state.waiting.as_ref().map(|waiting| &*waiting.reason);
        waiting.is_some_and(|reason| !matches!(reason, "ContainerCreating" | "PodInitializing"))
            || container.state.terminated.as_ref().is_some_and(|ended| ended.exit_code != 0)
    })
}

fn failing(teller: Teller<'_>, pod: &Pod) -> WhyRow {
    let Some(container) = failing_container(pod) else {
        let text = teller.rich("why.state.failed", &[("reason", &census::pod_word(pod))]);
        return told(Mark::State, text, Rich::verbatim(&pod.status.message));
    };
    let reason = container.state.waiting.as_ref().map(|waiting| &*waiting.reason).unwrap_or_default();
    match reason {
        "CrashLoopBackOff" => {
            let crashes = u32::try_from(container.restart_count).unwrap_or_default() + 1;
            let since =
                teller.model().census().mark(pod.metadata.uid).map(|mark| mark.since).unwrap_or_default();
            let Some(until) = teller.model().until(pod) else {
                let text = teller.rich("why.state.crashed", &[("nth", &teller.ordinal(crashes))]);
                return told(Mark::State, text, Rich::default());
            };
            // 10 s, doubled with each crash that follows.
            let back_off = until.since(since);
            let doublings = (back_off.as_secs_f64() / 10.0).max(1.0).log2().round();
            let values = [
                ("back-off", &*teller.span(back_off)),
                ("nth", &teller.ordinal(crashes)),
                ("at", &teller.at(until)),
            ];
            let rule = teller.rich("why.rule.back-off", &[("n", &doublings.to_string())]);
            told(Mark::State, teller.rich("why.state.crash-loop", &values), rule)
        }
        "ImagePullBackOff" | "ErrImagePull" | "InvalidImageName" | "ErrImageNeverPull" => {
            let text = teller.rich("why.state.image", &[("image", &container.image)]);
            told(Mark::State, text, Rich::default())
        }
        "" => {
            let ended = container.state.terminated.as_ref();
            let (reason, code) = ended.map_or(("Error", 1), |ended| (&*ended.reason, ended.exit_code));
            let values = [("container", &*container.name), ("reason", reason), ("code", &code.to_string())];
            told(Mark::State, teller.rich("why.state.ended", &values), Rich::default())
        }
        other => {
            let message =
                container.state.waiting.as_ref().map(|waiting| &*waiting.message).unwrap_or_default();
            told(Mark::State, teller.rich("why.state.failed", &[("reason", other)]), Rich::verbatim(message))
        }
    }
}

fn of_deployment(teller: Teller<'_>, deployment: &Deployment) -> WhyRow {
    let wanted = deployment.spec.replicas.unwrap_or(1).to_string();
    let available = deployment.status.available_replicas.to_string();
    let progressing = deployment.status.conditions.iter().find(|condition| &*condition.kind == "Progressing");
    let values = [("wanted", wanted.as_str()), ("available", &available)];
    let key = if deployment.spec.paused { "why.state.deployment-paused" } else { "why.state.deployment" };
    let rule = progressing.map_or_else(Rich::default, |condition| Rich::verbatim(&condition.message));
    let mut row = told(Mark::State, teller.rich(key, &values), rule);
    row.at = progressing
        .and_then(|condition| condition.last_update_time)
        .map(|stamp| teller.model().time_of(stamp))
        .unwrap_or_default();
    row
}

/// Of a Deployment or a Rollout whose newest pods fail: how many, and how.
pub(super) fn failing_pods(teller: Teller<'_>, object: &Object) -> Option<WhyRow> {
    if !matches!(object, Object::Deployment(_) | Object::Rollout(_)) {
        return None;
    }
    let meta = object.meta();
    let workload = teller.model().census().workload(&meta.namespace, &meta.name)?;
    let revision = workload.newest()?;
    let number = &revision.number;
    let failing = revision.counts.of(PodState::Failing);
    if failing == 0 {
        return None;
    }
    let store = teller.model().cluster().store();
    let pods = store.owned_by(meta.uid).flat_map(|set| store.owned_by(set.meta().uid));
    let mut pods = pods.filter_map(|object| if let Object::Pod(pod) = object { Some(pod) } else { None });
    let (pod, since) = pods.find_map(|pod| {
        let mark = teller.model().census().mark(pod.metadata.uid)?;
        (mark.state == PodState::Failing && mark.version.revision == *number).then_some((pod, mark.since))
    })?;
    let values = [
        ("n", &*failing.to_string()),
        ("revision", &number.to_string()),
        ("word", &census::pod_word(pod)),
        ("pod", &pod.metadata.name),
    ];
    let mut row = told(Mark::Failure, teller.rich("why.state.failing-pods", &values), Rich::default());
    row.at = since;
    Some(row)
}

/// Pods a Service selects, and the ready ones among them.
pub(super) fn endpoints(teller: Teller<'_>, service: &Service) -> (u32, u32) {
    let selector = &service.spec.selector;
    let pods = teller.model().cluster().store().list::<Pod>(Some(&service.metadata.namespace));
    let selected = pods.filter(|pod| {
        let labels = &pod.metadata.labels;
        !selector.is_empty() && selector.iter().all(|(key, value)| labels.get(key) == Some(value))
    });
    let (mut all, mut ready) = (0, 0);
    for pod in selected.filter(|pod| pod.metadata.deletion_timestamp.is_none()) {
        all += 1;
        ready += u32::from(census::is_ready(pod));
    }
    (all, ready)
}

fn of_service(teller: Teller<'_>, service: &Service) -> WhyRow {
    let (all, ready) = endpoints(teller, service);
    let selector: Vec<String> =
        service.spec.selector.iter().map(|(key, value)| [&**key, "=", value].concat()).collect();
    let values =
        [("all", &*all.to_string()), ("ready", &ready.to_string()), ("selector", &selector.join(","))];
    let key = match (all, ready) {
        _ if service.spec.selector.is_empty() => "why.state.service-alone",
        (0, _) => "why.state.service-none",
        (_, 0) => "why.state.service-not-ready",
        _ => "why.state.service",
    };
    told(Mark::State, teller.rich(key, &values), Rich::default())
}

fn of_node(teller: Teller<'_>, node: &Node) -> WhyRow {
    let (state, since) = health(teller.model(), node);
    let ready = node.status.conditions.iter().find(|condition| &*condition.kind == "Ready");
    let message = ready.map(|condition| &*condition.message).unwrap_or_default();
    let key = match state {
        NodeHealth::Ready if node.spec.unschedulable => "why.state.node-cordoned",
        NodeHealth::Ready => "why.state.node-ready",
        NodeHealth::NotReady => "why.state.node-not-ready",
        NodeHealth::Unknown => "why.state.node-unknown",
    };
    let known = Some(state).filter(|state| *state != NodeHealth::Unknown);
    let rule = known.and_then(|_| super::node_groups::of_node(teller, node));
    let rule = rule.unwrap_or_else(|| Rich::verbatim(message));
    let mut row = told(Mark::State, teller.rich(key, &[("at", &teller.at(since))]), rule);
    row.at = since;
    row
}
