//! The steps in the life of a pod on its node (pkg/kubelet, kuberuntime_manager.go `SyncPod`).

use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::Pod;
use opscape_manifest::api::meta::{Str, Uid};
use opscape_manifest::api::pod::Container;
use opscape_sim::Time;

use super::container::{End, Run, State};
use super::says::say;
use super::style::hash_of_name;
use super::{Kubelets, PodRun, Step, Wake, What, is_finished, probes, record};
use crate::images::{Exit, Pull, Ready};
use crate::{Api, Context, Event, Plan, words};

/// Asking a registry whether an image that is there is still the right one takes at most so long.
const CHECK_IMAGE: Duration = Duration::from_millis(500);

/// How much later than it has to a kubelet notices that the back-off of a pull is over.
const LOOKS_AGAIN: Duration = Duration::from_secs(3);

/// The container of a pod by its number, and whether it is an init container.
pub(super) fn container_of(pod: &Pod, at: usize) -> Option<(&Container, bool)> {
    let inits = pod.spec.init_containers.len();
    match pod.spec.init_containers.get(at) {
        Some(container) => Some((container, true)),
        None => pod.spec.containers.get(at - inits).map(|container| (container, false)),
    }
}

/// Whether the container of this number is a sidecar.
pub(super) fn is_sidecar_at(pod: &Pod, at: usize) -> bool {
    container_of(pod, at).is_some_and(|(container, init)| init && is_sidecar(container))
}

pub(super) fn is_sidecar(container: &Container) -> bool {
    container.restart_policy.as_deref() == Some("Always")
}

impl Kubelets {
    /// Looks at a pod that was bound to the node, or is being deleted.
    pub(super) fn look(&mut self, uid: Uid, api: &mut Api, context: &mut Context<'_>) {
        let Some(pod) = api.store().typed_by_uid::<Pod>(uid).cloned() else { return };
        if !self.nodes.is_registered(&pod.spec.node_name) {
            return;
        }
        if pod.metadata.deletion_timestamp.is_some() {
            self.stop(&pod, api, context);
        } else if !self.pods.contains_key(&uid) && !is_finished(&pod) {
            self.begin(&pod, api, context);
        }
    }

    fn begin(&mut self, pod: &Arc<Pod>, api: &mut Api, context: &mut Context<'_>) {
        let uid = pod.metadata.uid;
        let owner = pod.metadata.controller().map_or(uid, |owner| owner.uid);
        let ordinal = self.ordinals.get(&owner).copied().unwrap_or_default();
        if owner != uid {
            self.ordinals.insert(owner, ordinal + 1);
        }
        let inits = pod.spec.init_containers.len();
        let node = pod.spec.node_name.clone();
        let place = self.nodes.place(&node);
        let address = if pod.spec.host_network { words::empty() } else { self.nodes.take_address(place) };
        let containers = pod.spec.init_containers.iter().chain(&pod.spec.containers);
        let run = PodRun {
            node,
            place,
            runs: containers.map(|container| Run::new(probes::workers(container))).collect(),
            inits,
            ordinal,
            address,
            started: context.now(),
            ends: None,
            killed: false,
            over: None,
            typed: None,
        };
        self.pods.insert(uid, run);
        self.watch_deadline(pod, api, context);
        self.start_next(pod, api, context);
        self.write_status(uid, api, context);
    }

    /// Starts what may start now: the next init container, or the containers after the last one, in turn.
    pub(super) fn start_next(&mut self, pod: &Arc<Pod>, api: &mut Api, context: &mut Context<'_>) {
        let in_turn = api.options().flags.kubelet.thorough;
        let Some(run) = self.pods.get(&pod.metadata.uid).filter(|run| run.ends.is_none()) else { return };
        let mut next = Vec::new();
        let mut held = false;
        for (at, one) in run.runs.iter().enumerate() {
            if held {
                break;
            }
            if one.state == State::Waiting {
                next.push(at);
            }
            held = if at < run.inits {
                !(one.is_done() || one.started && is_sidecar_at(pod, at))
            } else {
                in_turn && matches!(one.state, State::Waiting | State::Creating)
            };
        }
        for at in next {
            self.start(pod, at, api, context);
        }
    }

