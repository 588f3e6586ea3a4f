//! The stage as canvas: a cell per pod beyond some 400 pods, a bar per node beyond 5,000. Cells stand in the order of the
//! scene, so that bands form and one odd cell is seen.

use std::fmt::Write;
use std::rc::Rc;

use opscape_lab::scene::{Bar, Level, NodeCard, NodeHealth, PodGlyph, PodState, Scene};
use opscape_lab::words::count;
use opscape_manifest::api::ObjectKey;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};
use yew::prelude::*;

use super::board::pod_key;
use crate::session::{Session, View};

const CELL: f32 = 7.0;
const PITCH: f32 = 8.2;
const COLUMNS: usize = 6;
/// A node's block: its cells and the gap.
const NODE_W: f32 = 57.0;
const EDGE: f32 = 12.0;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub session: Session,
    pub view: Rc<View>,
    pub width: f32,
    pub height: f32,
}

/// A node's block in the picture.
struct Block {
    node: usize,
    x: f32,
    y: f32,
    h: f32,
}

/// A zone's card.
struct Zone {
    index: usize,
    x: f32,
    y: f32,
    w: f32,
    h: f32,
}

#[derive(Default)]
struct Plan {
    zones: Vec<Zone>,
    blocks: Vec<Block>,
    height: f32,
    /// From the block's top to its cells.
    cells_at: f32,
}

