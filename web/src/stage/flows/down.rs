//! The same on a phone, from the top down: ribbons run behind the cards of the nodes and are seen between them, as wide as
//! what still goes on.

use std::collections::BTreeMap;

use super::super::layout::Rect;
use super::code;
use super::plan::{Leg, Planner, Spot};
use super::roads::down;
use super::{Stroke, stacked};

pub(super) fn plan(planner: &mut Planner<'_>) {
    front(planner);
    to_nodes(planner);
}

/// Where a place begins and ends from above, and its middle.
fn box_of(planner: &Planner<'_>, spot: Spot) -> Option<Rect> {
    let layout = planner.layout;
    match spot {
        Spot::Internet | Spot::Inside => layout.internet.map(|rect| Rect { h: 20.0, ..rect }),
        Spot::Entry(entry) => layout.entries.get(entry).map(|one| one.frame),
        Spot::Route(entry, row) => {
            let one = layout.entries.get(entry)?;
            let row = one.rows.get(row).copied().unwrap_or(one.frame);
            Some(Rect { y: one.frame.y, h: one.frame.h, ..row })
        }
        Spot::Service(service) => layout.services.get(service).copied(),
    }
}

fn front(planner: &mut Planner<'_>) {
    let legs: Vec<Leg> = planner.legs();
    let mut used: BTreeMap<(bool, Spot), f32> = BTreeMap::new();
    let mut totals: BTreeMap<(bool, Spot), f32> = BTreeMap::new();
    for leg in &legs {
        for side in [(true, leg.from), (false, leg.to)] {
            *totals.entry(side).or_default() += planner.width(leg.rate);
        }
    }
    for leg in &legs {
        let (Some(from), Some(to)) = (box_of(planner, leg.from), box_of(planner, leg.to)) else { continue };
        let width = planner.width(leg.rate);
        let mut at = |out: bool, spot: Spot, rect: Rect| {
            let total = totals.get(&(out, spot)).copied().unwrap_or(width);
            let before = used.entry((out, spot)).or_default();
            let x = rect.middle().0 - total / 2.0 + *before + width / 2.0;
            *before += width;
            x
        };
        let (x0, x1) = (at(true, leg.from, from), at(false, leg.to, to));
        let ends = planner.ends(leg);
        let end = if ends { to.y - 6.0 } else { to.y };
        let way = |aside: f32| down((x0 + aside, from.bottom()), (x1 + aside, end));
        let key = format!("{:?}{:?}", leg.from, leg.to);
        let stroke = Stroke::new(key, leg.rate, width, 0, &way).with_errors(leg.errors, planner.k, 1.0, &way);
        if let Some((_, red)) = &stroke.red
            && matches!(leg.from, Spot::Internet | Spot::Inside)
        {
            planner.plan.arrows.push((x0 + (width + red + super::ASIDE) / 2.0, from.bottom() - 2.0, true));
        }
        if ends {
            planner.plan.caps.push((x1, to.y - 4.0, width.max(12.0), code(&leg.failed)));
        }
        planner.plan.strokes.push(stroke);
    }
}

/// From the Services down, node by node.
fn to_nodes(planner: &mut Planner<'_>) {
    let layout = planner.layout;
    for (service, rect) in layout.services.iter().enumerate() {
        // What each node gets, by colour.
        let mut nodes: Vec<BTreeMap<u8, (f32, f32)>> = Vec::new();
        for node in &layout.nodes {
            let mut colours: BTreeMap<u8, (f32, f32)> = BTreeMap::new();
            for flow in planner.traffic.pods.iter().filter(|flow| flow.service == service) {
                if node.pods.iter().any(|(uid, ..)| *uid == flow.pod) {
                    let sum = colours.entry(flow.colour).or_default();
                    sum.0 += flow.rate;
                    sum.1 += flow.errors;
                }
            }
            nodes.push(colours);
        }
        let mut top = rect.bottom();
        for (index, node) in layout.nodes.iter().enumerate() {
            let mut rest: BTreeMap<u8, (f32, f32)> = BTreeMap::new();
            for colours in nodes.iter().skip(index) {
                for (colour, (rate, errors)) in colours {
                    let sum = rest.entry(*colour).or_default();
                    sum.0 += rate;
                    sum.1 += errors;
                }
            }
            let widths: Vec<f32> = rest.values().map(|(rate, _)| planner.width(*rate)).collect();
            let xs = stacked(&widths, rect.middle().0, rect.w * 0.8);
            for ((x, width), (colour, (rate, errors))) in xs.into_iter().zip(widths).zip(&rest) {
                let (from, to) = (top, node.frame.y);
                let way = |aside: f32| down((x + aside, from), (x + aside, to));
                let key = format!("d{service}n{index}c{colour}");
                planner.plan.strokes.push(
                    Stroke::new(key, *rate, width, *colour, &way).with_errors(*errors, planner.k, 1.0, &way),
                );
            }
            top = node.frame.bottom();
        }
    }
}
