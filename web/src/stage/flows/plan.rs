//! Which ribbons there are, from the left to the right.

use std::collections::BTreeMap;
use std::fmt::Write;

use opscape_lab::scene::{Flow, Place, PodFlow, Scene, TrafficScene};
use opscape_manifest::api::Uid;

use super::super::layout::{Layout, Rect, WORDS};
use super::roads::{across, drop_into, lane_of, way_to};
use super::{Plan, Stroke, code, down, is_inside, stacked};
use crate::draw::px;

/// The thinnest ribbon.
const THIN: f32 = 3.0;

/// All ribbons of a scene.
pub fn plan(scene: &Scene, layout: &Layout, k: f32) -> Plan {
    let Some(traffic) = &scene.traffic else { return Plan::default() };
    let mut planner = Planner { scene, layout, traffic, k, plan: Plan::default() };
    if layout.narrow {
        down::plan(&mut planner);
    } else {
        planner.front();
        planner.pods();
    }
    planner.plan
}

pub(super) struct Planner<'a> {
    pub scene: &'a Scene,
    pub layout: &'a Layout,
    pub traffic: &'a TrafficScene,
    pub k: f32,
    pub plan: Plan,
}

/// Requests from one place of the layout to another.
#[derive(Clone, Copy)]
pub(super) struct Leg {
    pub from: Spot,
    pub to: Spot,
    pub rate: f32,
    pub errors: f32,
    pub failed: [f32; 8],
}

/// A place of the layout.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Spot {
    Internet,
    Inside,
    /// An entry as a whole.
    Entry(usize),
    /// An entry and one of its routes.
    Route(usize, usize),
    Service(usize),
}

impl Leg {
    /// The same ribbon in other pictures.
    pub fn key(&self) -> String {
        let mut key = String::new();
        for spot in [self.from, self.to] {
            let (name, a, b) = match spot {
                Spot::Internet => ('i', 0, 0),
                Spot::Inside => ('c', 0, 0),
                Spot::Entry(entry) => ('e', entry, 0),
                Spot::Route(entry, row) => ('r', entry, row),
                Spot::Service(service) => ('s', service, 0),
            };
            key.push(name);
            key.push_str(&a.to_string());
            key.push('-');
            key.push_str(&b.to_string());
        }
        key
    }
}

