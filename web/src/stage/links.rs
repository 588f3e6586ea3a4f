//! Which pods get a Service's traffic: thin lines in the colour of the revision, in lanes above the pods of a node. They
//! say who is an endpoint, not how much flows.

use std::collections::BTreeMap;
use std::fmt::Write;

use opscape_lab::scene::Scene;
use opscape_manifest::api::Uid;
use yew::prelude::*;

use super::layout::{GAP, Layout, NodeBox};
use crate::draw::{colour_class, px};

/// A line's way in one lane: the Service, the revision's colour.
type Lane = (usize, u8);

/// The lines of all Services.
pub fn links(scene: &Scene, layout: &Layout) -> Html {
    let colours: BTreeMap<Uid, u8> =
        scene.nodes.iter().flat_map(|node| &node.pods).map(|pod| (pod.uid, pod.colour)).collect();
    let mut paths: Vec<Html> = Vec::new();
    for node in &layout.nodes {
        let mut lanes: BTreeMap<Lane, Vec<(f32, f32)>> = BTreeMap::new();
        for (index, service) in scene.services.iter().enumerate() {
            for (uid, x, y) in node.pods.iter().filter(|(uid, ..)| service.targets.contains(uid)) {
                let colour = colours.get(uid).copied().unwrap_or(1);
                lanes.entry((index, colour)).or_default().push((x + layout.measures.side / 2.0, *y));
            }
        }
        let count = lanes.len().max(1) as f32;
        let gap = (16.0 / count).min(5.6);
        for (lane, ((service, colour), mut pods)) in lanes.into_iter().enumerate() {
            let Some(from) = layout.services.get(service) else { continue };
            pods.sort_by(|a, b| a.0.total_cmp(&b.0));
            let (sx, sy) = (from.x + from.w, from.y + from.h / 2.0);
            // Rows below the first are reached along the left edge of the card.
            let mut rows: BTreeMap<i32, Vec<f32>> = BTreeMap::new();
            for (x, y) in pods {
                rows.entry(y as i32).or_default().push(x);
            }
            let mut first_y = None;
            for (row, (y, xs)) in rows.into_iter().enumerate() {
                let Some(last) = xs.last().copied() else { continue };
                let top = y as f32;
                let lane_y = if row == 0 {
                    top - 20.0 + lane as f32 * gap
                } else {
                    top - 9.0 + lane as f32 * (gap / 2.0)
                };
                let first_y = first_y.get_or_insert(lane_y);
                let aside = lane as f32 * gap / 3.0;
                let mut d = match trunk(layout, node, aside) {
                    Some(x) if row > 0 => branch_off(x, *first_y, lane_y),
                    trunk => way(layout, node, (sx, sy), lane_y, trunk, aside),
                };
                let _ = write!(d, "H{}q6 0 6 6V{}", px(last - 6.0), px(top - 3.0));
                for x in xs.iter().take(xs.len() - 1) {
                    let _ = write!(d, "M{} {}q6 0 6 6V{}", px(x - 6.0), px(lane_y), px(top - 3.0));
                }
                paths.push(html! { <path class={classes!("link-line", colour_class(colour))} d={d} /> });
            }
        }
    }
    html! { <g aria-hidden="true">{ for paths }</g> }
}

/// Where lines come down to a node that does not stand in the first column: between the columns.
fn trunk(layout: &Layout, node: &NodeBox, aside: f32) -> Option<f32> {
    let first = layout.nodes.first().map_or(node.frame.x, |first| first.frame.x);
    (node.frame.x > first + 1.0).then(|| node.frame.x - GAP / 2.0 - 1.0 + aside)
}

/// From a Service to a node's lane. A node that does not stand in the first column is reached along the gap above its row,
/// then between the columns, so that no card is crossed.
fn way(
    layout: &Layout,
    node: &NodeBox,
    from: (f32, f32),
    lane_y: f32,
    trunk: Option<f32>,
    aside: f32,
) -> String {
    let first = layout.nodes.first().map_or(node.frame.x, |first| first.frame.x);
    let y = if trunk.is_some() { node.frame.y - layout.gap() / 2.0 - 1.0 + aside } else { lane_y };
    let enter = first - 6.0;
    let bend = (enter - from.0) * 0.5;
    let mut d = format!(
        "M{} {}C{} {} {} {} {} {}",
        px(from.0),
        px(from.1),
        px(from.0 + bend),
        px(from.1),
        px(enter - bend),
        px(y),
        px(enter),
        px(y)
    );
    if let Some(x) = trunk {
        let _ =
            write!(d, "H{}Q{} {} {} {}{}", px(x - 4.0), px(x), px(y), px(x), px(y + 4.0), into(x, lane_y));
    }
    d
}

/// From the trunk beside a card to a lower row.
fn branch_off(x: f32, from: f32, lane_y: f32) -> String {
    format!("M{} {}{}", px(x), px(from - 4.0), into(x, lane_y))
}

/// Down to a lane and into it.
fn into(x: f32, lane_y: f32) -> String {
    format!("V{}Q{} {} {} {}", px(lane_y - 4.0), px(x), px(lane_y), px(x + 4.0), px(lane_y))
}
