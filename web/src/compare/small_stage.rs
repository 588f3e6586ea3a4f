//! A lane's stage, small: who answers the requests of this instant, and the pods that are there.

use opscape_lab::compare::{Lane, Second};
use opscape_lab::words::{Lang, count, fill, rate, text};
use yew::prelude::*;

use crate::draw::px;
use crate::glyph::{Look, glyph};

/// Size of the picture in pixels.
const WIDTH: f32 = 200.0;
const HEIGHT: f32 = 184.0;
/// The largest width of the flow.
const FLOW: f32 = 22.0;
/// A pod.
const SIDE: f32 = 14.0;
const PITCH: f32 = 18.0;
const COLUMNS: usize = 6;
const ROWS: usize = 3;
/// Where the pods begin.
const PODS: f32 = 88.0;

/// The picture. `most`: the most requests of a second in any lane, which the widths are measured by.
pub fn small_stage(lane: &Lane, lang: Lang, most: u64) -> Html {
    let scene = lane.session().scene(Some(opscape_lab::scene::Level::Middle));
    let now = usize::try_from(lane.now().0 / 1_000_000).unwrap_or(usize::MAX);
    let second = now.checked_sub(1).and_then(|at| lane.seconds().get(at)).copied().unwrap_or_default();
    let (mut old, mut new): (Vec<Look>, Vec<Look>) = Default::default();
    let pods =
        scene.nodes.iter().flat_map(|node| &node.pods).chain(scene.tray.iter().map(|waiting| &waiting.pod));
    for pod in pods.filter(|pod| !pod.workload.is_empty()) {
        let is_new = lane.is_new(&pod.namespace, &pod.workload, pod.revision);
        let look = Look { colour: if is_new { 2 } else { 1 }, ..Look::of(pod, lane.now()) };
        if is_new { &mut new } else { &mut old }.push(look);
    }
    let label = said(lang, &second, old.len(), new.len());
    html! {
        <svg class="small-stage" width={px(WIDTH)} height={px(HEIGHT)} viewBox={format!("0 0 {} {}", px(WIDTH), px(HEIGHT))} role="img" aria-label={label}>
            { flow(second.met_old, second.failed_old, most, "v1", 48.0) }
            { flow(second.met_new, second.failed_new, most, "v2", 142.0) }
            <circle class="entry" cx="14" cy="95" r="9" />
            <path class="entry-mark" d="M5 95h18M14 86c-6 5-6 13 0 18M14 86c6 5 6 13 0 18" />
            { version(lang, "v1", second.met_old, second.failed_old, &old, 18.0) }
            { version(lang, "v2", second.met_new, second.failed_new, &new, 112.0) }
        </svg>
    }
}

/// From where requests come in to a version.
fn flow(met: u64, failed: u64, most: u64, class: &'static str, y: f32) -> Html {
    if met == 0 {
        return Html::default();
    }
    let wide = (met as f32 / most.max(1) as f32 * FLOW).max(1.5);
    let way =
        |y0: f32, y: f32| format!("M23 {}C52 {} 46 {} {} {}", px(y0), px(y0), px(y), px(PODS - 10.0), px(y));
    let red = (failed as f32 / most.max(1) as f32 * FLOW).max(1.25);
    let edge = wide / 2.0;
    html! {
        <g class={class}>
            <path class="ribbon" d={way(95.0, y)} stroke-width={px(wide)} />
            if failed > 0 { <path class="errors" d={way(95.0 + edge, y + edge)} stroke-width={px(red)} /> }
        </g>
    }
}

/// A version's rate and its pods.
fn version(lang: Lang, name: &'static str, met: u64, failed: u64, pods: &[Look], y: f32) -> Html {
    let room = COLUMNS * ROWS;
    let more = pods.len().saturating_sub(room);
    html! {
        <g class={name}>
            <text x={px(PODS)} y={px(y)} class="t-11">
                <tspan class="rev-name">{ name }</tspan>
                <tspan class="t-2">{ [" ", &rate(lang, met as f32)].concat() }</tspan>
                if failed > 0 { <tspan class="red">{ [" ✕ ", &rate(lang, failed as f32)].concat() }</tspan> }
            </text>
            { for pods.iter().take(room).enumerate().map(|(index, look)| {
                let (column, row) = ((index % COLUMNS) as f32, (index / COLUMNS) as f32);
                html! { <g transform={format!("translate({} {})", px(PODS + column * PITCH), px(y + 8.0 + row * PITCH))}>{ glyph(*look, SIDE) }</g> }
            }) }
            if pods.is_empty() { <text x={px(PODS)} y={px(y + 20.0)} class="t-2 t-11">{ text(lang, "compare.no-pods") }</text> }
            if more > 0 { <text x={px(PODS)} y={px(y + 8.0 + ROWS as f32 * PITCH + 8.0)} class="t-2 t-11">{ format!("+{more}") }</text> }
        </g>
    }
}

fn said(lang: Lang, second: &Second, old: usize, new: usize) -> String {
    let values =
        [old as u64, new as u64, second.met_old, second.met_new, second.failed_old + second.failed_new];
    let [old, new, met_old, met_new, failed] = values.map(count);
    fill(
        lang,
        "compare.stage-about",
        &[("old", &old), ("new", &new), ("metold", &met_old), ("metnew", &met_new), ("failed", &failed)],
    )
}
