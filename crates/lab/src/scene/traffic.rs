//! Requests as they are drawn: how many go where, how many fail, how long they take.

use opscape_manifest::api::meta::{Str, Uid};
use opscape_network::telemetry::{Point, Subject};

use super::Level;
use crate::census;
use crate::world::LabModel;

/// What requests did in the last seconds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TrafficScene {
    /// Each place that had requests; pods only up to [`Level::Middle`].
    pub places: Vec<(Place, Rates)>,
    /// Requests on their way from one place to another, in the order in which they pass: workload, entry, Service, version.
    pub flows: Vec<Flow>,
}

/// A place where requests are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Who sends them: a workload of the Lab document, `hey`, `curl`.
    Workload(Str),
    /// What lets them in: kind (`Ingress`, `HTTPRoute`), namespace and name.
    Entry(Str, Str, Str),
    /// A Service, by namespace and name.
    Service(Str, Str),
    /// A revision of a workload, by namespace and name.
    Version {
        /// Its namespace.
        namespace: Str,
        /// Its name.
        workload: Str,
        /// 0: it has no revisions.
        revision: u32,
        /// 1 to 6, by the revision.
        colour: u8,
    },
    /// A pod.
    Pod(Uid),
    /// A node, by name: only its CPU.
    Node(Str),
}

/// Requests on their way.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    /// From here.
    pub from: Place,
    /// To here.
    pub to: Place,
    /// How many, and how.
    pub rates: Rates,
}

/// Rate, errors, duration, and use of CPU.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rates {
    /// Requests per second.
    pub rate: f32,
    /// Of them those that failed: a status of 500 or more, or no answer.
    pub errors: f32,
    /// Milliseconds that half of the requests stay below.
    pub p50: f32,
    /// 90 of 100.
    pub p90: f32,
    /// 99 of 100.
    pub p99: f32,
    /// Thousandths of a core that requests used.
    pub cpu: f32,
    /// Milliseconds per second that work waited for CPU, above the limit or where the node had not enough.
    pub throttled: f32,
}

impl Rates {
    /// Of what was measured in some seconds.
    pub fn of(point: &Point) -> Rates {
        let seconds = f64::from(point.span.max(1));
        let millis = |share: f64| (point.durations.quantile(share) / 1e3) as f32;
        Rates {
            rate: point.rate() as f32,
            errors: point.error_rate() as f32,
            p50: millis(0.5),
            p90: millis(0.9),
            p99: millis(0.99),
            cpu: (point.cpu as f64 / 1e3 / seconds) as f32,
            throttled: (point.throttled as f64 / 1e3 / seconds) as f32,
        }
    }
}

/// Seconds over which rates are taken.
const SPAN: u32 = 5;

/// None: nobody has sent anything yet.
pub(super) fn scene(model: &LabModel, level: Level) -> Option<TrafficScene> {
    if !model.traffic().is_active() {
        return None;
    }
    let telemetry = model.traffic().telemetry();
    let mut scene = TrafficScene::default();
    for subject in telemetry.subjects() {
        if matches!(subject, Subject::Pod(_)) && level > Level::Middle {
            continue;
        }
        let point = telemetry.latest(subject, SPAN);
        if point.is_empty() {
            continue;
        }
        let rates = Rates::of(&point);
        match subject {
            Subject::Way(ends) => {
                if let (Some(from), Some(to)) = (place(&ends.0), place(&ends.1)) {
                    scene.flows.push(Flow { from, to, rates });
                }
            }
            subject => scene.places.extend(place(subject).map(|place| (place, rates))),
        }
    }
    Some(scene)
}

fn place(subject: &Subject) -> Option<Place> {
    Some(match subject {
        Subject::Workload(name) => Place::Workload(name.clone()),
        Subject::Entry(kind, namespace, name) => Place::Entry(kind.clone(), namespace.clone(), name.clone()),
        Subject::Service(namespace, name) => Place::Service(namespace.clone(), name.clone()),
        Subject::Version(namespace, workload, revision) => Place::Version {
            namespace: namespace.clone(),
            workload: workload.clone(),
            revision: *revision,
            colour: census::colour(*revision),
        },
        Subject::Pod(uid) => Place::Pod(*uid),
        Subject::Node(name) => Place::Node(name.clone()),
        Subject::Way(_) => return None,
    })
}
