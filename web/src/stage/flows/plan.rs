//! Which ribbons there are, from the left to the right.

use std::collections::BTreeMap;

use opscape_lab::scene::{Flow, Place, Scene, TrafficScene};

use super::super::layout::{Layout, Rect, WORDS};
use super::roads::{across, along};
use super::{Of, Plan, Stroke, code, down, is_inside, stacked};

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
    /// What it comes from; into an entry, what it leads to.
    pub fn of(&self) -> Of {
        match (self.from, self.to) {
            (Spot::Route(entry, row), Spot::Service(service)) => Of::Route(entry, row, Some(service)),
            (Spot::Route(entry, row), _) | (_, Spot::Route(entry, row)) => Of::Route(entry, row, None),
            (Spot::Entry(entry), _) | (_, Spot::Entry(entry)) => Of::Entry(entry),
            (_, Spot::Service(service)) | (Spot::Service(service), _) => Of::Service(service),
            // Between those who send there is nothing.
            (Spot::Internet | Spot::Inside, _) => Of::Service(usize::MAX),
        }
    }

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
            // From inside the cluster it goes below what lets in from outside.
            let below =
                (leg.from == Spot::Inside).then(|| self.layout.entries.iter().map(|one| one.frame.right()));
            let turn = below.map_or(start, |rights| rights.fold(start, f32::max));
            let way = |aside: f32| {
                let curve = across((turn, from_y + aside), (end, to_y + aside));
                if turn > start { along((start, from_y + aside), &curve) } else { curve }
            };
            let key = (leg.key(), leg.of());
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
}
