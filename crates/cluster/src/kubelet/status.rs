//! What a kubelet reports of a pod (kubelet_pods.go `generateAPIPodStatus`, status/generate.go).

use std::collections::BTreeMap;
use std::fmt::Write;

use opscape_manifest::api::Pod;
use opscape_manifest::api::meta::{Str, Timestamp, Uid};
use opscape_manifest::api::pod::{
    ContainerState, ContainerStateRunning, ContainerStateTerminated, ContainerStateWaiting, ContainerStatus,
    Phase, PodCondition, PodIp,
};
use opscape_manifest::golang::quote;

use super::container::{End, Run, State};
use super::steps::{container_of, is_sidecar, is_sidecar_at};
use super::style::{Style, hash_of_name};
use super::{Kubelets, Over, PodRun, deadline};
use crate::api::set_condition;
use crate::{Api, Context, words};

/// How many conditions of a pod are its kubelet's.
const KUBELET_CONDITIONS: usize = 4;

impl Kubelets {
    /// Writes what became of the pod, if that is news.
    pub(super) fn write_status(&mut self, uid: Uid, api: &mut Api, context: &mut Context<'_>) {
        let Some(pod) = api.store().typed_by_uid::<Pod>(uid).cloned() else { return };
        let Kubelets { pods, image_ids, nodes, .. } = self;
        let Some(run) = pods.get(&uid) else { return };
        let now = api.timestamp(context.now());
        let mut new = Pod::clone(&pod);
        let status = &mut new.status;
        let first = status.start_time.is_none();
        if first {
            status.start_time = Some(api.timestamp(run.started));
            status.conditions.reserve_exact(KUBELET_CONDITIONS);
            let host = nodes.address(run.place);
            if !host.is_empty() {
                status.host_ips = vec![PodIp { ip: host.clone() }];
                status.host_ip = host;
            }
        }
        let style = &api.options().flags.kubelet;
        let (mut inits, mut mains) =
            (Vec::with_capacity(run.inits), Vec::with_capacity(run.runs.len() - run.inits));
        for (at, one) in run.runs.iter().enumerate() {
            let Some((container, init)) = container_of(&pod, at) else { continue };
            let state = state(&pod, run, one, init, style.reports_ends, api);
            let status = ContainerStatus {
                name: container.name.clone(),
                ready: one.ready || init && one.is_done(),
                started: Some(one.started),
                restart_count: one.restarts,
                image: container.image.clone(),
                image_id: if one.id.is_some() {
                    image_id(image_ids, &container.image, style)
                } else {
                    words::empty()
                },
                container_id: one.id.clone().unwrap_or_else(words::empty),
                last_state: match &one.last {
                    Some(end) if !matches!(one.state, State::Restarting) => terminated(end, one, api),
                    _ => ContainerState::default(),
                },
                state,
            };
            if init { inits.push(status) } else { mains.push(status) }
        }
        let phase = phase(&pod, run);
        let status = &mut new.status;
        if status.pod_ip.is_empty() && !first {
            let address = if run.address.is_empty() { status.host_ip.clone() } else { run.address.clone() };
            status.pod_ips = vec![PodIp { ip: address.clone() }];
            status.pod_ip = address;
        }
        status.phase = phase;
        if phase == Phase::Failed && run.over == Some(Over::Deadline) {
            status.reason = deadline::REASON.into();
            status.message = deadline::MESSAGE.into();
        }
        status.observed_generation = pod.metadata.generation;
        status.init_container_statuses = inits;
        status.container_statuses = mains;
        let all =
            status.init_container_statuses.iter().enumerate().filter(|(at, _)| is_sidecar_at(&pod, *at));
        let unready: Vec<Str> = all
            .map(|(_, one)| one)
            .chain(&status.container_statuses)
            .filter(|one| !one.ready)
            .map(|one| one.name.clone())
            .collect();
        conditions(&pod, run, phase, first, now, &mut status.conditions, &unready);
        if new != *pod {
            api.put_modified(new, context);
        }
    }
}

/// The digest of an image; `known`: those that were asked for before.
pub(super) fn image_id(known: &mut BTreeMap<Str, Str>, image: &Str, style: &Style) -> Str {
    if let Some(id) = known.get(image) {
        return id.clone();
    }
    if style.ids_by_image {
        let id: Str = format!("sha256:{:064x}", hash_of_name(image)).into();
        known.insert(image.clone(), id.clone());
        return id;
    }
    let mut hash = 0xCBF2_9CE4_8422_2325_u64;
    let mut digest = String::new();
    for turn in 0..4u8 {
        for byte in image.bytes().chain([turn]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
        // Writing to a String cannot fail.
        let _ = write!(digest, "{hash:016x}");
    }
    let name = image.split('@').next().unwrap_or(image);
    let name = match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => name,
    };
    let registry = match name.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => "",
        Some(_) => "docker.io/",
        None => "docker.io/library/",
    };
    let id: Str = format!("{registry}{name}@sha256:{digest}").into();
    known.insert(image.clone(), id.clone());
    id
}

