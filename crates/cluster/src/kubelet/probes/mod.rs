//! Probes: when they ask, what they are answered, and what comes of it (pkg/kubelet/prober, Kubernetes v1.36).

mod says;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::Pod;
use opscape_manifest::api::meta::Uid;
use opscape_manifest::api::pod::{Container, Probe};
use opscape_sim::Time;

pub use worker::Probing;
pub(super) use worker::{Numbers, Worker};

use super::container::{Run, State};
use super::says::say;
use super::steps::{container_of, is_sidecar};
use super::style::hash_of_name;
use super::{Kubelets, Wake, What, record};
use crate::images::{Answer, Ready};
use crate::{Api, Context, Event, Plan};

/// The kubelet asks the container runtime once a second what has changed (`genericPlegRelistPeriod`), and then syncs the pod.
const RELIST: u64 = 1_000_000;

/// A node's next look at the container runtime; each node has a beat of its own.
pub(super) fn relist(node: &str, now: Time) -> Time {
    let phase = hash_of_name(node) % RELIST;
    Time((now.0 + RELIST - phase) / RELIST * RELIST + phase)
}

/// A container's probe of one of the three sorts.
pub(super) fn probe_of(container: &Container, probing: Probing) -> Option<&Probe> {
    match probing {
        Probing::Startup => container.startup_probe.as_ref(),
        Probing::Liveness => container.liveness_probe.as_ref(),
        Probing::Readiness => container.readiness_probe.as_ref(),
    }
}

fn answers(plan: &Plan, probing: Probing) -> &[(Duration, Answer)] {
    match (&plan.health, probing) {
        (None, _) => &[],
        (Some(health), Probing::Startup) => &health.startup,
        (Some(health), Probing::Liveness) => &health.liveness,
        (Some(health), Probing::Readiness) => &health.readiness,
    }
}

/// The workers of a container.
pub(super) fn workers(container: &Container) -> Vec<(Probing, Worker)> {
    let there = |probing: &Probing| probe_of(container, *probing).is_some();
    Probing::ALL.into_iter().filter(there).map(|probing| (probing, Worker::new())).collect()
}

impl Run {
    fn worker(&mut self, probing: Probing) -> Option<&mut Worker> {
        self.workers.iter_mut().find(|(kind, _)| *kind == probing).map(|(_, worker)| worker)
    }

    fn passes(&self, probing: Probing) -> bool {
        self.workers.iter().find(|(kind, _)| *kind == probing).is_none_or(|(_, worker)| worker.passed)
    }

    /// Started and ready, as the results of its probes say (`UpdatePodStatus`).
    pub(super) fn update_probed(&mut self) {
        self.started = self.is_running() && self.passes(Probing::Startup);
        self.ready = self.started && self.passes(Probing::Readiness);
    }
}

impl Kubelets {
    /// A container runs: its probes begin.
    pub(super) fn begin_probes(&mut self, pod: &Arc<Pod>, at: usize, api: &Api, context: &mut Context<'_>) {
        let Some(one) = self.pods.get(&pod.metadata.uid).and_then(|run| run.runs.get(at)) else { return };
        if one.plan.as_ref().is_none_or(|plan| plan.ready != Ready::Probed) {
            return;
        }
        let now = context.now();
        for probing in Probing::ALL {
            self.schedule_probe(pod, at, (probing, now), api, context);
        }
        // The sync after the start asks about readiness at once, of the pod's other containers, too.
        self.ask_readiness(pod, relist(&pod.spec.node_name, now), api, context);
    }

