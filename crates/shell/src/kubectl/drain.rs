//! `kubectl drain` (k8s.io/kubectl/pkg/drain).

use opscape_cluster::{DeleteOptions, Request};
use opscape_manifest::api::{Object, Uid};
use opscape_sim::Time;

use super::delete::DryRun;
use super::mutate::{cordon_node, nodes};
use super::print::{list, text};
use super::target::Target;
use super::{Call, Failure, Next, Outcome, Waiter};
use crate::process::Poll;

pub(super) const FLAGS: &str = "ignore-daemonsets! delete-emptydir-data! force! grace-period# timeout~ l|selector= \
    pod-selector= disable-eviction! skip-wait-for-delete-timeout# chunk-size# dry-run?unchanged";

/// How long an eviction that a disruption budget refused waits for its next try.
const RETRY: u64 = 5_000_000;
/// How often kubectl looks whether an evicted pod is gone.
const POLL: u64 = 1_000_000;

/// A pod that has to go.
#[derive(Clone)]
struct Leaving {
    namespace: String,
    name: String,
    uid: Uid,
    /// Evicted, and waited for; before that, an eviction is tried.
    evicted: bool,
    /// When it is looked after next.
    next: Time,
}

#[derive(Clone)]
struct Draining {
    rest: Vec<(Target, Object)>,
    node: Option<String>,
    pods: Vec<Leaving>,
    deadline: Option<Time>,
}

pub(super) fn run(call: &mut Call<'_, '_>) -> Outcome {
    let dry_run = call.dry_run()?;
    let (mut found, failures) = nodes(call)?;
    Failure::all(failures)?;
    for (target, object) in &found {
        cordon_node(target, object, false, dry_run, call)?;
    }
    if dry_run != DryRun::No {
        for (target, _) in &found {
            let line = format!("{} drained{}", target.label(), dry_run.suffix());
            call.say(&line);
        }
        return Ok(Next::Done);
    }
    found.reverse();
    let timeout =
        call.flags.duration("timeout").and_then(|span| u64::try_from(span).ok()).filter(|span| *span > 0);
    let deadline = timeout.map(|span| Time(call.scope.world.now().0.saturating_add(span)));
    Ok(Next::Wait(Box::new(Draining { rest: found, node: None, pods: Vec::new(), deadline })))
}

