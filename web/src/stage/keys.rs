//! The stage by keyboard: arrows go to the nearest thing in their direction, Enter selects, Delete deletes, the menu key
//! offers what can be done.

use opscape_lab::Act;
use opscape_manifest::api::ObjectKey;
use wasm_bindgen::JsCast;
use web_sys::Element;
use yew::prelude::*;

use super::board::key_of;
use super::front::{object_of, send_key};
use super::menu::Opened;
use super::routes::first_url;
use crate::session::{Session, View};

/// What a key asks for.
pub enum Answer {
    /// Another thing has the focus.
    Focus(ObjectKey),
    /// The menu of a thing.
    Menu(Opened),
    /// Nothing, or it is done.
    Nothing,
}

/// A key on the stage.
pub fn pressed(
    session: &Session,
    view: &View,
    stage: &NodeRef,
    from: Option<&Element>,
    event: &KeyboardEvent,
) -> Answer {
    let Some(from) = from.and_then(|element| element.closest("[data-key]").ok().flatten()) else {
        return Answer::Nothing;
    };
    let Some(key) = from.get_attribute("data-key").and_then(|id| key_of(&id)) else { return Answer::Nothing };
    if event.ctrl_key() || event.meta_key() || event.alt_key() {
        return Answer::Nothing;
    }
    let name = event.key();
    let handled = || {
        event.prevent_default();
        event.stop_propagation();
    };
    match name.as_str() {
        "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown" if !event.shift_key() => {
            handled();
            let Some((element, key)) = nearest(stage, &from, &name) else { return Answer::Nothing };
            focus(&element);
            Answer::Focus(key)
        }
        "Enter" | " " => {
            handled();
            if key == send_key() {
                session.ask_for(first_url(view).filter(|_| view.ask.is_none()));
            } else {
                session.select(Some(object_of(&key).0));
            }
            Answer::Focus(key)
        }
        "Escape" if view.selected.is_some() => {
            handled();
            session.select(None);
            Answer::Nothing
        }
        "Delete" | "Backspace" if &*key.kind == "Pod" => {
            handled();
            session.act(Act::Delete { object: key, grace: None });
            Answer::Nothing
        }
        "ContextMenu" | "F10" if key != send_key() && (name == "ContextMenu" || event.shift_key()) => {
            handled();
            let frame = from.get_bounding_client_rect();
            let (x, y) = super::within(stage, frame.left(), frame.bottom());
            let (key, _) = object_of(&key);
            session.select(Some(key.clone()));
            Answer::Menu(Opened { key, x, y })
        }
        _ => Answer::Nothing,
    }
}

fn focus(element: &Element) {
    if let Some(element) = element.dyn_ref::<web_sys::SvgElement>() {
        let _ = element.focus();
    }
}

/// The nearest thing in a direction: how far its middle is along it, and twice the gap across; what lies beside the whole
/// width of a thing is as good as what lies in its middle.
fn nearest(stage: &NodeRef, from: &Element, direction: &str) -> Option<(Element, ObjectKey)> {
    let all = stage.cast::<Element>()?.query_selector_all("[data-key]").ok()?;
    let start = from.get_bounding_client_rect();
    let mut best: Option<(f64, Element)> = None;
    for index in 0..all.length() {
        let Some(element) = all.get(index).and_then(|node| node.dyn_into::<Element>().ok()) else { continue };
        let frame = element.get_bounding_client_rect();
        let dx = frame.left() + frame.width() / 2.0 - (start.left() + start.width() / 2.0);
        let dy = frame.top() + frame.height() / 2.0 - (start.top() + start.height() / 2.0);
        let gap_x = dx.abs() - f64::midpoint(frame.width(), start.width());
        let gap_y = dy.abs() - f64::midpoint(frame.height(), start.height());
        let (along, gap, across) = match direction {
            "ArrowLeft" => (-dx, gap_y, dy),
            "ArrowRight" => (dx, gap_y, dy),
            "ArrowUp" => (-dy, gap_x, dx),
            _ => (dy, gap_x, dx),
        };
        if along < 1.0 {
            continue;
        }
        let cost = along + 2.0 * gap.max(0.0) + 0.05 * across.abs();
        if best.as_ref().is_none_or(|(least, _)| cost < *least) {
            best = Some((cost, element));
        }
    }
    let (_, element) = best?;
    let key = key_of(&element.get_attribute("data-key")?)?;
    Some((element, key))
}