    /// Starts a container: first of all it needs its image.
    pub(super) fn start(&mut self, pod: &Arc<Pod>, at: usize, api: &mut Api, context: &mut Context<'_>) {
        let uid = pod.metadata.uid;
        let Some((container, init)) = container_of(pod, at) else { return };
        let Some(run) = self.pods.get_mut(&uid) else { return };
        let (ordinal, place) = (run.ordinal, run.place);
        let typed = run.typed.filter(|_| at == run.inits);
        let Some(one) = run.runs.get_mut(at) else { return };
        if one.last.is_some() && matches!(one.state, State::BackOff | State::Restarting) {
            one.restarts += 1;
        }
        one.life += 1;
        if api.options().flags.kubelet.thorough
            && let Some(problem) = opscape_manifest::image::problem(&container.image)
        {
            return self.invalid_image(pod, at, &problem, api, context);
        }
        // A container that waits to be tried again is shown so until it runs.
        if one.state == State::Waiting {
            one.state = State::Creating;
        }
        one.is_over();
        let restarts = u32::try_from(one.restarts).unwrap_or_default();
        let images = api.options().images.clone();
        let mut plan = images.plan(pod, container, restarts, ordinal, &mut self.random);
        if let Some(code) = typed {
            plan.exit = Some(typed_exit(code, TYPED_AGAIN));
        }
        let plan = Arc::new(plan);
        one.plan = Some(plan.clone());
        let name = (&container.name, init);
        let cached = self.nodes.has_image(place, &container.image);
        if cached && &*container.image_pull_policy != "Always" {
            let message = format!(
                "Container image \"{}\" already present on machine and can be accessed by the pod",
                container.image
            );
            say(pod, name, false, "Pulled", &message, api, context);
            self.create(pod, at, &plan, api, context);
            return;
        }
        let message = format!("Pulling image \"{}\"", container.image);
        say(pod, name, false, "Pulling", &message, api, context);
        match &plan.pull {
            Pull::Done { after } => {
                let after = if cached { (*after).min(CHECK_IMAGE) } else { *after };
                if after.is_zero() {
                    self.pulled(pod, at, &plan, Duration::ZERO, api, context);
                } else {
                    self.later(uid, at, Step::Pulled, after, context);
                }
            }
            Pull::Fails { after, .. } => self.later(uid, at, Step::PullFailed, *after, context),
        }
    }

    /// The image's name cannot be read: nothing is pulled, and the kubelet tries again all the same (image_manager.go
    /// `EnsureImageExists`).
    fn invalid_image(
        &mut self,
        pod: &Arc<Pod>,
        at: usize,
        problem: &str,
        api: &mut Api,
        context: &mut Context<'_>,
    ) {
        let uid = pod.metadata.uid;
        let Some((container, init)) = container_of(pod, at) else { return };
        let image = &container.image;
        let quoted = opscape_manifest::golang::quote(image);
        let message = format!(
            "Failed to apply default image tag {quoted}: couldn't parse image name {quoted}: {problem}"
        );
        let again = super::container::FIRST_BACK_OFF + LOOKS_AGAIN;
        let Some(one) = self.pods.get_mut(&uid).and_then(|run| run.runs.get_mut(at)) else { return };
        one.state = State::InvalidImage(message.as_str().into());
        one.plan = Some(Arc::default());
        let again_at = context.now() + again;
        let what = What::PullFailed { image: image.clone(), message: message.as_str().into(), again_at };
        record(pod, &container.name, what, context);
        let name = (&container.name, init);
        say(pod, name, true, "InspectFailed", &message, api, context);
        say(pod, name, true, "Failed", "Error: InvalidImageName", api, context);
        self.later(uid, at, Step::PullAgain, again, context);
        self.start_next(pod, api, context);
    }

    fn pulled(
        &mut self,
        pod: &Arc<Pod>,
        at: usize,
        plan: &Arc<Plan>,
        took: Duration,
        api: &mut Api,
        context: &mut Context<'_>,
    ) {
        let Some((container, init)) = container_of(pod, at) else { return };
        let Some(run) = self.pods.get(&pod.metadata.uid) else { return };
        let node = (&pod.spec.node_name, run.place);
        let size = self.image_arrived(node, &container.image, api, context);
        if let Some(one) = self.pods.get_mut(&pod.metadata.uid).and_then(|run| run.runs.get_mut(at)) {
            one.forget_pull_back_off();
        }
        let took = opscape_manifest::duration::format_go(took.as_micros() as i64);
        let size =
            if size > 0 { [" Image size: ", &size.to_string(), " bytes."].concat() } else { String::new() };
        let message = format!(
            "Successfully pulled image \"{}\" in {took} ({took} including waiting).{size}",
            container.image
        );
        say(pod, (&container.name, init), false, "Pulled", &message, api, context);
        self.create(pod, at, plan, api, context);
    }

