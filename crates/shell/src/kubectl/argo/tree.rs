//! `kubectl argo rollouts get rollout`: a summary and a tree of revisions (pkg/kubectl-argo-rollouts/info, cmd/get).

use std::fmt::Write as _;

use opscape_cluster::rollouts;
use opscape_manifest::api::meta::{MicroTime, parse_rfc3339};
use opscape_manifest::api::pod::Pod;
use opscape_manifest::api::{AnalysisRun, Object, ReplicaSet, Resource, Rollout};
use opscape_manifest::{duration, order};
use opscape_sim::Time;

use super::{find, name_of, revision, runs, sets};
use crate::kubectl::{Call, Failure, Next, Outcome, Waiter};
use crate::output::tabs;
use crate::process::Poll;

pub(in crate::kubectl) const FLAGS: &str = "w|watch! no-color! timeout-seconds#";

/// What is said of a canary.
pub(super) struct CanaryInfo {
    pub step: String,
    pub set_weight: String,
    pub actual_weight: String,
}

/// `RolloutInfo`
pub(super) struct Info {
    pub phase: String,
    message: String,
    pub strategy: &'static str,
    pub canary: Option<CanaryInfo>,
}

impl Info {
    pub fn of(call: &Call<'_, '_>, rollout: &Rollout) -> Info {
        let (phase, message) = rollouts::phase(rollout);
        let canary = rollout.spec.strategy.canary.as_ref().map(|_| {
            let (step, index) = rollouts::replicas::current_step(rollout);
            let steps = rollouts::replicas::steps(rollout).len();
            let set = rollouts::replicas::set_weight(rollout);
            let available = rollout.status.available_replicas;
            let actual = if step.is_none() {
                100
            } else if available <= 0 {
                0
            } else if let Some(weights) = &rollout.status.canary.weights {
                weights.canary.weight
            } else {
                let sets = sets(call, rollout);
                let canary = sets.iter().find(|set| tags(rollout, set).contains(&"canary"));
                canary.map_or(0, |set| set.status.available_replicas * 100 / available)
            };
            CanaryInfo {
                step: index.map(|index| format!("{index}/{steps}")).unwrap_or_default(),
                set_weight: set.to_string(),
                actual_weight: actual.to_string(),
            }
        });
        let strategy = if canary.is_some() { "Canary" } else { "BlueGreen" };
        Info { phase, message, strategy, canary }
    }
}

fn icon(status: &str) -> &'static str {
    match status {
        "Progressing" | "Running" | "Pending" | "ContainerCreating" | "Terminating" | "PodInitializing" => {
            "◌"
        }
        "Healthy" | "Successful" => "✔",
        "Paused" => "॥",
        "Degraded" | "Failed" | "ReplicaFailure" => "✖",
        "Error" => "⚠",
        "ScaledDown" => "•",
        "Inconclusive" => "?",
        _ => " ",
    }
}

/// What a ReplicaSet is, as `stable`, `canary`.
fn tags(rollout: &Rollout, set: &ReplicaSet) -> Vec<&'static str> {
    let hash = set.metadata.label(rollouts::HASH).unwrap_or_default();
    let status = &rollout.status;
    let mut tags = Vec::new();
    if *status.stable_rs == *hash {
        tags.push("stable");
    }
    if rollout.spec.strategy.canary.is_some() {
        if *status.stable_rs != *hash && *status.current_pod_hash == *hash {
            tags.push("canary");
        }
    } else if *status.blue_green.active_selector == *hash {
        tags.push("active");
    } else if *status.blue_green.preview_selector == *hash {
        tags.push("preview");
    }
    tags
}

pub(in crate::kubectl) fn get(call: &mut Call<'_, '_>) -> Outcome {
    let name = name_of(call)?;
    let rollout = find(call, &name)?;
    show(call, &rollout);
    if !call.flags.truth("watch") {
        return Ok(Next::Done);
    }
    let seconds = call.flags.number("timeout-seconds").and_then(|seconds| u64::try_from(seconds).ok());
    let now = call.scope.world.now();
    let deadline = seconds.filter(|seconds| *seconds > 0).map(|seconds| Time(now.0 + seconds * 1_000_000));
    let version = call.scope.world.cluster().store().version();
    Ok(Next::Wait(Box::new(Watching { name, version, shown: now, deadline })))
}

/// Prints it anew when something of it changed, at most once a second.
#[derive(Clone)]
struct Watching {
    name: String,
    version: u64,
    shown: Time,
    deadline: Option<Time>,
}

