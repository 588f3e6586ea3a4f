//! If the program stops, the page keeps the text and says so: `index.html` and `embed.js` know how, since nothing here can
//! be trusted then.

use js_sys::{Function, Reflect};
use wasm_bindgen::JsCast;

/// Tells the page what a panic said, before the trap.
pub fn watch() {
    std::panic::set_hook(Box::new(|panic| {
        let Some(window) = web_sys::window() else { return };
        let Ok(failed) = Reflect::get(&window, &"opscapeFailed".into()) else { return };
        if let Some(failed) = failed.dyn_ref::<Function>() {
            let _ = failed.call1(&window, &panic.to_string().into());
        }
    }));
}
