//! The way in: a menu of what can be compared.

use opscape_lab::compare::lanes;
use opscape_lab::words::{Lang, fill, text};
use wasm_bindgen::JsCast;
use yew::prelude::*;

use super::Source;
use crate::browser;
use crate::focus::{leaves, step_focus};
use crate::icons;
use crate::lessons::Entry;
use crate::session::Session;

/// Names of the built-in comparisons, in the order of the menu.
const NAMES: &[&str] =
    &["bad-version", "good-version", "blue-green-bad", "blue-green-good", "canary-bad", "canary-good"];

/// The text of a built-in comparison. None: there is none of this name, or it could not be loaded.
pub async fn load(base: &str, name: &str) -> Option<String> {
    let name = NAMES.iter().find(|known| **known == name)?;
    browser::fetched(&format!("{base}compare/{name}.yaml")).await
}

async fn entries(base: &str) -> Vec<(&'static str, Entry)> {
    let mut entries = Vec::new();
    for name in NAMES {
        if let Some(text) = load(base, name).await {
            entries.push((*name, Entry::new(text)));
        }
    }
    entries
}

#[derive(Properties, PartialEq)]
pub struct Props {
    pub session: Session,
    pub lang: Lang,
    /// How many futures were left.
    pub branches: usize,
    /// Compares.
    pub compare: Callback<Source>,
}

/// The button and its menu.
#[component]
pub fn CompareMenu(props: &Props) -> Html {
    let Props { session, lang, branches, compare } = props;
    let open = use_state(|| false);
    let node = use_node_ref();
    let list = use_state(Vec::<(&str, Entry)>::new);
    let own = use_state(|| 0_usize);
    {
        let node = node.clone();
        use_effect_with(*open, move |open| {
            let first = node.cast::<web_sys::Element>();
            let first = first.and_then(|node| node.query_selector("[role=menuitem]").ok()?);
            if let (true, Some(first)) =
                (*open, first.and_then(|first| first.dyn_into::<web_sys::HtmlElement>().ok()))
            {
                let _ = first.focus();
            }
        });
    }
    let toggle = {
        let (open, list, own, session) = (open.clone(), list.clone(), own.clone(), session.clone());
        move |_: MouseEvent| {
            open.set(!*open);
            own.set(lanes(&session.text()).len());
            if list.is_empty() {
                let (list, base) = (list.clone(), session.base());
                wasm_bindgen_futures::spawn_local(async move { list.set(entries(&base).await) });
            }
        }
    };
    let keyed = {
        let (open, node) = (open.clone(), node.clone());
        move |event: KeyboardEvent| {
            if !*open {
                return;
            }
            match event.key().as_str() {
                "Escape" => {
                    open.set(false);
                    let button = node.cast::<web_sys::Element>();
                    let button = button.and_then(|node| node.query_selector("button").ok()?);
                    if let Some(button) =
                        button.and_then(|button| button.dyn_into::<web_sys::HtmlElement>().ok())
                    {
                        let _ = button.focus();
                    }
                }
                "ArrowDown" => step_focus(&node, &event, "[role=menuitem]", 1),
                "ArrowUp" => step_focus(&node, &event, "[role=menuitem]", -1),
                _ => return,
            }
            event.prevent_default();
            event.stop_propagation();
        }
    };
    let left = {
        let (open, node) = (open.clone(), node.clone());
        move |event: FocusEvent| {
            if leaves(&node, &event) {
                open.set(false);
            }
        }
    };
    let item = |source: Box<dyn Fn() -> Option<Source>>, title: String, about: String| {
        let (open, compare) = (open.clone(), compare.clone());
        let choose = move |_: MouseEvent| {
            open.set(false);
            if let Some(source) = source() {
                compare.emit(source);
            }
        };
        html! {
            <button type="button" role="menuitem" onclick={choose}>
                <span><span class="title">{ title }</span><span class="about">{ about }</span></span>
            </button>
        }
    };
    html! {
        <span class="with-menu" ref={node.clone()} onkeydown={keyed} onfocusout={left}>
            <button type="button" class="plain" aria-haspopup="menu" aria-expanded={open.to_string()} onclick={toggle} aria-label={text(*lang, "compare.compare")}>
                { icons::lanes() }<span class="label">{ text(*lang, "compare.compare") }</span>
            </button>
            if *open {
                <div class="menu compare-menu"><div role="menu" aria-label={text(*lang, "compare.compare")}>
                    <div role="none">
                    if *own > 1 {
                        { item(Box::new({ let session = session.clone(); move || Some(session.lanes_source()) }),
                            text(*lang, "compare.this-text").to_owned(), fill(*lang, "compare.this-text-about", &[("n", &own.to_string())])) }
                    }
                    if *branches > 0 {
                        { item(Box::new({ let session = session.clone(); move || session.branches_source() }),
                            text(*lang, "compare.futures").to_owned(), fill(*lang, "compare.futures-about", &[("n", &branches.to_string())])) }
                    }
                    </div>
                    // A list of its own: what has the focus stays when the list comes.
                    <div role="none">
                    { for list.iter().map(|(name, entry)| {
                        let (written, name) = (entry.text.clone(), *name);
                        let (title, about) = entry.words(*lang);
                        item(Box::new(move || Some(Source::Text { text: written.clone(), seed: None, name: Some(name.to_owned()) })), title.to_owned(), about.to_owned())
                    }) }
                    </div>
                </div><p class="about">{ text(*lang, "compare.how") }</p></div>
            }
        </span>
    }
}
