//! How containers are stopped: hooks, grace, the order of sidecars (kuberuntime_container.go `killContainer`,
//! kuberuntime_termination_order.go).

use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::meta::{Str, Uid};
use opscape_manifest::api::{ObjectKey, Pod};
use opscape_sim::Time;

use super::container::{End, State, Stopping};
use super::probes::Probing;
use super::says::say;
use super::steps::{container_of, is_sidecar, is_sidecar_at};
use super::{Kubelets, Over, PodRun, Step, Wake, What, record};
use crate::{Api, Context, DeleteOptions, Event, words};

/// However short the grace is, a process has so long between TERM and KILL (`minimumGracePeriodInSeconds`).
const LEAST: Duration = Duration::from_secs(2);

/// From TERM, or from the beginning of the preStop hook, to the end; and whether it has to be killed. `turn`: other
/// containers have to end before.
fn end_after(pre_stop: Duration, turn: Duration, stop: Duration, grace: Duration) -> (Duration, bool) {
    let begins = pre_stop.max(turn).min(grace);
    let allowed = grace.saturating_sub(begins).max(LEAST);
    (begins + stop.min(allowed), stop > allowed)
}

impl Kubelets {
    /// A container has to go because a probe failed, or its postStart hook (none).
    pub(super) fn kill_container(
        &mut self,
        pod: &Arc<Pod>,
        at: usize,
        probe: Option<Probing>,
        api: &mut Api,
        context: &mut Context<'_>,
    ) {
        let uid = pod.metadata.uid;
        let Some((container, init)) = container_of(pod, at) else { return };
        let message = match probe {
            Some(probe) => {
                let which = if init { "Init container " } else { "Container " };
                let restarts = !init && pod.spec.restart_policy.as_deref() != Some("Never");
                let then = if restarts { ", will be restarted" } else { "" };
                let word = probe.word().to_ascii_lowercase();
                [which, &*container.name, " failed ", &word, " probe", then].concat()
            }
            None => "FailedPostStartHook".to_owned(),
        };
        say(pod, (&container.name, init), false, "Killing", &message, api, context);
        let grace = Kubelets::grace_of(pod, container, probe);
        let now = context.now();
        let Some(one) = self.pods.get_mut(&uid).and_then(|run| run.runs.get_mut(at)) else { return };
        let Some(plan) = one.plan.clone() else { return };
        let since = one.process.map_or(Duration::ZERO, |process| now.since(process));
        let hook = plan.pre_stop().filter(|_| !grace.is_zero());
        let pre_stop = hook.map_or(Duration::ZERO, |hook| hook.takes);
        let stop = plan.stop_after(since.saturating_add(pre_stop));
        let (ends, killed) = end_after(pre_stop, Duration::ZERO, stop, grace);
        one.stopping = Some(Stopping { term: now + pre_stop.min(grace), killed, probe });
        self.later(uid, at, Step::Killed, ends, context);
        if hook.is_some_and(|hook| hook.fails) {
            say(pod, (&container.name, init), true, "FailedPreStopHook", "PreStopHook failed", api, context);
        }
    }

    /// A container that had to go has ended. The sync that killed it starts it again, and knows only of the end before; one
    /// whose hook failed is found ended later.
    pub(super) fn killed(&mut self, pod: &Arc<Pod>, at: usize, api: &mut Api, context: &mut Context<'_>) {
        let Some((container, init)) = container_of(pod, at) else { return };
        let now = context.now();
        let Some(one) = self.pods.get(&pod.metadata.uid).and_then(|run| run.runs.get(at)) else { return };
        let Some(stopping) = one.stopping else { return };
        let code = match &one.plan {
            _ if stopping.killed => 137,
            Some(plan) => plan.stop_code,
            None => 0,
        };
        let reason = if code == 0 { words::completed() } else { words::error() };
        let end = End { code, reason, started: one.process, at: now };
        let again = init && is_sidecar(container) || pod.spec.restart_policy.as_deref() != Some("Never");
        let known = match stopping.probe {
            Some(_) => one.last.as_ref().map(|last| last.at),
            None => Some(now),
        };
        self.container_ended(pod, at, end, (again, known, None), api, context);
    }

