//! The ways that ribbons take between cards and above pods.

use std::fmt::Write;

use super::super::layout::{GAP, Layout, NodeBox};
use crate::draw::px;

/// From one card's right edge to another's left one.
pub fn across(from: (f32, f32), to: (f32, f32)) -> String {
    if (from.1 - to.1).abs() < 0.3 {
        return format!("M{} {}H{}", px(from.0), px(from.1), px(to.0));
    }
    let bend = (to.0 - from.0) * 0.5;
    format!(
        "M{} {}C{} {} {} {} {} {}",
        px(from.0),
        px(from.1),
        px(from.0 + bend),
        px(from.1),
        px(to.0 - bend),
        px(to.1),
        px(to.0),
        px(to.1)
    )
}

/// Straight on to where another way begins, and along that.
pub fn along(from: (f32, f32), then: &str) -> String {
    ["M", &px(from.0), " ", &px(from.1), "L", then.strip_prefix('M').unwrap_or(then)].concat()
}

/// From one card's lower edge to another's upper one.
pub fn down(from: (f32, f32), to: (f32, f32)) -> String {
    if (from.0 - to.0).abs() < 0.3 {
        return format!("M{} {}V{}", px(from.0), px(from.1), px(to.1));
    }
    let bend = (to.1 - from.1) * 0.5;
    format!(
        "M{} {}C{} {} {} {} {} {}",
        px(from.0),
        px(from.1),
        px(from.0),
        px(from.1 + bend),
        px(to.0),
        px(to.1 - bend),
        px(to.0),
        px(to.1)
    )
}

/// The height of a lane above a row of pods: the first is the highest.
pub fn lane_of(layout: &Layout, top: f32, lane: usize, lanes: usize) -> f32 {
    let pitch = if layout.lane > 0.0 { layout.lane } else { super::super::layout::LANE.0 };
    // More lanes than there is room for come closer together.
    let room = layout.measures.head - 33.0;
    let pitch = if lanes > 1 { pitch.min(room / (lanes - 1) as f32) } else { pitch };
    top - 9.5 - (lanes.saturating_sub(lane + 1)) as f32 * pitch
}

/// From a Service into a node's lane. A node that does not stand in the first column is reached along the gap above its row,
/// then between the columns, so that no card is crossed. `aside`: how far from the middle of those gaps.
pub fn way_to(layout: &Layout, node: &NodeBox, from: (f32, f32), lane_y: f32, aside: f32) -> String {
    let first = layout.nodes.first().map_or(node.frame.x, |first| first.frame.x);
    let trunk = (node.frame.x > first + 1.0).then(|| node.frame.x - GAP / 2.0 + aside);
    let y = if trunk.is_some() { node.frame.y - layout.gap() / 2.0 + aside } else { lane_y };
    let mut d = across(from, (first - 2.0, y));
    if let Some(x) = trunk {
        let _ = write!(
            d,
            "H{}Q{} {} {} {}V{}Q{} {} {} {}",
            px(x - 4.0),
            px(x),
            px(y),
            px(x),
            px(y + 4.0),
            px(lane_y - 4.0),
            px(x),
            px(lane_y),
            px(x + 4.0),
            px(lane_y)
        );
    }
    d
}

/// Along a lane and down into a pod; `aside` moves the drop, too.
pub fn drop_into(d: &mut String, x: f32, top: f32) {
    let _ = write!(d, "H{}q6 0 6 6V{}", px(x - 6.0), px(top - 2.0));
}
