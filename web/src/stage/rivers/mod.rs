//! Requests where pods are cells: what goes to a node runs together. From the Services one river goes along the upper edge of
//! the zones, down the left edge of each, and past its rows of nodes, as wide as what still goes on, in the colours of the
//! revisions.

mod shares;

use std::rc::Rc;

use opscape_lab::scene::{Level, Scene};
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use super::cells::{NODE_W, Plan};
use super::flows::{Lit, SPEED};
use crate::session::View;
use shares::{PARTS, RED, Shares, Sums, add, shares, total};

/// The widest river, and the widest above a row of nodes.
pub const WIDEST: f32 = 14.0;
const WIDEST_ROW: f32 = 6.0;
const PERIOD: f64 = 18.0;
/// The most that a row of nodes gets.
fn widest_row(plan: &Plan, shares: &Shares) -> f32 {
    let mut rows: Vec<(f32, f32, f32)> = Vec::new();
    for block in &plan.blocks {
        let Some(sums) = shares.nodes.get(block.node) else { continue };
        match rows.last_mut() {
            // A block further to the right in the same row.
            Some((x, y, sum)) if (*y - block.y).abs() < 0.5 && *x < block.x => {
                *x = block.x;
                *sum += total(sums);
            }
            _ => rows.push((block.x, block.y, total(sums))),
        }
    }
    rows.into_iter().map(|(.., sum)| sum).fold(0.0, f32::max)
}

/// How much is seen of what stands back behind what is pointed at (`.ribbon.back` in stage.css).
const BACK: f64 = 0.18;

/// Paints everything that flows. `lit`: what is pointed at, if anything flows there.
pub fn paint(
    canvas: &HtmlCanvasElement,
    view: &Rc<View>,
    lit: Option<&Lit>,
    plan: &Plan,
    width: f32,
    dashes: bool,
    kept: &mut Option<Palette>,
) {
    let Some(window) = web_sys::window() else { return };
    let scale = window.device_pixel_ratio() as f32;
    let (w, h) = ((width * scale) as u32, (plan.height * scale) as u32);
    if (canvas.width(), canvas.height()) != (w, h) {
        canvas.set_width(w);
        canvas.set_height(h);
    }
    let Some(context) = canvas.get_context("2d").ok().flatten() else { return };
    let Ok(context) = context.dyn_into::<CanvasRenderingContext2d>() else { return };
    let scale = f64::from(scale);
    let _ = context.set_transform(scale, 0.0, 0.0, scale, 0.0, 0.0);
    context.clear_rect(0.0, 0.0, f64::from(width), f64::from(plan.height));
    // Where nothing of it flows, nothing stands back for it.
    let flows = |all: &Sums| all.iter().take(RED).any(|rate| *rate > 0.0);
    let shares = Some(shares(&view.scene, lit)).filter(|shares| flows(&shares.all));
    let shares = shares.unwrap_or_else(|| self::shares::shares(&view.scene, None));
    let most = total(&shares.all);
    if most <= 0.0 {
        return;
    }
    let theme = canvas.closest("[data-theme]").ok().flatten();
    let theme = theme.and_then(|element| element.get_attribute("data-theme"));
    if kept.as_ref().is_none_or(|kept| kept.theme != theme) {
        let Ok(Some(style)) = window.get_computed_style(canvas) else { return };
        let colour = |name: &str| style.get_property_value(name).unwrap_or_default();
        let mut colours: Vec<String> = (1..=6).map(|n| colour(&["--r", &n.to_string()].concat())).collect();
        colours.push(colour("--err"));
        *kept = Some(Palette { theme, colours, stage: colour("--stage") });
    }
    let Some(palette) = kept else { return };
    let river = River {
        context,
        palette,
        k: (WIDEST / most).min(WIDEST_ROW / widest_row(plan, &shares).max(f32::MIN_POSITIVE)),
        run: view.at.as_secs_f64() * SPEED / view.speed.max(1.0),
        dashes,
    };
    river.all(plan, &view.scene, &shares);
}

/// Colours of the page, read from its tokens.
pub struct Palette {
    theme: Option<String>,
    /// Of the revisions, then of failures.
    colours: Vec<String>,
    stage: String,
}

struct River<'a> {
    context: CanvasRenderingContext2d,
    palette: &'a Palette,
    k: f32,
    run: f64,
    dashes: bool,
}