impl Waiter for Watching {
    fn poll(&mut self, call: &mut Call<'_, '_>) -> Result<Poll, Failure> {
        let now = call.scope.world.now();
        if self.deadline.is_some_and(|deadline| now >= deadline) {
            return Ok(Poll::Done(0));
        }
        let next = Time(self.shown.0 + 1_000_000);
        let rollout = find(call, &self.name)?;
        let store = call.scope.world.cluster().store();
        let (own, version) = (rollout.metadata.uid, store.version());
        let of_set = |object: &Object| {
            let owner = object.meta().controller()?;
            if owner.uid == own {
                return Some(());
            }
            let set = store.typed_by_uid::<ReplicaSet>(owner.uid)?;
            set.metadata.controller().filter(|owner| owner.uid == own).map(|_| ())
        };
        let changed = store
            .changes_since(self.version)
            .any(|change| change.object.meta().uid == own || of_set(&change.object).is_some());
        if changed && now < next {
            return Ok(Poll::Waiting(Some(self.deadline.map_or(next, |deadline| deadline.min(next)))));
        }
        self.version = version;
        if changed {
            self.shown = now;
            call.say("");
            show(call, &rollout);
        }
        Ok(Poll::Waiting(self.deadline))
    }
}

fn show(call: &mut Call<'_, '_>, rollout: &Rollout) {
    let info = Info::of(call, rollout);
    let sets = sets(call, rollout);
    let mut out = String::new();
    let mut line = |key: &str, value: &str| {
        let _ = writeln!(out, "{key:<17}{value}");
    };
    line("Name:", &rollout.metadata.name);
    line("Namespace:", &rollout.metadata.namespace);
    line("Status:", &format!("{} {}", icon(&info.phase), info.phase));
    if !info.message.is_empty() {
        line("Message:", &info.message);
    }
    line("Strategy:", info.strategy);
    if let Some(canary) = &info.canary {
        line("  Step:", &canary.step);
        line("  SetWeight:", &canary.set_weight);
        line("  ActualWeight:", &canary.actual_weight);
    }
    for (at, (image, tags)) in images(rollout, &sets).iter().enumerate() {
        let shown = if tags.is_empty() { image.clone() } else { format!("{image} ({})", tags.join(", ")) };
        line(if at == 0 { "Images:" } else { "" }, &shown);
    }
    let status = &rollout.status;
    let wanted = rollouts::replicas::wanted(rollout);
    line("Replicas:", "");
    let counts = [
        ("  Desired:", wanted),
        ("  Current:", status.replicas),
        ("  Updated:", status.updated_replicas),
        ("  Ready:", status.ready_replicas),
        ("  Available:", status.available_replicas),
    ];
    for (key, count) in counts {
        line(key, &count.to_string());
    }
    let out = out.replace("Replicas:        \n", "Replicas:\n");
    call.io.out(&out);
    call.io.out("\n");
    let rows = rows(call, rollout, &info, &sets);
    call.io.out(&tabs::align(&rows, tabs::DESCRIBE, None));
}

/// Images of ReplicaSets that have pods, with what they are.
fn images(rollout: &Rollout, sets: &[std::sync::Arc<ReplicaSet>]) -> Vec<(String, Vec<&'static str>)> {
    let mut images: Vec<(String, Vec<&'static str>)> = Vec::new();
    for set in sets.iter().filter(|set| set.status.replicas > 0) {
        for container in &set.spec.template.spec.containers {
            let known = images.iter().position(|(image, _)| **image == *container.image);
            let at = known.unwrap_or_else(|| {
                images.push((container.image.to_string(), Vec::new()));
                images.len() - 1
            });
            let Some((_, known)) = images.get_mut(at) else { continue };
            for tag in tags(rollout, set) {
                if !known.contains(&tag) {
                    known.push(tag);
                }
            }
            order::sort_by(known, Ord::cmp);
        }
    }
    order::sort_by(&mut images, |a, b| a.0.cmp(&b.0));
    images
}

/// The prefixes of a branch and of what is below it (`getPrefixes`).
fn branch(last: bool, prefix: &str) -> (String, String) {
    if last {
        ([prefix, "└──"].concat(), [prefix, "   "].concat())
    } else {
        ([prefix, "├──"].concat(), [prefix, "│  "].concat())
    }
}

struct Tree<'a> {
    now: MicroTime,
    out: String,
    rollout: &'a Rollout,
}

