//! Requests as they are drawn: how many go where, how many fail, how long they take.

use std::collections::BTreeMap;

use opscape_manifest::api::meta::{Str, Uid};
use opscape_network::telemetry::{Outcome, PULSE, Point, Subject, Telemetry};

use super::{Level, NodeCard, PodGlyph, ServiceCard};
use crate::world::LabModel;

/// What requests did in the last seconds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TrafficScene {
    /// Each place that had requests, but pods.
    pub places: Vec<(Place, Rates)>,
    /// Requests on their way from one place to another, in the order in which they pass: workload, rule, Service, version.
    pub flows: Vec<Flow>,
    /// From Services to pods, in the order of the scene's Services; empty at [`Level::Bars`].
    pub pods: Vec<PodFlow>,
}

/// A place where requests are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Who sends them: a workload of the Lab document, `hey`, `curl`.
    Workload {
        /// What it is called.
        name: Str,
        /// Whether its clients are inside the cluster.
        inside: bool,
    },
    /// What lets them in: kind (`Ingress`, `HTTPRoute`), namespace and name.
    Entry(Str, Str, Str),
    /// A rule of it: kind, namespace and name of the object, and the field of the rule.
    Rule(Str, Str, Str, Str),
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

/// Requests from a Service to a pod.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PodFlow {
    /// Place of the Service among the scene's.
    pub service: usize,
    /// The pod.
    pub pod: Uid,
    /// 1 to 6, by its revision.
    pub colour: u8,
    /// Requests per second.
    pub rate: f32,
    /// Of them those that failed.
    pub errors: f32,
}

/// Rate, errors, duration, and use of CPU.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rates {
    /// Requests per second.
    pub rate: f32,
    /// Of them those that failed: a status of 500 or more, or no answer.
    pub errors: f32,
    /// Those that failed by what the client was told: 4xx, 500, 502, 503, 504, refused, broken off, given up.
    pub failed: [f32; Outcome::KINDS],
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
            failed: point.failed.map(|count| (f64::from(count) / seconds) as f32),
            p50: millis(0.5),
            p90: millis(0.9),
            p99: millis(0.99),
            cpu: (point.cpu as f64 / 1e3 / seconds) as f32,
            throttled: (point.throttled as f64 / 1e3 / seconds) as f32,
        }
    }
}

impl TrafficScene {
    /// What a place had.
    pub fn of(&self, wanted: &Place) -> Option<&Rates> {
        self.places.iter().find(|(place, _)| place == wanted).map(|(_, rates)| rates)
    }
}

/// Seconds over which rates are taken.
const SPAN: u32 = PULSE;

/// None: nobody has sent anything yet.
pub(super) fn scene(
    model: &LabModel,
    level: Level,
    services: &[ServiceCard],
    nodes: &[NodeCard],
) -> Option<TrafficScene> {
    if !model.traffic().is_active() {
        return None;
    }
    let telemetry = model.traffic().telemetry();
    let mut scene = TrafficScene::default();
    for subject in telemetry.subjects().filter(|subject| !matches!(subject, Subject::Pod(_))) {
        let point = telemetry.latest(subject, SPAN);
        if point.is_empty() {
            continue;
        }
        let rates = Rates::of(&point);
        match subject {
            Subject::Way(ends) => {
                if let (Some(from), Some(to)) = (place(model, &ends.0), place(model, &ends.1)) {
                    scene.flows.push(Flow { from, to, rates });
                }
            }
            subject => scene.places.extend(place(model, subject).map(|place| (place, rates))),
        }
    }
    if level != Level::Bars {
        scene.pods = pods(telemetry, &scene.flows, services, nodes);
    }
    Some(scene)
}

/// What each pod had from each Service. Of a pod only the sum is measured; it is shared out as the Services' requests to its
/// version are.
fn pods(telemetry: &Telemetry, flows: &[Flow], services: &[ServiceCard], nodes: &[NodeCard]) -> Vec<PodFlow> {
    // Which Services send to a version, and how much.
    let mut versions: Vec<(&Place, Vec<(usize, f32)>)> = Vec::new();
    for flow in flows {
        let Place::Service(namespace, name) = &flow.from else { continue };
        let found = services.iter().position(|card| card.name == *name && card.namespace == *namespace);
        let Some(service) = found else { continue };
        match versions.iter_mut().find(|(version, _)| **version == flow.to) {
            Some((_, from)) => from.push((service, flow.rates.rate)),
            None => versions.push((&flow.to, vec![(service, flow.rates.rate)])),
        }
    }
    if versions.is_empty() {
        return Vec::new();
    }
    let pulses = telemetry.pods();
    let mut by_service: BTreeMap<usize, Vec<PodFlow>> = BTreeMap::new();
    for pod in nodes.iter().flat_map(|node| &node.pods) {
        let Some((_, from)) = versions.iter().find(|(version, _)| is_of(pod, version)) else { continue };
        let Ok(at) = pulses.binary_search_by(|(uid, ..)| uid.cmp(&pod.uid)) else { continue };
        let Some((_, rate, errors)) = pulses.get(at).copied() else { continue };
        let all: f32 = from.iter().map(|(_, rate)| rate).sum();
        for (service, part) in from {
            let share = f64::from(part / all.max(f32::MIN_POSITIVE));
            by_service.entry(*service).or_default().push(PodFlow {
                service: *service,
                pod: pod.uid,
                colour: pod.colour,
                rate: (rate * share) as f32,
                errors: (errors * share) as f32,
            });
        }
    }
    by_service.into_values().flatten().collect()
}

/// Whether a pod is of a version.
fn is_of(pod: &PodGlyph, version: &Place) -> bool {
    let Place::Version { namespace, workload, revision, .. } = version else { return false };
    let named = if pod.workload.is_empty() { &pod.name } else { &pod.workload };
    pod.namespace == *namespace && named == workload && pod.revision == *revision
}

fn place(model: &LabModel, subject: &Subject) -> Option<Place> {
    Some(match subject {
        Subject::Workload(name) => {
            let said = model.spec().load.iter().find(|load| load.name.as_ref() == Some(name));
            let inside = said.is_some_and(|load| load.from_namespace.is_some());
            Place::Workload { name: name.clone(), inside }
        }
        Subject::Entry(kind, namespace, name) => Place::Entry(kind.clone(), namespace.clone(), name.clone()),
        Subject::Rule(rule) => {
            let Subject::Entry(kind, namespace, name) = &rule.0 else { return None };
            Place::Rule(kind.clone(), namespace.clone(), name.clone(), rule.1.clone())
        }
        Subject::Service(namespace, name) => Place::Service(namespace.clone(), name.clone()),
        Subject::Version(namespace, workload, revision) => Place::Version {
            namespace: namespace.clone(),
            workload: workload.clone(),
            revision: *revision,
            colour: model.census().colour(namespace, workload, *revision),
        },
        Subject::Node(name) => Place::Node(name.clone()),
        Subject::Pod(_) | Subject::Way(_) | Subject::Again(_) => return None,
    })
}
