//! The stage as canvas: a cell per pod beyond some 400 pods, a bar per node beyond 5,000. Cells stand in the order of the
//! scene, so that bands form and one odd cell is seen.

use std::fmt::Write;
use std::rc::Rc;

use opscape_lab::scene::{Level, NodeCard, PodGlyph, PodState, Scene};
use opscape_lab::words::count;
use opscape_manifest::api::ObjectKey;
use web_sys::HtmlCanvasElement;
use yew::prelude::*;

use super::board::pod_key;
use super::far::far;
use super::flows::Lit;
use super::layout::Rect;
use super::painter::{Painted, paint};
use super::rivers::Palette;
use crate::session::{Session, View};

pub(super) const CELL: f32 = 7.0;
pub(super) const PITCH: f32 = 8.2;
pub(super) const COLUMNS: usize = 6;
/// A node's block: its cells and the gap.
pub(super) const NODE_W: f32 = 57.0;
const EDGE: f32 = 12.0;
/// Width of what stands before the nodes.
const FRONT: f32 = 204.0;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub session: Session,
    pub view: Rc<View>,
    pub width: f32,
    pub height: f32,
    /// What is pointed at: what flows there stands out.
    pub lit: Option<Lit>,
}

/// A node's block in the picture.
#[derive(PartialEq)]
pub(super) struct Block {
    pub node: usize,
    pub x: f32,
    pub y: f32,
    pub h: f32,
}

/// A zone's card.
#[derive(PartialEq)]
pub(super) struct Zone {
    pub index: usize,
    pub x: f32,
    pub y: f32,
    pub w: f32,
    pub h: f32,
}

#[derive(Default, PartialEq)]
pub(super) struct Plan {
    pub zones: Vec<Zone>,
    pub blocks: Vec<Block>,
    pub height: f32,
    /// From the block's top to its cells.
    pub cells_at: f32,
    /// Where who sends stands, and what lets in; none: nobody could send.
    pub front: Option<Rect>,
    /// Where requests leave the Services.
    pub source: (f32, f32),
}

fn plan(scene: &Scene, width: f32, height: f32) -> Plan {
    let busy = scene.traffic.is_some();
    let fronted = busy || !scene.entries.is_empty();
    let beside = fronted && width >= 620.0;
    let left = if beside { FRONT } else { 0.0 };
    let zones = scene.zones.len().max(1);
    let columns = zones.min((((width - left) / 200.0).floor() as usize).max(1));
    let w = (width - left - 2.0 * EDGE - 8.0 * (columns - 1) as f32) / columns as f32;
    let bars = scene.level == Level::Bars;
    let cells_at = if bars { 4.0 } else { 22.0 };
    let mut plan = Plan { cells_at, ..Plan::default() };
    // Rivers run above the zones, down their left edges, and above each row of nodes.
    let (above, aside, over) =
        if busy { (16.0, 12.0, if bars { 0.0 } else { 9.0 }) } else { (0.0, 0.0, 0.0) };
    let mut top = EDGE + above;
    if beside {
        plan.front = Some(Rect { x: EDGE, y: (height * 0.36).max(110.0), w: FRONT - 26.0, h: 0.0 });
        plan.source = (EDGE + FRONT - 14.0, top - 8.0);
    } else if fronted {
        let h = super::far::height_above(scene);
        plan.front = Some(Rect { x: EDGE, y: EDGE, w: width - 2.0 * EDGE, h });
        top += h + 8.0;
        plan.source = (EDGE + 12.0, top - above);
    }
    for row in scene.zones.chunks(columns) {
        let mut lowest: f32 = 0.0;
        for (column, zone) in row.iter().enumerate() {
            let index = plan.zones.len();
            let x = EDGE + left + column as f32 * (w + 8.0);
            let per_row = (((w - 16.0 - aside) / NODE_W).floor() as usize).max(1);
            let pitch = ((w - 16.0 - aside) / per_row as f32).clamp(NODE_W, NODE_W + 22.0);
            let head = if zone.name.is_empty() { 10.0 } else { 34.0 };
            let mut y = top + head;
            let nodes: Vec<usize> = (zone.first..zone.first + zone.nodes).collect();
            for line in nodes.chunks(per_row) {
                y += over;
                let most = line
                    .iter()
                    .filter_map(|node| scene.nodes.get(*node))
                    .map(|node| node.pods.len())
                    .max()
                    .unwrap_or(0);
                let h =
                    if bars { 14.0 } else { cells_at + most.div_ceil(COLUMNS).max(3) as f32 * PITCH + 8.0 };
                for (place, node) in line.iter().enumerate() {
                    plan.blocks.push(Block { node: *node, x: x + 10.0 + aside + place as f32 * pitch, y, h });
                }
                y += h;
            }
            lowest = lowest.max(y + 6.0);
            plan.zones.push(Zone { index, x, y: top, w, h: y + 6.0 - top });
        }
        let start = plan.zones.len() - row.len();
        for zone in plan.zones.iter_mut().skip(start) {
            zone.h = lowest - top;
        }
        top = lowest + 8.0 + above;
    }
    plan.height = top.max(height - 4.0);
    plan
}