impl Planner<'_> {
    pub fn width(&self, rate: f32) -> f32 {
        (rate * self.k).max(THIN)
    }

    fn service(&self, place: &Place) -> Option<usize> {
        let Place::Service(namespace, name) = place else { return None };
        self.scene.services.iter().position(|card| card.name == *name && card.namespace == *namespace)
    }

    fn route(&self, place: &Place) -> Option<Spot> {
        let (Place::Rule(kind, namespace, name, _) | Place::Entry(kind, namespace, name)) = place else {
            return None;
        };
        let same = |card: &opscape_lab::scene::EntryCard| {
            *card.kind == **kind && card.name == *name && card.namespace == *namespace
        };
        let entry = self.scene.entries.iter().position(same)?;
        let Place::Rule(.., field) = place else { return Some(Spot::Entry(entry)) };
        let routes = &self.scene.entries.get(entry)?.routes;
        Some(
            routes
                .iter()
                .position(|row| row.field == *field)
                .map_or(Spot::Entry(entry), |row| Spot::Route(entry, row)),
        )
    }

    fn leg(&self, flow: &Flow) -> Option<Leg> {
        let to = self.service(&flow.to).map(Spot::Service).or_else(|| self.route(&flow.to))?;
        let from = match &flow.from {
            Place::Workload { .. } if is_inside(self.scene, flow) => Spot::Inside,
            Place::Workload { .. } => Spot::Internet,
            other => self.route(other)?,
        };
        let rates = &flow.rates;
        Some(Leg { from, to, rate: rates.rate, errors: rates.errors, failed: rates.failed })
    }

    /// Everything before the pods; what has the same ends is one.
    pub fn legs(&self) -> Vec<Leg> {
        let mut legs: BTreeMap<(Spot, Spot), Leg> = BTreeMap::new();
        for mut leg in self.traffic.flows.iter().filter_map(|flow| self.leg(flow)) {
            // Into an entry there is one ribbon.
            if let (Spot::Internet | Spot::Inside, Spot::Route(entry, _)) = (leg.from, leg.to) {
                leg.to = Spot::Entry(entry);
            }
            match legs.get_mut(&(leg.from, leg.to)) {
                Some(known) => {
                    known.rate += leg.rate;
                    known.errors += leg.errors;
                    for (sum, more) in known.failed.iter_mut().zip(leg.failed) {
                        *sum += more;
                    }
                }
                None => {
                    legs.insert((leg.from, leg.to), leg);
                }
            }
        }
        legs.into_values().filter(|leg| leg.rate > 0.0).collect()
    }

    fn right_of(&self, spot: Spot) -> Option<(Rect, f32)> {
        let layout = self.layout;
        let point = |rect: Rect| (Rect { x: rect.x, w: 0.0, ..rect }, rect.y);
        match spot {
            Spot::Internet => layout.internet.map(|rect| {
                let beside = if layout.entries.len() > 1 { WORDS } else { 0.0 };
                (Rect { x: rect.x + beside, w: 0.0, ..rect }, rect.y)
            }),
            Spot::Inside => layout.inside.map(point),
            Spot::Entry(entry) => layout.entries.get(entry).map(|one| (one.frame, one.frame.middle().1)),
            Spot::Route(entry, row) => {
                let one = layout.entries.get(entry)?;
                // Those without a row of their own leave below the last one.
                let y = one.rows.get(row).map_or(one.frame.bottom() - 10.0, |row| row.middle().1);
                Some((one.frame, y))
            }
            Spot::Service(service) => layout.services.get(service).map(|rect| (*rect, rect.middle().1)),
        }
    }

    /// From those who send to what lets them in, and from there to the Services.
    fn front(&mut self) {
        let mut legs = self.legs();
        let height = |planner: &Self, spot: Spot| planner.right_of(spot).map_or(0.0, |(_, y)| y);
        // Side by side in the order of the other ends.
        let place = |planner: &Self, legs: &[Leg], out: bool| -> Vec<f32> {
            let mut ys = vec![0.0; legs.len()];
            let mut groups: BTreeMap<Spot, Vec<usize>> = BTreeMap::new();
            for (index, leg) in legs.iter().enumerate() {
                groups.entry(if out { leg.from } else { leg.to }).or_default().push(index);
            }
            for (spot, mut members) in groups {
                let other = |index: usize| {
                    legs.get(index).map_or(0.0, |leg| height(planner, if out { leg.to } else { leg.from }))
                };
                members.sort_by(|a, b| other(*a).total_cmp(&other(*b)));
                let widths: Vec<f32> = members
                    .iter()
                    .filter_map(|index| legs.get(*index))
                    .map(|leg| planner.width(leg.rate))
                    .collect();
                let Some((rect, y)) = planner.right_of(spot) else { continue };
                let room = if rect.w > 0.0 { (rect.h * 0.8).min(60.0) } else { 60.0 };
                for (index, y) in members.into_iter().zip(stacked(&widths, y, room)) {
                    if let Some(slot) = ys.get_mut(index) {
                        *slot = y;
                    }
                }
            }
            ys
        };
        legs.sort_by_key(|leg| (leg.from, leg.to));
        let (outs, ins) = (place(self, &legs, true), place(self, &legs, false));
        for ((leg, from_y), to_y) in legs.iter().zip(outs).zip(ins) {
            let (Some((from, _)), Some((to, _))) = (self.right_of(leg.from), self.right_of(leg.to)) else {
                continue;
            };
            let width = self.width(leg.rate);
            let start = if from.w > 0.0 { from.right() } else { from.x };
            let ends = self.ends(leg);
            let end = if ends { to.x - 7.0 } else { to.x };
            let way = |aside: f32| across((start, from_y + aside), (end, to_y + aside));
            let key = leg.key();
            let stroke =
                Stroke::new(key, leg.rate, width, 0, &way).with_errors(leg.errors, self.k, 1.0, &way);
            if let Some((_, red)) = &stroke.red
                && from.w == 0.0
            {
                let arrow = (start - 2.0, from_y + (width + red + super::ASIDE) / 2.0, false);
                // All that fail come out together, below the others.
                self.plan.arrows.retain(|(x, ..)| (*x - arrow.0).abs() > 0.5);
                self.plan.arrows.push(arrow);
            }
            if ends {
                self.plan.caps.push((to.x - 5.0, to_y, width.max(12.0), code(&leg.failed)));
            }
            self.plan.strokes.push(stroke);
        }
    }

    /// Whether requests end in front of a Service: it has nobody.
    pub fn ends(&self, leg: &Leg) -> bool {
        let Spot::Service(service) = leg.to else { return false };
        leg.errors > 0.0
            && self.scene.services.get(service).is_some_and(|card| card.ready == 0)
            && !self.traffic.pods.iter().any(|flow| flow.service == service)
    }

    /// From the Services to the pods: from the top down, in a node the farthest first.
    fn pods(&mut self) {
        let mut targets: Vec<Target> = Vec::new();
        for (n, node) in self.layout.nodes.iter().enumerate() {
            for (uid, x, y) in &node.pods {
                for flow in self.traffic.pods.iter().filter(|flow| flow.pod == *uid) {
                    targets.push(Target {
                        node: n,
                        x: *x + self.layout.measures.side / 2.0,
                        top: *y,
                        flow: *flow,
                    });
                }
            }
        }
        let height = |service: usize| self.layout.services.get(service).map_or(0.0, |rect| rect.y);
        targets.sort_by(|a, b| {
            let row = |one: &Target| (one.node, one.top as i32);
            row(a)
                .cmp(&row(b))
                .then_with(|| b.x.total_cmp(&a.x))
                .then_with(|| height(a.flow.service).total_cmp(&height(b.flow.service)))
        });
        let bundles = if self.layout.merged { merged(&targets) } else { single(&targets) };
        // Where each leaves its Service.
        let mut starts = vec![0.0; bundles.len()];
        for service in 0..self.scene.services.len() {
            let Some(rect) = self.layout.services.get(service) else { continue };
            let own: Vec<usize> = (0..bundles.len())
                .filter(|index| bundles.get(*index).is_some_and(|bundle| bundle.service == service))
                .collect();
            let widths: Vec<f32> = own
                .iter()
                .filter_map(|index| bundles.get(*index))
                .map(|bundle| self.width(bundle.rate) + 1.0)
                .collect();
            for (index, y) in own.into_iter().zip(stacked(&widths, rect.middle().1, rect.h * 0.82)) {
                if let Some(slot) = starts.get_mut(index) {
                    *slot = y;
                }
            }
        }
        for (index, bundle) in bundles.iter().enumerate() {
            let (Some(rect), Some(node)) =
                (self.layout.services.get(bundle.service), self.layout.nodes.get(bundle.node))
            else {
                continue;
            };
            let Some(first) = bundle.targets.first() else { continue };
            let same = |other: &&Bundle| other.node == bundle.node && (other.top() - first.top).abs() < 1.0;
            let lanes = bundles.iter().filter(same).count();
            let lane = bundles.iter().take(index).filter(same).count();
            let lane_y = lane_of(self.layout, first.top, lane, lanes);
            let from = (rect.right(), starts.get(index).copied().unwrap_or_default());
            let spread = (lane as f32 - (lanes - 1) as f32 / 2.0) * 2.0;
            let way = |aside: f32| {
                let mut d =
                    way_to(self.layout, node, (from.0, from.1 - aside), lane_y - aside, spread - aside);
                drop_into(&mut d, first.x + aside, first.top);
                for near in bundle.targets.iter().skip(1).filter(|near| (near.top - first.top).abs() < 1.0) {
                    let _ = write!(d, "M{} {}", px(near.x - 6.0), px(lane_y - aside));
                    drop_into(&mut d, near.x + aside, near.top);
                }
                d
            };
            let width = self.width(bundle.rate);
            let stroke = Stroke::new(bundle.key(), bundle.rate, width, bundle.colour, &way).with_errors(
                bundle.errors,
                self.k,
                1.0,
                &way,
            );
            self.plan.strokes.push(stroke);
        }
    }
}