    /// Images find something else around them than before: what has a plan is asked anew how well it is, and probes ask again
    /// where that is not what they expect.
    pub(crate) fn images_changed(&mut self, api: &Api, context: &mut Context<'_>) {
        let images = api.options().images.clone();
        let uids: Vec<Uid> = self.pods.iter().map(|(uid, _)| uid).collect();
        for uid in uids {
            let Some(pod) = api.store().typed_by_uid::<Pod>(uid).cloned() else { continue };
            let count = self.pods.get(&uid).map_or(0, |run| run.runs.len());
            for at in 0..count {
                let Some((container, _)) = container_of(&pod, at) else { continue };
                let Some(one) = self.pods.get_mut(&uid).and_then(|run| run.runs.get_mut(at)) else {
                    continue;
                };
                let Some(plan) = &one.plan else { continue };
                let restarts = u32::try_from(one.restarts).unwrap_or_default();
                let health = images.health(container, restarts, plan, one.process);
                if health == plan.health {
                    continue;
                }
                one.plan = Some(Arc::new(Plan { health, ..Plan::clone(plan) }));
                // An answer that is awaited comes as it was going to.
                let asks =
                    Probing::ALL.map(|probing| one.worker(probing).is_some_and(|worker| !worker.awaited));
                for (probing, _) in Probing::ALL.into_iter().zip(asks).filter(|(_, asks)| *asks) {
                    self.schedule_probe(&pod, at, (probing, context.now()), api, context);
                }
            }
        }
    }

    /// A sync of the pod asks containers that are not ready, without waiting for their tick (`manualTriggerCh`).
    fn ask_readiness(&mut self, pod: &Arc<Pod>, when: Time, api: &Api, context: &mut Context<'_>) {
        let uid = pod.metadata.uid;
        let Some(run) = self.pods.get_mut(&uid) else { return };
        for (at, one) in run.runs.iter_mut().enumerate() {
            let Some((container, _)) = container_of(pod, at) else { continue };
            let Some(probe) = container.readiness_probe.as_ref() else { continue };
            let State::Running(process) = one.state else { continue };
            let (life, asks) = (one.life, one.started && !one.ready);
            let Some(worker) = one.worker(Probing::Readiness).filter(|worker| asks && !worker.awaited) else {
                continue;
            };
            if when < first_of(Numbers::of(probe), process, api) || worker.due.is_some_and(|due| due <= when)
            {
                continue;
            }
            let serial = worker.ask_at(when);
            let container = u8::try_from(at).unwrap_or(u8::MAX);
            let wake = Wake::Probe { pod: uid, container, life, probing: Probing::Readiness, serial };
            context.at(when, Event::Kubelet(wake));
        }
    }

    /// The next question of a probe, from an instant on.
    fn schedule_probe(
        &mut self,
        pod: &Arc<Pod>,
        at: usize,
        (probing, from): (Probing, Time),
        api: &Api,
        context: &mut Context<'_>,
    ) {
        let uid = pod.metadata.uid;
        let Some((container, _)) = container_of(pod, at) else { return };
        let Some(probe) = probe_of(container, probing) else { return };
        let Some(run) = self.pods.get_mut(&uid) else { return };
        let began = run.started;
        let Some(one) = run.runs.get_mut(at) else { return };
        let State::Running(process) = one.state else { return };
        let Some(plan) = one.plan.clone() else { return };
        let (life, started) = (one.life, one.started);
        let Some(worker) = one.worker(probing) else { return };
        if worker.is_done(probing) || !started && probing != Probing::Startup {
            return;
        }
        let numbers = Numbers::of(probe);
        let first = from.max(first_of(numbers, process, api));
        let answers = answers(&plan, probing);
        let Some(next) = worker.next(numbers, began, first, process, answers) else { return };
        let serial = worker.ask_at(next);
        let container = u8::try_from(at).unwrap_or(u8::MAX);
        context.at(next, Event::Kubelet(Wake::Probe { pod: uid, container, life, probing, serial }));
    }

