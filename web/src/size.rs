//! The size of an element on the screen, as a hook.

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use yew::prelude::*;

/// Width and height of the element's content in CSS pixels; draws anew when they change.
#[hook]
pub fn use_size(node: &NodeRef) -> (f32, f32) {
    let size = use_state_eq(|| (0.0_f32, 0.0_f32));
    let node = node.clone();
    let set = size.setter();
    use_effect_with((), move |()| {
        let element = node.cast::<web_sys::HtmlElement>();
        let watched = element.clone();
        let measure = move || {
            if let Some(element) = &watched {
                set.set((element.client_width() as f32, element.client_height() as f32));
            }
        };
        measure();
        let callback = Closure::<dyn FnMut()>::new(measure);
        let observer = web_sys::ResizeObserver::new(callback.as_ref().unchecked_ref()).ok();
        if let (Some(observer), Some(element)) = (&observer, &element) {
            observer.observe(element);
        }
        move || {
            if let Some(observer) = observer {
                observer.disconnect();
            }
            drop(callback);
        }
    });
    *size
}
