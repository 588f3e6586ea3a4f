//! The page: top bar, text, stage, inspector, dock; panels that resize and fold; the keyboard.

use std::rc::Rc;

use opscape_lab::words::Lang;
use opscape_sim::Time;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use yew::prelude::*;

use crate::browser;
use crate::compare::{Compare, Comparison, Source};
use crate::draw::rich;
use crate::focus::is_typing;
use crate::glyph::{Look, icon};
use crate::icons;
use crate::inspector::inspector;
use crate::panels::{Panels, Side, Splitter};
use crate::session::{Detail, Session, View};
use crate::share;
use crate::stage::stage;
use crate::text::TextPanel;
use crate::timeline::{Tab, dock};
use crate::top::TopBar;

/// What the page begins with.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The lab.
    pub session: Session,
    /// Whether the theme is dark.
    pub dark: bool,
    /// What is compared instead, and at which instant.
    pub comparing: Option<(Source, Time)>,
}

/// Draws anew whenever the session has something new.
#[hook]
pub fn use_view(session: &Session) -> Rc<View> {
    let update = use_force_update();
    let session = session.clone();
    let listened = session.clone();
    use_effect_with((), move |()| {
        listened.listen(Callback::from(move |()| update.force_update()));
    });
    session.view()
}

/// The page.
#[component]
pub fn App(props: &Props) -> Html {
    let session = &props.session;
    let view = use_view(session);
    let dark = use_state(|| props.dark);
    let panels = use_state_eq(Panels::stored);
    let tab = use_state(|| Some(Tab::Events));
    let place = use_state(|| Place::Stage);
    let comparing = use_state(|| {
        let asked = props.comparing.clone();
        asked.map(|(source, at)| Comparison::new(source, at, session.lang()))
    });

    let set_dark = {
        let dark = dark.clone();
        Callback::from(move |on: bool| {
            browser::store("theme", if on { "dark" } else { "light" });
            browser::set_root("data-theme", if on { "dark" } else { "light" });
            dark.set(on);
        })
    };
    let set_lang = {
        let session = session.clone();
        Callback::from(move |lang: Lang| {
            browser::store("lang", lang.tag());
            browser::set_root("lang", lang.tag());
            session.set_lang(lang);
        })
    };
    let do_share = {
        let session = session.clone();
        Callback::from(move |()| share_now(session.clone()))
    };
    let set_panels = {
        let panels = panels.clone();
        Callback::from(move |next: Panels| {
            next.store();
            panels.set(next);
        })
    };
    let set_tab = {
        let (tab, panels, set) = (tab.clone(), panels.clone(), set_panels.clone());
        Callback::from(move |next: Option<Tab>| {
            tab.set(next);
            if next.is_none() != panels.drawer_folded {
                set.emit(Panels { drawer_folded: next.is_none(), ..*panels });
            }
        })
    };
    use_keyboard(session, comparing.is_none());
    {
        // Who looks at a pipeline wants to see it on the timeline as well.
        let set_tab = set_tab.clone();
        use_effect_with(view.detail == Detail::Pipelines, move |looked_at| {
            if *looked_at {
                set_tab.emit(Some(Tab::Pipelines));
            }
        });
    }
    let compare = {
        let (comparing, session) = (comparing.clone(), session.clone());
        Callback::from(move |source: Source| {
            session.play(false);
            share::show_compared(&source);
            comparing.set(Some(Comparison::new(source, Time::ZERO, session.lang())));
        })
    };
    if let Some(comparison) = &*comparing {
        let close = {
            let comparing = comparing.clone();
            Callback::from(move |()| {
                if let Some(comparison) = &*comparing {
                    comparison.end();
                }
                share::clear();
                comparing.set(None);
            })
        };
        let open = {
            let (session, close) = (session.clone(), close.clone());
            Callback::from(move |(text, lane): (String, Option<String>)| {
                session.open_lane(text, lane.as_deref());
                close.emit(());
            })
        };
        return html! {
            <Compare comparison={comparison.clone()} session={session.clone()} lang={view.lang} dark={*dark} {set_lang} {set_dark} {close} {open} />
        };
    }
    let fold = |side: Side| {
        let (panels, set) = (panels.clone(), set_panels.clone());
        Callback::from(move |()| set.emit(panels.toggled(side)))
    };
    let inspector_closed = {
        let (session, panels, set, place) =
            (session.clone(), panels.clone(), set_panels.clone(), place.clone());
        Callback::from(move |()| {
            if *place == Place::Inspector {
                place.set(Place::Stage);
            } else if browser::matches("(max-width: 1099px)") {
                session.select(None);
            } else {
                set.emit(panels.toggled(Side::Inspector));
            }
        })
    };
    let go = {
        let (place, set_tab) = (place.clone(), set_tab.clone());
        Callback::from(move |next: Place| {
            place.set(next);
            match next {
                Place::Events => set_tab.emit(Some(Tab::Events)),
                Place::Terminal => set_tab.emit(Some(Tab::Terminal)),
                Place::Charts => set_tab.emit(Some(Tab::Charts)),
                Place::Pipelines => set_tab.emit(Some(Tab::Pipelines)),
                _ => {}
            }
        })
    };
    let sheet_hidden =
        view.selected.is_none() && browser::matches("(max-width: 1099px) and (min-width: 720px)");
    html! {
        <div class="opscape app" data-theme={if *dark { "dark" } else { "light" }} data-place={place.name()} style={panels.style(tab.is_some(), matches!(*tab, Some(Tab::Terminal | Tab::Charts | Tab::Pipelines)))} lang={view.lang.tag()}>
            <TopBar session={session.clone()} view={view.clone()} dark={*dark} {set_lang} {set_dark} share={do_share} {compare} />
            if panels.text_folded {
                { rail("text", view.word("ui.text"), icons::lines(), &fold(Side::Text)) }
            } else {
                <TextPanel session={session.clone()} lang={view.lang} text={view.text.clone()} alive={view.alive} fold={fold(Side::Text)} />
            }
            <main class="contents">{ stage(session, &view) }</main>
            if panels.inspector_folded {
                { rail("inspector", view.word("ui.inspector"), icons::lens(), &fold(Side::Inspector)) }
            } else if !sheet_hidden {
                { inspector(session, &view, &inspector_closed) }
            }
            { phone_line(&view, &go) }
            { dock(session, &view, *tab, &set_tab) }
            { phone_tabs(&view, *place, &go) }
            <section class="splitters" aria-label={view.word("ui.sizes")}>{ for [Side::Text, Side::Inspector, Side::Dock].map(|side| html! {
                <Splitter {side} panels={*panels} set={set_panels.clone()} label={view.word(side.label())} />
            }) }</section>
            if let Some(notice) = &view.notice {
                <div class={classes!("toast", notice.bad.then_some("bad-news"))}>{ &notice.text }</div>
            }
            <div class="spoken" role="status" aria-live="polite">{ view.said.to_string() }</div>
        </div>
    }
}