    /// A probe asks, or waited long enough for an answer.
    pub(super) fn probe(
        &mut self,
        uid: Uid,
        at: usize,
        (life, probing, serial): (u32, Probing, u32),
        api: &mut Api,
        context: &mut Context<'_>,
    ) {
        let Some(pod) = api.store().typed_by_uid::<Pod>(uid).cloned() else { return };
        let Some((container, init)) = container_of(&pod, at) else { return };
        let Some(probe) = probe_of(container, probing) else { return };
        let numbers = Numbers::of(probe);
        let Some(run) = self.pods.get_mut(&uid) else { return };
        let (began, ending) = (run.started, run.ends.is_some());
        let Some(one) = run.runs.get_mut(at).filter(|one| one.life == life) else { return };
        let State::Running(process) = one.state else { return };
        if ending && probing != Probing::Readiness {
            return;
        }
        let Some(plan) = one.plan.clone() else { return };
        let now = context.now();
        let answers = answers(&plan, probing);
        let Some(worker) = one.worker(probing).filter(|worker| worker.serial == serial) else { return };
        let (answer, asked) = if worker.awaited {
            (&Answer::Silent, Time(now.0.saturating_sub(numbers.timeout.as_micros() as u64)))
        } else {
            (worker::answer(answers, now.since(process)), now)
        };
        if *answer == Answer::Silent && !std::mem::replace(&mut worker.awaited, true) {
            let container = u8::try_from(at).unwrap_or(u8::MAX);
            let wake = Wake::Probe { pod: uid, container, life, probing, serial };
            context.after(numbers.timeout, Event::Kubelet(wake));
            return;
        }
        worker.awaited = false;
        worker.due = None;
        let answer = answer.clone();
        let success = worker::is_well(&answer);
        let changed = worker.take(probing, success, numbers);
        let failures = worker.run;
        if !success {
            let output = says::failure(&answer, probe, &pod, container);
            let message = [probing.word(), " probe failed: ", &output].concat();
            say(&pod, (&container.name, init), true, "Unhealthy", &message, api, context);
            if changed {
                let what = match probing {
                    Probing::Readiness => What::NotReady { failures, output: output.as_str().into() },
                    _ => What::Unhealthy {
                        probing,
                        failures: numbers.failures,
                        output: output.as_str().into(),
                    },
                };
                record(&pod, &container.name, what, context);
            }
        }
        if changed {
            self.probed(&pod, at, probing, success, api, context);
        }
        // A tick that came while the answer was awaited is not lost.
        let missed = Time(asked.0 + 1).max(began);
        let from = if asked < now { missed } else { Time(now.0 + 1) };
        self.schedule_probe(&pod, at, (probing, from), api, context);
    }

    /// What the results manager holds of a probe has changed.
    fn probed(
        &mut self,
        pod: &Arc<Pod>,
        at: usize,
        probing: Probing,
        success: bool,
        api: &mut Api,
        context: &mut Context<'_>,
    ) {
        let uid = pod.metadata.uid;
        let Some((container, init)) = container_of(pod, at) else { return };
        if probing != Probing::Readiness && !success {
            self.kill_container(pod, at, Some(probing), api, context);
            return;
        }
        let Some(one) = self.pods.get_mut(&uid).and_then(|run| run.runs.get_mut(at)) else { return };
        let before = one.ready;
        one.update_probed();
        if one.ready && !before {
            record(pod, &container.name, What::Ready, context);
        }
        if probing == Probing::Startup {
            let now = context.now();
            for probing in [Probing::Liveness, Probing::Readiness] {
                self.schedule_probe(pod, at, (probing, now), api, context);
            }
            self.ask_readiness(pod, now, api, context);
            if init && is_sidecar(container) {
                self.start_next(pod, api, context);
            }
        }
        self.write_status(uid, api, context);
    }

    /// The grace that a container has which a probe wants to end (`setTerminationGracePeriod`).
    pub(super) fn grace_of(pod: &Pod, container: &Container, probing: Option<Probing>) -> Duration {
        let own = probing
            .and_then(|probing| probe_of(container, probing))
            .and_then(|probe| probe.termination_grace_period_seconds);
        let deleted = pod.metadata.deletion_grace_period_seconds;
        let seconds = deleted.or(own).or(pod.spec.termination_grace_period_seconds).unwrap_or(30);
        Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
    }
}

/// When the initial delay of a probe is over: times in a status have whole seconds, and it counts from there.
fn first_of(numbers: Numbers, process: Time, api: &Api) -> Time {
    api.time_of(api.timestamp(process)) + numbers.initial_delay
}
