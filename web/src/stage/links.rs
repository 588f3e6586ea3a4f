//! Which pods get a Service's traffic: thin lines in the colour of the revision, in lanes above the pods of a node. They
//! say who is an endpoint, not how much flows.

use std::collections::BTreeMap;
use std::fmt::Write;

use opscape_lab::scene::Scene;
use opscape_manifest::api::Uid;
use yew::prelude::*;

use super::layout::Layout;
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
            for (row, (y, xs)) in rows.into_iter().enumerate() {
                let Some(last) = xs.last().copied() else { continue };
                let top = y as f32;
                let lane_y = if row == 0 {
                    top - 20.0 + lane as f32 * gap
                } else {
                    top - 9.0 + lane as f32 * (gap / 2.0)
                };
                let enter = node.frame.x - 6.0;
                let bend = (enter - sx) * 0.5;
                let mut d = format!(
                    "M{} {}C{} {} {} {} {} {}H{}q6 0 6 6V{}",
                    px(sx),
                    px(sy),
                    px(sx + bend),
                    px(sy),
                    px(enter - bend),
                    px(lane_y),
                    px(enter),
                    px(lane_y),
                    px(last - 6.0),
                    px(top - 3.0)
                );
                for x in xs.iter().take(xs.len() - 1) {
                    let _ = write!(d, "M{} {}q6 0 6 6V{}", px(x - 6.0), px(lane_y), px(top - 3.0));
                }
                paths.push(html! { <path class={classes!("link-line", colour_class(colour))} d={d} /> });
            }
        }
    }
    html! { <g aria-hidden="true">{ for paths }</g> }
}
