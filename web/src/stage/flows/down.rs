//! The same on a phone, from the top down: ribbons run behind the cards of the nodes and are seen between them, as wide as
//! what still goes on.

use std::collections::BTreeMap;

use super::super::layout::Rect;
use super::plan::{Leg, Planner, Spot};
use super::roads::down;
use super::{Of, Stroke, code, stacked};

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
        let key = (leg.key(), leg.of());
        let stroke = Stroke::new(key, leg.rate, width, 0, &way).with_errors(leg.errors, planner.k, 1.0, &way);
        if let Some((_, red)) = &stroke.red
            && matches!(leg.from, Spot::Internet | Spot::Inside)
        {
            // All that fail come out together.
            planner.plan.arrows.clear();
            planner.plan.arrows.push((x0 + (width + red + super::ASIDE) / 2.0, from.bottom() - 2.0, true));
        }
        if ends {
            planner.plan.caps.push((x1, to.y - 4.0, width.max(12.0), code(&leg.failed)));
        }
        planner.plan.strokes.push(stroke);
    }
}

/// What a node gets from a Service, by colour: requests, and those of them that fail.
type Sums = BTreeMap<u8, (f32, f32)>;

/// From the Services down, node by node; in each column of nodes for itself.
fn to_nodes(planner: &mut Planner<'_>) {
    let layout = planner.layout;
    let mut columns: Vec<Vec<usize>> = Vec::new();
    for (index, node) in layout.nodes.iter().enumerate() {
        let same = |column: &&mut Vec<usize>| {
            let first = column.first().and_then(|first| layout.nodes.get(*first));
            first.is_some_and(|first| (first.frame.x - node.frame.x).abs() < 0.5)
        };
        match columns.iter_mut().find(same) {
            Some(column) => column.push(index),
            None => columns.push(vec![index]),
        }
    }
    for (service, rect) in layout.services.iter().enumerate() {
        for column in &columns {
            let gets: Vec<Sums> = column.iter().map(|node| sums(planner, service, *node)).collect();
            let mut from = (rect.middle().0, rect.bottom());
            for (place, index) in column.iter().enumerate() {
                let Some(node) = layout.nodes.get(*index) else { continue };
                let mut rest = Sums::new();
                for (colour, (rate, errors)) in gets.iter().skip(place).flatten() {
                    let sum = rest.entry(*colour).or_default();
                    sum.0 += rate;
                    sum.1 += errors;
                }
                let widths: Vec<f32> = rest.values().map(|(rate, _)| planner.width(*rate)).collect();
                let over = (node.frame.x + 12.0..node.frame.right() - 12.0).contains(&from.0);
                let to = if over { from.0 } else { node.frame.middle().0 };
                let starts = stacked(&widths, from.0, rect.w * 0.8);
                let ends = stacked(&widths, to, rect.w * 0.8);
                for (((x0, x1), width), (colour, (rate, errors))) in
                    starts.into_iter().zip(ends).zip(widths).zip(&rest)
                {
                    let way = |aside: f32| down((x0 + aside, from.1), (x1 + aside, node.frame.y));
                    let key = (format!("d{service}n{index}c{colour}"), Of::Service(service));
                    let stroke = Stroke::new(key, *rate, width, *colour, &way);
                    planner.plan.strokes.push(stroke.with_errors(*errors, planner.k, 1.0, &way));
                }
                from = (to, node.frame.bottom());
            }
        }
    }
}

fn sums(planner: &Planner<'_>, service: usize, node: usize) -> Sums {
    let mut sums = Sums::new();
    let Some(node) = planner.layout.nodes.get(node) else { return sums };
    for flow in planner.traffic.pods.iter().filter(|flow| flow.service == service) {
        if node.pods.iter().any(|(uid, ..)| *uid == flow.pod) {
            let sum = sums.entry(flow.colour).or_default();
            sum.0 += flow.rate;
            sum.1 += flow.errors;
        }
    }
    sums
}
