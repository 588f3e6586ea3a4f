//! What stands before the nodes: who sends, what lets requests in, Services.

use opscape_lab::scene::{EntryCard, Place, Scene};

use super::{EDGE, GAP, Layout, Rect, is_sent_to};

/// An entry's card with its rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EntryBox {
    pub frame: Rect,
    /// The rows that are drawn, in the order of its routes.
    pub rows: Vec<Rect>,
    /// Rules that have no row.
    pub more: usize,
}

/// Rules drawn of an entry at most.
const ROWS_MOST: usize = 8;

/// Heights of an entry: down to its rows, of a row, of the line that says how many more there are.
struct EntrySizes {
    head: f32,
    row: f32,
    more: f32,
}

impl EntrySizes {
    fn of(layout: &Layout) -> EntrySizes {
        if layout.short {
            EntrySizes { head: 38.0, row: 24.0, more: 18.0 }
        } else if layout.narrow {
            EntrySizes { head: 32.0, row: 32.0, more: 22.0 }
        } else {
            EntrySizes { head: 54.0, row: 38.0, more: 24.0 }
        }
    }
}

impl Layout {
    /// Everything left of the nodes, in the middle between `top` and `bottom`. Gives where it ends.
    pub(super) fn place_front(&mut self, scene: &Scene, top: f32, bottom: f32) -> f32 {
        let columns = self.columns;
        let services_x = EDGE + columns.internet + columns.entry + columns.to_services;
        let sizes = EntrySizes::of(self);
        let room = (bottom - top).max(0.0);
        // Rows that fit, the same number for each.
        let each = room / scene.entries.len().max(1) as f32;
        let least = (ROWS_MOST as f32 / scene.entries.len().max(1) as f32).clamp(2.0, 6.0);
        let fits = ((each - sizes.head - GAP) / sizes.row).clamp(least, ROWS_MOST as f32) as usize;
        let mut boxes: Vec<EntryBox> = scene
            .entries
            .iter()
            .map(|card| {
                entry_box(
                    card,
                    fits,
                    &sizes,
                    Rect { x: EDGE + columns.internet, y: 0.0, w: columns.entry, h: 0.0 },
                )
            })
            .collect();
        let gap = if self.short { 8.0 } else { 22.0 };
        let heights: Vec<f32> = boxes.iter().map(|one| one.frame.h).collect();
        for (one, y) in boxes.iter_mut().zip(centred(&heights, gap, top, bottom)) {
            one.move_down(y);
        }
        self.entries = boxes;
        let below = self.place_services(scene, services_x, top, bottom);
        let entries = self.entries.iter().map(|one| one.frame);
        let first = entries.clone().next().or(self.services.first().copied());
        let last = entries.clone().next_back().or(self.services.last().copied());
        let height = |rect: Option<Rect>| rect.map_or(top, |rect| rect.middle().1);
        let middle = f32::midpoint(height(first), height(last));
        if columns.internet > 0.0 {
            self.internet = Some(Rect { x: EDGE, y: middle, w: columns.internet, h: 0.0 });
        }
        let end = entries.map(|rect| rect.bottom()).fold(top, f32::max);
        let end = self.services.iter().map(|rect| rect.bottom() + below).fold(end, f32::max);
        let (inside, outside) = senders(scene);
        if inside && !outside && scene.entries.is_empty() {
            self.inside = self.internet;
        } else if inside {
            // Below what lets in from outside.
            let y = self.entries.iter().map(|one| one.frame.bottom()).fold(middle + 64.0, f32::max) + 48.0;
            self.inside = Some(Rect { x: EDGE, y, w: columns.internet, h: 0.0 });
        }
        end.max(self.inside.map_or(0.0, |rect| rect.y + 18.0)) + GAP
    }

    /// The Services one below the other, near the rules that lead to them. Gives the room that is left below each.
    fn place_services(&mut self, scene: &Scene, x: f32, top: f32, bottom: f32) -> f32 {
        let below = if is_sent_to(scene) && !self.short { 44.0 } else { 0.0 };
        let h = if self.short { 40.0 } else { 52.0 };
        let count = scene.services.len();
        if count == 0 {
            return below;
        }
        let least = h + below + if self.short { 8.0 } else { 10.0 };
        let order = order_of(scene);
        // Where rules lead to them, their middle; else that of everything.
        let rows = scene.entries.iter().zip(&self.entries).flat_map(|(card, place)| {
            card.routes.iter().zip(&place.rows).filter(|(row, _)| !row.backends.is_empty())
        });
        let ys: Vec<f32> = rows.map(|(_, rect)| rect.middle().1).collect();
        let even = ((bottom - top) / count as f32).max(least);
        let (pitch, middle) = match ys.len() {
            0 => (even, f32::midpoint(top, bottom)),
            n => (even.min(least + 40.0), ys.iter().sum::<f32>() / n as f32),
        };
        let all = pitch * (count - 1) as f32 + h;
        let first = (middle - all / 2.0).min(bottom - all - below).max(top);
        self.services = vec![Rect::default(); count];
        for (place, index) in order.into_iter().enumerate() {
            if let Some(slot) = self.services.get_mut(index) {
                *slot = Rect { x, y: first + place as f32 * pitch, w: self.columns.service, h };
            }
        }
        below
    }

