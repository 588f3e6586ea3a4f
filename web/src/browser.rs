//! What the browser gives: time, storage, preferences, the clipboard. Everything here may be missing or refused; then
//! there is a default, never a panic.

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// Milliseconds since the page began, for the frame's budget and the pace of playing.
pub fn milliseconds() -> f64 {
    web_sys::window().and_then(|window| window.performance()).map_or(0.0, |performance| performance.now())
}

/// What was stored under a name.
pub fn stored(name: &str) -> Option<String> {
    web_sys::window()?.local_storage().ok()??.get_item(&key(name)).ok()?
}

/// Stores under a name; a full or forbidden storage is no reason to stop.
pub fn store(name: &str, value: &str) {
    if let Some(storage) = web_sys::window().and_then(|window| window.local_storage().ok()?) {
        let _ = storage.set_item(&key(name), value);
    }
}

/// What this tab keeps under a name, until it is closed.
pub fn kept(name: &str) -> Option<String> {
    web_sys::window()?.session_storage().ok()??.get_item(&key(name)).ok()?
}

/// Lets this tab keep something.
pub fn keep(name: &str, value: &str) {
    if let Some(storage) = web_sys::window().and_then(|window| window.session_storage().ok()?) {
        let _ = storage.set_item(&key(name), value);
    }
}

/// Keeps it no longer.
pub fn forget(name: &str) {
    if let Some(storage) = web_sys::window().and_then(|window| window.session_storage().ok()?) {
        let _ = storage.remove_item(&key(name));
    }
}

fn key(name: &str) -> String {
    format!("opscape.{name}")
}

/// A file beside the page, as text. None: it could not be had.
pub async fn fetched(address: &str) -> Option<String> {
    let window = web_sys::window()?;
    let answer = JsFuture::from(window.fetch_with_str(address)).await.ok()?;
    let answer: web_sys::Response = answer.dyn_into().ok()?;
    if !answer.ok() {
        return None;
    }
    JsFuture::from(answer.text().ok()?).await.ok()?.as_string()
}

#[wasm_bindgen]
extern "C" {
    /// Of `web/js/parts/loader.ts`.
    #[wasm_bindgen(js_namespace = window, js_name = opscapePart, catch)]
    fn part(name: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(js_namespace = window, js_name = opscapeWaits, catch)]
    fn waits(name: &str) -> Result<bool, JsValue>;
    #[wasm_bindgen(js_namespace = window, js_name = opscapeGoOn, catch)]
    fn go_on(call: &JsValue) -> Result<(), JsValue>;
}

/// Asks for a part of the program that will be needed, so that nobody waits for it then.
pub fn prefetch(name: &str) {
    let _ = part(name);
}

/// Whether a part that was asked for is still on its way.
pub fn waits_for(name: &str) -> bool {
    waits(name).unwrap_or(false)
}

/// Whether a media query holds.
pub fn matches(query: &str) -> bool {
    web_sys::window().and_then(|window| window.match_media(query).ok()?).is_some_and(|list| list.matches())
}

/// Whether the visitor asked for less motion.
pub fn reduced_motion() -> bool {
    matches("(prefers-reduced-motion: reduce)")
}

/// The visitor's language, as `ko-KR`.
pub fn language() -> String {
    web_sys::window().and_then(|window| window.navigator().language()).unwrap_or_default()
}

/// Whether this is a Mac, where the key is Cmd and not Ctrl.
pub fn is_mac() -> bool {
    web_sys::window()
        .and_then(|window| window.navigator().user_agent().ok())
        .is_some_and(|agent| agent.contains("Mac OS") || agent.contains("iPhone"))
}

/// The keys that apply the text.
pub fn apply_key() -> &'static str {
    if is_mac() { "⌘ Enter" } else { "Ctrl Enter" }
}

/// Puts a text on the clipboard.
pub async fn copy(text: &str) -> bool {
    let Some(window) = web_sys::window() else { return false };
    let clipboard = window.navigator().clipboard();
    if clipboard.is_undefined() {
        return false;
    }
    wasm_bindgen_futures::JsFuture::from(clipboard.write_text(text)).await.is_ok()
}

/// Calls back at the next frame; gives the handle to take it back.
pub fn at_next_frame(callback: &Closure<dyn FnMut(f64)>) -> i32 {
    let asked =
        web_sys::window().map(|window| window.request_animation_frame(callback.as_ref().unchecked_ref()));
    asked.and_then(Result::ok).unwrap_or_default()
}

/// Calls back as soon as the browser has done what waits, without a frame in between: a frame would wait for the screen. False:
/// it will not.
pub fn go_on_soon(callback: impl FnOnce() + 'static) -> bool {
    go_on(&Closure::once_into_js(callback)).is_ok()
}

/// Takes a frame back.
pub fn cancel_frame(handle: i32) {
    if let Some(window) = web_sys::window() {
        let _ = window.cancel_animation_frame(handle);
    }
}

/// Calls back once after some milliseconds.
pub fn after(ms: i32, callback: impl FnOnce() + 'static) {
    if let Some(window) = web_sys::window() {
        let once = Closure::once_into_js(callback);
        let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(once.unchecked_ref(), ms);
    }
}

/// Whether the page has an element.
pub fn is_there(selector: &str) -> bool {
    let document = web_sys::window().and_then(|window| window.document());
    document.is_some_and(|document| document.query_selector(selector).is_ok_and(|found| found.is_some()))
}

/// Sets an attribute of the page itself.
pub fn set_root(name: &str, value: &str) {
    let root = web_sys::window().and_then(|window| window.document()?.document_element());
    if let Some(root) = root {
        let _ = root.set_attribute(name, value);
    }
}
