//! uPlot, loaded when charts are first shown: a thin bridge to `web/js/charts.ts`.

use js_sys::{Array, Function, Object, Promise, Reflect};
use opscape_lab::charts::Panel;
use opscape_sim::Time;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::Element;
use yew::UseStateSetter;

use super::look_name;
use crate::session::Session;

#[wasm_bindgen]
extern "C" {
    /// `Charts` of charts.ts.
    type JsCharts;
    #[wasm_bindgen(method)]
    fn show(this: &JsCharts, panels: &Array, from: f64, until: f64);
    #[wasm_bindgen(method)]
    fn at(this: &JsCharts, now: f64, known: f64);
    #[wasm_bindgen(method)]
    fn destroy(this: &JsCharts);
}

/// The charts in the page.
pub(super) struct Plot {
    js: JsCharts,
    _callbacks: [JsValue; 2],
}

impl Drop for Plot {
    fn drop(&mut self) {
        self.js.destroy();
    }
}

fn object(fields: &[(&str, &JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in fields {
        // Setting a property of a fresh plain object cannot fail.
        let _ = Reflect::set(&object, &(*name).into(), value);
    }
    object
}

impl Plot {
    /// Loads the module. None: it could not be loaded.
    pub async fn load(
        page: &Element,
        session: Session,
        pointed: UseStateSetter<Option<f64>>,
    ) -> Option<Plot> {
        let window = web_sys::window()?;
        let loader: Function = Reflect::get(&window, &"opscapeCharts".into()).ok()?.dyn_into().ok()?;
        let promise: Promise = loader.call0(&JsValue::NULL).ok()?.dyn_into().ok()?;
        let module = JsFuture::from(promise).await.ok()?;
        let create: Function = Reflect::get(&module, &"createCharts".into()).ok()?.dyn_into().ok()?;
        let pointed =
            Closure::<dyn Fn(Option<f64>)>::new(move |at: Option<f64>| pointed.set(at)).into_js_value();
        let dragged = Closure::<dyn Fn(f64)>::new(move |at: f64| session.drag_to(Time::from_secs_f64(at)));
        let dragged = dragged.into_js_value();
        let options = object(&[("pointed", &pointed), ("dragged", &dragged)]);
        let js = create.call2(&JsValue::NULL, page, &options).ok()?.unchecked_into();
        Some(Plot { js, _callbacks: [pointed, dragged] })
    }

    /// Draws these panels, each in the element that was made for it.
    pub fn show(&self, root: &Element, panels: &[Panel], from: Time, until: Time) {
        let Ok(places) = root.query_selector_all(".plot") else { return };
        let list = Array::new();
        for (index, panel) in (0..).zip(panels) {
            let Some(parent) = places.get(index) else { continue };
            let lines = Array::new();
            for line in &panel.lines {
                // A line has gaps where there is null; what is undefined is drawn across.
                let values: Array =
                    line.values.iter().map(|value| value.map_or(JsValue::NULL, JsValue::from)).collect();
                lines.push(&object(&[("look", &look_name(line.look).into()), ("values", &values)]));
            }
            let times: Array = panel.times.iter().map(|time| JsValue::from(*time)).collect();
            let stepped = JsValue::from(panel.stepped);
            list.push(&object(&[
                ("parent", &parent),
                ("stepped", &stepped),
                ("times", &times),
                ("lines", &lines),
            ]));
        }
        self.js.show(&list, from.as_secs_f64(), until.as_secs_f64());
    }

    /// The present instant, and how far something is known.
    pub fn at(&self, now: Time, known: Time) {
        self.js.at(now.as_secs_f64(), known.as_secs_f64());
    }
}
