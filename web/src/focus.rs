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

/// Whether a key belongs to what is being typed into.
pub fn is_typing(event: &KeyboardEvent) -> bool {
    let path = event.composed_path();
    let Some(first) = path.get(0).dyn_into::<HtmlElement>().ok() else { return false };
    matches!(first.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT") || first.is_content_editable()
}