    /// The pod is being deleted: TERM to its containers, KILL when the grace period is over.
    pub(super) fn stop(&mut self, pod: &Arc<Pod>, api: &mut Api, context: &mut Context<'_>) {
        let uid = pod.metadata.uid;
        let grace = pod.metadata.deletion_grace_period_seconds.unwrap_or_default();
        let allowed = Duration::from_secs(u64::try_from(grace).unwrap_or_default());
        let Some(run) = self.pods.get(&uid) else {
            // Bound and deleted before the kubelet saw it.
            delete(pod, api, context);
            return;
        };
        let since = match (run.ends, pod.metadata.deletion_timestamp) {
            (Some(_), Some(at)) => api.time_of(at) - allowed,
            _ => context.now(),
        };
        self.stop_all(pod, since, allowed, api, context);
    }

    /// The containers of a pod are stopped for good: all that run, sidecars after the others and the last one first.
    pub(super) fn stop_all(
        &mut self,
        pod: &Arc<Pod>,
        since: Time,
        grace: Duration,
        api: &mut Api,
        context: &mut Context<'_>,
    ) {
        let uid = pod.metadata.uid;
        let now = context.now();
        let all = api.options().flags.kubelet.stops_what_never_ran;
        let Some(run) = self.pods.get_mut(&uid) else { return };
        let ends = schedule(pod, run, (since, grace), all, now);
        let last = ends.iter().map(|end| end.ends).max().unwrap_or(since).max(now);
        if run.ends.is_some_and(|before| before <= last) {
            return;
        }
        let first = run.ends.is_none();
        run.ends = Some(last);
        run.killed = ends.iter().any(|end| end.killed);
        for EndOf { at, term, ends, killed } in ends {
            if let Some(one) = run.runs.get_mut(at) {
                one.due = ends.max(now);
                one.stopping = Some(Stopping { term, killed, probe: None });
            }
        }
        let running: Vec<(usize, bool)> = run
            .runs
            .iter()
            .enumerate()
            .filter(|(_, one)| one.process.is_some())
            .map(|(at, one)| {
                let hook = one.plan.as_ref().and_then(|plan| plan.pre_stop());
                (at, !grace.is_zero() && hook.is_some_and(|hook| hook.fails))
            })
            .collect();
        if first {
            record(pod, "", What::Stopping { grace: grace.as_secs() as i64 }, context);
            for (at, fails) in running {
                let Some((container, init)) = container_of(pod, at) else { continue };
                let name = (&container.name, init);
                let message = ["Stopping container ", &container.name].concat();
                say(pod, name, false, "Killing", &message, api, context);
                if fails {
                    say(pod, name, true, "FailedPreStopHook", "PreStopHook failed", api, context);
                }
            }
        }
        context.at(last, Event::Kubelet(Wake::Ended(uid)));
    }

    /// The last container that is no sidecar has ended for good: the sidecars go, too.
    pub(super) fn stop_sidecars(&mut self, pod: &Arc<Pod>, api: &mut Api, context: &mut Context<'_>) {
        let Some(run) = self.pods.get_mut(&pod.metadata.uid) else { return };
        let (inits, mains) = run.runs.split_at(run.inits.min(run.runs.len()));
        let done = mains.iter().all(|one| matches!(one.state, State::Ended(_)));
        let left = inits.iter().enumerate().any(|(at, one)| {
            is_sidecar_at(pod, at) && !matches!(one.state, State::Ended(_) | State::Waiting)
        });
        if !done || !left || run.ends.is_some() {
            return;
        }
        run.over = Some(Over::Completed);
        let grace = pod.spec.termination_grace_period_seconds.unwrap_or(30);
        let grace = Duration::from_secs(u64::try_from(grace).unwrap_or_default());
        self.stop_all(pod, context.now(), grace, api, context);
    }

