//! Who sends and what lets in, where pods are cells.

use opscape_lab::words::rate;
use yew::prelude::*;

use super::front::{failures, percent, send_button, sent};
use super::layout::Rect;
use super::rivers::WIDEST;
use crate::draw::px;
use crate::session::View;

/// Who sends and what lets in, in a few words: where pods are cells. `source`: where requests go on from there.
pub fn far(view: &View, rect: Rect, source: (f32, f32)) -> Html {
    let scene = &view.scene;
    let (all, _) = scene.traffic.as_ref().map(|traffic| sent(scene, traffic)).unwrap_or_default();
    let failed = failures(view, &all);
    let words = rate(view.lang, all.rate);
    let rules: usize = scene.entries.iter().map(|card| card.routes.len()).sum();
    let lines = [(rules, "ui.flow.rules"), (scene.services.len(), "ui.flow.services")];
    if rect.h > 0.0 {
        // On a phone: one line above everything.
        let bad = failed.iter().find(|(_, bad)| *bad).map(|(words, _)| words.clone()).unwrap_or_default();
        return html! {
            <svg class="far" width={px(rect.right())} height={px(rect.bottom())}>
                <text x={px(rect.x)} y={px(rect.y + 16.0)} class="t-name">{ format!("{} {words}", view.word("ui.flow.internet")) }</text>
                <text x={px(rect.x + 130.0)} y={px(rect.y + 16.0)} class="t-11 t-err">{ bad }</text>
                { send_button(view, "0", rect.right() - 82.0, rect.y) }
            </svg>
        };
    }
    let kind = match scene.entries.first() {
        Some(card) if card.kind == "HTTPRoute" => "Gateway",
        Some(_) => "Ingress",
        None => "Services",
    };
    // The trunk leads to a card, and from there up to where the river begins.
    let trunk = if all.rate > 0.0 { WIDEST } else { 0.0 };
    let (card_x, card_w) = (rect.x + 74.0, rect.right() - 10.0 - rect.x - 74.0);
    let end = (card_x + card_w, source.0);
    html! {
        <svg class="far" width={px(source.0 + 12.0)} height={px(rect.y + 160.0)}>
            if trunk > 0.0 {
                <g class="flows ribbon" aria-hidden="true">
                    <path class="body" d={format!("M{} {}H{}", px(rect.x), px(rect.y), px(card_x))} stroke-width={px(trunk)} />
                    <path class="body" d={format!("M{} {y}H{}Q{x} {y} {x} {}V{}", px(end.0), px(end.1 - 12.0), px(rect.y - 12.0), px(source.1), x = px(end.1), y = px(rect.y))} stroke-width={px(trunk)} />
                    if all.errors > 0.0 {
                        <path class="red" d={format!("M{} {}H{}", px(rect.x), px(rect.y + 9.0), px(card_x))} stroke-width="2" />
                        <path class="arrow" d={format!("M{} {}l7 -4m-7 4l7 4", px(rect.x), px(rect.y + 9.0))} />
                    }
                </g>
            }
            <text x={px(rect.x)} y={px(rect.y - 41.0)} class="t-name">{ view.word("ui.flow.internet") }</text>
            <text x={px(rect.x)} y={px(rect.y - 18.0)} class="t-rate">{ words }</text>
            { for failed.iter().take(3).enumerate().map(|(line, (words, bad))| html! {
                <text x={px(rect.x)} y={px(rect.y + 30.0 + line as f32 * 15.0)} class={if *bad { "t-11 t-err" } else { "t-11 t-2" }}>{ words }</text>
            }) }
            if all.errors > 0.0 {
                <text x={px(rect.x)} y={px(rect.y + 30.0 + failed.len().min(3) as f32 * 15.0)} class="t-11 t-2">{ view.say("ui.flow.of-all", &[("share", &percent(all.errors, all.rate))]) }</text>
            }
            { send_button(view, "0", rect.x, rect.y + 22.0 + (failed.len().min(3) + usize::from(all.errors > 0.0)) as f32 * 15.0) }
            <g transform={format!("translate({} {})", px(card_x), px(rect.y - 34.0))}>
                <rect class="card" x=".5" y=".5" width={px(card_w - 1.0)} height="68" rx="6" />
                <text x={px(card_w / 2.0)} y="23" text-anchor="middle" class="t-name">{ kind }</text>
                { for lines.iter().filter(|(count, _)| *count > 0).enumerate().map(|(line, (count, key))| html! {
                    <text x={px(card_w / 2.0)} y={px(41.0 + line as f32 * 15.0)} text-anchor="middle" class="t-11 t-2">{ view.say(key, &[("n", &count.to_string())]) }</text>
                }) }
            </g>
        </svg>
    }
}
