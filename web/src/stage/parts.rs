//! The things on the stage that are not nodes: Services, rollouts, pods without a node.

use opscape_lab::scene::{Level, Place, RolloutState, RolloutStrip, ServiceCard, Strategy, TrayPod};
use opscape_lab::words::rate;
use yew::prelude::*;

use super::board::{Board, id_of, key, pod_key, state_name};
use super::flows::code;
use super::front::percent;
use super::layout::{ROLLOUT, Rect, TRAY_ROW};
use super::links::links;
use crate::draw::{colour_class, fit, px};
use crate::glyph::{Look, glyph};
use crate::session::View;

/// A Service and how many pods get its traffic, and below it how much each version gets.
pub fn service(board: &Board<'_>, index: usize, card: &ServiceCard, rect: Rect) -> Html {
    let view = board.view;
    let key = key("Service", &card.namespace, &card.name);
    let ready = card.ready.to_string();
    let none = card.ready == 0;
    let kind = if &*card.kind == "ClusterIP" { "Service" } else { &*card.kind };
    let label = format!("Service {}, {}", card.name, view.say("ui.endpoints", &[("n", &ready)]));
    let state = if none { "t-err" } else { "t-2" };
    let text = if board.layout.narrow {
        html! {
            <>
                <text x="12" y="21" class="t-3">{ "Service" }</text>
                <text x="62" y="21" class="t-name">{ fit(&card.name, rect.w - 100.0, 13.0) }</text>
                <text x={px(rect.w - 12.0)} y="21" text-anchor="end" class={state}>{ ready }</text>
            </>
        }
    } else if rect.w < 110.0 {
        html! {
            <>
                <text x="10" y={px(rect.h / 2.0 - 6.0)} class="t-name">{ fit(&card.name, rect.w - 18.0, 13.0) }</text>
                <text x="10" y={px(rect.h / 2.0 + 12.0)} class={classes!("t-11", state)}>{ fit(&view.say("ui.endpoints", &[("n", &ready)]), rect.w - 14.0, 11.0) }</text>
            </>
        }
    } else {
        html! {
            <>
                <text x="12" y="20" class="t-3">{ kind }</text>
                <text x={px(rect.w - 12.0)} y="20" text-anchor="end" class="t-name">{ fit(&card.name, rect.w - 30.0 - kind.len() as f32 * 6.2, 13.0) }</text>
                <text x="12" y="39" class={state}>{ view.say("ui.endpoints", &[("n", &ready)]) }</text>
                if card.total > card.ready {
                    <text x={px(rect.w - 12.0)} y="39" text-anchor="end" class="t-3">{ format!("/ {}", card.total) }</text>
                }
            </>
        }
    };
    html! {
        <g key={format!("s{}", card.uid.0)} class={board.class("service", &key)}>
            <g class="service-card" transform={format!("translate({} {})", px(rect.x), px(rect.y))}
                role="button" tabindex={board.tab_index(&key)} aria-label={label} data-key={id_of(&key)}>
                <rect class="card" width={px(rect.w)} height={px(rect.h)} rx="6" />
                { text }
            </g>
            // Where requests flow it is seen anyway.
            if !view.scene.traffic.iter().flat_map(|traffic| &traffic.pods).any(|flow| flow.service == index) {
                { links(&view.scene, board.layout, card, rect) }
            }
            if !board.layout.narrow && !board.layout.short { { versions(board, card, rect) } }
        </g>
    }
}

/// What each version gets from a Service, and what of it fails.
fn versions(board: &Board<'_>, card: &ServiceCard, rect: Rect) -> Html {
    let view = board.view;
    let Some(traffic) = &view.scene.traffic else { return Html::default() };
    let service = Place::Service(card.namespace.clone(), card.name.clone());
    let mut lines: Vec<Html> = Vec::new();
    for flow in traffic.flows.iter().filter(|flow| flow.from == service && flow.rates.rate > 0.0) {
        let Place::Version { namespace, workload, revision, colour } = &flow.to else { continue };
        let version = view.scene.version_name(namespace, workload, *revision);
        let y = rect.h + 16.0 + lines.len() as f32 * 14.0;
        lines.push(html! {
            <text x="2" y={px(y)} class={classes!("t-11", colour_class(*colour))}>
                <tspan class="rev-fill">{ version.clone() }</tspan>
                <tspan dx="5">{ rate(view.lang, flow.rates.rate) }</tspan>
            </text>
        });
        if flow.rates.errors > 0.0 {
            let share = percent(flow.rates.errors, flow.rates.rate);
            lines.push(html! {
                <text x="2" y={px(y + 14.0)} class="t-11 t-err">{ view.say("ui.flow.fails", &[("share", &share), ("version", &version)]) }</text>
            });
        }
    }
    let ends = traffic.of(&service).filter(|rates| card.ready == 0 && rates.errors > 0.0);
    if let Some(rates) = ends {
        let code = code(&rates.failed);
        let code = if code.starts_with("ui.") { view.word(code) } else { code };
        let y = rect.h + 16.0 + lines.len() as f32 * 14.0;
        lines.push(html! { <text x="2" y={px(y)} class="t-11 t-err">{ format!("{code} × {}", rate(view.lang, rates.errors)) }</text> });
    }
    html! { <g transform={format!("translate({} {})", px(rect.x), px(rect.y))}>{ for lines }</g> }
}

