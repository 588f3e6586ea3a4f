//! The cluster's events, newest first, in the cluster's own words. Only the rows in sight are made: a busy cluster has
//! hundreds. One of them is a stop of the Tab key; the arrows go on from there.

use std::rc::Rc;

use opscape_lab::inspect::EventRow;
use opscape_lab::words::{Lang, text};
use opscape_manifest::api::ObjectKey;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};
use yew::prelude::*;

use super::transport::tenths;
use crate::session::Session;
use crate::size::use_size;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub session: Session,
    pub lang: Lang,
    pub events: Rc<Vec<EventRow>>,
    pub selected: Option<ObjectKey>,
}

/// Height of a row until one was measured.
const ROW: f64 = 25.0;
/// Rows made above and below those in sight.
const MARGIN: usize = 6;

/// The table.
#[component]
pub fn Events(props: &Props) -> Html {
    let Props { session, lang, events, selected } = props;
    let scroller = use_node_ref();
    let (_, height) = use_size(&scroller);
    let row_height = use_state_eq(|| ROW);
    let top = use_state_eq(|| 0_usize);
    // The row that has the focus; none: the newest is the one that Tab reaches.
    let active = use_state(|| None::<EventRow>);
    // A row that is to get the focus once it is made.
    let wanted = use_mut_ref(|| None::<usize>);
    let at = active.as_ref().and_then(|row| events.iter().position(|other| is_same(row, other))).unwrap_or(0);
    {
        // New events come above: the row that is read keeps the focus, and its place.
        let (scroller, wanted, step) = (scroller.clone(), wanted.clone(), *row_height);
        let held = active.is_some();
        let before = use_mut_ref(|| 0_usize);
        use_effect_with(at, move |at| {
            let moved = *at as f64 - before.replace(*at) as f64;
            let Some(scroller) = scroller.cast::<Element>().filter(|_| held) else { return };
            let Some(focused) = scroller.query_selector("tr:focus").ok().flatten() else { return };
            let mut wanted = wanted.borrow_mut();
            if wanted.is_none() && focused.get_attribute("aria-rowindex") != Some((at + 2).to_string()) {
                scroller.set_scroll_top(scroller.scroll_top() + (moved * step) as i32);
                *wanted = Some(*at);
            }
        });
    }
    {
        let (scroller, row_height) = (scroller.clone(), row_height.clone());
        use_effect_with((height as u32, events.is_empty()), move |_| {
            let row = scroller.cast::<Element>().and_then(|rows| rows.query_selector("tbody tr").ok()?);
            let measured = row.map_or(0.0, |row| row.get_bounding_client_rect().height());
            if measured > 1.0 {
                row_height.set(measured);
            }
        });
    }
    {
        let (scroller, wanted) = (scroller.clone(), wanted.clone());
        use_effect(move || {
            let mut wanted = wanted.borrow_mut();
            let (Some(scroller), Some(row)) = (scroller.cast::<Element>(), *wanted) else { return };
            let row = scroller.query_selector(&format!("[aria-rowindex='{}']", row + 2)).ok().flatten();
            if let Some(row) = row.and_then(|row| row.dyn_into::<HtmlElement>().ok()) {
                *wanted = None;
                drop(wanted);
                let _ = row.focus();
            }
        });
    }
    let scrolled = {
        let (top, step) = (top.clone(), *row_height);
        Callback::from(move |event: Event| {
            if let Some(element) = event.target_dyn_into::<Element>() {
                top.set((f64::from(element.scroll_top()) / step) as usize);
            }
        })
    };
    let keyed = {
        let (session, events, scroller, wanted) =
            (session.clone(), events.clone(), scroller.clone(), wanted.clone());
        let (active, step) = (active.clone(), *row_height);
        Callback::from(move |event: KeyboardEvent| {
            let Some(scroller) = scroller.cast::<Element>() else { return };
            let page = ((f64::from(scroller.client_height()) / step) as usize).max(2) - 1;
            let last = events.len().saturating_sub(1);
            let next = match event.key().as_str() {
                _ if event.ctrl_key() || event.meta_key() || event.alt_key() || event.shift_key() => return,
                "ArrowDown" => (at + 1).min(last),
                "ArrowUp" => at.saturating_sub(1),
                "PageDown" => (at + page).min(last),
                "PageUp" => at.saturating_sub(page),
                "Home" => 0,
                "End" => last,
                key @ ("ArrowRight" | "ArrowLeft") => {
                    event.prevent_default();
                    event.stop_propagation();
                    within_row(&event, key == "ArrowRight");
                    return;
                }
                "Enter" | " " if is_row(&event) => {
                    event.prevent_default();
                    event.stop_propagation();
                    session.select(events.get(at).map(|event| event.object.clone()));
                    return;
                }
                _ => return,
            };
            event.prevent_default();
            event.stop_propagation();
            let place = next as f64 * step;
            let (from, frame) = (f64::from(scroller.scroll_top()), f64::from(scroller.client_height()));
            if place < from {
                scroller.set_scroll_top(place as i32);
            } else if place + step > from + frame {
                scroller.set_scroll_top((place + step - frame).ceil() as i32);
            }
            *wanted.borrow_mut() = Some(next);
            active.set(events.get(next).cloned());
        })
    };
    let left = {
        let (active, scroller) = (active.clone(), scroller.clone());
        Callback::from(move |event: FocusEvent| {
            let to = event.related_target().and_then(|target| target.dyn_into::<web_sys::Node>().ok());
            // Without a target it was a row that went out of sight: the arrows go on from it.
            if to.is_some() && !scroller.get().is_some_and(|table| table.contains(to.as_ref())) {
                active.set(None);
            }
        })
    };
    let row = |index: usize, event: &EventRow| {
        let pick = {
            let (session, key) = (session.clone(), event.object.clone());
            Callback::from(move |_: MouseEvent| session.select(Some(key.clone())))
        };
        let go = {
            let (session, at) = (session.clone(), event.at);
            Callback::from(move |event: MouseEvent| {
                event.stop_propagation();
                session.seek(at);
            })
        };
        let focused = {
            let (active, event) = (active.clone(), event.clone());
            Callback::from(move |_: FocusEvent| {
                if !active.as_ref().is_some_and(|row| is_same(row, &event)) {
                    active.set(Some(event.clone()));
                }
            })
        };
        let kind = if event.warning { "Warning" } else { "Normal" };
        let message = if event.count > 1 {
            format!("{} (×{})", event.message, event.count)
        } else {
            event.message.to_string()
        };
        let time = tenths(event.at);
        let object = format!("{}/{}", event.object.kind.to_ascii_lowercase(), event.object.name);
        let whole = format!("{time}, {kind}, {}, {object}, {message}", event.reason);
        let picked = selected.as_ref() == Some(&event.object);
        html! {
            <tr key={index} class={picked.then_some("picked")} tabindex={if index == at { "0" } else { "-1" }} aria-rowindex={(index + 2).to_string()}
                aria-selected={picked.to_string()} aria-label={whole} onclick={pick.clone()} onfocusin={focused}>
                <td class="at"><button type="button" tabindex="-1" onclick={go}>{ time }</button></td>
                <td class={classes!("type", event.warning.then_some("bad"))}>{ kind }</td>
                <td class="reason">{ event.reason.to_string() }</td>
                <td class="object"><button type="button" tabindex="-1" onclick={pick}>{ object }</button></td>
                <td title={event.message.to_string()}>{ message }</td>
                <td class="from">{ event.from.clone() }</td>
            </tr>
        }
    };
    let head =
        |class: &'static str, key: &'static str| html! { <th scope="col" {class}>{ text(*lang, key) }</th> };
    let sight = (f64::from(height) / *row_height).ceil() as usize;
    let end = (*top + sight + MARGIN).min(events.len());
    let first = top.saturating_sub(MARGIN).min(end);
    let style = format!("height:{}px", (events.len() as f64 * *row_height) as i64);
    let place = format!("top:{}px", (first as f64 * *row_height) as i64);
    html! {
        <div class="rows" ref={scroller} onscroll={scrolled} onkeydown={keyed} onfocusout={left}>
            if events.is_empty() {
                <p class="coming">{ text(*lang, "ui.no-events") }</p>
            } else {
                <div class="all" {style}>
                    <table class="events" role="grid" aria-label={text(*lang, "ui.events")} aria-rowcount={(events.len() + 1).to_string()} style={place}>
                        <colgroup><col class="at" /><col class="type" /><col class="reason" /><col class="object" /><col /><col class="from" /></colgroup>
                        <thead class="spoken"><tr aria-rowindex="1">
                            { head("at", "ui.events.at") }{ head("type", "ui.events.type") }{ head("reason", "ui.events.reason") }
                            { head("object", "ui.events.object") }{ head("", "ui.events.message") }{ head("from", "ui.events.from") }
                        </tr></thead>
                        <tbody>{ for events.get(first..end).unwrap_or_default().iter().zip(first..).map(|(event, index)| row(index, event)) }</tbody>
                    </table>
                </div>
            }
        </div>
    }
}

/// Whether two rows are the same Event, seen once more or not.
fn is_same(a: &EventRow, b: &EventRow) -> bool {
    a.first == b.first && a.object == b.object && a.reason == b.reason && a.message == b.message
}

/// Whether a key was pressed on a row itself and not on a button in it.
fn is_row(event: &KeyboardEvent) -> bool {
    event.target_dyn_into::<Element>().is_some_and(|element| element.tag_name() == "TR")
}

/// From a row to its buttons and back.
fn within_row(event: &KeyboardEvent, on: bool) {
    let Some(from) = event.target_dyn_into::<Element>() else { return };
    let Some(row) = from.closest("tr").ok().flatten() else { return };
    let Ok(buttons) = row.query_selector_all("button") else { return };
    let at = (0..buttons.length()).find(|index| buttons.get(*index).as_ref() == Some(from.as_ref()));
    let next = match (at, on) {
        (None, true) => buttons.get(0),
        (Some(at), true) => buttons.get(at + 1),
        (Some(at), false) if at > 0 => buttons.get(at - 1),
        (Some(_), false) => Some(row.into()),
        (None, false) => None,
    };
    if let Some(next) = next.and_then(|next| next.dyn_into::<HtmlElement>().ok()) {
        let _ = next.focus();
    }
}
