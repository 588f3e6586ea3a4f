//! What the kubelets did, in words.

use opscape_cluster::kubelet::{Fact, Probing, What};
use opscape_manifest::api::{Pod, ReplicaSet};

use super::{Teller, named, told};
use crate::census;
use crate::inspect::{Mark, WhyRow};
use crate::words::{self, Rich};

/// What a chain has told already: of a container that ends again and again, the last time is enough.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "one for each kind of thing that is told once")]
pub(super) struct Seen {
    exits: bool,
    starts: bool,
    pulls: bool,
    stops: bool,
    unwell: bool,
}

/// What is seen next, in a few words.
pub(super) fn headline(teller: Teller<'_>, fact: &Fact) -> Option<Rich> {
    let object = named(&fact.pod.kind, &fact.pod.name);
    match &fact.what {
        What::Ready | What::Started { ready: true, .. } => {
            Some(teller.rich("next.ready", &[("object", &object)]))
        }
        What::Exited { code, reason, .. } => {
            let values = [("object", object.as_str()), ("reason", reason), ("code", &code.to_string())];
            Some(teller.rich("next.exited", &values))
        }
        What::NotReady { .. } => Some(teller.rich("next.not-ready", &[("object", &object)])),
        What::Unhealthy { probing, .. } => {
            Some(teller.rich("next.unhealthy", &[("object", &object), ("probe", &probe(teller, *probing))]))
        }
        _ => None,
    }
}

/// What a kubelet did with another pod than the one that is asked about: that it became ready matters, no more.
pub(super) fn elsewhere(teller: Teller<'_>, fact: &Fact) -> Option<WhyRow> {
    let ready = matches!(fact.what, What::Ready | What::Started { ready: true, .. });
    let text = teller.rich("why.became-ready", &[("pod", &fact.pod.name)]);
    ready.then(|| told(Mark::Step, text, Rich::default()))
}

impl Seen {
    /// The row about the state has told that the pod is ending.
    pub fn after(rows: &[WhyRow]) -> Seen {
        Seen { stops: rows.first().is_some_and(|row| row.mark == Mark::State), ..Seen::default() }
    }
}

pub(super) fn rows(teller: Teller<'_>, fact: &Fact, seen: &mut Seen) -> Vec<WhyRow> {
    let container = &*fact.container;
    let once = |flag: &mut bool| !std::mem::replace(flag, true);
    match &fact.what {
        What::PullFailed { image, message, again_at } if once(&mut seen.pulls) => {
            let text = teller.rich("why.pull-failed", &[("image", image), ("at", &teller.at(*again_at))]);
            vec![told(Mark::Failure, text, Rich::verbatim(message))]
        }
        What::Started { restarts, .. } if !seen.exits && once(&mut seen.starts) => {
            let values = [("container", container), ("n", &*restarts.to_string()), ("node", &*fact.node)];
            let key = if *restarts == 0 { "why.started" } else { "why.restarted" };
            vec![told(Mark::Step, teller.rich(key, &values), Rich::default())]
        }
        What::NotReady { failures, output } if once(&mut seen.unwell) => {
            let values = [("container", container), ("n", &*failures.to_string())];
            vec![told(Mark::Failure, teller.rich("why.not-ready", &values), Rich::verbatim(output))]
        }
        What::Unhealthy { probing, failures, output } if once(&mut seen.unwell) => {
            let probe = probe(teller, *probing);
            let values = [("container", container), ("probe", &probe), ("n", &*failures.to_string())];
            vec![told(Mark::Failure, teller.rich("why.unhealthy", &values), Rich::verbatim(output))]
        }
        What::HookFailed if once(&mut seen.unwell) => {
            let text = teller.rich("why.hook-failed", &[("container", container)]);
            vec![told(Mark::Failure, text, Rich::default())]
        }
        What::DeadlineExceeded { seconds } => {
            let text = teller.rich("why.deadline", &[("n", &seconds.to_string())]);
            vec![told(Mark::Failure, text, Rich::default())]
        }
        What::Exited { code, reason, memory_limit, .. } if once(&mut seen.exits) => {
            exited(teller, fact, *code, reason, *memory_limit)
        }
        What::Stopping { grace } if once(&mut seen.stops) => {
            let span = teller.span(std::time::Duration::from_secs(u64::try_from(*grace).unwrap_or_default()));
            let rule = teller.rich("why.rule.grace", &[("span", &span)]);
            vec![told(Mark::Step, teller.rich("why.stopping", &[]), rule)]
        }
        What::Stopped { killed: true } => {
            vec![told(Mark::Failure, teller.rich("why.killed", &[]), Rich::default())]
        }
        What::NodeStopped => {
            vec![told(
                Mark::Failure,
                teller.rich("why.node-stopped", &[("node", &fact.node)]),
                Rich::default(),
            )]
        }
        What::NodeStarted => {
            vec![told(Mark::Step, teller.rich("why.node-started", &[("node", &fact.node)]), Rich::default())]
        }
        _ => Vec::new(),
    }
}