fn rail(class: &'static str, label: &'static str, icon: Html, unfold: &Callback<()>) -> Html {
    html! {
        <section class={classes!("panel", "folded", class)} aria-label={label}>
            <button type="button" class="icon" aria-label={label} aria-expanded="false" onclick={unfold.reform(|_: MouseEvent| ())}>{ icon }</button>
        </section>
    }
}

/// What a phone shows below the top bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Stage,
    Text,
    Inspector,
    Events,
    Terminal,
    Charts,
    Pipelines,
}

impl Place {
    fn name(self) -> &'static str {
        match self {
            Place::Stage => "stage",
            Place::Text => "text",
            Place::Inspector => "inspector",
            Place::Events => "events",
            Place::Terminal => "terminal",
            Place::Charts => "charts",
            Place::Pipelines => "pipelines",
        }
    }
}

/// The selected object in one line, on a phone.
fn phone_line(view: &View, go: &Callback<Place>) -> Html {
    let Some(inspection) = &view.inspection else { return Html::default() };
    let why = go.reform(|_: MouseEvent| Place::Inspector);
    let first = inspection.why.rows.first();
    html! {
        <div class="phone-line">
            if let Some(pod) = &inspection.pod { { icon(Look::of(pod, view.at), 20.0) } }
            <div class="who">
                <div><b class="mono">{ inspection.pod.as_ref().map_or(inspection.key.name.to_string(), |pod| pod.suffix().to_owned()) }</b>{ " " }
                    <b class={inspection.failing.then_some("bad")}>{ &inspection.word }</b></div>
                if let Some(row) = first { <div class="quiet">{ rich(&row.text) }</div> }
            </div>
            <button type="button" class="plain" onclick={why}>{ view.word("ui.why") }{ " ›" }</button>
        </div>
    }
}

