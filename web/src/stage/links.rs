//! Which pods a Service would send requests to: thin lines in the colour of the revision, seen while the Service is pointed
//! at or selected. They say who is an endpoint, not how much flows.

use std::collections::BTreeMap;
use std::fmt::Write;

use opscape_lab::scene::{Scene, ServiceCard};
use opscape_manifest::api::Uid;
use yew::prelude::*;

use super::flows::{drop_into, lane_of, way_to};
use super::layout::{Layout, Rect};
use crate::draw::{colour_class, px};

/// The lines of one Service.
pub fn links(scene: &Scene, layout: &Layout, card: &ServiceCard, from: Rect) -> Html {
    if layout.narrow || layout.lane <= 0.0 {
        return Html::default();
    }
    let colours: BTreeMap<Uid, u8> =
        scene.nodes.iter().flat_map(|node| &node.pods).map(|pod| (pod.uid, pod.colour)).collect();
    let mut paths: Vec<Html> = Vec::new();
    for node in &layout.nodes {
        // By row and colour, the farthest first.
        let mut rows: BTreeMap<(i32, u8), Vec<f32>> = BTreeMap::new();
        for (uid, x, y) in node.pods.iter().filter(|(uid, ..)| card.targets.contains(uid)) {
            let colour = colours.get(uid).copied().unwrap_or(1);
            rows.entry((*y as i32, colour)).or_default().push(x + layout.measures.side / 2.0);
        }
        let lanes = rows.keys().map(|(_, colour)| *colour).max().map_or(1, |_| rows.len().min(3));
        for (lane, ((top, colour), mut xs)) in rows.into_iter().enumerate() {
            xs.sort_by(|a, b| b.total_cmp(a));
            let top = top as f32;
            let lane_y = lane_of(layout, top, lane % lanes, lanes);
            let (_, middle) = from.middle();
            let mut d = way_to(layout, node, (from.right(), middle), lane_y, lane as f32 - 1.0);
            for (index, x) in xs.into_iter().enumerate() {
                if index > 0 {
                    let _ = write!(d, "M{} {}", px(x - 6.0), px(lane_y));
                }
                drop_into(&mut d, x, top);
            }
            paths.push(html! { <path class={classes!("link-line", colour_class(colour))} d={d} /> });
        }
    }
    html! { <g class="links" aria-hidden="true">{ for paths }</g> }
}