/// What keeps pods on a node, in the order in which kubectl names it.
#[derive(Default)]
struct Verdicts {
    leaving: Vec<Leaving>,
    errors: Vec<(&'static str, Vec<String>)>,
    warnings: Vec<(&'static str, Vec<String>)>,
}

fn note(list: &mut Vec<(&'static str, Vec<String>)>, why: &'static str, pod: String) {
    match list.iter_mut().find(|(known, _)| *known == why) {
        Some((_, pods)) => pods.push(pod),
        None => list.push((why, vec![pod])),
    }
}

const UNMANAGED: &str = "cannot delete Pods that declare no controller (use --force to override)";
const DAEMON: &str = "cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore)";
const LOCAL: &str = "cannot delete Pods with local storage (use --delete-emptydir-data to override)";

fn verdicts(node: &str, call: &Call<'_, '_>) -> Verdicts {
    let store = call.scope.world.cluster().store();
    let mut found = Verdicts::default();
    let force = call.flags.truth("force");
    for pod in store.pods_on(node) {
        let value = opscape_manifest::api::Resource::into_object(pod.clone());
        let value = Object::to_value(&value);
        let id = format!("{}/{}", pod.metadata.namespace, pod.metadata.name);
        let phase = text(&value, "status.phase");
        let finished = matches!(phase, "Succeeded" | "Failed");
        if pod.metadata.annotation("kubernetes.io/config.mirror").is_some() {
            continue;
        }
        let controller = pod.metadata.controller();
        if !finished && controller.is_some_and(|owner| *owner.kind == *"DaemonSet") {
            if call.flags.truth("ignore-daemonsets") {
                note(&mut found.warnings, "ignoring DaemonSet-managed Pods", id);
            } else {
                note(&mut found.errors, DAEMON, id);
            }
            continue;
        }
        let local = list(&value, "spec.volumes").iter().any(|volume| volume.get("emptyDir").is_some());
        if local && !finished && !call.flags.truth("delete-emptydir-data") {
            note(&mut found.errors, LOCAL, id);
            continue;
        }
        if controller.is_none() && !finished {
            if !force {
                note(&mut found.errors, UNMANAGED, id);
                continue;
            }
            note(&mut found.warnings, "deleting Pods that declare no controller", id);
        }
        found.leaving.push(Leaving {
            namespace: pod.metadata.namespace.to_string(),
            name: pod.metadata.name.to_string(),
            uid: pod.metadata.uid,
            evicted: false,
            next: Time::ZERO,
        });
    }
    found
}

impl Draining {
    /// Begins with the next node.
    fn begin(&mut self, call: &mut Call<'_, '_>) -> Result<bool, Failure> {
        let Some((target, _)) = self.rest.pop() else { return Ok(false) };
        let found = verdicts(&target.name, call);
        let line = |(why, pods): &(&str, Vec<String>)| format!("{why}: {}", pods.join(", "));
        if !found.errors.is_empty() {
            let errors: Vec<String> = found.errors.iter().map(line).collect();
            let all = match errors.as_slice() {
                [one] => one.clone(),
                several => format!("[{}]", several.join(", ")),
            };
            call.warn(&format!(
                "error: unable to drain node \"{}\" due to error: {all}, continuing command...",
                target.name
            ));
            call.warn("There are pending nodes to be drained:");
            call.warn(&format!(" {}", target.name));
            for (rest, _) in self.rest.iter().rev() {
                call.warn(&format!(" {}", rest.name));
            }
            return Err(Failure::Raw(errors.join("\n")));
        }
        if !found.warnings.is_empty() {
            let warnings: Vec<String> = found.warnings.iter().map(line).collect();
            call.warn(&format!("Warning: {}", warnings.join("; ")));
        }
        self.pods = found.leaving;
        self.node = Some(target.name);
        Ok(true)
    }

    /// Evicts what has to be evicted now, and forgets what is gone.
    fn work(&mut self, call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let now = call.scope.world.now();
        let grace = call.flags.number("grace-period").filter(|grace| *grace >= 0);
        let direct = call.flags.truth("disable-eviction");
        for pod in self.pods.iter_mut().filter(|pod| !pod.evicted && pod.next <= now) {
            let verb = if direct { "deleting" } else { "evicting" };
            call.io.out(&format!("{verb} pod {}/{}\n", pod.namespace, pod.name));
            let options = DeleteOptions { grace, ..DeleteOptions::default() };
            let (namespace, name) = (pod.namespace.as_str().into(), pod.name.as_str().into());
            let request = if direct {
                let key = opscape_manifest::api::ObjectKey { kind: "Pod".into(), namespace, name };
                Request::Delete(key, options)
            } else {
                Request::Evict { namespace, name, options }
            };
            match call.scope.world.request(request) {
                Err(status) if status.code == 429 => {
                    call.io.err(&format!(
                        "error when evicting pods/\"{}\" -n \"{}\" (will retry after 5s): {}\n",
                        pod.name, pod.namespace, status.message
                    ));
                    pod.next = Time(now.0.saturating_add(RETRY));
                }
                Err(status) if !status.is_not_found() => return Err(Failure::Api(status)),
                _ => pod.evicted = true,
            }
        }
        let store = call.scope.world.cluster().store();
        let mut gone = Vec::new();
        self.pods.retain_mut(|pod| {
            if !pod.evicted || pod.next > now {
                return true;
            }
            pod.next = Time(now.0.saturating_add(POLL));
            let there = store.by_uid(pod.uid).is_some();
            if !there {
                gone.push(pod.name.clone());
            }
            there
        });
        for name in gone {
            let verb = if direct { "deleted" } else { "evicted" };
            call.say(&format!("pod/{name} {verb}"));
        }
        Ok(())
    }
}

impl Waiter for Draining {
    fn poll(&mut self, call: &mut Call<'_, '_>) -> Result<Poll, Failure> {
        loop {
            if self.node.is_none() && !self.begin(call)? {
                return Ok(Poll::Done(0));
            }
            self.work(call)?;
            if self.pods.is_empty() {
                if let Some(node) = self.node.take() {
                    call.say(&format!("node/{node} drained"));
                }
                continue;
            }
            let now = call.scope.world.now();
            if self.deadline.is_some_and(|deadline| now >= deadline) {
                let names: Vec<String> = self.pods.iter().map(|pod| pod.name.clone()).collect();
                let why =
                    format!("drain did not complete within {}", call.flags.text("timeout").unwrap_or(""));
                let node = self.node.take().unwrap_or_default();
                call.warn("There are pending pods in node when an error occurred: ");
                for name in &names {
                    call.warn(&format!("pod/{name}"));
                }
                return Err(Failure::Words(format!(
                    "unable to drain node \"{node}\" due to error: {why}, continuing command...\nThere are pending nodes to be drained:\n {node}\nerror: {why}"
                )));
            }
            let next = self.pods.iter().map(|pod| pod.next).min();
            return Ok(Poll::Waiting([next, self.deadline].into_iter().flatten().min()));
        }
    }
}