impl River<'_> {
    fn all(&self, plan: &Plan, scene: &Scene, shares: &Shares) {
        let (start_x, start_y) = plan.source;
        let mut rest = shares.all;
        // Down to each row of zones; above the first one everything comes together.
        let mut tops: Vec<f32> = plan.zones.iter().map(|zone| zone.y).collect();
        tops.dedup();
        let mut at = start_y;
        for top in tops {
            let lane = top - 8.0;
            self.down(start_x, at, lane, &rest);
            let row: Vec<usize> = (0..plan.zones.len())
                .filter(|index| plan.zones.get(*index).is_some_and(|zone| (zone.y - top).abs() < 0.5))
                .collect();
            let mut along = Sums::default();
            for index in &row {
                add(&mut along, &shares.zones.get(*index).copied().unwrap_or_default());
            }
            // From where the trunk ends.
            let mut x = start_x - WIDEST / 2.0;
            for index in row {
                let Some(zone) = plan.zones.get(index) else { continue };
                let own = shares.zones.get(index).copied().unwrap_or_default();
                let into = zone.x + 12.0;
                self.along(x, into + self.breadth(&own) / 2.0, lane, &along);
                self.zone(plan, scene, index, lane, &own, shares);
                for ((sum, part), whole) in along.iter_mut().zip(own).zip(rest.iter_mut()) {
                    *sum = (*sum - part).max(0.0);
                    *whole = (*whole - part).max(0.0);
                }
                x = into;
            }
            at = lane;
        }
    }

    /// Down the left edge of a zone, and past each row of its nodes.
    fn zone(&self, plan: &Plan, scene: &Scene, index: usize, lane: f32, own: &Sums, shares: &Shares) {
        let Some(zone) = plan.zones.get(index) else { return };
        let x = zone.x + 12.0;
        let Some(card) = scene.zones.get(zone.index) else { return };
        let within = card.first..card.first + card.nodes;
        if scene.level == Level::Bars {
            self.down(x, lane, zone.y + 10.0, own);
            return;
        }
        let mut blocks: Vec<_> = plan.blocks.iter().filter(|block| within.contains(&block.node)).collect();
        blocks.sort_by(|a, b| a.y.total_cmp(&b.y).then_with(|| a.x.total_cmp(&b.x)));
        let mut rest = *own;
        let mut at = lane;
        while let Some(first) = blocks.first() {
            let top = first.y;
            let count = blocks.iter().take_while(|block| (block.y - top).abs() < 0.5).count();
            let row: Vec<_> = blocks.drain(..count).collect();
            let y = top - 4.0;
            self.down(x, at, y, &rest);
            at = y;
            let mut along = Sums::default();
            for block in &row {
                add(&mut along, &shares.nodes.get(block.node).copied().unwrap_or_default());
            }
            for (sum, part) in rest.iter_mut().zip(along) {
                *sum = (*sum - part).max(0.0);
            }
            let mut from = x;
            for block in row {
                let part = shares.nodes.get(block.node).copied().unwrap_or_default();
                let to = block.x + (NODE_W - 10.0) / 2.0;
                if total(&along) > 0.0 {
                    self.bar(from, to, y, &along);
                }
                if total(&part) > 0.0 {
                    self.drop(to, y, &part);
                }
                for (sum, part) in along.iter_mut().zip(part) {
                    *sum = (*sum - part).max(0.0);
                }
                from = to;
            }
        }
    }

    fn widths(&self, sums: &Sums) -> Vec<(usize, f32)> {
        let all = sums.iter().enumerate().filter(|(_, rate)| **rate > 0.0);
        all.map(|(colour, rate)| {
            let width = rate * self.k;
            (colour, if colour % PARTS == RED { width.clamp(1.25, 4.0) } else { width.max(1.0) })
        })
        .collect()
    }

    /// How wide all of it is.
    fn breadth(&self, sums: &Sums) -> f32 {
        self.widths(sums).into_iter().map(|(_, width)| width).sum()
    }

    /// A stretch of one part of [`Sums`].
    fn rect(&self, part: usize, x: f32, y: f32, w: f32, h: f32) {
        let colour = self.palette.colours.get(part % PARTS).map_or("", String::as_str);
        self.context.set_fill_style_str(colour);
        self.context.set_global_alpha(if part < PARTS { 1.0 } else { BACK });
        self.context.fill_rect(f64::from(x), f64::from(y), f64::from(w), f64::from(h));
        self.context.set_global_alpha(1.0);
    }

    /// A stretch from the left to the right, its colours side by side.
    fn bar(&self, from: f32, to: f32, y: f32, sums: &Sums) -> f32 {
        let widths = self.widths(sums);
        let all: f32 = widths.iter().map(|(_, width)| width).sum();
        let mut top = y - all / 2.0;
        for (colour, width) in widths {
            self.rect(colour, from - 0.5, top, to - from + 1.0, width);
            top += width;
        }
        all
    }

    fn along(&self, from: f32, to: f32, y: f32, sums: &Sums) {
        if total(sums) <= 0.0 || to <= from {
            return;
        }
        let width = self.bar(from, to, y, sums);
        self.dash(f64::from(from), f64::from(to), f64::from(y), width, false);
    }

    fn down(&self, x: f32, from: f32, to: f32, sums: &Sums) {
        if total(sums) <= 0.0 || (to - from).abs() < 0.5 {
            return;
        }
        let widths = self.widths(sums);
        let all: f32 = widths.iter().map(|(_, width)| width).sum();
        let mut left = x - all / 2.0;
        let (top, height) = (from.min(to) - 0.5, (to - from).abs() + 1.0);
        for (colour, width) in widths {
            self.rect(colour, left, top, width, height);
            left += width;
        }
        self.dash(f64::from(from), f64::from(to), f64::from(x), all, true);
    }

    /// Into a node, from above.
    fn drop(&self, x: f32, y: f32, sums: &Sums) {
        let widths = self.widths(sums);
        let all: f32 = widths.iter().map(|(_, width)| width.max(1.5)).sum();
        let mut left = x - all / 2.0;
        for (colour, width) in widths {
            self.rect(colour, left, y, width.max(1.5), 5.0);
            left += width.max(1.5);
        }
    }

    /// Requests that are seen to move, from `from` to `to`.
    fn dash(&self, from: f64, to: f64, across: f64, width: f32, upright: bool) {
        if !self.dashes || width < 3.0 {
            return;
        }
        let thick = f64::from((width * 0.45).clamp(1.2, 2.0));
        self.context.set_fill_style_str(&self.palette.stage);
        let (length, sign) = ((to - from).abs(), (to - from).signum());
        let mut at = self.run.rem_euclid(PERIOD);
        while at + 3.0 < length {
            let along = from + sign * at;
            let begin = along.min(along + sign * 3.0);
            if upright {
                self.context.fill_rect(across - thick / 2.0, begin, thick, 3.0);
            } else {
                self.context.fill_rect(begin, across - thick / 2.0, 3.0, thick);
            }
            at += PERIOD;
        }
    }
}
