//! What stands below: rollouts and pods without a node.

use opscape_lab::scene::{Level, Scene};

use super::{EDGE, GAP, Layout, Rect};

/// Rollouts drawn at most: on a phone, beside the nodes, below everything.
const ROLLOUTS_MOST: (usize, usize, usize) = (2, 2, 4);
/// Height of one rollout.
pub const ROLLOUT: f32 = 92.0;
/// Height of a pod in the tray.
pub const TRAY_ROW: f32 = 46.0;

impl Layout {
    fn tray_height(scene: &Scene) -> f32 {
        let rows = scene.tray.len().min(if scene.level == Level::Near { 4 } else { 2 });
        if rows == 0 { 0.0 } else { 34.0 + rows as f32 * TRAY_ROW }
    }

    /// Rollouts that are drawn. A short stage has none: the timeline below it tells the same.
    fn shown_rollouts(&self, scene: &Scene) -> usize {
        let most = match (self.short, self.narrow, self.aside()) {
            (true, ..) => 0,
            (_, true, _) => ROLLOUTS_MOST.0,
            (_, _, true) => ROLLOUTS_MOST.1,
            _ => ROLLOUTS_MOST.2,
        };
        scene.rollouts.len().min(most)
    }

    /// Height of rollouts that stand below the Services.
    pub(super) fn strips_aside(&self, scene: &Scene) -> f32 {
        if self.aside() { self.shown_rollouts(scene) as f32 * ROLLOUT } else { 0.0 }
    }

    pub(super) fn foot_height(&self, scene: &Scene) -> f32 {
        let tray = Self::tray_height(scene);
        if self.aside() || self.short {
            return if tray == 0.0 { if self.short { 0.0 } else { EDGE - GAP } } else { tray + EDGE };
        }
        let rollouts = self.shown_rollouts(scene);
        let strips = rollouts.div_ceil(self.strip_columns(scene)) as f32 * ROLLOUT;
        strips.max(tray) + EDGE
    }

    fn strip_columns(&self, scene: &Scene) -> usize {
        let width = if scene.tray.is_empty() { self.width } else { self.width * 0.55 };
        ((width / 330.0).floor() as usize).max(1)
    }

    /// `top`: below everything; `front`: below the Services.
    pub(super) fn place_foot(&mut self, scene: &Scene, top: f32, front: f32) {
        let shown = self.shown_rollouts(scene);
        let tray = Self::tray_height(scene);
        let full = self.width - 2.0 * EDGE;
        if self.narrow {
            let mut y = top;
            if tray > 0.0 {
                self.tray = Some(Rect { x: EDGE, y, w: full, h: tray });
                y += tray + GAP;
            }
            self.strips(shown, Rect { x: EDGE, y, w: full, h: 0.0 }, 1);
            return;
        }
        if self.aside() {
            let w = self.columns.width() - self.columns.to_nodes;
            let y = front.max(self.height - EDGE - shown as f32 * ROLLOUT + 8.0);
            self.strips(shown, Rect { x: EDGE, y, w, h: 0.0 }, 1);
            if tray > 0.0 {
                let x = EDGE + self.columns.width();
                self.tray = Some(Rect { x, y: top, w: self.width - x - EDGE, h: tray });
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
        self.strips(shown, Rect { x: EDGE, y: top, w: strips, h: 0.0 }, columns);
        if tray > 0.0 {
            let x = if shown == 0 { EDGE } else { EDGE + strips + EDGE };
            self.tray = Some(Rect { x, y: top + 4.0, w: self.width - x - EDGE, h: tray });
        }
    }

    fn strips(&mut self, shown: usize, space: Rect, columns: usize) {
        let w = (space.w - GAP * (columns - 1) as f32) / columns as f32;
        for index in 0..shown {
            self.rollouts.push(Rect {
                x: space.x + (index % columns) as f32 * (w + GAP),
                y: space.y + (index / columns) as f32 * ROLLOUT,
                w,
                h: ROLLOUT,
            });
        }
    }
}
