//! The widget's frame: bar, text and stage, timeline, and a popover that says why.

use std::rc::Rc;

use yew::prelude::*;

use super::host_of;
use crate::app::use_view;
use crate::icons;
use crate::inspector::chain;
use crate::session::{Session, View};
use crate::share;
use crate::stage::{Picture, ask_panel};
use crate::text::TextPanel;
use crate::timeline::{Tracks, readout};

/// What the element's attributes say.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    pub editor: bool,
    pub dark: bool,
    pub controls: bool,
    pub base: Rc<str>,
    /// Which widget of the page it is, from 1.
    pub number: u32,
}

/// What a screen reader calls the widget: no two of a page are called the same.
fn name_of(view: &View, number: u32) -> String {
    format!("Opscape {number}: {}", view.title)
}

#[derive(Properties, PartialEq)]
pub struct Props {
    pub session: Session,
    pub config: Config,
}

/// The frame.
#[component]
pub fn Frame(props: &Props) -> Html {
    let Props { session, config } = props;
    let view = use_view(session);
    let node = use_node_ref();
    {
        let (node, playing) = (node.clone(), view.playing);
        use_effect_with(playing, move |playing| {
            if let Some(host) = host_of(&node) {
                let hidden = host.get_attribute("data-state").as_deref() == Some("hidden");
                if !hidden {
                    let _ = host.set_attribute("data-state", if *playing { "playing" } else { "paused" });
                }
            }
        });
    }
    let keyed = {
        let session = session.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.default_prevented() || crate::focus::is_typing(&event) {
                return;
            }
            match event.key().as_str() {
                "ArrowRight" => session.step(),
                "ArrowLeft" => session.step_back(),
                _ => return,
            }
            event.prevent_default();
        })
    };
    html! {
        <section ref={node.clone()} class={classes!("opscape", "widget", config.editor.then_some("with-text"))} data-theme={if config.dark { "dark" } else { "light" }}
            lang={view.lang.tag()} aria-label={name_of(&view, config.number)} onkeydown={keyed}>
            if config.controls { { bar(session, &view, &config.base, &node) } }
            <div class="middle">
                if config.editor {
                    <TextPanel session={session.clone()} lang={view.lang} text={view.text.clone()} alive={view.alive} />
                }
                <div class="panel stage">
                    <Picture session={session.clone()} view={view.clone()} />
                    { ask_panel(session, &view) }
                    { popover(session, &view) }
                </div>
            </div>
            <div class="dock"><Tracks session={session.clone()} view={view.clone()} small=true /></div>
            <div class="spoken" role="status" aria-live="polite">{ view.said.to_string() }</div>
        </section>
    }
}

fn bar(session: &Session, view: &View, base: &Rc<str>, node: &NodeRef) -> Html {
    let act = |act: fn(&Session)| {
        let session = session.clone();
        Callback::from(move |_: MouseEvent| act(&session))
    };
    let (word, picture) = if view.playing {
        (view.word("ui.pause"), icons::pause())
    } else {
        (view.word("ui.play"), icons::play())
    };
    let full = {
        let node = node.clone();
        Callback::from(move |_: MouseEvent| {
            if let Some(host) = host_of(&node) {
                let _ = host.request_fullscreen();
            }
        })
    };
    let elsewhere = {
        let (session, base) = (session.clone(), base.clone());
        Callback::from(move |event: MouseEvent| {
            event.prevent_default();
            let (session, base) = (session.clone(), base.clone());
            wasm_bindgen_futures::spawn_local(async move {
                let shared = session.shared();
                let fragment = share::fragment(&shared).await.unwrap_or_default();
                if let Some(window) = web_sys::window() {
                    let _ = window.open_with_url_and_target(&format!("{base}{fragment}"), "_blank");
                }
            });
        })
    };
    html! {
        <header class="widget-bar">
            <button type="button" class="play" aria-label={word} onclick={act(Session::toggle)} disabled={!view.alive}>{ picture }</button>
            <button type="button" class="icon" aria-label={view.word("ui.step")} onclick={act(Session::step)} disabled={!view.alive}>{ icons::step() }</button>
            <span class="readout">{ readout(view) }</span>
            <span class="rule"></span>
            <b class="lab">{ view.title.to_string() }</b>
            <span class="space"></span>
            <button type="button" class="icon full" aria-label={view.word("ui.full")} onclick={full}>{ icons::full() }</button>
            <a class="elsewhere" href={base.to_string()} onclick={elsewhere} target="_blank" rel="noopener">{ "Opscape" }{ icons::elsewhere() }</a>
        </header>
    }
}

/// Why the selected thing is as it is.
fn popover(session: &Session, view: &View) -> Html {
    let Some(inspection) = &view.inspection else { return Html::default() };
    let close = {
        let session = session.clone();
        move |_: MouseEvent| session.select(None)
    };
    html! {
        <div class="menu popover" role="dialog" aria-label={inspection.key.name.to_string()}>
            <header>
                <b class="mono">{ inspection.key.name.to_string() }</b>
                <button type="button" class="icon" aria-label={view.word("ui.close")} onclick={close}>{ icons::close() }</button>
            </header>
            <p><b class={inspection.failing.then_some("bad")}>{ &inspection.word }</b>{ " " }<span class="quiet">{ &inspection.rest }</span></p>
            { chain(session, view, inspection) }
        </div>
    }
}
