//! The charts of a thing.

use opscape_manifest::api::{Node, Pod};
use opscape_manifest::quantity::Quantity;
use opscape_network::telemetry::{Point, Series, Subject};
use opscape_sim::{Log, Time};

use super::bins::{Bins, Frame};
use super::choices::{Choice, Group};
use super::{Line, Look, Panel, Unit};
use crate::tracks::Step;
use crate::words::text;
use crate::world::LabModel;

/// Names of the kinds of failures, as telemetry numbers them; those of letters are keys.
const FAILURES: &[&str] =
    &["4xx", "5xx", "502", "503", "504", "charts.refused", "charts.reset", "charts.timed-out"];

/// The charts of a choice.
pub(super) fn of(choice: &Choice, model: &LabModel, frame: Frame) -> Vec<Panel> {
    match choice.group {
        Group::Autoscaler => autoscaler(choice, model, frame),
        Group::Node => node(choice, model, frame),
        Group::Workload => workload(choice, model, frame),
        _ => requests(choice, model, frame),
    }
}

/// What was measured of a subject.
struct Measured {
    bins: Bins,
    points: Vec<Point>,
}

impl Measured {
    fn of(subject: &Subject, model: &LabModel, frame: Frame) -> Measured {
        let telemetry = model.traffic().telemetry();
        let series = telemetry.series(subject);
        // Where nobody asks anything, nothing is counted either, up to the present.
        let second = u32::try_from(frame.known_until.0 / 1_000_000).unwrap_or(u32::MAX);
        let second = if model.traffic().is_active() { second.max(telemetry.second()) } else { 0 };
        let bins = Bins::new(frame, series.map_or(1, Series::span), second);
        Measured { bins, points: bins.points(series) }
    }

    fn line(&self, name: String, look: Look, value: impl Fn(&Point) -> Option<f64>) -> Line {
        Line { name, look, values: self.points.iter().map(value).collect() }
    }

    fn panel(&self, title: &'static str, unit: Unit, lines: Vec<Line>) -> Panel {
        Panel { title, unit, stepped: false, times: self.bins.times(), lines }
    }
}

fn per_second(amount: u64, point: &Point) -> f64 {
    amount as f64 / f64::from(point.span.max(1))
}

/// Of the requests of a bin; none where there were none.
fn quantile(point: &Point, share: f64) -> Option<f64> {
    (!point.durations.is_empty()).then(|| point.durations.quantile(share) / 1e3)
}

/// Thousandths of a core.
fn millicores(point: &Point) -> f64 {
    per_second(point.cpu, point) / 1e3
}

/// Rate, errors, duration; and CPU of what computes.
fn requests(choice: &Choice, model: &LabModel, frame: Frame) -> Vec<Panel> {
    let Some(subject) = choice.subjects.first() else { return Vec::new() };
    let measured = Measured::of(subject, model, frame);
    let name = |key: &'static str| text(frame.lang, key).to_owned();
    let own = match subject {
        Subject::Version(namespace, workload, revision) => {
            Look::Revision(model.census().colour(namespace, workload, *revision))
        }
        _ => Look::Ink(1),
    };
    let rate = measured.line(name("charts.requests"), own, |point| Some(per_second(point.count, point)));
    let mut panels = vec![measured.panel("charts.rate", Unit::PerSecond, vec![rate])];
    let mut failures = Vec::new();
    for (kind, label) in FAILURES.iter().enumerate() {
        let count = |point: &Point| point.failed.get(kind).copied().unwrap_or_default();
        if measured.points.iter().any(|point| count(point) > 0) {
            let label = if label.starts_with("charts.") { text(frame.lang, label) } else { label };
            // A client's mistake is nobody's failure.
            let look = if kind == 0 { Look::Ink(2) } else { Look::Failure(failures.len() as u8) };
            let value = |point: &Point| Some(per_second(u64::from(count(point)), point));
            failures.push(measured.line((*label).to_owned(), look, value));
        }
    }
    if failures.is_empty() {
        failures.push(measured.line(name("charts.failed"), Look::Failure(0), |_| Some(0.0)));
    }
    panels.push(measured.panel("charts.errors", Unit::PerSecond, failures));
    let durations = [("p50", 0.5, Look::Ink(3)), ("p90", 0.9, Look::Ink(2)), ("p99", 0.99, Look::Ink(1))];
    let durations = durations
        .map(|(label, share, look)| measured.line(label.to_owned(), look, |point| quantile(point, share)));
    panels.push(measured.panel("charts.duration", Unit::Milliseconds, durations.into()));
    if matches!(subject, Subject::Pod(_) | Subject::Version(..)) {
        let mut lines = vec![measured.line(name("charts.used"), own, |point| Some(millicores(point)))];
        lines.extend(amounts(subject, model, frame, &measured));
        panels.push(measured.panel("charts.cpu", Unit::Millicores, lines));
    }
    panels
}

/// What a pod requests of CPU, and its limit.
fn amounts(subject: &Subject, model: &LabModel, frame: Frame, measured: &Measured) -> Vec<Line> {
    let Subject::Pod(uid) = subject else { return Vec::new() };
    let Some(pod) = model.cluster().store().typed_by_uid::<Pod>(*uid) else { return Vec::new() };
    let sum = |limit: bool| -> f64 {
        let lists = pod.spec.containers.iter().map(|container| {
            let resources = &container.resources;
            if limit { &resources.limits } else { &resources.requests }
        });
        lists.filter_map(|list| list.get("cpu")).map(Quantity::milli_value).sum::<i64>() as f64
    };
    let lines = [("charts.requested", sum(false)), ("charts.limit", sum(true))];
    let lines = lines.into_iter().filter(|(_, amount)| *amount > 0.0);
    lines
        .map(|(key, amount)| measured.line(text(frame.lang, key).to_owned(), Look::Target, |_| Some(amount)))
        .collect()
}

