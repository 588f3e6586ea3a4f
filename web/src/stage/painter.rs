//! What is painted on the canvas of cells: all of it, or only what is not as it was.

use std::rc::Rc;

use opscape_lab::scene::{Bar, Level, NodeCard, NodeHealth, PodGlyph, PodState, ZoneCard};
use opscape_lab::words::count;
use opscape_manifest::api::ObjectKey;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use super::cells::{Block, CELL, COLUMNS, PITCH, Plan, Zone};
use crate::session::View;

/// Colours of the page, read from its tokens.
struct Palette {
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

impl Palette {
    fn of(style: &web_sys::CssStyleDeclaration) -> Palette {
        let of = |name: &str| style.get_property_value(name).unwrap_or_default();
        let revisions = |suffix: &str| (1..=6).map(|n| of(&format!("--r{n}{suffix}"))).collect();
        Palette {
            fills: revisions(""),
            tints: revisions("-tint"),
            err: of("--err"),
            err_bg: of("--err-bg"),
            raised: of("--raised"),
            line: of("--line"),
            line2: of("--line-2"),
            ink: of("--ink"),
            ink2: of("--ink-2"),
            ink3: of("--ink-3"),
            accent: of("--accent"),
            font: of("--font"),
        }
    }
}

/// What the canvas shows, so that only what changed is painted anew.
pub(super) struct Painted {
    view: Rc<View>,
    plan: Rc<Plan>,
    theme: Option<String>,
    palette: Rc<Palette>,
}

/// Brings the canvas to what the view shows.
pub(super) fn paint(
    canvas: &HtmlCanvasElement,
    view: Rc<View>,
    plan: Rc<Plan>,
    width: f32,
    painted: &mut Option<Painted>,
) {
    let Some(window) = web_sys::window() else { return };
    let scale = window.device_pixel_ratio() as f32;
    let (w, h) = ((width * scale) as u32, (plan.height * scale) as u32);
    let theme = canvas.closest("[data-theme]").ok().flatten();
    let theme = theme.and_then(|element| element.get_attribute("data-theme"));
    let before = painted.take().filter(|before| before.theme == theme);
    let palette = match &before {
        Some(before) => before.palette.clone(),
        None => match window.get_computed_style(canvas) {
            Ok(Some(style)) => Rc::new(Palette::of(&style)),
            _ => return,
        },
    };
    let before = before.filter(|before| {
        (canvas.width(), canvas.height()) == (w, h)
            && before.plan == plan
            && before.view.scene.level == view.scene.level
            && before.view.lang == view.lang
    });
    let same = before.as_ref().is_some_and(|before| {
        Rc::ptr_eq(&before.view.scene, &view.scene) && before.view.selected == view.selected
    });
    if !same {
        let Some(context) = canvas.get_context("2d").ok().flatten() else { return };
        let Ok(context) = context.dyn_into::<CanvasRenderingContext2d>() else { return };
        if before.is_none() {
            if (canvas.width(), canvas.height()) != (w, h) {
                canvas.set_width(w);
                canvas.set_height(h);
            }
            let scale = f64::from(scale);
            let _ = context.set_transform(scale, 0.0, 0.0, scale, 0.0, 0.0);
            context.clear_rect(0.0, 0.0, f64::from(width), f64::from(plan.height));
        }
        let painter = Painter { context, view: &view, colours: &palette };
        painter.all(&plan, before.as_ref().map(|before| &*before.view));
    }
    *painted = Some(Painted { view, plan, theme, palette });
}

struct Painter<'a> {
    context: CanvasRenderingContext2d,
    view: &'a View,
    colours: &'a Palette,
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
        self.context.set_font(&format!("{} 11px {}", if bold { 600 } else { 400 }, self.colours.font));
        let _ = self.context.fill_text(text, f64::from(x), f64::from(y));
    }

    fn colour(&self, colour: u8) -> &str {
        self.colours.fills.get(usize::from(colour).saturating_sub(1)).map_or("", String::as_str)
    }

    /// Everything, or what is not as it was.
    fn all(&self, plan: &Plan, before: Option<&View>) {
        let scene = &self.view.scene;
        for place in &plan.zones {
            let Some(zone) = scene.zones.get(place.index) else { continue };
            let was = before.and_then(|before| before.scene.zones.get(place.index));
            if was != Some(zone) {
                self.zone(zone, place, was.is_some());
            }
        }
        for block in &plan.blocks {
            let Some(node) = scene.nodes.get(block.node) else { continue };
            let was = before.and_then(|before| Some((before, before.scene.nodes.get(block.node)?)));
            let same = was
                .is_some_and(|(before, was)| was == node && picked(before, node) == picked(self.view, node));
            if !same {
                if was.is_some() {
                    let cells = COLUMNS as f32 * PITCH - (PITCH - CELL);
                    let room = if scene.level == Level::Bars { 2.0 } else { 0.0 };
                    self.fill(
                        &self.colours.raised,
                        block.x - 4.5,
                        block.y - 1.0 + room,
                        cells + 9.0,
                        block.h - room,
                    );
                }
                self.node(node, block, plan);
            }
        }
    }

    fn zone(&self, zone: &ZoneCard, place: &Zone, again: bool) {
        if again {
            self.fill(&self.colours.raised, place.x + 4.0, place.y + 4.0, place.w - 8.0, 28.0);
        } else {
            self.round(place.x + 0.5, place.y + 0.5, place.w - 1.0, place.h - 1.0, 6.0);
            self.context.set_fill_style_str(&self.colours.raised);
            self.context.fill();
            self.context.set_stroke_style_str(&self.colours.line2);
            self.context.set_line_width(1.0);
            self.context.stroke();
        }
        if !zone.name.is_empty() {
            // A river comes down the left edge.
            let left = place.x + if self.view.scene.traffic.is_some() { 24.0 } else { 10.0 };
            self.write(&zone.name, left, place.y + 20.0, &self.colours.ink, true);
            let about = self.view.say(
                "ui.zone-about",
                &[("nodes", &count(zone.nodes as u64)), ("pods", &count(u64::from(zone.counts.total())))],
            );
            let name_width = zone.name.chars().count() as f32 * 7.0;
            self.write(&about, left + 8.0 + name_width, place.y + 20.0, &self.colours.ink2, false);
            self.split(&zone.bars, place.x + place.w - 54.0, place.y + 12.0, 44.0, 8.0);
        }
    }

    fn node(&self, node: &NodeCard, block: &Block, plan: &Plan) {
        let lost = node.stopped || node.health != NodeHealth::Ready;
        let cells = COLUMNS as f32 * PITCH - (PITCH - CELL);
        if self.view.scene.level == Level::Bars {
            self.fill(&self.colours.line, block.x, block.y + 3.0, cells, 7.0);
            self.split(&node.bars, block.x, block.y + 3.0, cells, 7.0);
        } else {
            let short = node.name.rsplit('-').next().unwrap_or(&node.name);
            let short: String = short.chars().take(8).collect();
            let (colour, bold) = if lost { (&self.colours.err, true) } else { (&self.colours.ink2, false) };
            self.write(&short, block.x, block.y + 12.0, colour, bold);
            let share = node.cpu.share();
            self.fill(&self.colours.line, block.x, block.y + 15.5, cells, 3.0);
            let ink = if share > 0.95 { &self.colours.ink } else { &self.colours.ink3 };
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
            self.context.set_stroke_style_str(if picked { &self.colours.accent } else { &self.colours.err });
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
            self.fill(
                self.colours.tints.get(index).map_or("", String::as_str),
                at,
                y,
                bar.other as f32 * unit,
                h,
            );
            at += bar.other as f32 * unit;
            failing += bar.failing;
        }
        if failing > 0 {
            self.fill(&self.colours.err, at, y, (failing as f32 * unit).max(2.0), h);
        }
    }

    fn cell(&self, pod: &PodGlyph, x: f32, y: f32) {
        let colour = self.colour(pod.colour);
        let tint =
            self.colours.tints.get(usize::from(pod.colour).saturating_sub(1)).map_or("", String::as_str);
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
                    self.fill(&self.colours.raised, x + 2.5, y + 2.5, 2.0, 2.0);
                }
            }
            PodState::Starting | PodState::Pulling => frame(&self.colours.raised),
            PodState::NotReady => frame(tint),
            PodState::Unknown => frame(&self.colours.err_bg),
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
                context.set_stroke_style_str(&self.colours.err);
                context.set_line_width(1.6);
                context.stroke();
            }
        }
        let selected = self.view.selected.as_ref();
        if selected
            .is_some_and(|key| key.name == pod.name && key.namespace == pod.namespace && &*key.kind == "Pod")
        {
            self.round(x - 2.0, y - 2.0, CELL + 4.0, CELL + 4.0, 2.0);
            context.set_stroke_style_str(&self.colours.accent);
            context.set_line_width(2.0);
            context.stroke();
        }
    }
}

/// What is selected of a node's block: the node, or one of its pods.
fn picked<'a>(view: &'a View, node: &NodeCard) -> Option<&'a ObjectKey> {
    view.selected.as_ref().filter(|key| match &*key.kind {
        "Node" => key.name == node.name,
        "Pod" => node.pods.iter().any(|pod| pod.name == key.name && pod.namespace == key.namespace),
        _ => false,
    })
}