/// Of a canary in its steps: which one, the weight that was set, and the one that requests really got.
fn weights(view: &View, strip: &RolloutStrip) -> Option<String> {
    let progress = strip.progress.as_ref().filter(|progress| progress.step <= progress.steps)?;
    let set = progress.set_weight?.to_string();
    let weights = match progress.real_weight {
        Some(real) => view.say("ui.rollout.weights", &[("set", &set), ("real", &format!("{real:.0}"))]),
        None => view.say("ui.rollout.weight-set", &[("set", &set)]),
    };
    let values = [
        ("step", &*progress.step.to_string()),
        ("steps", &progress.steps.to_string()),
        ("words", &progress.words),
    ];
    Some(format!("{} · {weights}", view.say("ui.rollout.step", &values)))
}

/// How far a workload's rollout is: a glyph for each pod, with the marks it moves between.
pub fn rollout(board: &Board<'_>, strip: &RolloutStrip, rect: Rect) -> Html {
    let view = board.view;
    let key = key(strip.kind, &strip.namespace, &strip.workload);
    let places = strip.glyphs.len().max(strip.max as usize).max(1) as f32;
    // Beside the words if they fit there, else below them.
    let beside = (rect.w - 130.0) / places;
    let pitch = if beside < 12.0 { rect.w / places } else { beside }.clamp(3.0, 21.5);
    let side = (pitch - 5.5).max(pitch * 0.7);
    let strategy = match &strip.strategy {
        Strategy::Recreate if strip.kind == "Deployment" => "Recreate".to_owned(),
        Strategy::Recreate => strip.kind.to_owned(),
        Strategy::RollingUpdate { max_surge, max_unavailable } => {
            format!("RollingUpdate {max_surge} / {max_unavailable}")
        }
        Strategy::BlueGreen => "blueGreen".to_owned(),
        Strategy::Canary => weights(view, strip).unwrap_or_else(|| "canary".to_owned()),
    };
    let revisions = match strip.from {
        Some(from) => view.say("ui.revisions", &[("from", &from.to_string()), ("to", &strip.to.to_string())]),
        None => view.say("ui.revision", &[("n", &strip.to.to_string())]),
    };
    let (word, bad) = match strip.state {
        RolloutState::Paused => (view.word("ui.rollout.paused"), false),
        RolloutState::Failing => (view.word("ui.rollout.failing"), true),
        RolloutState::Aborted => (view.word("ui.rollout.aborted"), true),
        RolloutState::Stuck => (view.word("ui.rollout.stuck"), true),
        _ => ("", false),
    };
    let available =
        view.say("ui.available", &[("n", &strip.available.to_string()), ("of", &strip.wanted.to_string())]);
    let tick = |at: u32, key: &'static str, strong: bool| {
        let x = (at as f32 * pitch - (pitch - side) / 2.0).min(rect.w - 30.0).max(22.0);
        html! {
            <>
                <path class="strip-tick" d={format!("M{} 62v5", px(x))} />
                <text x={px(x)} y="78" text-anchor="middle" class={if strong { "t-11" } else { "t-11 t-2" }}>
                    { view.say(key, &[("n", &at.to_string())]) }
                </text>
            </>
        }
    };
    // Ticks that would run into each other are left out; the wanted number always stays.
    let apart = |a: u32, b: u32| a.abs_diff(b) as f32 * pitch > 40.0;
    let end = (strip.glyphs.len() as f32 * pitch).max(strip.max as f32 * pitch) + 24.0;
    html! {
        <g key={format!("r{}", strip.uid.0)} class={board.class("rollout", &key)} transform={format!("translate({} {})", px(rect.x), px(rect.y))}
            role="button" tabindex={board.tab_index(&key)} data-key={id_of(&key)}
            aria-label={format!("{} {}: {revisions}, {available}", strip.kind, strip.workload)}>
            <rect class="head-target" width={px(rect.w)} height={px(ROLLOUT - 8.0)} />
            <path class="strip-line" d={format!("M0 .5H{}", px(rect.w))} />
            <text x="0" y="18" class="t-name">
                { view.say("ui.rollout", &[("name", &strip.workload)]) }
                if !word.is_empty() {
                    <tspan dx="8" class={if bad { "t-err" } else { "t-2" }} font-weight={if bad { "600" } else { "400" }}>{ word }</tspan>
                }
            </text>
            <text x="0" y="34" class="t-2 t-11">{ format!("{revisions} · {strategy}") }</text>
            { for strip.glyphs.iter().enumerate().map(|(index, pod)| html! {
                <g key={pod.uid.0.to_string()} transform={format!("translate({} 43)", px(index as f32 * pitch))}>
                    { glyph(Look::of(pod, view.at), side) }
                </g>
            }) }
            if pitch > 3.0 {
                if apart(strip.min, strip.wanted) && strip.min > 0 { { tick(strip.min, "ui.min", false) } }
                { tick(strip.wanted, "ui.wanted", true) }
                if apart(strip.max, strip.wanted) { { tick(strip.max, "ui.max", false) } }
            }
            if end + 90.0 < rect.w {
                <text x={px(end)} y="54" class="t-11">{ available }</text>
                if strip.terminating > 0 {
                    <text x={px(end)} y="69" class="t-11 t-2">{ view.say("ui.terminating", &[("n", &strip.terminating.to_string())]) }</text>
                }
            } else {
                <text x={px(rect.w)} y="18" text-anchor="end" class="t-11">{ available }</text>
            }
        </g>
    }
}

