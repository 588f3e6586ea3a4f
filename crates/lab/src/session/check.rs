//! A lab's own checks: what must hold, and when.

use opscape_cluster::{Cluster, Store};
use opscape_manifest::api::Object;
use opscape_manifest::lab::{Check, LabSpec};
use opscape_manifest::print;
use opscape_manifest::selector::Selector;
use opscape_sim::Time;

use super::{Session, measure, path};
use crate::world::LabModel;

/// How a check stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckState {
    /// Its time has not come.
    Open,
    /// It holds, or held in time.
    Passed,
    /// It did not hold at its time, or not within it.
    Failed,
}

/// A check and how it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckReport {
    /// Its number in the Lab document, from 0.
    pub index: usize,
    /// How it stands.
    pub state: CheckState,
    /// When that was decided, or will be at the latest.
    pub at: Time,
    /// What was seen last.
    pub seen: String,
    /// As `deployment/web {.status.readyReplicas} == 3`.
    pub wanted: String,
}

/// Without `at` and `within`, a check has to hold at the end of the run.
const DEFAULT_END: Time = Time::secs(300);

/// When a run of a lab ends by itself: `until`, or a while after the last step and check.
pub fn end_of(spec: &LabSpec) -> Time {
    let time =
        |duration: &opscape_manifest::lab::Duration| Time(u64::try_from(duration.0).unwrap_or_default());
    if let Some(until) = &spec.until {
        return time(until);
    }
    let steps = spec.steps.iter().map(|step| match step.when {
        Some(_) => Time(time(&step.at).0 + DEFAULT_END.0),
        None => Time(time(&step.at).0 + 60_000_000),
    });
    let checks =
        spec.checks.iter().flat_map(|check| [check.at.as_ref(), check.within.as_ref()]).flatten().map(time);
    steps.chain(checks).max().unwrap_or(DEFAULT_END)
}

impl Session {
    /// Plays from the present instant to the end of the lab, and says how each check came out.
    pub fn run_checks(&mut self) -> Vec<CheckReport> {
        let spec = self.spec().clone();
        let end = end_of(&spec);
        let time =
            |duration: opscape_manifest::lab::Duration| Time(u64::try_from(duration.0).unwrap_or_default());
        let mut reports: Vec<CheckReport> = spec
            .checks
            .iter()
            .enumerate()
            .map(|(index, check)| CheckReport {
                index,
                state: CheckState::Open,
                at: check.at.or(check.within).map_or(end, time),
                seen: String::new(),
                wanted: describe(check),
            })
            .collect();
        loop {
            // Checks "within" are looked at after every change, the others at their time.
            let due = reports
                .iter()
                .filter(|report| report.state == CheckState::Open)
                .map(|report| report.at)
                .min();
            let Some(due) = due else { return reports };
            let next = self.timeline.next_change().unwrap_or(Time::FAR);
            if next <= due {
                self.timeline.advance(next, &mut || true);
            } else {
                self.timeline.advance(due.max(self.now()), &mut || true);
            }
            let (now, is_due) = (self.now(), next > due);
            for (report, check) in reports.iter_mut().zip(&spec.checks) {
                let eventually = check.within.is_some() && check.at.is_none();
                let decided_now = is_due && report.at <= now;
                if report.state != CheckState::Open || !(eventually || decided_now) {
                    continue;
                }
                let (holds, seen) = evaluate(check, self.model(), now);
                report.seen = seen;
                if holds {
                    (report.state, report.at) = (CheckState::Passed, now);
                } else if decided_now {
                    report.state = CheckState::Failed;
                }
            }
        }
    }
}

/// Whether a check holds in this world now, and what was seen.
pub fn evaluate(check: &Check, model: &LabModel, now: Time) -> (bool, String) {
    let seen = if check.measure.is_some() {
        measure::measured(check, model, now)
    } else if check.route.is_some() {
        measure::routed(check, model)
    } else {
        look(check, model.cluster())
    };
    let wanted = match &check.value {
        Some(value) => value.as_str().map_or_else(|| print::to_json(value), str::to_owned),
        // Without a value: it is there.
        None => return (!seen.is_empty() && seen != "0", seen),
    };
    // Where nothing was measured there is nothing to compare.
    (!(seen.is_empty() && check.measure.is_some()) && check.op.holds(&seen, &wanted), seen)
}

fn look(check: &Check, cluster: &Cluster) -> String {
    let namespace = check.namespace.as_deref().unwrap_or("default");
    let (resource, name) = match check.get.split_once('/') {
        Some((resource, name)) => (resource, Some(name)),
        None => (&*check.get, None),
    };
    let objects = match name {
        Some(name) => find(cluster.store(), resource, namespace, name).into_iter().collect(),
        None => list(cluster.store(), resource, namespace, check.selector.as_deref()),
    };
    match &check.json_path {
        None => objects.len().to_string(),
        Some(path) => objects
            .iter()
            .map(|object| path::print(path, &path::value_of(object)))
            .collect::<Vec<_>>()
            .join(" "),
    }
}

/// The kind of a resource as kubectl takes it: `pods`, `pod`, `po`.
fn kind_of(resource: &str) -> (String, bool) {
    let resource = resource.split('.').next().unwrap_or(resource);
    let found = opscape_cluster::kind_called(resource);
    found.map_or_else(|| (resource.to_owned(), true), |(kind, namespaced)| (kind.to_owned(), namespaced))
}

fn find(store: &Store, resource: &str, namespace: &str, name: &str) -> Option<Object> {
    let (kind, namespaced) = kind_of(resource);
    store.object(&kind, if namespaced { namespace } else { "" }, name)
}

fn list(store: &Store, resource: &str, namespace: &str, selector: Option<&str>) -> Vec<Object> {
    let (kind, namespaced) = kind_of(resource);
    let selector =
        selector.and_then(|text| Selector::parse(text).ok()).unwrap_or_else(|| Selector::new(Vec::new()));
    let mut objects = store.objects(&kind, namespaced.then_some(namespace));
    objects.retain(|object| selector.matches(&object.meta().labels));
    objects
}

pub(super) fn describe(check: &Check) -> String {
    let mut text = check.get.to_string();
    if let (Some(measure), Some(of)) = (&check.measure, &check.of) {
        text = [measure, " of ", of].concat();
        let spans = [(" over ", check.over), (" since ", check.since)];
        for (word, span) in spans.into_iter().filter_map(|(word, span)| Some((word, span?))) {
            text = [&text, word, &span.to_string()].concat();
        }
    }
    if let Some(url) = &check.route {
        text = [check.method.as_deref().unwrap_or("GET"), " ", url].concat();
        for (name, value) in &check.headers {
            text = [&text, " -H '", name, ": ", value, "'"].concat();
        }
    }
    if let Some(selector) = &check.selector {
        text = [&text, " -l ", selector].concat();
    }
    if let Some(path) = &check.json_path {
        text = [&text, " ", path].concat();
    }
    let value =
        check.value.as_ref().map(|value| value.as_str().map_or_else(|| print::to_json(value), str::to_owned));
    let op = opscape_manifest::lab::Op::ALL.get(check.op as usize).copied().unwrap_or_default();
    match value {
        Some(value) => [&text, " ", op, " ", &value].concat(),
        None => text,
    }
}