impl Tree<'_> {
    fn row(&mut self, prefix: &str, name: &str, cells: [&str; 4]) {
        let [kind, status, age, info] = cells;
        let status = if status.is_empty() { " ".to_owned() } else { format!("{} {status}", icon(status)) };
        let _ = writeln!(self.out, "{prefix}{name}\t{kind}\t{status}\t{age}\t{info}");
    }

    fn age<T: Resource>(&self, object: &T) -> String {
        let created = object.meta().creation_timestamp.unwrap_or_default();
        duration::age((self.now.0 - created.0 * 1_000_000) as f64 / 1e6)
    }

    fn set(&mut self, set: &ReplicaSet, pods: &[std::sync::Arc<Pod>], prefix: &str, below: &str) {
        let mut info: Vec<String> = tags(self.rollout, set).into_iter().map(str::to_owned).collect();
        if let Some(at) = set.metadata.annotation(rollouts::SCALE_DOWN_DEADLINE).and_then(parse_rfc3339) {
            let left = (at - self.now.0) as f64 / 1e6;
            let left = if left < 0.0 { "passed".to_owned() } else { duration::age(left) };
            info.push(format!("delay:{left}"));
        }
        let wanted = set.spec.replicas.unwrap_or(1);
        let failure =
            set.status.conditions.iter().any(|one| &*one.kind == "ReplicaFailure" && &*one.status == "True");
        let status = if set.metadata.generation > set.status.observed_generation {
            "Progressing"
        } else if failure {
            "ReplicaFailure"
        } else if set.status.available_replicas < wanted {
            "Progressing"
        } else if wanted == 0 {
            "ScaledDown"
        } else {
            "Healthy"
        };
        let age = self.age(set);
        let name = format!("⧉ {}", set.metadata.name);
        self.row(prefix, &name, ["ReplicaSet", status, &age, &info.join(",")]);
        for (at, pod) in pods.iter().enumerate() {
            let (prefix, _) = branch(at + 1 == pods.len(), below);
            self.pod(pod, &prefix);
        }
    }

    fn pod(&mut self, pod: &Pod, prefix: &str) {
        let word = opscape_lab::census::pod_word(pod);
        let statuses = &pod.status.container_statuses;
        let ready = statuses.iter().filter(|status| status.ready).count();
        let restarts: i32 = statuses.iter().map(|status| status.restart_count).sum();
        let mut info = format!("ready:{ready}/{}", pod.spec.containers.len());
        if restarts > 0 {
            let _ = write!(info, ",restarts:{restarts}");
        }
        let sign = match &*word {
            "Running" | "Completed" => "✔",
            "Pending" | "Terminating" | "ContainerCreating" | "PodInitializing" => "◌",
            word if word.contains("Error") || word.contains("BackOff") => "✖",
            _ => "⚠",
        };
        let age = self.age(pod);
        let _ = writeln!(self.out, "{prefix}□ {}\tPod\t{sign} {word}\t{age}\t{info}", pod.metadata.name);
    }

    fn run(&mut self, run: &AnalysisRun, prefix: &str) {
        let sum = |of: fn(&opscape_manifest::api::analysis::MetricResult) -> i32| -> i32 {
            run.status.metric_results.iter().map(of).sum()
        };
        let counts = [
            ("✔", sum(|result| result.successful)),
            ("✖", sum(|result| result.failed)),
            ("?", sum(|result| result.inconclusive)),
            ("⚠", sum(|result| result.error)),
        ];
        let info = counts.iter().filter(|(_, count)| *count > 0);
        let info: Vec<String> = info.map(|(sign, count)| format!("{sign} {count}")).collect();
        let age = self.age(run);
        let name = format!("α {}", run.metadata.name);
        self.row(prefix, &name, ["AnalysisRun", &run.status.phase, &age, &info.join(",")]);
    }
}

/// `PrintRolloutTree`
fn rows(call: &Call<'_, '_>, rollout: &Rollout, info: &Info, sets: &[std::sync::Arc<ReplicaSet>]) -> String {
    let store = call.scope.world.cluster().store();
    let runs = runs(call, rollout);
    let mut tree = Tree { now: call.scope.utc(), out: "NAME\tKIND\tSTATUS\tAGE\tINFO\n".to_owned(), rollout };
    let age = tree.age(rollout);
    tree.row("", &format!("⟳ {}", rollout.metadata.name), ["Rollout", &info.phase, &age, ""]);
    let of_run = |run: &AnalysisRun| -> i64 {
        run.metadata.annotation(rollouts::REVISION).and_then(|text| text.parse().ok()).unwrap_or(0)
    };
    let mut revisions: Vec<i64> = sets.iter().map(|set| revision(set)).collect();
    revisions.extend(runs.iter().map(|run| of_run(run)));
    order::sort_by(&mut revisions, |a, b| b.cmp(a));
    revisions.dedup();
    for (at, number) in revisions.iter().enumerate() {
        let (prefix, below) = branch(at + 1 == revisions.len(), "");
        tree.row(&prefix, &format!("# revision:{number}"), ["", "", "", ""]);
        let sets: Vec<_> = sets.iter().filter(|set| revision(set) == *number).collect();
        let runs: Vec<_> = runs.iter().filter(|run| of_run(run) == *number).collect();
        let total = sets.len() + runs.len();
        for (at, set) in sets.iter().enumerate() {
            let mut pods: Vec<std::sync::Arc<Pod>> = store
                .owned_by(set.metadata.uid)
                .filter_map(|object| if let Object::Pod(pod) = object { Some(pod.clone()) } else { None })
                .collect();
            order::sort_by(&mut pods, |a, b| {
                let key = |pod: &Pod| (pod.metadata.creation_timestamp, pod.metadata.name.clone());
                key(a).cmp(&key(b))
            });
            let (prefix, below) = branch(at + 1 == total, &below);
            tree.set(set, &pods, &prefix, &below);
        }
        for (at, run) in runs.iter().enumerate() {
            let (prefix, _) = branch(sets.len() + at + 1 == total, &below);
            tree.run(run, &prefix);
        }
    }
    tree.out
}