    fn create(
        &mut self,
        pod: &Arc<Pod>,
        at: usize,
        plan: &Arc<Plan>,
        api: &mut Api,
        context: &mut Context<'_>,
    ) {
        let Some((container, init)) = container_of(pod, at) else { return };
        say(pod, (&container.name, init), false, "Created", "Container created", api, context);
        self.later(pod.metadata.uid, at, Step::Started, plan.create, context);
    }

    pub(super) fn later(
        &mut self,
        uid: Uid,
        at: usize,
        step: Step,
        delay: Duration,
        context: &mut Context<'_>,
    ) {
        let Some(one) = self.pods.get_mut(&uid).and_then(|run| run.runs.get_mut(at)) else { return };
        one.due = context.now() + delay;
        let life = one.life;
        let container = u8::try_from(at).unwrap_or(u8::MAX);
        context.after(delay, Event::Kubelet(Wake::Step { pod: uid, container, life, step }));
    }

    /// What somebody typed as the process of a pod's first container has ended. If it is started again, it ends again.
    pub(crate) fn end_process(&mut self, uid: Uid, code: i32, context: &mut Context<'_>) {
        let Some(run) = self.pods.get_mut(&uid) else { return };
        run.typed = Some(code);
        let at = run.inits;
        let Some(one) = run.runs.get_mut(at).filter(|one| one.is_running()) else { return };
        let mut plan = one.plan.as_deref().cloned().unwrap_or_default();
        plan.exit = Some(typed_exit(code, Duration::ZERO));
        one.plan = Some(Arc::new(plan));
        self.later(uid, at, Step::Exited, Duration::ZERO, context);
    }

    /// A step is due.
    pub(super) fn step(
        &mut self,
        uid: Uid,
        at: usize,
        life: u32,
        step: Step,
        api: &mut Api,
        context: &mut Context<'_>,
    ) {
        let Some(run) = self.pods.get_mut(&uid) else { return };
        if run.ends.is_some() {
            return;
        }
        let Some(one) = run.runs.get_mut(at).filter(|one| one.life == life) else { return };
        let (Some(plan), Some(pod)) = (one.plan.clone(), api.store().typed_by_uid::<Pod>(uid).cloned())
        else {
            return;
        };
        let Some((container, init)) = container_of(&pod, at) else { return };
        let name = (&container.name, init);
        match step {
            Step::Pulled => {
                let Pull::Done { after } = plan.pull else { return };
                self.pulled(&pod, at, &plan, after, api, context);
                return;
            }
            Step::PullFailed => {
                self.pull_failed(&pod, at, &plan, api, context);
                self.start_next(&pod, api, context);
            }
            Step::PullBackOff => {
                if let State::PullFailed(why) = &one.state {
                    one.state = State::PullBackOff(why.clone());
                }
                let message = format!("Back-off pulling image \"{}\"", container.image);
                say(&pod, name, false, "BackOff", &message, api, context);
                say(&pod, name, true, "Failed", "Error: ImagePullBackOff", api, context);
            }
            Step::PullAgain | Step::Restart => {
                if one.state == State::BackOff
                    && api.options().flags.kubelet.first_restart_at_once
                    && let Some(exit) = one.last.as_ref().map(|end| end.at)
                {
                    one.lengthen_back_off(exit, context.now());
                }
                self.start(&pod, at, api, context);
                return;
            }
            Step::Started => self.started(&pod, at, &plan, api, context),
            Step::Hooked => self.hooked(&pod, at, &plan, api, context),
            Step::Killed => {
                self.killed(&pod, at, api, context);
                // The sync that killed it is not over before it runs again, and reports nothing meanwhile.
                let one = self.pods.get(&uid).and_then(|run| run.runs.get(at));
                if one.is_some_and(|one| one.state == State::Restarting && one.life != life) {
                    return;
                }
            }
            Step::Ready => {
                one.ready = true;
                record(&pod, &container.name, What::Ready, context);
            }
            Step::Exited if one.process.is_none() => return,
            Step::Exited => self.exited(&pod, at, &plan, api, context),
        }
        self.write_status(uid, api, context);
    }

