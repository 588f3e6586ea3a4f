//! The steps in the life of a pod on its node (pkg/kubelet, kuberuntime_manager.go `SyncPod`).

use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::meta::{Str, Uid};
use opscape_manifest::api::pod::Container;
use opscape_manifest::api::{ObjectKey, Pod};
use opscape_manifest::value::Value;
use opscape_sim::Time;

use super::container::{End, Run, State};
use super::says::say;
use super::style::hash_of_image;
use super::{Kubelets, PodRun, Step, Wake, What, is_finished, node_exists, record};
use crate::images::Pull;
use crate::{Api, Context, DeleteOptions, Event, Plan, words};

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

pub(super) fn is_sidecar(container: &Container) -> bool {
    container.restart_policy.as_deref() == Some("Always")
}

impl Kubelets {
    /// Looks at a pod that was bound to the node, or is being deleted.
    pub(super) fn look(&mut self, uid: Uid, api: &mut Api, context: &mut Context<'_>) {
        let Some(pod) = api.store().typed_by_uid::<Pod>(uid).cloned() else { return };
        if !node_exists(api, &pod.spec.node_name) {
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
        let address = if pod.spec.host_network { words::empty() } else { self.addresses.take(&node) };
        let run = PodRun {
            node,
            runs: vec![Run::new(); inits + pod.spec.containers.len()],
            inits,
            ordinal,
            address,
            started: context.now(),
            ends: None,
            killed: false,
        };
        self.pods.insert(uid, run);
        self.start_next(pod, api, context);
        self.write_status(uid, api, context);
    }

    /// Starts what may start now: the next init container, or all containers after the last one.
    fn start_next(&mut self, pod: &Arc<Pod>, api: &mut Api, context: &mut Context<'_>) {
        let Some(run) = self.pods.get(&pod.metadata.uid) else { return };
        let mut next = Vec::new();
        let mut held = false;
        for (at, one) in run.runs.iter().enumerate() {
            let init = at < run.inits;
            if held && init {
                break;
            }
            let passed = init
                && (one.is_done()
                    || one.is_running()
                        && container_of(pod, at).is_some_and(|(container, _)| is_sidecar(container)));
            if one.state == State::Waiting && !held {
                next.push(at);
            }
            held |= init && !passed;
        }
        for at in next {
            self.start(pod, at, api, context);
        }
    }

    /// Starts a container: first of all it needs its image.
    fn start(&mut self, pod: &Arc<Pod>, at: usize, api: &mut Api, context: &mut Context<'_>) {
        let uid = pod.metadata.uid;
        let Some((container, init)) = container_of(pod, at) else { return };
        let Some(run) = self.pods.get_mut(&uid) else { return };
        let (ordinal, node) = (run.ordinal, run.node.clone());
        let Some(one) = run.runs.get_mut(at) else { return };
        if one.last.is_some() && matches!(one.state, State::BackOff | State::Restarting) {
            one.restarts += 1;
        }
        one.life += 1;
        // A container that waits to be tried again is shown so until it runs.
        if one.state == State::Waiting {
            one.state = State::Creating;
        }
        one.ready = false;
        let restarts = u32::try_from(one.restarts).unwrap_or_default();
        let images = api.options().images.clone();
        let plan = Arc::new(images.plan(pod, container, restarts, ordinal, &mut self.random));
        one.plan = Some(plan.clone());
        let name = (&container.name, init);
        let cached = self.images.get(&node).is_some_and(|images| images.contains(&container.image));
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
        Arc::make_mut(&mut self.images)
            .entry(pod.spec.node_name.clone())
            .or_default()
            .insert(container.image.clone());
        if let Some(one) = self.pods.get_mut(&pod.metadata.uid).and_then(|run| run.runs.get_mut(at)) {
            one.forget_pull_back_off();
        }
        let took = opscape_manifest::duration::format_go(took.as_micros() as i64);
        let message = format!(
            "Successfully pulled image \"{}\" in {took} ({took} including waiting).",
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

    fn later(&mut self, uid: Uid, at: usize, step: Step, delay: Duration, context: &mut Context<'_>) {
        let Some(one) = self.pods.get_mut(&uid).and_then(|run| run.runs.get_mut(at)) else { return };
        one.due = context.now() + delay;
        let life = one.life;
        let container = u8::try_from(at).unwrap_or(u8::MAX);
        context.after(delay, Event::Kubelet(Wake::Step { pod: uid, container, life, step }));
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
            Step::PullFailed => self.pull_failed(&pod, at, &plan, api, context),
            Step::PullBackOff => {
                if let State::PullFailed(why) = &one.state {
                    one.state = State::PullBackOff(why.clone());
                }
                let message = format!("Back-off pulling image \"{}\"", container.image);
                say(&pod, name, false, "BackOff", &message, api, context);
                say(&pod, name, true, "Failed", "Error: ImagePullBackOff", api, context);
            }
            Step::PullAgain | Step::Restart => {
                self.start(&pod, at, api, context);
                return;
            }
            Step::Started => self.started(&pod, at, &plan, api, context),
            Step::Ready => {
                one.ready = true;
                record(&pod, &container.name, What::Ready, context);
            }
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
            format!("containerd://{:x}", hash_of_image(&container.image)).into()
        } else {
            container_id(uid, at, &mut self.random)
        };
        let Some(one) = self.pods.get_mut(&uid).and_then(|run| run.runs.get_mut(at)) else { return };
        one.state = State::Running(now);
        one.id = Some(id);
        one.ready = plan.ready == Some(Duration::ZERO) && (!init || is_sidecar(container));
        let what = What::Started { restarts: one.restarts, ready: one.ready };
        record(pod, &container.name, what, context);
        say(pod, (&container.name, init), false, "Started", "Container started", api, context);
        if let Some(ready) = plan.ready.filter(|ready| !ready.is_zero()) {
            self.later(uid, at, Step::Ready, ready, context);
        }
        if let Some((after, ..)) = end_of(container, plan) {
            self.later(uid, at, Step::Exited, after, context);
        }
        if init {
            self.start_next(pod, api, context);
        }
    }

    fn exited(&mut self, pod: &Arc<Pod>, at: usize, plan: &Plan, api: &mut Api, context: &mut Context<'_>) {
        let uid = pod.metadata.uid;
        let Some((container, init)) = container_of(pod, at) else { return };
        let Some((_, code, reason, memory_limit)) = end_of(container, plan) else { return };
        let now = context.now();
        let style = api.options().flags.kubelet.clone();
        let policy = pod.spec.restart_policy.as_deref().unwrap_or("Always");
        let again = match policy {
            _ if init && is_sidecar(container) => true,
            "Never" => false,
            "OnFailure" => code != 0,
            _ => !init || code != 0,
        };
        let Some(one) = self.pods.get_mut(&uid).and_then(|run| run.runs.get_mut(at)) else { return };
        let since = if let State::Running(since) = one.state { Some(since) } else { None };
        let end = End { code, reason: reason.clone(), started: since, at: now };
        one.ready = false;
        let wait = again.then(|| {
            let ran = since.map_or(Duration::ZERO, |since| now.since(since));
            one.last = Some(end.clone());
            let wait = one.next_back_off(ran, style.first_restart_at_once);
            one.state = if wait.is_zero() { State::Restarting } else { State::BackOff };
            wait
        });
        if wait.is_none() {
            one.state = State::Ended(end);
        }
        let restart_at = wait.map(|wait| now + wait);
        let what = What::Exited { code, reason, restart_at, memory_limit };
        record(pod, &container.name, what, context);
        match wait {
            Some(wait) => {
                // A restart at once takes the kubelet a moment, too: it has to notice first.
                let delay = if wait.is_zero() { Duration::from_secs(1) } else { wait };
                self.later(uid, at, Step::Restart, delay, context);
                if !wait.is_zero() {
                    let meta = &pod.metadata;
                    let message = format!(
                        "Back-off restarting failed container {} in pod {}_{}({})",
                        container.name, meta.name, meta.namespace, meta.uid
                    );
                    say(pod, (&container.name, init), true, "BackOff", &message, api, context);
                }
            }
            None if init && code == 0 => self.start_next(pod, api, context),
            None => {}
        }
    }

    /// The pod is being deleted: TERM to its containers, KILL when the grace period is over.
    fn stop(&mut self, pod: &Arc<Pod>, api: &mut Api, context: &mut Context<'_>) {
        let uid = pod.metadata.uid;
        let grace = pod.metadata.deletion_grace_period_seconds.unwrap_or_default();
        let allowed = Duration::from_secs(u64::try_from(grace).unwrap_or_default());
        let all = api.options().flags.kubelet.stops_what_never_ran;
        let Some(run) = self.pods.get_mut(&uid) else {
            // Bound and deleted before the kubelet saw it.
            delete(pod, api, context);
            return;
        };
        let mut longest = Duration::ZERO;
        for (at, one) in run.runs.iter().enumerate() {
            let Some((container, _)) = container_of(pod, at) else { continue };
            let counts = one.is_running() || all && !matches!(one.state, State::Ended(_));
            if let Some(plan) = one.plan.as_ref().filter(|_| counts) {
                longest = longest.max(pre_stop(container) + plan.stop);
            }
        }
        let first = run.ends.is_none();
        let since = match (run.ends, pod.metadata.deletion_timestamp) {
            (Some(_), Some(at)) => api.time_of(at) - allowed,
            _ => context.now(),
        };
        let ends = (since + longest.min(allowed)).max(context.now());
        if run.ends.is_some_and(|before| before <= ends) {
            return;
        }
        run.ends = Some(ends);
        run.killed = longest > allowed;
        let running: Vec<usize> =
            run.runs.iter().enumerate().filter(|(_, one)| one.is_running()).map(|(at, _)| at).collect();
        if first {
            record(pod, "", What::Stopping { grace }, context);
            for at in running {
                if let Some((container, init)) = container_of(pod, at) {
                    let message = format!("Stopping container {}", container.name);
                    say(pod, (&container.name, init), false, "Killing", &message, api, context);
                }
            }
        }
        context.at(ends, Event::Kubelet(Wake::Ended(uid)));
    }

    /// All containers have ended: the last status, and the pod goes.
    pub(super) fn ended(&mut self, uid: Uid, api: &mut Api, context: &mut Context<'_>) {
        let now = context.now();
        let all = api.options().flags.kubelet.stops_what_never_ran;
        let Some(pod) = api.store().typed_by_uid::<Pod>(uid).cloned() else { return };
        let Some(run) = self.pods.get_mut(&uid) else { return };
        if run.ends.is_none_or(|ends| ends > now) {
            return;
        }
        let killed = run.killed;
        for one in &mut run.runs {
            one.ready = false;
            let end = |code: i32, reason: Str, started: Option<Time>| {
                State::Ended(End { code, reason, started, at: now })
            };
            match one.state.clone() {
                State::Ended(_) => {}
                State::Running(since) => {
                    let code = if killed { 137 } else { one.plan.as_ref().map_or(0, |plan| plan.stop_code) };
                    let reason = if code == 0 { words::completed() } else { words::error() };
                    one.state = end(code, reason, Some(since));
                }
                _ if all => one.state = end(0, words::completed(), None),
                _ => match one.last.clone() {
                    Some(last) => one.state = State::Ended(last),
                    None => one.state = end(137, "ContainerStatusUnknown".into(), None),
                },
            }
        }
        record(&pod, "", What::Stopped { killed }, context);
        self.write_status(uid, api, context);
        delete(&pod, api, context);
    }
}

fn delete(pod: &Pod, api: &mut Api, context: &mut Context<'_>) {
    let meta = &pod.metadata;
    let key = ObjectKey { kind: words::pod(), namespace: meta.namespace.clone(), name: meta.name.clone() };
    let options = DeleteOptions { grace: Some(0), uid: Some(meta.uid), ..DeleteOptions::default() };
    // Gone already: somebody deleted it by force.
    let _ = api.delete(&key, &options, context);
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

/// How long the preStop hook takes: `sleep`, or a command that sleeps.
fn pre_stop(container: &Container) -> Duration {
    let Some(hook) = container.lifecycle.as_ref().and_then(|lifecycle| lifecycle.get("preStop")) else {
        return Duration::ZERO;
    };
    let seconds = hook.at(&["sleep", "seconds"]).and_then(Value::as_int).or_else(|| {
        let command = hook.at(&["exec", "command"])?.as_list()?;
        let words: Vec<&str> =
            command.iter().filter_map(Value::as_str).flat_map(str::split_whitespace).collect();
        let at = words.iter().position(|word| *word == "sleep")?;
        words.get(at + 1)?.trim_end_matches([';', 's']).parse().ok()
    });
    Duration::from_secs(seconds.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or_default())
}

fn container_id(uid: Uid, at: usize, random: &mut opscape_sim::Rng) -> Str {
    let mix = uid.0.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ at as u64;
    format!("containerd://{mix:016x}{:016x}{:016x}{:016x}", random.bits(), random.bits(), random.bits())
        .into()
}