fn state(pod: &Pod, run: &PodRun, one: &Run, init: bool, reports_ends: bool, api: &Api) -> ContainerState {
    let wait = |reason: Str, message: &str| ContainerState {
        waiting: Some(ContainerStateWaiting { reason, message: message.into() }),
        ..ContainerState::default()
    };
    match &one.state {
        State::Waiting | State::Creating => {
            let held = run
                .runs
                .iter()
                .take(run.inits)
                .enumerate()
                .any(|(at, init)| !(init.is_done() || init.started && is_sidecar_at(pod, at)));
            if held && (!init || one.state == State::Waiting) {
                wait("PodInitializing".into(), "")
            } else {
                wait(words::container_creating(), "")
            }
        }
        State::PullFailed(why) => wait(words::err_image_pull(), why),
        State::InvalidImage(why) => wait("InvalidImageName".into(), why),
        State::PullBackOff(why) => {
            let image = pod_image(pod, run, one);
            let message = format!("Back-off pulling image \"{image}\": ErrImagePull: {why}");
            wait(words::image_pull_back_off(), &message)
        }
        State::Running(since) => ContainerState {
            running: Some(ContainerStateRunning { started_at: Some(api.timestamp(*since)) }),
            ..ContainerState::default()
        },
        State::Restarting if reports_ends => match &one.last {
            Some(end) => terminated(end, one, api),
            None => wait(words::container_creating(), ""),
        },
        State::BackOff | State::Restarting => {
            let meta = &pod.metadata;
            let name = pod_container(pod, run, one);
            let wait_text = opscape_manifest::duration::format_go(one.waits.as_micros() as i64);
            let message = format!(
                "back-off {wait_text} restarting failed container={name} pod={}_{}({})",
                meta.name, meta.namespace, meta.uid
            );
            wait(words::crash_loop(), &message)
        }
        State::Ended(end) => terminated(end, one, api),
    }
}

fn position(run: &PodRun, one: &Run) -> usize {
    run.runs.iter().position(|other| std::ptr::eq(other, one)).unwrap_or_default()
}

fn pod_image<'a>(pod: &'a Pod, run: &PodRun, one: &Run) -> &'a str {
    container_of(pod, position(run, one)).map_or("", |(container, _)| &container.image)
}

fn pod_container<'a>(pod: &'a Pod, run: &PodRun, one: &Run) -> &'a str {
    container_of(pod, position(run, one)).map_or("", |(container, _)| &container.name)
}

fn terminated(end: &End, one: &Run, api: &Api) -> ContainerState {
    ContainerState {
        terminated: Some(ContainerStateTerminated {
            exit_code: end.code,
            reason: end.reason.clone(),
            started_at: end.started.map(|at| api.timestamp(at)),
            finished_at: Some(api.timestamp(end.at)),
            container_id: one.id.clone().unwrap_or_else(words::empty),
            ..ContainerStateTerminated::default()
        }),
        ..ContainerState::default()
    }
}

/// `getPhase`
fn phase(pod: &Pod, run: &PodRun) -> Phase {
    let (mut waiting, mut running, mut ended, mut failed) = (0, 0, 0, 0);
    let mut initializing = false;
    let mut sidecars = 0;
    let mut init_failed = false;
    for (at, one) in run.runs.iter().enumerate() {
        if at < run.inits {
            let sidecar = is_sidecar_at(pod, at);
            match &one.state {
                State::Ended(end) => init_failed |= end.code != 0 && !sidecar,
                State::Running(_) if sidecar => {
                    initializing |= !one.started;
                    sidecars += 1;
                }
                State::BackOff | State::Restarting if sidecar => {}
                _ => initializing = true,
            }
            continue;
        }
        match &one.state {
            State::Running(_) | State::BackOff | State::Restarting => running += 1,
            State::Ended(end) => {
                ended += 1;
                failed += usize::from(end.code != 0);
            }
            _ if one.last.is_some() => running += 1,
            _ => waiting += 1,
        }
    }
    if run.ends.is_none() && init_failed && pod.spec.restart_policy.as_deref() == Some("Never") {
        return Phase::Failed;
    }
    let all_ended = ended == run.runs.len() - run.inits;
    if run.over == Some(Over::Deadline) && all_ended && sidecars == 0 {
        return Phase::Failed;
    }
    if all_ended && sidecars > 0 {
        return Phase::Running;
    }
    if all_ended {
        return if failed > 0 { Phase::Failed } else { Phase::Succeeded };
    }
    if initializing || waiting > 0 {
        return Phase::Pending;
    }
    if running > 0 { Phase::Running } else { Phase::Pending }
}