    /// The same on a phone, from the top down. Gives where the nodes begin.
    pub(super) fn stack_front(&mut self, scene: &Scene) -> f32 {
        let mut y = self.edge();
        let full = self.width - 2.0 * EDGE;
        let sent = is_sent_to(scene);
        if self.columns.internet > 0.0 {
            let h = if sent { 52.0 } else { 26.0 };
            self.internet = Some(Rect { x: EDGE, y, w: full, h });
            y += h;
        }
        let between = if sent { 34.0 } else { 12.0 };
        let sizes = EntrySizes::of(self);
        for card in &scene.entries {
            let mut one = entry_box(card, ROWS_MOST, &sizes, Rect { x: EDGE, y: 0.0, w: full, h: 0.0 });
            if let [first, second] = one.rows.as_mut_slice() {
                // Two rules stand side by side.
                first.w = full / 2.0;
                *second = Rect { x: first.x + full / 2.0, y: first.y, ..*first };
                one.frame.h = sizes.head + sizes.row;
            }
            one.move_down(y);
            y = one.frame.bottom() + GAP;
            self.entries.push(one);
        }
        if !scene.entries.is_empty() && !scene.services.is_empty() {
            y += between - GAP;
        }
        let per_row = if self.width < 340.0 || scene.services.len() == 1 { 1 } else { 2 };
        let w = (full - GAP * (per_row - 1) as f32) / per_row as f32;
        for index in 0..scene.services.len() {
            let (column, row) = (index % per_row, index / per_row);
            let x = EDGE + column as f32 * (w + GAP);
            self.services.push(Rect { x, y: y + row as f32 * 42.0, w, h: 32.0 });
        }
        y += scene.services.len().div_ceil(per_row) as f32 * 42.0;
        if scene.services.is_empty() { y } else { y - GAP + if sent { 26.0 } else { GAP } }
    }
}

impl EntryBox {
    fn move_down(&mut self, by: f32) {
        self.frame.y += by;
        for row in &mut self.rows {
            row.y += by;
        }
    }
}

fn entry_box(card: &EntryCard, fits: usize, sizes: &EntrySizes, space: Rect) -> EntryBox {
    let shown = if card.routes.len() > fits { fits - 1 } else { card.routes.len() };
    let more = card.routes.len() - shown;
    let row = |index: usize| Rect { y: sizes.head + index as f32 * sizes.row, h: sizes.row, ..space };
    let h = sizes.head + shown as f32 * sizes.row + if more > 0 { sizes.more } else { 0.0 };
    EntryBox { frame: Rect { h, ..space }, rows: (0..shown).map(row).collect(), more }
}

/// Tops of things of these heights between two edges: each in the middle of an equal part, or one below the other.
fn centred(heights: &[f32], gap: f32, top: f32, bottom: f32) -> Vec<f32> {
    let needed: f32 = heights.iter().map(|h| h + gap).sum::<f32>() - gap;
    let spare = ((bottom - top - needed) / heights.len().max(1) as f32).max(0.0);
    let mut y = top;
    heights
        .iter()
        .map(|h| {
            let at = y + spare / 2.0;
            y += h + gap + spare;
            at
        })
        .collect()
}

/// The Services from the top down: those that rules name in the order of the rules, then the others.
fn order_of(scene: &Scene) -> Vec<usize> {
    let mut order: Vec<usize> = Vec::new();
    let named = scene.entries.iter().flat_map(|card| &card.routes).flat_map(|row| &row.backends);
    let named = named.filter_map(|backend| {
        scene
            .services
            .iter()
            .position(|card| card.name == backend.service && card.namespace == backend.namespace)
    });
    for index in named.chain(0..scene.services.len()) {
        if !order.contains(&index) {
            order.push(index);
        }
    }
    order
}

/// Whether somebody sends from inside the cluster, and whether somebody does from outside.
fn senders(scene: &Scene) -> (bool, bool) {
    let Some(traffic) = &scene.traffic else { return (false, false) };
    let from = traffic.flows.iter().filter(|flow| matches!(flow.from, Place::Workload { .. }));
    let inside: Vec<bool> = from.map(|flow| super::super::flows::is_inside(scene, flow)).collect();
    (inside.contains(&true), inside.is_empty() || inside.contains(&false))
}
