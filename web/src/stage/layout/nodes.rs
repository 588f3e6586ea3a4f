//! The nodes with their pods.

use opscape_lab::scene::{Level, Scene};

use super::{GAP, LANES_MOST, Layout, Measures, NodeBox, Rect, is_sent_to};
use crate::stage::slots::Slots;

/// How nodes are arranged.
struct Grid {
    columns: usize,
    per_row: usize,
    heights: Vec<f32>,
    measures: Measures,
}

impl Layout {
    /// As few columns as fit, so that cards are wide; if none fit, those that are lowest. Gives where they end.
    pub(super) fn place_nodes(&mut self, scene: &Scene, slots: &Slots, room: Rect) -> f32 {
        let busy = is_sent_to(scene);
        let counts: Vec<usize> = scene.nodes.iter().map(|node| slots.of(&node.name).len()).collect();
        let narrowest = if self.level == Level::Near && !self.short { 186.0 } else { 150.0 };
        let row_gap = self.gap();
        let most = ((room.w + GAP) / (narrowest + GAP)).floor().max(1.0) as usize;
        let total = |heights: &[f32]| heights.iter().map(|h| h + row_gap).sum::<f32>() - row_gap;
        let mut best = self.grid(&counts, busy, room.w, 1);
        for columns in 2..=most.min(counts.len().max(1)) {
            if total(&best.heights) <= room.h {
                break;
            }
            let tried = self.grid(&counts, busy, room.w, columns);
            if total(&tried.heights) < total(&best.heights) - 1.0 {
                best = tried;
            }
        }
        let Grid { columns, per_row, heights, measures: m } = best;
        self.measures = m;
        self.merged |= columns > 1;
        let width = (room.w - GAP * (columns - 1) as f32) / columns as f32;
        let mut y = room.y;
        for (row, nodes) in scene.nodes.chunks(columns).enumerate() {
            let h = heights.get(row).copied().unwrap_or_default();
            for (column, node) in nodes.iter().enumerate() {
                let x = room.x + column as f32 * (width + GAP);
                let place = |(slot, uid): (usize, &Option<_>)| {
                    let (column, row) = (slot % per_row, slot / per_row);
                    Some((
                        (*uid)?,
                        x + m.pad + column as f32 * m.pitch.0,
                        y + m.head + row as f32 * m.pitch.1,
                    ))
                };
                let pods = slots.of(&node.name).iter().enumerate().filter_map(place).collect();
                self.nodes.push(NodeBox { frame: Rect { x, y, w: width, h }, pods });
            }
            y += h + row_gap;
        }
        if scene.nodes.is_empty() { room.y } else { y - row_gap }
    }

    fn grid(&self, counts: &[usize], busy: bool, width: f32, columns: usize) -> Grid {
        let width = (width - GAP * (columns - 1) as f32) / columns as f32;
        let crowded = counts.iter().copied().max().unwrap_or(0);
        let plain = Measures::of(self.level, 0.0, self.short);
        let per_row = plain.per_row(width);
        let lanes = match (busy, self.merged || columns > 1) {
            (false, _) => 3,
            (true, true) => 2,
            (true, false) => crowded.min(per_row).clamp(2, LANES_MOST),
        };
        let measures = Measures::of(self.level, self.lane * lanes as f32, self.short);
        let row = |row: &[usize]| measures.height(row.iter().copied().max().unwrap_or(0), per_row);
        Grid { columns, per_row, heights: counts.chunks(columns).map(row).collect(), measures }
    }
}
