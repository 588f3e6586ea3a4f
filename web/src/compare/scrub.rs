//! The playhead over all lanes. Dragging anywhere on the tracks goes there, in every lane at once.

use opscape_lab::compare::{Chart, Picture};
use opscape_lab::words::{Lang, seconds, text};
use opscape_sim::Time;
use yew::prelude::*;

use super::Comparison;
use crate::draw::px;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub comparison: Comparison,
    /// What is measured to know the width of the tracks.
    pub node: NodeRef,
    pub lang: Lang,
    pub at: Time,
    pub until: Time,
    /// How far something is known.
    pub known: Time,
    /// Pixels of the tracks with their gutter.
    pub width: f32,
}

/// The playhead.
#[component]
pub fn Scrub(props: &Props) -> Html {
    let Props { comparison, node, lang, at, until, width, .. } = props;
    let page = |_: &str| String::new();
    let chart = Chart::new(&[], Picture { colour: &page, width: *width, until: *until, lang: *lang });
    let x = chart.x(*at);
    let place = {
        let (node, until, lang, width) = (node.clone(), *until, *lang, *width);
        move |event: &PointerEvent| {
            let element = node.cast::<web_sys::Element>()?;
            let x = f64::from(event.client_x()) - element.get_bounding_client_rect().left();
            let page = |_: &str| String::new();
            Some(Chart::new(&[], Picture { colour: &page, width, until, lang }).time(x as f32))
        }
    };
    let down = {
        let (comparison, node, place) = (comparison.clone(), node.clone(), place.clone());
        Callback::from(move |event: PointerEvent| {
            if event.button() != 0 {
                return;
            }
            if let Some(element) = node.cast::<web_sys::Element>() {
                let _ = element.set_pointer_capture(event.pointer_id());
            }
            if let Some(to) = place(&event) {
                comparison.seek(to);
            }
        })
    };
    let moved = {
        let (comparison, node) = (comparison.clone(), node.clone());
        Callback::from(move |event: PointerEvent| {
            let element = node.cast::<web_sys::Element>();
            if element.is_some_and(|element| element.has_pointer_capture(event.pointer_id()))
                && let Some(to) = place(&event)
            {
                comparison.seek(to);
            }
        })
    };
    let said = seconds(*lang, *at);
    html! {
        <div class="scrub" ref={node} role="slider" tabindex="0" aria-label={text(*lang, "ui.time")} aria-valuemin="0"
            aria-valuemax={(until.0 / 1_000_000).to_string()} aria-valuenow={crate::timeline_tenths(*at)} aria-valuetext={said.clone()}
            onpointerdown={down} onpointermove={moved}>
            <span class="playhead-line" style={format!("left:{}px", px(x - 1.0))}></span>
            <span class="playhead-chip" style={format!("left:{}px", px(x.clamp(30.0, (width - 30.0).max(30.0))))}>{ said }</span>
        </div>
    }
}
