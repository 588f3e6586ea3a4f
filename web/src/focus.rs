//! Moving the focus, in the page or in a widget's shadow root.

use wasm_bindgen::JsCast;
use web_sys::{Document, Element, HtmlElement, ShadowRoot};
use yew::prelude::*;

/// Focuses the element with this id in the tree that the event came from.
pub fn focus_id(event: &KeyboardEvent, id: &str) {
    let Some(root) = event.target_dyn_into::<Element>().map(|element| element.get_root_node()) else {
        return;
    };
    let found = match root.dyn_ref::<ShadowRoot>() {
        Some(shadow) => shadow.get_element_by_id(id),
        None => root.dyn_ref::<Document>().and_then(|document| document.get_element_by_id(id)),
    };
    if let Some(element) = found.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// Moves the focus by some steps among the elements of a container, around its ends.
pub fn step_focus(container: &NodeRef, event: &KeyboardEvent, selector: &str, step: i32) {
    let Some(all) = container.cast::<Element>().and_then(|node| node.query_selector_all(selector).ok())
    else {
        return;
    };
    let from = event.target().and_then(|target| target.dyn_into::<web_sys::Node>().ok());
    let count = all.length() as i32;
    let at = (0..count).find(|index| all.get(*index as u32) == from);
    let next = at.map_or(0, |at| (at + step).rem_euclid(count.max(1)));
    if let Some(next) = all.get(next as u32).and_then(|node| node.dyn_into::<HtmlElement>().ok()) {
        let _ = next.focus();
    }
}

/// Whether the focus goes out of a container.
pub fn leaves(container: &NodeRef, event: &FocusEvent) -> bool {
    let to = event.related_target().and_then(|target| target.dyn_into::<web_sys::Node>().ok());
    !container.get().is_some_and(|container| container.contains(to.as_ref()))
}

/// Whether a key belongs to what is being typed into.
pub fn is_typing(event: &KeyboardEvent) -> bool {
    let path = event.composed_path();
    let Some(first) = path.get(0).dyn_into::<HtmlElement>().ok() else { return false };
    matches!(first.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT") || first.is_content_editable()
}
