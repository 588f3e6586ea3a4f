//! Sizes of the pods at a level, and of the columns beside the nodes.

use opscape_lab::scene::Level;

/// From lane to lane, where requests run above the pods; where failed ones ride along.
pub const LANE: (f32, f32) = (5.6, 8.0);

/// Room for the words about who sends, where they stand beside the ribbons.
pub const WORDS: f32 = 66.0;

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
    /// `lanes`: the height of the lanes above a row of pods.
    pub fn of(level: Level, lanes: f32, short: bool) -> Measures {
        let mut measures = match (level, short) {
            (Level::Near, false) => {
                Measures { side: 34.0, pitch: (59.0, 80.0), pad: 17.0, head: 42.0, foot: 38.0 }
            }
            (Level::Near, true) => {
                Measures { side: 30.0, pitch: (56.0, 72.0), pad: 15.0, head: 36.0, foot: 35.0 }
            }
            (_, false) => Measures { side: 18.0, pitch: (24.0, 24.0), pad: 12.0, head: 36.0, foot: 12.0 },
            (_, true) => Measures { side: 18.0, pitch: (24.0, 24.0), pad: 12.0, head: 34.0, foot: 10.0 },
        };
        if lanes > 0.0 {
            measures.head = if short { 29.0 } else { 33.0 } + lanes;
            if level == Level::Near {
                measures.pitch.1 = measures.side + 40.0 + lanes;
            }
        }
        measures
    }

    /// Pods that fit side by side.
    pub fn per_row(&self, width: f32) -> usize {
        (((width - 2.0 * self.pad - self.side) / self.pitch.0).floor().max(0.0) as usize) + 1
    }

    pub fn height(&self, pods: usize, per_row: usize) -> f32 {
        let rows = pods.div_ceil(per_row.max(1)).max(1);
        self.head + self.side + (rows - 1) as f32 * self.pitch.1 + self.foot
    }
}

/// Widths of what stands left of the nodes, and the gaps for ribbons between.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Columns {
    /// Who sends.
    pub internet: f32,
    /// What lets in.
    pub entry: f32,
    /// From there to the Services.
    pub to_services: f32,
    pub service: f32,
    /// From there to the nodes.
    pub to_nodes: f32,
}

impl Columns {
    /// For a stage of this width. `sent`: whether somebody outside sends, or could; `entries`: how many let in;
    /// `services`: whether there are any.
    pub fn of(width: f32, sent: bool, entries: usize, services: bool) -> Columns {
        // Where ribbons fan out they begin beside the words, not below them.
        let beside = if entries > 1 { WORDS - 28.0 } else { 0.0 };
        let entries = entries > 0;
        let all = match width {
            ..620.0 => {
                Columns { internet: 72.0, entry: 112.0, to_services: 26.0, service: 84.0, to_nodes: 38.0 }
            }
            620.0..900.0 => {
                Columns { internet: 84.0, entry: 148.0, to_services: 44.0, service: 96.0, to_nodes: 52.0 }
            }
            _ => Columns { internet: 116.0, entry: 176.0, to_services: 64.0, service: 132.0, to_nodes: 72.0 },
        };
        let simple = !sent && width >= 620.0;
        Columns {
            internet: if sent { all.internet + beside } else { 0.0 },
            entry: if entries { all.entry } else { 0.0 },
            to_services: if entries && services { all.to_services } else { 0.0 },
            service: match services {
                true if simple => 132.0,
                true => all.service,
                false => 0.0,
            },
            to_nodes: match services || entries {
                true if simple => 64.0,
                true => all.to_nodes,
                false => 0.0,
            },
        }
    }

    /// All of it.
    pub fn width(&self) -> f32 {
        self.internet + self.entry + self.to_services + self.service + self.to_nodes
    }
}
