//! The compare view: the same change made in different ways, in lanes on one clock, with what each costs and risks.

mod adding;
mod bar;
mod clock;
mod copying;
mod lane;
mod menu;
mod results;
mod scrub;
mod small_stage;
mod source;

use opscape_lab::compare::{Chart, Picture};
use opscape_lab::words::{Lang, text};
use opscape_sim::Time;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use yew::prelude::*;

pub use clock::Comparison;
pub use menu::{CompareMenu, load};
pub use source::{Added, Source};

use crate::focus::is_typing;
use crate::session::Session;
use crate::size::use_size;

/// What the view needs.
#[derive(Properties, PartialEq)]
pub struct Props {
    pub comparison: Comparison,
    /// The lab that is open.
    pub session: Session,
    pub lang: Lang,
    pub dark: bool,
    pub set_lang: Callback<Lang>,
    pub set_dark: Callback<bool>,
    /// Back to the lab, as it was left.
    pub close: Callback<()>,
    /// A text in the lab, in one of its lanes.
    pub open: Callback<(String, Option<String>)>,
}

/// Below this width of the tracks everything is in one column.
const NARROW: f32 = 520.0;

/// The view.
#[component]
pub fn Compare(props: &Props) -> Html {
    let Props { comparison, lang, dark, .. } = props;
    let lang = *lang;
    let update = use_force_update();
    {
        let comparison = comparison.clone();
        use_effect_with(comparison, move |comparison: &Comparison| {
            comparison.listen(Some(Callback::from(move |()| update.force_update())));
            let comparison = comparison.clone();
            move || comparison.listen(None)
        });
    }
    {
        let comparison = comparison.clone();
        use_effect_with((comparison, lang), |(comparison, lang)| {
            if comparison.state().lang != *lang {
                comparison.set_lang(*lang);
            }
        });
    }
    use_keys(comparison);
    let node = use_node_ref();
    let (width, _) = use_size(&node);
    let said = use_state(AttrValue::default);
    let state = comparison.state();
    // The drawings change when seconds are measured, not with each frame.
    let measured: usize = state.lanes.iter().map(|lane| lane.seconds().len()).sum();
    let drawn = use_memo((measured, state.edition, width as u32, state.until), |_| {
        let page = |name: &str| format!("var(--{name})");
        let picture =
            Picture { colour: &page, width: width.max(120.0), until: state.until, lang: state.lang };
        let chart = Chart::new(&state.lanes, picture);
        let lanes: Vec<AttrValue> = (0..state.lanes.len()).map(|index| chart.lane(index).into()).collect();
        (AttrValue::from(chart.axis()), lanes, chart.versions_seen())
    });
    let (axis, drawings, versions) = &*drawn;
    let narrow = width < NARROW;
    let most = state
        .lanes
        .iter()
        .flat_map(opscape_lab::compare::Lane::seconds)
        .map(|second| second.met_old + second.met_new)
        .max()
        .unwrap_or(1);
    let rows = state.lanes.iter().enumerate().map(|(index, lane)| {
        let drawing = drawings.get(index).cloned().unwrap_or_default();
        lane::lane(props, &state, index, lane, &drawing, (width, most))
    });
    let tell = {
        let said = said.clone();
        Callback::from(move |text: AttrValue| said.set(text))
    };
    html! {
        <div class={classes!("opscape", "compare", narrow.then_some("narrow"))} data-theme={if *dark { "dark" } else { "light" }} lang={lang.tag()}
            data-time={state.at.0.to_string()}>
            { bar::top(props, &state, &tell) }
            { bar::clock(props, &state, versions, &tell) }
            if state.lanes.is_empty() {
                <main class="nothing"><p class="bad">{ state.problem.clone() }</p>
                    <button type="button" class="button" onclick={props.open.reform({ let text = state.source.text().to_owned(); move |_: MouseEvent| (text.clone(), None) })}>{ text(lang, "compare.edit") }</button>
                </main>
            } else {
                <main class="lanes">
                    <scrub::Scrub comparison={comparison.clone()} {node} {lang} at={state.at} until={state.until} known={state.measured()} {width} />
                    <div class="axis-row" aria-hidden="true">
                        <span></span><span></span>
                        { svg(width, 20.0, axis) }
                        <b class="at">{ bar::at_instant(lang, state.at) }</b>
                    </div>
                    // A list of its own: the playhead stays the same element when a lane comes or goes.
                    <>{ for rows }</>
                </main>
                <results::Results comparison={comparison.clone()} {lang} measured={measured} edition={state.edition} {narrow} {tell} dark={*dark} />
            }
            <div class="spoken" role="status" aria-live="polite">{ (*said).clone() }</div>
        </div>
    }
}

/// A drawing that was made natively.
fn svg(width: f32, height: f32, inside: &AttrValue) -> Html {
    let whole = format!(
        r#"<svg width="{w}" height="{h}" viewBox="0 0 {w} {h}" aria-hidden="true">{inside}</svg>"#,
        w = width as u32,
        h = height as u32
    );
    Html::from_html_unchecked(whole.into())
}

/// Pixels of the instant that is looked at, in tracks that are so wide.
fn x_of(state: &clock::State, width: f32) -> f32 {
    let page = |_: &str| String::new();
    let picture = Picture { colour: &page, width, until: state.until, lang: state.lang };
    Chart::new(&[], picture).x(state.at)
}

/// Keys that work wherever nothing is typed.
#[hook]
fn use_keys(comparison: &Comparison) {
    let comparison = comparison.clone();
    use_effect_with(comparison, move |comparison| {
        let comparison = comparison.clone();
        let pressed = Closure::<dyn FnMut(KeyboardEvent)>::new(move |event: KeyboardEvent| {
            if event.default_prevented()
                || is_typing(&event)
                || event.ctrl_key()
                || event.meta_key()
                || event.alt_key()
            {
                return;
            }
            let target = event.target_dyn_into::<web_sys::Element>();
            let inside = |selector: &str| {
                target
                    .as_ref()
                    .is_some_and(|target| target.closest(selector).is_ok_and(|found| found.is_some()))
            };
            if inside("[role=menu]") || inside("[tabindex='0'].scrolls") {
                return;
            }
            let (at, until) = {
                let state = comparison.state();
                (state.at.0, state.until)
            };
            let step = if event.shift_key() { 10_000_000 } else { 1_000_000 };
            match event.key().as_str() {
                " " if !inside("button") => comparison.toggle(),
                "ArrowRight" => comparison.seek(Time(at + step)),
                "ArrowLeft" => comparison.seek(Time(at.saturating_sub(step))),
                "Home" => comparison.seek(Time::ZERO),
                "End" => comparison.seek(until),
                _ => return,
            }
            event.prevent_default();
        });
        let window = web_sys::window();
        let call = pressed.as_ref().unchecked_ref::<js_sys::Function>().clone();
        // On the way down: the keys of the lab, which is behind this view, may still be listened to for a moment.
        if let Some(window) = &window {
            let _ = window.add_event_listener_with_callback_and_bool("keydown", &call, true);
        }
        move || {
            if let Some(window) = window {
                let _ = window.remove_event_listener_with_callback_and_bool("keydown", &call, true);
            }
            drop(pressed);
        }
    });
}