#[component]
pub fn Cells(props: &Props) -> Html {
    let Props { session, view, width, height, lit } = props;
    let canvas = use_node_ref();
    let rivers = use_node_ref();
    let hover = use_state(|| None::<(f32, f32, String)>);
    let plan = Rc::new(plan(&view.scene, *width, *height));
    {
        let (canvas, view, plan, width) = (canvas.clone(), view.clone(), plan.clone(), *width);
        let painted = use_mut_ref(|| None::<Painted>);
        use_effect(move || {
            if let Some(canvas) = canvas.cast::<HtmlCanvasElement>() {
                paint(&canvas, view, plan, width, &mut painted.borrow_mut());
            }
        });
    }
    {
        let (rivers, view, plan, width, lit) =
            (rivers.clone(), view.clone(), plan.clone(), *width, lit.clone());
        let palette = use_mut_ref(|| None::<Palette>);
        use_effect(move || {
            if let Some(canvas) = rivers.cast::<HtmlCanvasElement>() {
                let dashes = !crate::browser::reduced_motion();
                super::rivers::paint(
                    &canvas,
                    &view,
                    lit.as_ref(),
                    &plan,
                    width,
                    dashes,
                    &mut palette.borrow_mut(),
                );
            }
        });
    }
    let at = |event: &MouseEvent| (event.offset_x() as f32, event.offset_y() as f32);
    let clicked = {
        let (session, view, plan) = (session.clone(), view.clone(), plan.clone());
        Callback::from(move |event: MouseEvent| {
            event.stop_propagation();
            let (x, y) = at(&event);
            session.select(hit(&view.scene, &plan, x, y).map(|(key, _)| key));
        })
    };
    let moved = {
        let (view, plan, hover) = (view.clone(), plan.clone(), hover.clone());
        Callback::from(move |event: MouseEvent| {
            let (x, y) = at(&event);
            let found = hit(&view.scene, &plan, x, y).map(|(key, pod)| {
                let state = pod.map(|pod| format!(", {}", view.word(pod.state.key()))).unwrap_or_default();
                (x, y, format!("{}{state}", key.name))
            });
            hover.set(found);
        })
    };
    let left = {
        let hover = hover.clone();
        Callback::from(move |_: MouseEvent| hover.set(None))
    };
    let keyed = {
        let (session, view) = (session.clone(), view.clone());
        Callback::from(move |event: KeyboardEvent| {
            let step: isize = match event.key().as_str() {
                "ArrowRight" | "ArrowDown" => 1,
                "ArrowLeft" | "ArrowUp" => -1,
                _ => return,
            };
            if event.shift_key() {
                return;
            }
            event.prevent_default();
            event.stop_propagation();
            session.select(neighbour(&view, step));
        })
    };
    html! {
        <>
            <canvas ref={canvas} tabindex="0" role="application" aria-label={summary(view)} style={format!("width:{width}px;height:{}px", plan.height)}
                onclick={clicked} onmousemove={moved} onmouseleave={left} onkeydown={keyed} />
            if view.scene.traffic.is_some() { <canvas ref={rivers} class="rivers" aria-hidden="true" data-lit={lit.is_some().then_some("")} style={format!("width:{width}px;height:{}px", plan.height)} /> }
            if let Some(rect) = plan.front { { far(view, rect, plan.source) } }
            if let Some((x, y, text)) = &*hover {
                <div class="tooltip" style={format!("left:{}px;top:{}px", (x + 12.0).min(width - 220.0).max(4.0) as i32, (y + 14.0) as i32)}>{ text }</div>
            }
        </>
    }
}

/// The picture in words.
fn summary(view: &View) -> String {
    let scene = &view.scene;
    let mut out = view.say(
        "ui.cells-label",
        &[("nodes", &count(scene.nodes.len() as u64)), ("pods", &count(u64::from(scene.counts.total())))],
    );
    for state in PodState::ALL {
        let n = scene.counts.of(state);
        if n > 0 {
            let _ = write!(out, ", {} {}", view.word(state.key()), count(u64::from(n)));
        }
    }
    out
}

fn node_key(node: &NodeCard) -> ObjectKey {
    ObjectKey { kind: "Node".into(), namespace: "".into(), name: node.name.clone() }
}

/// The pod before or after the selected one; the node if no pods are drawn.
fn neighbour(view: &View, step: isize) -> Option<ObjectKey> {
    let scene = &view.scene;
    let all: Vec<ObjectKey> = if scene.level == Level::Bars {
        scene.nodes.iter().map(node_key).collect()
    } else {
        scene.nodes.iter().flat_map(|node| node.pods.iter().map(pod_key)).collect()
    };
    let at = view.selected.as_ref().and_then(|key| all.iter().position(|other| other == key));
    let next = at.map_or(0, |at| (at as isize + step).rem_euclid(all.len().max(1) as isize) as usize);
    all.get(next).cloned()
}

fn hit<'a>(scene: &'a Scene, plan: &Plan, x: f32, y: f32) -> Option<(ObjectKey, Option<&'a PodGlyph>)> {
    let block = plan.blocks.iter().find(|block| {
        x >= block.x - 3.0 && x < block.x + NODE_W - 3.0 && y >= block.y && y < block.y + block.h
    })?;
    let node = scene.nodes.get(block.node)?;
    let (dx, dy) = (x - block.x, y - block.y - plan.cells_at);
    if dx >= 0.0 && dy >= 0.0 {
        let (column, row) = ((dx / PITCH) as usize, (dy / PITCH) as usize);
        if column < COLUMNS
            && let Some(pod) = node.pods.get(row * COLUMNS + column)
        {
            return Some((pod_key(pod), Some(pod)));
        }
    }
    Some((node_key(node), None))
}
