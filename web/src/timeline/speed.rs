//! The speed: a logarithmic slider from 0.1 to 1000 times.

use wasm_bindgen::JsCast;
use yew::prelude::*;

use crate::draw::px;
use crate::session::Session;

const MARKS: [(f64, &str); 5] = [(0.1, "0.1"), (1.0, "1"), (10.0, "10"), (100.0, "100"), (1000.0, "1000×")];
const WIDTH: f64 = 200.0;
const FROM: f64 = 12.0;
const UNTIL: f64 = 180.0;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub session: Session,
    pub speed: f64,
    pub label: &'static str,
}

/// A speed as it is said: `0.5×`, `20×`.
pub fn said(speed: f64) -> String {
    let tenths = (speed * 10.0).round() as i64;
    if speed >= 10.0 || (speed >= 1.0 && tenths % 10 == 0) {
        format!("{}×", (tenths + 5) / 10)
    } else {
        format!("{}.{}×", tenths / 10, tenths % 10)
    }
}

/// The slider.
#[component]
pub fn Speed(props: &Props) -> Html {
    let Props { session, speed, label } = props;
    let node = use_node_ref();
    let place = |speed: f64| FROM + (speed.log10() + 1.0) / 4.0 * (UNTIL - FROM);
    let x = place(*speed);
    let set_at = {
        let (session, node) = (session.clone(), node.clone());
        move |event: &PointerEvent| {
            let Some(element) = node.cast::<web_sys::Element>() else { return };
            let frame = element.get_bounding_client_rect();
            // The narrow form on small screens shows the number only: a touch goes to the next mark.
            let at = (f64::from(event.client_x()) - frame.left()) / frame.width().max(1.0) * WIDTH;
            let share = ((at - FROM) / (UNTIL - FROM)).clamp(0.0, 1.0);
            let exact = share * 4.0 - 1.0;
            let near = exact.round();
            let value = if (exact - near).abs() < 0.08 { near } else { exact };
            session.set_speed(10_f64.powf(value));
        }
    };
    let down = {
        let (set_at, node) = (set_at.clone(), node.clone());
        Callback::from(move |event: PointerEvent| {
            if let Some(element) = node.cast::<web_sys::Element>() {
                let _ = element.set_pointer_capture(event.pointer_id());
            }
            set_at(&event);
        })
    };
    let moved = {
        let node = node.clone();
        Callback::from(move |event: PointerEvent| {
            if node
                .cast::<web_sys::Element>()
                .is_some_and(|element| element.has_pointer_capture(event.pointer_id()))
            {
                set_at(&event);
            }
        })
    };
    let keyed = {
        let (session, speed) = (session.clone(), *speed);
        Callback::from(move |event: KeyboardEvent| {
            let next = match event.key().as_str() {
                "ArrowRight" | "ArrowUp" => speed * 10_f64.powf(0.25),
                "ArrowLeft" | "ArrowDown" => speed / 10_f64.powf(0.25),
                "PageUp" => speed * 10.0,
                "PageDown" => speed / 10.0,
                "Home" => 0.1,
                "End" => 1000.0,
                _ => return,
            };
            event.prevent_default();
            event.stop_propagation();
            session.set_speed(next);
        })
    };
    let said = said(*speed);
    let at_mark = MARKS.iter().any(|(mark, _)| (mark.log10() - speed.log10()).abs() < 0.01);
    html! {
        <div class="speed" ref={node} role="slider" tabindex="0" aria-label={*label} aria-valuemin="0.1" aria-valuemax="1000"
            aria-valuenow={speed.to_string()} aria-valuetext={said.clone()} onpointerdown={down} onpointermove={moved} onkeydown={keyed}>
            <svg viewBox="0 0 200 34" width="100%" height="34" aria-hidden="true">
                <path d={format!("M{FROM} 10.5H{UNTIL}")} stroke="var(--line-2)" stroke-width="2" />
                { for MARKS.iter().map(|(mark, name)| {
                    let on = (mark.log10() - speed.log10()).abs() < 0.01;
                    html! {
                        <>
                            <path d={format!("M{} 7.5v6", px(place(*mark) as f32))} stroke="var(--line-2)" />
                            if at_mark || (place(*mark) - x).abs() > 16.0 {
                                <text x={px(place(*mark) as f32)} y="29" text-anchor="middle" class={on.then_some("on")}>{ *name }</text>
                            }
                        </>
                    }
                }) }
                <circle cx={px(x as f32)} cy="10.5" r="5" fill="var(--accent)" />
                if !at_mark {
                    <text x={px(x as f32)} y="29" text-anchor="middle" class="on">{ said }</text>
                }
            </svg>
        </div>
    }
}

/// The speeds as a menu, for small screens.
pub fn speed_menu(session: &Session, speed: f64, label: &'static str) -> Html {
    let chosen = {
        let session = session.clone();
        Callback::from(move |event: Event| {
            let menu = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlSelectElement>().ok());
            if let Some(speed) = menu.and_then(|menu| menu.value().parse().ok()) {
                session.set_speed(speed);
            }
        })
    };
    let exact = MARKS.iter().any(|(mark, _)| (mark - speed).abs() < 1e-9);
    html! {
        <select class="speed-menu" aria-label={label} onchange={chosen}>
            if !exact { <option selected=true value={speed.to_string()}>{ said(speed) }</option> }
            { for MARKS.iter().map(|(mark, _)| html! {
                <option value={mark.to_string()} selected={(mark - speed).abs() < 1e-9}>{ said(*mark) }</option>
            }) }
        </select>
    }
}
