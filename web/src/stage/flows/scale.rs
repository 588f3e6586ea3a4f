//! Pixels for each request per second.

use opscape_lab::scene::{Place, Scene};

use super::super::layout::Layout;

/// The scale: it stays as it is while a lab runs, and changes only in steps of two.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Scale(f32);

/// The widest trunk.
const TRUNK: f32 = 36.0;
/// The widest ribbon to a node where those to its pods run together.
const NODE: f32 = 8.0;

impl Scale {
    /// Takes in what flows now; gives the scale.
    pub fn update(&mut self, scene: &Scene, layout: &Layout) -> f32 {
        let wanted = wanted(scene, layout);
        if wanted <= 0.0 {
            return self.0;
        }
        if self.0 <= 0.0 {
            self.0 = 1.0;
        }
        while self.0 > wanted {
            self.0 /= 2.0;
        }
        // Not at once when it would be a little too small again.
        while self.0 * 2.6 < wanted {
            self.0 *= 2.0;
        }
        self.0
    }
}

/// The largest scale at which everything fits; 0: nothing flows.
fn wanted(scene: &Scene, layout: &Layout) -> f32 {
    let Some(traffic) = &scene.traffic else { return 0.0 };
    let mut all: f32 = 0.0;
    let mut most: f32 = 0.0;
    for (place, rates) in &traffic.places {
        match place {
            Place::Workload { .. } => all += rates.rate,
            Place::Service(..) => most = most.max(rates.rate),
            _ => {}
        }
    }
    most = most.max(all);
    if most <= 0.0 {
        return 0.0;
    }
    let rate = |uid| traffic.pods.iter().filter(|flow| flow.pod == uid).map(|flow| flow.rate).sum::<f32>();
    let mut branch: f32 = 0.0;
    let mut lanes = 1;
    for node in &layout.nodes {
        let rates: Vec<f32> =
            node.pods.iter().map(|(uid, ..)| rate(*uid)).filter(|rate| *rate > 0.0).collect();
        lanes = lanes.max(rates.len());
        let widest =
            if layout.merged { rates.iter().sum() } else { rates.iter().copied().fold(0.0, f32::max) };
        branch = branch.max(widest);
    }
    let room = if layout.narrow {
        TRUNK
    } else if layout.merged {
        NODE
    } else {
        match lanes {
            0 | 1 => 11.0,
            2 => 7.0,
            _ => 5.2,
        }
    };
    let by_branch = if branch > 0.0 { room / branch } else { f32::MAX };
    (TRUNK / most).min(by_branch)
}
