//! What is measured: rate, errors and duration of requests for each workload, Ingress, Service, pod and version; use of
//! CPU for pods and nodes. It is part of the world's state, so it follows the timeline.

mod histogram;
mod series;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use opscape_manifest::api::meta::{Str, Uid};
use opscape_sim::IdMap;

pub use histogram::Histogram;
pub use series::{Point, Series};

/// What is measured of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A workload of the Lab document, or a command that sends requests: what its clients see.
    Workload(Str),
    /// What lets requests in from outside: an Ingress or an HTTPRoute, by kind, namespace and name.
    Entry(Str, Str, Str),
    /// A rule of an entry, by its field (`spec.rules[0].http.paths[1]`): only at the ends of ways.
    Rule(Box<(Subject, Str)>),
    /// A Service, by namespace and name: attempts to have a pod of it answer.
    Service(Str, Str),
    /// A pod.
    Pod(Uid),
    /// A revision of a workload, by namespace, name and number.
    Version(Str, Str, u32),
    /// Answers of a version to somebody whom it had answered before, where it is known who asks.
    Again(Box<Subject>),
    /// A node, by name.
    Node(Str),
    /// Requests from one thing to another: a workload and the rule that lets it in, that and a Service, a Service and a
    /// version.
    Way(Box<(Subject, Subject)>),
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// With an HTTP status.
    Status(u16),
    /// Nobody listens at the address.
    Refused,
    /// The connection broke before the answer came.
    Reset,
    /// The client did not wait any longer.
    TimedOut,
    /// The name has no address.
    NoHost,
}

impl Outcome {
    /// Kinds of failures.
    pub const KINDS: usize = 8;

    /// The kind of failure; `None`: it went well. 0: the client's mistake.
    pub(crate) fn kind(self) -> Option<usize> {
        match self {
            Outcome::Status(0..400) => None,
            Outcome::Status(400..500) => Some(0),
            Outcome::Status(502) => Some(2),
            Outcome::Status(503) => Some(3),
            Outcome::Status(504) => Some(4),
            Outcome::Status(_) => Some(1),
            Outcome::Refused | Outcome::NoHost => Some(5),
            Outcome::Reset => Some(6),
            Outcome::TimedOut => Some(7),
        }
    }

    /// Whether it counts as a failure of the service: 500 and above, or no answer.
    pub fn is_error(self) -> bool {
        self.kind().is_some_and(|kind| kind > 0)
    }
}

/// The number of a [`Subject`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SubjectId(pub(crate) u32);

/// All that was measured. Cloning shares the past.
#[derive(Debug, Clone, Default)]
pub struct Telemetry {
    numbers: Arc<BTreeMap<Subject, u32>>,
    /// The second that is being measured.
    second: u32,
    present: Vec<Point>,
    /// Which of them hold something.
    touched: Vec<u32>,
    past: IdMap<u64, Arc<Series>>,
    /// See [`Telemetry::pods`].
    pods: OnceLock<Arc<[(Uid, f64, f64)]>>,
}

/// Seconds over which the rates of pods are taken.
pub const PULSE: u32 = 5;

/// Pods are many: their points span so many seconds.
const SPAN_OF_PODS: u32 = 5;

impl Telemetry {
    /// The number of a subject, a new one if it has none.
    pub fn subject(&mut self, subject: Subject) -> SubjectId {
        if let Some(number) = self.numbers.get(&subject) {
            return SubjectId(*number);
        }
        let number = self.present.len() as u32;
        let span = if matches!(subject, Subject::Pod(_)) { SPAN_OF_PODS } else { 1 };
        Arc::make_mut(&mut self.numbers).insert(subject, number);
        self.present.push(Point::default());
        self.past.insert(u64::from(number), Arc::new(Series::new(span)));
        SubjectId(number)
    }

    /// Everything that has been measured.
    pub fn subjects(&self) -> impl Iterator<Item = &Subject> {
        self.numbers.keys()
    }