/// Pods without a node and what they wait for.
pub fn tray(board: &Board<'_>, pods: &[TrayPod], more: u32, rect: Rect) -> Html {
    let view = board.view;
    let side = if board.layout.level == Level::Near { 34.0 } else { 18.0 };
    let fits = (((rect.h - 30.0) / TRAY_ROW).floor() as usize).max(1);
    let hidden = more + pods.len().saturating_sub(fits) as u32;
    let row = |(index, waiting): (usize, &TrayPod)| {
        let pod = &waiting.pod;
        let key = pod_key(pod);
        let title = if waiting.waits_for.is_empty() {
            pod.name.to_string()
        } else {
            view.say("ui.waits-for", &[("name", &pod.name), ("what", &waiting.waits_for.join(", "))])
        };
        let room = rect.w - side - 44.0;
        html! {
            <g key={pod.uid.0.to_string()} class={board.class("pod", &key)} transform={format!("translate(16 {})", px(30.0 + index as f32 * TRAY_ROW))}
                role="button" tabindex={board.tab_index(&key)} data-key={id_of(&key)} aria-label={format!("{title}. {}", waiting.words)}
                data-pod={pod.name.to_string()} data-state={state_name(pod.state)} data-revision={pod.revision.to_string()}>
                <rect class="head-target" x="-6" y="-4" width={px(rect.w - 20.0)} height={px(TRAY_ROW - 2.0)} />
                <rect class="ring" x="-3.5" y="-3.5" width={px(side + 7.0)} height={px(side + 7.0)} rx={px(side * 0.2 + 3.5)} />
                { glyph(Look::of(pod, view.at), side) }
                <text x={px(side + 12.0)} y="14">{ fit(&title, room, 12.0) }</text>
                <text x={px(side + 12.0)} y="30" class="t-2 t-11">{ fit(&waiting.words, room, 11.0) }</text>
            </g>
        }
    };
    html! {
        <g role="group" aria-label={view.word("ui.no-node")} transform={format!("translate({} {})", px(rect.x), px(rect.y))}>
            <rect class="tray-box" x=".5" y=".5" width={px(rect.w - 1.0)} height={px(rect.h - 1.0)} rx="6" />
            <text x="12" y="19" class="t-name">{ view.word("ui.no-node") }</text>
            if hidden > 0 {
                <text x={px(rect.w - 12.0)} y="19" text-anchor="end" class="t-2">{ format!("+ {hidden}") }</text>
            }
            { for pods.iter().take(fits).enumerate().map(row) }
        </g>
    }
}
