//! Where everything stands on the stage, at the levels that are drawn as SVG: Services at the left, nodes beside them,
//! rollouts and pods without a node below. On a phone all of it is one column.

use opscape_lab::scene::{Level, Scene};
use opscape_manifest::api::Uid;

use super::slots::Slots;

/// A box in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rect {
    pub x: f32,
    pub y: f32,
    pub w: f32,
    pub h: f32,
}

/// Sizes of the pods at a level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measures {
    /// Side of a glyph.
    pub side: f32,
    /// From glyph to glyph.
    pub pitch: (f32, f32),
    /// From the card's edge to the first glyph.
    pub pad: f32,
    /// From the card's top to the first glyph.
    pub head: f32,
    /// Below the last glyph.
    pub foot: f32,
}

impl Measures {
    fn of(level: Level, lanes: bool, short: bool) -> Measures {
        match (level, short) {
            (Level::Near, false) => Measures {
                side: 34.0,
                pitch: (59.0, 80.0),
                pad: 17.0,
                head: if lanes { 50.0 } else { 42.0 },
                foot: 38.0,
            },
            (Level::Near, true) => Measures {
                side: 30.0,
                pitch: (56.0, 72.0),
                pad: 15.0,
                head: if lanes { 44.0 } else { 36.0 },
                foot: 35.0,
            },
            (_, false) => Measures { side: 18.0, pitch: (24.0, 24.0), pad: 12.0, head: 36.0, foot: 12.0 },
            (_, true) => Measures {
                side: 18.0,
                pitch: (24.0, 24.0),
                pad: 12.0,
                head: if lanes { 44.0 } else { 34.0 },
                foot: 10.0,
            },
        }
    }

    /// Pods that fit side by side.
    fn per_row(&self, width: f32) -> usize {
        (((width - 2.0 * self.pad - self.side) / self.pitch.0).floor().max(0.0) as usize) + 1
    }

    fn height(&self, pods: usize, per_row: usize) -> f32 {
        let rows = pods.div_ceil(per_row.max(1)).max(1);
        self.head + self.side + (rows - 1) as f32 * self.pitch.1 + self.foot
    }
}

/// A node's card and its pods.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NodeBox {
    pub frame: Rect,
    /// Top left corners of the glyphs.
    pub pods: Vec<(Uid, f32, f32)>,
}

/// Where everything stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    pub width: f32,
    pub height: f32,
    pub measures: Measures,
    /// How large pods are drawn: as the scene says, or smaller where that does not fit.
    pub level: Level,
    /// Too low for everything, as in a widget: things stand closer, and what is said elsewhere as well is left out.
    pub short: bool,
    /// One column, for a phone.
    pub narrow: bool,
    /// Whether lines from Services to pods are drawn.
    pub linked: bool,
    /// In the order of the scene.
    pub services: Vec<Rect>,
    pub nodes: Vec<NodeBox>,
    pub rollouts: Vec<Rect>,
    pub tray: Option<Rect>,
}

const EDGE: f32 = 16.0;
pub const GAP: f32 = 10.0;
const SERVICE: (f32, f32) = (132.0, 52.0);
/// Room for links between Services and nodes.
const LANE: f32 = 64.0;
/// Below this height a stage is short.
const SHORT: f32 = 320.0;
/// Rollouts drawn at most.
pub const ROLLOUTS_MOST: usize = 4;
/// Height of one rollout.
pub const ROLLOUT: f32 = 92.0;
/// Height of a pod in the tray.
pub const TRAY_ROW: f32 = 46.0;

impl Layout {
    /// For a stage of this size.
    pub fn new(scene: &Scene, slots: &Slots, width: f32, height: f32) -> Layout {
        let short = height < SHORT;
        let layout = Self::at(scene, slots, (width, height), scene.level, short);
        if short && scene.level == Level::Near && layout.height > height {
            let smaller = Self::at(scene, slots, (width, height), Level::Middle, short);
            if smaller.height < layout.height {
                return smaller;
            }
        }
        layout
    }

