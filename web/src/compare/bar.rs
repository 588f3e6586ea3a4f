//! The top bar of the compare view, and the bar of the clock with what the colours mean.

use opscape_lab::words::{Lang, fill, text};
use opscape_sim::Time;
use wasm_bindgen::JsCast;
use yew::prelude::*;

use super::adding::AddLane;
use super::clock::{SPEEDS, State};
use super::{Comparison, Props};
use crate::timeline_tenths as tenths;
use crate::{browser, icons, share};

/// The top bar.
pub fn top(props: &Props, state: &State, tell: &Callback<AttrValue>) -> Html {
    let Props { comparison, lang, dark, set_lang, set_dark, close, open, .. } = props;
    let word = |key: &'static str| text(*lang, key);
    let (other, other_name, tag) = match lang {
        Lang::En => (Lang::Ko, "한국어", "ko"),
        Lang::Ko => (Lang::En, "English", "en"),
    };
    let theme = set_dark.reform({
        let dark = *dark;
        move |_: MouseEvent| !dark
    });
    let edit = open.reform({
        let written = state.source.text().to_owned();
        move |_: MouseEvent| (written.clone(), None)
    });
    let shares = {
        let (comparison, tell, lang) = (comparison.clone(), tell.clone(), *lang);
        Callback::from(move |_: MouseEvent| {
            let (comparison, tell) = (comparison.clone(), tell.clone());
            wasm_bindgen_futures::spawn_local(async move {
                let (source, at) = {
                    let state = comparison.state();
                    (state.source.clone(), state.at)
                };
                let said = match share::compare_link(&source, at).await {
                    Some(link) if browser::copy(&link).await => "ui.copied",
                    Some(_) => "ui.in-address",
                    None => "ui.no-link",
                };
                tell.emit(text(lang, said).into());
            });
        })
    };
    html! {
        <header class="top">
            <button type="button" class="plain back" onclick={close.reform(|_: MouseEvent| ())} title={word("compare.close")} aria-label={word("compare.close")}>
                { icons::to_start() }<span class="brand">{ icons::logo() }<span>{ "Opscape" }</span></span>
            </button>
            <span class="rule"></span>
            <h1 class="lab"><span class="quiet-word">{ word("compare.compare") }{ " " }</span><b>{ &state.title }</b><span class="about">{ &state.description }</span></h1>
            <span class="space"></span>
            <span class="seed">{ format!("seed {}", state.seed) }</span>
            <button type="button" class="plain edit" onclick={edit} aria-label={word("compare.edit")}>{ icons::lines() }<span class="label">{ word("compare.edit") }</span></button>
            <button type="button" class="plain" lang={tag} onclick={set_lang.reform(move |_: MouseEvent| other)}>{ other_name }</button>
            <button type="button" class="icon" aria-label={word(if *dark { "ui.light" } else { "ui.dark" })} onclick={theme}>
                { if *dark { icons::moon() } else { icons::sun() } }
            </button>
            <button type="button" class="button share" onclick={shares} aria-label={word("ui.share")}>{ icons::share() }<span class="label">{ word("ui.share") }</span></button>
        </header>
    }
}

/// The clock and the legend.
pub fn clock(
    props: &Props,
    state: &State,
    (old, new): &(String, String),
    tell: &Callback<AttrValue>,
) -> Html {
    let Props { comparison, session, lang, .. } = props;
    let word = |key: &'static str| text(*lang, key);
    let (label, icon) =
        if state.playing { (word("ui.pause"), icons::pause()) } else { (word("ui.play"), icons::play()) };
    let act = |act: fn(&Comparison)| {
        let comparison = comparison.clone();
        Callback::from(move |_: MouseEvent| act(&comparison))
    };
    let chosen = {
        let comparison = comparison.clone();
        Callback::from(move |event: Event| {
            let menu = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlSelectElement>().ok());
            if let Some(speed) = menu.and_then(|menu| menu.value().parse().ok()) {
                comparison.set_speed(speed);
            }
        })
    };
    let stopped = state.lanes.is_empty();
    html! {
        <section class="clock" aria-label={word("ui.timeline")}>
            <button type="button" class="icon first" aria-label={word("ui.to-start")} title={format!("{} (Home)", word("ui.to-start"))} disabled={stopped}
                onclick={act(|comparison| comparison.seek(Time::ZERO))}>{ icons::to_start() }</button>
            <button type="button" class="play" aria-label={label} title={format!("{label} (Space)")} disabled={stopped} onclick={act(Comparison::toggle)}>{ icon }</button>
            <button type="button" class="icon" aria-label={word("compare.to-end")} title={format!("{} (End)", word("compare.to-end"))} disabled={stopped}
                onclick={act(|comparison| { let until = comparison.state().until; comparison.seek(until); })}>{ icons::to_end() }</button>
            <span class="readout"><b>{ tenths(state.at) }</b>{ " " }{ unit(*lang) }</span>
            <span class="rule"></span>
            <label class="speeds">{ word("ui.speed") }{ " " }
                <select onchange={chosen}>{ for SPEEDS.iter().map(|speed| html! {
                    <option value={speed.to_string()} selected={(speed - state.speed).abs() < 1e-9}>{ format!("{}×", *speed as u32) }</option>
                }) }</select>
            </label>
            <span class="rule"></span>
            <span class="keys">
                <span class="v1"><i class="swatch"></i><b class="rev-text">{ "v1" }</b>{ " " }{ old }</span>
                if !new.is_empty() {
                    <><span class="v2"><i class="swatch"></i><b class="rev-text">{ "v2" }</b>{ " " }{ new }</span>
                    <span class="v2"><i class="swatch waiting"></i>{ word("compare.not-ready") }</span></>
                }
                <span><i class="swatch failing"></i>{ word("compare.failing-share") }</span>
                <span><i class="swatch paid"></i>{ word("compare.paid") }</span>
            </span>
            <span class="space"></span>
            if state.waits() { <span class="quiet waits">{ fill(*lang, "compare.computing", &[("t", &at_instant_of(*lang, state.measured()))]) }</span> }
            if !stopped { <AddLane comparison={comparison.clone()} session={session.clone()} lang={*lang} count={state.lanes.len()} {tell} /> }
        </section>
    }
}

fn unit(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "s",
        Lang::Ko => "초",
    }
}

fn at_instant_of(lang: Lang, at: Time) -> String {
    opscape_lab::words::seconds(lang, at)
}

/// As `at 64.0 s`.
pub fn at_instant(lang: Lang, at: Time) -> String {
    fill(lang, "compare.at", &[("t", &at_instant_of(lang, at))])
}