fn conditions(
    pod: &Pod,
    run: &PodRun,
    phase: Phase,
    first: bool,
    now: Timestamp,
    conditions: &mut Vec<PodCondition>,
    unready: &[Str],
) {
    let mut set = |kind: Str, holds: bool, reason: Str, message: Str| {
        set_condition(
            conditions,
            PodCondition {
                kind,
                status: if holds { words::yes() } else { words::no() },
                reason,
                message,
                last_transition_time: Some(now),
                observed_generation: pod.metadata.generation,
            },
        );
    };
    let sandbox = !first && pod_has_sandbox(pod, run);
    set(words::ready_to_start(), sandbox, words::empty(), words::empty());
    let incomplete: Vec<&str> = run
        .runs
        .iter()
        .take(run.inits)
        .enumerate()
        .filter_map(|(at, one)| {
            let (container, _) = container_of(pod, at)?;
            let passed = one.is_done() || is_sidecar(container) && one.started;
            (!passed).then_some(&*container.name)
        })
        .collect();
    if incomplete.is_empty() || matches!(phase, Phase::Succeeded) {
        set(words::initialized(), true, words::empty(), words::empty());
    } else {
        let message = format!("containers with incomplete status: [{}]", incomplete.join(" "));
        set(words::initialized(), false, "ContainersNotInitialized".into(), message.into());
    }
    let (reason, message) = match phase {
        Phase::Succeeded => (words::pod_completed(), words::empty()),
        Phase::Failed => ("PodFailed".into(), words::empty()),
        _ => {
            if unready.is_empty() {
                match closed_gates(pod) {
                    None => set(words::ready(), true, words::empty(), words::empty()),
                    Some(message) => set(words::ready(), false, "ReadinessGatesNotReady".into(), message),
                }
                set(words::containers_ready(), true, words::empty(), words::empty());
                return;
            }
            let message = ["containers with unready status: [", &unready.join(" "), "]"].concat();
            (words::containers_not_ready(), message.as_str().into())
        }
    };
    let message: Str = message;
    set(words::ready(), false, reason.clone(), message.clone());
    set(words::containers_ready(), false, reason, message);
}

/// Which conditions that the pod's `readinessGates` ask for are not there or not true (status/generate.go
/// `GeneratePodReadyCondition`); none: all are true.
fn closed_gates(pod: &Pod) -> Option<Str> {
    let said: Vec<String> = gates(pod)
        .filter_map(|gate| match pod.status.conditions.iter().find(|condition| &*condition.kind == gate) {
            None => {
                let gate = quote(gate);
                Some(format!("corresponding condition of pod readiness gate {gate} does not exist."))
            }
            Some(condition) if &*condition.status == "True" => None,
            Some(condition) => Some(format!(
                "the status of pod readiness gate {} is not \"True\", but {}",
                quote(gate),
                condition.status
            )),
        })
        .collect();
    (!said.is_empty()).then(|| said.join(", ").into())
}

/// The types of the conditions that a pod waits for besides its containers.
fn gates(pod: &Pod) -> impl Iterator<Item = &str> {
    pod.spec.readiness_gates.iter().filter_map(|gate| gate.str_at(&["conditionType"]))
}

/// Whether somebody wrote a condition that a pod's `readinessGates` ask for.
pub(super) fn gates_moved(old: &Pod, new: &Pod) -> bool {
    let status = |pod: &'_ Pod, gate: &str| {
        let found = pod.status.conditions.iter().find(|condition| &*condition.kind == gate);
        found.map(|condition| condition.status.clone())
    };
    gates(new).any(|gate| status(old, gate) != status(new, gate))
}

/// The pod's sandbox is there from the second report on; a pod that never got further does not have one.
fn pod_has_sandbox(pod: &Pod, run: &PodRun) -> bool {
    let had = pod
        .status
        .conditions
        .iter()
        .any(|condition| condition.kind == words::ready_to_start() && condition.status == words::yes());
    had || run.ends.is_none() || run.runs.iter().any(|one| one.id.is_some())
}