    fn at(scene: &Scene, slots: &Slots, (width, height): (f32, f32), level: Level, short: bool) -> Layout {
        let narrow = width < if short { 420.0 } else { 620.0 };
        let linked = !narrow && (level == Level::Near || short) && !scene.services.is_empty();
        let measures = Measures::of(level, linked, short);
        let mut layout = Layout {
            width,
            height,
            measures,
            level,
            short,
            narrow,
            linked,
            services: Vec::new(),
            nodes: Vec::new(),
            rollouts: Vec::new(),
            tray: None,
        };
        let foot = layout.foot_height(scene);
        let lane = if !linked {
            24.0
        } else if width < 620.0 {
            LANE * 0.6
        } else {
            LANE
        };
        let left = if narrow || scene.services.is_empty() { EDGE } else { EDGE + layout.service().0 + lane };
        let mut top = layout.edge();
        if narrow {
            top = layout.services_in_rows(scene, top);
        }
        let room = (height - top - foot - if short { layout.edge() } else { GAP }).max(0.0);
        let bottom =
            layout.place_nodes(scene, slots, Rect { x: left, y: top, w: width - left - EDGE, h: room });
        if !narrow {
            layout.services_in_column(scene, top, bottom);
        }
        let services_end = layout.services.iter().map(|rect| rect.y + rect.h).fold(bottom, f32::max);
        let foot_top = (services_end + GAP).max(if narrow { 0.0 } else { height - foot });
        layout.place_foot(scene, foot_top);
        let end = layout
            .rollouts
            .iter()
            .chain(layout.tray.iter())
            .map(|rect| rect.y + rect.h)
            .fold(services_end, f32::max);
        layout.height = height.max(end + layout.edge());
        layout
    }

    /// Above the first and below the last thing.
    fn edge(&self) -> f32 {
        if self.short { 12.0 } else { EDGE }
    }

    /// Between nodes that stand one above the other.
    pub fn gap(&self) -> f32 {
        if self.short { 6.0 } else { GAP }
    }

    /// Where the lowest node ends.
    pub fn nodes_end(&self) -> f32 {
        self.nodes.iter().map(|node| node.frame.y + node.frame.h).fold(0.0, f32::max)
    }

    /// Size of a Service.
    fn service(&self) -> (f32, f32) {
        if self.width < 620.0 { (88.0, SERVICE.1) } else { SERVICE }
    }

    fn services_in_rows(&mut self, scene: &Scene, top: f32) -> f32 {
        let per_row = if self.width < 340.0 { 1 } else { 2 };
        let w = (self.width - 2.0 * EDGE - GAP * (per_row - 1) as f32) / per_row as f32;
        for index in 0..scene.services.len() {
            let (column, row) = (index % per_row, index / per_row);
            self.services.push(Rect {
                x: EDGE + column as f32 * (w + GAP),
                y: top + row as f32 * 42.0,
                w,
                h: 32.0,
            });
        }
        top + scene.services.len().div_ceil(per_row) as f32 * 42.0
    }

    fn services_in_column(&mut self, scene: &Scene, top: f32, bottom: f32) {
        let count = scene.services.len();
        if count == 0 {
            return;
        }
        let even = (bottom - top) / count as f32;
        let (w, h) = self.service();
        let pitch = even.max(h + if self.short { 8.0 } else { 26.0 });
        for index in 0..count {
            let y = if pitch > even {
                top + index as f32 * pitch
            } else {
                top + (index as f32 + 0.5) * pitch - h / 2.0
            };
            self.services.push(Rect { x: EDGE, y, w, h });
        }
    }

