//! Where everything stands on the stage, at the levels that are drawn as SVG. It is read from the outside in: who sends,
//! what lets requests in, Services, nodes; rollouts and pods without a node below. On a phone all of it is one column, from
//! top to bottom.

mod foot;
mod front;
mod measures;
mod nodes;

use opscape_lab::scene::{Level, Scene};
use opscape_manifest::api::Uid;

use super::slots::Slots;
pub use foot::{ROLLOUT, TRAY_ROW};
pub use front::EntryBox;
use measures::Columns;
pub use measures::{LANE, Measures, WORDS};

/// A box in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rect {
    pub x: f32,
    pub y: f32,
    pub w: f32,
    pub h: f32,
}

impl Rect {
    /// Its right edge.
    pub fn right(&self) -> f32 {
        self.x + self.w
    }

    /// Its lower edge.
    pub fn bottom(&self) -> f32 {
        self.y + self.h
    }

    /// Its middle.
    pub fn middle(&self) -> (f32, f32) {
        (self.x + self.w / 2.0, self.y + self.h / 2.0)
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
    /// From lane to lane above the pods; 0: nobody sends requests.
    pub lane: f32,
    /// Requests to the pods of a node run together.
    pub merged: bool,
    /// Who sends from outside; none: nobody could.
    pub internet: Option<Rect>,
    /// Who sends from inside the cluster.
    pub inside: Option<Rect>,
    /// In the order of the scene.
    pub entries: Vec<EntryBox>,
    /// In the order of the scene.
    pub services: Vec<Rect>,
    pub nodes: Vec<NodeBox>,
    pub rollouts: Vec<Rect>,
    pub tray: Option<Rect>,
    columns: Columns,
}

const EDGE: f32 = 16.0;
pub const GAP: f32 = 10.0;
/// Below this height a stage is short.
const SHORT: f32 = 320.0;
/// Lanes above a row of pods at most.
const LANES_MOST: usize = 6;

/// Whether requests may come: there is something that takes them. It has its room before the first one comes, so that
/// nothing moves then.
pub fn is_sent_to(scene: &Scene) -> bool {
    scene.traffic.is_some() || !scene.entries.is_empty() || !scene.services.is_empty()
}

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
        let traffic = scene.traffic.as_ref();
        let lane = match traffic {
            Some(_) if narrow => 0.0,
            Some(traffic) if traffic.pods.iter().any(|flow| flow.errors > 0.0) => LANE.1,
            Some(_) => LANE.0,
            None if !narrow && (level == Level::Near || short) && !scene.services.is_empty() => LANE.0,
            None => 0.0,
        };
        let merged = level != Level::Near;
        let sent = is_sent_to(scene);
        let columns = Columns::of(width, sent, scene.entries.len(), !scene.services.is_empty());
        let mut layout = Layout {
            width,
            height,
            measures: Measures::of(level, 0.0, short),
            level,
            short,
            narrow,
            lane,
            merged,
            internet: None,
            inside: None,
            entries: Vec::new(),
            services: Vec::new(),
            nodes: Vec::new(),
            rollouts: Vec::new(),
            tray: None,
            columns,
        };
        if narrow {
            layout.stack(scene, slots);
        } else {
            layout.spread(scene, slots);
        }
        layout
    }

    /// From the left to the right.
    fn spread(&mut self, scene: &Scene, slots: &Slots) {
        let height = self.height;
        let left = EDGE + self.columns.width();
        let top = self.edge();
        let foot = self.foot_height(scene);
        let room = (height - top - foot - if self.short { self.edge() } else { GAP }).max(0.0);
        let space = Rect { x: left, y: top, w: self.width - left - EDGE, h: room };
        let bottom = self.place_nodes(scene, slots, space);
        let strips = self.strips_aside(scene);
        let front = self.place_front(
            scene,
            top,
            bottom.max(height - EDGE - strips).min(bottom.max(top + room)) - strips,
        );
        let end = bottom.max(front + strips);
        let foot_top = (end + GAP).max(height - foot);
        self.place_foot(scene, foot_top, front);
        let feet = self.rollouts.iter().chain(self.tray.iter()).map(Rect::bottom);
        self.height = height.max(feet.fold(end, f32::max) + self.edge());
    }

    /// From the top to the bottom.
    fn stack(&mut self, scene: &Scene, slots: &Slots) {
        let top = self.stack_front(scene);
        let space = Rect { x: EDGE, y: top, w: self.width - 2.0 * EDGE, h: 0.0 };
        let bottom = self.place_nodes(scene, slots, space);
        let end = self.services.iter().map(Rect::bottom).fold(bottom, f32::max);
        self.place_foot(scene, end + GAP, end);
        let feet = self.rollouts.iter().chain(self.tray.iter()).map(Rect::bottom);
        self.height = self.height.max(feet.fold(end, f32::max) + self.edge());
    }

    /// Whether rollouts stand below the Services rather than below everything.
    fn aside(&self) -> bool {
        !self.narrow && !self.short && self.columns.width() >= 300.0
    }

    /// Above the first and below the last thing.
    fn edge(&self) -> f32 {
        if self.short { 12.0 } else { EDGE }
    }

    /// Between nodes that stand one above the other.
    pub fn gap(&self) -> f32 {
        match (self.short, self.narrow) {
            (true, _) => 6.0,
            (false, true) => 14.0,
            _ => GAP,
        }
    }

    /// Where the lowest node ends.
    pub fn nodes_end(&self) -> f32 {
        self.nodes.iter().map(|node| node.frame.bottom()).fold(0.0, f32::max)
    }
}
