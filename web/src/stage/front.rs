//! Who sends requests and what lets them in: the words beside the trunk, the cards of Ingresses and HTTPRoutes.

use opscape_lab::scene::{EntryCard, Place, Rates, RouteRow, Scene, TrafficScene};
use opscape_lab::words::rate;
use opscape_manifest::api::ObjectKey;
use yew::prelude::*;

use super::board::{Board, id_of, key};
use super::flows::{CODES, is_inside, red};
use super::layout::{EntryBox, Rect};
use super::routes::label;
use crate::draw::{fit, px};
use crate::session::View;

/// Between the kind and the field of a rule in the kind of its key.
const OF: char = '#';

/// A rule of an entry, as a thing on the stage.
pub fn route_key(card: &EntryCard, row: &RouteRow) -> ObjectKey {
    let kind = [card.kind, &OF.to_string(), &row.field].concat();
    ObjectKey { kind: kind.into(), namespace: card.namespace.clone(), name: card.name.clone() }
}

/// The object a thing on the stage stands for, and the field of it.
pub fn object_of(key: &ObjectKey) -> (ObjectKey, Option<&str>) {
    match key.kind.split_once(OF) {
        Some((kind, field)) => (ObjectKey { kind: kind.into(), ..key.clone() }, Some(field)),
        None => (key.clone(), None),
    }
}

/// What a rule lets in. A canary stands in for a share of another Ingress's rule: what that one sends to the canary's Service.
pub fn rates_of(scene: &Scene, card: &EntryCard, row: &RouteRow) -> Rates {
    let mut sum = Rates::default();
    let Some(traffic) = &scene.traffic else { return sum };
    let is_row = |place: &Place, card: &EntryCard, row: &RouteRow| {
        let Place::Rule(kind, namespace, name, field) = place else { return false };
        **kind == *card.kind && *namespace == card.namespace && *name == card.name && *field == row.field
    };
    let stands_for = |place: &Place| {
        let mut others =
            scene.entries.iter().filter(|other| other.canary.is_none() && other.kind == card.kind);
        card.canary.is_some()
            && others.any(|other| {
                let mut rows = other.routes.iter();
                rows.any(|one| one.host == row.host && one.path == row.path && is_row(place, other, one))
            })
    };
    let leads = |place: &Place| {
        let Place::Service(namespace, name) = place else { return false };
        row.backends.iter().any(|backend| backend.service == *name && backend.namespace == *namespace)
    };
    for flow in &traffic.flows {
        let comes = matches!(flow.from, Place::Workload { .. }) && is_row(&flow.to, card, row);
        if comes || leads(&flow.to) && stands_for(&flow.from) {
            sum.rate += flow.rates.rate;
            sum.errors += flow.rates.errors;
        }
    }
    sum
}

/// A share in percent.
pub fn percent(part: f32, of: f32) -> String {
    let share = if of > 0.0 { part / of * 100.0 } else { 0.0 };
    let tenths = (share * 10.0).round();
    [&px(if tenths < 100.0 { tenths / 10.0 } else { share.round() }), "%"].concat()
}

