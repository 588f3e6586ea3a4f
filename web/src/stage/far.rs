//! Who sends and what lets in, where pods are cells; and the rules, to point at.

use opscape_lab::scene::{EntryCard, RouteRow, Scene};
use opscape_lab::words::rate;
use yew::prelude::*;

use super::board::id_of;
use super::front::{failures, percent, rates_of, route_key, send_button, sent};
use super::layout::Rect;
use super::rivers::WIDEST;
use super::routes::label;
use crate::draw::{fit, px};
use crate::session::View;

/// The rules that are shown, and the height of one.
const MOST_ROWS: usize = 8;
const ROW: f32 = 22.0;
/// The same on a phone, where fingers point; and the line above them.
const MOST_ABOVE: usize = 4;
const ROW_ABOVE: f32 = 34.0;
const HEAD_ABOVE: f32 = 30.0;
/// The line that says how many rules more there are.
const MORE: f32 = 18.0;

/// The rules of all entries.
fn count_rules(scene: &Scene) -> usize {
    scene.entries.iter().map(|card| card.routes.len()).sum()
}

/// How high this is above the nodes, on a phone.
pub fn height_above(scene: &Scene) -> f32 {
    let rules = count_rules(scene);
    let more = if rules > MOST_ABOVE { MORE } else { 0.0 };
    HEAD_ABOVE + rules.min(MOST_ABOVE) as f32 * ROW_ABOVE + more
}

/// Who sends and what lets in, in a few words: where pods are cells. `source`: where requests go on from there.
pub fn far(view: &View, rect: Rect, source: (f32, f32)) -> Html {
    let scene = &view.scene;
    let (all, _) = scene.traffic.as_ref().map(|traffic| sent(scene, traffic)).unwrap_or_default();
    let failed = failures(view, &all);
    let words = rate(view.lang, all.rate);
    let rules = count_rules(scene);
    let lines = [(rules, "ui.flow.rules"), (scene.services.len(), "ui.flow.services")];
    if rect.h > 0.0 {
        // On a phone: above everything.
        let list = Rect { y: rect.y + HEAD_ABOVE, h: ROW_ABOVE, ..rect };
        let bad = failed.iter().find(|(_, bad)| *bad).map(|(words, _)| words.clone()).unwrap_or_default();
        return html! {
            <svg class="far" width={px(rect.right())} height={px(rect.bottom())}>
                <text x={px(rect.x)} y={px(rect.y + 16.0)} class="t-name">{ format!("{} {words}", view.word("ui.flow.internet")) }</text>
                <text x={px(rect.x + 130.0)} y={px(rect.y + 16.0)} class="t-11 t-err">{ bad }</text>
                { send_button(view, "0", rect.right() - 82.0, rect.y) }
                { self::rules(view, list, MOST_ABOVE) }
                { more_rules(view, rules, MOST_ABOVE, list) }
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
    let lines_of_failures = failed.len().min(3) + usize::from(all.errors > 0.0);
    let send_y = rect.y + 22.0 + lines_of_failures as f32 * 15.0;
    let list = Rect { y: send_y + 38.0, h: ROW, ..rect };
    let shown = rules.min(MOST_ROWS);
    let more = if rules > shown { MORE } else { 0.0 };
    html! {
        <svg class="far" width={px(source.0 + 12.0)} height={px(list.y + shown as f32 * ROW + more + 8.0)}>
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
            { send_button(view, "0", rect.x, send_y) }
            { self::rules(view, list, MOST_ROWS) }
            { more_rules(view, rules, MOST_ROWS, list) }
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

/// How many rules are not shown.
fn more_rules(view: &View, rules: usize, most: usize, first: Rect) -> Html {
    if rules <= most {
        return Html::default();
    }
    let y = first.y + most as f32 * first.h + 14.0;
    let words = view.say("ui.flow.more-rules", &[("n", &(rules - most).to_string())]);
    html! { <text x={px(first.x)} y={px(y)} class="t-11 t-2">{ words }</text> }
}

/// The first rules, one in a row: what is pointed at stands out in the rivers. `first`: where the first one stands.
fn rules(view: &View, first: Rect, most: usize) -> Html {
    let all = view.scene.entries.iter().flat_map(|card| card.routes.iter().map(move |row| (card, row)));
    let one = |(place, (card, row)): (usize, (&EntryCard, &RouteRow))| {
        let sum = rates_of(&view.scene, card, row).rate;
        let flows = if sum > 0.0 { rate(view.lang, sum) } else { String::new() };
        let key = route_key(card, row);
        let id = id_of(&key);
        let host = if row.host.is_empty() { "" } else { &*row.host };
        let path = if row.path.is_empty() { view.word("ui.flow.default") } else { &*row.path };
        let room = first.w - 14.0 - flows.chars().count() as f32 * 6.5;
        let y = first.y + place as f32 * first.h;
        let text = px(first.h / 2.0 + 3.0);
        html! {
            <g key={id.clone()} class="route" transform={format!("translate({} {})", px(first.x), px(y))}
                role="button" tabindex="0" data-key={id} data-route={row.field.to_string()} aria-label={label(view, row, &flows)}>
                <rect class="head-target" x="-6" y="0" width={px(first.w + 4.0)} height={px(first.h - 2.0)} rx="4" />
                <text x="0" y={text.clone()} class="mono t-11">{ fit(&[host, path].concat(), room, 11.0) }</text>
                <text x={px(first.w - 8.0)} y={text} text-anchor="end" class="t-11">{ flows }</text>
            </g>
        }
    };
    html! { <>{ for all.take(most).enumerate().map(one) }</> }
}
