//! Items in columns.

use std::collections::BTreeMap;

use opscape_manifest::order;
use rust_sugiyama::configure::{Config, RankingType};
use rust_sugiyama::from_vertices_and_edges;

use super::Sizes;

/// Where everything stands.
pub(super) struct Layered {
    /// The upper left corner of each item.
    pub places: Vec<(f32, f32)>,
    /// The turning points of each line.
    pub lines: Vec<Vec<(f32, f32)>>,
    /// Width and height of all.
    pub size: (f32, f32),
    /// Stage, left edge and width.
    pub columns: Vec<(usize, f32, f32)>,
}

/// What stands in a column: an item, or lines of an item that pass.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Slot {
    layer: usize,
    height: f32,
    y: f32,
}

/// Lays items out. `needs`: what must stand to the left of each; `stage`: in which stage each is, which decides then;
/// `edges`: between which a line is drawn.
pub(super) fn layered(
    items: &[(f32, f32)],
    needs: &[Vec<usize>],
    stage: Option<&[usize]>,
    edges: &[(usize, usize)],
    sizes: Sizes,
) -> Layered {
    let layer = layers(needs, stage);
    let layer_of = |item: usize| layer.get(item).copied().unwrap_or_default();
    let count = layer.iter().max().map_or(0, |last| last + 1);
    let mut slots: Vec<Slot> = items
        .iter()
        .zip(&layer)
        .map(|(size, layer)| Slot { layer: *layer, height: size.1, y: 0.0 })
        .collect();
    // Lines of one item share their places in the columns that they pass.
    let mut passing: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    let mut links: Vec<(usize, usize)> = Vec::new();
    for (from, to) in edges {
        let mut last = *from;
        for layer in layer_of(*from) + 1..layer_of(*to) {
            let slot = *passing.entry((*from, layer)).or_insert_with(|| {
                slots.push(Slot { layer, height: sizes.gap.1 * 0.6, y: 0.0 });
                slots.len() - 1
            });
            if !links.contains(&(last, slot)) {
                links.push((last, slot));
            }
            last = slot;
        }
        links.push((last, *to));
    }
    arrange(&mut slots, &links, count, sizes.gap.1);
    spread(&mut slots, count, sizes.gap.1);
    let mut widths = vec![0.0_f32; count];
    for (size, layer) in items.iter().zip(&layer) {
        if let Some(width) = widths.get_mut(*layer) {
            *width = width.max(size.0);
        }
    }
    let mut lefts = Vec::with_capacity(count);
    let mut x = 0.0;
    for width in &widths {
        lefts.push(x);
        x += width + sizes.gap.0;
    }
    let left = |layer: usize| lefts.get(layer).copied().unwrap_or_default();
    let width = |layer: usize| widths.get(layer).copied().unwrap_or_default();
    let slot_of = |slot: usize| slots.get(slot).copied().unwrap_or(Slot { layer: 0, height: 0.0, y: 0.0 });
    let middle = |slot: usize| {
        let slot = slot_of(slot);
        slot.y + slot.height / 2.0
    };
    let lines = edges.iter().map(|(from, to)| {
        let (first, last) = (layer_of(*from), layer_of(*to));
        let own = items.get(*from).map_or(0.0, |size| size.0);
        let mut points =
            vec![(left(first) + own, middle(*from)), (left(first) + width(first), middle(*from))];
        for layer in first + 1..last {
            let y = passing.get(&(*from, layer)).map_or(0.0, |slot| middle(*slot));
            points.extend([(left(layer), y), (left(layer) + width(layer), y)]);
        }
        points.push((left(last), middle(*to)));
        points
    });
    let lines = lines.collect();
    let places = (0..items.len()).map(|item| (left(layer_of(item)), slot_of(item).y)).collect();
    let bottom = slots.iter().map(|slot| slot.y + slot.height).fold(0.0, f32::max);
    let mut columns: Vec<(usize, f32, f32)> = Vec::new();
    for (item, stage) in stage.unwrap_or_default().iter().enumerate() {
        let (begin, end) = (left(layer_of(item)), left(layer_of(item)) + width(layer_of(item)));
        match columns.iter_mut().find(|(known, ..)| known == stage) {
            Some((_, x, w)) => {
                let (least, most) = (x.min(begin), (*x + *w).max(end));
                (*x, *w) = (least, most - least);
            }
            None => columns.push((*stage, begin, end - begin)),
        }
    }
    Layered { places, lines, size: ((x - sizes.gap.0).max(0.0), bottom), columns }
}

