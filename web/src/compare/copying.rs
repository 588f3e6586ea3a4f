//! Copies the chart: as SVG text, as a PNG, or as a file. What draws and stores it is a script that is loaded then.

use js_sys::{Function, Promise, Reflect};
use opscape_lab::compare::{Chart, Picture};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::Element;

use super::Comparison;
use crate::browser;

/// Width of the tracks in a picture, in pixels; a slide is some twice as wide as it is high.
const WIDTH: f32 = 1_000.0;

/// What is made of the chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// SVG as text.
    Svg,
    /// A PNG on the clipboard, twice as fine.
    Png,
    /// A PNG as a file.
    File,
}

/// Copies or saves the chart in the colours that `element` has. Gives the key of what to say.
pub async fn picture(comparison: &Comparison, element: &Element, kind: Kind) -> &'static str {
    let Some(window) = web_sys::window() else { return "compare.not-copied" };
    let Ok(Some(style)) = window.get_computed_style(element) else { return "compare.not-copied" };
    let (svg, title) = {
        let state = comparison.state();
        let colour = |name: &str| {
            let value = style.get_property_value(&["--", name].concat()).unwrap_or_default();
            value.trim().to_owned()
        };
        let picture = Picture { colour: &colour, width: WIDTH, until: state.until, lang: state.lang };
        (Chart::new(&state.lanes, picture).file(&state.title), state.title.clone())
    };
    let done = match kind {
        Kind::Svg => browser::copy(&svg).await,
        Kind::Png => paint("copyPicture", &svg, &title).await.is_some(),
        Kind::File => paint("savePicture", &svg, &title).await.is_some(),
    };
    match (done, kind) {
        (true, Kind::File) => "compare.saved",
        (true, _) => "compare.copied",
        (false, _) => "compare.not-copied",
    }
}

/// Calls a function of `web/js/picture.ts`.
async fn paint(name: &str, svg: &str, title: &str) -> Option<()> {
    let window = web_sys::window()?;
    let loader: Function = Reflect::get(&window, &"opscapePicture".into()).ok()?.dyn_into().ok()?;
    let promise: Promise = loader.call0(&JsValue::NULL).ok()?.dyn_into().ok()?;
    let module = JsFuture::from(promise).await.ok()?;
    let act: Function = Reflect::get(&module, &name.into()).ok()?.dyn_into().ok()?;
    let promise: Promise = act.call2(&JsValue::NULL, &svg.into(), &title.into()).ok()?.dyn_into().ok()?;
    JsFuture::from(promise).await.ok().map(|_| ())
}
