//! The top bar: the name of the lab, lessons, language, theme, share.

use std::rc::Rc;

use opscape_lab::words::{Lang, dollars, fill};
use yew::prelude::*;

use crate::compare::{CompareMenu, Source};
use crate::icons;
use crate::lessons::{self, Entry};
use crate::menu::{MenuButton, choice};
use crate::session::{Session, View};

/// What the bar needs.
#[derive(Properties, PartialEq)]
pub struct Props {
    pub session: Session,
    pub view: Rc<View>,
    pub dark: bool,
    pub set_lang: Callback<Lang>,
    pub set_dark: Callback<bool>,
    pub share: Callback<()>,
    pub compare: Callback<Source>,
}

/// The bar.
#[component]
pub fn TopBar(props: &Props) -> Html {
    let Props { session, view, dark, set_lang, set_dark, share, compare } = props;
    let entries = use_state(Vec::<Entry>::new);
    let opened = {
        let (entries, base) = (entries.clone(), session.base());
        move |()| {
            if entries.is_empty() {
                let (entries, base) = (entries.clone(), base.clone());
                wasm_bindgen_futures::spawn_local(async move { entries.set(lessons::entries(&base).await) });
            }
        }
    };
    let lessons = entries.iter().map(|lesson| {
        let session = session.clone();
        let (title, about) = lesson.words(view.lang);
        let text = lesson.text.clone();
        let choose = move |_: MouseEvent| {
            session.open_text(text.clone(), None, true);
            crate::share::clear();
        };
        choice(choose.into(), title, about)
    });
    let (other, other_name, tag) = match view.lang {
        Lang::En => (Lang::Ko, "한국어", "ko"),
        Lang::Ko => (Lang::En, "English", "en"),
    };
    let lang = {
        let set = set_lang.clone();
        move |_: MouseEvent| set.emit(other)
    };
    let theme = {
        let (set, dark) = (set_dark.clone(), *dark);
        move |_: MouseEvent| set.emit(!dark)
    };
    html! {
        <header class="top">
            <span class="brand">{ icons::logo() }<span>{ "Opscape" }</span></span>
            <span class="rule"></span>
            <h1 class="lab">
                if view.title.is_empty() {
                    <span class="quiet">{ view.word("ui.tagline") }</span>
                } else {
                    <><span>{ view.word("ui.lab") }{ " " }</span><b>{ view.title.to_string() }</b>{ for step(view).map(|step| html! { <span class="step">{ step }</span> }) }</>
                }
            </h1>
            <span class="space"></span>
            { for cost(view) }
            <span class="seed">{ format!("seed {}", view.seed) }</span>
            <MenuButton lang={view.lang} label="ui.lessons" class="plain" icon={icons::book()} there={!entries.is_empty()} {opened}>
                { for lessons }
            </MenuButton>
            <CompareMenu session={session.clone()} lang={view.lang} branches={view.branches.len()} compare={compare.clone()} />
            <button type="button" class="plain" lang={tag} onclick={lang}>{ other_name }</button>
            <button type="button" class="icon" aria-label={view.word(if *dark { "ui.light" } else { "ui.dark" })} onclick={theme}>
                { if *dark { icons::moon() } else { icons::sun() } }
            </button>
            <button type="button" class="button share" onclick={share.reform(|_: MouseEvent| ())} aria-label={view.word("ui.share")}>
                { icons::share() }<span class="label">{ view.word("ui.share") }</span>
            </button>
        </header>
    }
}

/// As `$0.58/h · $0.012 so far`, where nodes have prices.
fn cost(view: &View) -> Option<Html> {
    let cost = view.scene.cost?;
    let (rate, total) = (dollars(cost.per_hour as f64), dollars(cost.up_to(view.at)));
    let text = fill(view.lang, "ui.cost", &[("rate", &rate), ("total", &total)]);
    Some(html! { <span class="cost" title={view.word("ui.cost-about")}>{ text }</span> })
}

/// As `step 3 of 6`.
fn step(view: &View) -> Option<String> {
    let spec = view.spec.as_ref().filter(|spec| spec.steps.len() > 1)?;
    let reached = crate::inspector::reached(view)? + 1;
    Some(view.say("ui.step-of", &[("n", &reached.to_string()), ("of", &spec.steps.len().to_string())]))
}