/// The tabs at the bottom of a phone.
fn phone_tabs(view: &View, place: Place, go: &Callback<Place>) -> Html {
    let errors = view.text.errors();
    let tab = |which: Place, label: &'static str| {
        let go = go.clone();
        html! {
            <button type="button" role="tab" aria-selected={(place == which).to_string()} onclick={move |_| go.emit(which)}>
                { view.word(label) }
                if which == Place::Text && errors > 0 { <span class="badge">{ errors }</span> }
            </button>
        }
    };
    html! {
        <nav class="phone-nav" aria-label="Opscape"><div class="phone-tabs" role="tablist">
            { tab(Place::Stage, "ui.stage") }
            { tab(Place::Text, "ui.yaml") }
            { tab(Place::Events, "ui.events") }
            { tab(Place::Terminal, "ui.terminal") }
            { tab(Place::Charts, "ui.charts") }
            if !view.scene.pipelines.is_empty() { { tab(Place::Pipelines, "ui.pipelines") } }
        </div></nav>
    }
}

/// Keys that work wherever nothing is typed.
#[hook]
fn use_keyboard(session: &Session, on: bool) {
    let session = session.clone();
    use_effect_with(on, move |on| {
        let pressed = Closure::<dyn FnMut(KeyboardEvent)>::new(move |event: KeyboardEvent| {
            let name = event.key();
            // The editor applies by itself: once is enough.
            if event.default_prevented() {
                return;
            }
            if name == "Enter" && (event.ctrl_key() || event.meta_key()) {
                event.prevent_default();
                session.apply();
                return;
            }
            if is_typing(&event) || event.ctrl_key() || event.meta_key() || event.alt_key() {
                return;
            }
            let button = event
                .target_dyn_into::<web_sys::Element>()
                .is_some_and(|element| element.tag_name() == "BUTTON");
            let now = session.now();
            let second = std::time::Duration::from_secs(1);
            match name.as_str() {
                " " if !button => session.toggle(),
                "ArrowRight" if event.shift_key() => session.seek(now + second),
                "ArrowLeft" if event.shift_key() => session.seek(now - second),
                "ArrowRight" => session.step(),
                "ArrowLeft" => session.step_back(),
                "Home" => session.seek(Time::ZERO),
                "End" => session.seek(session.view().known_until),
                _ => return,
            }
            event.prevent_default();
        });
        let target = web_sys::window().filter(|_| *on);
        if let Some(window) = &target {
            let _ = window.add_event_listener_with_callback("keydown", pressed.as_ref().unchecked_ref());
        }
        move || {
            if let Some(window) = target {
                let _ =
                    window.remove_event_listener_with_callback("keydown", pressed.as_ref().unchecked_ref());
            }
        }
    });
}

fn share_now(session: Session) {
    wasm_bindgen_futures::spawn_local(async move {
        let shared = session.shared();
        let view = session.view();
        match share::link(&shared).await {
            Some(link) if browser::copy(&link).await => {
                session.tell(view.word("ui.copied").to_owned(), false);
            }
            Some(_) => session.tell(view.word("ui.in-address").to_owned(), false),
            None => session.tell(view.word("ui.no-link").to_owned(), true),
        }
    });
}