/// A pod that gets requests.
#[derive(Clone, Copy)]
struct Target {
    node: usize,
    x: f32,
    top: f32,
    flow: PodFlow,
}

/// Requests that run together.
struct Bundle {
    service: usize,
    node: usize,
    colour: u8,
    rate: f32,
    errors: f32,
    /// The farthest first.
    targets: Vec<Target>,
}

impl Bundle {
    fn of(target: Target) -> Bundle {
        let flow = target.flow;
        Bundle {
            service: flow.service,
            node: target.node,
            colour: flow.colour,
            rate: flow.rate,
            errors: flow.errors,
            targets: vec![target],
        }
    }

    fn top(&self) -> f32 {
        self.targets.first().map_or(0.0, |target| target.top)
    }

    fn key(&self) -> String {
        let pod = self.targets.first().map_or(Uid(0), |target| target.flow.pod);
        match self.targets.len() {
            1 => format!("{}p{}", self.service, pod.0),
            _ => format!("{}n{}c{}", self.service, self.node, self.colour),
        }
    }
}

fn single(targets: &[Target]) -> Vec<Bundle> {
    targets.iter().map(|target| Bundle::of(*target)).collect()
}

/// One for each Service, node and colour.
fn merged(targets: &[Target]) -> Vec<Bundle> {
    let mut bundles: Vec<Bundle> = Vec::new();
    for target in targets {
        let flow = &target.flow;
        let known = bundles.iter_mut().find(|bundle| {
            bundle.node == target.node && bundle.service == flow.service && bundle.colour == flow.colour
        });
        match known {
            Some(bundle) => {
                bundle.rate += flow.rate;
                bundle.errors += flow.errors;
                bundle.targets.push(*target);
            }
            None => bundles.push(Bundle::of(*target)),
        }
    }
    bundles
}