fn plan(scene: &Scene, width: f32, height: f32) -> Plan {
    let zones = scene.zones.len().max(1);
    let columns = zones.min(((width / 200.0).floor() as usize).max(1));
    let w = (width - 2.0 * EDGE - 8.0 * (columns - 1) as f32) / columns as f32;
    let bars = scene.level == Level::Bars;
    let cells_at = if bars { 4.0 } else { 22.0 };
    let mut plan = Plan { cells_at, ..Plan::default() };
    let mut top = EDGE;
    for row in scene.zones.chunks(columns) {
        let mut lowest: f32 = 0.0;
        for (column, zone) in row.iter().enumerate() {
            let index = plan.zones.len();
            let x = EDGE + column as f32 * (w + 8.0);
            let per_row = (((w - 16.0) / NODE_W).floor() as usize).max(1);
            let pitch = ((w - 16.0) / per_row as f32).clamp(NODE_W, NODE_W + 22.0);
            let head = if zone.name.is_empty() { 10.0 } else { 34.0 };
            let mut y = top + head;
            let nodes: Vec<usize> = (zone.first..zone.first + zone.nodes).collect();
            for line in nodes.chunks(per_row) {
                let most = line
                    .iter()
                    .filter_map(|node| scene.nodes.get(*node))
                    .map(|node| node.pods.len())
                    .max()
                    .unwrap_or(0);
                let h =
                    if bars { 14.0 } else { cells_at + most.div_ceil(COLUMNS).max(3) as f32 * PITCH + 8.0 };
                for (place, node) in line.iter().enumerate() {
                    plan.blocks.push(Block { node: *node, x: x + 10.0 + place as f32 * pitch, y, h });
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
        top = lowest + 8.0;
    }
    plan.height = top.max(height - 4.0);
    plan
}

/// Colours of the page, read from its tokens.
struct Palette {
    get: web_sys::CssStyleDeclaration,
}

impl Palette {
    fn of(&self, name: &str) -> String {
        self.get.get_property_value(name).unwrap_or_default()
    }

    fn revisions(&self, suffix: &str) -> Vec<String> {
        (1..=6).map(|n| self.of(&format!("--r{n}{suffix}"))).collect()
    }
}

#[component]
pub fn Cells(props: &Props) -> Html {
    let Props { session, view, width, height } = props;
    let canvas = use_node_ref();
    let hover = use_state(|| None::<(f32, f32, String)>);
    let plan = Rc::new(plan(&view.scene, *width, *height));
    {
        let (canvas, view, plan, width) = (canvas.clone(), view.clone(), plan.clone(), *width);
        use_effect(move || {
            if let Some(canvas) = canvas.cast::<HtmlCanvasElement>() {
                paint(&canvas, &view, &plan, width);
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

fn paint(canvas: &HtmlCanvasElement, view: &View, plan: &Plan, width: f32) {
    let Some(window) = web_sys::window() else { return };
    let scale = window.device_pixel_ratio() as f32;
    let (w, h) = ((width * scale) as u32, (plan.height * scale) as u32);
    if canvas.width() != w || canvas.height() != h {
        canvas.set_width(w);
        canvas.set_height(h);
    }
    let Some(context) = canvas.get_context("2d").ok().flatten() else { return };
    let Ok(context) = context.dyn_into::<CanvasRenderingContext2d>() else { return };
    let Ok(Some(get)) = window.get_computed_style(canvas) else { return };
    let palette = Palette { get };
    let scale = f64::from(scale);
    let _ = context.set_transform(scale, 0.0, 0.0, scale, 0.0, 0.0);
    context.clear_rect(0.0, 0.0, f64::from(width), f64::from(plan.height));
    Painter {
        fills: palette.revisions(""),
        tints: palette.revisions("-tint"),
        err: palette.of("--err"),
        err_bg: palette.of("--err-bg"),
        raised: palette.of("--raised"),
        line: palette.of("--line"),
        line2: palette.of("--line-2"),
        ink: palette.of("--ink"),
        ink2: palette.of("--ink-2"),
        ink3: palette.of("--ink-3"),
        accent: palette.of("--accent"),
        font: palette.of("--font"),
        context,
        view,
    }
    .all(plan);
}

struct Painter<'a> {
    context: CanvasRenderingContext2d,
    view: &'a View,
    fills: Vec<String>,
    tints: Vec<String>,
    err: String,
    err_bg: String,
    raised: String,
    line: String,
    line2: String,
    ink: String,
    ink2: String,
    ink3: String,
    accent: String,
    font: String,
}

impl Painter<'_> {
    fn fill(&self, colour: &str, x: f32, y: f32, w: f32, h: f32) {
        self.context.set_fill_style_str(colour);
        self.context.fill_rect(f64::from(x), f64::from(y), f64::from(w), f64::from(h));
    }

    fn round(&self, x: f32, y: f32, w: f32, h: f32, radius: f64) {
        self.context.begin_path();
        let _ =
            self.context.round_rect_with_f64(f64::from(x), f64::from(y), f64::from(w), f64::from(h), radius);
    }

    fn write(&self, text: &str, x: f32, y: f32, colour: &str, bold: bool) {
        self.context.set_fill_style_str(colour);
        self.context.set_font(&format!("{} 11px {}", if bold { 600 } else { 400 }, self.font));
        let _ = self.context.fill_text(text, f64::from(x), f64::from(y));
    }

    fn colour(&self, colour: u8) -> &str {
        self.fills.get(usize::from(colour).saturating_sub(1)).map_or("", String::as_str)
    }

    fn all(&self, plan: &Plan) {
        let scene = &self.view.scene;
        for place in &plan.zones {
            let Some(zone) = scene.zones.get(place.index) else { continue };
            self.round(place.x + 0.5, place.y + 0.5, place.w - 1.0, place.h - 1.0, 6.0);
            self.context.set_fill_style_str(&self.raised);
            self.context.fill();
            self.context.set_stroke_style_str(&self.line2);
            self.context.set_line_width(1.0);
            self.context.stroke();
            if !zone.name.is_empty() {
                self.write(&zone.name, place.x + 10.0, place.y + 20.0, &self.ink, true);
                let about = self.view.say(
                    "ui.zone-about",
                    &[("nodes", &count(zone.nodes as u64)), ("pods", &count(u64::from(zone.counts.total())))],
                );
                let name_width = zone.name.chars().count() as f32 * 7.0;
                self.write(&about, place.x + 18.0 + name_width, place.y + 20.0, &self.ink2, false);
                self.split(&zone.bars, place.x + place.w - 54.0, place.y + 12.0, 44.0, 8.0);
            }
        }
        for block in &plan.blocks {
            if let Some(node) = scene.nodes.get(block.node) {
                self.node(node, block, plan);
            }
        }
    }

    fn node(&self, node: &NodeCard, block: &Block, plan: &Plan) {
        let lost = node.stopped || node.health != NodeHealth::Ready;
        let cells = COLUMNS as f32 * PITCH - (PITCH - CELL);
        if self.view.scene.level == Level::Bars {
            self.fill(&self.line, block.x, block.y + 3.0, cells, 7.0);
            self.split(&node.bars, block.x, block.y + 3.0, cells, 7.0);
        } else {
            let short = node.name.rsplit('-').next().unwrap_or(&node.name);
            let short: String = short.chars().take(8).collect();
            let (colour, bold) = if lost { (&self.err, true) } else { (&self.ink2, false) };
            self.write(&short, block.x, block.y + 12.0, colour, bold);
            let share = node.cpu.share();
            self.fill(&self.line, block.x, block.y + 15.5, cells, 3.0);
            let ink = if share > 0.95 { &self.ink } else { &self.ink3 };
            self.fill(ink, block.x, block.y + 15.5, cells * share.clamp(0.0, 1.0), 3.0);
            for (index, pod) in node.pods.iter().enumerate() {
                let x = block.x + (index % COLUMNS) as f32 * PITCH;
                let y = block.y + plan.cells_at + (index / COLUMNS) as f32 * PITCH;
                self.cell(pod, x, y);
            }
        }
        let picked =
            self.view.selected.as_ref().is_some_and(|key| &*key.kind == "Node" && key.name == node.name);
        if picked || lost {
            self.round(block.x - 3.5, block.y + 0.5, cells + 7.0, block.h - 3.0, 4.0);
            self.context.set_stroke_style_str(if picked { &self.accent } else { &self.err });
            self.context.set_line_width(if picked { 2.0 } else { 1.0 });
            self.context.stroke();
        }
    }

    /// Pods of each revision side by side, failing ones as a red notch at the end.
    fn split(&self, bars: &[Bar], x: f32, y: f32, w: f32, h: f32) {
        let total: u32 = bars.iter().map(|bar| bar.ready + bar.other + bar.failing).sum();
        if total == 0 {
            return;
        }
        let unit = w / total as f32;
        let mut at = x;
        let mut failing = 0;
        for bar in bars {
            let index = usize::from(bar.colour).saturating_sub(1);
            self.fill(self.colour(bar.colour), at, y, bar.ready as f32 * unit, h);
            at += bar.ready as f32 * unit;
            self.fill(self.tints.get(index).map_or("", String::as_str), at, y, bar.other as f32 * unit, h);
            at += bar.other as f32 * unit;
            failing += bar.failing;
        }
        if failing > 0 {
            self.fill(&self.err, at, y, (failing as f32 * unit).max(2.0), h);
        }
    }

    fn cell(&self, pod: &PodGlyph, x: f32, y: f32) {
        let colour = self.colour(pod.colour);
        let tint = self.tints.get(usize::from(pod.colour).saturating_sub(1)).map_or("", String::as_str);
        let context = &self.context;
        let frame = |fill: &str| {
            self.round(x + 0.5, y + 0.5, CELL - 1.0, CELL - 1.0, 1.2);
            context.set_fill_style_str(fill);
            context.fill();
            context.set_stroke_style_str(colour);
            context.set_line_width(1.0);
            context.stroke();
        };
        match pod.state {
            PodState::Ready | PodState::Succeeded => {
                self.round(x, y, CELL, CELL, 1.4);
                context.set_fill_style_str(colour);
                context.fill();
                if pod.state == PodState::Succeeded {
                    self.fill(&self.raised, x + 2.5, y + 2.5, 2.0, 2.0);
                }
            }
            PodState::Starting | PodState::Pulling => frame(&self.raised),
            PodState::NotReady => frame(tint),
            PodState::Unknown => frame(&self.err_bg),
            PodState::Pending => {
                for (dx, dy) in [
                    (0.5, 0.5),
                    (3.0, 0.5),
                    (5.5, 0.5),
                    (0.5, 3.0),
                    (5.5, 3.0),
                    (0.5, 5.5),
                    (3.0, 5.5),
                    (5.5, 5.5),
                ] {
                    self.fill(colour, x + dx, y + dy, 1.0, 1.0);
                }
            }
            PodState::Terminating => {
                context.begin_path();
                context.move_to(f64::from(x), f64::from(y));
                context.line_to(f64::from(x + CELL), f64::from(y));
                context.line_to(f64::from(x), f64::from(y + CELL));
                context.set_fill_style_str(colour);
                context.fill();
            }
            PodState::Failing => {
                let (a, b) = (1.0, CELL - 1.0);
                context.begin_path();
                context.move_to(f64::from(x + a), f64::from(y + a));
                context.line_to(f64::from(x + b), f64::from(y + b));
                context.move_to(f64::from(x + b), f64::from(y + a));
                context.line_to(f64::from(x + a), f64::from(y + b));
                context.set_stroke_style_str(&self.err);
                context.set_line_width(1.6);
                context.stroke();
            }
        }
        let selected = self.view.selected.as_ref();
        if selected
            .is_some_and(|key| key.name == pod.name && key.namespace == pod.namespace && &*key.kind == "Pod")
        {
            self.round(x - 2.0, y - 2.0, CELL + 4.0, CELL + 4.0, 2.0);
            context.set_stroke_style_str(&self.accent);
            context.set_line_width(2.0);
            context.stroke();
        }
    }
}