/// Who sends from outside, how much, and what of it failed.
pub fn internet(board: &Board<'_>, rect: Rect) -> Html {
    let view = board.view;
    let Some(traffic) = &view.scene.traffic else {
        // Where nobody outside can reach anything, those who will send are inside.
        let open = !view.scene.entries.is_empty()
            || view.scene.services.iter().any(|card| matches!(&*card.kind, "NodePort" | "LoadBalancer"));
        let word = if open { "ui.flow.internet" } else { "ui.flow.inside" };
        let y = if board.layout.narrow { rect.y + 14.0 } else { rect.y - 8.0 };
        let button =
            if board.layout.narrow { (rect.right() - 96.0, rect.y - 4.0) } else { (rect.x, rect.y + 2.0) };
        return html! {
            <g>
                <text x={px(rect.x)} y={px(y)} class={if open { "t-name" } else { "t-name t-11" }}>{ view.word(word) }</text>
                { send_button(view, board.tab_index(&send_key()), button.0, button.1) }
            </g>
        };
    };
    let (all, inside) = sent(&view.scene, traffic);
    let outside = (all.rate - inside).max(0.0);
    let failed = failures(view, &all);
    if board.layout.narrow {
        let middle = rect.middle().0;
        return html! {
            <g>
                <text x={px(middle)} y={px(rect.y + 12.0)} text-anchor="middle" class="t-name">{ format!("{} {}", view.word("ui.flow.internet"), rate(view.lang, outside)) }</text>
                { for failed.iter().take(2).enumerate().map(|(line, (words, bad))| html! {
                    <text x={px(middle + 26.0)} y={px(rect.y + 32.0 + line as f32 * 15.0)} class={if *bad { "t-err" } else { "t-2" }}>{ words }</text>
                }) }
                { send_button(view, board.tab_index(&send_key()), rect.x, rect.y - 2.0) }
            </g>
        };
    }
    // Where nobody outside sends, those inside have the place.
    let (word, sent) = match board.layout.inside {
        Some(own) if own == rect => ("ui.flow.inside", inside),
        _ => ("ui.flow.internet", outside),
    };
    let beside = board.layout.entries.len() > 1;
    let trunk = if beside { -13.0 } else { (board.k * sent).max(3.0) / 2.0 };
    let above = rect.y - trunk;
    let below = if beside {
        rect.y + 20.0
    } else {
        rect.y + trunk + 16.0 + if all.errors > 0.0 { red(all.errors, board.k) } else { 0.0 }
    };
    let lines = failed.len().min(3) + usize::from(all.errors > 0.0);
    html! {
        <g>
            if !board.layout.short { <text x={px(rect.x)} y={px(above - 31.0)} class="t-name">{ view.word(word) }</text> }
            <text x={px(rect.x)} y={px(above - 9.0)} class="t-rate">{ rate(view.lang, sent) }</text>
            { for failed.iter().take(3).enumerate().map(|(line, (words, bad))| html! {
                <text x={px(rect.x)} y={px(below + line as f32 * 15.0)} class={if *bad { "t-11 t-err" } else { "t-11 t-2" }}>{ words }</text>
            }) }
            if all.errors > 0.0 {
                <text x={px(rect.x)} y={px(below + failed.len().min(3) as f32 * 15.0)} class="t-11 t-2">{ view.say("ui.flow.of-all", &[("share", &percent(all.errors, all.rate))]) }</text>
            }
            { send_button(view, board.tab_index(&send_key()), rect.x, below - 8.0 + lines as f32 * 15.0) }
        </g>
    }
}

/// The button that sends one request; `y`: its upper edge.
pub fn send_button(view: &View, tab: &'static str, x: f32, y: f32) -> Html {
    let key = send_key();
    let word = view.word("ui.ask.short");
    let wide: f32 = word.chars().map(|c| if c >= '\u{1100}' { 10.5 } else { 6.2 }).sum::<f32>() + 14.0;
    html! {
        <g class="send" transform={format!("translate({} {})", px(x), px(y))} role="button" tabindex={tab}
            data-key={id_of(&key)} aria-label={view.word("ui.ask")}>
            <rect class="card" x=".5" y=".5" width={px(wide)} height="23" rx="6" />
            <text x={px(wide / 2.0 + 0.5)} y="16" text-anchor="middle" class="t-11">{ word }</text>
        </g>
    }
}

/// The button that sends one request, as a thing on the stage.
pub fn send_key() -> ObjectKey {
    key("Send", "", "")
}

/// Who sends from inside the cluster, below those outside.
pub fn inside(board: &Board<'_>, rect: Rect) -> Html {
    let view = board.view;
    let Some(traffic) = &view.scene.traffic else { return Html::default() };
    let sent: f32 =
        traffic.flows.iter().filter(|flow| is_inside(&view.scene, flow)).map(|flow| flow.rates.rate).sum();
    let above = rect.y - (board.k * sent).max(3.0) / 2.0;
    html! {
        <g>
            <text x={px(rect.x)} y={px(above - 24.0)} class="t-name">{ view.word("ui.flow.inside") }</text>
            <text x={px(rect.x)} y={px(above - 8.0)}>{ rate(view.lang, sent) }</text>
        </g>
    }
}

