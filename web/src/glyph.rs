//! The pod glyph: one square whose colour is the revision and whose fill and mark are the state.

use std::fmt::Write;

use opscape_lab::scene::{PodGlyph, PodState};
use opscape_sim::Time;
use yew::prelude::*;

use crate::draw::{colour_class, hundredths, px};

/// What of a pod its glyph shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// The state.
    pub state: PodState,
    /// 1 to 6.
    pub colour: u8,
    /// Share of the image pulled, 0 to 1; only for a pulling pod.
    pub pulled: f32,
    /// How far the change into this state has come on the screen, 0 to 1.
    pub phase: f32,
}

impl Look {
    /// Of a pod at an instant, all changes done.
    pub fn of(pod: &PodGlyph, now: Time) -> Look {
        let pulled = if pod.state == PodState::Pulling { pod.progress(now).unwrap_or(0.0) } else { 0.0 };
        Look { state: pod.state, colour: pod.colour, pulled, phase: 1.0 }
    }
}

/// A glyph as an image of its own, `side` pixels wide.
pub fn icon(look: Look, side: f32) -> Html {
    html! {
        <svg width={px(side)} height={px(side)} viewBox={format!("0 0 {0} {0}", px(side))} aria-hidden="true">
            { glyph(look, side) }
        </svg>
    }
}

/// A glyph at the origin, `side` wide, for a drawing.
pub fn glyph(look: Look, side: f32) -> Html {
    let border = if side >= 24.0 {
        2.0
    } else if side >= 14.0 {
        1.5
    } else {
        1.0
    };
    let stroke = (side * 2.6 / 34.0).max(1.4);
    let box_class = match look.state {
        PodState::Pending => "box dashed",
        PodState::Ready => "box ready",
        PodState::NotReady => "box tint",
        PodState::Unknown => "box lost",
        _ => "box",
    };
    let dashes = (look.state == PodState::Pending).then_some(if side >= 24.0 { "4 3" } else { "2.6 2" });
    let frame = html! {
        <rect class={box_class} x={px(border / 2.0)} y={px(border / 2.0)} width={px(side - border)} height={px(side - border)}
            rx={px(side * 0.2 - border / 4.0)} stroke-width={px(border)} stroke-dasharray={dashes} />
    };
    let opacity = (look.phase < 1.0).then(|| hundredths(look.phase.max(0.15)));
    html! {
        <g class={classes!("glyph", colour_class(look.colour))} opacity={opacity}>
            { frame }
            { mark(look, side, border, stroke) }
        </g>
    }
}

fn mark(look: Look, side: f32, border: f32, stroke: f32) -> Html {
    let at = |x: f32, y: f32| format!("{} {}", px(side * x), px(side * y));
    let line = |class: &'static str, d: String| {
        html! { <path class={class} d={d} stroke-width={px(stroke)} /> }
    };
    match look.state {
        PodState::Pending | PodState::Ready => Html::default(),
        PodState::Pulling => {
            let inner = side - 2.0 * border;
            let height = inner * look.pulled.clamp(0.0, 1.0);
            html! {
                <>
                    <rect class="tinted" x={px(border)} y={px(side - border - height)} width={px(inner)} height={px(height)} rx={px((side * 0.12).min(height / 2.0))} />
                    { line("mark", format!("M{}L{}M{}L{}L{}", at(0.5, 0.27), at(0.5, 0.7), at(0.32, 0.53), at(0.5, 0.71), at(0.68, 0.53))) }
                </>
            }
        }
        PodState::Starting => {
            let r = side * 0.2;
            line("mark", format!("M{}A{r} {r} 0 1 1 {}", at(0.5, 0.3), at(0.3, 0.5), r = px(r)))
        }
        PodState::NotReady => {
            let r = side * 0.2;
            html! {
                <>
                    <circle class="mark" cx={px(side / 2.0)} cy={px(side / 2.0)} r={px(r)} stroke-width={px(stroke * 0.8)} />
                    <path class="mark solid" d={format!("M{}A{r} {r} 0 0 0 {}Z", at(0.5, 0.3), at(0.5, 0.7), r = px(r))} />
                </>
            }
        }
        PodState::Failing => line(
            "mark red",
            format!("M{}L{}M{}L{}", at(0.34, 0.34), at(0.66, 0.66), at(0.66, 0.34), at(0.34, 0.66)),
        ),
        PodState::Terminating => html! {
            <>
                <path class="hatch" d={hatch(side, border)} stroke-width={px(if side >= 24.0 { 1.6 } else { 1.2 })} />
                if side >= 14.0 {
                    <rect class="plate" x={px(side * 0.24)} y={px(side * 0.38)} width={px(side * 0.52)} height={px(side * 0.24)} rx={px(side * 0.06)} />
                    { line("mark", format!("M{}L{}", at(0.34, 0.5), at(0.66, 0.5))) }
                }
            </>
        },
        PodState::Succeeded => {
            line("mark", format!("M{}L{}L{}", at(0.29, 0.52), at(0.44, 0.66), at(0.71, 0.36)))
        }
        PodState::Unknown => line("mark red", format!("M{}L{}", at(0.32, 0.5), at(0.68, 0.5))),
    }
}

/// Lines at 45 degrees inside the border; those that would cross a rounded corner are left out.
fn hatch(side: f32, border: f32) -> String {
    let gap = if side >= 24.0 { 7.0 } else { 5.0 };
    let (low, high) = (border, side - border);
    let mut out = String::new();
    let mut sum = side * 0.3;
    while sum < side * 1.75 {
        let from_x = (sum - high).max(low);
        let to_x = (sum - low).min(high);
        let _ = write!(out, "M{} {}L{} {}", px(from_x), px(sum - from_x), px(to_x), px(sum - to_x));
        sum += gap;
    }
    out
}