/// The column of each item: behind all that it needs, and behind all earlier stages.
fn layers(needs: &[Vec<usize>], stage: Option<&[usize]>) -> Vec<usize> {
    let mut layer = vec![0; needs.len()];
    let Some(order) = opscape_pipeline::run::order(needs) else { return layer };
    let put = |layer: &mut Vec<usize>, item: usize, least: usize, same: &dyn Fn(usize) -> bool| {
        let behind = needs.get(item).into_iter().flatten().filter(|need| same(**need));
        let at = behind.filter_map(|need| layer.get(*need)).map(|at| at + 1).max().unwrap_or(0).max(least);
        if let Some(slot) = layer.get_mut(item) {
            *slot = at;
        }
        at
    };
    let Some(stage) = stage else {
        for item in order {
            put(&mut layer, item, 0, &|_| true);
        }
        return layer;
    };
    let mut stages = stage.to_vec();
    stages.sort_unstable();
    stages.dedup();
    let mut first = 0;
    for own in stages {
        let is_here = |item: usize| stage.get(item) == Some(&own);
        let mut next = first;
        for item in order.iter().copied().filter(|item| is_here(*item)) {
            next = next.max(put(&mut layer, item, first, &is_here) + 1);
        }
        first = next;
    }
    layer
}

/// Decides in which order things stand in each column, and roughly where.
fn arrange(slots: &mut [Slot], links: &[(usize, usize)], count: usize, gap: f32) {
    let mut vertices: Vec<(u32, (f64, f64))> =
        slots.iter().zip(0..).map(|(slot, id)| (id, (f64::from(slot.height), 1.0))).collect();
    let mut all: Vec<(u32, u32)> = links.iter().map(|(from, to)| (*from as u32, *to as u32)).collect();
    // The library finds the columns itself: a chain through all of them holds those in place that nothing comes before.
    let chain = slots.len() as u32;
    vertices.extend((0..count as u32).map(|layer| (chain + layer, (1.0, 1.0))));
    all.extend((1..count as u32).map(|layer| (chain + layer - 1, chain + layer)));
    for (at, slot) in slots.iter().enumerate().filter(|(_, slot)| slot.layer > 0) {
        let led = links
            .iter()
            .any(|(from, to)| *to == at && slots.get(*from).is_some_and(|from| from.layer + 1 == slot.layer));
        if !led {
            all.push((chain + slot.layer as u32 - 1, at as u32));
        }
    }
    let config =
        Config { vertex_spacing: f64::from(gap), ranking_type: RankingType::Up, ..Config::default() };
    // What is not linked with each other comes back in parts, which are put below each other.
    let mut top = 0.0;
    for (part, ..) in from_vertices_and_edges(&vertices, &all, &config) {
        let own: Vec<(usize, f32)> =
            part.iter().filter(|(id, _)| *id < slots.len()).map(|(id, (y, _))| (*id, *y as f32)).collect();
        let edge =
            |id: usize, y: f32, sign: f32| y + sign * slots.get(id).map_or(0.0, |slot| slot.height / 2.0);
        let least = own.iter().map(|(id, y)| edge(*id, *y, -1.0)).fold(f32::INFINITY, f32::min);
        let most = own.iter().map(|(id, y)| edge(*id, *y, 1.0)).fold(f32::NEG_INFINITY, f32::max);
        for (id, y) in own {
            if let Some(slot) = slots.get_mut(id) {
                slot.y = top + (y - least) - slot.height / 2.0;
            }
        }
        if most >= least {
            top += most - least + gap;
        }
    }
}

/// Sees to it that nothing stands on another: what is too near moves down, and all moves up to the top.
fn spread(slots: &mut [Slot], count: usize, gap: f32) {
    for layer in 0..count {
        let mut column: Vec<(usize, Slot)> =
            slots.iter().copied().enumerate().filter(|(_, slot)| slot.layer == layer).collect();
        order::sort_by(&mut column, |a, b| {
            let middle = |slot: &Slot| slot.y + slot.height / 2.0;
            middle(&a.1).total_cmp(&middle(&b.1)).then(a.0.cmp(&b.0))
        });
        let mut free = f32::NEG_INFINITY;
        for (id, slot) in column {
            let y = slot.y.max(free);
            free = y + slot.height + gap;
            if let Some(slot) = slots.get_mut(id) {
                slot.y = y;
            }
        }
    }
    let least = slots.iter().map(|slot| slot.y).fold(f32::INFINITY, f32::min);
    for slot in slots {
        slot.y -= least;
    }
}