    /// As few columns as fit, so that cards are wide; if none fit, those that are lowest.
    fn place_nodes(&mut self, scene: &Scene, slots: &Slots, room: Rect) -> f32 {
        let m = self.measures;
        let counts: Vec<usize> = scene.nodes.iter().map(|node| slots.of(&node.name).len()).collect();
        let narrowest = if self.level == Level::Near && !self.short { 186.0 } else { 150.0 };
        let row_gap = self.gap();
        let most = ((room.w + GAP) / (narrowest + GAP)).floor().max(1.0) as usize;
        let heights = |columns: usize| -> (usize, Vec<f32>) {
            let width = (room.w - GAP * (columns - 1) as f32) / columns as f32;
            let per_row = m.per_row(width);
            let rows = counts.chunks(columns);
            (per_row, rows.map(|row| m.height(row.iter().copied().max().unwrap_or(0), per_row)).collect())
        };
        let total = |heights: &[f32]| heights.iter().map(|h| h + row_gap).sum::<f32>() - row_gap;
        let mut best = (1, heights(1));
        for columns in 2..=most.min(counts.len().max(1)) {
            if total(&best.1.1) <= room.h {
                break;
            }
            let tried = heights(columns);
            if total(&tried.1) < total(&best.1.1) - 1.0 {
                best = (columns, tried);
            }
        }
        let (columns, (per_row, heights)) = best;
        let width = (room.w - GAP * (columns - 1) as f32) / columns as f32;
        let mut y = room.y;
        for (row, nodes) in scene.nodes.chunks(columns).enumerate() {
            let h = heights.get(row).copied().unwrap_or_default();
            for (column, node) in nodes.iter().enumerate() {
                let x = room.x + column as f32 * (width + GAP);
                let place = |(slot, uid): (usize, &Option<Uid>)| {
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

    fn tray_height(scene: &Scene) -> f32 {
        let rows = scene.tray.len().min(if scene.level == Level::Near { 4 } else { 2 });
        if rows == 0 { 0.0 } else { 34.0 + rows as f32 * TRAY_ROW }
    }

    /// Rollouts that are drawn. A short stage has none: the timeline below it tells the same.
    fn shown_rollouts(&self, scene: &Scene) -> usize {
        let most = match (self.short, self.narrow) {
            (true, _) => 0,
            (false, true) => 2,
            (false, false) => ROLLOUTS_MOST,
        };
        scene.rollouts.len().min(most)
    }

    fn foot_height(&self, scene: &Scene) -> f32 {
        let rollouts = self.shown_rollouts(scene);
        let strips = if self.narrow { rollouts } else { rollouts.div_ceil(self.strip_columns(scene)) } as f32
            * ROLLOUT;
        let tray = Self::tray_height(scene);
        if self.short && tray == 0.0 {
            return 0.0;
        }
        (if self.narrow { strips + tray + GAP } else { strips.max(tray) }) + EDGE
    }

    fn strip_columns(&self, scene: &Scene) -> usize {
        let width = if scene.tray.is_empty() { self.width } else { self.width * 0.55 };
        ((width / 330.0).floor() as usize).max(1)
    }

    fn place_foot(&mut self, scene: &Scene, top: f32) {
        let shown = self.shown_rollouts(scene);
        let tray = Self::tray_height(scene);
        let full = self.width - 2.0 * EDGE;
        if self.narrow {
            let mut y = top;
            if tray > 0.0 {
                self.tray = Some(Rect { x: EDGE, y, w: full, h: tray });
                y += tray + GAP;
            }
            for index in 0..shown {
                self.rollouts.push(Rect { x: EDGE, y: y + index as f32 * ROLLOUT, w: full, h: ROLLOUT });
            }
            return;
        }
        let columns = self.strip_columns(scene).min(shown.max(1));
        let strips = if shown == 0 {
            0.0
        } else if tray > 0.0 {
            (full - EDGE) * 0.55
        } else {
            full
        };
        let w = (strips - GAP * (columns - 1) as f32) / columns as f32;
        for index in 0..shown {
            self.rollouts.push(Rect {
                x: EDGE + (index % columns) as f32 * (w + GAP),
                y: top + (index / columns) as f32 * ROLLOUT,
                w,
                h: ROLLOUT,
            });
        }
        if tray > 0.0 {
            let x = if shown == 0 { EDGE } else { EDGE + strips + EDGE };
            self.tray = Some(Rect { x, y: top + 4.0, w: self.width - x - EDGE, h: tray });
        }
    }
}