/// Everything that is sent, and how much of it from inside the cluster.
pub fn sent(scene: &Scene, traffic: &TrafficScene) -> (Rates, f32) {
    let mut all = Rates::default();
    for (_, rates) in traffic.places.iter().filter(|(place, _)| matches!(place, Place::Workload { .. })) {
        all.rate += rates.rate;
        all.errors += rates.errors;
        for (sum, more) in all.failed.iter_mut().zip(rates.failed) {
            *sum += more;
        }
    }
    let inside = traffic.flows.iter().filter(|flow| is_inside(scene, flow)).map(|flow| flow.rates.rate);
    (all, inside.sum())
}

/// What failed, by code, the most first; what the client did wrong is not red.
pub fn failures(view: &View, rates: &Rates) -> Vec<(String, bool)> {
    let mut found: Vec<(f32, String, bool)> = Vec::new();
    for (kind, (failed, code)) in
        rates.failed.iter().zip(CODES).enumerate().filter(|(_, (failed, _))| **failed > 0.0)
    {
        let code = if code.starts_with("ui.") { view.word(code) } else { code };
        found.push((*failed, format!("{code} × {}", rate(view.lang, *failed)), kind > 0));
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.into_iter().map(|(_, words, bad)| (words, bad)).collect()
}

/// An Ingress or an HTTPRoute, with a row for each rule.
pub fn entry(board: &Board<'_>, card: &EntryCard, place: &EntryBox) -> Html {
    let view = board.view;
    let frame = place.frame;
    let key = key(card.kind, &card.namespace, &card.name);
    // Where all rules are for one host it is said once.
    let hosts: Vec<&str> = card.routes.iter().map(|row| &*row.host).filter(|host| !host.is_empty()).collect();
    let host = hosts.first().copied().unwrap_or("*");
    let several = hosts.iter().any(|other| *other != host);
    let title = if several { card.name.as_ref() } else { host };
    let label =
        format!("{} {}, {}", card.kind, card.name, if several { hosts.join(", ") } else { host.to_owned() });
    let small = frame.w < 130.0 || board.layout.short;
    let large = title.chars().count() as f32 * 8.8 < frame.w - 24.0;
    let canary = card.canary.as_ref().map(|share| ["canary ", share].concat());
    let note = if let Some(canary) = &canary {
        canary.trim_end()
    } else if several {
        ""
    } else {
        &*card.name
    };
    let head = if board.layout.narrow {
        html! {
            <>
                <text x="12" y="21" class="t-3">{ card.kind }</text>
                <text x={px(frame.w / 2.0)} y="21" text-anchor="middle" class="t-name">{ fit(title, frame.w - 168.0, 13.8) }</text>
                <text x={px(frame.w - 12.0)} y="21" text-anchor="end" class="t-2">{ fit(note, 70.0, 12.0) }</text>
            </>
        }
    } else if small {
        html! {
            <>
                <text x="10" y="15" class="t-11 t-3">{ card.kind }</text>
                <text x="10" y="31" class="t-name">{ fit(title, frame.w - 22.0, 13.8) }</text>
            </>
        }
    } else {
        html! {
            <>
                <text x="12" y="20" class="t-3">{ card.kind }</text>
                <text x={px(frame.w - 12.0)} y="20" text-anchor="end" class="t-2">{ fit(note, frame.w - 26.0 - card.kind.len() as f32 * 7.0, 12.0) }</text>
                <text x="12" y="40" class={if large { "t-name t-15" } else { "t-name" }}>{ fit(title, frame.w - 24.0, if large { 14.2 } else { 13.8 }) }</text>
            </>
        }
    };
    let mut before = None;
    let rows = place.rows.iter().zip(&card.routes).map(|(rect, row)| {
        let beside = rect.x > frame.x + 1.0;
        let other = before.replace(&row.host) != Some(&row.host);
        self::row(board, card, row, *rect, (several && other, beside))
    });
    let rows: Vec<Html> = rows.collect();
    let hidden =
        card.routes.iter().skip(place.rows.len()).map(|row| rates_of(&board.view.scene, card, row).rate);
    let hidden: f32 = hidden.sum();
    html! {
        <g key={format!("e{}", id_of(&key))} class={board.class("entry", &key)}>
            <rect class="card" x={px(frame.x)} y={px(frame.y)} width={px(frame.w)} height={px(frame.h)} rx="6" />
            <g transform={format!("translate({} {})", px(frame.x), px(frame.y))} role="button" tabindex={board.tab_index(&key)} data-key={id_of(&key)} aria-label={label}>
                <rect class="head-target" x="1" y="1" width={px(frame.w - 2.0)} height={px(place.rows.first().map_or(frame.h, |row| row.y - frame.y) - 2.0)} rx="5" />
                { head }
            </g>
            { for rows }
            if place.more > 0 {
                <>
                    <text x={px(frame.x + 12.0)} y={px(frame.bottom() - 8.0)} class="t-11 t-2">{ view.say("ui.flow.more-rules", &[("n", &place.more.to_string())]) }</text>
                    if hidden > 0.0 {
                        <text x={px(frame.right() - 12.0)} y={px(frame.bottom() - 8.0)} text-anchor="end" class="t-11">{ rate(view.lang, hidden) }</text>
                    }
                </>
            }
        </g>
    }
}

/// A rule: its path, and how much it lets in.
///
/// `with_host`: its host is said, too; `beside`: it stands beside another one.
fn row(
    board: &Board<'_>,
    card: &EntryCard,
    row: &RouteRow,
    rect: Rect,
    (with_host, beside): (bool, bool),
) -> Html {
    let view = board.view;
    let key = route_key(card, row);
    let rates = rates_of(&board.view.scene, card, row);
    let flows = if rates.rate > 0.0 { rate(view.lang, rates.rate) } else { String::new() };
    let path = if row.path.is_empty() { view.word("ui.flow.default") } else { &*row.path };
    let path = match row.conditions.first() {
        Some(first) => format!("{path} {first}"),
        None => path.to_owned(),
    };
    let none = row.backends.iter().all(|backend| backend.ready.is_none());
    let label = label(view, row, &flows);
    let middle = rect.h / 2.0 + 4.0;
    let room = rect.w - 24.0 - if flows.is_empty() { 0.0 } else { 8.0 + flows.chars().count() as f32 * 7.0 };
    html! {
        <g key={row.field.to_string()} class={board.class("route", &key)} transform={format!("translate({} {})", px(rect.x), px(rect.y))}
            role="button" tabindex={board.tab_index(&key)} data-key={id_of(&key)} data-route={row.field.to_string()} aria-label={label}>
            <path class="row-line" d={format!("M0 .5H{}", px(rect.w))} />
            if beside { <path class="row-line" d={format!("M.5 0V{}", px(rect.h))} /> }
            <rect class="head-target" x="1.5" y="1.5" width={px(rect.w - 3.0)} height={px(rect.h - 3.0)} rx="4" />
            if with_host && rect.h > 30.0 {
                <text x="12" y={px(middle - 8.0)} class="t-11 t-2">{ fit(&row.host, rect.w - 24.0, 11.0) }</text>
                <text x="12" y={px(middle + 7.0)} class={if none { "mono t-err" } else { "mono" }}>{ fit(&path, room, 13.0) }</text>
                <text x={px(rect.w - 12.0)} y={px(middle + 7.0)} text-anchor="end">{ flows }</text>
            } else {
                <text x="12" y={px(middle)} class={if none { "mono t-err" } else { "mono" }}>{ fit(&path, room, 13.0) }</text>
                <text x={px(rect.w - 12.0)} y={px(middle)} text-anchor="end">{ flows }</text>
            }
        </g>
    }
}
