//! `window.opscape`: what the tests in a browser and the benchmarks see of the page, besides what a visitor sees.

use js_sys::{Object, Reflect};
use opscape_sim::Time;
use wasm_bindgen::prelude::*;

use crate::session::Session;

/// Puts the hook in place.
pub fn install(session: &Session) {
    let Some(window) = web_sys::window() else { return };
    let hook = Object::new();
    let set = |name: &str, value: JsValue| {
        let _ = Reflect::set(&hook, &name.into(), &value);
    };
    let now = {
        let session = session.clone();
        Closure::<dyn Fn() -> f64>::new(move || session.now().as_secs_f64()).into_js_value()
    };
    let seek = {
        let session = session.clone();
        Closure::<dyn Fn(f64)>::new(move |seconds: f64| session.seek(Time::from_secs_f64(seconds)))
            .into_js_value()
    };
    let play = {
        let session = session.clone();
        Closure::<dyn Fn(bool)>::new(move |on: bool| session.play(on)).into_js_value()
    };
    let speed = {
        let session = session.clone();
        Closure::<dyn Fn(f64)>::new(move |speed: f64| session.set_speed(speed)).into_js_value()
    };
    let text = {
        let session = session.clone();
        Closure::<dyn Fn() -> String>::new(move || session.text()).into_js_value()
    };
    let open = {
        let session = session.clone();
        Closure::<dyn Fn(String)>::new(move |text: String| session.open_text(text, None, false))
            .into_js_value()
    };
    let type_text = {
        let session = session.clone();
        Closure::<dyn Fn(String)>::new(move |text: String| session.type_text(&text)).into_js_value()
    };
    let apply = {
        let session = session.clone();
        Closure::<dyn Fn()>::new(move || session.apply()).into_js_value()
    };
    let stats = {
        let session = session.clone();
        Closure::<dyn Fn() -> JsValue>::new(move || stats(&session)).into_js_value()
    };
    set("now", now);
    set("seek", seek);
    set("play", play);
    set("speed", speed);
    set("text", text);
    set("open", open);
    set("type", type_text);
    set("apply", apply);
    set("stats", stats);
    let _ = Reflect::set(&window, &"opscape".into(), &hook);
}

/// Pods by state, and the frames since the last call.
fn stats(session: &Session) -> JsValue {
    let view = session.view();
    let out = Object::new();
    let set = |name: &str, value: f64| {
        let _ = Reflect::set(&out, &name.into(), &value.into());
    };
    for state in opscape_lab::scene::PodState::ALL {
        set(state.key().trim_start_matches("state."), f64::from(view.scene.counts.of(state)));
    }
    set("pods", f64::from(view.scene.counts.total()));
    set("nodes", view.scene.nodes.len() as f64);
    let (frames, mean, worst) = session.take_frame_times();
    set("frames", f64::from(frames));
    set("frameMean", mean);
    set("frameWorst", worst);
    out.into()
}