    fn pull_failed(
        &mut self,
        pod: &Arc<Pod>,
        at: usize,
        plan: &Plan,
        api: &mut Api,
        context: &mut Context<'_>,
    ) {
        let Some((container, init)) = container_of(pod, at) else { return };
        let Pull::Fails { message: why, .. } = &plan.pull else { return };
        let uid = pod.metadata.uid;
        let Some(one) = self.pods.get_mut(&uid).and_then(|run| run.runs.get_mut(at)) else { return };
        one.state = State::PullFailed(why.clone());
        let style = api.options().flags.kubelet.clone();
        let shown = style.image_back_off_after;
        // The kubelet looks after a while and says what it waits for, and tries again when it looks after the back-off.
        let wait = style.pull_again_after.unwrap_or_else(|| shown + LOOKS_AGAIN + one.next_pull_back_off());
        let what = What::PullFailed {
            image: container.image.clone(),
            message: why.clone(),
            again_at: context.now() + wait,
        };
        record(pod, &container.name, what, context);
        let name = (&container.name, init);
        let message = format!("Failed to pull image \"{}\": {why}", container.image);
        say(pod, name, true, "Failed", &message, api, context);
        say(pod, name, true, "Failed", "Error: ErrImagePull", api, context);
        self.later(uid, at, Step::PullBackOff, shown, context);
        self.later(uid, at, Step::PullAgain, wait, context);
    }

    fn started(&mut self, pod: &Arc<Pod>, at: usize, plan: &Plan, api: &mut Api, context: &mut Context<'_>) {
        let uid = pod.metadata.uid;
        let Some((container, init)) = container_of(pod, at) else { return };
        let now = context.now();
        let id = if api.options().flags.kubelet.ids_by_image {
            format!("containerd://{:x}", hash_of_name(&container.image)).into()
        } else {
            container_id(uid, at, &mut self.random)
        };
        let Some(one) = self.pods.get_mut(&uid).and_then(|run| run.runs.get_mut(at)) else { return };
        one.process = Some(now);
        one.id = Some(id);
        let hook = plan.post_start();
        if hook.is_none() {
            one.runs_since(now, init && !is_sidecar(container));
        }
        let what = What::Started { restarts: one.restarts, ready: one.ready };
        record(pod, &container.name, what, context);
        say(pod, (&container.name, init), false, "Started", "Container started", api, context);
        if let Ready::After(ready) = plan.ready
            && !ready.is_zero()
        {
            self.later(uid, at, Step::Ready, ready, context);
        }
        if let Some((after, ..)) = end_of(container, plan) {
            self.later(uid, at, Step::Exited, after, context);
        }
        match hook {
            // The kubelet waits for the hook before it reports that the container runs, and before it starts the next.
            Some(hook) => self.later(uid, at, Step::Hooked, hook.takes, context),
            None => self.goes_on(pod, at, api, context),
        }
    }

    /// The postStart hook has ended.
    fn hooked(&mut self, pod: &Arc<Pod>, at: usize, plan: &Plan, api: &mut Api, context: &mut Context<'_>) {
        let Some((container, init)) = container_of(pod, at) else { return };
        let Some(one) = self.pods.get_mut(&pod.metadata.uid).and_then(|run| run.runs.get_mut(at)) else {
            return;
        };
        let Some(process) = one.process.filter(|_| !one.is_running()) else { return };
        if plan.post_start().is_some_and(|hook| hook.fails) {
            let name = (&container.name, init);
            record(pod, &container.name, What::HookFailed, context);
            say(pod, name, true, "FailedPostStartHook", "PostStartHook failed", api, context);
            self.kill_container(pod, at, None, api, context);
            self.start_next(pod, api, context);
            return;
        }
        one.runs_since(process, init && !is_sidecar(container));
        if one.ready {
            record(pod, &container.name, What::Ready, context);
        }
        self.goes_on(pod, at, api, context);
    }

    /// A container runs: its probes begin, and the next container may start.
    fn goes_on(&mut self, pod: &Arc<Pod>, at: usize, api: &mut Api, context: &mut Context<'_>) {
        self.begin_probes(pod, at, api, context);
        self.start_next(pod, api, context);
    }

