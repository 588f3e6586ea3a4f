//! Requests on their way, as ribbons: who sends, what lets them in, Services, pods. A ribbon is one stroke for each source
//! and pod; its width is the rate times a scale. It is grey until a Service has picked a pod, then it has the colour of the
//! pod's revision. Failed requests leave as a red line along the edge of the ribbon that carries them. Where nothing flows
//! nothing is drawn.

mod down;
mod draw;
mod plan;
mod pods;
mod roads;
mod scale;
mod trip;

use opscape_lab::scene::{Flow, Place, Scene};
use opscape_manifest::api::ObjectKey;

pub use draw::Flows;
pub use plan::plan;
pub use roads::{drop_into, lane_of, way_to};
pub use scale::Scale;
pub use trip::trip;

/// Pixels that a request moves in a second on the screen.
pub const SPEED: f64 = 60.0;
/// From dash to dash at least.
const PERIOD: f32 = 18.0;
/// From the edge of a ribbon to its red line.
const ASIDE: f32 = 1.0;
/// Widths of red lines.
const RED: (f32, f32) = (1.25, 5.0);

/// A ribbon.
#[derive(Debug, Clone, PartialEq)]
pub struct Stroke {
    /// The same ribbon in other pictures.
    pub key: String,
    pub of: Of,
    pub d: String,
    pub width: f32,
    /// 0: of no revision yet.
    pub colour: u8,
    /// Where its dashes run.
    pub dashes: Vec<String>,
    /// From dash to dash.
    pub period: f32,
    /// Way and width of the red line, from its far end back.
    pub red: Option<(String, f32)>,
}

/// All that flows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    pub strokes: Vec<Stroke>,
    /// Where requests end in front of a Service that has nobody: middle of the cap, its height, and the code.
    pub caps: Vec<(f32, f32, f32, &'static str)>,
    /// Where failed requests come out: the tip of an arrow, and whether it points up.
    pub arrows: Vec<(f32, f32, bool)>,
}

/// The ribbons that belong to an entry or to one of its rules: those that come to it, those that it sends on, and those of the
/// Services it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lit {
    entry: usize,
    route: Option<usize>,
    services: Vec<usize>,
    /// What a canary gets comes out of another one's rule.
    canary: bool,
}

impl Lit {
    /// Those of an entry, or of the rule at a field of it.
    pub fn of(scene: &Scene, object: &ObjectKey, field: Option<&str>) -> Option<Lit> {
        let entry = scene.entries.iter().position(|card| {
            *card.kind == *object.kind && card.name == object.name && card.namespace == object.namespace
        })?;
        let card = scene.entries.get(entry)?;
        let route = field.and_then(|field| card.routes.iter().position(|row| *row.field == *field));
        let rows = card.routes.iter().enumerate().filter(|(row, _)| route.is_none_or(|only| only == *row));
        let services = rows.flat_map(|(_, row)| &row.backends).filter_map(|backend| {
            let mut cards = scene.services.iter();
            cards.position(|card| card.name == backend.service && card.namespace == backend.namespace)
        });
        let services = services.collect();
        Some(Lit { entry, route, services, canary: card.canary.is_some() })
    }

    /// Whether requests go on to a Service from there.
    pub fn leads_to(&self, service: usize) -> bool {
        self.services.contains(&service)
    }

    /// Whether a ribbon is one of them.
    pub fn holds(&self, of: Of) -> bool {
        match of {
            Of::Entry(entry) => entry == self.entry,
            Of::Route(entry, route, to) => {
                entry == self.entry && self.route.is_none_or(|only| only == route)
                    || self.canary && to.is_some_and(|to| self.services.contains(&to))
            }
            Of::Service(service) => self.services.contains(&service),
        }
    }
}

/// What a ribbon comes from; into an entry, what it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    Entry(usize),
    /// And the Service it leads to.
    Route(usize, usize, Option<usize>),
    Service(usize),
}

/// Whether requests come from inside the cluster: their client is there, or they go to a Service that nobody outside
/// reaches.
pub fn is_inside(scene: &Scene, flow: &Flow) -> bool {
    let Place::Workload { inside, .. } = &flow.from else { return false };
    let Place::Service(namespace, name) = &flow.to else { return *inside };
    let service = scene.services.iter().find(|card| card.name == *name && card.namespace == *namespace);
    *inside || service.is_some_and(|card| !matches!(&*card.kind, "NodePort" | "LoadBalancer"))
}

/// The code that most of the failed requests ended with.
pub fn code(failed: &[f32; 8]) -> &'static str {
    let mut most = (0.0, "");
    for (rate, code) in failed.iter().zip(CODES).skip(1) {
        if *rate > most.0 {
            most = (*rate, code);
        }
    }
    most.1
}

/// Codes of what failed, in the order of [`opscape_lab::scene::Rates::failed`]; the last three are not HTTP's.
pub const CODES: [&str; 8] =
    ["4xx", "500", "502", "503", "504", "ui.flow.refused", "ui.flow.reset", "ui.flow.timeout"];

impl Stroke {
    /// `way`: the middle line, moved aside by so much.
    fn new(
        (key, of): (String, Of),
        rate: f32,
        width: f32,
        colour: u8,
        way: &dyn Fn(f32) -> String,
    ) -> Stroke {
        let aside: &[f32] = match width {
            ..12.0 => &[0.0],
            12.0..22.0 => &[-0.24, 0.24],
            _ => &[-0.32, 0.0, 0.32],
        };
        let rows = aside.len() as f32;
        Stroke {
            key,
            of,
            d: way(0.0),
            width,
            colour,
            dashes: aside.iter().map(|part| way(part * width)).collect(),
            // One dash is one request as long as they can be told apart.
            period: (SPEED as f32 * rows / rate.max(0.01)).clamp(PERIOD, 900.0),
            red: None,
        }
    }

    /// With a red line along its edge, on the side of `side`.
    fn with_errors(mut self, errors: f32, k: f32, side: f32, way: &dyn Fn(f32) -> String) -> Stroke {
        if errors > 0.0 {
            let width = red(errors, k);
            self.red = Some((way(side * (self.width + width + ASIDE) / 2.0), width));
        }
        self
    }
}

/// The width of the red line of so many failed requests: a line at the edge, however many they are.
pub fn red(errors: f32, k: f32) -> f32 {
    (errors * k).clamp(RED.0, RED.1)
}

/// Middles of strokes side by side, together in the middle of `room`; closer than they are wide if there is no room.
fn stacked(widths: &[f32], middle: f32, room: f32) -> Vec<f32> {
    let all: f32 = widths.iter().sum();
    let squeeze = if all > room && all > 0.0 { room / all } else { 1.0 };
    let mut at = middle - all * squeeze / 2.0;
    widths
        .iter()
        .map(|width| {
            let here = at + width * squeeze / 2.0;
            at += width * squeeze;
            here
        })
        .collect()
}