    /// All containers have ended: the last status, and a pod that is deleted goes.
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
            let (process, stopping) = (one.process, one.stopping);
            let at = if stopping.is_some() { one.due.min(now) } else { now };
            let end = |code: i32, reason: Str, started: Option<Time>| {
                State::Ended(End { code, reason, started, at })
            };
            one.is_over();
            // What was still to come for it means nothing any more.
            one.life += 1;
            match (one.state.clone(), process) {
                (State::Ended(_), _) => {}
                (_, Some(since)) => {
                    let code = match &one.plan {
                        _ if stopping.is_some_and(|stopping| stopping.killed) => 137,
                        Some(plan) => plan.stop_code,
                        None => 0,
                    };
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
        run.ends = None;
        record(&pod, "", What::Stopped { killed }, context);
        self.write_status(uid, api, context);
        if pod.metadata.deletion_timestamp.is_some() {
            delete(&pod, api, context);
        }
    }
}

/// When a container that is to be stopped gets the TERM signal, when it ends, and whether it has to be killed.
struct EndOf {
    at: usize,
    term: Time,
    ends: Time,
    killed: bool,
}

/// When each container ends that is to be stopped.
fn schedule(pod: &Pod, run: &PodRun, (since, grace): (Time, Duration), all: bool, now: Time) -> Vec<EndOf> {
    let mut ends = Vec::new();
    let mut turn = Duration::ZERO;
    let stops = |at: usize, turn: Duration| {
        let one = run.runs.get(at)?;
        let counts = one.process.is_some() || all && !matches!(one.state, State::Ended(_));
        let plan = one.plan.as_ref().filter(|_| counts)?;
        let pre_stop = plan.pre_stop().filter(|_| !grace.is_zero()).map_or(Duration::ZERO, |hook| hook.takes);
        let lived = one.process.map_or(Duration::ZERO, |process| now.since(process));
        let stop = plan.stop_after(lived.saturating_add(pre_stop));
        let (after, killed) = end_after(pre_stop, turn, stop, grace);
        let term = since + pre_stop.max(turn).min(grace);
        Some(match one.stopping {
            // One that was being stopped already ends when it would have.
            Some(Stopping { term, killed, .. }) if one.due < since + after => {
                (one.due.since(since), EndOf { at, term, ends: one.due, killed })
            }
            _ => (after, EndOf { at, term, ends: since + after, killed }),
        })
    };
    let sidecar = |at: &usize| is_sidecar_at(pod, *at);
    for at in (0..run.runs.len()).filter(|at| !sidecar(at)) {
        if let Some((after, end)) = stops(at, Duration::ZERO) {
            turn = turn.max(after);
            ends.push(end);
        }
    }
    for at in (0..run.inits).rev().filter(sidecar) {
        if let Some((after, end)) = stops(at, turn) {
            turn = turn.max(after);
            ends.push(end);
        }
    }
    ends
}

fn delete(pod: &Pod, api: &mut Api, context: &mut Context<'_>) {
    let meta = &pod.metadata;
    let key = ObjectKey { kind: words::pod(), namespace: meta.namespace.clone(), name: meta.name.clone() };
    let options = DeleteOptions { grace: Some(0), uid: Some(meta.uid), ..DeleteOptions::default() };
    // Gone already: somebody deleted it by force.
    let _ = api.delete(&key, &options, context);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hooks_and_turns_are_part_of_the_grace() {
        let seconds = Duration::from_secs;
        let end = |pre_stop, turn, stop, grace| {
            let (after, killed) = end_after(seconds(pre_stop), seconds(turn), seconds(stop), seconds(grace));
            (after.as_secs(), killed)
        };
        assert_eq!(end(0, 0, 1, 30), (1, false));
        assert_eq!(end(0, 0, 99, 30), (30, true));
        assert_eq!(end(10, 0, 5, 30), (15, false));
        assert_eq!(end(10, 0, 99, 30), (30, true));
        // The hook took all of it: two seconds are left in any case.
        assert_eq!(end(60, 0, 1, 30), (31, false));
        assert_eq!(end(60, 0, 99, 30), (32, true));
        assert_eq!(end(0, 20, 5, 30), (25, false));
        assert_eq!(end(0, 30, 5, 30), (32, true));
    }
}