/// A probe's name.
fn probe(teller: Teller<'_>, probing: Probing) -> String {
    let key = match probing {
        Probing::Startup => "why.probe.startup",
        Probing::Liveness => "why.probe.liveness",
        Probing::Readiness => "why.probe.readiness",
    };
    teller.rich(key, &[]).plain()
}

fn exited(teller: Teller<'_>, fact: &Fact, code: i32, reason: &str, limit: Option<i64>) -> Vec<WhyRow> {
    let code = code.to_string();
    let values = [("container", &*fact.container), ("reason", reason), ("code", &*code)];
    let Some(limit) = limit else {
        return vec![told(Mark::Failure, teller.rich("why.exited", &values), Rich::default())];
    };
    let pod = teller.model().cluster().store().typed_by_uid::<Pod>(fact.pod.uid);
    let container =
        pod.and_then(|pod| pod.spec.containers.iter().find(|container| container.name == fact.container));
    let image = container.map(|container| container.image.clone()).unwrap_or_default();
    let used =
        pod.zip(container).map_or(0, |(pod, container)| teller.model().images().memory_of(pod, container));
    let used = words::memory(i64::try_from(used).unwrap_or(i64::MAX));
    let need = needs(teller, &image);
    let rule = teller.rich("why.rule.memory", &[("used", &used), ("limit", &words::memory(limit))]);
    let mut rows = vec![told(Mark::Failure, teller.rich("why.killed-memory", &values), rule)];
    let before = older_image(teller, fact, &image);
    let text = match &before {
        Some(old) => {
            let needed = needs(teller, old);
            let old = census::image_label(old);
            teller.rich(
                "why.needs-more",
                &[("image", &image), ("need", &need), ("old", &old), ("needed", &needed)],
            )
        }
        None => teller.rich("why.needs", &[("image", &image), ("need", &need)]),
    };
    let rule = teller.rich("why.rule.limit", &[("limit", &words::memory(limit))]);
    let mut needs = told(Mark::Step, text, rule);
    needs.line = limit_line(teller, fact);
    rows.push(needs);
    rows
}

/// What an image holds once it has started: `104 Mi`, or `84–108 Mi` where containers differ.
fn needs(teller: Teller<'_>, image: &str) -> String {
    let (low, high) = teller.model().images().memory(image);
    let text = |bytes: u64| words::memory(i64::try_from(bytes).unwrap_or(i64::MAX));
    let (low, high) = (text(low), text(high));
    match (low.split_once(' '), high.split_once(' ')) {
        (Some((from, unit)), Some((_, same))) if unit == same && low != high => [from, "–", &high].concat(),
        _ => high,
    }
}

/// The image of the revision before the pod's.
fn older_image(teller: Teller<'_>, fact: &Fact, image: &str) -> Option<String> {
    let mark = teller.model().census().mark(fact.pod.uid)?;
    let workload = teller.model().census().workload(&mark.version.namespace, &mark.version.workload)?;
    let older = workload.revisions.iter().rev().find(|revision| revision.number < mark.version.revision)?;
    Some(older.image.to_string()).filter(|older| older != image)
}

/// The line of the text that sets the container's memory limit.
fn limit_line(teller: Teller<'_>, fact: &Fact) -> Option<crate::inspect::LineRef> {
    let store = teller.model().cluster().store();
    let pod = store.typed_by_uid::<Pod>(fact.pod.uid)?;
    let at = pod.spec.containers.iter().position(|container| container.name == fact.container)?;
    let owner = pod.metadata.controller();
    let set = owner.and_then(|owner| store.typed_by_uid::<ReplicaSet>(owner.uid));
    let (kind, name, path) = match set {
        Some(set) => {
            let top = set.metadata.controller();
            let kind = top.map_or("ReplicaSet", |top| &top.kind);
            (kind, top.map_or(&set.metadata.name, |top| &top.name), "spec.template.spec.")
        }
        None => ("Pod", &pod.metadata.name, "spec."),
    };
    let checked = opscape_manifest::check::check(teller.model().text());
    let document =
        checked.documents.iter().find(|document| document.kind() == kind && document.name() == &**name)?;
    let place = document.locate(&format!("{path}containers[{at}].resources.limits.memory"));
    let start = Some(place).filter(|place| place.exact)?.best().start;
    Some(crate::inspect::LineRef {
        file: document.file.clone().unwrap_or_default(),
        line: start.line,
        column: start.column,
    })
}