    /// The same with their numbers.
    pub(crate) fn named(&self) -> impl Iterator<Item = (SubjectId, &Subject)> {
        self.numbers.iter().map(|(subject, number)| (SubjectId(*number), subject))
    }

    /// What was measured of a subject in the seconds that are over.
    pub fn series(&self, subject: &Subject) -> Option<&Series> {
        let number = self.numbers.get(subject)?;
        self.past.get(&u64::from(*number)).map(|series| &**series)
    }

    /// What was measured of a subject in the last `span` seconds that are over.
    pub fn recent(&self, subject: &Subject, span: u32) -> Point {
        let from = self.second.saturating_sub(span);
        self.series(subject).map_or_else(Point::default, |series| series.between(from, self.second))
    }

    /// Requests and failed ones per second of each pod that had any in the last [`PULSE`] seconds, in order. It is the same
    /// for a whole second, and made when it is first asked for.
    pub fn pods(&self) -> &[(Uid, f64, f64)] {
        self.pods.get_or_init(|| {
            let pulse = |(subject, number): (&Subject, &u32)| {
                let Subject::Pod(uid) = subject else { return None };
                let (rate, errors) = self.pulse(self.past.get(&u64::from(*number))?);
                (rate > 0.0).then_some((*uid, rate, errors))
            };
            self.numbers.iter().filter_map(pulse).collect()
        })
    }

    /// Of a coarse point that reaches back further than wanted, the part that counts is taken to be spread evenly.
    fn pulse(&self, series: &Series) -> (f64, f64) {
        let from = self.second.saturating_sub(PULSE);
        let (mut count, mut errors) = (0.0, 0.0);
        let recent = series.points().rev().skip_while(|point| point.at >= self.second);
        for point in recent.take_while(|point| point.at + point.span > from) {
            // The last point may still be filling.
            let end = (point.at + point.span).min(self.second);
            let part = f64::from(end - point.at.max(from)) / f64::from((end - point.at).max(1));
            count += point.count as f64 * part;
            errors += point.errors() as f64 * part;
        }
        let seconds = f64::from((self.second - from).max(1));
        (count / seconds, errors / seconds)
    }

    /// What was measured of a subject in its last `span` seconds for which there are whole points.
    pub fn latest(&self, subject: &Subject, span: u32) -> Point {
        self.series(subject).map_or_else(Point::default, |series| {
            let to = self.second - self.second % series.span();
            series.between(to.saturating_sub(span.max(series.span())), to)
        })
    }

    /// The second that is being measured.
    pub fn second(&self) -> u32 {
        self.second
    }

    pub(crate) fn add(&mut self, subject: SubjectId, outcome: Outcome, micros: u64, weight: u32) {
        if let Some(point) = self.touch(subject) {
            point.add(outcome, micros, weight);
        }
    }

    pub(crate) fn add_cpu(&mut self, subject: SubjectId, used: u64, throttled: u64) {
        if used == 0 && throttled == 0 {
            return;
        }
        if let Some(point) = self.touch(subject) {
            point.cpu += used;
            point.throttled += throttled;
        }
    }

    fn touch(&mut self, subject: SubjectId) -> Option<&mut Point> {
        let point = self.present.get_mut(subject.0 as usize)?;
        if point.is_empty() {
            self.touched.push(subject.0);
        }
        Some(point)
    }

    /// A second is over.
    pub(crate) fn close(&mut self, next: u32) {
        for number in std::mem::take(&mut self.touched) {
            let Some(point) = self.present.get_mut(number as usize) else { continue };
            let point = std::mem::take(point);
            if point.is_empty() {
                continue;
            }
            if let Some(series) = self.past.get_mut(&u64::from(number)) {
                Arc::make_mut(series).push(self.second, point);
            }
        }
        self.second = next;
        self.pods = OnceLock::new();
    }
}