    fn exited(&mut self, pod: &Arc<Pod>, at: usize, plan: &Plan, api: &mut Api, context: &mut Context<'_>) {
        let Some((container, init)) = container_of(pod, at) else { return };
        let Some((_, code, reason, memory_limit)) = end_of(container, plan) else { return };
        let Some(one) = self.pods.get(&pod.metadata.uid).and_then(|run| run.runs.get(at)) else { return };
        let again = match pod.spec.restart_policy.as_deref().unwrap_or("Always") {
            _ if init && is_sidecar(container) => true,
            "Never" => false,
            "OnFailure" => code != 0,
            _ => !init || code != 0,
        };
        let now = context.now();
        let end = End { code, reason, started: one.process, at: now };
        self.container_ended(pod, at, end, (again, Some(now), memory_limit), api, context);
    }

    /// A container has ended: it starts again at once or later, or never. `again`: whether, and the end that the kubelet
    /// knows of when it decides how long to wait; none: it knows of none. Then the memory limit that it exceeded.
    pub(super) fn container_ended(
        &mut self,
        pod: &Arc<Pod>,
        at: usize,
        end: End,
        (again, known, memory_limit): (bool, Option<Time>, Option<i64>),
        api: &mut Api,
        context: &mut Context<'_>,
    ) {
        let uid = pod.metadata.uid;
        let Some((container, init)) = container_of(pod, at) else { return };
        let now = context.now();
        let at_once = api.options().flags.kubelet.first_restart_at_once;
        let Some(one) = self.pods.get_mut(&uid).and_then(|run| run.runs.get_mut(at)) else { return };
        let (code, reason) = (end.code, end.reason.clone());
        // A container that was killed is started by the sync that killed it; else the kubelet has to notice first.
        let noticed = known == Some(now);
        one.is_over();
        let wait = again.then(|| {
            let left = known.map_or(Duration::ZERO, |exit| one.back_off(exit, now, at_once));
            one.last = Some(end.clone());
            one.state = if left.is_zero() { State::Restarting } else { State::BackOff };
            if left.is_zero() { left } else { one.waits }
        });
        if wait.is_none() {
            one.state = State::Ended(end);
        }
        let restart_at = wait.map(|wait| now + wait);
        let what = What::Exited { code, reason, restart_at, memory_limit };
        record(pod, &container.name, what, context);
        match wait {
            Some(wait) if wait.is_zero() && noticed => {
                self.later(uid, at, Step::Restart, Duration::from_secs(1), context);
            }
            Some(wait) if wait.is_zero() => self.start(pod, at, api, context),
            Some(wait) => {
                self.later(uid, at, Step::Restart, wait, context);
                let meta = &pod.metadata;
                let message = format!(
                    "Back-off restarting failed container {} in pod {}_{}({})",
                    container.name, meta.name, meta.namespace, meta.uid
                );
                say(pod, (&container.name, init), true, "BackOff", &message, api, context);
            }
            None if init && code == 0 => self.start_next(pod, api, context),
            None => self.stop_sidecars(pod, api, context),
        }
    }
}

/// How long a command takes that is run again because its pod restarts it.
const TYPED_AGAIN: Duration = Duration::from_millis(100);

fn typed_exit(code: i32, after: Duration) -> Exit {
    let reason = if code == 0 { words::completed() } else { words::error() };
    Exit { after, code, reason }
}

/// When and how a process ends by itself: after, exit code, reason, memory limit that it exceeds.
fn end_of(container: &Container, plan: &Plan) -> Option<(Duration, i32, Str, Option<i64>)> {
    let limit = container.resources.limits.get("memory").map(opscape_manifest::quantity::Quantity::value);
    let oom = limit.and_then(|limit| {
        let most = u64::try_from(limit).unwrap_or_default();
        let exceeds = plan.memory.iter().find(|(_, bytes)| *bytes > most)?;
        Some((exceeds.0, 137, words::oom_killed(), Some(limit)))
    });
    let exit = plan.exit.as_ref().map(|exit| (exit.after, exit.code, exit.reason.clone(), None));
    match (oom, exit) {
        (Some(oom), Some(exit)) => Some(if oom.0 <= exit.0 { oom } else { exit }),
        (oom, exit) => oom.or(exit),
    }
}

fn container_id(uid: Uid, at: usize, random: &mut opscape_sim::Rng) -> Str {
    let mix = uid.0.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ at as u64;
    format!("containerd://{mix:016x}{:016x}{:016x}{:016x}", random.bits(), random.bits(), random.bits())
        .into()
}