/// The versions of a workload side by side.
fn workload(choice: &Choice, model: &LabModel, frame: Frame) -> Vec<Panel> {
    let versions: Vec<(u32, Look, Measured)> = choice
        .subjects
        .iter()
        .filter_map(|subject| match subject {
            Subject::Version(namespace, name, revision) => {
                let look = Look::Revision(model.census().colour(namespace, name, *revision));
                Some((*revision, look, Measured::of(subject, model, frame)))
            }
            _ => None,
        })
        .collect();
    let panel = |title: &'static str, unit: Unit, value: fn(&Point) -> Option<f64>| {
        let line = |(revision, look, measured): &(u32, Look, Measured)| {
            let name =
                if *revision == 0 { choice.name.clone() } else { ["v", &revision.to_string()].concat() };
            measured.line(name, *look, value)
        };
        let (_, _, first) = versions.first()?;
        Some(first.panel(title, unit, versions.iter().map(line).collect()))
    };
    let panels = [
        panel("charts.rate", Unit::PerSecond, |point| Some(per_second(point.count, point))),
        panel("charts.errors", Unit::PerSecond, |point| Some(per_second(point.errors(), point))),
        panel("charts.p99", Unit::Milliseconds, |point| quantile(point, 0.99)),
        panel("charts.cpu", Unit::Millicores, |point| Some(millicores(point))),
    ];
    panels.into_iter().flatten().collect()
}

/// Utilisation and saturation.
fn node(choice: &Choice, model: &LabModel, frame: Frame) -> Vec<Panel> {
    let Some(subject @ Subject::Node(name)) = choice.subjects.first() else { return Vec::new() };
    let measured = Measured::of(subject, model, frame);
    let said = |key: &'static str| text(frame.lang, key).to_owned();
    let node = model.cluster().store().get::<Node>("", name);
    let capacity = node.and_then(|node| node.status.allocatable.get("cpu")).map_or(0, Quantity::milli_value);
    let percent = |milli: f64| (capacity > 0).then(|| milli * 100.0 / capacity as f64);
    let requested = model.census().node(name).map_or(0, |tally| tally.requests.cpu) as f64;
    let used = measured.line(said("charts.used"), Look::Ink(1), |point| percent(millicores(point)));
    let reserved = measured.line(said("charts.requested-now"), Look::Target, |_| percent(requested));
    let waiting = |point: &Point| Some(per_second(point.throttled, point) / 1e3);
    let waited = measured.line(said("charts.waiting"), Look::Failure(0), waiting);
    vec![
        measured.panel("charts.utilisation", Unit::Percent, vec![used, reserved]),
        measured.panel("charts.saturation", Unit::Milliseconds, vec![waited]),
    ]
}

/// What an autoscaler saw against what it aims at, and replicas.
fn autoscaler(choice: &Choice, model: &LabModel, frame: Frame) -> Vec<Panel> {
    let mut parts = choice.id.splitn(3, '/').skip(1);
    let (namespace, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let known = model.census().autoscalers();
    let Some(one) = known.iter().find(|one| *one.namespace == *namespace && *one.name == *name) else {
        return Vec::new();
    };
    let said = |key: &'static str| text(frame.lang, key).to_owned();
    let unit = match (one.percent, &*one.of) {
        (true, _) => Unit::Percent,
        (false, "cpu") => Unit::Millicores,
        _ => Unit::Count,
    };
    let scale = if unit == Unit::Count { 1e-3 } else { 1.0 };
    let target = (said("charts.target"), Look::Target);
    vec![
        stepped(
            "charts.metric",
            unit,
            &one.metric,
            frame,
            scale,
            [(one.of.to_string(), Look::Ink(1)), target],
        ),
        stepped(
            "charts.replicas",
            Unit::Count,
            &one.replicas,
            frame,
            1.0,
            [(said("charts.there"), Look::Ink(1)), (said("charts.desired"), Look::Target)],
        ),
    ]
}

/// A chart of steps: `ready` is the first line, `not_ready` the second.
fn stepped(
    title: &'static str,
    unit: Unit,
    log: &Log<Step>,
    frame: Frame,
    scale: f64,
    names: [(String, Look); 2],
) -> Panel {
    let before = log.partition_point(|step| step.at <= frame.from).saturating_sub(1);
    let end = log.partition_point(|step| step.at <= frame.until);
    let mut steps: Vec<Step> = log.range(before, end.max(before)).copied().collect();
    // The last values hold as far as something is known.
    let known: Time = frame.known_until.min(frame.until);
    if let Some(last) = steps.last().copied().filter(|last| last.at < known) {
        steps.push(Step { at: known, ..last });
    }
    let [first, second] = names;
    let line = |(name, look): (String, Look), value: fn(&Step) -> u32| {
        let values = steps.iter().map(|step| Some(f64::from(value(step)) * scale)).collect();
        Line { name, look, values }
    };
    let lines = vec![line(first, |step| step.ready), line(second, |step| step.not_ready)];
    let times = steps.iter().map(|step| step.at.max(frame.from).as_secs_f64()).collect();
    Panel { title, unit, stepped: true, times, lines }
}
